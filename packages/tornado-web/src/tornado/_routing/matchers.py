"""Requests go in, and the arguments a matching route passes on come out (or ``None``)."""

from __future__ import annotations

import re
from typing import Any

from tornado import httputil
from tornado._routing.patterns import reverse_template
from tornado.escape import url_escape, url_unescape, utf8

__all__ = ["AnyMatches", "DefaultHostMatches", "HostMatches", "Matcher", "PathMatches"]


class Matcher:
    """Decides whether a request fits. Subclass it to route by anything a request has.

    .. versionadded:: 4.5
    """

    __module__ = "tornado.routing"

    def match(self, request: httputil.HTTPServerRequest) -> dict[str, Any] | None:
        """Return ``None`` if ``request`` does not fit, else keyword arguments for the target.

        An empty dict fits too. The keys ``path_args`` (a list of bytes) and ``path_kwargs``
        (a dict of bytes) become a handler method's arguments; other keys are passed to the
        target's ``find_handler`` or callable as they are.
        """
        raise NotImplementedError

    def reverse(self, *args: Any) -> str | None:
        """Return the URL that would match with these arguments, or ``None`` if there is none."""
        return None


class AnyMatches(Matcher):
    """Matches every request.

    .. versionadded:: 4.5
    """

    __module__ = "tornado.routing"

    def match(self, request: httputil.HTTPServerRequest) -> dict[str, Any] | None:
        """Return an empty dict."""
        return {}


class HostMatches(Matcher):
    """Matches requests by the host name they were sent to, without its port.

    :param host_pattern: a regular expression (``str`` or compiled) for the whole name.

    .. versionadded:: 4.5
    """

    __module__ = "tornado.routing"

    def __init__(self, host_pattern: str | re.Pattern[str]) -> None:
        self.host_pattern: re.Pattern[str] = _whole(host_pattern)

    def match(self, request: httputil.HTTPServerRequest) -> dict[str, Any] | None:
        """Return an empty dict if the host name matches."""
        return {} if self.host_pattern.match(request.host_name) else None


class DefaultHostMatches(Matcher):
    """Matches requests that came straight to the server, when ``default_host`` fits the pattern.

    A request that a proxy forwarded (it has an ``X-Real-Ip`` header) never matches.

    :param application: what has the attribute ``default_host``.
    :param host_pattern: a compiled regular expression.

    .. versionadded:: 4.5
    """

    __module__ = "tornado.routing"

    def __init__(self, application: Any, host_pattern: re.Pattern[str]) -> None:
        self.application = application
        self.host_pattern = host_pattern

    def match(self, request: httputil.HTTPServerRequest) -> dict[str, Any] | None:
        """Return an empty dict if the application's default host matches."""
        default_host = self.application.default_host
        if default_host and "X-Real-Ip" not in request.headers:
            if self.host_pattern.match(default_host):
                return {}
        return None


class PathMatches(Matcher):
    """Matches requests by their path, and passes the pattern's groups on.

    :param path_pattern: a regular expression for the whole path, before percent-decoding.
        A ``$`` is added to a ``str`` that has none; a compiled one is taken as it is.
    :raises AssertionError: if some groups are named and some are not.

    .. versionadded:: 4.5
    """

    __module__ = "tornado.routing"

    def __init__(self, path_pattern: str | re.Pattern[str]) -> None:
        self.regex: re.Pattern[str] = _whole(path_pattern)
        if len(self.regex.groupindex) not in (0, self.regex.groups):
            raise AssertionError(
                "groups in url regexes must either be all named or all "
                f"positional: {self.regex.pattern!r}"
            )
        found: tuple[str | None, int | None] = self._find_groups()
        self._path, self._group_count = found
        # Names in the order of their groups; empty where the groups have none.
        self._names = sorted(self.regex.groupindex, key=self.regex.groupindex.__getitem__)

    def match(self, request: httputil.HTTPServerRequest) -> dict[str, Any] | None:
        """Return ``{}``, ``{"path_args": [...]}`` or ``{"path_kwargs": {...}}`` on a match.

        The values are percent-decoded bytes; a group that took no part is ``None``.
        """
        found = self.regex.match(request.path)
        if found is None:
            return None
        groups = found.groups()
        if not groups:
            return {}
        values = [_unquote_or_none(group) for group in groups]
        if self._names:
            return {"path_kwargs": dict(zip(self._names, values, strict=False))}
        return {"path_args": values}

    def reverse(self, *args: Any) -> str | None:
        """Return the path with ``args`` in place of the groups, percent-encoded.

        :raises ValueError: if the pattern is more than text and groups.
        :raises AssertionError: if there are more or fewer arguments than groups.
        """
        if self._path is None:
            raise ValueError("Cannot reverse url regex " + self.regex.pattern)
        if len(args) != self._group_count:
            raise AssertionError("required number of arguments not found")
        if not args:
            return self._path
        literals = self._path.split("%s")
        url = [literals[0]]
        for arg, literal in zip(args, literals[1:], strict=False):
            if not isinstance(arg, (str, bytes)):
                arg = str(arg)
            url.append(url_escape(utf8(arg), plus=False))
            url.append(literal)
        return "".join(url)

    def _find_groups(self) -> tuple[str, int] | tuple[None, None]:
        """Return the ``%s`` template of this pattern's paths and its number of groups."""
        return reverse_template(self.regex)


def _whole(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    """Compile a pattern given as ``str`` so that it matches to the end."""
    if not isinstance(pattern, str):
        return pattern
    return re.compile(pattern if pattern.endswith("$") else pattern + "$")


def _unquote_or_none(s: str | None) -> bytes | None:
    """Percent-decode a group to bytes; a group that took no part stays ``None``."""
    if s is None:
        return None
    if "%" not in s:
        return s.encode("utf-8")
    return url_unescape(s, encoding=None, plus=False)
