"""The application: a table of routes with settings, which finds the handler of each request."""

from __future__ import annotations

import functools
import socket
import types
import weakref
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from inspect import (
    isasyncgenfunction,
    isclass,
    iscoroutinefunction,
    isgeneratorfunction,
    isroutine,
)
from typing import Any

from tornado import httputil
from tornado._http1.seam import MessageTarget
from tornado._routing.calls import DefaultHeaders, Middleware, ResponseHead
from tornado._routing.layers import AmendingExchange, fold
from tornado._routing.matchers import AnyMatches, DefaultHostMatches, HostMatches, PathMatches
from tornado._routing.routers import ReversibleRouter, ReversibleRuleRouter
from tornado._routing.rules import Rule, _RuleList
from tornado._routing.table import MATCH_ANY, MATCH_PATH, RouteTable, RuleSequence
from tornado._web.delegate import HandlerDelegate
from tornado._web.handler import RequestHandler
from tornado._web.lifespan import Hooks, Lifespan
from tornado._web.special import ErrorHandler
from tornado._web.static import StaticFileHandler
from tornado._web.transforms import OutputTransform, transforms_of
from tornado._web.uimodules import TemplateModule, UIModule, _linkify, _xsrf_form_html
from tornado.httpserver import HTTPServer
from tornado.log import access_log

__all__ = ["Application"]


# Both lists of rules, each with its table.
_PlainTables = tuple[RuleSequence, RouteTable | None, RuleSequence, RouteTable | None]
_NO_TABLES: _PlainTables = (RuleSequence(), None, RuleSequence(), None)


class _ApplicationRouter(ReversibleRuleRouter):
    """A router whose targets may be handler classes, and lists of nested rules."""

    #: Whether a step of this object, not of its class, was replaced.
    _is_patched = False

    def __init__(self, application: Application, rules: _RuleList | None = None) -> None:
        self.application = application
        super().__init__(rules)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in ("find_handler", "get_target_delegate"):
            super().__setattr__("_is_patched", True)
        if name in ("find_handler", "get_target_delegate", "_rules"):
            self.application._plain = None

    def process_rule(self, rule: Rule) -> Rule:
        rule = super().process_rule(rule)
        if isinstance(rule.target, (list, tuple)):
            rule.target = _ApplicationRouter(self.application, rule.target)
        else:
            self._check_target(rule)
        return rule

    def _error_page(self, request: httputil.HTTPServerRequest, status: int) -> Any:
        return self.application._error_page(request, status)

    def _check_target(self, rule: Rule) -> None:
        """Refuse a target that could never respond.

        :raises TypeError: naming the route and the target.
        """
        target = rule.target
        if isinstance(target, httputil.HTTPServerConnectionDelegate):
            return
        if not callable(target):
            problem = "is no handler"
        elif _is_coroutine_function(target):
            problem = "is a coroutine function; a handler is a RequestHandler class"
        else:
            return
        if type(self).get_target_delegate is not _GET_TARGET_DELEGATE:
            return  # it may know what to do with it
        pattern = getattr(getattr(rule.matcher, "regex", None), "pattern", rule.matcher)
        raise TypeError(f"the target {target!r} of the route {pattern!r} {problem}")

    def get_target_delegate(
        self, target: Any, request: httputil.HTTPServerRequest, **target_params: Any
    ) -> httputil.HTTPMessageDelegate | None:
        if isclass(target) and issubclass(target, RequestHandler):
            return self.application.get_handler_delegate(request, target, **target_params)
        return super().get_target_delegate(target, request, **target_params)


