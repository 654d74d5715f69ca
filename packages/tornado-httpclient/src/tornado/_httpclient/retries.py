"""When a `.Session` sends a request again, and after what time."""

from __future__ import annotations

import random
import time
from collections.abc import Collection

from tornado._httpclient.cookies import parse_moment
from tornado._httpclient.errors import HTTPClientError, HTTPProtocolError
from tornado._httpclient.fetch import IDEMPOTENT
from tornado._httpclient.request import HTTPRequest
from tornado._httpclient.response import HTTPResponse

#: Retries that a budget holds at most, and at its beginning.
_MAX_TOKENS = 10.0


class Retries:
    """Repeats requests that failed for a reason that may pass.

    Repeated are requests of an idempotent method with content that can be sent again, if there was
    no connection, no response in time, or one of ``statuses``. The time between two attempts is
    random, up to ``backoff`` doubled with each (full jitter), unless the response has a
    ``Retry-After``.

    A *budget* keeps retries from adding to the load of servers that are overloaded: each request of
    the sessions that share this object adds ``budget`` to it, each retry takes 1, and where less
    than 1 is left, errors are returned at once. It begins with 10, which is also its maximum.

    :param total: retries of one request at most.
    :param statuses: of responses that are worth another try.
    :param methods: that may be repeated (default: those that RFC 9110 calls idempotent).
    :param backoff: seconds, the upper bound of the first delay.
    :param max_delay: seconds of a delay at most. A response that asks for more is returned.
    :param budget: retries for each request, on average.
    """

    def __init__(
        self,
        total: int = 3,
        *,
        statuses: Collection[int] = (429, 502, 503, 504),
        methods: Collection[str] = IDEMPOTENT,
        backoff: float = 0.2,
        max_delay: float = 30.0,
        budget: float = 0.1,
    ) -> None:
        self.total = total
        self.statuses = frozenset(statuses)
        self.methods = frozenset(methods)
        self.backoff = backoff
        self.max_delay = max_delay
        self.budget = budget
        self._tokens = _MAX_TOKENS

    def begin(self) -> None:
        """Take note of a new request."""
        self._tokens = min(self._tokens + self.budget, _MAX_TOKENS)

    def give_back(self) -> None:
        """Return to the budget what a retry has taken: it was of use."""
        self._tokens = min(self._tokens + 1, _MAX_TOKENS)

    def delay(
        self, request: HTTPRequest, attempt: int, outcome: HTTPResponse | BaseException
    ) -> float | None:
        """Return the seconds after which to try again; ``None`` if not at all.

        :param attempt: count of retries that were made before.
        :param outcome: of the last attempt.
        """
        if (
            attempt >= self.total
            or request.method not in self.methods
            or request.body_producer is not None
            or self._tokens < 1
        ):
            return None
        seconds = random.uniform(0, min(self.backoff * 2**attempt, self.max_delay))
        if isinstance(outcome, HTTPResponse):
            if outcome.code not in self.statuses:
                return None
            asked = _retry_after(outcome)
            if asked is not None:
                if asked > self.max_delay:
                    return None
                seconds = asked
        elif not _may_pass(outcome):
            return None
        self._tokens -= 1
        return seconds


def _may_pass(error: BaseException) -> bool:
    """Return whether an error says nothing about the request itself."""
    if isinstance(error, HTTPClientError):
        return error.code == 599 and not isinstance(error, HTTPProtocolError)
    # A certificate that is not valid stays so.
    return isinstance(error, OSError) and not isinstance(error, ValueError)


def _retry_after(response: HTTPResponse) -> float | None:
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    moment = parse_moment(value)
    return None if moment is None else max(moment - time.time(), 0.0)


Retries.__module__ = "tornado.httpclient"
