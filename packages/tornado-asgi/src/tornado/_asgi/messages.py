"""The types of ASGI 3: scopes, messages, and the callables that carry them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

#: What a connection is about, for its whole life; the keys are those of the ASGI specification.
Scope = MutableMapping[str, Any]
#: One event, in either direction.
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApplication = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Headers as ASGI has them: pairs of bytes, names in lower case.
RawHeaders = list[tuple[bytes, bytes]]

#: Fields of a connection, which belong to the server (RFC 9110 section 7.6.1).
HOP_BY_HOP = frozenset(
    ["Connection", "Keep-Alive", "Proxy-Connection", "Te", "Transfer-Encoding", "Upgrade"]
)
