"""One Tornado application on our server, uvicorn, hypercorn and Granian behaves the same."""

from __future__ import annotations

import http.client
import json
import re
import socket
import sys
import time
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

SITE = """
import asyncio, pathlib
import tornado.web, tornado.websocket
from tornado.asgi import ASGIAdapter

HERE = pathlib.Path(__file__).parent
EVENTS = []


class Hello(tornado.web.RequestHandler):
    def get(self, name="world"):
        self.write(f"Hello, {name}")


class Method(tornado.web.RequestHandler):
    def put(self):
        self.set_header("X-Body", self.request.body.decode())
        self.set_status(204)

    def delete(self):
        self.set_status(410, "Gone for good")


class Form(tornado.web.RequestHandler):
    async def post(self):
        await asyncio.sleep(0)
        names = sorted(self.request.arguments)
        self.write({name: self.get_arguments(name) for name in names})


class Upload(tornado.web.RequestHandler):
    def post(self):
        file = self.request.files["file"][0]
        self.write({"name": file.filename, "type": file.content_type, "size": len(file.body)})


@tornado.web.stream_request_body
class Stream(tornado.web.RequestHandler):
    def prepare(self):
        self.size = 0

    async def data_received(self, chunk):
        await asyncio.sleep(0)
        self.size += len(chunk)

    def post(self):
        self.write(str(self.size))


class Flush(tornado.web.RequestHandler):
    async def get(self):
        for number in range(5):
            self.write(f"{number},")
            await self.flush()


class Endless(tornado.web.RequestHandler):
    async def get(self):
        try:
            while True:
                self.write(b"x" * 65536)
                await self.flush()
        except tornado.iostream.StreamClosedError:
            EVENTS.append("StreamClosedError")


class Waiting(tornado.web.RequestHandler):
    def on_connection_close(self):
        EVENTS.append("left")
        self.left.set()

    async def get(self):
        self.left = asyncio.Event()
        EVENTS.append("waiting")
        await self.left.wait()


class Events(tornado.web.RequestHandler):
    def get(self):
        self.write({"events": EVENTS})

    def delete(self):
        EVENTS.clear()


class Cookies(tornado.web.RequestHandler):
    def get(self):
        self.set_cookie("a", "1")
        self.set_cookie("b", "2")
        self.set_signed_cookie("user", "bob")

    def post(self):
        self.write({"a": self.get_cookie("a"), "user": self.get_signed_cookie("user").decode()})


class Fail(tornado.web.RequestHandler):
    def get(self):
        raise {"http": tornado.web.HTTPError(418, reason="Short and stout"), "other": KeyError}[
            self.get_argument("kind")]


class Truncated(tornado.web.RequestHandler):
    async def get(self):
        self.write("begun")
        await self.flush()
        raise KeyError("in the middle")


class Peer(tornado.web.RequestHandler):
    def get(self):
        request = self.request
        self.write({"ip": request.remote_ip, "protocol": request.protocol, "host": request.host,
            "uri": request.uri, "path": request.path, "repeated": request.headers.get_list("X-A")})


class Echo(tornado.websocket.WebSocketHandler):
    def select_subprotocol(self, offered):
        return "chat" if "chat" in offered else None

    def open(self):
        EVENTS.append("open")

    async def on_message(self, message):
        if message == "close":
            self.close(4001, "as asked")
        elif message == "fail":
            raise KeyError("asked for")
        else:
            await self.write_message(message, binary=isinstance(message, bytes))

    def on_close(self):
        EVENTS.append(["closed", self.close_code])


class Refused(tornado.websocket.WebSocketHandler):
    def prepare(self):
        raise tornado.web.HTTPError(403)


class Zipped(tornado.web.RequestHandler):
    def get(self):
        self.set_header("Content-Type", "text/plain")
        self.write("repeated " * 1000)


STARTED = []


class State(tornado.web.RequestHandler):
    def get(self):
        self.write({"started": STARTED})


application = tornado.web.Application(
    [
        (r"/", Hello), (r"/hello/(.*)", Hello), (r"/method", Method), (r"/form", Form),
        (r"/upload", Upload), (r"/stream", Stream), (r"/flush", Flush), (r"/endless", Endless),
        (r"/waiting", Waiting), (r"/events", Events), (r"/cookies", Cookies), (r"/fail", Fail),
        (r"/truncated", Truncated), (r"/peer", Peer), (r"/echo", Echo), (r"/refused", Refused),
        (r"/zipped", Zipped), (r"/state", State),
        (r"/old", tornado.web.RedirectHandler, {"url": "/"}),
        (r"/files/(.*)", tornado.web.StaticFileHandler, {"path": str(HERE / "files")}),
    ],
    cookie_secret="x" * 32, compress_response=True,
    on_startup=lambda application: STARTED.append("startup"),
)
asgi = ASGIAdapter(application)
"""

