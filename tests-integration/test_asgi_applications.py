"""Starlette, FastAPI, Django and Litestar on our server, by httpx and a browser; beside uvicorn."""

from __future__ import annotations

import json
import re
import socket
import struct
import sys
import time
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

STARLETTE = '''
import asyncio, contextlib
import anyio
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import (
    FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse)
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocketDisconnect

EVENTS = []


@contextlib.asynccontextmanager
async def lifespan(app):
    EVENTS.append("startup")
    yield {"shared": "state"}


class Stamp(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers["X-Stamp"] = "1"
        return response


async def events(request):
    return JSONResponse(EVENTS)


async def clear(request):
    EVENTS.clear()
    return PlainTextResponse("")


async def plain(request):
    return PlainTextResponse(f"hello {request.state.shared}")


async def stream(request):
    async def parts():
        for number in range(5):
            yield f"{number},"
            await asyncio.sleep(0)
    return StreamingResponse(parts())


async def endless(request):
    async def parts():
        try:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)
        finally:
            EVENTS.append("generator closed")
    return StreamingResponse(parts())


async def quiet(request):
    """A stream that sends nothing more, so that only ``receive`` tells of the client."""
    async def parts():
        yield b"first"
        try:
            await asyncio.sleep(1000)
        finally:
            EVENTS.append("quiet ended")
    return StreamingResponse(parts())


async def wait(request):
    EVENTS.append("waits")
    while not await request.is_disconnected():
        await asyncio.sleep(0.01)
    EVENTS.append("disconnected")
    return PlainTextResponse("nobody reads it")


async def upload(request):
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
    except ClientDisconnect:
        EVENTS.append("upload broken off")
        raise
    return PlainTextResponse(str(size))


async def group(request):
    found = []
    async def work(number):
        await anyio.sleep(0)
        found.append(number)
    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(work, number)
    with anyio.move_on_after(0.001) as scope:
        await anyio.sleep_forever()
    return JSONResponse([sorted(found), scope.cancelled_caught, await anyio.to_thread.run_sync(lambda: 7)])


async def background(request):
    async def later():
        EVENTS.append("background")
    return PlainTextResponse("done", background=BackgroundTask(later))


async def fail(request):
    raise KeyError("asked for")


async def fail_later(request):
    async def parts():
        yield b"begun"
        raise KeyError("in the middle")
    return StreamingResponse(parts())


def in_thread(request):
    return PlainTextResponse("thread")


async def form(request):
    async with request.form() as form:
        return JSONResponse({"name": form["name"], "size": len(await form["file"].read())})


async def websocket(websocket):
    await websocket.accept("chat" if "chat" in websocket.scope["subprotocols"] else None)
    try:
        while True:
            text = await websocket.receive_text()
            if text == "close":
                await websocket.close(4001, "as asked")
                EVENTS.append("closed")
                return
            if text == "fail":
                raise KeyError("asked for")
            if text == "return":
                return
            await websocket.send_text(text)
    except WebSocketDisconnect as error:
        EVENTS.append(["disconnect", error.code])


async def refuse(websocket):
    await websocket.close()


async def deny(websocket):
    await websocket.send_denial_response(PlainTextResponse("no", 402, {"X-Why": "because"}))


async def ignore(websocket):
    """Return without a word."""


inner = Starlette(routes=[Route("/", plain)], lifespan=lifespan)
app = Starlette(
    routes=[
        Route("/events", events), Route("/clear", clear), Route("/", plain), Route("/stream", stream),
        Route("/endless", endless), Route("/quiet", quiet), Route("/wait", wait),
        Route("/upload", upload, methods=["POST"]), Route("/group", group),
        Route("/background", background), Route("/fail", fail), Route("/fail-later", fail_later),
        Route("/thread", in_thread), Route("/form", form, methods=["POST"]),
        Route("/redirect", lambda request: RedirectResponse("/")),
        Mount("/stamped", Starlette(routes=[Route("/", plain), Route("/stream", stream)],
                                    middleware=[Middleware(Stamp), Middleware(GZipMiddleware)])),
        Mount("/files", StaticFiles(directory="files")),
        WebSocketRoute("/ws", websocket), WebSocketRoute("/refuse", refuse),
        WebSocketRoute("/deny", deny), WebSocketRoute("/ignore", ignore),
    ],
    lifespan=lifespan,
)
'''

