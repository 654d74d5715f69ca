"""From an `HTTPServerRequest` to an ASGI scope."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import unquote_to_bytes

from tornado._asgi.messages import Scope
from tornado._http1.seam import request_pairs
from tornado.httputil import HTTPServerRequest


def make_scope(request: HTTPServerRequest, kind: str, root_path: str) -> Scope:
    """Return the scope of a request.

    :param kind: ``"http"`` or ``"websocket"``.
    :param root_path: where the application is mounted; the path of the scope includes it.
    """
    path, query = request.path, request.query
    raw_path = path.encode("latin-1")
    if "%" in path or not path.isascii():
        path = unquote_to_bytes(raw_path).decode("utf-8", "replace")
    protocol = request.protocol
    scope: Scope = {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": request.version[5:],
        "scheme": protocol,
        "path": path,
        "raw_path": raw_path,
        "query_string": query.encode("latin-1") if query else b"",
        "root_path": root_path,
        "headers": request_pairs(request),
        "client": _client(request),
        "server": _server(request),
    }
    extensions: dict[str, dict[str, Any]]
    if kind == "websocket":
        scope["scheme"] = "wss" if protocol == "https" else "ws"
        offered = ",".join(request.headers.get_list("Sec-WebSocket-Protocol"))
        scope["subprotocols"] = [each.strip() for each in offered.split(",") if each.strip()]
        extensions = {"websocket.http.response": {}}
    else:
        scope["method"] = request.method
        extensions = {
            "http.response.early_hint": {},
            "http.response.pathsend": {},
            "http.response.trailers": {},
        }
    scope["extensions"] = extensions
    if protocol == "https":
        tls = _tls(request)
        if tls is not None:
            extensions["tls"] = tls
    return scope


def _client(request: HTTPServerRequest) -> tuple[str, int] | None:
    """Return address and port of the client; port 0 where a proxy reported the address."""
    host = request.remote_ip
    try:
        address: tuple[str, int] = request.connection.context.address
        if address[0] == host:
            return address[0], address[1]
    except (AttributeError, TypeError, IndexError):
        pass  # a unix socket, or another kind of connection
    return (host, 0) if host else None


def _server(request: HTTPServerRequest) -> tuple[str, int | None] | None:
    name = getattr(request.server_connection, "local_address", None)
    if isinstance(name, tuple):
        return name[0], name[1]
    return None if name is None else (str(name), None)


def _tls(request: HTTPServerRequest) -> dict[str, Any] | None:
    """Return the ``tls`` extension, where the connection itself is encrypted."""
    stream: Any = getattr(request.connection, "stream", None)
    socket = getattr(stream, "socket", None)
    if not isinstance(socket, ssl.SSLSocket):
        return None
    certificate = socket.getpeercert(binary_form=True)
    cipher = socket.cipher()
    return {
        "server_cert": None,
        "client_cert_chain": [ssl.DER_cert_to_PEM_cert(certificate)] if certificate else [],
        "client_cert_name": _distinguished_name(socket.getpeercert()),
        "client_cert_error": None,
        "tls_version": _TLS_VERSIONS.get(socket.version() or ""),
        "cipher_suite": _cipher_number(socket, cipher[0]) if cipher else None,
    }


_TLS_VERSIONS = {"TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


def _cipher_number(socket: ssl.SSLSocket, name: str) -> int | None:
    for cipher in socket.context.get_ciphers():
        if cipher["name"] == name:
            return int(cipher["id"]) & 0xFFFF
    return None


def _distinguished_name(certificate: Any) -> str | None:
    """Return the subject of a certificate as RFC 4514 writes it."""
    if not certificate:
        return None
    short = {"commonName": "CN", "organizationName": "O", "countryName": "C"}
    parts = [
        f"{short.get(name, name)}={value}"
        for relative in reversed(certificate.get("subject", ()))
        for name, value in relative
    ]
    return ",".join(parts)
