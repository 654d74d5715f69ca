"""A session over a transport without a socket: order, back-pressure, and the end."""

import asyncio
import contextvars
import gc
import logging
import sys

import pytest

from tornado import gen
from tornado._websocket import session as session_module
from tornado._websocket.errors import WebSocketClosedError
from tornado._websocket.masking import apply_mask
from tornado._websocket.parameters import Parameters
from tornado._websocket.protocol13 import WebSocketProtocol13
from tornado.stack_context import StackContext

KEY = b"\x01\x02\x03\x04"


def frame(payload, first=None):
    """Return a client's frame."""
    if first is None:
        first = 0x81 if isinstance(payload, str) else 0x82
    if isinstance(payload, str):
        payload = payload.encode()
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes((first,)) + length + KEY + apply_mask(KEY, payload)


def close_frame(code, reason=b""):
    return frame(code.to_bytes(2, "big") + reason, 0x88)


class Delegate:
    """Notes what it hears, and does what ``behave`` says with each message."""

    def __init__(self, behave=None):
        self.heard = []
        self.errors = []
        self.behave = behave

    def on_message(self, message):
        self.heard.append(message)
        return self.behave(message) if self.behave else None

    def on_ping(self, data):
        self.heard.append(("ping", data))

    def on_pong(self, data):
        self.heard.append(("pong", data))

    def on_ws_connection_close(self, close_code=None, close_reason=None):
        self.heard.append(("closed", close_code, close_reason))

    def log_exception(self, typ, value, tb):
        self.errors.append(value)


class Harness:
    def __init__(self, loop, transport_class, behave=None, opened=True, **parameters):
        self.loop = loop
        self.delegate = Delegate(behave)
        self.transport, self.peer = transport_class.pair(loop)
        self.protocol = WebSocketProtocol13(self.delegate, params=Parameters(**parameters))
        self.protocol._begin_server(self.transport, loop)
        if opened:
            self.protocol._opened()

    @property
    def heard(self):
        return self.delegate.heard

    @property
    def sent(self):
        return b"".join(self.transport.sent)

    def give(self, *frames):
        self.transport.give(b"".join(frames))

    def wait_until(self, is_so):
        """Let the loop run until ``is_so()``, for a second at most."""
        for _ in range(1000):
            if is_so():
                return
            self.loop.run_until_complete(asyncio.sleep(0.001))
        raise AssertionError(f"not within a second: {is_so}")

    def turn(self, count=5):
        for _ in range(count):
            self.loop.run_until_complete(asyncio.sleep(0))


@pytest.fixture
def begin(loop, memory_transport):
    """Make a session that is open."""
    made = []

    def make(*args, **keywords):
        made.append(Harness(loop, memory_transport, *args, **keywords))
        return made[-1]

    yield make
    for harness in made:
        harness.protocol._abort()
        harness.turn()


# ---- plain hooks ----


def test_messages_in_order(begin):
    h = begin()
    h.give(frame("one"), frame(b"two"), frame("three"))
    assert h.heard == ["one", b"two", "three"]


def test_control_frames(begin):
    h = begin()
    h.give(frame(b"a", 0x89), frame(b"b", 0x8A))
    assert h.heard == [("ping", b"a"), ("pong", b"b")]
    assert h.sent == b"\x8a\x01a"


def test_nothing_is_handed_on_before_open(begin):
    h = begin(opened=False)
    h.give(frame("early"))
    assert h.heard == []
    h.protocol._opened()
    assert h.heard == ["early"]


