"""Smaller programs and libraries, each driven by the smallest use that shows it works."""

from __future__ import annotations

import re
import socket
import struct
import threading
import zlib

import pytest
import requests

PYTEST_TORNADO = """
import pytest
from tornado import gen, web, websocket

class Hello(web.RequestHandler):
    def get(self):
        self.write("hello")

class Echo(websocket.WebSocketHandler):
    def on_message(self, message):
        self.write_message(message)

@pytest.fixture
def app():
    return web.Application([("/", Hello), ("/echo", Echo)])

@pytest.mark.gen_test
def test_yielding(http_client, base_url):
    response = yield http_client.fetch(base_url)
    assert response.body == b"hello"

@pytest.mark.gen_test
async def test_awaiting(http_client, base_url):
    assert (await http_client.fetch(base_url)).code == 200

@pytest.mark.gen_test(run_sync=False)
def test_without_run_sync(http_client, base_url):
    response = yield http_client.fetch(base_url)
    assert response.code == 200

def test_the_loop(io_loop, http_server, http_port):
    assert http_port > 0
    io_loop.run_sync(lambda: gen.sleep(0.001))

@pytest.mark.gen_test
def test_a_websocket(base_url, http_server):
    socket = yield websocket.websocket_connect(base_url.replace("http", "ws") + "/echo")
    socket.write_message("hello")
    message = yield socket.read_message()
    assert message == "hello"
"""


def test_pytest_tornado(installed):
    home = installed("pytest-tornado", "pytest<9", "setuptools<81")
    (home.folder / "test_app.py").write_text(PYTEST_TORNADO, "utf-8")
    printed = home.call("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_app.py")
    assert "5 passed" in printed


def test_webssh(installed, unused_port):
    home = installed("webssh")
    port = unused_port()
    server = home.start("wssh", f"--port={port}", "--address=127.0.0.1", "--xsrf=false")
    base = f"http://127.0.0.1:{port}"
    server.wait_for_url(base)
    assert "WebSSH" in requests.get(base, timeout=30).text
    style = re.search(r'href="(static/css/[^"]+)"', requests.get(base, timeout=30).text)
    assert requests.get(f"{base}/{style[1]}", timeout=30).status_code == 200
    form = {"hostname": "127.0.0.1", "port": str(unused_port()), "username": "a", "password": "b"}
    response = requests.post(base, data=form, timeout=60)
    assert response.status_code == 200
    assert "Unable to connect" in response.json()["status"]
    missing = requests.post(base, data={"hostname": ""}, timeout=30).json()
    assert "Missing value hostname" in missing["status"]


LUIGI = """
import luigi

class First(luigi.Task):
    def output(self):
        return luigi.LocalTarget("first.txt")
    def run(self):
        with self.output().open("w") as file:
            file.write("1")

class Second(luigi.Task):
    def requires(self):
        return First()
    def output(self):
        return luigi.LocalTarget("second.txt")
    def run(self):
        with self.input().open() as read, self.output().open("w") as file:
            file.write(read.read() + "2")
"""


def test_luigi(installed, unused_port):
    home = installed("luigi")
    (home.folder / "work.py").write_text(LUIGI, "utf-8")
    port = unused_port()
    server = home.start("luigid", "--address", "127.0.0.1", "--port", str(port))
    base = f"http://127.0.0.1:{port}"
    server.wait_for_url(base)
    home.call(
        "luigi", "--module=work", "Second", "--scheduler-host=127.0.0.1", f"--scheduler-port={port}",
        env={**home.environ, "PYTHONPATH": str(home.folder)},
    )  # fmt: skip
    assert (home.folder / "second.txt").read_text("utf-8") == "12"
    page = requests.get(f"{base}/static/visualiser/index.html", timeout=30)
    assert "Luigi" in page.text
    tasks = requests.get(
        f"{base}/api/task_list",
        params={"data": '{"status": "DONE", "upstream_status": ""}'},
        timeout=30,
    )
    assert len(tasks.json()["response"]) == 2
    server.no_errors()


