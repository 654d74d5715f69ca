"""A request for a WebSocket goes in, a stream on which the server agreed to speak it comes out.

Connecting, proxies, TLS, credentials and redirects are the HTTP client's; only the handshake is
done here. A WebSocket always passes a proxy by CONNECT, encrypted or not (RFC 6455 section 4.1).
"""

from collections.abc import Callable, Sequence
from io import BytesIO

from tornado._httpclient.seam import (
    Contexts,
    Settings,
    Target,
    connect,
    follow,
    headers_for,
    is_redirect,
    parse_url,
    proxy_for,
    settings_for,
)
from tornado._websocket.errors import HandshakeError
from tornado._websocket.exchange import InvalidHandshakeError, Reply, exchange
from tornado._websocket.handshake import make_key, request_fields
from tornado.httpclient import HTTPError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient

__all__ = ["as_http", "limit_of", "open_websocket"]

_SCHEMES = {"ws": "http", "wss": "https", "ws+unix": "http+unix"}

#: Called with the key that was sent and the head of the response; raises if it is not a handshake.
Accept = Callable[[str, ResponseStartLine, HTTPHeaders], None]


def as_http(url: str, allow_unix_sockets: bool | None = False) -> str:
    """Return the URL of a WebSocket as that of its handshake: ``http`` for ``ws``, and so on.

    :param allow_unix_sockets: whether the scheme may be ``ws+unix``, as of `HTTPRequest`.
    :raises ValueError: for a URL that is no WebSocket's.
    """
    scheme, separator, rest = url.partition(":")
    mapped = _SCHEMES.get(scheme.lower())
    if mapped is not None:
        url = mapped + separator + rest
    parse_url(url, bool(allow_unix_sockets))
    return url


def limit_of(request: HTTPRequest) -> float | None:
    """Return the seconds in which the handshake has to be done, ``None`` for no limit."""
    settings = _settings(request)
    limits = [each for each in (settings.connect_timeout, settings.request_timeout) if each]
    return min(limits, default=None)


def _settings(request: HTTPRequest) -> Settings:
    settings = settings_for(request)
    # Nothing that comes is to be decompressed.
    settings.decompress_response = False
    settings.url = as_http(settings.url, settings.allow_unix_sockets)
    return settings


async def open_websocket(
    request: HTTPRequest,
    client: TCPClient,
    subprotocols: Sequence[str],
    extensions: str,
    accept: Accept,
    follow_redirects: bool = False,
) -> IOStream:
    """Return the stream of an accepted opening handshake.

    :param request: its headers show what was sent, afterwards.
    :param extensions: the Sec-WebSocket-Extensions to offer, "" for none.
    :param follow_redirects: whether redirects are followed, if the request allows that too.
    :raises HTTPError: for a response from 300 on that is not followed, with the response.
    :raises OSError: if the server cannot be reached.
    """
    settings = _settings(request)
    settings.follow_redirects = follow_redirects and settings.follow_redirects
    contexts = Contexts()
    while True:
        target = parse_url(settings.url, bool(settings.allow_unix_sockets))
        tls = contexts.context_for(settings) if target.scheme == "https" else None
        proxy = proxy_for(settings, target)
        try:
            stream = await connect(client, target, proxy, tls, settings, None, tunnel=True)
        except StreamClosedError as error:
            raise error.real_error or error from None
        try:
            key = make_key()
            headers = headers_for(settings, target)
            for name, value in request_fields(key, subprotocols, extensions):
                headers[name] = value
            request.headers = headers.copy()
            reply = await _ask(stream, target, key, headers, accept)
            code = reply.start_line.code
            if code == 101:
                return stream
            if not is_redirect(settings, code, reply.headers):
                raise _refusal(request, settings.url, reply)
            _map_location(reply.headers)
            settings = follow(settings, target, code, reply.headers)
        except BaseException:
            stream.close()
            raise
        stream.close()


async def _ask(
    stream: IOStream, target: Target, key: str, headers: HTTPHeaders, accept: Accept
) -> Reply:
    """Send the handshake; return its response, which ``accept`` has accepted if it is no error."""
    reply = await exchange(stream, "GET", target.path, headers)
    if reply.start_line.code < 300:
        try:
            accept(key, reply.start_line, reply.headers)
        except HandshakeError as error:
            raise InvalidHandshakeError(str(error), error.status) from error
    return reply


def _map_location(headers: HTTPHeaders) -> None:
    location = headers.get_list("Location")[0]
    scheme, separator, rest = location.partition(":")
    if scheme.lower() in _SCHEMES:
        headers["Location"] = _SCHEMES[scheme.lower()] + separator + rest


def _refusal(request: HTTPRequest, url: str, reply: Reply) -> HTTPError:
    """Return the error for a response that is neither an acceptance nor a redirect to follow."""
    code, reason = reply.start_line.code, reply.start_line.reason
    body = BytesIO(reply.body)
    response = HTTPResponse(request, code, reply.headers, body, url, reason=reason)
    return HTTPError(code, reason, response)