class Clock:
    """The session's clock: it stands still unless somebody moves it."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(session_module, "monotonic", lambda: self.now)

    def work(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, [100, 100]), (0.005, [1, 2, 3]), (0.0006, [2, 4, 6]), (0.00011, [10, 20, 30])],
)
@pytest.mark.parametrize("kind", ["text", "binary", "ping", "pong", "fragments", "by hook"])
def test_the_loop_turns_when_the_time_of_a_turn_is_up(begin, clock, seconds, expected, kind):
    """One connection costs the others a millisecond, and the handler that runs then."""
    counted = []

    def behave(message):
        counted.append(message)
        clock.work(seconds)

    h = begin(behave)
    h.delegate.on_ping = h.delegate.on_pong = behave
    one = {
        "ping": frame(b"p", 0x89),
        "pong": frame(b"p", 0x8A),
        "binary": frame(b"b"),
        "fragments": frame(b"a", 0x01) + frame(b"b", 0x80),
    }.get(kind, frame("t"))
    if kind == "by hook":
        original = h.protocol._handle_message
        h.protocol._handle_message = lambda opcode, data: original(opcode, data)
    h.give(one * 100)
    seen = [len(counted)]
    for _ in expected[1:]:
        # Two turns, exactly: what arrived for others while a handler ran comes in between.
        for _ in range(2):
            h.loop.call_soon(h.loop.stop)
            h.loop.run_forever()
        seen.append(len(counted))
    assert seen == expected
    h.turn(240)
    assert len(counted) == 100


def test_the_loop_turns_however_fast_the_messages_are(begin, clock):
    h = begin()
    h.give(frame("x") * 1000)
    assert 64 <= len(h.heard) <= 256
    h.turn(20)
    assert len(h.heard) == 1000


def test_a_flood_of_fragments_yields(begin, clock):
    """A message of very many fragments is read in steps, each of which counts."""
    steps = []
    h = begin()
    engine = h.protocol._engine

    class Counting:
        def __getattr__(self, name):
            return getattr(engine, name)

        def next_event(self):
            steps.append(1)
            clock.work(0.0006)
            return engine.next_event()

    h.protocol._engine = Counting()
    h.give(frame(b"", 0x01) + frame(b"", 0x00) * 5000)
    assert len(steps) == 2
    assert engine.unread > 0
    h.turn(30)
    assert engine.unread == 0
    h.give(frame(b"x", 0x80))
    assert h.heard == ["x"]


def test_messages_of_two_floods_alternate(begin, clock):
    order = []
    both = [begin(lambda message: (order.append(message), clock.work(0.005))[0]) for _ in "ab"]
    for name, h in zip("ab", both, strict=True):
        h.give(*[frame(name)] * 5)
    both[0].turn(10)
    assert sorted(order[:4]) == ["a", "a", "b", "b"]
    assert sorted(order) == ["a"] * 5 + ["b"] * 5


def test_a_value_that_nobody_can_wait_for_is_ignored(begin):
    h = begin(lambda message: True)
    h.give(frame("one"), frame("two"))
    assert h.heard == ["one", "two"]


# ---- coroutine hooks ----


def test_one_message_at_a_time(begin):
    gate = []

    async def behave(message):
        event = asyncio.Event()
        gate.append(event)
        await event.wait()

    h = begin(behave)
    h.give(frame("one"), frame("two"), frame("three"))
    h.turn()
    assert h.heard == ["one"]
    gate[0].set()
    h.turn()
    assert h.heard == ["one", "two"]
    gate[1].set()
    h.turn()
    gate[2].set()
    h.turn()
    assert h.heard == ["one", "two", "three"]


def test_generator_coroutine(begin):
    done = []

    @gen.coroutine
    def behave(message):
        yield gen.moment
        done.append(message)

    h = begin(behave)

    async def work():
        h.give(frame("one"), frame("two"))
        while len(done) < 2:
            await asyncio.sleep(0)

    h.loop.run_until_complete(asyncio.wait_for(work(), 5))
    assert done == ["one", "two"]


def test_reading_pauses_while_a_hook_runs(begin):
    event = asyncio.Event()

    async def behave(message):
        await event.wait()

    h = begin(behave)
    h.give(frame("one"))
    h.turn()
    for _ in range(40):
        h.give(frame("x" * 1000))
    assert h.transport.paused
    unread = h.protocol._engine.unread
    assert unread < 20_000
    event.set()
    h.turn(100)
    assert not h.transport.paused
    assert len(h.heard) == 41


def test_returning_the_future_of_a_write_does_not_wait_for_nothing(begin):
    h = begin()
    h.delegate.behave = h.protocol.write_message
    h.give(frame("one"), frame("two"))
    assert h.heard == ["one", "two"]


def test_context_variables_and_stack_contexts_reach_the_hooks(loop, memory_transport):
    variable = contextvars.ContextVar("variable", default=None)
    seen, entered = [], []

    class Noting:
        def __enter__(self):
            entered.append(1)

        def __exit__(self, *exc_info):
            pass

    async def behave(message):
        seen.append(variable.get())

    def work():
        variable.set("request")
        with StackContext(Noting):
            return Harness(loop, memory_transport, behave)

    h = contextvars.copy_context().run(work)
    before = len(entered)
    h.give(frame("one"))
    h.turn()
    assert seen == ["request"]
    assert len(entered) > before
    h.protocol._abort()
    h.turn()


# ---- errors ----


@pytest.mark.parametrize("error", [ZeroDivisionError(), asyncio.CancelledError()], ids=repr)
def test_error_in_a_hook_closes_with_1011(begin, error):
    def behave(message):
        raise error

    h = begin(behave)
    h.give(frame("one"), frame("two"))
    assert h.heard == ["one", ("closed", None, None)]
    assert h.delegate.errors == [error]
    assert h.sent == b"\x88\x02\x03\xf3"
    assert h.transport.eof_sent
    h.give(frame("three"))
    h.transport.close()
    h.turn()
    assert h.heard == ["one", ("closed", None, None)]


def test_error_in_a_coroutine_closes_with_1011(begin):
    async def behave(message):
        await asyncio.sleep(0)
        raise ZeroDivisionError

    h = begin(behave)
    h.give(frame("one"), frame("two"))
    h.turn()
    assert [type(error) for error in h.delegate.errors] == [ZeroDivisionError]
    assert h.heard == ["one", ("closed", None, None)]
    assert h.sent == b"\x88\x02\x03\xf3"


def test_a_peer_that_left_is_no_error_of_the_hook(begin):
    h = begin()

    async def behave(message):
        h.transport.close()
        await asyncio.sleep(0)
        await h.protocol.write_message("too late")

    h.delegate.behave = behave
    h.give(frame("one"))
    h.turn()
    assert h.delegate.errors == []
    assert h.heard == ["one", ("closed", None, None)]


def test_a_peer_whose_end_is_not_announced_yet_is_no_error_of_the_hook(begin):
    h = begin()

    def behave(message):
        h.transport.closed = True
        h.protocol.write_message("too late")

    h.delegate.behave = behave
    h.give(frame("one"))
    assert h.delegate.errors == []
    assert h.protocol.is_closing()
    h.transport.closed = False


def test_error_in_the_close_hook_is_logged(begin):
    h = begin()

    def fail(*args):
        raise ZeroDivisionError

    h.delegate.on_ws_connection_close = fail
    h.transport.close()
    h.turn()
    assert [type(error) for error in h.delegate.errors] == [ZeroDivisionError]


# ---- writing ----


def test_a_write_that_leaves_at_once_costs_no_future(begin):
    h = begin()
    assert h.protocol.write_message("a") is h.protocol.write_message("b")
    assert h.protocol.write_message("c").done()


@pytest.mark.parametrize(
    ("message", "binary", "expected"),
    [
        ("text", False, b"\x81\x04text"),
        (b"text", False, b"\x81\x04text"),
        ("text", True, b"\x82\x04text"),
        (b"\xff", True, b"\x82\x01\xff"),
        (bytearray(b"\xff"), True, b"\x82\x01\xff"),
        (memoryview(b"text"), False, b"\x81\x04text"),
    ],
)
def test_kinds_of_messages(message, binary, expected, begin):
    h = begin()
    h.protocol.write_message(message, binary)
    assert h.sent == expected


def test_text_has_to_be_utf8(begin):
    h = begin()
    with pytest.raises(UnicodeDecodeError):
        h.protocol.write_message(b"\xff")
    for message in (17, None, {"a": 1}):
        with pytest.raises(TypeError, match="expected str or bytes"):
            h.protocol.write_message(message)
    assert h.sent == b""


def test_flow_control(begin, loop):
    h = begin()
    h.transport.window = 10
    waiting = h.protocol.write_message("x" * 100)
    assert not waiting.done()
    second = h.protocol.write_message("y")
    assert second is not waiting
    waiting.cancel()
    h.transport.take(1000)
    h.turn()
    assert second.done()
    assert second.result() is None


def test_a_write_that_never_leaves_fails_and_nobody_has_to_look(begin, caplog):
    h = begin()
    h.transport.window = 0
    waiting = h.protocol.write_message("lost")
    ignored = h.protocol.write_message("lost too")
    h.transport.close()
    h.turn()
    with pytest.raises(WebSocketClosedError):
        waiting.result()
    del waiting, ignored
    gc.collect()
    assert caplog.records == []


def test_a_slow_peer_is_not_read_from(begin):
    """Echoes to a peer that takes nothing: bounded by the high-water mark."""
    h = begin()
    h.delegate.behave = lambda message: h.protocol.write_message(message) and None
    h.transport.window = 0
    for _ in range(100):
        h.give(frame("x" * 500))
    assert h.transport.backlog < 1000 + 600
    assert h.transport.paused
    assert h.protocol._engine.unread < 20_000
    for _ in range(1000):
        if not h.transport.backlog and len(h.heard) == 100:
            break
        h.transport.take(10_000)
        h.turn(2)
    assert len(h.heard) == 100


def test_ping_flood_to_a_peer_that_takes_nothing(begin, clock):
    h = begin()
    h.transport.window = 0
    for _ in range(1000):
        h.give(*[frame(b"p" * 125, 0x89)] * 10)
    assert h.transport.backlog < 1000 + 130
    assert h.protocol._engine.unread < 20_000
    # What was not answered is answered once, when the peer takes something again.
    h.give(frame(b"last", 0x89))
    h.transport.take(10_000)
    assert h.sent.endswith(b"\x8a\x04last")
    assert len(h.sent) < 2000


def test_pong_flood(begin):
    h = begin()
    h.delegate.on_pong = lambda data: None
    for _ in range(1000):
        h.give(*[frame(b"p" * 125, 0x8A)] * 10)
        h.turn(1)
    assert h.transport.backlog == 0
    assert h.sent == b""
    assert h.protocol._engine.unread < 40_000


def test_message_flood_faster_than_the_hook(begin):
    event = asyncio.Event()

    async def behave(message):
        await event.wait()

    h = begin(behave)
    for _ in range(1000):
        h.give(frame("x" * 1000))
    h.turn()
    assert h.heard == ["x" * 1000]
    assert h.protocol._engine.unread < 20_000
    event.set()


# ---- closing ----


def test_peer_closes(begin):
    h = begin()
    h.give(frame("bye"), close_frame(4001, b"done"))
    assert h.sent == b"\x88\x02\x0f\xa1"
    assert h.transport.closed
    assert h.heard == ["bye", ("closed", 4001, "done")]
    h.turn()
    assert h.heard == ["bye", ("closed", 4001, "done")]
    assert h.protocol.client_terminated
    assert h.protocol.is_closing()


def test_peer_closes_while_answers_wait(begin):
    h = begin()
    h.transport.window = 0
    h.protocol.write_message("first")
    h.give(close_frame(1000))
    assert not h.transport.closed
    h.transport.take(100)
    h.turn()
    assert h.transport.closed
    assert h.sent == b"\x81\x05first\x88\x02\x03\xe8"


def test_this_side_closes(begin):
    h = begin()
    h.protocol.close(1001, "bye")
    h.protocol.close()
    assert h.sent == b"\x88\x05\x03\xe9bye"
    assert h.protocol.is_closing()
    with pytest.raises(WebSocketClosedError):
        h.protocol.write_message("late")
    with pytest.raises(WebSocketClosedError):
        h.protocol.write_ping(b"")
    h.give(frame("crossed"), close_frame(1001))
    h.turn()
    assert h.transport.closed
    assert h.heard == ["crossed", ("closed", 1001, None)]


@pytest.mark.parametrize("code", [1005, 1006, 500])
def test_illegal_code(code, begin):
    h = begin()
    with pytest.raises(ValueError, match=str(code)):
        h.protocol.close(code)
    assert not h.protocol.is_closing()


def test_closing_handshake_that_is_not_answered(begin, monkeypatch):
    monkeypatch.setattr(session_module, "CLOSE_TIMEOUT", 0.01)
    h = begin()
    h.protocol.close()
    h.loop.run_until_complete(asyncio.sleep(0.03))
    assert h.transport.closed
    assert h.heard == [("closed", None, None)]


def test_connection_lost(begin):
    h = begin()
    h.transport.close(ConnectionResetError())
    h.turn()
    assert h.heard == [("closed", None, None)]
    with pytest.raises(WebSocketClosedError):
        h.protocol.write_message("late")


def test_connection_lost_within_a_message(begin, caplog):
    h = begin()
    h.give(frame("x" * 100)[:-10])
    h.transport.close(ConnectionResetError())
    h.turn()
    assert h.heard == [("closed", None, None)]
    assert h.delegate.errors == []
    assert [r for r in caplog.records if r.exc_info] == []


def test_connection_lost_before_open_is_done(begin):
    h = begin(opened=False)
    h.give(frame("one"))
    h.transport.close()
    h.turn()
    assert h.heard == []
    h.protocol._opened()
    assert h.heard == ["one", ("closed", None, None)]


def test_messages_before_the_end_are_handed_on(begin):
    gate = asyncio.Event()

    async def behave(message):
        await gate.wait()

    h = begin(behave)
    h.give(frame("one"), frame("two"), close_frame(1000))
    h.turn()
    h.transport.close()
    h.turn()
    assert h.heard == ["one"]
    gate.set()
    h.turn()
    assert h.heard == ["one", "two", ("closed", 1000, None)]


def test_close_is_heard_while_a_hook_runs(begin):
    gate = asyncio.Event()

    async def behave(message):
        await gate.wait()

    h = begin(behave)
    h.give(frame("one"))
    h.turn()
    h.transport.close()
    h.turn()
    assert h.heard == ["one", ("closed", None, None)]
    gate.set()
    h.turn()
    assert h.delegate.errors == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x05Hello", 1002),
        (frame(b"\xff", 0x81), 1007),
        (frame("x" * 200), 1009),
        (frame(b"", 0xF1), 1002),
        (frame(b"", 0x83), 1002),
    ],
)
def test_failures(data, code, begin, caplog):
    caplog.set_level(logging.DEBUG, "tornado")
    h = begin(max_message_size=100)
    h.give(data, frame("more"))
    h.give(frame("more"))
    # The WebSocket is over; its transport is not.
    assert h.heard == [("closed", None, None)]
    assert not h.transport.closed
    assert h.sent[:4] == b"\x88" + h.sent[1:2] + code.to_bytes(2, "big")
    assert h.transport.eof_sent
    (record,) = caplog.records
    assert record.levelno == logging.DEBUG
    assert str(code) in record.getMessage()
    assert record.exc_info is None
    # The peer sees why, and leaves.
    h.transport.close()
    h.turn()
    assert h.heard == [("closed", None, None)]


def test_a_peer_that_goes_on_after_a_failure_is_cut(begin, monkeypatch):
    monkeypatch.setattr(session_module, "LINGER_TIMEOUT", 0.01)
    h = begin()
    h.give(b"\x81\x05Hello")
    h.give(b"x" * 1000)
    h.loop.run_until_complete(asyncio.sleep(0.03))
    assert h.transport.closed


def test_a_peer_that_floods_after_a_failure_is_cut(begin, monkeypatch):
    monkeypatch.setattr(session_module, "_MAX_DISCARDED", 5000)
    h = begin()
    h.give(b"\x81\x05Hello")
    for _ in range(6):
        h.give(b"x" * 1000)
    assert h.transport.closed


def test_abort(begin):
    h = begin()
    h.protocol._abort()
    assert h.protocol.client_terminated
    h.turn()
    assert h.heard == [("closed", None, None)]


# ---- receive ----


def test_receive(begin, loop):
    h = begin()
    first = h.protocol.receive()
    h.give(frame("one"), frame("two"), frame("three"))
    h.turn()
    assert first.result() == "one"
    assert h.protocol._engine.unread > 0
    assert loop.run_until_complete(h.protocol.receive()) == "two"
    assert loop.run_until_complete(h.protocol.receive()) == "three"
    assert h.heard == []


def test_receive_answers_pings_ahead(begin):
    h = begin()
    h.protocol.receive()
    h.give(frame("one"), frame(b"p", 0x89), frame("two"), frame(b"q", 0x89))
    h.turn()
    assert h.sent == b"\x8a\x01p"


def test_cancelling_receive_loses_nothing(begin, loop):
    h = begin()
    h.protocol.receive().cancel()
    h.give(frame("one"))
    h.turn()
    assert loop.run_until_complete(h.protocol.receive()) == "one"


def test_several_receivers_are_served_in_order(begin):
    h = begin()
    futures = [h.protocol.receive() for _ in range(3)]
    h.give(frame("a"), frame("b"))
    h.turn()
    assert [future.result() for future in futures[:2]] == ["a", "b"]
    h.give(close_frame(1000))
    h.turn()
    assert futures[2].result() is None


def test_receive_pauses_reading(begin, loop):
    h = begin()
    loop.run_until_complete(asyncio.sleep(0))
    h.protocol.receive().cancel()
    for _ in range(100):
        h.give(frame("x" * 1000))
    assert h.transport.paused
    assert h.protocol._engine.unread < 20_000
    for _ in range(100):
        assert loop.run_until_complete(h.protocol.receive()) == "x" * 1000
    assert not h.transport.paused


def test_receive_gives_what_arrived_before_the_end(begin, loop):
    h = begin()
    h.protocol.receive().cancel()
    h.give(frame("one"), frame("two"), close_frame(4000, b"r"))
    h.transport.close()
    h.turn()
    assert loop.run_until_complete(h.protocol.receive()) == "one"
    assert loop.run_until_complete(h.protocol.receive()) == "two"
    assert loop.run_until_complete(h.protocol.receive()) is None
    assert h.protocol.close_code == 4000
    assert loop.run_until_complete(h.protocol.receive()) is None


def test_receive_while_the_handler_opens(begin, loop):
    h = begin(opened=False)
    h.give(frame("one"))
    assert loop.run_until_complete(h.protocol.receive()) == "one"
    h.transport.close()
    h.turn()
    assert h.heard == []
    assert loop.run_until_complete(h.protocol.receive()) is None
    h.protocol._opened()
    assert h.heard == [("closed", None, None)]


def test_closing_does_not_wait_for_messages_that_nobody_asks_for(begin, loop):
    h = begin()
    h.protocol.receive().cancel()
    h.give(frame("one"), frame("two"), frame("three"))
    assert h.protocol._engine.unread
    h.protocol.close()
    h.turn()
    h.give(frame("four"), close_frame(1000))
    h.turn()
    assert h.transport.closed
    assert h.heard == [("closed", 1000, None)]
    # They are there nevertheless.
    received = [loop.run_until_complete(h.protocol.receive()) for _ in range(5)]
    assert received == ["one", "two", "three", "four", None]


def test_what_is_kept_while_closing_is_bounded(begin, loop, monkeypatch):
    monkeypatch.setattr(session_module, "_MAX_KEPT_AT_END", 2500)
    h = begin()
    h.protocol.receive().cancel()
    h.protocol.close()
    for i in range(10):
        h.give(frame(str(i) * 1000))
    h.give(close_frame(1000))
    h.turn()
    received = [loop.run_until_complete(h.protocol.receive()) for _ in range(3)]
    assert received == ["0" * 1000, "1" * 1000, None]


# ---- pings ----


def test_pings_and_latency(begin):
    h = begin(ping_interval=0.01, ping_timeout=0)
    h.protocol.start_pinging()
    h.wait_until(lambda: h.sent)
    assert h.sent.startswith(b"\x89\x00")
    assert h.protocol.latency is None
    h.give(frame(b"", 0x8A))
    assert 0 <= h.protocol.latency < 1
    assert not h.transport.closed


def test_a_silent_peer_is_closed(begin):
    h = begin(ping_interval=0.01, ping_timeout=0.005)
    h.protocol.start_pinging()
    h.wait_until(h.protocol.is_closing)
    assert h.sent == b"\x89\x00\x88\x10\x03\xe8ping timed out"
    assert h.protocol.is_closing()


def test_any_byte_is_a_sign_of_life(begin):
    h = begin(ping_interval=0.02)
    h.protocol.start_pinging()
    big = frame("x" * 60_000)
    for i in range(8):
        h.give(big[i * 100 : i * 100 + 100])
        h.loop.run_until_complete(asyncio.sleep(0.01))
    assert b"\x88" not in h.sent


def test_no_timer_without_an_interval(begin):
    h = begin()
    h.protocol.start_pinging()
    assert h.protocol._keepalive is None


def test_set_nodelay(begin):
    h = begin()
    h.protocol.set_nodelay(True)
    assert h.transport.nodelay is True


def test_async_callback(begin):
    h = begin()
    wrapped = h.protocol.async_callback(lambda a, b: a // b, 1)
    assert wrapped(1) == 1
    assert wrapped(0) is None
    assert [type(error) for error in h.delegate.errors] == [ZeroDivisionError]
    assert h.transport.closed


def test_hooks_of_control_frames(begin):
    """They may be coroutines, which hold what follows, and may fail."""
    gate = asyncio.Event()

    async def on_ping(data):
        await gate.wait()
        raise ZeroDivisionError

    h = begin()
    h.delegate.on_ping = on_ping
    h.give(frame(b"p", 0x89), frame("after"))
    h.turn()
    assert h.heard == []
    gate.set()
    h.turn()
    assert h.heard == [("closed", None, None)]
    assert h.sent == b"\x8a\x01p\x88\x02\x03\xf3"


def test_a_hook_of_a_control_frame_that_raises(begin):
    def on_pong(data):
        raise ZeroDivisionError

    h = begin()
    h.delegate.on_pong = on_pong
    h.give(frame(b"p", 0x8A))
    assert [type(error) for error in h.delegate.errors] == [ZeroDivisionError]
    assert h.sent == b"\x88\x02\x03\xf3"


def test_a_hook_whose_future_is_cancelled(begin):
    futures = []

    def behave(message):
        futures.append(asyncio.Future(loop=h.loop))
        return futures[0]

    h = begin(behave)
    h.give(frame("one"))
    futures[0].cancel()
    h.turn()
    assert [type(error) for error in h.delegate.errors] == [asyncio.CancelledError]
    assert h.sent == b"\x88\x02\x03\xf3"


@pytest.mark.parametrize(
    "decorate", [lambda func: func, gen.coroutine], ids=["native", "decorated"]
)
def test_a_hook_that_awaits_what_was_cancelled(begin, decorate):
    async def native(message):
        await future

    def generator(message):
        yield future

    h = begin(native if decorate is not gen.coroutine else gen.coroutine(generator))
    future = asyncio.Future(loop=h.loop)
    future.cancel()
    h.give(frame("one"))
    h.turn()
    assert [type(error) for error in h.delegate.errors] == [asyncio.CancelledError]
    assert h.sent == b"\x88\x02\x03\xf3"
    assert h.heard == ["one", ("closed", None, None)]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tasks do not tell who cancelled them")
def test_a_hook_that_is_cancelled_with_all_tasks(begin):
    """As `asyncio.run` does at its end: nothing went wrong then."""

    async def behave(message):
        await asyncio.sleep(60)

    h = begin(behave)
    h.give(frame("one"))
    h.turn()
    for task in asyncio.all_tasks(h.loop):
        task.cancel()
    h.turn()
    assert h.delegate.errors == []
    assert h.sent == b"\x88\x02\x03\xf3"


def test_writing_to_a_transport_that_just_ended(begin):
    """The session has not heard of it yet."""
    h = begin()
    h.transport.closed = True
    with pytest.raises(WebSocketClosedError):
        h.protocol.write_message("x")
    with pytest.raises(WebSocketClosedError):
        h.protocol.write_ping(b"")
    h.protocol.ping_interval = 1
    h.protocol.start_pinging()
    h.protocol.periodic_ping()
    assert h.protocol._keepalive is None
    h.transport.closed = False


def test_a_paused_transport_is_read_again_when_a_hook_fails(begin):
    """So that the peer's end is seen."""
    gate = asyncio.Event()

    async def behave(message):
        await gate.wait()
        raise ZeroDivisionError

    h = begin(behave)
    for _ in range(40):
        h.give(frame("x" * 1000))
    h.turn()
    assert h.transport.paused
    gate.set()
    h.turn()
    assert not h.transport.paused


def test_a_hook_fails_after_the_connection_was_lost(begin):
    gate = asyncio.Event()

    async def behave(message):
        await gate.wait()
        raise ZeroDivisionError

    h = begin(behave)
    h.give(frame("one"), frame("two"))
    h.turn()
    h.transport.close()
    h.turn()
    assert h.heard == ["one"]
    gate.set()
    h.turn()
    assert h.heard == ["one", ("closed", None, None)]
    assert [type(error) for error in h.delegate.errors] == [ZeroDivisionError]


def test_failure_that_arrived_before_the_end(begin):
    """The last thing that came broke the protocol, while a hook was running."""
    gate = asyncio.Event()

    async def behave(message):
        await gate.wait()

    h = begin(behave)
    h.give(frame("one"), b"\x81\x00")
    h.turn()
    h.transport.close()
    h.turn()
    gate.set()
    h.turn()
    assert h.heard == ["one", ("closed", None, None)]
