"""Server-sent events: an application's events go in, a ``text/event-stream`` response comes out.

The format and the rules for reconnecting are those of the HTML standard of WHATWG, section "Server-sent
events".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from tornado._web.handler import RequestHandler
from tornado.escape import json_encode
from tornado.iostream import StreamClosedError

__all__ = ["EventStream", "ServerSentEvent"]

_LINE_END: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class ServerSentEvent:
    """One event of an `EventStream`.

    :raises ValueError: for an ``event`` or ``id`` with a line end, an ``id`` with a NUL, which browsers
        ignore, or a negative ``retry``.

    .. versionadded:: 6.100
    """

    #: What the browser's ``event.data`` is: text of any number of lines. Anything else is sent as JSON;
    #: with ``None`` no event is fired, but ``id`` and ``retry`` take effect.
    data: Any = None
    #: The event's type, for ``addEventListener``; ``None`` means ``message``.
    event: str | None = None
    #: What a browser that reconnects sends as ``Last-Event-ID``. The empty text resets it.
    id: str | None = None
    #: Milliseconds after which a browser reconnects from now on.
    retry: int | None = None

    def __post_init__(self) -> None:
        for name in ("event", "id"):
            value = getattr(self, name)
            if value is not None and (_LINE_END.search(value) or "\0" in value):
                raise ValueError(f"{name} of an event holds a line end or NUL: {value!r}")
        if self.retry is not None and (not isinstance(self.retry, int) or self.retry < 0):
            raise ValueError(f"retry is {self.retry!r}; expected milliseconds")

    def encode(self) -> bytes:
        """Return the event as it is sent."""
        lines: list[str] = []
        if self.event is not None:
            lines.append(f"event: {self.event}")
        if self.id is not None:
            lines.append(f"id: {self.id}")
        if self.retry is not None:
            lines.append(f"retry: {self.retry}")
        if self.data is not None:
            data = self.data if isinstance(self.data, str) else json_encode(self.data)
            lines += [f"data: {line}" for line in _LINE_END.split(data)]
        return "\n".join([*lines, "", ""]).encode("utf-8")


class EventStream(RequestHandler):
    """Base of handlers that send events to a browser's ``EventSource``.

    Override `events`, either as a coroutine that calls `send_event` or as an asynchronous generator::

        class Ticker(web.EventStream):
            async def events(self):
                start = int(self.last_event_id or -1) + 1
                for number in itertools.count(start):
                    yield web.ServerSentEvent({"number": number}, id=str(number))
                    await asyncio.sleep(1)

    When `events` returns, the response ends and the browser reconnects. To make it stop for good, respond
    with 204 in ``prepare``; for a refusal raise `HTTPError` there.

    When the client leaves, `events` is cancelled.

    .. versionadded:: 6.100
    """

    #: Seconds without an event after which a comment is sent, so that proxies keep the connection and a
    #: client that is gone is noticed; 0 for none.
    heartbeat: ClassVar[float] = 15.0

    _events_task: asyncio.Task[None] | None = None
    _heart: asyncio.TimerHandle | None = None
    _pending: asyncio.Future[None] | None = None
    _sent_at = 0.0

    @property
    def last_event_id(self) -> str:
        """The ``id`` of the last event that a client which reconnects received; empty if there is none."""
        given = self.request.headers.get("Last-Event-ID", "")
        try:
            return given.encode("latin-1").decode("utf-8", "replace")
        except UnicodeEncodeError:
            return given  # text already, in a request that did not come over HTTP/1.1

    def events(self, *args: Any, **kwargs: Any) -> Awaitable[None] | AsyncIterator[Any]:
        """Send the events. To be overridden.

        :param args: the groups of the route's pattern, as for ``get``.
        :returns: a coroutine, or an asynchronous generator of `ServerSentEvent` objects (or of what they
            have as ``data``).
        """
        raise NotImplementedError(f"{type(self).__name__}.events is not defined")

    async def send_event(
        self,
        data: Any = None,
        event: str | None = None,
        id: str | None = None,
        retry: int | None = None,
    ) -> None:
        """Send an event, and wait while the client is slow.

        :param data: a `ServerSentEvent`, or its ``data``; the other parameters are its other attributes.
        :raises StreamClosedError: if the client has gone.
        :raises ValueError: as `ServerSentEvent`.
        """
        if not isinstance(data, ServerSentEvent):
            data = ServerSentEvent(data, event, id, retry)
        await self._send(data.encode())

    async def send_comment(self, text: str = "") -> None:
        """Send a comment, which clients ignore.

        :raises StreamClosedError: if the client has gone.
        """
        lines = [f": {line}\n" for line in _LINE_END.split(text)]
        await self._send(("".join(lines) + "\n").encode("utf-8"))

    async def _send(self, data: bytes) -> None:
        self._sent_at = asyncio.get_running_loop().time()
        self.write(data)
        self._pending = self.flush()
        await self._pending

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Respond with the stream of `events`."""
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")  # for nginx
        if self.request.method == "HEAD":
            return
        try:
            await self.flush()  # the browser's "open" does not wait for the first event
        except StreamClosedError:
            return
        self._sent_at = asyncio.get_running_loop().time()
        self._beat()
        task = self._events_task = asyncio.ensure_future(self._run_events(args, kwargs))
        try:
            await task
        except asyncio.CancelledError:
            if not self._client_left:
                task.cancel()
                raise
        except StreamClosedError:
            if not self._is_abandoned():
                raise
        finally:
            if self._heart is not None:
                self._heart.cancel()

    async def _run_events(self, args: Any, kwargs: Any) -> None:
        found: Any = self.events(*args, **kwargs)
        if not hasattr(found, "__aiter__"):
            await found
            return
        try:
            async for event in found:
                await self.send_event(event)
        finally:
            close = getattr(found, "aclose", None)
            if close is not None:
                await close()

    def _beat(self) -> None:
        """Send a comment if there was nothing for long, and look again later."""
        if not self.heartbeat:
            return
        loop = asyncio.get_running_loop()
        waited = loop.time() - self._sent_at
        pending = self._pending
        if waited >= self.heartbeat * 0.99:
            waited = 0.0
            # Nothing is added to what a slow client has not taken yet.
            if pending is None or pending.done():
                self._sent_at = loop.time()
                self.write(b":\n\n")
                self._pending = self.flush()
                self._pending.add_done_callback(_ignore_failure)
        self._heart = loop.call_later(self.heartbeat - waited, self._beat)

    def on_connection_close(self) -> None:
        """Cancel `events`. Overrides have to call it."""
        task = self._events_task
        if task is not None:
            task.cancel()


def _ignore_failure(future: asyncio.Future[None]) -> None:
    """Take note of a failure: that the client is gone is told to the handler in another way."""
    if not future.cancelled():
        future.exception()
