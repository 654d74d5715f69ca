#!/usr/bin/env python3
"""HTTP/1.1 servers side by side: CPU per request, requests a second, memory per idle connection.

usage: python3 benchmarks/httpserver.py [--rounds N] [--only NAME] [--load NAME] [--idle COUNT] [--json FILE]

Workloads: plain text; the same with the 14 header lines of a browser; JSON; a form of 1 KiB; a multipart
upload of 1 MiB; 16 requests sent at once. "engine" is the server below the web framework, with a handler that
answers through the connection; "delegate" is the same by the delegate interface of Tornado 4 and later.
"""

from __future__ import annotations

import resource
import socket
from collections.abc import Callable, Sequence

import harness
from harness import Contestant, Load

WEB = """
import logging, tornado.ioloop, tornado.web, tornado.httpserver, tornado.netutil
logging.getLogger("tornado.access").setLevel(logging.ERROR)
class Plain(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello, world")
class Json(tornado.web.RequestHandler):
    def get(self):
        self.write({"message": "Hello, world", "items": [1, 2, 3]})
class Form(tornado.web.RequestHandler):
    def post(self):
        self.write(self.get_body_argument("name"))
class Upload(tornado.web.RequestHandler):
    def post(self):
        self.write(str(len(self.request.files["file"][0]["body"])))
application = tornado.web.Application(
    [("/", Plain), ("/json", Json), ("/form", Form), ("/upload", Upload)]
)
sockets = tornado.netutil.bind_sockets(0, "127.0.0.1", backlog=1024)
server = tornado.httpserver.HTTPServer(application)
server.add_sockets(sockets)
print("PORT", sockets[0].getsockname()[1], flush=True)
tornado.ioloop.IOLoop.current().start()
"""

ENGINE = """
import json, sys, tornado.ioloop, tornado.httpserver, tornado.netutil
from tornado.httputil import (
    HTTPHeaders, HTTPMessageDelegate, HTTPServerConnectionDelegate, HTTPServerRequest, ResponseStartLine
)
def content(request):
    path = request.path
    if path == "/json":
        return json.dumps({"message": "Hello, world", "items": [1, 2, 3]}).encode()
    if path == "/form":
        return request.body_arguments["name"][0]
    if path == "/upload":
        return b"%d" % len(request.files["file"][0]["body"])
    return b"Hello, world"
def headers(body):
    return HTTPHeaders({"Content-Type": "text/plain; charset=UTF-8", "Content-Length": str(len(body))})
class Target:
    streams_body = False
    def __init__(self, request):
        self.request = request
    def execute(self):
        body = content(self.request)
        self.request.connection.respond(200, "OK", headers(body), body)
    def on_connection_close(self):
        pass
class Dispatcher:
    def dispatch(self, request):
        return Target(request)
OK = ResponseStartLine("HTTP/1.1", 200, "OK")
class Message(HTTPMessageDelegate):
    def __init__(self, connection):
        self.connection = connection
        self.parts = []
    def headers_received(self, start_line, headers):
        self.start_line = start_line
        self.headers = headers
    def data_received(self, chunk):
        self.parts.append(chunk)
    def finish(self):
        if self.parts:
            body = content(HTTPServerRequest(
                connection=self.connection, start_line=self.start_line, headers=self.headers,
                body=b"".join(self.parts),
            ))
        else:
            body = b"Hello, world"
        self.connection.write_headers(OK, headers(body), body)
        self.connection.finish()
class Delegate(HTTPServerConnectionDelegate):
    def start_request(self, server_conn, request_conn):
        return Message(request_conn)
sockets = tornado.netutil.bind_sockets(0, "127.0.0.1", backlog=1024)
server = tornado.httpserver.HTTPServer(Delegate() if "delegate" in sys.argv else Dispatcher())
server.add_sockets(sockets)
print("PORT", sockets[0].getsockname()[1], flush=True)
tornado.ioloop.IOLoop.current().start()
"""

