"""Queries, form fields and path groups go in as bytes; text comes out."""

from __future__ import annotations

import re
from typing import Any, overload

from tornado._core.seam import printable
from tornado._web.errors import HTTPError, MissingArgumentError
from tornado._web.state import HandlerState
from tornado.escape import to_unicode


class _ArgDefaultMarker:
    """Stands for "no default was given", since ``None`` is a default too."""


_ARG_DEFAULT = _ArgDefaultMarker()

# Control characters, but not the white space that a text field may hold.
_CONTROL_CHARS = re.compile(r"[\x00-\x08\x0e-\x1f]")


class Arguments(HandlerState):
    """Access to the arguments of a request."""

    @overload
    def get_argument(self, name: str, default: str, strip: bool = True) -> str: ...

    @overload
    def get_argument(
        self, name: str, default: _ArgDefaultMarker = _ARG_DEFAULT, strip: bool = True
    ) -> str: ...

    @overload
    def get_argument(self, name: str, default: None, strip: bool = True) -> str | None: ...

    def get_argument(self, name: str, default: Any = _ARG_DEFAULT, strip: bool = True) -> Any:
        """Return the argument called ``name``, from the query or the body.

        :param name: its name. If it came more than once the last value is returned.
        :param default: what to return if it did not come.
        :param strip: take white space off both ends.
        :returns: ``str``, with control characters replaced by spaces.
        :raises MissingArgumentError: (status 400) if it did not come and there is no default.
        """
        return self._get_argument(name, default, self.request.arguments, strip)

    def get_arguments(self, name: str, strip: bool = True) -> list[str]:
        """Return all values of the argument called ``name``, from the query and the body.

        The list is empty if it did not come.
        """
        # A default in the second place is a common slip for get_argument.
        assert isinstance(strip, bool)
        return self._get_arguments(name, self.request.arguments, strip)

    @overload
    def get_body_argument(self, name: str, default: str, strip: bool = True) -> str: ...

    @overload
    def get_body_argument(
        self, name: str, default: _ArgDefaultMarker = _ARG_DEFAULT, strip: bool = True
    ) -> str: ...

    @overload
    def get_body_argument(self, name: str, default: None, strip: bool = True) -> str | None: ...

    def get_body_argument(self, name: str, default: Any = _ARG_DEFAULT, strip: bool = True) -> Any:
        """Return an argument as `get_argument` does, but from the body only.

        .. versionadded:: 3.2
        """
        return self._get_argument(name, default, self.request.body_arguments, strip)

    def get_body_arguments(self, name: str, strip: bool = True) -> list[str]:
        """Return all values of an argument of the body.

        .. versionadded:: 3.2
        """
        return self._get_arguments(name, self.request.body_arguments, strip)

    @overload
    def get_query_argument(self, name: str, default: str, strip: bool = True) -> str: ...

    @overload
    def get_query_argument(
        self, name: str, default: _ArgDefaultMarker = _ARG_DEFAULT, strip: bool = True
    ) -> str: ...

    @overload
    def get_query_argument(self, name: str, default: None, strip: bool = True) -> str | None: ...

    def get_query_argument(self, name: str, default: Any = _ARG_DEFAULT, strip: bool = True) -> Any:
        """Return an argument as `get_argument` does, but from the query only.

        .. versionadded:: 3.2
        """
        return self._get_argument(name, default, self.request.query_arguments, strip)

    def get_query_arguments(self, name: str, strip: bool = True) -> list[str]:
        """Return all values of an argument of the query.

        .. versionadded:: 3.2
        """
        return self._get_arguments(name, self.request.query_arguments, strip)

    def _get_argument(
        self, name: str, default: Any, source: dict[str, list[bytes]], strip: bool = True
    ) -> Any:
        values = self._get_arguments(name, source, strip=strip)
        if values:
            return values[-1]
        if default is _ARG_DEFAULT:
            raise MissingArgumentError(name)
        return default

    def _get_arguments(
        self, name: str, source: dict[str, list[bytes]], strip: bool = True
    ) -> list[str]:
        values = []
        for raw in source.get(name, ()):
            value = self.decode_argument(raw, name=name)
            if isinstance(value, str):
                if not value.isprintable():
                    value = _CONTROL_CHARS.sub(" ", value)
                if strip:
                    value = value.strip()
            values.append(value)
        return values

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """Decode an argument of the query, the body or the path; override for other encodings.

        :param value: the percent-decoded argument.
        :param name: its name; ``None`` for an unnamed group of the path.
        :raises HTTPError: 400 if it is not UTF-8.
        """
        try:
            return to_unicode(value)
        except UnicodeDecodeError:
            where = printable(name) if name else "url"
            raise HTTPError(400, "Invalid unicode in %s: %r", where, value[:40]) from None
