"""jupyter-server-proxy: pages and WebSockets of a server behind Jupyter's, on a port or a unix socket."""

from __future__ import annotations

import pytest
import requests
from websockets.sync.client import connect

TOKEN = "a-token-of-this-test"

CONFIGURATION = """
import sys
c.ServerProxy.servers = {
    "plain": {"command": [sys.executable, "behind.py", "{port}"], "timeout": 60},
    "unix": {"command": [sys.executable, "behind.py", "{unix_socket}"], "unix_socket": True, "timeout": 60},
}
"""

BEHIND = """
import sys
from tornado import httpserver, ioloop, netutil, web, websocket

class Page(web.RequestHandler):
    def get(self):
        self.write("a page at " + self.request.path + " " + self.get_argument("q", ""))
    def post(self):
        self.write(self.request.body[::-1])

class Events(web.RequestHandler):
    async def get(self):
        self.set_header("Content-Type", "text/event-stream")
        for number in range(3):
            self.write("data: %d\\n\\n" % number)
            await self.flush()

class Echo(websocket.WebSocketHandler):
    def select_subprotocol(self, names):
        return names[0] if names else None
    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))

application = web.Application([("/echo", Echo), ("/events", Events), (".*", Page)])
if sys.argv[1].isdigit():
    application.listen(int(sys.argv[1]), address="127.0.0.1")
else:
    httpserver.HTTPServer(application).add_socket(netutil.bind_unix_socket(sys.argv[1]))
ioloop.IOLoop.current().start()
"""


@pytest.fixture(params=["plain", "unix"])
def proxied(request, installed, unused_port):
    home = installed("jupyter-server-proxy", "jupyterlab")
    (home.folder / "behind.py").write_text(BEHIND, "utf-8")
    (home.folder / "configuration.py").write_text(CONFIGURATION, "utf-8")
    port = unused_port()
    server = home.start(
        "jupyter", "server", "--no-browser", "--allow-root", f"--port={port}", "--ServerApp.ip=127.0.0.1",
        f"--IdentityProvider.token={TOKEN}", "--config=configuration.py",
    )  # fmt: skip
    server.wait_for_url(f"http://127.0.0.1:{port}/api")
    yield f"http://127.0.0.1:{port}/{request.param}"
    server.no_errors()


def test_pages_and_websocket(proxied):
    user = requests.Session()
    user.headers["Authorization"] = f"token {TOKEN}"
    got = user.get(f"{proxied}/some/page?q=1%202", timeout=120)
    assert (got.status_code, got.text) == (200, "a page at /some/page 1 2")
    events = user.get(f"{proxied}/events", headers={"Accept": "text/event-stream"}, timeout=60)
    assert events.text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"
    posted = user.post(f"{proxied}/x", data=b"abc" * 100_000, timeout=60)
    assert posted.content == b"cba" * 100_000
    with connect(
        f"ws{proxied[4:]}/echo",
        additional_headers={"Authorization": f"token {TOKEN}"},
        subprotocols=["chat"],
        open_timeout=60,
    ) as socket:
        assert socket.subprotocol == "chat"
        for message in ("text", b"bytes", "x" * 100_000):
            socket.send(message)
            assert socket.recv(timeout=60) == message