SERVERS = {
    "ours": ["tornado", "serve", "site_app:application", "--access-log=none", "--port={port}"],
    "ours, twice": ["tornado", "serve", "site_app:asgi", "--access-log=none", "--port={port}"],
    "uvicorn": ["uvicorn", "site_app:asgi", "--log-level=error", "--port={port}"],
    "hypercorn": ["hypercorn", "site_app:asgi", "--bind=127.0.0.1:{port}"],
    "granian": [
        "granian", "site_app:asgi", "--interface=asgi", "--no-access-log", "--port={port}",
    ],
}  # fmt: skip


class Server:
    """A server that runs: its name and where it listens."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.port = port

    def ask(self, path, method="GET", body=None, headers=None, chunked=False):
        """Send a request; return the response, and its content."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {}, encode_chunked=chunked)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def events(self):
        return json.loads(self.ask("/events")[1])["events"]

    def wait_for(self, *events):
        """Wait until these have happened, in any order."""
        deadline = time.monotonic() + 30
        while not all(event in (seen := self.events()) for event in events):
            assert time.monotonic() < deadline, f"{events} missing in {seen}"
            time.sleep(0.02)

    def websocket(self, path="/echo", **options):
        return connect(f"ws://127.0.0.1:{self.port}{path}", **options)


