#!/usr/bin/env python3
"""A small site, served by this project and its peers: what each kind of request costs the server.

usage: python3 benchmarks/web.py [--rounds N] [--only NAME] [--workload NAME] [--json FILE]

Every contestant serves the same site in one process, as its manual shows: plain text from a
synchronous and from an ``async def`` handler, one of 50 routes with two path arguments and a
browser's headers, JSON of 20 fields, a form of 1 KiB, a page of a template, and a static file of
64 KiB. Access logs are as an unconfigured application has them, or off.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import harness
from harness import Contestant, Load

BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Cookie": "session=0123456789abcdef0123456789abcdef; theme=dark",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "?1",
}
FORM = "&".join(f"field{n}=" + "v" * 42 for n in range(20)).encode()[:1024]
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}

WORKLOADS = {
    "plain text": Load("/"),
    "plain text, async def": Load("/async"),
    "browser, 50 routes, 2 arguments": Load("/kind49/items/17/page/ab", headers=BROWSER),
    "JSON of 20 fields": Load("/json"),
    "form of 1 KiB": Load("/form", "POST", FORM_TYPE, FORM),
    "template page": Load("/page"),
    "static file of 64 KiB": Load("/static/file.bin"),
}

COMMON = """
import os, socket, sys
STATIC = os.environ["BENCHMARK_STATIC"]
DATA = {f"field{n}": n * 1001 if n % 2 else f"value {n}" for n in range(20)}
ROWS = [{"name": f"name <{n}>", "count": n} for n in range(20)]
def listen():
    # asyncio turns Nagle off only where the protocol is named
    sock = socket.socket(proto=socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    sock.listen(1024)
    print("PORT", sock.getsockname()[1], flush=True)
    return sock
def serve_asgi(app):
    import uvicorn
    sock = listen()
    config = uvicorn.Config(
        app, loop="asyncio", http="httptools", access_log=False, log_level="warning", lifespan="on"
    )
    uvicorn.Server(config).run(sockets=[sock])
"""

JINJA = """
from jinja2 import Environment
PAGE = Environment(autoescape=True).from_string(
    "<html><body><h1>{{ title }}</h1><ul>"
    "{% for row in rows %}<li>{{ row.name }}: {{ row.count }}</li>{% endfor %}</ul></body></html>"
)
def page():
    return PAGE.render(title="A page", rows=ROWS)
"""

TORNADO = """
import tornado.ioloop, tornado.web, tornado.httpserver, tornado.template
if "uvloop" in sys.argv:
    import asyncio, uvloop
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
class Plain(tornado.web.RequestHandler):
    def get(self):
        self.set_header("Content-Type", "text/plain")
        self.write("Hello, world")
class Async(tornado.web.RequestHandler):
    async def get(self):
        self.set_header("Content-Type", "text/plain")
        self.write("Hello, world")
class Item(tornado.web.RequestHandler):
    def get(self, number, page):
        self.write(f"item {number} page {page}")
class Json(tornado.web.RequestHandler):
    def get(self):
        self.write(DATA)
class Form(tornado.web.RequestHandler):
    def post(self):
        self.write(self.get_body_argument("field3"))
class Page(tornado.web.RequestHandler):
    def get(self):
        self.render("page.html", title="A page", rows=ROWS)
LOADER = tornado.template.DictLoader({"page.html":
    "<html><body><h1>{{ title }}</h1><ul>"
    "{% for row in rows %}<li>{{ row['name'] }}: {{ row['count'] }}</li>{% end %}</ul></body></html>"
})
application = tornado.web.Application(
    [("/", Plain), ("/async", Async), ("/json", Json), ("/form", Form), ("/page", Page)]
    + [(rf"/kind{n}/items/([0-9]+)/page/(\\w+)", Item) for n in range(50)],
    static_path=STATIC, template_loader=LOADER,
)
server = tornado.httpserver.HTTPServer(application)
sock = listen()
sock.setblocking(False)
server.add_sockets([sock])
tornado.ioloop.IOLoop.current().start()
"""

AIOHTTP = """
import asyncio
from aiohttp import web
async def plain(request):
    return web.Response(text="Hello, world")
async def item(request):
    return web.Response(text=f"item {request.match_info['number']} page {request.match_info['page']}")
async def data(request):
    return web.json_response(DATA)
async def form(request):
    return web.Response(text=(await request.post())["field3"])
async def html(request):
    return web.Response(text=page(), content_type="text/html")
async def main():
    app = web.Application()
    app.router.add_get("/", plain)
    app.router.add_get("/async", plain)
    app.router.add_get("/json", data)
    app.router.add_post("/form", form)
    app.router.add_get("/page", html)
    for n in range(50):
        app.router.add_get(f"/kind{n}/items/{{number:[0-9]+}}/page/{{page}}", item)
    app.router.add_static("/static/", STATIC)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listen()).start()
    await asyncio.Event().wait()
