"""What the mixins ask of the handler that they are part of: a web framework is not imported for it."""

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
        """Set a cookie with the answer."""

    def clear_cookie(self, name: str, path: str = ..., domain: str | None = None) -> None:
        """Delete a cookie."""

    def redirect(self, url: str) -> None:
        """Answer with a redirect."""

    def finish(self, chunk: Any = None) -> Any:
        """Answer with some content."""


def handler_of(mixin: object) -> AuthHandler:
    """Return the handler that ``mixin`` is part of: itself."""
    return cast(AuthHandler, mixin)


def request_of(mixin: object) -> AuthRequest:
    """Return the request that the handler answers."""
    return cast(AuthRequest, handler_of(mixin).request)


def single_argument(mixin: object, name: str) -> bytes | None:
    """Return an argument as it came, ``None`` if it did not.

    :raises AuthError: if it came twice: whoever reads the other value is told something else.
    """
    values = request_of(mixin).arguments.get(name, [])
    if len(values) > 1:
        raise AuthError(f"the answer has {len(values)} arguments {name!r}, expected one")
    return values[0] if values else None


def text_argument(mixin: object, name: str) -> str | None:
    """Return an argument as text.

    :raises AuthError: if it came twice, or is not UTF-8.
    """
    value = single_argument(mixin, name)
    try:
        return None if value is None else value.decode("utf-8")
    except UnicodeDecodeError:
        raise AuthError(f"argument {name!r} is not UTF-8") from None