@pytest.fixture(scope="module", params=list(SERVERS))
def server(request, tmp_path_factory, run, unused_port):
    """Each of the servers, with the application."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "site_app.py").write_text(SITE, "utf-8")
    (folder / "files").mkdir()
    (folder / "files" / "a.txt").write_bytes(bytes(range(48, 58)) * 10_000)
    port = unused_port()
    command = [sys.executable, "-m", *SERVERS[request.param]]
    command = [part.format(port=port) for part in command]
    with (
        (folder / "log").open("w") as log,
        run(
            ["/bin/sh", "-c", 'exec "$@" >log 2>&1', "sh", *command],
            f"http://127.0.0.1:{port}/",
            cwd=folder,
        ),
    ):
        del log
        yield Server(request.param, port)
    said = Path(folder / "log").read_text("utf-8", "replace")
    assert not re.search("never (awaited|retrieved)|was destroyed", said), said


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
    b"Content-Type: text/x-a\r\n\r\n" + bytes(range(256)) * 2000 + b"\r\n--b--\r\n"
)

#: name: (arguments of `Server.ask`, status, content; ``None`` for any)
REQUESTS = {
    "plain": (("/",), 200, b"Hello, world"),
    "percent-encoded": (("/hello/caf%C3%A9%2Fx%20y",), 200, "Hello, café/x y".encode()),
    "HEAD": (("/", "HEAD"), 200, b""),
    "not found": (("/nowhere",), 404, None),
    "wrong method": (("/", "POST", b""), 405, None),
    "PUT, 204": (("/method", "PUT", b"body"), 204, b""),
    "DELETE, 410": (("/method", "DELETE"), 410, b""),
    "form": (
        ("/form?a=1&b=%E2%82%AC", "POST", b"a=2&c=x+y", FORM),
        200,
        b'{"a": ["1", "2"], "b": ["\\u20ac"], "c": ["x y"]}',
    ),
    "multipart": (
        ("/upload", "POST", MULTIPART, {"Content-Type": "multipart/form-data; boundary=b"}),
        200,
        b'{"name": "a.bin", "type": "text/x-a", "size": 512000}',
    ),
    "streamed content": (("/stream", "POST", b"x" * 1_000_000), 200, b"1000000"),
    "streamed content, empty": (("/stream", "POST", b""), 200, b"0"),
    "flushed": (("/flush",), 200, b"0,1,2,3,4,"),
    "an HTTPError": (("/fail?kind=http",), 418, None),
    "another exception": (("/fail?kind=other",), 500, None),
    "redirect": (("/old",), 301, b""),
    "hooks": (("/state",), 200, b'{"started": ["startup"]}'),
    "file": (("/files/a.txt",), 200, bytes(range(48, 58)) * 10_000),
    "range": (("/files/a.txt", "GET", None, {"Range": "bytes=5-9"}), 206, b"56789"),
    "range past the end": (("/files/a.txt", "GET", None, {"Range": "bytes=999999-"}), 416, b""),
    "above the root": (("/files/..%2Fsite_app.py",), 403, None),
    "no such file": (("/files/b.txt",), 404, None),
}


@pytest.mark.parametrize("name", list(REQUESTS))
def test_requests(server, name):
    arguments, status, content = REQUESTS[name]
    response, body = server.ask(*arguments)
    assert response.status == status
    if content is not None:
        assert body == content


def test_chunked_content(server):
    response, body = server.ask(
        "/stream", "POST", iter([b"abc", b"x" * 100_000]), {"Transfer-Encoding": "chunked"}, True
    )
    assert (response.status, body) == (200, b"100003")


def test_headers(server):
    response, _ = server.ask("/")
    assert response.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert response.headers["Content-Length"] == "12"
    assert response.headers.get_all("Date") is not None
    assert len(response.headers.get_all("Date")) == 1
    etag = response.headers["Etag"]
    again, body = server.ask("/", headers={"If-None-Match": etag})
    assert (again.status, body) == (304, b"")
    head, _ = server.ask("/", "HEAD")
    assert head.headers["Content-Length"] == "12"


def test_cookies(server):
    response, _ = server.ask("/cookies")
    cookies = response.headers.get_all("Set-Cookie")
    assert len(cookies) == 3
    cookie = "; ".join(each.partition(";")[0] for each in cookies)
    response, body = server.ask("/cookies", "POST", b"", {"Cookie": cookie})
    assert json.loads(body) == {"a": "1", "user": "bob"}


def test_compression(server):
    response, body = server.ask("/zipped", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(body) < 500


def test_what_is_known_of_the_client(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as sock:
        sock.sendall(
            b"GET /peer?a=%20 HTTP/1.1\r\nHost: a.example:81\r\nX-A: 1\r\nX-A: 2\r\n"
            b"Connection: close\r\n\r\n"
        )
        body = b"".join(iter(lambda: sock.recv(65536), b"")).partition(b"\r\n\r\n")[2]
    assert json.loads(body) == {
        "ip": "127.0.0.1",
        "protocol": "http",
        "host": "a.example:81",
        "uri": "/peer?a=%20",
        "path": "/peer",
        "repeated": ["1", "2"],
    }


def test_a_response_that_breaks_off_is_seen_to_be_incomplete(server):
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        server.ask("/truncated")


def test_a_client_that_leaves_while_a_handler_waits(server):
    server.ask("/events", "DELETE")
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as sock:
        sock.sendall(b"GET /waiting HTTP/1.1\r\nHost: a\r\n\r\n")
        server.wait_for("waiting")
    server.wait_for("left")


def test_a_client_that_leaves_in_the_middle_of_a_response(server):
    server.ask("/events", "DELETE")
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as sock:
        sock.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        assert sock.recv(1000)
    server.wait_for("StreamClosedError")


@pytest.mark.parametrize("message", ["text", "", "grün €", b"", b"\x00\xff", "x" * 300_000])
def test_websocket_messages(server, message):
    with server.websocket(max_size=None) as websocket:
        for _ in range(3):
            websocket.send(message)
            assert websocket.recv(30) == message


def test_websocket_subprotocol(server):
    with server.websocket(subprotocols=["other", "chat"]) as websocket:
        assert websocket.subprotocol == "chat"
    with server.websocket() as websocket:
        assert websocket.subprotocol is None


def test_a_websocket_that_the_application_closes(server):
    with server.websocket() as websocket:
        websocket.send("close")
        with pytest.raises(ConnectionClosed) as caught:
            websocket.recv(30)
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (4001, "as asked")


def test_a_websocket_whose_handler_fails(server):
    with server.websocket() as websocket:
        websocket.send("fail")
        with pytest.raises(ConnectionClosed):
            websocket.recv(30)


def test_a_websocket_that_the_client_closes(server):
    server.ask("/events", "DELETE")
    with server.websocket() as websocket:
        websocket.send("a")
        websocket.recv(30)
        websocket.close(4002, "enough")
    # hypercorn does not tell the application the client's code.
    server.wait_for("open", ["closed", None if server.name == "hypercorn" else 4002])


def test_a_websocket_whose_client_vanishes(server):
    server.ask("/events", "DELETE")
    with server.websocket() as websocket:
        websocket.send("a")
        websocket.recv(30)
        websocket.socket.shutdown(socket.SHUT_RDWR)
    server.wait_for("open")
    deadline = time.monotonic() + 30
    while not any(event[0] == "closed" for event in server.events()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_websocket_that_is_refused(server):
    with pytest.raises(InvalidStatus) as caught:
        server.websocket("/refused").close()
    assert caught.value.response.status_code == 403


def test_a_websocket_on_a_page(server):
    with pytest.raises(InvalidStatus) as caught:
        server.websocket("/").close()
    assert caught.value.response.status_code >= 400 or caught.value.response.status_code == 200
