"""A target and perhaps a proxy go in; a stream comes out, over TLS where the target wants it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable
from typing import Any, TypeVar

from tornado._httpclient.errors import HTTPProtocolError, HTTPProxyError, HTTPTimeoutError
from tornado._httpclient.proxies import Proxy
from tornado._httpclient.settings import Settings
from tornado._httpclient.urls import Target
from tornado.http1engine import DEFAULT_LIMITS, MessageError, parse_response_head, with_crlf
from tornado.iostream import IOStream, StreamClosedError, UnsatisfiableReadError
from tornado.netutil import is_valid_ip
from tornado.tcpclient import TCPClient
from tornado.util import TimeoutError

_T = TypeVar("_T")

#: Bytes of a proxy's response to CONNECT, at most.
_MAX_PROXY_HEAD = 65536


async def connect(
    tcp_client: TCPClient,
    target: Target,
    proxy: Proxy | None,
    tls: ssl.SSLContext | None,
    settings: Settings,
    max_buffer_size: int | None,
    tunnel: bool = False,
    timeout: float | None = None,
) -> IOStream:
    """Connect to ``target`` and return the stream.

    :param tls: the context for a connection with TLS, which is then shaken hands on.
    :param tunnel: whether to go through the proxy by CONNECT, even without TLS.
    :param timeout: seconds for all of it.
    :raises OSError: if no connection can be made; its text names host and port.
    :raises HTTPTimeoutError: if the time is up; its text names the step and the address.
    :raises HTTPProxyError: if the proxy refuses.

    Cancelling closes what was begun.
    """
    if target.scheme == "http+unix":
        return await _connect_unix(target.host, max_buffer_size)
    source = settings.network_interface
    if source is not None and not is_valid_ip(source):
        raise ValueError(f"network_interface {source!r} is not an IP address")
    family = socket.AF_INET if settings.allow_ipv6 is False else socket.AF_UNSPEC
    host, port = (target.host, target.port) if proxy is None else (proxy.host, proxy.port)
    arguments: dict[str, Any] = {
        "af": family,
        "ssl_options": tls if proxy is None else None,
        "max_buffer_size": max_buffer_size,
        "source_ip": source,
    }
    deadline = None
    if timeout is not None:
        arguments["timeout"] = timeout
        deadline = asyncio.get_running_loop().time() + timeout
    try:
        stream = await tcp_client.connect(host, port, **arguments)
    except TimeoutError as error:
        text = str(error)
        # The client's own text names the step; one of a subclass may not.
        if not text.startswith("Timeout"):
            text = f"Timeout while connecting to {host}:{port}"
        raise HTTPTimeoutError(text) from error
    except StreamClosedError as error:
        if error.real_error is not None:
            _name_address(error.real_error, host, port)
        raise
    except OSError as error:
        _name_address(error, host, port)
        raise
    try:
        stream.set_nodelay(True)
        if proxy is not None and (tls is not None or tunnel):
            step = f"Timeout while connecting to {target.host}:{target.port} through {host}:{port}"
            await _before(deadline, _open_tunnel(stream, target, proxy), step)
            if tls is not None:
                step = f"Timeout during TLS handshake with {target.host}:{target.port}"
                secure = stream.start_tls(False, ssl_options=tls, server_hostname=target.host)
                return await _before(deadline, secure, step)
        return stream
    except OSError as error:
        stream.close()
        _name_address(error, target.host, target.port)
        raise
    except BaseException:
        stream.close()
        raise


async def _before(deadline: float | None, work: Awaitable[_T], text: str) -> _T:
    """Await ``work`` until ``deadline``, by the loop's clock; then fail with ``text``."""
    if deadline is None:
        return await work
    try:
        return await asyncio.wait_for(work, deadline - asyncio.get_running_loop().time())
    except asyncio.TimeoutError:
        raise HTTPTimeoutError(text) from None


def _name_address(error: BaseException, host: str, port: int) -> None:
    """Have the text of a system's error say where it happened; class and number stay."""
    if isinstance(error, OSError) and error.strerror and host not in str(error):
        error.strerror = f"{error.strerror} ({f'[{host}]' if ':' in host else host}:{port})"


async def _connect_unix(path: str, max_buffer_size: int | None) -> IOStream:
    unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream = IOStream(unix, max_buffer_size=max_buffer_size)
    try:
        return await stream.connect(path)
    except StreamClosedError as error:
        if isinstance(error.real_error, OSError):
            error.real_error.filename = path
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
        head = await stream.read_until_regex(rb"\n\r?\n", max_bytes=_MAX_PROXY_HEAD)
        response = parse_response_head(with_crlf(head), DEFAULT_LIMITS)
    except StreamClosedError as error:
        if isinstance(error.real_error, UnsatisfiableReadError):
            raise HTTPProtocolError("the proxy's response to CONNECT is too large") from error
        raise HTTPProxyError("the proxy closed the connection") from error
    except MessageError as error:
        raise HTTPProtocolError(f"malformed response of the proxy: {error}") from error
    if not 200 <= response.status < 300:
        raise HTTPProxyError(
            f"the proxy answered {response.status} {response.reason} to CONNECT {authority}"
        )
