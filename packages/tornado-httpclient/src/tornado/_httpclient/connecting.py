"""A target and perhaps a proxy go in; a stream comes out, over TLS where the target wants it."""

from __future__ import annotations

import asyncio
import socket
import ssl

from tornado._http1.errors import MessageError
from tornado._http1.head import parse_response_head
from tornado._http1.limits import DEFAULT_LIMITS
from tornado._httpclient.errors import HTTPProtocolError, HTTPProxyError, HTTPTimeoutError
from tornado._httpclient.proxies import Proxy, proxy_for
from tornado._httpclient.request import HTTPRequest, _RequestProxy
from tornado._httpclient.settings import Settings, settings_of
from tornado._httpclient.tls import Contexts
from tornado._httpclient.urls import Target, parse_url
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, StreamClosedError, UnsatisfiableReadError
from tornado.netutil import is_valid_ip
from tornado.tcpclient import TCPClient

#: Bytes of a proxy's answer to CONNECT, at most.
_MAX_PROXY_HEAD = 65536


async def connect(
    tcp_client: TCPClient,
    target: Target,
    proxy: Proxy | None,
    tls: ssl.SSLContext | None,
    settings: Settings,
    max_buffer_size: int | None,
    tunnel: bool = False,
) -> IOStream:
    """Connect to ``target`` and return the stream.

    :arg tls: the context for a connection with TLS, which is then shaken hands on.
    :arg tunnel: whether to go through the proxy by CONNECT, even without TLS.
    :raises OSError: if no connection can be made.
    :raises HTTPProxyError: if the proxy refuses.

    Cancelling closes what was begun.
    """
    if target.scheme == "http+unix":
        return await _connect_unix(tcp_client, target.host, max_buffer_size)
    source = settings.network_interface
    if source is not None and not is_valid_ip(source):
        raise ValueError(f"network_interface {source!r} is not an IP address")
    family = socket.AF_INET if settings.allow_ipv6 is False else socket.AF_UNSPEC
    host, port = (target.host, target.port) if proxy is None else (proxy.host, proxy.port)
    stream = await tcp_client.connect(
        host,
        port,
        af=family,
        ssl_options=tls if proxy is None else None,
        max_buffer_size=max_buffer_size,
        source_ip=source,
    )
    try:
        stream.set_nodelay(True)
        if proxy is not None and (tls is not None or tunnel):
            await _open_tunnel(stream, target, proxy)
            if tls is not None:
                return await stream.start_tls(False, ssl_options=tls, server_hostname=target.host)
        return stream
    except BaseException:
        stream.close()
        raise


async def _connect_unix(tcp_client: TCPClient, path: str, max_buffer_size: int | None) -> IOStream:
    unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream = IOStream(unix, io_loop=tcp_client.io_loop, max_buffer_size=max_buffer_size)
    try:
        return await stream.connect(path)
    except StreamClosedError as error:
        raise error.real_error or error from None
    except BaseException:
        stream.close()
        raise


async def _open_tunnel(stream: IOStream, target: Target, proxy: Proxy) -> None:
    """Have the proxy connect ``stream`` through to the target (RFC 9110 section 9.3.6)."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    authority = f"{host}:{target.port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.authorization is not None:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    stream.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    try:
        head = await stream.read_until(b"\r\n\r\n", max_bytes=_MAX_PROXY_HEAD)
        response = parse_response_head(head, DEFAULT_LIMITS)
    except StreamClosedError as error:
        if isinstance(error.real_error, UnsatisfiableReadError):
            raise HTTPProtocolError("the proxy's answer to CONNECT is too large") from error
        raise HTTPProxyError("the proxy closed the connection") from error
    except MessageError as error:
        raise HTTPProtocolError(f"malformed answer of the proxy: {error}") from error
    if not 200 <= response.status < 300:
        raise HTTPProxyError(
            f"the proxy answered {response.status} {response.reason} to CONNECT {authority}"
        )


async def open_stream(
    request: HTTPRequest,
    tcp_client: TCPClient,
    *,
    io_loop: IOLoop | None = None,
    max_buffer_size: int | None = None,
    tunnel: bool = False,
) -> IOStream:
    """Connect to where ``request`` would be sent, for a protocol that begins as HTTP.

    TLS, proxies, the address family, the network interface and ``connect_timeout`` are as the
    request says. The stream belongs to the caller.

    :arg io_loop: the loop that the stream belongs to, where ``tcp_client`` names none.
    :arg tunnel: whether to go through a proxy by CONNECT, even without TLS.
    :raises HTTPTimeoutError: if it takes longer than ``connect_timeout``; otherwise as `connect`.
    """
    settings = settings_of(_RequestProxy(request, HTTPRequest._DEFAULTS))
    target = parse_url(request.url)
    proxy = proxy_for(settings, target)
    tls = Contexts().context_for(settings) if target.scheme == "https" else None
    if io_loop is not None and tcp_client.io_loop is None:
        tcp_client.io_loop = io_loop
    connecting = connect(tcp_client, target, proxy, tls, settings, max_buffer_size, tunnel)
    timeouts = [each for each in (settings.connect_timeout, settings.request_timeout) if each]
    try:
        return await asyncio.wait_for(connecting, min(timeouts) if timeouts else None)
    except asyncio.TimeoutError:
        raise HTTPTimeoutError("Timeout while connecting") from None
