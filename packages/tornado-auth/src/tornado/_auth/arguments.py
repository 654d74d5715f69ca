"""Arguments in the order of any release, sorted out into today's; and absolute URLs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from tornado._auth.outcome import Callback
from tornado._auth.protocol import request_of

ApiArguments = tuple[Callback | None, Any, Mapping[str, Any] | None]


def api_arguments(callback: Any, access_token: Any, post_args: Any) -> ApiArguments:
    """Distinguish ``(path, callback, access_token, post_args)`` from ``(path, access_token, post_args)``."""
    if callback is not None and not callable(callback):
        if access_token is not None and post_args is None:
            post_args = access_token
        callback, access_token = None, callback
    elif isinstance(access_token, Mapping) and "key" not in access_token and post_args is None:
        access_token, post_args = None, access_token
    return callback, access_token, post_args


def client_argument(callback: Any, http_client: Any) -> tuple[Callback | None, Any]:
    """Distinguish ``(callback, http_client)`` from ``(http_client)``."""
    if callback is not None and http_client is None and hasattr(callback, "fetch"):
        return None, callback
    return callback, http_client


#: Query arguments that a provider's response adds to the return URL.
_RESPONSE_ARGUMENTS = frozenset(
    {"code", "error", "login_state", "oauth_token", "oauth_verifier", "session", "state"}
)


def absolute(mixin: object, uri: str | None) -> str:
    """Return ``uri``, by default this request's, as an absolute URL.

    Arguments that an earlier response added to this request's URL are removed.
    """
    here = request_of(mixin).full_url()
    if uri is not None:
        return urljoin(here, uri)
    parts = urlsplit(here)
    fields = [field for field in parts.query.split("&") if field]
    kept = [
        field
        for field in fields
        if not (name := field.partition("=")[0]).startswith("openid.")
        and name not in _RESPONSE_ARGUMENTS
    ]
    return urlunsplit(parts._replace(query="&".join(kept)))


def absolute_path(mixin: object, uri: str | None) -> str | None:
    """Return ``uri``, made absolute with this host if it is a path."""
    if uri is not None and uri.startswith("/"):
        return urljoin(request_of(mixin).full_url(), uri)
    return uri
