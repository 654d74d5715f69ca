"""Draft 76: its handshake and frames, and a handler that speaks it."""

import asyncio

import pytest

from tornado._websocket import protocol76
from tornado._websocket.errors import HandshakeError, WebSocketClosedError
from tornado._websocket.events import CloseReceived, Failed
from tornado._websocket.hixie76 import Hixie76Engine, answer_challenge, read_request
from tornado._websocket.state import State
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler, WebSocketProtocol76

# The examples of draft-ietf-hybi-thewebsocketprotocol-00, sections 1.2 and 1.3.
FIELDS = {
    "Host": "example.com",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key2": "12998 5 Y3 1  .P00",
    "Sec-WebSocket-Protocol": "sample",
    "Upgrade": "WebSocket",
    "Sec-WebSocket-Key1": "4 @1  46546xW%0l 1 5",
    "Origin": "http://example.com",
}
CHALLENGE = b"^n:ds[4U"
ANSWER = b"8jKS'y:G*Co,Wxa-"


def test_example_of_the_draft():
    request = read_request(HTTPHeaders(FIELDS))
    assert request.subprotocols == ["sample"]
    assert answer_challenge(request, CHALLENGE) == ANSWER


def test_second_example_of_the_draft():
    fields = dict(FIELDS)
    fields["Sec-WebSocket-Key1"] = "18x 6]8vM;54 *(5:  {   U1]8  z [  8"
    fields["Sec-WebSocket-Key2"] = "1_ tx7X d  <  nw  334J702) 7]o}` 0"
    assert answer_challenge(read_request(HTTPHeaders(fields)), b"Tm[K T2u") == b"fQJ,fN/4F4!~K~MH"


@pytest.mark.parametrize(
    "changes",
    [
        {"Upgrade": "h2c"},
        {"Connection": "close"},
        {"Origin": ""},
        {"Sec-WebSocket-Key1": ""},
        {"Sec-WebSocket-Key1": "no digits here"},
        {"Sec-WebSocket-Key1": "12345"},
        {"Sec-WebSocket-Key2": "1 2 3 4 5 6 7"},
        {"Sec-WebSocket-Key2": "9999999999 9"},
        {"Sec-WebSocket-Key2": "9" * 5000 + " "},
    ],
)
def test_malformed_handshakes(changes):
    with pytest.raises(HandshakeError) as caught:
        read_request(HTTPHeaders({**FIELDS, **changes}))
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x00hello\xff", ["hello"]),
        (b"\x00\xff", [""]),
        (b"\x00one\xff\x00two\xff", ["one", "two"]),
        ("\x00ä€🌍".encode() + b"\xff", ["ä€🌍"]),
        (b"\x00bye\xff\xff\x00", ["bye", CloseReceived(None, "")]),
        (b"\xff\x00\x00late\xff", [CloseReceived(None, "")]),
    ],
)
def test_messages(data, expected, replay):
    engine = Hixie76Engine()
    got = replay(engine, data)
    # "Trailing" bytes are the begin of an RFC 6455 frame, which fails here.
    assert [event for event in got if not isinstance(event, Failed)] == expected


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x01", 1002),
        (b"\x80\x05hello", 1002),
        (b"\xff\x01", 1002),
        (b"\x00ab\xc0\xff", 1007),
        (b"\x00ab\xe2\x82\xff", 1007),
        (b"\x00" + b"x" * 101, 1009),
        (b"\x00" + b"x" * 101 + b"\xff", 1009),
    ],
)
def test_failures(data, code, replay):
    engine = Hixie76Engine(max_message_size=100)
    events = replay(engine, data)
    assert events[-1].code == code
    assert engine.state is State.FAILED
    assert engine.take_output() == b"\xff\x00"