class Application(ReversibleRouter):
    """A table of routes with settings: what an `.HTTPServer` serves.

    ::

        application = web.Application([
            (r"/", MainPageHandler),
        ])
        http_server = httpserver.HTTPServer(application)
        http_server.listen(8080)

    :param handlers: the routes, tried in order: `.URLSpec` or `.Rule` objects, or tuples of their
        arguments. A tuple's first item is a regular expression for the whole path (or a
        `.Matcher`), its second a `RequestHandler` class or its dotted name, any other target
        of a `.Rule`, or a list of nested routes; a third item, a dict, holds the keyword arguments of
        the handler's `~RequestHandler.initialize`; a fourth names the route.
    :param default_host: the host name whose routes (see `add_handlers`) serve requests that
        came to no known host, such as those to a bare address.
    :param transforms: `OutputTransform` classes, in place of the default.
    :param wsgi: this application is run by a WSGI server; see `tornado.wsgi`.
    :param on_startup: a function of the application, or a list of them: called in their order before the
        first request, where `lifespan` is entered. Coroutines are awaited.
    :param on_shutdown: the same, after the last request.
    :param lifespan: a function of the application that returns an asynchronous context manager, which is
        entered before the startup functions and left after the shutdown functions.
    :param middleware: functions that run around every request, the outermost one first: see
        `tornado.middleware`.
    :param default_headers: header fields of every response that does not set them itself, also of error pages
        and of the server's own refusals of requests that HTTP does not allow.
    :param settings: everything else, kept in the attribute ``settings``. Any key may be used; these
        have a meaning here:

    General
        ``debug``
            for development: the same as ``autoreload=True``, ``compiled_template_cache=False``,
            ``static_hash_cache=False`` and ``serve_traceback=True``, each unless it is given.
        ``autoreload``
            restart the process when a source file changes (see `tornado.autoreload`).
        ``serve_traceback``
            show the traceback on error pages. Not for the public.
        ``compress_response`` (or ``gzip``)
            compress textual responses: true for gzip, or a list of codings; see `ContentCompression`,
            also for ``compression_levels``.
        ``default_handler_class``, ``default_handler_args``
            the handler of requests that no route matches.
        ``log_function``
            a function of the handler, called after each request in place of the log line.
        ``ui_modules``, ``ui_methods``
            a module, a dict, or a list of those, with names for templates.

    Users and security
        ``cookie_secret``, ``key_version``
            the key of signed cookies; or a dict of keys by version, and which of them signs.
        ``login_url``
            where `authenticated` sends visitors who are not logged in.
        ``xsrf_cookies``
            demand an XSRF token of requests that change something; see
            `RequestHandler.check_xsrf_cookie`.
        ``xsrf_cookie_version``, ``xsrf_cookie_kwargs``, ``xsrf_cookie_name``
            see `RequestHandler.xsrf_token`.
        ``cross_origin_protection``, ``trusted_origins``
            refuse what pages of other origins send; see `RequestHandler.check_trusted_origin`.

    Templates
        ``template_path``
            the directory of templates.
        ``template_loader``
            a `tornado.template.BaseLoader` to use in place of the keys around it.
        ``autoescape``, ``template_whitespace``, ``template_directives``
            passed on to the loader.
        ``compiled_template_cache``
            if false, templates are read again for each request.

    Static files
        ``static_path``
            a directory, to be served under ``/static/``, with ``/favicon.ico`` and ``/robots.txt``.
        ``static_url_prefix``
            another prefix than ``/static/``.
        ``static_handler_class``, ``static_handler_args``
            another handler than `StaticFileHandler`, and further arguments of its ``initialize``.
        ``static_hash_cache``
            if false, versions of files are computed again for each request.

    .. versionchanged:: 4.5
       Nested routes and matchers.
    """

    __module__ = "tornado.web"

    #: Whether a step that finds handlers was replaced on this object, not on its class.
    _is_patched = False
    #: Amends the heads of all responses, where no middleware does so.
    _amend: Callable[[ResponseHead], object] | None = None
    #: What `_plain_tables` returned.
    _plain: _PlainTables | None = None
    #: Application-wide transforms of responses.
    transforms: list[type[OutputTransform]]

    def __init__(
        self,
        handlers: _RuleList | None = None,
        default_host: str | None = None,
        transforms: list[type[OutputTransform]] | None = None,
        wsgi: bool = False,
        *,
        on_startup: Hooks = None,
        on_shutdown: Hooks = None,
        lifespan: Callable[[Any], AbstractAsyncContextManager[Any]] | None = None,
        middleware: Iterable[Middleware] | None = None,
        default_headers: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> None:
        self._lifespan = Lifespan(on_startup, on_shutdown, lifespan)
        #: Handlers that hold a connection open after their request, such as WebSockets; `run` closes
        #: them at the end.
        self.open_connections: weakref.WeakSet[Any] = weakref.WeakSet()
        if transforms is None:
            self.transforms = transforms_of(settings)
        else:
            self.transforms = transforms
        self.default_host = default_host
        #: The keyword arguments of the constructor; may be changed.
        self.settings: dict[str, Any] = settings
        self._wsgi = wsgi
        self.ui_modules: dict[str, type[UIModule]] = {
            "linkify": _linkify,
            "xsrf_form_html": _xsrf_form_html,
            "Template": TemplateModule,
        }
        self.ui_methods: dict[str, Any] = {}
        self._load_ui_modules(settings.get("ui_modules", {}))
        self._load_ui_methods(settings.get("ui_methods", {}))
        if settings.get("debug"):
            settings.setdefault("autoreload", True)
            settings.setdefault("compiled_template_cache", False)
            settings.setdefault("static_hash_cache", False)
            settings.setdefault("serve_traceback", True)
        rules = list(handlers or ())
        if settings.get("static_path"):
            rules[:0] = self._static_rules()
        self.wildcard_router = _ApplicationRouter(self, rules)
        self.default_router = _ApplicationRouter(self, [Rule(AnyMatches(), self.wildcard_router)])
        #: The header fields of every response that does not set them itself.
        self.default_headers = httputil.HTTPHeaders(default_headers or {})
        layers = list(middleware or ())
        if default_headers:
            policy = DefaultHeaders(self.default_headers)
            if layers or type(self).find_handler is not _FIND:
                layers.insert(0, policy)
            else:
                self._amend = policy.add
        if layers:
            find = functools.partial(type(self).find_handler, self)
            self.find_handler = fold(layers, find, self._error_page)  # type: ignore[assignment,method-assign]
        if settings.get("autoreload"):
            # Watching files is for development; a production server does not load it.
            from tornado import autoreload

            autoreload.start()

    def _static_rules(self) -> list[tuple[Any, ...]]:
        settings = self.settings
        prefix = settings.get("static_url_prefix", "/static/")
        handler = settings.get("static_handler_class", StaticFileHandler)
        kwargs = dict(settings.get("static_handler_args", {}))
        kwargs["path"] = settings["static_path"]
        patterns = (_escape_prefix(prefix) + r"(.*)", r"/(favicon\.ico)", r"/(robots\.txt)")
        return [(pattern, handler, kwargs) for pattern in patterns]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _STEPS:
            super().__setattr__("_is_patched", True)
        elif name in ("default_router", "wildcard_router"):
            super().__setattr__("_plain", None)
        super().__setattr__(name, value)

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """Return an asynchronous context manager that runs what belongs before and after all requests.

        `tornado.web.run` enters it, and so does an ASGI server (see `tornado.asgi`). With a server of
        your own, do it yourself::

            async with application.lifespan():
                application.listen(8888)
                await asyncio.Event().wait()

        .. versionadded:: 6.100
        """
        return self._lifespan.run(self)

    def listen(
        self,
        port: int | str,
        address: str | None = None,
        *,
        family: socket.AddressFamily = socket.AF_UNSPEC,
        backlog: int = 128,
        flags: int | None = None,
        reuse_port: bool = False,
        **kwargs: Any,
    ) -> HTTPServer:
        """Start an HTTP server for this application.

        :param port: the TCP port, as a number or as decimal text; 0 for any that is free.
        :param address: an address or a host name; all interfaces by default.
        :param family: ``socket.AF_INET`` or ``AF_INET6`` to listen on one family only.
        :param backlog: connections the kernel holds until they are accepted.
        :param flags: flags of `socket.getaddrinfo`.
        :param reuse_port: let several processes listen on the port.
        :param kwargs: arguments of the `.HTTPServer`.
        :returns: the `.HTTPServer`. The event loop is still to be started.

        .. versionchanged:: 4.3
           Returns the server.
        .. versionchanged:: 6.2
           ``family``, ``backlog``, ``flags`` and ``reuse_port``.
        """
        server = HTTPServer(self, **kwargs)
        server.listen(
            int(port),
            address or "",
            family=family,
            backlog=backlog,
            flags=flags,
            reuse_port=reuse_port,
        )
        return server

    def add_handlers(self, host_pattern: str, host_handlers: _RuleList) -> None:
        """Add routes for requests to a host.

        Hosts are tried in the order in which they were added, and only the routes of the first
        that matches count: all routes of one host belong into one call.

        :param host_pattern: a regular expression for the whole host name, without the port.
        :param host_handlers: routes, as in the constructor.
        """
        host_matcher = HostMatches(host_pattern)
        rules = list(host_handlers)
        router = _ApplicationRouter(self, rules)
        # The last rule is the one for all hosts.
        self.default_router.rules.insert(-1, Rule(host_matcher, router))
        if self.default_host is not None:
            self.wildcard_router.add_rules(
                [(DefaultHostMatches(self, host_matcher.host_pattern), rules)]
            )

    def add_transform(self, transform_class: type[OutputTransform]) -> None:
        """Add a transform of all responses, after the existing ones."""
        self.transforms.append(transform_class)

    def _load_ui_methods(self, methods: Any) -> None:
        if isinstance(methods, types.ModuleType):
            self._load_ui_methods({name: getattr(methods, name) for name in dir(methods)})
        elif isinstance(methods, list):
            for item in methods:
                self._load_ui_methods(item)
        else:
            for name, function in methods.items():
                if not name.startswith("_") and callable(function) and name[0].lower() == name[0]:
                    self.ui_methods[name] = function

    def _load_ui_modules(self, modules: Any) -> None:
        if isinstance(modules, types.ModuleType):
            self._load_ui_modules({name: getattr(modules, name) for name in dir(modules)})
        elif isinstance(modules, list):
            for item in modules:
                self._load_ui_modules(item)
        else:
            for name, module in modules.items():
                # A Python module holds other things too.
                if isclass(module) and issubclass(module, UIModule):
                    self.ui_modules[name] = module

    def __call__(self, request: httputil.HTTPServerRequest) -> Awaitable[None] | None:
        """Respond to ``request``, whose body is complete, as a plain request callback does.

        .. versionchanged:: 4.0
           Returns the handler's future, if it has one.
        """
        delegate: Any = self.find_handler(request)
        execute = getattr(delegate, "execute", None)
        if execute is not None:
            future: Awaitable[None] | None = execute()
            return future
        # A router of another kind: hand it the request as a connection would.
        start_line = httputil.RequestStartLine(
            request.method or "", request.uri or "", request.version
        )
        delegate.headers_received(start_line, request.headers)
        if request.body:
            delegate.data_received(request.body)
        delegate.finish()
        return None

    @property
    def dispatch(self) -> Callable[[httputil.HTTPServerRequest], Any]:
        """The function that returns the `.Target` of a request: see `.httputil.Dispatcher`.

        An application whose `start_request` was replaced has no such attribute, so that servers call
        that method.
        """
        if type(self).start_request is not _START_REQUEST or "start_request" in self.__dict__:
            raise AttributeError("dispatch")
        return self._dispatch

    def _dispatch(self, request: httputil.HTTPServerRequest) -> Any:
        if self._is_patched or type(self).start_request is not _START_REQUEST:
            return self._dispatch_patched(request)
        delegate = self.find_handler(request)
        if (
            type(delegate) is not HandlerDelegate
            # A target gets its content whole: these would not be called.
            or HandlerDelegate.finish is not _FINISH
            or HandlerDelegate.headers_received is not _HEADERS_RECEIVED
            or HandlerDelegate.data_received is not _DATA_RECEIVED
            or (type(self) is not Application and delegate.__dict__.keys() & _DELEGATE_STEPS)
        ):
            return MessageTarget(delegate, request)
        delegate._fast = True
        if delegate.streams_body:
            delegate.start_streaming()
        return delegate

    def _dispatch_patched(self, request: httputil.HTTPServerRequest) -> Any:
        """Do the same where a step was replaced on this object, or while a connection was open."""
        if type(self).start_request is not _START_REQUEST or "start_request" in self.__dict__:
            return MessageTarget(
                self.start_request(request.server_connection, request.connection), request
            )
        return MessageTarget(self.find_handler(request), request)

    def find_handler(
        self, request: httputil.HTTPServerRequest, **kwargs: Any
    ) -> httputil.HTTPMessageDelegate:
        """Return the delegate that serves ``request``.

        Where no route matches it is that of the setting ``default_handler_class``, with the
        arguments in ``default_handler_args``, or else a 404.

        .. versionadded:: 4.5
        """
        # Most requests are for a handler class in the table for all hosts. They need not be passed from
        # router to router, as long as the routers and matchers are those of this module; whatever was
        # replaced, on a class or an object, is called below.
        if self._amend is not None:
            exchange: Any = AmendingExchange(request.connection, self._amend)
            request.connection = exchange
        hosts, hosts_table, rules, table = self._plain or self._plain_tables()
        if hosts._table is not hosts_table or rules._table is not table:
            table = self._plain_tables()[3]
        if (
            table is not None
            and PathMatches.match is MATCH_PATH
            and AnyMatches.match is MATCH_ANY
            and _ApplicationRouter.find_handler is _FIND_HANDLER
            and _ApplicationRouter.get_target_delegate is _GET_TARGET_DELEGATE
        ):
            for entry in table.fixed.get(request.path) or table.candidates(request.path):
                rule = entry.rule
                target = rule.target
                if target is not entry.target_class:
                    if not (isclass(target) and issubclass(target, RequestHandler)):
                        break  # another kind of target: ask the routers
                    entry.target_class = target
                args: Any = None
                kwargs_of_path: Any = None
                if not entry.certain:
                    params = rule.matcher.match(request)
                    if params is None:
                        continue
                    if params:
                        if not params.keys() <= _PATH_KEYS:
                            break
                        args = params.get("path_args")
                        kwargs_of_path = params.get("path_kwargs")
                return self.get_handler_delegate(
                    request, target, rule.target_kwargs, args, kwargs_of_path
                )
        delegate = self.default_router.find_handler(request)
        if delegate is not None:
            return delegate
        handler_class = self.settings.get("default_handler_class")
        if handler_class is not None:
            return self.get_handler_delegate(
                request, handler_class, self.settings.get("default_handler_args", {})
            )
        return self.get_handler_delegate(request, ErrorHandler, {"status_code": 404})

    def _plain_tables(self) -> _PlainTables:
        """Look up the tables of both routers, if the only rule for hosts is the one for all hosts.

        There is no table if there are more rules, or if a router is another one or was replaced in part.
        A list of rules drops its table when it is changed, so the result counts while both have these.
        """
        default, wildcard = self.default_router, self.wildcard_router
        if type(default) is not _ApplicationRouter or type(wildcard) is not _ApplicationRouter:
            return _NO_TABLES
        rules = default._rules
        if default._is_patched or wildcard._is_patched or len(rules) != 1:
            return _NO_TABLES
        if rules[0].target is not wildcard:
            return _NO_TABLES
        self._plain = rules, rules.table(), wildcard._rules, wildcard._rules.table()
        return self._plain

    def _error_page(self, request: httputil.HTTPServerRequest, status: int) -> HandlerDelegate:
        """Return the delegate of an error page for what a middleware raised."""
        return self.get_handler_delegate(request, ErrorHandler, {"status_code": status})

    def get_handler_delegate(
        self,
        request: httputil.HTTPServerRequest,
        target_class: type[RequestHandler],
        target_kwargs: dict[str, Any] | None = None,
        path_args: list[bytes] | None = None,
        path_kwargs: dict[str, bytes] | None = None,
    ) -> HandlerDelegate:
        """Return a delegate that serves ``request`` with a handler.

        :param target_class: the `RequestHandler` class.
        :param target_kwargs: keyword arguments of its ``initialize``.
        :param path_args: positional arguments of its method, as bytes.
        :param path_kwargs: named arguments of its method, as bytes.

        .. versionadded:: 4.5
        """
        return HandlerDelegate(self, request, target_class, target_kwargs, path_args, path_kwargs)

    def reverse_url(self, name: str, *args: Any) -> str:
        """Return the path of the route called ``name``.

        :param args: values for the groups of its pattern, in their order, named or not. They go
            through `str`, are encoded as UTF-8 and percent-encoded.
        :raises KeyError: if there is no such route.
        """
        url = self.default_router.reverse_url(name, *args)
        if url is None:
            raise KeyError(f"{name} not found in named urls")
        return url

    def log_request(self, handler: RequestHandler) -> None:
        """Log a finished request; called once for each.

        By default a line goes to the logger ``tornado.access``: at level INFO, or WARNING for
        a status from 400, or ERROR from 500. The setting ``log_function``, or an override of
        this method, does otherwise.

        :param handler: the handler that responded.
        """
        log_function = self.settings.get("log_function")
        if log_function is not None:
            log_function(handler)
            return
        status = handler.get_status()
        level = _INFO if status < 400 else _WARNING if status < 500 else _ERROR
        if access_log.isEnabledFor(level):
            milliseconds = 1000.0 * handler.request.request_time()
            access_log.log(level, "%d %s %.2fms", status, handler._request_summary(), milliseconds)

    def _forget_cached(self) -> None:
        """Drop what the settings do not allow to be kept from one request to the next."""
        if not self.settings.get("compiled_template_cache", True):
            with RequestHandler._template_loader_lock:
                for loader in RequestHandler._template_loaders.values():
                    loader.reset()
        if not self.settings.get("static_hash_cache", True):
            static_handler_class = self.settings.get("static_handler_class", StaticFileHandler)
            static_handler_class.reset()


_INFO, _WARNING, _ERROR = 20, 30, 40
_PATH_KEYS = {"path_args", "path_kwargs"}

# The steps as they were defined: what is found in their place later was put there by somebody.
_START_REQUEST = Application.start_request
_FIND = Application.find_handler
_FIND_HANDLER = _ApplicationRouter.find_handler
_GET_TARGET_DELEGATE = _ApplicationRouter.get_target_delegate
_STEPS = {"start_request", "find_handler", "get_handler_delegate"}
_DELEGATE_STEPS = {"headers_received", "data_received", "finish"}
_HEADERS_RECEIVED = HandlerDelegate.headers_received
_DATA_RECEIVED = HandlerDelegate.data_received
_FINISH = HandlerDelegate.finish


def _is_coroutine_function(target: Any) -> bool:
    """Return whether calling ``target`` gives something that is to be awaited or iterated."""
    while isinstance(target, functools.partial):
        target = target.func
    if not isclass(target) and not isroutine(target):
        target = type(target).__call__
    return iscoroutinefunction(target) or isgeneratorfunction(target) or isasyncgenfunction(target)


def _escape_prefix(prefix: str) -> str:
    """Make a literal pattern of a URL prefix (`re.escape` would escape what reverse_url must undo)."""
    return "".join("\\" + c if c in ".^$*+?{}[]|()\\" else c for c in prefix)
