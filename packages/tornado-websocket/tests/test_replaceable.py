"""Methods of the protocol that programs replace: on an instance, on a class, by any library."""

import asyncio
from unittest import mock

import pytest

from tornado._websocket import session as session_module
from tornado._websocket.masking import apply_mask
from tornado._websocket.parameters import Parameters
from tornado._websocket.protocol13 import WebSocketProtocol13
from tornado._websocket.protocol76 import WebSocketProtocol76
from tornado._websocket.replaceable import ReplaceableMethod, ReplaceableMethods

KEY = b"\x01\x02\x03\x04"


class Base(metaclass=ReplaceableMethods):
    _replaced_step = None

    @ReplaceableMethod
    def _step(self, value):
        """Take a step."""
        return ("base", value)

    def is_replaced(self):
        return self._replaced_step is not None


class Heir(Base):
    pass


def test_a_method_that_nobody_replaced():
    assert Heir()._step(1) == ("base", 1)
    assert not Heir().is_replaced()
    assert Base._step(Heir(), 2) == ("base", 2)
    assert Base._step.__doc__ == "Take a step."


def test_on_an_instance():
    one, other = Heir(), Heir()
    original = one._step
    one._step = lambda value: ("wrapped", original(value))
    assert one._step(1) == ("wrapped", ("base", 1))
    assert (one.is_replaced(), other.is_replaced()) == (True, False)
    del one._step
    assert not one.is_replaced()
    with pytest.raises(AttributeError, match="_step"):
        del one._step


@pytest.mark.parametrize("cls", [Base, Heir])
def test_on_a_class_and_back(cls):
    instance = Heir()
    with mock.patch.object(cls, "_step", lambda self, value: ("patched", value)):
        assert instance.is_replaced()
        assert instance._step(1) == ("patched", 1)
        instance._step = lambda value: ("mine", value)
        assert instance._step(1) == ("mine", 1)
        del instance._step
    assert not instance.is_replaced()
    assert instance._step(1) == ("base", 1)


def test_by_mock_on_an_instance():
    instance = Heir()
    with mock.patch.object(instance, "_step", autospec=True) as step:
        instance._step(1)
        step.assert_called_once_with(1)
        assert instance.is_replaced()
    assert not instance.is_replaced()


def test_in_a_subclass():
    class Mine(Base):
        def _step(self, value):
            return ("mine", super()._step(value))

    class Again(Mine):
        _step = Base.__dict__["_step"]

    assert Mine().is_replaced()
    assert Mine()._step(1) == ("mine", ("base", 1))
    assert not Again().is_replaced()


def test_by_a_transparent_wrapper():
    wrapt = pytest.importorskip("wrapt")
    calls = []

    def wrapper(wrapped, instance, args, kwargs):
        calls.append(args)
        return wrapped(*args, **kwargs)

    instance, original = Heir(), Base.__dict__["_step"]
    wrapt.wrap_function_wrapper(Base, "_step", wrapper)
    try:
        assert instance.is_replaced()
        assert instance._step(1) == ("base", 1)
        assert calls == [(1,)]
    finally:
        Base._step = original
    assert not instance.is_replaced()


# ---- the two of a connection ----


def frame(first, payload=b""):
    head = bytes((first, 0x80 | len(payload)))
    return head + KEY + apply_mask(KEY, payload)


class Handler:
    def __init__(self):
        self.heard = []
        self.errors = []

    def on_message(self, message):
        self.heard.append(message)

    def on_ping(self, data):
        self.heard.append(("ping", data))

    def on_pong(self, data):
        self.heard.append(("pong", data))

    def on_ws_connection_close(self, close_code=None, close_reason=None):
        self.heard.append(("closed", close_code, close_reason))

    def log_exception(self, typ, value, tb):
        self.errors.append(value)


class Connection:
    def __init__(self, loop, transport_class, **parameters):
        self.loop = loop
        self.handler = Handler()
        self.transport, self.peer = transport_class.pair(loop)
        self.protocol = WebSocketProtocol13(self.handler, params=Parameters(**parameters))
        self.protocol._begin_server(self.transport, loop)
        self.protocol._opened()

    @property
    def heard(self):
        return self.handler.heard

    def give(self, *frames):
        self.transport.give(b"".join(frames))

    def take_sent(self):
        sent = b"".join(self.transport.sent)
        self.transport.sent.clear()
        return sent

    def turn(self, seconds=0.0):
        self.loop.run_until_complete(asyncio.sleep(seconds))


@pytest.fixture
def connection(loop, memory_transport, monkeypatch):
    monkeypatch.setattr(session_module, "monotonic", lambda: 0.0)  # no turn is over too early
    made = Connection(loop, memory_transport)
    yield made
    made.protocol._abort()
    made.turn()


def watch_messages(protocol):
    """Wrap the receiving hook; return the list of what it is given."""
    seen = []
    original = protocol._handle_message

    def handle(opcode, data):
        seen.append((opcode, data))
        return original(opcode, data)

    protocol._handle_message = handle
    return seen


