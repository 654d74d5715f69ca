"""A request's parameters go in; the headers that are sent come out."""

from __future__ import annotations

import base64
import functools

from tornado import version
from tornado._httpclient.decoding import ACCEPTED_CODINGS
from tornado._httpclient.request import HTTPRequest, _RequestProxy
from tornado._httpclient.settings import Settings, settings_of
from tornado._httpclient.urls import Target, parse_url
from tornado.httputil import HTTPHeaders, encode_username_password

USER_AGENT = f"Tornado/{version}"


@functools.lru_cache(maxsize=64)
def basic_credentials(username: str, password: str) -> str:
    """Return the value of an Authorization field for Basic authentication (RFC 7617)."""
    return "Basic " + base64.b64encode(encode_username_password(username, password)).decode()


def credentials_of(settings: Settings, target: Target) -> tuple[str, str] | None:
    """Return user name and password: those of the URL, else those of the request; or ``None``."""
    if target.username is not None:
        return target.username, target.password or ""
    if settings.auth_username is not None:
        return settings.auth_username, settings.auth_password or ""
    return None


def headers_for(settings: Settings, target: Target) -> HTTPHeaders:
    """Return the headers to send; what the request says itself stays as it is.

    :raises ValueError: for an ``auth_mode`` that is not known.
    """
    headers = settings._headers.copy()
    fields = headers._fields
    if "Host" not in fields:
        # First, as RFC 9110 section 7.2 would have it.
        headers._fields = {"Host": target.authority, **fields}
    if settings.auth_mode not in (None, "basic", "digest"):
        raise ValueError(f"unsupported auth_mode {settings.auth_mode!r}")
    if settings.auth_mode != "digest" and "Authorization" not in fields:
        credentials = credentials_of(settings, target)
        if credentials is not None:
            headers["Authorization"] = basic_credentials(*credentials)
    if settings.user_agent is not None:
        headers["User-Agent"] = settings.user_agent
    elif "User-Agent" not in fields:
        headers["User-Agent"] = USER_AGENT
    if settings.decompress_response and "Accept-Encoding" not in fields:
        headers["Accept-Encoding"] = ACCEPTED_CODINGS
    body = settings._body
    if body is not None:
        if "Transfer-Encoding" not in fields:
            headers["Content-Length"] = str(len(body))
        if settings.method == "POST" and "Content-Type" not in fields:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
    elif settings._body_producer is not None and "Content-Length" not in fields:
        headers["Transfer-Encoding"] = "chunked"
    elif settings.method in ("POST", "PUT", "PATCH") and "Content-Length" not in fields:
        headers["Content-Length"] = "0"
    if settings.expect_100_continue and (body or settings._body_producer is not None):
        headers["Expect"] = "100-continue"
    return headers


def request_headers(request: HTTPRequest) -> HTTPHeaders:
    """Return the headers that a fetch of ``request`` would send, for protocols that begin with one."""
    settings = settings_of(_RequestProxy(request, HTTPRequest._DEFAULTS))
    settings.decompress_response = False
    return headers_for(settings, parse_url(request.url))
