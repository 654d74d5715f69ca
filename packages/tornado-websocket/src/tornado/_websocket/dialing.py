"""An HTTP request's origin goes in, a connected stream to it comes out: directly, or through a proxy.

A WebSocket always passes a proxy by CONNECT, whether it is encrypted or not (RFC 6455 section 4.1).
"""

import base64
import ssl
from typing import Any, NamedTuple

from tornado._httpclient.errors import HTTPProxyError
from tornado._websocket.errors import HandshakeError
from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError
from tornado.netutil import ssl_options_to_context
from tornado.tcpclient import TCPClient

__all__ = ["Answer", "Origin", "dial", "exchange"]

#: Bytes of a refusal's content that are kept for the caller to look at.
MAX_REFUSAL_SIZE = 65536


class Origin(NamedTuple):
    """Where a request goes."""

    host: str
    port: int
    is_secure: bool

    @property
    def field(self) -> str:
        """The Host field."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_secure else 80) else f"{host}:{self.port}"


class Answer(NamedTuple):
    """What answered a request without content."""

    start_line: ResponseStartLine
    headers: HTTPHeaders
    body: bytes


class _Collector(HTTPMessageDelegate):
    """Keeps one response."""

    start_line: ResponseStartLine | None = None
    headers: HTTPHeaders

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> None:
        self.start_line = start_line
        self.headers = headers

    def data_received(self, chunk: bytes) -> None:
        self.chunks.append(chunk)


async def exchange(stream: IOStream, method: str, target: str, headers: HTTPHeaders) -> Answer:
    """Send a request without content over ``stream`` and return what answers it.

    After a 101, or a 2xx for CONNECT, the stream is free for another protocol; otherwise it may be
    closed.

    :raises StreamClosedError: if the connection ended before the answer.
    :raises HandshakeError: if the answer is no HTTP.
    """
    parameters = HTTP1ConnectionParameters(max_body_size=MAX_REFUSAL_SIZE)
    connection = HTTP1Connection(stream, True, parameters)
    collector = _Collector()
    connection.write_headers(RequestStartLine(method, target, "HTTP/1.1"), headers)
    connection.finish()
    await connection.read_response(collector)
    if collector.start_line is None:
        error = connection.error
        if error is None or isinstance(error, OSError):
            raise StreamClosedError(error)
        raise HandshakeError(f"the server's answer is no HTTP: {error}", 0) from error
    return Answer(collector.start_line, collector.headers, b"".join(collector.chunks))


async def dial(origin: Origin, request: Any, client: TCPClient) -> IOStream:
    """Return a stream to ``origin``, encrypted if the origin asks for it.

    :param request: an `HTTPRequest` with all its defaults: its proxy, TLS and address options
        count.
    :raises OSError: if it cannot be connected; `ssl.SSLError` is one.
    :raises HTTPProxyError: if the proxy refuses.
    """
    options: dict[str, Any] = {}
    if request.network_interface:
        options["source_ip"] = request.network_interface
    if request.allow_ipv6 is False:
        import socket  # for one constant in a rare case

        options["af"] = socket.AF_INET
    tls = _tls_options(request) if origin.is_secure else None
    if not request.proxy_host:
        return await client.connect(origin.host, origin.port, ssl_options=tls, **options)
    stream = await client.connect(request.proxy_host, request.proxy_port, **options)
    try:
        await _tunnel(stream, origin, request)
        if tls is None:
            return stream
        return await stream.start_tls(False, tls, origin.host)
    except BaseException:
        stream.close()
        raise


async def _tunnel(stream: IOStream, origin: Origin, request: Any) -> None:
    """Have the proxy at the other end of ``stream`` connect to ``origin``."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    target = f"{host}:{origin.port}"
    headers = HTTPHeaders({"Host": target})
    if request.proxy_username:
        if request.proxy_auth_mode not in (None, "basic"):
            raise ValueError(f"unsupported proxy_auth_mode {request.proxy_auth_mode!r}")
        credentials = f"{request.proxy_username}:{request.proxy_password or ''}".encode()
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(credentials).decode("ascii")
    answer = await exchange(stream, "CONNECT", target, headers)
    if not 200 <= answer.start_line.code <= 299:
        raise HTTPProxyError(
            f"proxy refused to connect: {answer.start_line.code} {answer.start_line.reason}"
        )


def _tls_options(request: Any) -> ssl.SSLContext | dict[str, Any]:
    """Return the TLS options of a request: verified, unless it says otherwise."""
    if request.ssl_options is not None:
        return request.ssl_options  # type: ignore[no-any-return]  # what the caller gave
    if request.validate_cert and not (
        request.ca_certs or request.client_cert or request.client_key
    ):
        return ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    options: dict[str, Any] = {}
    if request.validate_cert:
        options["cert_reqs"] = ssl.CERT_REQUIRED
    else:
        options["cert_reqs"] = ssl.CERT_NONE
    if request.ca_certs:
        options["ca_certs"] = request.ca_certs
    if request.client_key:
        options["keyfile"] = request.client_key
    if request.client_cert:
        options["certfile"] = request.client_cert
    return ssl_options_to_context(options, server_side=False)
