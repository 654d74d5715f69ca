"""A request for a WebSocket goes in, a stream on which the server agreed to speak it comes out.

Redirects are followed as the request says; what identifies the user does not pass to another
origin.
"""

import base64
import copy
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit

import tornado
from tornado._websocket.dialing import Answer, Origin, dial, exchange
from tornado._websocket.handshake import make_key, request_fields
from tornado.httpclient import HTTPError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders, ResponseStartLine
from tornado.iostream import IOStream
from tornado.tcpclient import TCPClient

__all__ = ["open_websocket", "split_url"]

_SCHEMES = {"ws": False, "wss": True, "http": False, "https": True}
_REDIRECTS = (301, 302, 303, 307, 308)
_CREDENTIALS = ("Authorization", "Cookie", "Proxy-Authorization")


def split_url(url: str) -> tuple[SplitResult, Origin]:
    """Return the parts of a URL and its origin; `ValueError` for one that is no WebSocket's."""
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"scheme is {parts.scheme!r}, expected ws or wss: {url}")
    if not parts.hostname:
        raise ValueError(f"no host in {url}")
    is_secure = _SCHEMES[parts.scheme]
    return parts, Origin(parts.hostname, parts.port or (443 if is_secure else 80), is_secure)


async def open_websocket(
    request: Any,
    client: TCPClient,
    subprotocols: Sequence[str],
    extensions: str,
    accept: Callable[[str, ResponseStartLine, HTTPHeaders], None],
) -> IOStream:
    """Return the stream of an accepted opening handshake.

    :param request: an `HTTPRequest` with all its defaults.
    :param extensions: the Sec-WebSocket-Extensions to offer, "" for none.
    :param accept: called with the key that was sent and the head of the final response; it raises
        if the handshake is not accepted.
    :raises HTTPError: for a response from 300 on, with the response.
    """
    url: str = request.url
    headers = HTTPHeaders(request.headers or {})
    _add_basic_auth(headers, request, urlsplit(url))
    for _ in range(1 + (request.max_redirects if request.follow_redirects else 0)):
        parts, origin = split_url(url)
        stream = await dial(origin, request, client)
        try:
            key = make_key()
            target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
            fields = request_fields(key, subprotocols, extensions)
            answer = await exchange(
                stream, "GET", target, _handshake_headers(headers, origin, request, fields)
            )
            location = _redirect_target(request, answer)
            if location is None:
                if answer.start_line.code >= 300:
                    raise _refusal(request, url, answer)
                accept(key, answer.start_line, answer.headers)
                return stream
        except BaseException:
            stream.close()
            raise
        stream.close()
        url = urljoin(_as_http(url), location)
        if split_url(url)[1] != origin:
            for name in _CREDENTIALS:
                headers.pop(name, None)
    raise HTTPError(599, f"more than {request.max_redirects} redirects")


def _redirect_target(request: Any, answer: Answer) -> str | None:
    """Return where a redirect that is to be followed leads."""
    if request.follow_redirects and answer.start_line.code in _REDIRECTS:
        location: str | None = answer.headers.get("Location")
        return location
    return None


def _as_http(url: str) -> str:
    """Return a WebSocket's URL as that of its handshake, so that others can be joined to it."""
    return "http" + url[2:] if url.startswith("ws") else url


def _add_basic_auth(headers: HTTPHeaders, request: Any, parts: SplitResult) -> None:
    name, password = request.auth_username, request.auth_password
    if name is None and parts.username is not None:
        name, password = unquote(parts.username), unquote(parts.password or "")
    if name is None:
        return
    if request.auth_mode not in (None, "basic"):
        raise ValueError(f"unsupported auth_mode {request.auth_mode!r}")
    credentials = f"{name}:{password or ''}".encode()
    headers["Authorization"] = "Basic " + base64.b64encode(credentials).decode("ascii")


def _handshake_headers(
    headers: HTTPHeaders, origin: Origin, request: Any, fields: list[tuple[str, str]]
) -> HTTPHeaders:
    headers = copy.copy(headers)
    headers.setdefault("Host", origin.field)
    if request.user_agent:
        headers["User-Agent"] = request.user_agent
    else:
        headers.setdefault("User-Agent", f"Tornado/{tornado.version}")
    for name, value in fields:
        headers[name] = value
    return headers


def _refusal(request: Any, url: str, answer: Answer) -> HTTPError:
    """Return the error for a response that is neither an acceptance nor a redirect to follow."""
    original: HTTPRequest = getattr(request, "request", request)
    code, reason = answer.start_line.code, answer.start_line.reason
    body = BytesIO(answer.body)
    response = HTTPResponse(original, code, answer.headers, body, url, reason=reason)
    return HTTPError(code, reason, response)