ALL = [
    frame(0x81, b"text"),
    frame(0x82, b"\xff"),
    frame(0x01, b"a") + frame(0x80, b"b"),
    frame(0x89, b"?"),
    frame(0x8A, b"!"),
    frame(0x88, b"\x03\xe8bye"),
]
HEARD = ["text", b"\xff", "ab", ("ping", b"?"), ("pong", b"!"), ("closed", 1000, "bye")]


def test_a_wrapped_receiving_hook_sees_everything(connection):
    seen = watch_messages(connection.protocol)
    connection.give(*ALL)
    assert seen == [
        (1, b"text"),
        (2, b"\xff"),
        (1, b"ab"),
        (9, b"?"),
        (10, b"!"),
        (8, b"\x03\xe8bye"),
    ]
    assert connection.heard == HEARD
    assert connection.take_sent() == b"\x8a\x01?\x88\x02\x03\xe8"


def test_the_same_without_a_hook(connection):
    connection.give(*ALL)
    assert connection.heard == HEARD
    assert connection.take_sent() == b"\x8a\x01?\x88\x02\x03\xe8"


def test_a_receiving_hook_put_on_the_class_later(connection):
    seen = []
    original = WebSocketProtocol13._handle_message

    def handle(self, opcode, data):
        seen.append(opcode)
        return original(self, opcode, data)

    connection.give(ALL[0])
    with mock.patch.object(WebSocketProtocol13, "_handle_message", handle):
        connection.give(ALL[1])
    connection.give(ALL[2])
    assert seen == [2]
    assert connection.heard == HEARD[:3]


@pytest.mark.parametrize("dropped", [1, 9, 10])
def test_a_receiving_hook_that_drops(connection, dropped):
    original = connection.protocol._handle_message
    connection.protocol._handle_message = lambda opcode, data: (
        None if opcode == dropped else original(opcode, data)
    )
    connection.give(ALL[0], ALL[3], ALL[4])
    kept = {1: "text", 9: ("ping", b"?"), 10: ("pong", b"!")}
    del kept[dropped]
    assert connection.heard == list(kept.values())
    assert connection.take_sent() == (b"" if dropped == 9 else b"\x8a\x01?")


def test_what_the_receiving_hook_returns_is_waited_for(connection):
    gate = connection.loop.create_future()
    connection.handler.on_message = lambda message: connection.heard.append(message) or gate
    watch_messages(connection.protocol)
    connection.give(ALL[0], ALL[1])
    connection.turn()
    assert connection.heard == ["text"]
    gate.set_result(None)
    connection.turn()
    assert connection.heard == ["text", b"\xff"]


def test_a_receiving_hook_that_raises(connection):
    def handle(opcode, data):
        raise ZeroDivisionError

    connection.protocol._handle_message = handle
    connection.give(ALL[0])
    assert [type(error) for error in connection.handler.errors] == [ZeroDivisionError]
    assert connection.take_sent() == b"\x88\x02\x03\xf3"


def test_a_receiving_hook_beside_readers(connection):
    seen = watch_messages(connection.protocol)
    future = connection.protocol.receive()
    connection.give(ALL[0])
    assert connection.loop.run_until_complete(future) == "text"
    assert seen == [(1, b"text")]


@pytest.mark.parametrize("drops", [False, True])
def test_dropped_pongs_are_no_sign_of_life(connection, drops):
    """With a hook, what it lets pass tells whether the peer is alive."""
    protocol = connection.protocol
    original = protocol._handle_message
    protocol._handle_message = lambda opcode, data: (
        None if drops and opcode == 10 else original(opcode, data)
    )
    protocol._ping_again()
    assert not protocol._peer_is_alive()
    connection.give(frame(0x8A))
    assert protocol._peer_is_alive() is not drops
    connection.give(frame(0x81, b"other"))
    assert protocol._peer_is_alive()


def test_a_peer_whose_pongs_are_dropped_is_closed(loop, memory_transport):
    made = Connection(loop, memory_transport, ping_interval=0.02)
    original = made.protocol._handle_message
    made.protocol._handle_message = lambda opcode, data: (
        None if opcode == 10 else original(opcode, data)
    )
    made.protocol.start_pinging()
    for _ in range(500):
        made.turn(0.002)
        if made.take_sent() == b"\x89\x00":
            made.give(frame(0x8A))
        if made.protocol.is_closing():
            break
    assert made.protocol.is_closing()
    made.protocol._abort()
    made.turn()


class Written:
    """Takes the place of the sending hook, and keeps what it is given."""

    def __init__(self, loop, done):
        self.frames = []
        self.futures = []
        self.loop = loop
        self.done = done

    def __call__(self, fin, opcode, data, flags=0):
        self.frames.append((fin, opcode, data, flags))
        future = self.loop.create_future()
        if self.done:
            future.set_result(None)
        self.futures.append(future)
        return future