AIOHTTP = """
import asyncio
from aiohttp import web
async def plain(request):
    return web.Response(text="Hello, world")
async def json(request):
    return web.json_response({"message": "Hello, world", "items": [1, 2, 3]})
async def form(request):
    return web.Response(text=(await request.post())["name"])
async def upload(request):
    return web.Response(text=str(len((await request.post())["file"].file.read())))
async def main():
    app = web.Application(client_max_size=1 << 24)
    app.router.add_get("/", plain)
    app.router.add_get("/json", json)
    app.router.add_post("/form", form)
    app.router.add_post("/upload", upload)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    print("PORT", runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""

STARLETTE_APP = """
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
async def plain(request):
    return PlainTextResponse("Hello, world")
async def json(request):
    return JSONResponse({"message": "Hello, world", "items": [1, 2, 3]})
async def form(request):
    return PlainTextResponse((await request.form())["name"])
async def upload(request):
    return PlainTextResponse(str(len(await (await request.form())["file"].read())))
app = Starlette(routes=[
    Route("/", plain), Route("/json", json), Route("/form", form, methods=["POST"]),
    Route("/upload", upload, methods=["POST"]),
])
"""

BLACKSHEEP_APP = """
from blacksheep import Application, Request, json as as_json, text
app = Application()
@app.router.get("/")
async def plain(request: Request):
    return text("Hello, world")
@app.router.get("/json")
async def answer_json(request: Request):
    return as_json({"message": "Hello, world", "items": [1, 2, 3]})
@app.router.post("/form")
async def form(request: Request):
    return text((await request.form())["name"])
@app.router.post("/upload")
async def upload(request: Request):
    return text(str(len((await request.files())[0].data)))
"""

BARE_APP = """
START = {"type": "http.response.start", "status": 200, "headers": [
    (b"content-type", b"text/plain"), (b"content-length", b"12")]}
BODY = {"type": "http.response.body", "body": b"Hello, world"}
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send(START)
    await send(BODY)
"""

UVICORN = """
import socket, uvicorn
sock = socket.socket(proto=socket.IPPROTO_TCP); sock.bind(("127.0.0.1", 0)); sock.listen(1024)
print("PORT", sock.getsockname()[1], flush=True)
config = uvicorn.Config(app, loop="asyncio", http="httptools", access_log=False, log_level="warning")
uvicorn.Server(config).run(sockets=[sock])
"""

GRANIAN = """
import socket, sys
from granian import Granian
sys.path.insert(0, __file__.rpartition("/")[0])
if __name__ == "__main__":
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0)); port = probe.getsockname()[1]
    server = Granian(
        "serve_granian:app", address="127.0.0.1", port=port, interface="asgi", loop="asyncio",
        log_enabled=False,
    )
    import threading, time
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

