"""Arguments as any release ordered them go in; the same by today's names come out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from tornado._auth.answering import Callback
from tornado._auth.protocol import request_of

ApiArguments = tuple[Callback | None, Any, Mapping[str, Any] | None]


def api_arguments(callback: Any, access_token: Any, post_args: Any) -> ApiArguments:
    """Tell ``(path, callback, access_token, post_args)`` from ``(path, access_token, post_args)``."""
    if callback is not None and not callable(callback):
        if access_token is not None and post_args is None:
            post_args = access_token
        callback, access_token = None, callback
    elif isinstance(access_token, Mapping) and "key" not in access_token and post_args is None:
        access_token, post_args = None, access_token
    return callback, access_token, post_args


def client_argument(callback: Any, http_client: Any) -> tuple[Callback | None, Any]:
    """Tell ``(callback, http_client)`` from ``(http_client)``."""
    if callback is not None and http_client is None and hasattr(callback, "fetch"):
        return None, callback
    return callback, http_client


#: Arguments that a provider's answer adds to the address it comes back to.
_ANSWER_ARGUMENTS = frozenset(
    {"code", "error", "login_state", "oauth_token", "oauth_verifier", "session", "state"}
)


def absolute(mixin: object, uri: str | None) -> str:
    """Return ``uri``, by default this request's, as an absolute URL.

    What an earlier answer added to this request's URL is left out.
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
        and name not in _ANSWER_ARGUMENTS
    ]
    return urlunsplit(parts._replace(query="&".join(kept)))


def absolute_path(mixin: object, uri: str | None) -> str | None:
    """Return ``uri`` with this host in front if it is a path; else as it is."""
    if uri is not None and uri.startswith("/"):
        return urljoin(request_of(mixin).full_url(), uri)
    return uri