FASTAPI = """
from typing import Annotated
from fastapi import Depends, FastAPI, File, Form, Header, HTTPException, UploadFile, WebSocket
from pydantic import BaseModel

app = FastAPI()


class Item(BaseModel):
    name: str
    description: str | None = None
    price: float


@app.get("/")
async def root():
    return {"message": "Hello World"}


@app.get("/items/{item_id}")
def read_item(item_id: int, q: str | None = None):
    if item_id == 404:
        raise HTTPException(status_code=404, detail="Item not found")
    return {"item_id": item_id, "q": q}


@app.post("/items/", status_code=201)
async def create_item(item: Item) -> Item:
    return item


@app.post("/files/")
async def create_file(file: UploadFile, note: Annotated[str, Form()]):
    return {"size": len(await file.read()), "note": note}


async def token(x_token: Annotated[str, Header()]):
    return x_token


@app.get("/secret")
async def secret(token: Annotated[str, Depends(token)]):
    return {"token": token}


@app.websocket("/ws")
async def websocket_endpoint(websocket: WebSocket):
    await websocket.accept()
    while True:
        data = await websocket.receive_text()
        await websocket.send_text(f"Message text was: {data}")
"""

DJANGO = """
import asyncio
from django.conf import settings
settings.configure(
    DEBUG=False, SECRET_KEY="x" * 50, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.middleware.gzip.GZipMiddleware"],
)
from django.core.asgi import get_asgi_application
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt


def sync(request):
    return HttpResponse(f"sync {request.GET.get('q')}")


async def asynchronous(request):
    await asyncio.sleep(0)
    return HttpResponse("async")


async def stream(request):
    async def parts():
        for number in range(5):
            yield f"{number},"
            await asyncio.sleep(0)
    return StreamingHttpResponse(parts())


@csrf_exempt
def post(request):
    return JsonResponse({"a": request.POST["a"], "cookie": request.COOKIES.get("c")})


urlpatterns = [
    path("", sync), path("async", asynchronous), path("stream", stream), path("post", post)]
app = get_asgi_application()
"""

LITESTAR = """
from dataclasses import dataclass
from litestar import Litestar, get, post, websocket_listener
from litestar.response import Stream


@dataclass
class Item:
    name: str
    price: float


@get("/", sync_to_thread=False)
def index() -> dict[str, str]:
    return {"hello": "world"}


@post("/items")
async def create(data: Item) -> Item:
    return data


@get("/stream")
async def stream() -> Stream:
    async def parts():
        for number in range(5):
            yield f"{number},"
    return Stream(parts())


@websocket_listener("/ws")
async def ws(data: str) -> str:
    return data.upper()


app = Litestar([index, create, stream, ws])
"""

SOURCES = {"starlette": STARLETTE, "fastapi": FASTAPI, "django": DJANGO, "litestar": LITESTAR}