FLOOR = """
import asyncio
ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Length: 12\\r\\n\\r\\nHello, world"
class Fixed(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        self.transport.write(ANSWER * data.count(b"\\r\\n\\r\\n"))
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Fixed, "127.0.0.1", 0, backlog=1024)
    print("PORT", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Connection": "keep-alive",
    "Cookie": "session=2|1:0|10:1700000000|7:session|8:YWJjZGVm|0123456789abcdef; theme=dark; seen=1",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-User": "?1",
    "Cache-Control": "max-age=0",
    "Priority": "u=0, i",
}  # and Host: fourteen
FORM = b"name=world&text=" + b"lorem+ipsum+" * 84
BOUNDARY = b"----WebKitFormBoundary7MA4YWxkTrZu0gW"
MULTIPART = (
    b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n"
    + bytes(range(256)) * 4096
    + b"\r\n--"
    + BOUNDARY
    + b"--\r\n"
)
LOADS = {
    "plain text": Load(),
    "browser headers": Load(headers=BROWSER),
    "JSON": Load("/json"),
    "1 KiB form": Load(
        "/form", "POST", {"Content-Type": "application/x-www-form-urlencoded"}, FORM
    ),
    "1 MiB multipart": Load(
        "/upload",
        "POST",
        {"Content-Type": "multipart/form-data; boundary=" + BOUNDARY.decode()},
        MULTIPART,
        1,
        4,
    ),
    "16 at once": Load(pipeline=16),
}
#: Those whose answers are always the same take part where that says something.
FIXED_LOADS = ("plain text", "browser headers", "16 at once")


def idle_memory(contestants: Sequence[Contestant], count: int) -> harness.Figures:
    """Return bytes of memory for each of ``count`` connections that are idle after one request."""
    figures: harness.Figures = {f"{count} idle connections": {}}
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for contestant in contestants:
        with harness.Server(contestant) as server:
            address = ("127.0.0.1", server.port)
            sockets = []
            try:
                # The first ones pay for what is made once.
                for i in range(count + 200):
                    if i == 200:
                        before = server.memory_bytes()
                    sock = socket.create_connection(address)
                    sockets.append(sock)
                    sock.sendall(request)
                    sock.recv(65536)
                grown = server.memory_bytes() - before
            finally:
                for sock in sockets:
                    sock.close()
            figures[f"{count} idle connections"][contestant.name] = [grown / count]
    return figures


def contestants(script: Callable[[str], str]) -> list[Contestant]:
    """Return all servers; peers' environments are made on first use."""
    mine = harness.ours()
    peer = harness.environment
    uvicorn = ["starlette", "uvicorn", "httptools", "python-multipart"]
    return [
        Contestant("ours, engine", [mine, script("serve_engine.py")]),
        Contestant("ours, delegate", [mine, script("serve_engine.py"), "delegate"]),
        Contestant("ours, web", [mine, script("serve_web.py")]),
        Contestant("tornado (released)", [peer(["tornado<6.100"]), script("serve_web.py")]),
        Contestant("aiohttp", [peer(["aiohttp"]), script("serve_aiohttp.py")]),
        Contestant("starlette, uvicorn", [peer(uvicorn), script("serve_starlette.py")]),
        Contestant(
            "blacksheep, uvicorn",
            [peer(["blacksheep", "uvicorn", "httptools"]), script("serve_blacksheep.py")],
        ),
        Contestant("bare ASGI, uvicorn", [peer(uvicorn), script("serve_bare.py")]),
        Contestant("bare ASGI, granian", [peer(["granian"]), script("serve_granian.py")]),
        Contestant("asyncio, fixed bytes", [peer([]), script("serve_floor.py")]),
    ]


def main() -> None:
    parser = harness.arguments(__doc__.splitlines()[0])
    parser.add_argument("--load", action="append", metavar="NAME", help="only these workloads")
    parser.add_argument("--idle", type=int, default=5000, metavar="COUNT", help="0: do not measure")
    options = parser.parse_args()
    sources = {
        "serve_web.py": WEB,
        "serve_engine.py": ENGINE,
        "serve_aiohttp.py": AIOHTTP,
        "serve_starlette.py": STARLETTE_APP + UVICORN,
        "serve_blacksheep.py": BLACKSHEEP_APP + UVICORN,
        "serve_bare.py": BARE_APP + UVICORN,
        "serve_granian.py": BARE_APP + GRANIAN,
        "serve_floor.py": FLOOR,
    }
    loads = {name: load for name, load in LOADS.items() if not options.load or name in options.load}
    sections: dict[str, harness.Figures] = {}
    with harness.scripts(sources) as script:
        everyone = harness.chosen(contestants(script), options.only)
        fixed = [one for one in everyone if "bare" in one.name or "fixed" in one.name]
        for group, names in (
            ([one for one in everyone if one not in fixed], list(loads)),
            (fixed, [name for name in loads if name in FIXED_LOADS]),
        ):
            if not group or not names:
                continue
            served = harness.serve_load(
                group, {name: loads[name] for name in names}, rounds=options.rounds
            )
            harness.merge(sections, served)
        if options.idle:
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (min(max(soft, options.idle + 1000), hard), hard)
            )
            sections["idle_bytes"] = idle_memory(everyone, options.idle)
    harness.print_served(sections)
    if options.idle:
        print(harness.table("memory per idle connection", "bytes", sections["idle_bytes"]))
    if options.json:
        harness.save(options.json, "http", sections)


if __name__ == "__main__":
    main()
