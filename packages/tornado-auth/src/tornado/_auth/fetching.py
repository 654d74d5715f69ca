"""Requests to services, and their responses parsed as a form or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from tornado._auth.errors import AuthError, AuthRequestError
from tornado.escape import json_decode, parse_qs_bytes, to_unicode
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPResponse

FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


class ServiceClient:
    """Base of all mixins: provides an HTTP client."""

    def get_auth_http_client(self) -> AsyncHTTPClient:
        """Return the client used for requests to the service; override it to configure the client.

        By default `AsyncHTTPClient()`.

        .. versionadded:: 3.0
        """
        return AsyncHTTPClient()


def shown(url: str) -> str:
    """Return ``url`` fit for a log: without its query, which may hold secrets."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


async def fetch(client: AsyncHTTPClient, url: str, **kwargs: Any) -> HTTPResponse:
    """Fetch ``url``.

    :raises AuthRequestError: if that fails in any way.
    """
    what = shown(url)
    try:
        response = await client.fetch(url, **kwargs)
    except HTTPClientError as error:
        message = error.message or "no response"
        raise AuthRequestError(what, error.code, message, error.response) from error
    except OSError as error:
        raise AuthRequestError(what, 599, error.strerror or str(error), None) from error
    return response


async def post_form(
    client: AsyncHTTPClient, url: str, fields: Mapping[str, Any], **kwargs: Any
) -> HTTPResponse:
    """POST a form that may hold secrets. A redirect is an error: they are for this URL only."""
    headers = {**FORM_HEADERS, **kwargs.pop("headers", {})}
    body = urlencode(fields)
    return await fetch(
        client, url, method="POST", body=body, headers=headers, follow_redirects=False, **kwargs
    )


async def call(
    client: AsyncHTTPClient, url: str, post_args: Mapping[str, Any] | None, **kwargs: Any
) -> Any:
    """Call an API: POST if there are ``post_args``, else GET. Return the decoded JSON response."""
    if post_args is not None:
        headers = {**FORM_HEADERS, **kwargs.pop("headers", {})}
        body = urlencode(post_args, doseq=True)
        response = await fetch(client, url, method="POST", body=body, headers=headers, **kwargs)
    else:
        response = await fetch(client, url, **kwargs)
    return json_of(response)


def json_of(response: HTTPResponse) -> Any:
    """Return the content as JSON.

    :raises AuthError: if it is not JSON.
    """
    try:
        return json_decode(response.body)
    except (ValueError, RecursionError) as error:
        raise AuthError(
            f"{shown(response.effective_url)} responded with {len(response.body)} bytes, expected JSON"
        ) from error


def object_of(response: HTTPResponse) -> dict[str, Any]:
    """Return the content as a JSON object.

    :raises AuthError: if it is not a JSON object.
    """
    value = json_of(response)
    if not isinstance(value, dict):
        raise AuthError(
            f"{shown(response.effective_url)} responded with a JSON {type(value).__name__},"
            " expected an object"
        )
    return value


def form_of(response: HTTPResponse) -> dict[str, str]:
    """Return the content as a form.

    :raises AuthError: if a field occurs twice or is not UTF-8.
    """
    fields = parse_qs_bytes(response.body.strip(), keep_blank_values=True)
    place = shown(response.effective_url)
    result = {}
    for name, values in fields.items():
        if len(values) > 1:
            raise AuthError(f"{place} responded with {len(values)} fields {name!r}, expected one")
        try:
            result[name] = to_unicode(values[0])
        except UnicodeDecodeError as error:
            raise AuthError(f"{place} responded with a field {name!r} that is not UTF-8") from error
    return result


def token_of(response: HTTPResponse) -> dict[str, Any]:
    """Return the content of a token endpoint: JSON (RFC 6749, section 5.1), or a form as in early drafts.

    :raises AuthError: if it reports an error or holds no access token.
    """
    if response.body.lstrip()[:1] == b"{":
        token = object_of(response)
    else:
        token = dict(form_of(response))
    place = shown(response.effective_url)
    # Some services have an empty "error" in every response.
    if token.get("error"):
        raise AuthError(f"{place} reported the error {token['error']!r}")
    if not isinstance(token.get("access_token"), str) or not token["access_token"]:
        raise AuthError(f"{place} returned no access token")
    return token