class Site:
    """A running application: asked by httpx."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name  # of the server
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.client = httpx.Client(base_url=self.url, timeout=30)

    def websocket(self, path="/ws", **options):
        return connect(f"ws://127.0.0.1:{self.port}{path}", **options)

    def clear(self):
        self.client.get("/clear")

    def wait_for(self, *events):
        deadline = time.monotonic() + 30
        while not all(event in (seen := self.client.get("/events").json()) for event in events):
            assert time.monotonic() < deadline, f"{events} missing in {seen}"
            time.sleep(0.02)

    def send(self, data: bytes) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        sock.sendall(data)
        return sock


@pytest.fixture(scope="module")
def site(tmp_path_factory, run, unused_port):
    """Return a function that serves an application, on our server or on uvicorn."""
    folder = tmp_path_factory.mktemp("applications")
    for name, source in SOURCES.items():
        (folder / f"{name}_app.py").write_text(source, "utf-8")
    (folder / "files").mkdir()
    (folder / "files" / "a.txt").write_bytes(b"0123456789" * 50_000)
    running: dict[tuple[str, str], Site] = {}
    managers = []

    def serve(name: str, server: str = "ours") -> Site:
        if (name, server) not in running:
            port = unused_port()
            command = [sys.executable, "-m"]
            if server == "ours":
                command += ["tornado", "serve", f"{name}_app:app", f"--port={port}"]
                command += ["--access-log=none", "--loop=asyncio"]
            else:
                command += ["uvicorn", f"{name}_app:app", f"--port={port}", "--no-access-log"]
            script = f'exec "$@" >{name}-{server}.log 2>&1'
            manager = run(["/bin/sh", "-c", script, "sh", *command], cwd=folder)
            managers.append(manager)
            manager.__enter__()
            deadline = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            running[name, server] = Site(server, port)
        return running[name, server]

    yield serve
    for each in running.values():
        each.client.close()
    for manager in managers:
        manager.__exit__(None, None, None)
    for (name, server), _ in running.items():
        said = Path(folder, f"{name}-{server}.log").read_text("utf-8", "replace")
        assert not re.search("never (awaited|retrieved)|was destroyed", said), said


# The frameworks.


def test_fastapi(site):
    client = site("fastapi").client
    assert client.get("/").json() == {"message": "Hello World"}
    assert client.get("/items/5?q=%E2%82%AC").json() == {"item_id": 5, "q": "€"}
    assert client.get("/items/404").status_code == 404
    assert client.get("/items/five").status_code == 422
    item = {"name": "Foo", "description": None, "price": 42.5}
    response = client.post("/items/", json=item)
    assert (response.status_code, response.json()) == (201, item)
    assert client.post("/items/", json={"name": "Foo"}).status_code == 422
    response = client.post("/files/", files={"file": b"x" * 300_000}, data={"note": "n"})
    assert response.json() == {"size": 300_000, "note": "n"}
    assert client.get("/secret").status_code == 422
    assert client.get("/secret", headers={"X-Token": "t"}).json() == {"token": "t"}
    assert client.get("/openapi.json").json()["paths"].keys() >= {"/", "/items/", "/files/"}
    assert "swagger" in client.get("/docs").text.lower()
    with site("fastapi").websocket() as websocket:
        websocket.send("a")
        assert websocket.recv(30) == "Message text was: a"


def test_django(site):
    client = site("django").client
    assert client.get("/?q=a").text == "sync a"
    assert client.get("/async").text == "async"
    # Django compresses each part by itself, and httpx reads the first only.
    plain = {"Accept-Encoding": "identity"}
    assert client.get("/stream", headers=plain).text == "0,1,2,3,4,"
    response = client.post("/post", data={"a": "€"}, headers={"Cookie": "c=d"})
    assert response.json() == {"a": "€", "cookie": "d"}
    assert client.get("/nowhere").status_code == 404


def test_litestar(site):
    client = site("litestar").client
    assert client.get("/").json() == {"hello": "world"}
    response = client.post("/items", json={"name": "a", "price": 1.5})
    assert (response.status_code, response.json()) == (201, {"name": "a", "price": 1.5})
    assert client.post("/items", json={"name": "a"}).status_code == 400
    assert client.get("/stream").text == "0,1,2,3,4,"
    with site("litestar").websocket() as websocket:
        websocket.send("abc")
        assert websocket.recv(30) == "ABC"


def test_fastapi_in_a_browser(site, chromium, until):
    browser = chromium()
    url = site("fastapi").url
    browser.get(f"{url}/items/7?q=browser")
    assert json.loads(browser.find_element("css selector", "body").text.splitlines()[-1]) == {
        "item_id": 7,
        "q": "browser",
    }
    browser.execute_script(
        "window.got = []; const ws = new WebSocket(location.origin.replace('http', 'ws') + '/ws');"
        "ws.onopen = () => { ws.send('a'); ws.send('b') };"
        "ws.onmessage = event => window.got.push(event.data)"
    )
    until(lambda: browser.execute_script("return window.got.length") == 2)
    assert browser.execute_script("return window.got") == [
        "Message text was: a",
        "Message text was: b",
    ]


# Beside uvicorn: the same requests, the same results.


@pytest.fixture(params=["ours", "uvicorn"])
def starlette(request, site):
    found = site("starlette", request.param)
    found.clear()
    return found


REQUESTS = {
    "/": (200, b"hello state"),
    "/stream": (200, b"0,1,2,3,4,"),
    "/group": (200, b"[[0,1,2,3,4],true,7]"),
    "/fail": (500, b"Internal Server Error"),
    "/thread": (200, b"thread"),
    "/redirect": (307, b""),
    "/nowhere": (404, b"Not Found"),
    "/stamped/": (200, b"hello state"),
    "/stamped/stream": (200, b"0,1,2,3,4,"),
    "/files/a.txt": (200, b"0123456789" * 50_000),
}


@pytest.mark.parametrize("path", list(REQUESTS))
def test_requests(starlette, path):
    # uvicorn closes a connection after the response of an application that raised: a second request
    # on it would race with that.
    closes = starlette.name == "uvicorn" and path == "/fail"
    headers = {"Connection": "close"} if closes else {}
    for _ in range(2):  # the second one on a connection that was used, unless it closes
        response = starlette.client.get(path, headers=headers)
        assert (response.status_code, response.content) == REQUESTS[path]
    if path.startswith("/stamped"):
        assert response.headers["X-Stamp"] == "1"


def test_forms_uploads_and_head(starlette):
    client = starlette.client
    response = client.post("/form", data={"name": "n"}, files={"file": b"x" * 400_000})
    assert response.json() == {"name": "n", "size": 400_000}
    assert client.post("/upload", content=b"x" * 2_000_000).text == "2000000"
    assert client.post("/upload", content=iter([b"ab", b"c" * 100_000])).text == "100002"
    assert client.post("/upload", content=b"").text == "0"
    response = client.head("/")
    assert (response.headers["content-length"], response.content) == ("11", b"")
    assert client.get("/files/a.txt", headers={"Range": "bytes=5-9"}).content == b"56789"


def test_tasks_in_the_background(starlette):
    assert starlette.client.get("/background").text == "done"
    starlette.wait_for("background")


def test_an_exception_in_the_middle_of_a_stream(starlette):
    with pytest.raises(httpx.RemoteProtocolError):
        starlette.client.get("/fail-later")


@pytest.mark.parametrize(
    ("path", "events"),
    [
        ("/endless", ["generator closed"]),
        ("/quiet", ["quiet ended"]),
        ("/wait", ["waits", "disconnected"]),
    ],
)
@pytest.mark.parametrize("how", ["closes", "resets"])
def test_a_client_that_leaves(starlette, path, events, how):
    with starlette.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()) as sock:
        if path == "/wait":
            starlette.wait_for("waits")
        else:
            assert sock.recv(100)
        if how == "resets":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if path == "/quiet":
        # Since ASGI 2.4 Starlette leaves it to `send` to say that the client has gone.
        assert starlette.client.get("/").status_code == 200
        return
    starlette.wait_for(*events)


@pytest.mark.parametrize("head", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_client_that_leaves_in_the_middle_of_an_upload(starlette, head):
    part = b"3\r\nabc\r\n" if "chunked" in head else b"abc"
    with starlette.send(f"POST /upload HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n".encode() + part):
        pass
    starlette.wait_for("upload broken off")


def test_websockets(starlette):
    with starlette.websocket(subprotocols=["chat"]) as websocket:
        assert websocket.subprotocol == "chat"
        for text in ("a", "", "x" * 200_000):
            websocket.send(text)
            assert websocket.recv(30) == text
        websocket.send("close")
        with pytest.raises(ConnectionClosed) as caught:
            websocket.recv(30)
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (4001, "as asked")
    starlette.wait_for("closed")


@pytest.mark.parametrize(("text", "code"), [("fail", 1011), ("return", 1000)])
def test_a_websocket_whose_application_ends(starlette, text, code):
    with starlette.websocket() as websocket:
        websocket.send(text)
        with pytest.raises(ConnectionClosed) as caught:
            websocket.recv(30)
    received = caught.value.rcvd
    if received is None:  # uvicorn may just close the connection
        assert starlette.name == "uvicorn"
    else:
        assert received.code == code


def test_a_websocket_that_the_client_closes(starlette):
    with starlette.websocket() as websocket:
        websocket.close(4002)
    starlette.wait_for(["disconnect", 4002])


def test_a_websocket_whose_client_vanishes(starlette):
    with starlette.websocket() as websocket:
        websocket.send("a")
        websocket.recv(30)
        websocket.socket.shutdown(socket.SHUT_RDWR)
    starlette.wait_for(["disconnect", 1005])  # strictly 1006, but it is what uvicorn says


@pytest.mark.parametrize(("path", "status"), [("/refuse", 403), ("/deny", 402), ("/ignore", 500)])
def test_handshakes_that_are_refused(starlette, path, status):
    with pytest.raises(InvalidStatus) as caught:
        starlette.websocket(path).__enter__()
    response = caught.value.response
    assert response.status_code == status
    if path == "/deny":
        assert (response.headers["X-Why"], response.body) == ("because", b"no")