asyncio.run(main())
"""

STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
async def plain(request):
    return PlainTextResponse("Hello, world")
async def item(request):
    return PlainTextResponse(f"item {request.path_params['number']} page {request.path_params['page']}")
async def data(request):
    return JSONResponse(DATA)
async def form(request):
    return PlainTextResponse((await request.form())["field3"])
async def html(request):
    return HTMLResponse(page())
serve_asgi(Starlette(routes=[
    Route("/", plain), Route("/async", plain), Route("/json", data), Route("/page", html),
    Route("/form", form, methods=["POST"]),
    *[Route(f"/kind{n}/items/{{number:int}}/page/{{page}}", item) for n in range(50)],
    Mount("/static", StaticFiles(directory=STATIC)),
]))
"""

FASTAPI = """
from fastapi import FastAPI, Form
from fastapi.responses import HTMLResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
app = FastAPI()
@app.get("/", response_class=PlainTextResponse)
@app.get("/async", response_class=PlainTextResponse)
async def plain():
    return "Hello, world"
@app.get("/json")
async def data():
    return DATA
@app.post("/form", response_class=PlainTextResponse)
async def form(field3: str = Form()):
    return field3
@app.get("/page", response_class=HTMLResponse)
async def html():
    return page()
async def item(number: int, page: str):
    return f"item {number} page {page}"
for n in range(50):
    app.get(f"/kind{n}/items/{{number}}/page/{{page}}", response_class=PlainTextResponse)(item)
app.mount("/static", StaticFiles(directory=STATIC))
serve_asgi(app)
"""

BLACKSHEEP = """
from blacksheep import Application, FromForm, Request, html as html_response, json, text
app = Application()
@app.router.get("/")
async def plain():
    return text("Hello, world")
@app.router.get("/async")
async def plain_async():
    return text("Hello, world")
@app.router.get("/json")
async def data():
    return json(DATA)
@app.router.post("/form")
async def form(request: Request):
    return text((await request.form())["field3"])
@app.router.get("/page")
async def html():
    return html_response(page())
async def item(number: int, page: str):
    return text(f"item {number} page {page}")
for n in range(50):
    app.router.add_get(f"/kind{n}/items/:number/page/:page", item)
app.serve_files(STATIC, root_path="static", extensions={".bin"})
serve_asgi(app)
"""

FALCON = """
import falcon, falcon.asgi
class Plain:
    async def on_get(self, req, resp):
        resp.content_type = "text/plain"
        resp.text = "Hello, world"
class Item:
    async def on_get(self, req, resp, number, page):
        resp.content_type = "text/plain"
        resp.text = f"item {number} page {page}"
class Data:
    async def on_get(self, req, resp):
        resp.media = DATA
class Form:
    async def on_post(self, req, resp):
        resp.content_type = "text/plain"
        resp.text = (await req.get_media())["field3"]
class Page:
    async def on_get(self, req, resp):
        resp.content_type = "text/html"
        resp.text = page()
app = falcon.asgi.App()
app.add_route("/", Plain())
app.add_route("/async", Plain())
app.add_route("/json", Data())
app.add_route("/form", Form())
app.add_route("/page", Page())
for n in range(50):
    app.add_route(f"/kind{n}/items/{{number:int}}/page/{{page}}", Item())
app.add_static_route("/static", STATIC)
serve_asgi(app)
"""

SANIC = """
from sanic import Sanic
from sanic.response import html as html_response, json, text
app = Sanic("site", configure_logging=False)
app.config.ACCESS_LOG = False
@app.get("/", name="plain")
def plain(request):
    return text("Hello, world")
@app.get("/async", name="plain_async")
async def plain_async(request):
    return text("Hello, world")
@app.get("/json")
def data(request):
    return json(DATA)
@app.post("/form")
def form(request):
    return text(request.form.get("field3"))
@app.get("/page")
def html(request):
    return html_response(page())
def item(request, number, page):
    return text(f"item {number} page {page}")
for n in range(50):
    app.add_route(item, f"/kind{n}/items/<number:int>/page/<page:str>", name=f"item{n}")
app.static("/static/", STATIC)
if __name__ == "__main__":
    app.run(sock=listen(), single_process=True, access_log=False, motd=False)
"""

