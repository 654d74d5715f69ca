"""Chunks from a transport go in, calls of hooks come out; messages go in, frames for the transport come out.

A session drives an engine over a `ByteTransport` for a `Delegate`. It hands on one message at a
time, in order: the next one waits while the awaitable of a hook is pending, while the peer does
not take what is sent to it, and while nobody asks for it. What waits stays undecoded, and past a
limit unread in the kernel.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any

from tornado import stack_context
from tornado._iostream.seam import DEFAULT_READ_CHUNK_SIZE
from tornado._loop.seam import CALLBACK_ERRORS
from tornado._websocket.codes import CloseCode
from tornado._websocket.engine import close_payload, read_close
from tornado._websocket.errors import WebSocketClosedError
from tornado._websocket.events import WORKING, CloseReceived, Failed, Ping, Pong
from tornado._websocket.frames import Opcode
from tornado._websocket.hooks import HookCaller, was_cancelled_itself
from tornado._websocket.keepalive import Keepalive, settle_timeout
from tornado._websocket.parameters import known_at_once
from tornado._websocket.replaceable import ReplaceableMethod
from tornado._websocket.seam import ByteTransport, FrameEngine
from tornado._websocket.state import State
from tornado._websocket.utf8 import decode_text
from tornado.escape import to_unicode
from tornado.iostream import StreamClosedError
from tornado.log import gen_log

__all__ = ["Session"]

#: Seconds that a closing handshake may take before the connection is cut.
CLOSE_TIMEOUT = 5.0
#: Seconds for which a peer that was told why it fails may go on sending before the connection is
#: cut.
LINGER_TIMEOUT = 2.0

#: Bytes that are received at once, so that a message of 64 KiB with its head comes in one piece.
_READ_CHUNK_SIZE = 98304
#: Seconds for which messages of one connection are handed on before the loop turns. Other
#: connections wait so long, and for the one message more that is being handled when the time is up.
_SECONDS_PER_TURN = 0.001
#: Events handed on before the loop turns, however fast: other work, such as timers, gets its turn.
_EVENTS_PER_TURN = 256
#: Bytes that wait for a busy delegate before reading pauses.
_MAX_UNREAD = 16384
#: Bytes of messages that are kept while this side closes and nobody asks; what comes after them is
#: dropped, so that the peer's close frame is found.
_MAX_KEPT_AT_END = 1024 * 1024
#: Bytes that a peer may still send after it was told why it fails.
_MAX_DISCARDED = 16 * 1024 * 1024

# Why no event is taken from the engine at the moment; 0 means that it flows.
_HOOK_RUNS = 1
_NOT_OPEN = 2
_PEER_IS_SLOW = 4
_LOOP_TURNS = 8
_NOBODY_ASKS = 16
_OVER = 32


class Session(HookCaller):
    """A connection after its opening handshake; the subclasses know the handshake."""

    ping_interval: float | None = None
    ping_timeout: float | None = None

    # An idle connection holds only what differs from these.
    _holds = _NOT_OPEN
    _is_open = False
    _paused = False
    #: Whether anything arrived since the last ping; and, for a replaced `_handle_message`, whether
    #: it passed anything on.
    _heard = True
    _handled = True
    _pulled = False
    _finished = False
    _discarded = 0
    _kept: "deque[str | bytes] | None" = None
    _kept_size = 0
    _readers: "deque[asyncio.Future[str | bytes | None]] | None" = None
    _keepalive: Keepalive | None = None
    _close_timer: asyncio.TimerHandle | None = None
    _end_waiters: "list[asyncio.Future[None]] | None" = None
    _hook: "asyncio.Future[Any] | None" = None
    #: What took the place of `_handle_message`, if anything did.
    _replaced_handle_message: Any

    # ---- the begin ----

    def _begin(self, transport: ByteTransport, engine: FrameEngine, loop: Any) -> None:
        """Speak WebSocket over ``transport`` from now on; hooks wait for `_opened`.

        :param loop: the asyncio loop of the transport.
        """
        self._begin_sending(transport, engine, loop)
        self._begin_calling()
        if getattr(transport, "read_chunk_size", None) == DEFAULT_READ_CHUNK_SIZE:
            transport.read_chunk_size = _READ_CHUNK_SIZE  # type: ignore[attr-defined]  # it has it
        with stack_context.NullContext():
            transport.attach(self)

    def _choose_subprotocol(self, handler: Any, offered: list[str]) -> str | None:
        chosen: str | None = known_at_once(
            handler.select_subprotocol(offered), handler, "select_subprotocol"
        )
        if chosen and chosen not in offered:
            raise ValueError(
                f"select_subprotocol returned {chosen!r}, expected one of {offered} or None"
            )
        self.selected_subprotocol = chosen
        return chosen

    async def _open(self, handler: Any) -> None:
        """Have the handler opened, then let events flow."""
        handler._opened = True
        try:
            result = self._run(partial(handler.open, *handler.open_args, **handler.open_kwargs))
            if result is not None:
                future = self._as_future(result)
                if future is not None:
                    await future
        except Exception as error:
            self._hook_failed(error)
        except asyncio.CancelledError:
            self._give_up(CloseCode.GOING_AWAY)
            self._opened()
            raise
        self._opened()

    def _opened(self) -> None:
        """Let events flow: the delegate is ready for them."""
        self._is_open = True
        self._holds &= ~_NOT_OPEN
        if self._holds & _OVER or (self._ended and self._pulled):
            self._finish()
        else:
            self._proceed()

    # ---- what the transport tells ----

    def chunk_received(self, data: bytes) -> None:
        """Take bytes that arrived."""
        self._heard = True
        engine = self._engine
        engine.feed(data)
        if not self._holds:
            self._pump()
        elif self._holds & _OVER:
            self._discarded += len(data)
            if self._discarded > _MAX_DISCARDED:
                self._abort()
        elif engine.unread > _MAX_UNREAD and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def writing_resumed(self) -> None:
        """The peer has taken most of what waited for it."""
        self._send_late_pong()
        self._release(_PEER_IS_SLOW)

    def _peer_falls_behind(self) -> None:
        # Hooks that write to a peer which does not listen must not fill the memory. A client, or
        # whoever asks for messages, decides about both directions by itself.
        if not self.is_client and not self._pulled:
            self._holds |= _PEER_IS_SLOW

    def stream_closed(self, error: BaseException | None) -> None:
        """The transport ended, in order or because of ``error``."""
        self._ended = self.client_terminated = self.server_terminated = True
        self._stop_timers()
        for waiter in self._end_waiters or ():
            if not waiter.done():
                waiter.set_result(None)
        self._holds &= ~_PEER_IS_SLOW
        if self._pulled or self._holds & _OVER or not self._engine.unread:
            self._finish()
        else:
            # Messages that arrived before the end are still handed on, then _idle() finishes.
            self._proceed()

    # ---- events ----

    def _release(self, reason: int) -> None:
        self._holds &= ~reason
        self._proceed()

    def _proceed(self) -> None:
        if not self._holds:
            self._pump()

    def _pump(self) -> None:
        """Hand on events until there is none, something holds them, or the time of a turn is up."""
        if self._replaced_handle_message is not None:
            self._pump_by_hook()
            return
        next_event = self._engine.next_event
        run = self._run
        sent = self._sent
        deadline = monotonic() + _SECONDS_PER_TURN
        for _ in range(_EVENTS_PER_TURN):
            event = next_event()
            kind = type(event)
            if kind is str or kind is bytes:
                if self._pulled:
                    self._give(event)  # type: ignore[arg-type]  # it is a message
                else:
                    try:
                        result = run(self.handler.on_message, event)
                    except CALLBACK_ERRORS as error:
                        self._hook_failed(error)
                        return
                    if result is not None and result is not sent:
                        self._settle(result)
            elif event is None:
                self._idle()
                return
            else:
                self._take_event(event)
            if self._holds:
                return
            if monotonic() >= deadline:
                break
        self._turn_loop()

    def _turn_loop(self) -> None:
        """Let other connections have their turn before the next event is handed on."""
        self._holds |= _LOOP_TURNS
        # Called before the loop polls for events, so that what arrived for others in the meantime
        # comes before the next event.
        self._loop.call_soon(self._loop.call_soon, self._release, _LOOP_TURNS)

    def _idle(self) -> None:
        """Everything that arrived was handed on."""
        if self._ended:
            self._finish()
        elif self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _take_event(self, event: Any) -> None:
        """Act on an event that is no message."""
        output = self._engine.take_output()
        if type(event) is Ping:
            self._send_pong(event.payload, output)
            self._call_hook(self.handler.on_ping, event.payload)
        elif type(event) is Pong:
            self._take_pong(event.payload)
            self._call_hook(self.handler.on_pong, event.payload)
        elif type(event) is CloseReceived:
            self._take_close(event.code, event.reason, output)
        elif type(event) is Failed:
            self._send_control(Opcode.CLOSE, close_payload(event.code, event.reason), output)
            gen_log.debug("WebSocket connection failed with %d: %s", event.code, event.reason)
            self._linger()

    def _take_pong(self, payload: bytes) -> None:
        if self._pinged_at is not None and not payload:
            self.latency = self._loop.time() - self._pinged_at
            self._pinged_at = None

    def _take_close(self, code: int | None, reason: str, output: bytes) -> None:
        payload = b"" if code is None else code.to_bytes(2, "big")
        self._send_control(Opcode.CLOSE, payload, output)
        self.close_code = code
        self.close_reason = reason or None
        self._close_completed()

    # ---- the hook that sees each message and control frame ----

    @ReplaceableMethod
    def _handle_message(self, opcode: int, data: bytes) -> "asyncio.Future[Any] | None":
        """Act on a whole message or a control frame; all of them pass here if it is replaced.

        :param data: the payload of the frame; of a message, after decompression.
        :returns: a future for which whatever comes next waits, ``None`` for none.
        """
        self._handled = True
        if opcode == Opcode.TEXT or opcode == Opcode.BINARY:
            message = decode_text(data) if opcode == Opcode.TEXT else data
            if self._pulled:
                self._give(message)
                return None
            return self._future_of(self._run(self.handler.on_message, message))
        output = self._engine.take_output()
        if opcode == Opcode.PING:
            self._send_pong(data, output)
            return self._future_of(self._run(self.handler.on_ping, data))
        if opcode == Opcode.PONG:
            self._take_pong(data)
            return self._future_of(self._run(self.handler.on_pong, data))
        if opcode == Opcode.CLOSE:
            self._take_close(*read_close(data), output)
        return None

    def _pump_by_hook(self) -> None:
        """Do what `_pump` does through a replaced `_handle_message`."""
        deadline = monotonic() + _SECONDS_PER_TURN
        for _ in range(_EVENTS_PER_TURN):
            event = self._engine.next_event()
            if event is None:
                self._idle()
                return
            if isinstance(event, Failed):
                self._take_event(event)
            elif event is not WORKING:
                try:
                    result = self._handle_message(*_as_frame(event))
                except CALLBACK_ERRORS as error:
                    self._hook_failed(error)
                    return
                # What the hook did not let pass is not replied to.
                self._engine.take_output()
                if result is not None:
                    self._settle(result)
            if self._holds:
                return
            if monotonic() >= deadline:
                break
        self._turn_loop()

    # ---- hooks ----

    def _call_hook(self, hook: Callable[..., Any], *args: Any) -> None:
        try:
            result = self._run(hook, *args)
        except CALLBACK_ERRORS as error:
            self._hook_failed(error)
            return
        if result is not None:
            self._settle(result)

    def _settle(self, result: Any) -> None:
        """Hold what comes next until what a hook returned is done."""
        future = self._as_future(result)
        if future is None:
            return
        if future.done():
            self._check_hook(future)
        else:
            self._hook = future
            self._holds |= _HOOK_RUNS
            future.add_done_callback(self._hook_done)

    def _hook_done(self, future: "asyncio.Future[Any]") -> None:
        self._hook = None
        self._check_hook(future)
        self._release(_HOOK_RUNS)

    def _check_hook(self, future: "asyncio.Future[Any]") -> None:
        if not future.cancelled():
            error = future.exception()
            if error is not None:
                self._hook_failed(error)
        elif was_cancelled_itself(future):
            self._give_up(CloseCode.INTERNAL_ERROR)
        else:
            self._hook_failed(asyncio.CancelledError("a hook awaited what was cancelled"))

    def _hook_failed(self, error: BaseException) -> None:
        """A hook raised: say 1011, and hand on nothing more."""
        if isinstance(error, (WebSocketClosedError, StreamClosedError)) and self.is_closing():
            # The peer left while the hook was writing to it: nobody's fault.
            gen_log.debug("WebSocket closed while a hook was running")
        else:
            self.handler.log_exception(type(error), error, error.__traceback__)
        self._give_up(CloseCode.INTERNAL_ERROR)

    # ---- messages for whoever asks ----

    def receive(self) -> "asyncio.Future[str | bytes | None]":
        """Return a future of the next message, ``None`` when there will be none.

        From the first call on, messages come out here and no longer go to ``on_message``. One
        message at most is decoded ahead of the calls. Cancelling the future loses no message.
        """
        future: asyncio.Future[str | bytes | None] = self._loop.create_future()
        if self._readers is None:
            self._pull()
        assert self._readers is not None
        if self._kept:
            message = self._kept.popleft()
            self._kept_size -= len(message)
            future.set_result(message)
            self._holds &= ~_NOBODY_ASKS
        elif self._ended:
            future.set_result(self._next_of_rest())
            return future
        elif self._holds & _OVER:
            future.set_result(None)
            return future
        else:
            self._readers.append(future)
        if self._engine.unread or self._paused:
            self._loop.call_soon(self._proceed)
        return future

    def _pull(self) -> None:
        """Keep messages for `receive` from now on."""
        self._pulled = True
        self._readers = deque()
        self._kept = deque()
        self._holds &= ~_NOT_OPEN

    def _give(self, message: str | bytes) -> None:
        """Hand a message to who asked first, or keep it until somebody asks."""
        assert self._readers is not None
        assert self._kept is not None
        while self._readers:
            reader = self._readers.popleft()
            if not reader.done():
                reader.set_result(message)
                return
        if self._engine.state is State.OPEN:
            self._holds |= _NOBODY_ASKS
        elif self._kept_size + len(message) > _MAX_KEPT_AT_END:
            return
        self._kept.append(message)
        self._kept_size += len(message)

    def _next_of_rest(self) -> str | bytes | None:
        """Return the next message of those that arrived before the transport ended."""
        while True:
            event = self._engine.next_event()
            if event is None or isinstance(event, (str, bytes)):
                return event
            if isinstance(event, CloseReceived):
                self.close_code = event.code
                self.close_reason = event.reason or None

    # ---- keeping alive ----

    def start_pinging(self) -> None:
        """Send pings every `ping_interval` seconds, if that is set; a silent peer is closed."""
        if self.ping_interval and self._keepalive is None and not self._ended:
            self._keepalive = Keepalive(
                self._loop,
                self.ping_interval,
                settle_timeout(self.ping_interval, self.ping_timeout),
                self._ping_again,
                self._peer_is_alive,
                self._ping_timed_out,
            )

    def _peer_is_alive(self) -> bool:
        """Return whether something came since the last ping, or could not be seen."""
        heard = self._heard if self._replaced_handle_message is None else self._handled
        return heard or self._paused

    def _ping_again(self) -> None:
        self._heard = self._handled = False
        try:
            self._pinged_at = None
            self.write_ping(b"")
        except WebSocketClosedError:
            self._stop_timers()

    def _ping_timed_out(self) -> None:
        gen_log.debug("WebSocket peer did not respond to a ping in time")
        self.close(CloseCode.NORMAL, "ping timed out")

    def _stop_timers(self) -> None:
        if self._keepalive is not None:
            self._keepalive.stop()
            self._keepalive = None
        if self._close_timer is not None:
            self._close_timer.cancel()
            self._close_timer = None

    # ---- the end ----

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Begin the closing handshake; if it has begun already, do nothing.

        :param code: 1000 to 1003, 1007 to 1014 or 3000 to 4999; ``None`` for none, or for 1000 if
            there is a reason.
        :param reason: at most 123 bytes as UTF-8.
        :raises ValueError: for another code, or a longer reason.
        """
        if self.is_closing():
            return
        text = to_unicode(reason or "")  # the releases take bytes, too
        frame = self._engine.encode_close(code, text)
        self.server_terminated = True
        self._stop_timers()
        self._send_control(Opcode.CLOSE, close_payload(code, text), frame)
        self._cut_after(CLOSE_TIMEOUT)
        if self._holds & _NOBODY_ASKS:
            # The peer's close frame may stand behind messages that nobody will ask for.
            self._loop.call_soon(self._release, _NOBODY_ASKS)

    def _cut_after(self, seconds: float) -> None:
        if self._close_timer is None and not self._ended:
            self._close_timer = self._loop.call_later(seconds, self._abort)

    def _close_completed(self) -> None:
        """Both close frames are out: the server ends the transport, the client waits for it."""
        self.client_terminated = self.server_terminated = True
        if self._keepalive is not None:
            self._keepalive.stop()
            self._keepalive = None
        self._nothing_follows()
        if not self._ended:
            self._cut_after(CLOSE_TIMEOUT)
            if not self.is_client:
                self._close_when_flushed()
        self._finish()

    def _close_when_flushed(self) -> None:
        """Close the transport when everything sent so far has left."""
        try:
            flushed = self._transport.flushed()
        except StreamClosedError:
            return
        if flushed is None:
            self._transport.close()
        else:
            flushed.add_done_callback(lambda _: self._transport.close())

    def _give_up(self, code: int) -> None:
        """Close for this side's reasons: take nothing more from the peer."""
        if not self.is_closing():
            frame = self._engine.encode_close(code)
            self._send_control(Opcode.CLOSE, close_payload(code, ""), frame)
        if not self._holds & _OVER:
            self._engine.end()
            self._linger()

    def _linger(self) -> None:
        """End the sending direction, and drop what comes until the peer has seen why."""
        self.client_terminated = self.server_terminated = True
        self._stop_timers()
        self._nothing_follows()
        if not self._ended:
            if self._paused:
                self._paused = False
                self._transport.resume_reading()
            self._transport.write_eof()
            self._cut_after(LINGER_TIMEOUT)
        self._finish()

    def _nothing_follows(self) -> None:
        self._holds |= _OVER
        while self._readers:
            reader = self._readers.popleft()
            if not reader.done():
                reader.set_result(self._next_of_rest())

    async def _wait_for_transport(self, seconds: float) -> None:
        """Wait until the transport ends, and end it if the peer has not done so in time."""
        if self._ended:
            return
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._end_waiters = [*(self._end_waiters or ()), waiter]
        try:
            await asyncio.wait_for(waiter, seconds)
        except asyncio.TimeoutError:
            self._transport.close()

    def _abort(self) -> None:
        """End the connection at once, without a closing handshake."""
        self.client_terminated = self.server_terminated = True
        if self.stream is not None:
            self._transport.close()

    def _finish(self) -> None:
        """Announce that the WebSocket is over, once, and not before it was open.

        It is over when the closing handshake is done or has failed. The transport may last longer,
        until the peer ends it or `_close_timer` does.
        """
        if self._finished or not self._is_open:
            return
        self._finished = True
        if self._ended:
            self._stop_timers()
        self._nothing_follows()
        if not self._pulled:
            self._engine.end()
        try:
            self._run(self.handler.on_ws_connection_close, self.close_code, self.close_reason)
        except CALLBACK_ERRORS as error:
            self.handler.log_exception(type(error), error, error.__traceback__)


def _as_frame(event: Any) -> tuple[int, bytes]:
    """Return the opcode and the payload that an event came of."""
    if isinstance(event, str):
        return int(Opcode.TEXT), event.encode()
    if isinstance(event, bytes):
        return int(Opcode.BINARY), event
    if isinstance(event, CloseReceived):
        return int(Opcode.CLOSE), close_payload(event.code, event.reason)
    return int(Opcode.PING if isinstance(event, Ping) else Opcode.PONG), event.payload
