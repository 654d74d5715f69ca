"""What other distributions may use of ``tornado-http`` beyond its public API.

The engine without input and output is public: `tornado.http1engine`. Here is what stands above it.

Applications
    `dispatch_of` returns the function that finds the target of a request, for whatever `HTTPServer`
    accepts as an application; a transport of another kind asks it for each request. `ClassicTarget`
    is what it finds for a delegate of the classic interface, and `MessageTarget` lets the delegate of
    one request respond. `CallableAdapter` makes a delegate of connections
    of a plain function of a request.

Headers as pairs of bytes, for transports whose applications have them in this form
    `request_pairs` returns those of a request. `content_of` returns a member of `Content`: whether a
    request that begins has content, and whether all of it has arrived. `respond_with_pairs` sends a
    whole response of the usual kind and returns whether it did. `asks_for_websocket` returns whether a
    request is the handshake of a WebSocket.

Wordings and grammar
    `length_mismatch` returns the message for content that is not as long as its Content-Length.
    `TOKEN` matches a token (RFC 9110 section 5.6.2), and `TOKEN_TEXT` is a part of patterns for one.
    `parse_header` returns the value of a field line
    and its parameters, as Content-Type has them. `reason_phrase` returns the phrase of a status.

Parts of the engine
    `GzipDecoder` and `MessageError`, for modules that are to be imported without the rest of it.

Names are looked up when they are imported: a client does not load what serves.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tornado._http1.adapter import CallableAdapter
    from tornado._http1.decoding import GzipDecoder
    from tornado._http1.dispatching import ClassicTarget, MessageTarget, dispatch_of
    from tornado._http1.errors import MessageError
    from tornado._http1.pairs import (
        Content,
        asks_for_websocket,
        content_of,
        request_pairs,
        respond_with_pairs,
    )
    from tornado._http1.writer import length_mismatch
    from tornado._httputil.names import TOKEN, TOKEN_TEXT
    from tornado._httputil.parameters import _parse_header as parse_header
    from tornado._httputil.phrases import reason_phrase

__all__ = [
    "TOKEN",
    "TOKEN_TEXT",
    "CallableAdapter",
    "ClassicTarget",
    "Content",
    "GzipDecoder",
    "MessageError",
    "MessageTarget",
    "asks_for_websocket",
    "content_of",
    "dispatch_of",
    "length_mismatch",
    "parse_header",
    "reason_phrase",
    "request_pairs",
    "respond_with_pairs",
]

#: Name -> its room, and its name there.
_ROOMS = {
    "TOKEN": ("tornado._httputil.names", "TOKEN"),
    "TOKEN_TEXT": ("tornado._httputil.names", "TOKEN_TEXT"),
    "CallableAdapter": ("tornado._http1.adapter", "CallableAdapter"),
    "ClassicTarget": ("tornado._http1.dispatching", "ClassicTarget"),
    "MessageTarget": ("tornado._http1.dispatching", "MessageTarget"),
    "GzipDecoder": ("tornado._http1.decoding", "GzipDecoder"),
    "MessageError": ("tornado._http1.errors", "MessageError"),
    "dispatch_of": ("tornado._http1.dispatching", "dispatch_of"),
    "Content": ("tornado._http1.pairs", "Content"),
    "asks_for_websocket": ("tornado._http1.pairs", "asks_for_websocket"),
    "content_of": ("tornado._http1.pairs", "content_of"),
    "length_mismatch": ("tornado._http1.writer", "length_mismatch"),
    "parse_header": ("tornado._httputil.parameters", "_parse_header"),
    "reason_phrase": ("tornado._httputil.phrases", "reason_phrase"),
    "request_pairs": ("tornado._http1.pairs", "request_pairs"),
    "respond_with_pairs": ("tornado._http1.pairs", "respond_with_pairs"),
}


def _find(name: str) -> Any:
    """Return what the seam calls ``name``; it stays in the module's namespace."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room, member = _ROOMS[name]
    found = globals()[name] = getattr(import_module(room), member)
    return found


# Not by a definition: for type checkers, a module with `__getattr__` has every name.
globals()["__getattr__"] = _find