STREAMZ = """
from streamz import Stream
from tornado import gen, ioloop

async def main():
    source = Stream(asynchronous=True)
    windows, slow = [], []
    source.timed_window(0.02).filter(bool).sink(windows.append)
    source.rate_limit(0.001).buffer(10).map(lambda x: x + 1).sink(slow.append)
    for number in range(5):
        await source.emit(number)
    while sum(map(len, windows)) < 5 or len(slow) < 5:
        await gen.sleep(0.005)
    print([n for window in windows for n in window], slow)

ioloop.IOLoop.current().run_sync(main)
"""


def test_streamz(installed):
    assert installed("streamz").run(STREAMZ) == "[0, 1, 2, 3, 4] [1, 2, 3, 4, 5]\n"


def picture(width: int, height: int) -> bytes:
    """Return a PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\0" + b"\x20\x60\xa0" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_thumbor(installed, unused_port):
    home = installed("thumbor", "setuptools<81")
    (home.folder / "one.png").write_bytes(picture(300, 200))
    (home.folder / "thumbor.conf").write_text(
        f"LOADER = 'thumbor.loaders.file_loader'\nFILE_LOADER_ROOT_PATH = {str(home.folder)!r}\n",
        "utf-8",
    )
    port = unused_port()
    server = home.start("thumbor", "-i", "127.0.0.1", "-p", str(port), "-c", "thumbor.conf")
    base = f"http://127.0.0.1:{port}"
    server.wait_for_url(f"{base}/healthcheck")
    assert requests.get(f"{base}/healthcheck", timeout=30).text == "WORKING"
    small = requests.get(f"{base}/unsafe/60x40/one.png", timeout=30)
    assert small.status_code == 200
    assert struct.unpack(">II", small.content[16:24]) == (60, 40)
    assert requests.get(f"{base}/unsafe/60x40/none.png", timeout=30).status_code == 404
    server.no_errors()


TORNADO_REDIS = """
import sys
import tornadoredis
from tornado import gen, ioloop

@gen.coroutine
def main():
    client = tornadoredis.Client(port=int(sys.argv[1]))
    client.connect()
    yield gen.Task(client.set, "key", "value")
    print((yield gen.Task(client.get, "key")))
    with client.pipeline() as pipe:
        pipe.incr("count")
        pipe.incr("count")
        print((yield gen.Task(pipe.execute)))
    subscriber = tornadoredis.Client(port=int(sys.argv[1]))
    subscriber.connect()
    yield gen.Task(subscriber.subscribe, "channel")
    heard = yield [gen.Task(lambda callback: subscriber.listen(
        lambda message: message.kind == "message" and callback(message.body))), say(client)]
    print(heard[0])
    yield gen.Task(subscriber.unsubscribe, "channel")
    yield gen.Task(client.disconnect)

@gen.coroutine
def say(client):
    yield gen.Task(client.publish, "channel", "hello")

ioloop.IOLoop.instance().run_sync(main)
"""


def test_tornado_redis(installed, redis_server):
    home = installed("tornado-redis")
    (home.folder / "client.py").write_text(TORNADO_REDIS, "utf-8")
    got = home.call("python", "client.py", str(redis_server))
    assert got == "value\n[1, 2]\nhello\n"


STREAMLIT = """
import streamlit
name = streamlit.text_input("name", "nobody")
streamlit.write("hello " + name)
"""


def test_streamlit(installed, unused_port):
    from websockets.sync.client import connect

    home = installed("streamlit")
    (home.folder / "page.py").write_text(STREAMLIT, "utf-8")
    port = unused_port()
    server = home.start(
        "streamlit", "run", "page.py", f"--server.port={port}", "--server.address=127.0.0.1",
        "--server.headless=true", "--browser.gatherUsageStats=false",
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    server.wait_for_url(f"{base}/_stcore/health")
    page = requests.get(base, timeout=60).text
    files = re.findall(r'(?:src|href)="\./(static/[^"]+)"', page)
    assert files
    for file in files:
        assert requests.get(f"{base}/{file}", timeout=60).status_code == 200
    with connect(
        f"ws{base[4:]}/_stcore/stream", subprotocols=["streamlit"], max_size=None
    ) as stream:
        stream.send(b"\x5a\x00")  # BackMsg: run the script again, with nothing in it
        got = b""
        while b"hello nobody" not in got:
            got += stream.recv(timeout=60)
    server.no_errors()


PROXY = """
import sys
from tornado import gen, httpclient, ioloop, iostream, tcpclient, web