def test_closing():
    engine = Hixie76Engine()
    engine.feed(b"\xff\x00")
    engine.next_event()
    assert engine.take_output() == b"\xff\x00"
    assert engine.state is State.CLOSED
    engine = Hixie76Engine()
    assert engine.encode_message("hé".encode(), False) == b"\x00h\xc3\xa9\xff"
    assert engine.encode_pieces(b"h", False) == [b"\x00h\xff"]
    assert engine.encode_close(1000, "x") == b"\xff\x00"
    for encode in (engine.encode_close, lambda: engine.encode_message(b"x", False)):
        with pytest.raises(WebSocketClosedError):
            encode()
    with pytest.raises(ValueError, match="binary"):
        engine.encode_message(b"x", True)
    with pytest.raises(ValueError, match="ping"):
        engine.encode_ping()
    engine.end()
    assert engine.unread == 0


class Handler(WebSocketHandler):
    log = []

    def allow_draft76(self):
        return True

    def check_origin(self, origin):
        return True

    def select_subprotocol(self, subprotocols):
        return subprotocols[0] if subprotocols else None

    def on_message(self, message):
        self.log.append(message)
        if message == "ping":
            with pytest.raises(ValueError, match="ping"):
                self.ping(b"x")
        return self.write_message(message)

    def on_close(self):
        self.log.append("closed")


class Strict(Handler):
    def allow_draft76(self):
        return False


async def talk(path, challenge=CHALLENGE, **changes):
    """Make the draft's handshake with a real server; returns (reader, writer, head, stop)."""
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(Application([("/", Handler), ("/strict", Strict)]))
    server.add_sockets(sockets)
    reader, writer = await asyncio.open_connection(*sockets[0].getsockname())
    fields = {**FIELDS, **changes}
    lines = [f"{name}: {value}" for name, value in fields.items()]
    writer.write("\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode() + challenge)
    head = (await reader.readuntil(b"\r\n\r\n")).decode()

    async def stop():
        server.stop()
        writer.close()
        await server.close_all_connections()
        await asyncio.sleep(0.01)

    return reader, writer, head, stop


def test_a_handler_that_allows_it():
    async def work():
        Handler.log.clear()
        reader, writer, head, stop = await talk("/")
        assert head.startswith("HTTP/1.1 101 WebSocket Protocol Handshake\r\n")
        lines = head.lower().split("\r\n")
        assert "sec-websocket-location: ws://example.com/" in lines
        assert "sec-websocket-origin: http://example.com" in lines
        assert "sec-websocket-protocol: sample" in lines
        assert await reader.readexactly(16) == ANSWER
        writer.write(b"\x00hello\xff\x00ping\xff")
        assert await reader.readexactly(13) == b"\x00hello\xff\x00ping\xff"
        writer.write(b"\xff\x00")
        assert await reader.read() == b"\xff\x00"
        await stop()
        assert Handler.log == ["hello", "ping", "closed"]

    asyncio.run(asyncio.wait_for(work(), 5))


def test_a_handler_that_does_not():
    async def work():
        *_, head, stop = await talk("/strict")
        assert head.startswith("HTTP/1.1 426 ")
        await stop()

    asyncio.run(asyncio.wait_for(work(), 5))


def test_malformed_keys_are_refused():
    async def work():
        *_, head, stop = await talk("/", **{"Sec-WebSocket-Key1": "1"})
        assert head.startswith("HTTP/1.1 400 ")
        await stop()

    asyncio.run(asyncio.wait_for(work(), 5))


def test_a_challenge_that_never_comes(monkeypatch):
    monkeypatch.setattr(protocol76, "CHALLENGE_TIMEOUT", 0.02)

    async def work():
        Handler.log.clear()
        reader, _, head, stop = await talk("/", challenge=b"1234")
        assert head.startswith("HTTP/1.1 101 ")
        assert await reader.read() == b""
        await stop()
        assert Handler.log == []

    asyncio.run(asyncio.wait_for(work(), 5))


def test_challenge_response_by_itself():
    class Request:
        headers = HTTPHeaders(FIELDS)

    class Owner:
        request = Request

    protocol = WebSocketProtocol76(Owner())
    assert protocol.challenge_response(CHALLENGE) == ANSWER
    with pytest.raises(HandshakeError, match="4 bytes, expected 8"):
        protocol.challenge_response(b"1234")
