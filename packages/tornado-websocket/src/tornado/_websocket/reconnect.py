"""A URL goes in, one open connection after the other comes out."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

from tornado._websocket.client import WebSocketClientConnection, websocket_connect
from tornado._websocket.errors import HandshakeError, WebSocketError
from tornado.httpclient import HTTPError, HTTPRequest
from tornado.log import gen_log

__all__ = ["Backoff", "is_temporary", "reconnecting_websocket"]


class Backoff:
    """Delays between attempts: they double up to a limit, and a part of each is left to chance.

    :param initial: seconds, before the second attempt.
    :param maximum: seconds, the most.
    :param factor: by what a delay grows.
    :param jitter: the share of a delay that chance decides, 0 to 1.
    :param chance: gives a number from 0 to 1.
    """

    def __init__(
        self,
        initial: float = 0.5,
        maximum: float = 60.0,
        factor: float = 2.0,
        jitter: float = 0.5,
        chance: Callable[[], float] = random.random,
    ) -> None:
        if initial <= 0 or maximum < initial or factor < 1 or not 0 <= jitter <= 1:
            raise ValueError("expected 0 < initial <= maximum, factor >= 1, 0 <= jitter <= 1")
        self._initial = initial
        self._maximum = maximum
        self._factor = factor
        self._jitter = jitter
        self._chance = chance
        self._next = initial

    def delay(self) -> float:
        """Return the seconds to wait before the next attempt."""
        delay = self._next
        self._next = min(delay * self._factor, self._maximum)
        return delay * (1 - self._jitter * self._chance())

    def reset(self) -> None:
        """Begin with the shortest delay again."""
        self._next = self._initial


def is_temporary(error: BaseException) -> bool:
    """Return whether another attempt may do better than the one that ended with ``error``.

    A server that cannot be reached, that is too busy or that fails may be back soon; one that
    refuses the request, or does not speak the protocol, will do so again.
    """
    if isinstance(error, HTTPError):
        return error.code in (408, 425, 429) or error.code >= 500
    if isinstance(error, (WebSocketError, HandshakeError)):
        return False
    return isinstance(error, (OSError, asyncio.TimeoutError))


async def reconnecting_websocket(
    url: str | HTTPRequest,
    *,
    backoff: Backoff | None = None,
    max_attempts: int | None = None,
    stable_after: float = 10.0,
    should_retry: Callable[[BaseException], bool] = is_temporary,
    **options: Any,
) -> AsyncIterator[WebSocketClientConnection]:
    """Yield open connections to one URL: the next when the one before is closed.

    ::

        async for connection in reconnecting_websocket("wss://example.com/feed"):
            async for message in connection:
                print(message)

    The body of the loop ends when its connection does; a connection still open then is closed. To
    stop, leave the loop.

    :param backoff: the delays after attempts that failed, and after connections that were open for
        less than ``stable_after``; by default from half a second to a minute, with half of each
        left to chance.
    :param max_attempts: attempts in a row that may fail before the last error is raised; ``None``
        for any number.
    :param stable_after: seconds for which a connection has to be open to count as a success.
    :param should_retry: tells whether an error is worth another attempt; if not it is raised.
    :param options: for `websocket_connect`.
    :raises Exception: what `websocket_connect` raised.

    .. versionadded:: 6.100
    """
    backoff = backoff or Backoff()
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        try:
            connection = await websocket_connect(url, **options)
        except Exception as error:
            failures += 1
            if not should_retry(error) or failures == max_attempts:
                raise
            gen_log.info("WebSocket connection failed, another attempt follows: %s", error)
        else:
            opened_at = loop.time()
            try:
                yield connection
            finally:
                connection.close()
            failures = 0
            if loop.time() - opened_at >= stable_after:
                backoff.reset()
                continue
        await asyncio.sleep(backoff.delay())


for _public in (reconnecting_websocket, Backoff):
    _public.__module__ = "tornado.websocket"
