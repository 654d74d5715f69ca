"""From an ASGI scope to an `HTTPServerRequest`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tornado._asgi.messages import Scope
from tornado.httputil import HTTPHeaders, HTTPInputError, HTTPServerRequest

#: What a path may hold unquoted (RFC 3986 section 3.3), besides letters, digits and "_.-~".
_PATH_SAFE = "/!$&'()*+,;=:@"

_PROTOCOLS = {"ws": "http", "wss": "https"}


class Peer:
    """What the ASGI server knows of the client: ``request.connection.context``."""

    __slots__ = ("_orig_protocol", "_orig_remote_ip", "address", "protocol", "remote_ip", "tls")

    #: As for servers of Tornado: the family of ``address``, unknown here.
    address_family: Any = None

    def __init__(self, scope: Scope) -> None:
        client = scope.get("client")
        #: ``(host, port)`` of the client, or ``None`` where the server does not know.
        self.address = tuple(client) if client else None
        # A unix socket has no address; Tornado's own server says 0.0.0.0 then, too.
        self.remote_ip = self._orig_remote_ip = client[0] if client and client[0] else "0.0.0.0"
        scheme = scope.get("scheme") or "http"
        self.protocol = self._orig_protocol = _PROTOCOLS.get(scheme, scheme)
        #: The ``tls`` extension of ASGI: a dict with the client's certificate and so on, or ``None``.
        self.tls = (scope.get("extensions") or {}).get("tls")

    def __str__(self) -> str:
        return str(self.remote_ip)


def read_headers(scope: Scope) -> HTTPHeaders:
    """Return the headers of a scope.

    :raises HTTPInputError: if the server let through what no header may hold.
    """
    headers = HTTPHeaders()
    for name, value in scope["headers"]:
        headers.add(name.decode("latin-1"), value.decode("latin-1"))
    return headers


def request_target(scope: Scope) -> str:
    """Return the request's target, without the path at which the application is mounted.

    A server or framework that mounts the application below a path says so in ``root_path``, and
    ``path`` begins with it; older ones leave it out of ``path``.
    """
    raw: bytes | None = scope.get("raw_path")
    path = raw.decode("latin-1") if raw else quote(scope["path"], safe=_PATH_SAFE)
    root = quote(scope.get("root_path") or "", safe=_PATH_SAFE).rstrip("/")
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
        path = path[len(root) :]
    query: bytes = scope.get("query_string") or b""
    target = path or "/"
    return f"{target}?{query.decode('latin-1')}" if query else target


def make_request(scope: Scope, exchange: Any, headers: HTTPHeaders) -> HTTPServerRequest:
    """Return the request that a scope of HTTP or of a WebSocket describes.

    :raises HTTPInputError: if there is more than one Host.
    """
    if len(headers.get_list("Host")) > 1:
        raise HTTPInputError("repeated Host")
    version = f"HTTP/{scope.get('http_version') or '1.1'}"
    return HTTPServerRequest(
        scope.get("method") or "GET",
        request_target(scope),
        version,
        headers,
        connection=exchange,
        server_connection=exchange,
    )
