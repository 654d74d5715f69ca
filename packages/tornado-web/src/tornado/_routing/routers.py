"""Routers: they find a request's delegate by their rules."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from tornado import gen, httputil
from tornado._core.seam import printable
from tornado._routing.calls import Middleware
from tornado._routing.layers import OnError, fold
from tornado._routing.matchers import AnyMatches, PathMatches
from tornado._routing.rules import Rule, _RuleList
from tornado._routing.table import MATCH_ANY, MATCH_PATH, Entry, RuleSequence
from tornado.log import app_log

__all__ = [
    "ReversibleRouter",
    "ReversibleRuleRouter",
    "Router",
    "RuleRouter",
]


class Router(httputil.HTTPServerConnectionDelegate):
    """Finds what serves a request. Give an instance to `.HTTPServer`, or make it a rule's target.

    .. versionadded:: 4.5
    """

    __module__ = "tornado.routing"

    def find_handler(
        self, request: httputil.HTTPServerRequest, **kwargs: Any
    ) -> httputil.HTTPMessageDelegate | None:
        """Return a delegate that serves ``request``, or ``None`` if this router has none.

        :param request: the request; its body has not come yet.
        :param kwargs: what the routers above pass down.
        """
        raise NotImplementedError

    def start_request(
        self, server_conn: object, request_conn: httputil.HTTPConnection
    ) -> httputil.HTTPMessageDelegate:
        """Return a delegate that asks `find_handler` as soon as the headers are there."""
        return _RoutingDelegate(self, server_conn, request_conn)


class ReversibleRouter(Router):
    """A router that can turn a route's name back into its URL.

    .. versionadded:: 4.5
    """

    __module__ = "tornado.routing"

    def reverse_url(self, name: str, *args: Any) -> str | None:
        """Return the URL of the route called ``name`` with ``args`` in place of its groups.

        ``None`` means that there is no route of that name.
        """
        raise NotImplementedError


class RuleRouter(Router):
    """A router that tries its rules in order; the first that matches serves the request.

    :param rules: `Rule` objects, or tuples and lists of their arguments in which a string in the
        matcher's place is a `PathMatches` pattern.
    :param middleware: functions that run around every request that reaches this router, the outermost one
        first: see `tornado.middleware`. A request that no rule matches then gets a 404 here.

    The rules are compiled into a table, so that their number hardly matters. They may be
    changed at any time through `add_rules` or the list ``rules``.

    .. versionadded:: 4.5
    """

    __module__ = "tornado.routing"

    def __init__(
        self, rules: _RuleList | None = None, *, middleware: Iterable[Middleware] | None = None
    ) -> None:
        self._rules = RuleSequence()
        if rules:
            self.add_rules(rules)
        if middleware:
            find = partial(type(self).find_handler, self)
            self.find_handler = fold(middleware, find, self._error_page)  # type: ignore[assignment,method-assign]

    @property
    def rules(self) -> list[Rule]:
        """The rules in their order."""
        return self._rules

    @rules.setter
    def rules(self, rules: Iterable[Rule]) -> None:
        self._rules = RuleSequence(rules)

    def add_rules(self, rules: _RuleList) -> None:
        """Append rules, given as to the constructor."""
        for rule in rules:
            if isinstance(rule, (tuple, list)):
                if not 2 <= len(rule) <= 4:
                    raise ValueError(f"a rule has 2 to 4 parts, not {len(rule)}: {rule!r}")
                if isinstance(rule[0], (str, re.Pattern)):
                    rule = Rule(PathMatches(rule[0]), *rule[1:])
                else:
                    rule = Rule(*rule)
            rule = self.process_rule(rule)
            if rule.middleware and not isinstance(rule.target, LayeredRouter):
                rule.target = LayeredRouter(
                    rule.target, rule.middleware, self.get_target_delegate, self._error_page
                )
            self._rules.append(rule)

    #: Returns the delegate of an error page for what a middleware raised.
    _error_page: OnError | None = None

    def process_rule(self, rule: Rule) -> Rule:
        """Return the rule to add in place of ``rule``; override to check or wrap rules.

        :raises TypeError: if the rule's target could never respond.
        """
        target = rule.target
        if (
            not isinstance(target, httputil.HTTPServerConnectionDelegate)
            and not callable(target)
            and type(self).get_target_delegate is _GET_TARGET_DELEGATE
        ):
            raise TypeError(f"the target of {rule!r} is no router, delegate or callable")
        return rule

    def find_handler(
        self, request: httputil.HTTPServerRequest, **kwargs: Any
    ) -> httputil.HTTPMessageDelegate | None:
        """Return the delegate of the first rule that matches and has one, or ``None``."""
        if PathMatches.match is not MATCH_PATH or AnyMatches.match is not MATCH_ANY:
            entries: Iterable[Entry] = [Entry(rule, 0) for rule in self._rules]
        else:
            entries = self._rules.table().candidates(request.path)
        for entry in entries:
            rule = entry.rule
            params = {} if entry.certain else rule.matcher.match(request)
            if params is None:
                continue
            if rule.target_kwargs:
                params["target_kwargs"] = rule.target_kwargs
            delegate = self.get_target_delegate(rule.target, request, **params)
            if delegate is not None:
                return delegate
        return None

    def get_target_delegate(
        self, target: Any, request: httputil.HTTPServerRequest, **target_params: Any
    ) -> httputil.HTTPMessageDelegate | None:
        """Return what serves ``request`` on behalf of ``target``; override for targets of your own.

        :param target: a rule's target.
        :param target_params: what the matcher returned, and ``target_kwargs``.
        :returns: ``None`` if the next rule is to be tried.
        """
        if isinstance(target, Router):
            return target.find_handler(request, **target_params)
        if isinstance(target, httputil.HTTPServerConnectionDelegate):
            assert request.connection is not None
            return target.start_request(request.server_connection, request.connection)
        if callable(target):
            assert request.connection is not None
            return _CallableAdapter(partial(target, **target_params), request.connection)
        return None


_GET_TARGET_DELEGATE = RuleRouter.get_target_delegate


class ReversibleRuleRouter(ReversibleRouter, RuleRouter):
    """A `RuleRouter` whose named rules can be turned back into URLs.

    .. versionadded:: 4.5
    """

    __module__ = "tornado.routing"

    def __init__(
        self, rules: _RuleList | None = None, *, middleware: Iterable[Middleware] | None = None
    ) -> None:
        self.named_rules: dict[str, Rule] = {}
        super().__init__(rules, middleware=middleware)

    def process_rule(self, rule: Rule) -> Rule:
        """Remember ``rule`` by its name; a name used twice is logged, and the later rule has it."""
        rule = super().process_rule(rule)
        if rule.name:
            if rule.name in self.named_rules:
                app_log.warning("Multiple handlers named %s; replacing previous value", rule.name)
            self.named_rules[rule.name] = rule
        return rule

    def reverse_url(self, name: str, *args: Any) -> str | None:
        """Return the URL of the rule called ``name``, here or in a nested router, or ``None``."""
        rule = self.named_rules.get(name)
        if rule is not None:
            return rule.matcher.reverse(*args)
        for rule in self.rules:
            if isinstance(rule.target, ReversibleRouter):
                url = rule.target.reverse_url(name, *args)
                if url is not None:
                    return url
        return None


class _RoutingDelegate(httputil.HTTPMessageDelegate):
    """Waits for the headers, asks the router, and passes everything on to what it found."""

    def __init__(
        self, router: Router, server_conn: object, request_conn: httputil.HTTPConnection
    ) -> None:
        self.server_conn = server_conn
        self.request_conn = request_conn
        self.router = router
        self.delegate: httputil.HTTPMessageDelegate | None = None

    def headers_received(
        self,
        start_line: httputil.RequestStartLine | httputil.ResponseStartLine,
        headers: httputil.HTTPHeaders,
    ) -> Any:
        assert isinstance(start_line, httputil.RequestStartLine)
        request = httputil.HTTPServerRequest(
            connection=self.request_conn,
            server_connection=self.server_conn,
            start_line=start_line,
            headers=headers,
        )
        self.delegate = self.router.find_handler(request)
        if self.delegate is None:
            app_log.debug(
                "Delegate for %s %s request not found",
                start_line.method,
                printable(start_line.path),
            )
            self.delegate = _NotFoundDelegate(self.request_conn)
        return self.delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Any:
        assert self.delegate is not None
        return self.delegate.data_received(chunk)

    def finish(self) -> None:
        assert self.delegate is not None
        self.delegate.finish()

    def on_connection_close(self) -> None:
        # The connection may go before any route was found.
        if self.delegate is not None:
            self.delegate.on_connection_close()


class _NotFoundDelegate(httputil.HTTPMessageDelegate):
    """Responds with a bare 404."""

    def __init__(self, connection: httputil.HTTPConnection) -> None:
        self.connection = connection

    def finish(self) -> None:
        self.connection.write_headers(
            httputil.ResponseStartLine("HTTP/1.1", 404, "Not Found"),
            httputil.HTTPHeaders({"Content-Length": "0"}),
        )
        self.connection.finish()


class _CallableAdapter(httputil.HTTPMessageDelegate):
    """Gathers the body, then calls a function, which may be a coroutine, with the request."""

    def __init__(
        self,
        request_callback: Callable[[httputil.HTTPServerRequest], Any],
        request_conn: httputil.HTTPConnection,
    ) -> None:
        self.connection = request_conn
        self.request_callback = request_callback
        self.request: httputil.HTTPServerRequest | None = None
        self._chunks: list[bytes] = []

    def headers_received(
        self,
        start_line: httputil.RequestStartLine | httputil.ResponseStartLine,
        headers: httputil.HTTPHeaders,
    ) -> Any:
        assert isinstance(start_line, httputil.RequestStartLine)
        self.request = httputil.HTTPServerRequest(
            connection=self.connection, start_line=start_line, headers=headers
        )
        return None

    def data_received(self, chunk: bytes) -> Any:
        self._chunks.append(chunk)
        return None

    def finish(self) -> None:
        assert self.request is not None
        self.request.body = b"".join(self._chunks)
        self.request._parse_body()
        result = self.request_callback(self.request)
        if result is not None and inspect.isawaitable(result):
            gen.convert_yielded(result).add_done_callback(self._finished)

    def _finished(self, future: Any) -> None:
        """Log the exception of a function that was a coroutine; close, as nothing more will be sent."""
        if not future.cancelled() and future.exception() is not None:
            app_log.error(
                "Uncaught exception in %r", self.request_callback, exc_info=future.exception()
            )
            close = getattr(self.connection, "close", None)
            if close is not None:
                close()

    def on_connection_close(self) -> None:
        self._chunks.clear()


class LayeredRouter(ReversibleRouter):
    """A rule's target with middleware around it."""

    def __init__(
        self,
        target: Any,
        middleware: Iterable[Middleware],
        find_target: Callable[..., Any],
        on_error: OnError | None = None,
    ) -> None:
        #: The target inside.
        self.target = target
        self._middleware = tuple(middleware)
        self._find_target = find_target
        self._on_error = on_error

    def find_handler(
        self, request: httputil.HTTPServerRequest, **target_params: Any
    ) -> httputil.HTTPMessageDelegate | None:
        def find(request: httputil.HTTPServerRequest) -> Any:
            return self._find_target(self.target, request, **target_params)

        delegate: httputil.HTTPMessageDelegate = fold(self._middleware, find, self._on_error)(
            request
        )
        return delegate

    def reverse_url(self, name: str, *args: Any) -> str | None:
        if isinstance(self.target, ReversibleRouter):
            return self.target.reverse_url(name, *args)
        return None