def test_a_replaced_sending_hook_gets_everything(connection):
    protocol = connection.protocol
    written = protocol._write_frame = Written(connection.loop, done=True)
    assert protocol.write_message("text").done()
    protocol.write_message(b"\xff", binary=True)
    protocol.write_ping(b"p")
    connection.give(frame(0x89, b"?"))
    protocol.close(1000, "bye")
    assert written.frames == [
        (True, 1, b"text", 0),
        (True, 2, b"\xff", 0),
        (True, 9, b"p", 0),
        (True, 10, b"?", 0),
        (True, 8, b"\x03\xe8bye", 0),
    ]
    assert connection.take_sent() == b""


def test_a_reply_to_close_passes_the_sending_hook(connection):
    written = connection.protocol._write_frame = Written(connection.loop, done=True)
    connection.give(frame(0x88, b"\x03\xe8"))
    assert written.frames == [(True, 8, b"\x03\xe8", 0)]
    assert connection.heard == [("closed", 1000, None)]


def test_the_reason_of_a_failure_passes_the_sending_hook(connection):
    written = connection.protocol._write_frame = Written(connection.loop, done=True)
    connection.give(frame(0x83))
    ((fin, opcode, data, flags),) = written.frames
    assert (fin, opcode, data[:2], flags) == (True, 8, b"\x03\xea", 0)


def test_a_wrapped_sending_hook_sends(connection):
    original = connection.protocol._write_frame
    connection.protocol._write_frame = lambda *args, **kwargs: original(*args, **kwargs)
    connection.protocol.write_message("hi")
    connection.protocol._write_frame(False, 1, b"a")
    connection.protocol._write_frame(True, 0, b"b")
    assert connection.take_sent() == b"\x81\x02hi\x01\x01a\x80\x01b"


def test_the_sending_hook_called_by_hand(connection):
    assert connection.protocol._write_frame(True, 1, b"hi").done()
    assert connection.take_sent() == b"\x81\x02hi"


def test_pongs_while_one_is_being_written(connection):
    """Only the latest ping is responded to when the pong before it has left (section 5.5.3)."""
    written = connection.protocol._write_frame = Written(connection.loop, done=False)
    connection.give(*[frame(0x89, str(i).encode()) for i in range(3)])
    assert connection.heard == [("ping", b"0"), ("ping", b"1"), ("ping", b"2")]
    assert [data for _, _, data, _ in written.frames] == [b"0"]
    written.futures[0].set_result(None)
    connection.turn()
    assert [data for _, _, data, _ in written.frames] == [b"0", b"2"]
    written.futures[1].set_result(None)
    connection.turn()
    assert len(written.frames) == 2
    connection.give(frame(0x89, b"4"))
    assert [data for _, _, data, _ in written.frames] == [b"0", b"2", b"4"]


@pytest.mark.parametrize("end", ["cancel", "fail"])
def test_a_pong_that_could_not_be_written(connection, end):
    written = connection.protocol._write_frame = Written(connection.loop, done=False)
    connection.give(frame(0x89, b"0"), frame(0x89, b"1"))
    if end == "cancel":
        written.futures[0].cancel()
    else:
        written.futures[0].set_exception(OSError())
    connection.turn()
    assert len(written.frames) == 1
    connection.give(frame(0x89, b"2"))
    assert [data for _, _, data, _ in written.frames] == [b"0", b"2"]


def test_no_frame_after_the_end(connection):
    connection.protocol.close()
    connection.take_sent()
    with pytest.raises(Exception, match="closed"):
        connection.protocol._write_frame(True, 1, b"late")
    assert connection.take_sent() == b""


def test_the_older_protocol_has_the_hooks_too(loop, memory_transport):
    assert WebSocketProtocol76._replaced_write_frame is None
    assert WebSocketProtocol76._replaced_handle_message is None


# ---- counters ----


COUNTERS = ("_message_bytes_in", "_wire_bytes_in", "_message_bytes_out", "_wire_bytes_out")


def counts(protocol):
    return tuple(getattr(protocol, name) for name in COUNTERS)


@pytest.mark.parametrize("hooked", [False, True])
def test_counters(connection, hooked):
    protocol = connection.protocol
    if hooked:
        watch_messages(protocol)
        original = protocol._write_frame
        protocol._write_frame = lambda *args, **kwargs: original(*args, **kwargs)
    assert counts(protocol) == (0, 0, 0, 0)
    connection.give(frame(0x81, b"hello"), frame(0x89, b"not counted"))
    protocol.write_ping(b"not counted")
    assert counts(protocol) == (5, 11, 0, 0)
    connection.give(frame(0x02, b"ab"), frame(0x00, b"c"), frame(0x80))
    assert counts(protocol) == (8, 11 + 8 + 7 + 6, 0, 0)
    protocol.write_message("x" * 200)
    assert counts(protocol)[2:] == (200, 204)
    protocol.write_message(b"x" * 70_000, binary=True)
    assert counts(protocol)[2:] == (70_200, 204 + 70_010)
    connection.give(frame(0x88))
    assert counts(protocol) == (8, 32, 70_200, 70_214)