class Proxy(web.RequestHandler):
    SUPPORTED_METHODS = ("GET", "POST", "CONNECT")

    async def get(self):
        client = httpclient.AsyncHTTPClient()
        headers = dict(self.request.headers, Via="a test")
        response = await client.fetch(
            self.request.uri, method=self.request.method, body=self.request.body or None,
            headers=headers, follow_redirects=False, raise_error=False, allow_nonstandard_methods=True)
        self.set_status(response.code, response.reason)
        for name in ("Content-Type", "X-Seen"):
            if name in response.headers:
                self.set_header(name, response.headers[name])
        self.write(response.body)

    post = get

    async def connect(self):
        host, port = self.request.uri.split(":")
        upstream = await tcpclient.TCPClient().connect(host, int(port))
        client = self.request.connection.stream
        client.write(b"HTTP/1.0 200 Connection established\\r\\n\\r\\n")

        async def copy(source, target):
            try:
                while True:
                    await target.write(await source.read_bytes(65536, partial=True))
            except iostream.StreamClosedError:
                source.close()
                target.close()

        await gen.multi([copy(client, upstream), copy(upstream, client)])

web.Application([(r".*", Proxy)]).listen(int(sys.argv[1]), address="127.0.0.1")
ioloop.IOLoop.current().start()
"""


@pytest.fixture
def echo():
    """A plain server that repeats the first line it is told, and closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"you said " + connection.makefile("rb").readline())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)


TARGET = """
import sys
from tornado import ioloop, web

class Seen(web.RequestHandler):
    def get(self):
        self.set_header("X-Seen", self.request.headers.get("Via", "-"))
        self.write(self.request.method + " " + self.request.path + " ")
        self.write(self.request.body)
    post = get

web.Application([(r".*", Seen)]).listen(int(sys.argv[1]), address="127.0.0.1")
ioloop.IOLoop.current().start()
"""


def test_forward_proxy(installed, unused_port, echo):
    home = installed()
    (home.folder / "proxy.py").write_text(PROXY, "utf-8")
    (home.folder / "target.py").write_text(TARGET, "utf-8")
    port, target = unused_port(), unused_port()
    server = home.start("python", "proxy.py", str(port))
    home.start("python", "target.py", str(target)).wait_for_url(f"http://127.0.0.1:{target}/")
    server.wait_for_url(f"http://127.0.0.1:{port}/")
    through = {"http": f"http://127.0.0.1:{port}"}
    url = f"http://127.0.0.1:{target}/some/path"
    got = requests.get(url, proxies=through, timeout=30)
    assert (got.text, got.headers["X-Seen"]) == ("GET /some/path ", "a test")
    got = requests.post(url, data=b"content", proxies=through, timeout=30)
    assert got.text == "POST /some/path content"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as tunnel:
        tunnel.sendall(
            f"CONNECT 127.0.0.1:{echo} HTTP/1.1\r\nHost: 127.0.0.1:{echo}\r\n\r\n".encode()
        )
        received = tunnel.makefile("rb")
        assert received.readline().split()[1] == b"200"
        while received.readline() not in (b"\r\n", b""):
            pass
        tunnel.sendall(b"hello\n")
        assert received.read() == b"you said hello\n"
