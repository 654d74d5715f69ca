"""Rules: matchers with their targets, the rows of a route table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from tornado._routing.calls import Middleware
from tornado._routing.matchers import Matcher, PathMatches
from tornado.util import import_object

__all__ = ["Rule", "URLSpec", "_RuleList"]


class Rule:
    """A matcher with its target.

    :param matcher: decides which requests the rule is for.
    :param target: a `Router`, an `.HTTPServerConnectionDelegate` or a callable that takes the
        request; in an `.Application` also a `.RequestHandler` class, or a list of nested rules.
    :param target_kwargs: what the target needs besides, such as the keyword arguments of
        `.RequestHandler.initialize`.
    :param name: for `ReversibleRouter.reverse_url`.
    :param middleware: functions that run around every request for this rule, the outermost one first: see
        `tornado.middleware`.

    .. versionadded:: 4.5
    .. versionchanged:: 6.100
       ``middleware``.
    """

    __module__ = "tornado.routing"

    def __init__(
        self,
        matcher: Matcher,
        target: Any,
        target_kwargs: dict[str, Any] | None = None,
        name: str | None = None,
        *,
        middleware: Iterable[Middleware] | None = None,
    ) -> None:
        if isinstance(target, str):
            # A dotted name is imported here, so that a wrong one fails when the table is made.
            target = import_object(target)
        self.matcher = matcher
        self.target = target
        self.target_kwargs = target_kwargs if target_kwargs else {}
        self.name = name
        self.middleware = tuple(middleware or ())

    def reverse(self, *args: Any) -> str | None:
        """Return the URL that this rule would match with ``args``, or ``None``."""
        return self.matcher.reverse(*args)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.matcher!r}, {self.target}, "
            f"kwargs={self.target_kwargs!r}, name={self.name!r})"
        )


class URLSpec(Rule):
    """A rule from a path's regular expression to a handler; also called ``tornado.web.url``.

    :param pattern: regular expression for the whole path; its groups become arguments of the
        handler's method, by position or, if they are named, by name.
    :param handler: a `.RequestHandler` subclass, or its dotted name; ``None`` for a pattern that is only
        reversed. (``handler_class`` is accepted as the old name of this argument.)
    :param kwargs: keyword arguments of the handler's ``initialize``.
    :param name: for `.Application.reverse_url`.
    :param middleware: as for `Rule`.

    .. versionadded:: 1.0
    .. versionchanged:: 3.2
       ``handler_class`` became ``handler``; both work.
    """

    __module__ = "tornado.routing"

    def __init__(
        self,
        pattern: str | re.Pattern[str],
        handler: Any = None,
        kwargs: dict[str, Any] | None = None,
        name: str | None = None,
        *,
        handler_class: Any = None,
        middleware: Iterable[Middleware] | None = None,
    ) -> None:
        if handler is None:
            handler = handler_class
        matcher = PathMatches(pattern)
        super().__init__(matcher, handler, kwargs, name, middleware=middleware)
        self.regex = matcher.regex
        self.handler_class = self.target
        self.kwargs = kwargs

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.regex.pattern!r}, {self.handler_class}, "
            f"kwargs={self.kwargs!r}, name={self.name!r})"
        )


# What a table of rules may hold: rules, or tuples and lists of a Rule's arguments.
_RuleList = Iterable[
    Rule
    | list[Any]
    | tuple[str | Matcher, Any]
    | tuple[str | Matcher, Any, dict[str, Any]]
    | tuple[str | Matcher, Any, dict[str, Any], str]
]
