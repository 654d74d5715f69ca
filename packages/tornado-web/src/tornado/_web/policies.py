"""Policies as middleware: who may ask, from where, how often, and what every response says."""

from __future__ import annotations

import asyncio
import math
import re
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import lru_cache
from ipaddress import ip_network

from tornado._http1.seam import TOKEN
from tornado._routing.calls import Call, CallNext, Response, ResponseHead
from tornado.httputil import HTTPHeaders, HTTPServerRequest

__all__ = [
    "CORS",
    "BodyLimit",
    "HTTPSRedirect",
    "RateLimit",
    "RequestID",
    "TimeLimit",
    "TrustedHosts",
    "request_id",
]

#: The id of the request that is being served, where `RequestID` is used; ``None`` elsewhere.
request_id: ContextVar[str | None] = ContextVar("tornado.middleware.request_id", default=None)


class TrustedHosts:
    """Refuses requests whose Host names another site, with 400.

    :param hosts: host names without ports, in any case; ``"*.example.com"`` stands for all subdomains.

    .. versionadded:: 6.100
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        if isinstance(hosts, str):
            raise TypeError("hosts must be a list of host names, not one of them")
        names = [host.lower() for host in hosts]
        self._names = {name for name in names if not name.startswith("*.")}
        self._suffixes = tuple(name[1:] for name in names if name.startswith("*."))

    def __call__(self, request: HTTPServerRequest, call_next: CallNext) -> Call | Response:
        name = request.host_name.lower()
        if name in self._names or (self._suffixes and name.endswith(self._suffixes)):
            return call_next(request)
        return Response(400, "this site has another name")


class HTTPSRedirect:
    """Sends requests that came by plain HTTP to the same URL by HTTPS.

    Behind a proxy that ends TLS, the server needs ``xheaders=True``, so that it knows the protocol.

    :param host: the host, with a port unless it is 443; by default that of the request, for which
        `TrustedHosts` belongs in front.
    :param hsts: seconds for which browsers shall use nothing but HTTPS for this host (RFC 6797), said in
        responses by HTTPS; ``None`` to say nothing.

    .. versionadded:: 6.100
    """

    def __init__(self, host: str | None = None, hsts: int | None = None) -> None:
        self._host = host
        self._hsts = hsts

    def __call__(self, request: HTTPServerRequest, call_next: CallNext) -> Call | Response:
        if request.protocol == "https":
            call = call_next(request)
            return call if self._hsts is None else call.amend(self._add)
        host = self._host or request.host_name
        query = f"?{request.query}" if request.query else ""
        return Response(308, headers={"Location": f"https://{host}{request.path}{query}"})

    def _add(self, head: ResponseHead) -> None:
        head.headers.setdefault("Strict-Transport-Security", f"max-age={self._hsts}")


class RequestID:
    """Gives each request an id: in its response, as ``request.request_id``, and in `request_id` for logs.

    :param header: the header field with the id.
    :param accept_incoming: whether to keep an id that the request brings, as one does behind a proxy that
        sets it. It has to be 1 to 128 letters, digits, and characters of ``-._``.

    .. versionadded:: 6.100
    """

    def __init__(self, header: str = "X-Request-Id", accept_incoming: bool = False) -> None:
        if not TOKEN.match(header):
            raise ValueError(f"{header!r} cannot be the name of a header field")
        self._header = header
        self._accepts = accept_incoming

    def __call__(self, request: HTTPServerRequest, call_next: CallNext) -> Call:
        incoming = request.headers.get(self._header, "") if self._accepts else ""
        value = incoming if _REQUEST_ID.match(incoming) else uuid.uuid4().hex
        request_id.set(value)
        request.request_id = value  # type: ignore[attr-defined]  # what this class adds
        header = self._header

        def add(head: ResponseHead) -> None:
            head.headers[header] = value

        return call_next(request).amend(add)


_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}\Z")


class CORS:
    """Lets pages of other origins use this site (cross-origin resource sharing, the Fetch standard).

    Preflight requests get their response here and reach no handler. Requests of origins that are not
    allowed are served as usual, without the header fields that would let their pages read the response:
    CORS does not keep requests away; the setting ``cross_origin_protection`` does.

    :param origins: the allowed origins, such as ``"https://app.example.com"``, or ``"*"`` for any.
    :param methods: the methods that pages may use besides GET, HEAD and POST.
    :param headers: the request header fields that pages may set, or ``"*"`` for any.
    :param expose: the response header fields that pages may read besides the usual ones.
    :param credentials: whether pages may send cookies; not with ``origins="*"``.
    :param max_age: seconds for which browsers may keep the result of a preflight.

    .. versionadded:: 6.100
    """

    def __init__(
        self,
        origins: Iterable[str],
        *,
        methods: Iterable[str] = ("DELETE", "PATCH", "PUT"),
        headers: Iterable[str] = ("Content-Type",),
        expose: Iterable[str] = (),
        credentials: bool = False,
        max_age: int = 600,
    ) -> None:
        if isinstance(origins, str) and origins != "*":
            raise TypeError('origins must be "*" or a list of origins')
        self._takes_any = origins == "*"
        if self._takes_any and credentials:
            raise ValueError('origins="*" cannot be combined with credentials')
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)
        self._methods = ", ".join(sorted({"GET", "HEAD", "POST", *methods}))
        self._takes_any_header = headers == "*"
        self._headers = ", ".join(headers)
        self._expose = ", ".join(expose)
        self._credentials = credentials
        self._max_age = max_age

    def __call__(self, request: HTTPServerRequest, call_next: CallNext) -> Call | Response:
        origin = request.headers.get("Origin")
        is_allowed = origin is not None and (self._takes_any or origin.lower() in self._origins)
        if (
            origin is not None
            and request.method == "OPTIONS"
            and "Access-Control-Request-Method" in request.headers
        ):
            return self._preflight(request, origin if is_allowed else None)

        def add(head: ResponseHead) -> None:
            self._add(head.headers, origin if is_allowed else None)

        return call_next(request).amend(add)

    def _add(self, headers: HTTPHeaders, origin: str | None) -> None:
        if not self._takes_any:
            # The response to another origin is another one, also for caches.
            if "origin" not in [
                each.strip().lower() for each in headers.get("Vary", "").split(",")
            ]:
                headers.add("Vary", "Origin")
        if origin is None:
            return
        headers["Access-Control-Allow-Origin"] = "*" if self._takes_any else origin
        if self._credentials:
            headers["Access-Control-Allow-Credentials"] = "true"
        if self._expose:
            headers["Access-Control-Expose-Headers"] = self._expose

    def _preflight(self, request: HTTPServerRequest, origin: str | None) -> Response:
        response = Response(403 if origin is None else 204)
        headers = response.headers
        self._add(headers, origin)
        if origin is None:
            return response
        headers["Access-Control-Allow-Methods"] = self._methods
        wanted = request.headers.get("Access-Control-Request-Headers", "")
        if not self._takes_any_header:
            allowed = self._headers
        else:
            names = [name.strip(" \t") for name in wanted.split(",")]
            allowed = ", ".join(name for name in names if TOKEN.match(name))
        if allowed:
            headers["Access-Control-Allow-Headers"] = allowed
        headers["Access-Control-Max-Age"] = str(self._max_age)
        return response


class RateLimit:
    """Refuses requests of a client that sends too many, with 429 and Retry-After.

    Each client has a bucket of tokens, which is refilled evenly; a request takes one. The buckets are in the
    memory of this process, so that each of several processes has limits of its own.

    :param requests: how many requests ...
    :param seconds: ... a client may send in this time, in the long run.
    :param burst: how many it may send at once; by default ``requests``.
    :param key: returns what a request is counted under, ``None`` for requests that are not counted. By
        default it is the client's address; of IPv6 the network of 64 bits, which one client can own.
    :param max_keys: how many clients to remember. Beyond that, the one that was idle longest is forgotten,
        and begins with a full bucket.
    :param clock: returns a time in seconds that never goes back.

    .. versionadded:: 6.100
    """

    def __init__(
        self,
        requests: float,
        seconds: float = 1.0,
        *,
        burst: float | None = None,
        key: Callable[[HTTPServerRequest], str | None] | None = None,
        max_keys: int = 100_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if requests <= 0 or seconds <= 0 or max_keys < 1:
            raise ValueError("requests, seconds and max_keys must be positive")
        self._rate = requests / seconds
        self._burst = requests if burst is None else burst
        if self._burst < 1:
            raise ValueError("burst must be at least 1: no request would ever pass")
        self._key = key or (lambda request: _network(request.remote_ip or ""))
        self._max_keys = max_keys
        self._clock = clock
        # Tokens, and when they were counted; in the order of their last use.
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __call__(self, request: HTTPServerRequest, call_next: CallNext) -> Call | Response:
        key = self._key(request)
        if key is None:
            return call_next(request)
        now = self._clock()
        buckets = self._buckets
        tokens, since = buckets.pop(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._rate)
        passes = tokens >= 1
        buckets[key] = (tokens - 1 if passes else tokens, now)
        if len(buckets) > self._max_keys:
            buckets.popitem(last=False)
        if passes:
            return call_next(request)
        wait = math.ceil((1 - tokens) / self._rate)
        return Response(429, "too many requests", {"Retry-After": str(max(1, wait))})


@lru_cache(maxsize=4096)
def _network(address: str) -> str:
    """Return the address, or the network of 64 bits of an IPv6 address."""
    if ":" not in address:
        return address
    try:
        return str(ip_network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


class BodyLimit:
    """Sets the largest content of requests, for the routes it is given to.

    :param max_size: bytes, more or less than the server's ``max_body_size``. A larger content is refused with
        413 before it is read.

    .. versionadded:: 6.100
    """

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size

    def __call__(self, request: HTTPServerRequest, call_next: CallNext) -> Call:
        assert request.connection is not None
        request.connection.set_max_body_size(self._max_size)
        return call_next(request)


class TimeLimit:
    """Responds with 503 if a handler has not begun its response in time.

    The handler is not stopped: what it still writes is discarded.

    :param seconds: from the head of the request to that of the response, the request's content included.

    .. versionadded:: 6.100
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def __call__(
        self, request: HTTPServerRequest, call_next: CallNext
    ) -> ResponseHead | Response:
        call = call_next(request)
        try:
            return await asyncio.wait_for(_head_of(call), self._seconds)
        except asyncio.TimeoutError:
            return Response(503, "this took too long")


async def _head_of(call: Call) -> ResponseHead:
    return await call


for _exported in (CORS, BodyLimit, HTTPSRedirect, RateLimit, RequestID, TimeLimit, TrustedHosts):
    _exported.__module__ = "tornado.middleware"
