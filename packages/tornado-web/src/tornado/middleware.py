"""Middleware: functions that run around the requests of an application, a router or a route.

A middleware takes a request, whose content has not been read yet, and ``call_next``. The shortest ones do
something before, and let a function change the head of the response::

    def no_sniffing(request, call_next):
        def add(head):
            head.headers["X-Content-Type-Options"] = "nosniff"

        return call_next(request).amend(add)

Coroutines may wait, before and after; the response is held back until they return::

    async def timed(request, call_next):
        began = time.monotonic()
        head = await call_next(request)
        head.headers["Server-Timing"] = f"total;dur={1000 * (time.monotonic() - began):.1f}"
        return head

Both may respond themselves, with a `Response`, with or without calling ``call_next``, or raise an
`.HTTPError`::

    async def members_only(request, call_next):
        if await find_member(request.cookies.get("member")) is None:
            return Response(403, "members only")
        return await call_next(request)

Some policies are here: `CORS`, `TrustedHosts`, `HTTPSRedirect`, `RequestID`, `RateLimit`, `BodyLimit` and
`TimeLimit`.

They are given, the outermost one first, as ``Application(routes, middleware=[...])``, as
``Rule(..., middleware=[...])`` or ``url(..., middleware=[...])`` for one route or a list of nested routes,
and as ``RuleRouter(rules, middleware=[...])``.

- ``call_next`` may be called once. It finds the handler, so that ``request.path`` may be changed before.
- A handler turns its exception into a response, and `ResponseHead.exception` is that exception. What any
  other target raises is raised where the call is awaited.
- What a middleware raises becomes an error page of the application, with the status of an `.HTTPError`;
  anything else is logged and becomes a 500.
- WebSockets: only `Call.amend` can change the head of the handshake, which is never held back.
- If the client leaves, a call that is awaited raises `.StreamClosedError`, unless the response was begun.
- Context variables that a middleware sets before ``call_next`` are visible in the handler.

.. versionadded:: 6.100
"""

from tornado._routing.calls import Call, CallNext, Middleware, Response, ResponseHead
from tornado._web.policies import (
    CORS,
    BodyLimit,
    HTTPSRedirect,
    RateLimit,
    RequestID,
    TimeLimit,
    TrustedHosts,
    request_id,
)

__all__ = [
    "CORS",
    "BodyLimit",
    "Call",
    "CallNext",
    "HTTPSRedirect",
    "Middleware",
    "RateLimit",
    "RequestID",
    "Response",
    "ResponseHead",
    "TimeLimit",
    "TrustedHosts",
    "request_id",
]