# Granian imports the application itself and cannot be given a socket: the port is found beforehand.
GRANIAN = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b"Hello, world"
    await send({"type": "http.response.start", "status": 200, "headers": [
        (b"content-type", b"text/plain"), (b"content-length", b"12")]})
    await send({"type": "http.response.body", "body": body})
if __name__ == "__main__":
    from granian import Granian
    from granian.constants import Interfaces, Loops
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()
    server = Granian(
        "serve_granian:app", port=port, interface=Interfaces.ASGINL, loop=Loops.asyncio, log_enabled=False
    )
    import threading, time
    def tell():
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        print("PORT", port, flush=True)
    threading.Thread(target=tell, daemon=True).start()
    server.serve()
"""

UVICORN = ["uvicorn", "httptools", "jinja2"]
#: name -> the script's own part, requirements, and the only workloads it serves (all of them: None)
PEERS: dict[str, tuple[str, list[str], list[str] | None]] = {
    "aiohttp": (JINJA + AIOHTTP, ["aiohttp", "jinja2"], None),
    "starlette": (JINJA + STARLETTE, ["starlette", "python-multipart", "anyio", *UVICORN], None),
    "fastapi": (JINJA + FASTAPI, ["fastapi", "python-multipart", *UVICORN], None),
    "blacksheep": (JINJA + BLACKSHEEP, ["blacksheep", *UVICORN], None),
    "falcon": (JINJA + FALCON, ["falcon", *UVICORN], None),
    "sanic": (JINJA + SANIC, ["sanic", "setuptools", "jinja2"], None),
    "granian": (GRANIAN, ["granian"], ["plain text"]),
}


def run(options: object, loads: dict[str, Load], static: str) -> dict[str, harness.Figures]:
    """Measure all chosen contestants; those that serve only some workloads are measured on these."""
    environ = {"BENCHMARK_STATIC": static}
    sources = {"serve_tornado.py": COMMON + TORNADO}
    sources |= {f"serve_{name}.py": COMMON + source for name, (source, _, _) in PEERS.items()}
    sections: dict[str, harness.Figures] = {}
    with harness.scripts(sources) as script:
        mine = harness.ours()
        tornado = script("serve_tornado.py")
        groups: list[tuple[list[Contestant], dict[str, Load]]] = []
        everywhere = [
            Contestant("ours", [mine, tornado], environ),
            Contestant("ours, uvloop", [mine, tornado, "uvloop"], environ),
            Contestant(
                "tornado (released)", [harness.environment(["tornado<6.100"]), tornado], environ
            ),
        ]
        partly: list[tuple[Contestant, dict[str, Load]]] = []
        for name, (_, requirements, only) in PEERS.items():
            if not harness.chosen([Contestant(name, [])], options.only):  # type: ignore[attr-defined]
                continue
            command = [harness.environment(requirements), script(f"serve_{name}.py")]
            contestant = Contestant(name, command, environ)
            if only is None:
                everywhere.append(contestant)
            else:
                partly.append((contestant, {key: loads[key] for key in only if key in loads}))
        groups.append((harness.chosen(everywhere, options.only), loads))  # type: ignore[attr-defined]
        groups += [([contestant], served) for contestant, served in partly]
        # One round of everybody, then the next: the machine's speed drifts.
        for _ in range(options.rounds):  # type: ignore[attr-defined]
            for contestants, served in groups:
                harness.merge(sections, harness.serve_load(contestants, served, rounds=1))
    return sections


def main() -> None:
    parser = harness.arguments(__doc__.splitlines()[0])
    parser.add_argument("--workload", action="append", metavar="NAME", help="only these workloads")
    options = parser.parse_args()
    loads = {
        name: load
        for name, load in WORKLOADS.items()
        if not options.workload or any(part in name for part in options.workload)
    }
    with tempfile.TemporaryDirectory(prefix="tornado-bench-static-") as static:
        Path(static, "file.bin").write_bytes(os.urandom(65536))
        sections = run(options, loads, static)
    harness.print_served(sections)
    if options.json:
        harness.save(options.json, "web", sections)


if __name__ == "__main__":
    main()
