"""One message to many, over transports without a socket."""

import asyncio

import pytest

from tornado._websocket.deflate import Inflater
from tornado._websocket.masking import apply_mask
from tornado._websocket.negotiation import DeflateOptions, DeflateParameters
from tornado._websocket.parameters import Parameters
from tornado._websocket.protocol13 import WebSocketProtocol13
from tornado.websocket import WebSocketClosedError, broadcast


class Connection:
    """Stands for a handler."""

    def __init__(self, loop, transport_class, deflate=None):
        self.transport, self.peer = transport_class.pair(loop)
        self.ws_connection = WebSocketProtocol13(self, params=Parameters())
        codecs = deflate.codecs(True, DeflateOptions()) if deflate else None
        self.ws_connection._begin_server(self.transport, loop, codecs)
        self.ws_connection._opened()

    def close(self, code, reason):
        self.ws_connection.close(code, reason)

    def on_ws_connection_close(self, code=None, reason=None):
        pass

    @property
    def sent(self):
        return b"".join(self.transport.sent)


class Client(Connection):
    """Stands for a client's connection."""

    def __init__(self, loop, transport_class):
        self.transport, self.peer = transport_class.pair(loop)
        self.protocol = WebSocketProtocol13(self, mask_outgoing=True)
        self.protocol.begin_client(self.transport, loop)
        self.protocol._opened()


@pytest.fixture
def connect(loop, memory_transport):
    made = []

    def make(deflate=None, kind=Connection):
        made.append(kind(loop, memory_transport, *([deflate] if deflate else [])))
        return made[-1]

    yield make
    for connection in made:
        connection.transport.close()
    loop.run_until_complete(asyncio.sleep(0))


def test_one_frame_for_all(connect):
    connections = {connect() for _ in range(20)}
    assert broadcast(connections, "hello") == (20, [], [])
    frames = [connection.transport.sent for connection in connections]
    assert frames == [[b"\x81\x05hello"]] * 20
    assert len({id(frame[0]) for frame in frames}) == 1


@pytest.mark.parametrize(
    ("message", "binary", "frame"),
    [
        ("ä", False, b"\x81\x02\xc3\xa4"),
        (b"text", False, b"\x81\x04text"),
        (b"\xff", True, b"\x82\x01\xff"),
        ({"a": 1}, False, b'\x81\x08{"a": 1}'),
    ],
)
def test_kinds_of_messages(message, binary, frame, connect):
    connection = connect()
    broadcast([connection], message, binary)
    assert connection.sent == frame


def test_text_has_to_be_utf8(connect):
    with pytest.raises(UnicodeDecodeError):
        broadcast([connect()], b"\xff")


@pytest.mark.parametrize("bits", [8, 9, 15])
@pytest.mark.parametrize("no_takeover", [True, False])
def test_compressed_once_for_each_kind(bits, no_takeover, connect):
    """What each peer inflates is right, before, between and after its own messages."""
    parameters = DeflateParameters(no_takeover, False, bits)
    connections = [connect(parameters) for _ in range(3)]
    plain = connect()
    inflaters = [Inflater(bits, not no_takeover) for _ in connections]
    text = "a line that repeats itself, a line that repeats itself " * 50

    def read(connection, inflater):
        data = b"".join(connection.transport.sent)
        connection.transport.sent.clear()
        assert data[0] == 0xC1
        size = data[1]
        start = 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        assert len(data) == start + size
        first = inflater.inflate(data[start:], 10**6)
        return (first + inflater.finish(10**6)).decode()

    for turn in range(3):
        connections[turn].ws_connection.write_message(f"only you {turn}")
        assert read(connections[turn], inflaters[turn]) == f"only you {turn}"
        assert broadcast([*connections, plain], text).sent == 4
        assert len({id(connection.transport.sent[0]) for connection in connections}) == 1
        for connection, inflater in zip(connections, inflaters, strict=True):
            assert read(connection, inflater) == text
            connection.ws_connection.write_message(text)
            assert read(connection, inflater) == text


def test_clients_mask_each_for_itself(connect):
    clients = [connect(kind=Client) for _ in range(2)]
    assert broadcast(clients, "hello").sent == 2
    one, two = (client.sent for client in clients)
    assert one != two
    assert [apply_mask(frame[2:6], frame[6:]) for frame in (one, two)] == [b"hello"] * 2


def test_closed_connections_are_no_error(connect):
    connections = [connect() for _ in range(4)]
    connections[0].ws_connection.close()
    connections[1].ws_connection = None
    connections[2].transport.closed = True
    result = broadcast(connections, "x")
    assert result.sent == 1
    assert result.closed == connections[:3]


def fill(connection):
    connection.transport.window = 0
    connection.ws_connection.write_message("x" * 2000)


def test_a_slow_peer_is_closed(connect):
    slow, fast = connect(), connect()
    fill(slow)
    assert broadcast([slow, fast], "hello", max_backlog=1000) == (1, [slow], [])
    assert slow.ws_connection.is_closing()
    slow.transport.take(10_000)
    assert slow.sent.endswith(b"\x88\x0a\x03\xf5too slow")
    with pytest.raises(WebSocketClosedError):
        slow.ws_connection.write_message("x")


def test_a_slow_peer_may_miss_it(connect):
    slow = connect()
    fill(slow)
    assert broadcast([slow], "hello", max_backlog=1000, on_slow="skip") == (0, [slow], [])
    assert not slow.ws_connection.is_closing()
    slow.transport.take(10_000)
    assert b"hello" not in slow.sent
    assert broadcast([slow], "hello", max_backlog=1000, on_slow="skip").sent == 1


def test_memory_is_bounded(connect):
    slow = connect()
    slow.transport.window = 0
    for _ in range(1000):
        broadcast([slow], "x" * 100, max_backlog=5000, on_slow="skip")
    assert slow.transport.backlog < 5200


def test_the_rule_has_to_be_known(connect):
    with pytest.raises(ValueError, match="on_slow"):
        broadcast([connect()], "x", on_slow="wait")


def test_connections_may_change_meanwhile(connect):
    connections = {connect() for _ in range(5)}
    for connection in connections:
        send = connection.transport.send

        def sending(data, connection=connection, send=send):
            connections.discard(connection)
            return send(data)

        connection.transport.send = sending
    assert broadcast(connections, "x").sent == 5
    assert connections == set()
