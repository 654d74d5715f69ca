#!/usr/bin/env python3
"""The manual's hello world, served by this project and its peers: CPU per request and requests a second.

usage: python3 benchmarks/hello.py [--rounds N] [--only NAME] [--json FILE]
"""

from __future__ import annotations

import harness
from harness import Contestant, Load

TORNADO = """
import sys, tornado.ioloop, tornado.web, tornado.httpserver, tornado.netutil
if "uvloop" in sys.argv:
    import uvloop, asyncio
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
class MainHandler(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello, world")
application = tornado.web.Application([(r"/", MainHandler)])
sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
server = tornado.httpserver.HTTPServer(application)
server.add_sockets(sockets)
print("PORT", sockets[0].getsockname()[1], flush=True)
tornado.ioloop.IOLoop.current().start()
"""

AIOHTTP = """
import asyncio
from aiohttp import web
async def main():
    async def get(request):
        return web.Response(text="Hello, world")
    app = web.Application()
    app.router.add_get("/", get)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print("PORT", runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""

STARLETTE = """
import socket, uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
async def get(request):
    return PlainTextResponse("Hello, world")
app = Starlette(routes=[Route("/", get)])
# asyncio turns Nagle off only where the protocol is named
sock = socket.socket(proto=socket.IPPROTO_TCP); sock.bind(("127.0.0.1", 0)); sock.listen(1024)
print("PORT", sock.getsockname()[1], flush=True)
config = uvicorn.Config(app, loop="asyncio", http="httptools", access_log=False, log_level="warning")
uvicorn.Server(config).run(sockets=[sock])
"""

FLOOR = """
import asyncio
ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Length: 12\\r\\n\\r\\nHello, world"
class Fixed(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        self.transport.write(ANSWER)
async def main():
    server = await asyncio.get_running_loop().create_server(Fixed, "127.0.0.1", 0)
    print("PORT", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def main() -> None:
    options = harness.arguments(__doc__.splitlines()[0]).parse_args()
    sources = {"tornado.py": TORNADO, "aio.py": AIOHTTP, "star.py": STARLETTE, "floor.py": FLOOR}
    # A script called tornado.py would shadow the package it imports.
    sources = {f"serve_{name}": source for name, source in sources.items()}
    with harness.scripts(sources) as script:
        mine = harness.ours()
        peer = harness.environment
        contestants = [
            Contestant("ours", [mine, script("serve_tornado.py")]),
            Contestant("ours, uvloop", [mine, script("serve_tornado.py"), "uvloop"]),
            Contestant("tornado (released)", [peer(["tornado<6.100"]), script("serve_tornado.py")]),
            Contestant("aiohttp", [peer(["aiohttp"]), script("serve_aio.py")]),
            Contestant(
                "starlette, uvicorn",
                [peer(["starlette", "uvicorn", "httptools"]), script("serve_star.py")],
            ),
            Contestant("asyncio, fixed bytes", [peer([]), script("serve_floor.py")]),
        ]
        contestants = harness.chosen(contestants, options.only)
        sections = harness.serve_load(
            contestants, {"hello world": Load(connections=32)}, rounds=options.rounds
        )
    harness.print_served(sections)
    if options.json:
        harness.save(options.json, "hello", sections)


if __name__ == "__main__":
    main()
