#!/usr/bin/env python3
"""ASGI applications on our server and on uvicorn, Granian and hypercorn: CPU per request.

usage: python3 benchmarks/asgi.py [--rounds N] [--only NAME] [--loop NAME] [--application NAME] [--json FILE]

Each server runs the same two applications, on asyncio's own event loop and on uvloop. Ours runs
without its optional C extension; uvicorn parses with httptools, and Granian is written in Rust.
"""

from __future__ import annotations

from collections.abc import Callable

import harness
from harness import Contestant, Load
from httpserver import BROWSER

APPLICATIONS = """
START = {"type": "http.response.start", "status": 200, "headers": [
    (b"content-type", b"text/plain"), (b"content-length", b"12")]}
BODY = {"type": "http.response.body", "body": b"Hello, world"}
async def bare(scope, receive, send):
    if scope["type"] != "http":
        return
    await send(START)
    await send(BODY)

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
async def plain(request):
    return PlainTextResponse("Hello, world")
async def json(request):
    return JSONResponse({"message": "Hello, world", "items": [1, 2, 3]})
async def form(request):
    return PlainTextResponse(str(len(await request.body())))
starlette = Starlette(routes=[
    Route("/", plain), Route("/json", json), Route("/form", form, methods=["POST"])])
"""

OURS = """
import asyncio, sys
import applications
from tornado.asgi import ASGIContainer
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
async def main():
    sockets = bind_sockets(0, "127.0.0.1", backlog=1024)
    container = ASGIContainer(getattr(applications, sys.argv[1]))
    async with container.lifespan():
        HTTPServer(container).add_sockets(sockets)
        print("PORT", sockets[0].getsockname()[1], flush=True)
        await asyncio.Event().wait()
if sys.argv[2] == "uvloop":
    import uvloop
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
asyncio.run(main())
"""

UVICORN = """
import socket, sys, uvicorn
import applications
# asyncio turns Nagle off only where the protocol is named
sock = socket.socket(proto=socket.IPPROTO_TCP); sock.bind(("127.0.0.1", 0)); sock.listen(1024)
print("PORT", sock.getsockname()[1], flush=True)
config = uvicorn.Config(getattr(applications, sys.argv[1]), loop=sys.argv[2], http="httptools",
    access_log=False, log_level="warning")
uvicorn.Server(config).run(sockets=[sock])
"""

HYPERCORN = """
import asyncio, socket, sys
import applications
from hypercorn.asyncio import serve
from hypercorn.config import Config
sock = socket.socket(proto=socket.IPPROTO_TCP); sock.bind(("127.0.0.1", 0)); sock.listen(1024)
config = Config()
config.bind = [f"fd://{sock.detach()}"]
config.errorlog = None
config.keep_alive_max_requests = 1 << 40
if sys.argv[2] == "uvloop":
    import uvloop
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
sock = socket.socket(fileno=int(config.bind[0][5:]))
port = sock.getsockname()[1]
sock.detach()
print("PORT", port, flush=True)
asyncio.run(serve(getattr(applications, sys.argv[1]), config))
"""

GRANIAN = """
import socket, sys, threading, time
from granian import Granian
sys.path.insert(0, __file__.rpartition("/")[0])
if __name__ == "__main__":
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0)); port = probe.getsockname()[1]
    server = Granian(
        f"applications:{sys.argv[1]}", address="127.0.0.1", port=port, interface="asgi",
        loop=sys.argv[2], log_enabled=False,
    )
    def tell():
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close(); break
            except OSError:
                time.sleep(0.05)
        print("PORT", port, flush=True)
    threading.Thread(target=tell, daemon=True).start()
    server.serve()
"""

LOADS = {
    "bare": {"plain text": Load(), "browser headers": Load(headers=BROWSER)},
    "starlette": {
        "plain text": Load(),
        "browser headers": Load(headers=BROWSER),
        "JSON": Load("/json"),
        "1 KiB POST": Load("/form", "POST", body=b"x" * 1024),
    },
}


def contestants(script: Callable[[str], str], application: str, loop: str) -> list[Contestant]:
    """Return the servers, with ``application`` on ``loop``; environments are made on first use."""
    environments = {
        "ours": harness.ours("starlette"),
        "uvicorn": harness.environment(["starlette", "uvicorn", "httptools", "uvloop"]),
        "granian": harness.environment(["starlette", "granian", "uvloop"]),
        "hypercorn": harness.environment(["starlette", "hypercorn", "uvloop"]),
    }
    return [
        Contestant(name, [python, script(f"serve_{name}.py"), application, loop])
        for name, python in environments.items()
    ]


def main() -> None:
    parser = harness.arguments(__doc__.splitlines()[0])
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], help="only this event loop")
    parser.add_argument("--application", choices=list(LOADS), help="only this application")
    options = parser.parse_args()
    sources = {
        "applications.py": APPLICATIONS,
        "serve_ours.py": OURS,
        "serve_uvicorn.py": UVICORN,
        "serve_granian.py": GRANIAN,
        "serve_hypercorn.py": HYPERCORN,
    }
    sections: dict[str, harness.Figures] = {}
    with harness.scripts(sources) as script:
        for application in [options.application] if options.application else list(LOADS):
            for loop in [options.loop] if options.loop else ["asyncio", "uvloop"]:
                everyone = contestants(script, application, loop)
                loads = {
                    f"{application}, {loop}: {name}": load
                    for name, load in LOADS[application].items()
                }
                served = harness.serve_load(
                    harness.chosen(everyone, options.only), loads, rounds=options.rounds
                )
                harness.merge(sections, served)
    harness.print_served(sections)
    if options.json:
        harness.save(options.json, "asgi", sections)


if __name__ == "__main__":
    main()
