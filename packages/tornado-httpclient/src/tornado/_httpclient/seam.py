"""What other distributions may use of ``tornado-httpclient`` beyond its public API.

For a protocol that begins with an HTTP request and goes on by itself, as WebSocket does, and wants
addresses, proxies, TLS, credentials and redirects to be as in a fetch.

What is asked for
    `settings_for` returns the parameters of an `HTTPRequest` with the defaults filled in: a `Settings`
    that belongs to the caller, who may change it. `plain_request` returns the `HTTPRequest` in what
    callers pass as a request. `parse_url` returns the `Target` of a URL and raises `ValueError` if it is
    none. `headers_for` returns the headers that a client sends for these settings.

Connecting
    `Contexts` makes and keeps TLS contexts. `proxy_for` returns the proxy for a target, or None.
    `connect` returns a stream to the target, through the proxy and TLS; it raises `OSError` or
    `HTTPError`, and leaves nothing open then.

Responses
    `is_redirect` returns whether a response is a redirect to follow. `follow` returns the settings of the
    request that follows, without what must not reach another origin. `HTTPTimeoutError` is raised where
    a limit has passed.
"""

from __future__ import annotations

from tornado._httpclient.connecting import connect
from tornado._httpclient.errors import HTTPTimeoutError
from tornado._httpclient.outgoing import headers_for
from tornado._httpclient.proxies import proxy_for
from tornado._httpclient.redirects import follow, is_redirect
from tornado._httpclient.request import HTTPRequest, _RequestProxy
from tornado._httpclient.settings import Settings, settings_of
from tornado._httpclient.tls import Contexts
from tornado._httpclient.urls import Target, parse_url

__all__ = [
    "Contexts",
    "HTTPTimeoutError",
    "Settings",
    "Target",
    "connect",
    "follow",
    "headers_for",
    "is_redirect",
    "parse_url",
    "plain_request",
    "proxy_for",
    "settings_for",
]


def settings_for(request: HTTPRequest) -> Settings:
    """Return the parameters of ``request``, with the defaults of all requests where it has none."""
    return settings_of(_RequestProxy(request, HTTPRequest._DEFAULTS))


def plain_request(request: HTTPRequest | _RequestProxy) -> HTTPRequest:
    """Return the request itself, where a client has wrapped it with its defaults."""
    return request.request if isinstance(request, _RequestProxy) else request
