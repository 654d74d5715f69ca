"""A real browser against a WebSocketHandler: kinds of messages, close codes, compression, size."""

from __future__ import annotations

import sys

import pytest

SERVER = """
import asyncio, sys
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

class Page(RequestHandler):
    def get(self):
        self.write("<!DOCTYPE html><title>test</title><link rel=icon href='data:,'>")

class Echo(WebSocketHandler):
    def get_compression_options(self):
        return {} if self.get_argument("deflate", "") else None
    def select_subprotocol(self, subprotocols):
        return subprotocols[-1] if subprotocols else None
    def on_message(self, message):
        return self.write_message(message, isinstance(message, bytes))

class Close(WebSocketHandler):
    last = None
    def on_message(self, message):
        if message == "fail":
            1 // 0
        code, _, reason = message.partition(" ")
        self.close(int(code) if code else None, reason or None)
    def on_close(self):
        Close.last = [self.close_code, self.close_reason]

class Last(RequestHandler):
    def get(self):
        self.write({"last": Close.last})

async def main():
    routes = [("/", Page), ("/echo", Echo), ("/close", Close), ("/last", Last)]
    app = Application(routes, websocket_max_message_size=32 * 1024 * 1024)
    app.listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()

asyncio.run(main())
"""

# Sends each message when the last one came back; gives what came, as text or as a list of bytes.
ECHO = """
const [path, messages, protocols, done] = arguments;
const socket = new WebSocket(`ws://${location.host}${path}`, protocols);
socket.binaryType = "arraybuffer";
const got = [];
const next = () => {
  const message = messages[got.length];
  socket.send(typeof message === "string" ? message : new Uint8Array(message));
};
socket.onopen = next;
socket.onmessage = (event) => {
  got.push(typeof event.data === "string" ? event.data : Array.from(new Uint8Array(event.data)));
  if (got.length < messages.length) next();
  else socket.close(1000);
};
socket.onclose = (event) => done({got, code: event.code, clean: event.wasClean,
                                  extensions: socket.extensions, protocol: socket.protocol});
"""

# Sends a message of so many bytes and compares what comes back, in the browser.
LARGE = """
const [path, size, text, done] = arguments;
const socket = new WebSocket(`ws://${location.host}${path}`);
socket.binaryType = "arraybuffer";
const bytes = new Uint8Array(size);
for (let i = 0; i < size; i++) bytes[i] = text ? 97 + i % 26 : (i * 7 + (i >> 8)) & 255;
const message = text ? new TextDecoder().decode(bytes) : bytes;
socket.onopen = () => socket.send(message);
socket.onmessage = (event) => {
  let same;
  if (text) same = event.data === message;
  else {
    const back = new Uint8Array(event.data);
    same = back.length === size && back.every((byte, i) => byte === bytes[i]);
  }
  socket.onclose = (closed) => done([same, closed.code]);
  socket.close(1000);
};
socket.onclose = (event) => done(["closed early", event.code]);
"""

CLOSE = """
const [send, code, reason, done] = arguments;
const socket = new WebSocket(`ws://${location.host}/close`);
socket.onopen = () => { if (send !== null) socket.send(send); else socket.close(code, reason); };
socket.onclose = (event) => done([event.code, event.reason, event.wasClean]);
"""


@pytest.fixture
def page(run, unused_port, chromium, tmp_path):
    """A browser on a page of a server with the handlers above."""
    port = unused_port()
    script = tmp_path / "serve.py"
    script.write_text(SERVER, "utf-8")
    url = f"http://127.0.0.1:{port}/"
    with run([sys.executable, str(script), str(port)], url):
        browser = chromium()
        browser.set_script_timeout(60)
        browser.get(url)
        yield browser


MESSAGES = [
    "text",
    "",
    [],
    [0, 255, 128],
    "Grüße, κόσμε 🌍",
    "x" * 125,
    "x" * 126,
    "x" * 70_000,
    list(range(256)) * 10,
]


def test_a_browser(page):
    """In one browser, as starting one takes most of the time."""
    for path, extensions in (("/echo", ""), ("/echo?deflate=1", "permessage-deflate")):
        seen = page.execute_async_script(ECHO, path, MESSAGES, ["one", "two"])
        assert seen["got"] == MESSAGES
        assert (seen["code"], seen["clean"]) == (1000, True)
        assert seen["extensions"].partition(";")[0] == extensions
        assert seen["protocol"] == "two"

        for text in (True, False):
            assert page.execute_async_script(LARGE, path, 16 * 1024 * 1024, text) == [True, 1000]

    # What the server says, and the browser sees.
    for sent, expected in (
        ("1000", [1000, "", True]),
        ("1001 going away", [1001, "going away", True]),
        ("4321 Gründe", [4321, "Gründe", True]),
        ("", [1005, "", True]),
        ("fail", [1011, "", True]),
    ):
        assert page.execute_async_script(CLOSE, sent, None, None) == expected, sent

    # What the browser says, and the server sees.
    for code, reason in ((1000, "done"), (3000, ""), (4999, "Gründe")):
        assert page.execute_async_script(CLOSE, None, code, reason) == [code, "", True]
        last = page.execute_async_script(
            "fetch('/last').then((r) => r.json()).then((j) => arguments[0](j.last))"
        )
        assert last == [code, reason or None]


def test_a_page_of_another_origin_is_refused(page):
    port = page.current_url.rsplit(":", 1)[1].strip("/")
    # The same server by another name is another origin.
    page.get(f"http://localhost:{port}/")
    script = CLOSE.replace("${location.host}", f"127.0.0.1:{port}")
    assert page.execute_async_script(script, "1000", None, None) == [1006, "", False]
