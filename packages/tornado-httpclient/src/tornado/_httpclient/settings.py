"""A request and its client's defaults go in; every parameter with the value that counts comes out.

A fetch reads some thirty parameters. They are merged once, into an object with plain attributes.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tornado._httpclient.cookies import CookieJar
from tornado._httpclient.request import HTTPRequest, _RequestProxy
from tornado._httpclient.urls import url_of_octets
from tornado.httputil import HTTPHeaders

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
_METHODS_WITH_BODY = frozenset({"POST", "PATCH", "PUT"})

_NAMES = frozenset(HTTPRequest("").__dict__) | {"proxy_from_environment", "allow_unix_sockets"}


#: Parameters that are text, and were taken as bytes too by every release.
_TEXTS = frozenset(
    {
        "method",
        "user_agent",
        "auth_username",
        "auth_password",
        "auth_mode",
        "proxy_host",
        "proxy_username",
        "proxy_password",
        "proxy_auth_mode",
        "network_interface",
    }
)


class Settings(SimpleNamespace):
    """The parameters of `HTTPRequest`, each with the value that counts.

    Those that the request holds behind a property have an underscore here too: ``_headers``,
    ``_body``, ``_body_producer``, ``_streaming_callback``, ``_header_callback``,
    ``_prepare_curl_callback``.
    """

    url: str
    method: str
    _headers: HTTPHeaders
    _body: bytes | None
    _cookies: CookieJar | None = None

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


# What neither the request nor the defaults have a value for.
for _name in _NAMES:
    setattr(Settings, _name, None)


def settings_of(request: _RequestProxy) -> Settings:
    """Return the parameters of ``request``, with the defaults in place of ``None``."""
    settings = Settings()
    values = settings.__dict__
    if request.defaults:
        values.update(request.defaults)
        for name in ("headers", "body_producer", "streaming_callback", "header_callback"):
            if name in values:
                values["_" + name] = values[name]
    for name, value in request.request.__dict__.items():
        if value is not None:
            if type(value) is bytes and name in _TEXTS:
                value = value.decode("utf-8")
            values[name] = value
    url: str | bytes = settings.url
    if isinstance(url, bytes):
        settings.url = url_of_octets(url.decode("latin-1"))
    return settings


def check_settings(settings: Settings) -> None:
    """Let the request pass if a client can send it.

    :raises KeyError: for a method that is not standard, unless that is allowed.
    :raises ValueError: for content that does not fit the method, and for parameters that exclude
        each other.
    """
    method = settings.method
    body, producer = settings._body, settings._body_producer
    if body is not None and producer is not None:
        raise ValueError("body and body_producer must not both be set")
    if not settings.allow_nonstandard_methods:
        if method not in METHODS:
            raise KeyError(f"unknown method {method}")
        has_body = body is not None or producer is not None
        if has_body is not (method in _METHODS_WITH_BODY):
            must = "must not be None" if not has_body else "must be None"
            raise ValueError(
                f"Body {must} for method {method} (unless allow_nonstandard_methods is true)"
            )
