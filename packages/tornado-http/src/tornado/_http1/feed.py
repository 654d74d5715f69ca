"""Events of a reader go in, calls of a consumer come out, at the pace the consumer sets.

A consumer slows the feed by returning an awaitable from a call: the next call waits until it is
done. The feed also lets the loop turn after about a millisecond of calls, after a bounded number of
them, and after each batch of tiny chunks. Those are joined across turns, up to the size of a piece,
so that the consumer is called seldom.
"""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol

from tornado import gen
from tornado._http1.decoding import GzipDecoder
from tornado._http1.errors import MessageError
from tornado._http1.failures import APPLICATION_ERRORS
from tornado._http1.reader import END, EndOfMessage, MessageReader

#: Calls of a consumer, and seconds of them, before the loop turns.
_CALLS_PER_TURN = 64
_SECONDS_PER_TURN = 0.001

_monotonic = time.monotonic


class _Turn(enum.Enum):
    """Reported instead of a piece: there is more, and the loop should turn before it is read."""

    NEEDED = "needed"


class FeedOwner(Protocol):
    """What a feed reports to."""

    def content_wanted(self) -> None:
        """All content that was received is consumed; more may come."""

    def content_blocked(self) -> None:
        """The consumer is busy; nothing should be received for now."""

    def content_ended(self) -> None:
        """The content is complete and consumed."""

    def content_refused(self, error: MessageError) -> None:
        """The content violates the protocol."""

    def consumer_failed(self, error: BaseException) -> None:
        """The consumer raised ``error``."""


class ContentFeed:
    """Moves the content of one message from a reader to ``consume``.

    :param piece_size: bytes given to one call, at most.
    :param decoder: decodes the content on its way.
    """

    __slots__ = (
        "_consume",
        "_decoder",
        "_end",
        "_held",
        "_held_size",
        "_loop",
        "_owner",
        "_piece_size",
        "_pieces",
        "_reader",
        "_task",
        "_turn",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        reader: MessageReader[Any],
        owner: FeedOwner,
        consume: Callable[[bytes], Awaitable[None] | None],
        piece_size: int,
        decoder: GzipDecoder | None = None,
    ) -> None:
        self._loop = loop
        self._reader = reader
        self._owner: FeedOwner | None = owner
        self._consume = consume
        self._piece_size = piece_size
        self._decoder = decoder
        self._pieces: Iterator[bytes] | None = None
        self._task: asyncio.Future[Any] | None = None
        self._turn: asyncio.Handle | None = None
        self._held: list[bytes] = []  # data of tiny chunks, to be joined
        self._held_size = 0
        self._end: EndOfMessage | None = None  # was read behind what is held

    def pump(self) -> None:
        """Consume what was received; does nothing while the consumer is busy."""
        owner = self._owner
        if owner is None or self._task is not None or self._turn is not None:
            return
        until = _monotonic() + _SECONDS_PER_TURN
        try:
            for _ in range(_CALLS_PER_TURN):
                piece = self._next_piece()
                if piece is _Turn.NEEDED:
                    break
                if piece is None:
                    owner.content_wanted()
                    return
                if piece is END:
                    if self._decoder is not None:
                        self._decoder.finish()
                    self._owner = None
                    owner.content_ended()
                    return
                if not self._give(piece) or self._owner is None:
                    return  # it needs time, or the response was sent meanwhile
                if _monotonic() >= until:
                    break
        except MessageError as error:
            self._owner = None
            owner.content_refused(error)
            return
        # Before the loop polls for events: what arrived for others in the meantime comes first.
        self._turn = self._loop.call_soon(self._turn_after_poll)
        owner.content_blocked()

    def _turn_after_poll(self) -> None:
        self._turn = self._loop.call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._turn = None
        self.pump()

    def _next_piece(self) -> bytes | EndOfMessage | _Turn | None:
        """Return the next piece of content, decoded."""
        reader = self._reader
        while True:
            if self._pieces is not None:
                piece = next(self._pieces, None)
                if piece is not None:
                    return piece
                self._pieces = None
            event, self._end = self._end or reader.next_event(), None
            if isinstance(event, bytes):
                if self._held or reader.is_joining:
                    self._held.append(event)
                    self._held_size += len(event)
                    if reader.is_joining and self._held_size < self._piece_size:
                        return _Turn.NEEDED
                    event = self._take_held()
            elif not self._held:
                return event
            else:
                self._end = event
                event = self._take_held()
            if self._decoder is not None:
                self._pieces = self._decoder.decode(event)
            elif len(event) <= self._piece_size:
                return event
            else:
                size = self._piece_size
                self._pieces = (event[i : i + size] for i in range(0, len(event), size))

    def _take_held(self) -> bytes:
        data = b"".join(self._held)
        self._held.clear()
        self._held_size = 0
        return data

    def _give(self, piece: bytes) -> bool:
        """Call the consumer; return whether it can take more at once."""
        try:
            result = self._consume(piece)
            return result is None or not self.wait(result)
        except MessageError:
            raise
        except APPLICATION_ERRORS as error:
            self._fail(error)
            return False

    def wait(self, result: Awaitable[Any]) -> bool:
        """Hold the feed until ``result`` is done; return whether it has to wait at all."""
        future = gen.convert_yielded(result)
        if future.done() and not future.cancelled() and future.exception() is None:
            return False
        self._task = future
        future.add_done_callback(self._consumer_ready)
        if self._owner is not None:
            self._owner.content_blocked()
        return True

    def _consumer_ready(self, future: asyncio.Future[Any]) -> None:
        self._task = None
        if future.cancelled():
            self._fail(asyncio.CancelledError())
        elif future.exception() is not None:
            error = future.exception()
            assert error is not None
            self._fail(error)
        else:
            self.pump()

    def _fail(self, error: BaseException) -> None:
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.consumer_failed(error)

    def stop(self) -> None:
        """Consume nothing more."""
        self._owner = None
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
