"""What the mixins need from their handler, as protocols, so that no web framework is imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from tornado._auth.errors import AuthError


class AuthRequest(Protocol):
    """A request, as far as logging in needs it."""

    #: ``http`` or ``https``.
    protocol: str
    #: The authority that the client asked for.
    host: str
    #: Path and query.
    uri: str | None

    @property
    def arguments(self) -> Mapping[str, list[bytes]]:
        """The decoded arguments of query and content: each name with all its values."""

    def full_url(self) -> str:
        """Return the whole URL of the request."""


class AuthHandler(Protocol):
    """A handler, as far as logging in needs it: `tornado.web.RequestHandler` is one."""

    request: Any

    @property
    def settings(self) -> Mapping[str, Any]:
        """The application's settings."""

    def require_setting(self, name: str, feature: str = ...) -> None:
        """Raise an exception if there is no such setting."""

    def get_cookie(self, name: str, default: str | None = None) -> str | None:
        """Return a cookie of the request."""

    def set_cookie(self, name: str, value: str | bytes, **kwargs: Any) -> None:
        """Set a cookie in the response."""

    def clear_cookie(self, name: str, path: str = ..., domain: str | None = None) -> None:
        """Delete a cookie."""

    def redirect(self, url: str) -> None:
        """Respond with a redirect."""

    def finish(self, chunk: Any = None) -> Any:
        """Finish the response, with a last piece of content."""


def handler_of(mixin: object) -> AuthHandler:
    """Return the handler that ``mixin`` is part of: itself."""
    return cast(AuthHandler, mixin)


def request_of(mixin: object) -> AuthRequest:
    """Return the request that the handler serves."""
    return cast(AuthRequest, handler_of(mixin).request)


def consumer_token(mixin: object, prefix: str, feature: str) -> dict[str, Any]:
    """Return the application's key and secret (OAuth 1.0): the settings ``PREFIX_key`` and ``PREFIX_secret``.

    :raises Exception: if one is missing; ``feature`` says what needs it.
    """
    handler = handler_of(mixin)
    for name in (f"{prefix}_key", f"{prefix}_secret"):
        handler.require_setting(name, feature)
    settings = handler.settings
    return {"key": settings[f"{prefix}_key"], "secret": settings[f"{prefix}_secret"]}


def single_argument(mixin: object, name: str) -> bytes | None:
    """Return the raw value of an argument, or ``None`` if it is missing.

    :raises AuthError: if it occurs twice, since another reader might take the other value.
    """
    values = request_of(mixin).arguments.get(name, [])
    if len(values) > 1:
        raise AuthError(f"the response has {len(values)} arguments {name!r}, expected one")
    return values[0] if values else None


def text_argument(mixin: object, name: str) -> str | None:
    """Return an argument as text.

    :raises AuthError: if it occurs twice or is not UTF-8.
    """
    value = single_argument(mixin, name)
    try:
        return None if value is None else value.decode("utf-8")
    except UnicodeDecodeError:
        raise AuthError(f"argument {name!r} is not UTF-8") from None
