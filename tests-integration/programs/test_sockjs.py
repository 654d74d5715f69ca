"""A chat over sockjs-tornado, over every transport that it offers."""

from __future__ import annotations

import itertools
import json

import pytest
import requests
from websockets.sync.client import connect

SERVER = """
import sys
from sockjs.tornado import SockJSConnection, SockJSRouter
from tornado import ioloop, web

class Chat(SockJSConnection):
    members = set()
    def on_open(self, info):
        self.members.add(self)
    def on_message(self, message):
        self.broadcast(self.members, "said: " + message)
    def on_close(self):
        self.members.discard(self)

web.Application(SockJSRouter(Chat, "/chat").urls).listen(int(sys.argv[1]), address="127.0.0.1")
ioloop.IOLoop.instance().start()
"""


@pytest.fixture
def chat(installed, unused_port):
    home = installed("sockjs-tornado")
    (home.folder / "chat.py").write_text(SERVER, "utf-8")
    port = unused_port()
    server = home.start("python", "chat.py", str(port))
    server.wait_for_url(f"http://127.0.0.1:{port}/chat/info")
    yield f"http://127.0.0.1:{port}/chat"
    server.no_errors()


numbers = itertools.count(1)


def session(chat: str) -> str:
    return f"{chat}/000/session{next(numbers)}"


def send(url: str, text: str) -> None:
    assert requests.post(f"{url}/xhr_send", data=json.dumps([text]), timeout=30).status_code == 204


def test_info_and_iframe(chat):
    info = requests.get(f"{chat}/info", timeout=30).json()
    assert info["websocket"] is True
    page = requests.get(f"{chat}/iframe.html", timeout=30)
    assert page.status_code == 200
    again = requests.get(
        f"{chat}/iframe.html", headers={"If-None-Match": page.headers["Etag"]}, timeout=30
    )
    assert (again.status_code, again.content) == (304, b"")


def test_websocket(chat):
    with connect(f"ws{session(chat)[4:]}/websocket") as socket:
        assert socket.recv(timeout=30) == "o"
        socket.send(json.dumps(["hello"]))
        assert socket.recv(timeout=30) == 'a["said: hello"]'


def test_raw_websocket(chat):
    with connect(f"ws{chat[4:]}/websocket") as socket:
        socket.send("hello")
        assert socket.recv(timeout=30) == "said: hello"


def test_polling(chat):
    url = session(chat)
    assert requests.post(f"{url}/xhr", timeout=30).text == "o\n"
    send(url, "hello")
    assert requests.post(f"{url}/xhr", timeout=30).text == 'a["said: hello"]\n'


def test_jsonp(chat):
    url = session(chat)
    opened = requests.get(f"{url}/jsonp?c=call", timeout=30)
    assert opened.text == 'call("o");\r\n'
    sent = requests.post(f"{url}/jsonp_send", data={"d": json.dumps(["hello"])}, timeout=30)
    assert sent.text == "ok"
    got = requests.get(f"{url}/jsonp?c=call", timeout=30).text
    assert got == 'call("a[\\"said: hello\\"]");\r\n'


STREAMS = {
    "xhr_streaming": ("POST", 'a["said: hello"]\n'),
    "eventsource": ("GET", 'data: a["said: hello"]\r\n'),
    "htmlfile?c=call": ("GET", 'p("a[\\"said: hello\\"]");'),
}


@pytest.mark.parametrize("transport", STREAMS)
def test_streaming(chat, transport):
    method, wanted = STREAMS[transport]
    url = session(chat)
    got = ""
    with requests.request(method, f"{url}/{transport}", stream=True, timeout=30) as response:
        assert response.status_code == 200
        parts = response.iter_content(None, decode_unicode=False)
        sent = False
        while wanted not in got:
            got += next(parts).decode()
            if not sent and "o" in got.replace("htmlfile", "")[-40:]:
                sent = True
                send(url, "hello")


def test_streaming_over_http10(chat, peer):
    port = int(chat.rsplit(":", 1)[1].split("/")[0])
    url = session(chat)
    path = url.split(str(port), 1)[1]
    stream = peer(port).socket
    stream.sendall(f"POST {path}/xhr_streaming HTTP/1.0\r\nHost: a\r\n\r\n".encode())
    got = b""
    while b"o\n" not in got.partition(b"\r\n\r\n")[2][2000:]:
        data = stream.recv(65536)
        assert data, got[:300]
        got += data
    send(url, "hello")
    while b'a["said: hello"]\n' not in got:
        data = stream.recv(65536)
        assert data, got[-300:]
        got += data
    assert got.startswith(b"HTTP/1.")
    assert b" 200 " in got[:14]
