"""The header fields of a request, from its parameters."""

from __future__ import annotations

import base64
import datetime
import functools
import inspect
import numbers
from collections.abc import Iterable
from typing import Any

from tornado import version
from tornado._httpclient.decoding import ACCEPTED_CODINGS
from tornado._httpclient.settings import Settings
from tornado._httpclient.urls import Target
from tornado.httputil import HTTPHeaders, encode_username_password, format_timestamp

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


def field_value(name: str, value: Any) -> str:
    """Return ``value`` as the text of the header field ``name``.

    Text and numbers are taken, bytes as they are, datetimes as HTTP writes them, and objects whose
    class says how it is shown (`uuid.UUID`, `decimal.Decimal`, a path, an enum).

    :raises TypeError: for what has no meaning there, such as ``None``, a list or a function.
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("latin-1")
    if isinstance(value, datetime.datetime):
        return format_timestamp(value)
    if isinstance(value, numbers.Number) or (
        getattr(type(value), "__str__", None) is not object.__str__
        and not isinstance(value, (Iterable, BaseException, type))
        and not inspect.isawaitable(value)
        and not callable(value)
    ):
        return str(value)
    raise TypeError(f"invalid value of header {name}: {value!r}, expected text, bytes or a number")


def as_text(headers: HTTPHeaders) -> HTTPHeaders:
    """Return a copy of ``headers`` in which every name and value is text."""
    converted = HTTPHeaders()
    for name, value in headers.get_all():
        if isinstance(name, bytes):
            name = name.decode("latin-1")
        text = field_value(name, value)
        if name in converted._fields:
            converted.add(name, text)
        else:
            converted[name] = text
    return converted


def headers_for(settings: Settings, target: Target, user_agent: str = USER_AGENT) -> HTTPHeaders:
    """Return the headers to send; what the request says itself stays as it is.

    :param user_agent: of the client, where the request names none.

    :raises TypeError: for a header value without a meaning.
    :raises ValueError: for an ``auth_mode`` that is not known.
    """
    headers = settings._headers.copy()
    fields = headers._fields
    for value in fields.values():
        if type(value) is not str:
            headers = as_text(headers)
            fields = headers._fields
            break
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
        headers["User-Agent"] = user_agent
    if settings.decompress_response and "Accept-Encoding" not in fields:
        headers["Accept-Encoding"] = ACCEPTED_CODINGS
    body = settings._body
    if body is not None:
        if "Transfer-Encoding" not in fields:
            headers["Content-Length"] = str(len(body))
    elif settings._body_producer is not None and "Content-Length" not in fields:
        headers["Transfer-Encoding"] = "chunked"
    elif settings.method in ("POST", "PUT", "PATCH") and "Content-Length" not in fields:
        headers["Content-Length"] = "0"
    if settings.method == "POST" and "Content-Type" not in fields:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if settings._cookies is not None:
        cookies = settings._cookies.header_for(target)
        if cookies is not None:
            own = headers.get("Cookie")
            headers["Cookie"] = cookies if own is None else f"{own}; {cookies}"
    if settings.expect_100_continue and (body or settings._body_producer is not None):
        headers["Expect"] = "100-continue"
    return headers
