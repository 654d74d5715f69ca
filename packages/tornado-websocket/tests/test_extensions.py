"""Extensions of an application: agreed in the handshake, applied to every message."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from tornado._websocket.coding import (
    accept_extensions,
    check_extensions,
    offer_extensions,
)
from tornado._websocket.extensions import parse_extensions
from tornado._websocket.negotiation import DeflateOptions, PermessageDeflate
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import (
    Extension,
    ExtensionCodec,
    HandshakeError,
    WebSocketHandler,
    websocket_connect,
)


class Xor(ExtensionCodec):
    def __init__(self, key):
        self.key = key

    def encode(self, payload, is_text):
        return 0x20, bytes(byte ^ self.key for byte in payload)

    def decode(self, bits, payload, max_size):
        if not bits:
            return payload
        if payload.startswith(b"!"):
            raise ValueError("starts with !")
        return bytes(byte ^ self.key for byte in payload)


class XorExtension(Extension):
    """Adds a key, which the client chooses, to each byte."""

    name = "x-xor"
    reserved_bits = 0x20

    def __init__(self, key=7):
        self.key = key

    def offer(self):
        return f"key={self.key}"

    def accept(self, parameters):
        key = dict(parameters).get("key", "")
        if not key.isdigit():
            return None
        return f"key={key}", Xor(int(key))

    def agree(self, parameters):
        if dict(parameters).get("key") != str(self.key):
            raise ValueError("another key")
        return Xor(self.key)


class Count(ExtensionCodec):
    """Writes the number of each message in front of it, with no bit of its own."""

    def __init__(self):
        self.sent = self.got = 0

    def encode(self, payload, is_text):
        self.sent += 1
        return 0, self.sent.to_bytes(2, "big") + payload

    def decode(self, bits, payload, max_size):
        self.got += 1
        if int.from_bytes(payload[:2], "big") != self.got:
            raise ValueError("out of order")
        return payload[2:]


class CountExtension(Extension):
    name = "x-count"

    def accept(self, parameters):
        return "", Count()

    def agree(self, parameters):
        return Count()


class Echo(WebSocketHandler):
    websocket_extensions = [XorExtension(), CountExtension()]
    compression = None

    def get_compression_options(self):
        return self.compression

    def on_message(self, message):
        return self.write_message(message, isinstance(message, bytes))

    def on_close(self):
        self.application.closed.append(self.close_code)


class Compressing(Echo):
    compression = {}


@asynccontextmanager
async def serving(handler, **settings):
    app = Application([("/", handler)], **settings)
    app.closed = []
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(app)
    server.add_sockets(sockets)
    try:
        yield f"ws://127.0.0.1:{sockets[0].getsockname()[1]}/", app
    finally:
        server.stop()
        await server.close_all_connections()
        await asyncio.sleep(0)


def run(work):
    asyncio.run(asyncio.wait_for(work(), 20))


MESSAGES = ["text", "", "ü" * 200, b"\x00\xff", b"", b"x" * 70_000, "y" * 70_000]


@pytest.mark.parametrize("handler", [Echo, Compressing])
@pytest.mark.parametrize("compression", [None, {}])
@pytest.mark.parametrize(
    "offered", [[], [XorExtension(9)], [CountExtension(), XorExtension()]], ids=len
)
def test_messages(handler, compression, offered):
    async def work():
        async with serving(handler) as (url, _):
            async with websocket_connect(
                url, extensions=offered, compression_options=compression
            ) as connection:
                agreed = connection.headers.get("Sec-WebSocket-Extensions", "")
                names = [each.name for each in parse_extensions(agreed)]
                assert names == [
                    *[each.name for each in handler.websocket_extensions if each.name in
                      {one.name for one in offered}],
                    *(["permessage-deflate"] if handler.compression == compression == {} else []),
                ]  # fmt: skip
                for message in MESSAGES:
                    await connection.write_message(message, isinstance(message, bytes))
                    assert await connection.read_message() == message

    run(work)


def test_what_travels():
    async def work():
        async with serving(Echo) as (url, _):
            async with websocket_connect(url, extensions=[XorExtension(1)]) as connection:
                assert connection.headers["Sec-WebSocket-Extensions"] == "x-xor; key=1"
                frame = connection.protocol._engine.encode_message(b"abc", False)
                assert frame[0] == 0x81 | 0x20

    run(work)


@pytest.mark.parametrize(
    ("first", "payload", "code"),
    [
        (0xA2, b"!", 1007),
        (0xC2, b"x", 1002),
        (0x92, b"x", 1002),
        (0xA1, bytes([0xFF ^ 7]), 1007),
    ],
    ids=["refused by the codec", "a bit of nobody", "another one", "text that is not UTF-8"],
)
def test_frames_that_end_the_connection(first, payload, code):
    async def work():
        async with serving(Echo) as (url, _):
            connection = await websocket_connect(url, extensions=[XorExtension()])
            engine = connection.protocol._engine
            connection.protocol._transport.send(engine.encode_frame(first, payload))
            assert await connection.read_message() is None
            assert connection.close_code == code
            connection.close()

    run(work)


def test_messages_that_become_too_big():
    class Growing(Xor):
        def decode(self, bits, payload, max_size):
            return payload * 10

    class GrowingExtension(XorExtension):
        def accept(self, parameters):
            return "key=7", Growing(7)

    class Handler(Echo):
        websocket_extensions = [GrowingExtension()]

    async def work():
        async with serving(Handler, websocket_max_message_size=100) as (url, _):
            connection = await websocket_connect(url, extensions=[XorExtension()])
            await connection.write_message(b"x" * 50, True)
            assert await connection.read_message() is None
            assert connection.close_code == 1009
            connection.close()

    run(work)


def test_a_codec_that_fails():
    class Broken(Xor):
        def decode(self, bits, payload, max_size):
            raise KeyError("broken")

    class BrokenExtension(XorExtension):
        def accept(self, parameters):
            return "key=7", Broken(7)

    class Handler(Echo):
        websocket_extensions = [BrokenExtension()]

    async def work():
        async with serving(Handler) as (url, _):
            connection = await websocket_connect(url, extensions=[XorExtension()])
            await connection.write_message("x")
            assert await connection.read_message() is None
            assert connection.close_code == 1011
            connection.close()

    run(work)


# ---- the handshake ----


class Rival(XorExtension):
    name = "x-rival"


def offers(field):
    return parse_extensions(field)


def test_a_reserved_bit_has_one_owner():
    extensions = [XorExtension(), Rival(), CountExtension()]
    field, codecs = accept_extensions(offers("x-rival; key=1, x-count, x-xor; key=2"), extensions)
    assert field == "x-xor; key=2, x-count"
    assert len(codecs) == 2
    with pytest.raises(HandshakeError, match="same reserved bit"):
        check_extensions("x-xor; key=7, x-rival; key=7", extensions)

    class Deflating(XorExtension):
        reserved_bits = 0x40

    both = [Deflating(), PermessageDeflate(DeflateOptions())]
    field, codecs = accept_extensions(offers("permessage-deflate, x-xor; key=1"), both)
    assert field == "x-xor; key=1"


def test_the_first_acceptable_offer_counts():
    field, _ = accept_extensions(offers("x-xor, x-xor; key=a, x-xor; key=3"), [XorExtension()])
    assert field == "x-xor; key=3"
    assert accept_extensions(offers("x-xor, other"), [XorExtension()]) == ("", [])


def test_offers():
    options = DeflateOptions.read({"client_max_window_bits": 9})
    extensions = [XorExtension(3), CountExtension(), PermessageDeflate(options)]
    assert offer_extensions(extensions) == (
        "x-xor; key=3, x-count, permessage-deflate; client_max_window_bits=9"
    )
    with pytest.raises(ValueError, match="offered twice"):
        offer_extensions([XorExtension(), XorExtension(4)])


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ("x-xor; key=8", "another key"),
        ("x-count", "not offered"),
        ("x-xor; key=7, x-xor; key=7", "not offered"),
    ],
)
def test_responses_that_do_not_fit(field, problem):
    with pytest.raises(HandshakeError, match=problem):
        check_extensions(field, [XorExtension()])


def test_either_order_of_compression():
    """A server may put compression first; then it is applied first, and decoded last."""
    options = DeflateOptions()
    extensions = [XorExtension(), PermessageDeflate(options)]
    codecs = check_extensions("permessage-deflate, x-xor; key=7", extensions)
    payload, bits = b"hello" * 100, 0
    for codec in codecs:
        more, payload = codec.encode(payload, False)
        bits |= more
    assert bits == 0x60
    for codec in reversed(codecs):
        payload = codec.decode(bits, payload, 1000)
    assert payload == b"hello" * 100


def test_mistakes_are_named():
    class Nameless(Extension):
        pass

    class Greedy(XorExtension):
        reserved_bits = 0x80

    with pytest.raises(TypeError, match="name"):
        offer_extensions([Nameless()])
    with pytest.raises(ValueError, match="reserved_bits"):
        accept_extensions([], [Greedy()])

    class Wrong(Xor):
        def encode(self, payload, is_text):
            return 0x10, payload

    class WrongExtension(XorExtension):
        def accept(self, parameters):
            return "key=7", Wrong(7)

    _, (codec,) = accept_extensions(offers("x-xor; key=7"), [WrongExtension()])
    with pytest.raises(ValueError, match="set reserved bits"):
        codec.encode(b"", False)
