"""The delegate of a routed request: it makes the handler and runs the request through it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from types import MethodType
from typing import TYPE_CHECKING, Any

from tornado import gen, httputil
from tornado._loop.seam import CALLBACK_ERRORS, eager
from tornado._web.execution import Execution
from tornado._web.handler import RequestHandler
from tornado.iostream import StreamClosedError
from tornado.log import app_log

if TYPE_CHECKING:
    from tornado._web.application import Application


_EXECUTE = Execution._execute


class HandlerDelegate(httputil.HTTPMessageDelegate):
    """Responds to one request with a handler.

    It is both a message delegate, as `.HTTPServerConnectionDelegate.start_request` returns it, and the
    target of `.Application.dispatch`, for which the connection gathers the body and calls `execute`.
    """

    handler: RequestHandler | None = None
    #: What the connection is to wait for before it reads the content.
    ready: Any = None
    _body_future: Any = None
    _context: Context | None = None
    #: Whether this is the target of `.Application.dispatch`: the connection itself calls
    #: `on_connection_close`, and no close callback is needed.
    _fast = False

    def __init__(
        self,
        application: Application,
        request: httputil.HTTPServerRequest,
        handler_class: type[RequestHandler],
        handler_kwargs: dict[str, Any] | None,
        path_args: Any,
        path_kwargs: Any,
    ) -> None:
        self.application = application
        self.request = request
        self.handler_class = handler_class
        self.handler_kwargs = handler_kwargs
        self.path_args = path_args
        self.path_kwargs = path_kwargs
        self.streams_body = handler_class._stream_request_body

    @property
    def connection(self) -> Any:
        """The request's connection."""
        return self.request.connection

    @property
    def stream_request_body(self) -> bool:
        """Whether the handler takes the content as it arrives."""
        return self.streams_body

    def headers_received(
        self,
        start_line: httputil.RequestStartLine | httputil.ResponseStartLine,
        headers: httputil.HTTPHeaders,
    ) -> Any:
        self._chunks: list[bytes] = []
        if self.streams_body:
            return self.start_streaming()
        return None

    def start_streaming(self) -> Any:
        """Run the handler up to its method; return a future that is done when content may flow."""
        loop = asyncio.get_running_loop()
        self._body_future = loop.create_future()
        prepared = loop.create_future()
        self.ready = prepared
        self.execute(prepared)
        return prepared

    def data_received(self, chunk: bytes) -> Any:
        if not self.streams_body:
            self._chunks.append(chunk)
            return None
        handler = self.handler
        if handler is None:
            return None
        prepared = handler._prepared_future
        if prepared is not None and not prepared.done():
            return self._data_after_prepare(handler, prepared, chunk)
        if handler._finished:
            return None
        return self._deliver(handler, chunk)

    async def _data_after_prepare(
        self, handler: RequestHandler, prepared: Any, chunk: bytes
    ) -> None:
        await prepared
        if not handler._finished:
            result = self._deliver(handler, chunk)
            if result is not None:
                await result

    def _deliver(self, handler: RequestHandler, chunk: bytes) -> Any:
        try:
            result = self._in_context(handler.data_received, chunk)
        except CALLBACK_ERRORS as e:
            self._fail_streaming(handler, e)
            return None
        if result is not None:
            return self._await_delivery(handler, result)
        return None

    async def _await_delivery(self, handler: RequestHandler, result: Any) -> None:
        try:
            await result
        except Exception as e:
            self._fail_streaming(handler, e)

    def _fail_streaming(self, handler: RequestHandler, e: BaseException) -> None:
        handler._fail(e)
        # What is still to come has nowhere to go; the method must not run.
        future = self._body_future
        if not future.done():
            future.set_exception(StreamClosedError(e))
            future.exception()

    def finish(self) -> None:
        if self.streams_body:
            future = self._body_future
            if not future.done():
                future.set_result(None)
            return
        self.request.body = b"".join(self._chunks)
        self.execute()

    def on_connection_close(self) -> None:
        handler = self.handler
        if self.streams_body and handler is not None:
            future = self._body_future
            if not future.done():
                future.set_exception(StreamClosedError())
                future.exception()  # the handler may be past waiting for it
        # (A delegate behind a router is told by both the connection and the router.)
        if handler is not None and not handler._finished and not handler._client_left:
            handler._client_left = True
            try:
                self._in_context(handler.on_connection_close)
            except CALLBACK_ERRORS as e:
                handler.log_exception(type(e), e, e.__traceback__)

    def _in_context(self, hook: Callable[..., Any], *args: Any) -> Any:
        """Call a hook in the handler's context, which the caller may have entered already."""
        begun = False

        def call() -> Any:
            nonlocal begun
            begun = True
            return hook(*args)

        context = self._context
        if context is None:
            return call()
        try:
            return context.run(call)
        except RuntimeError:
            if begun:
                raise
        return call()

    def execute(self, prepared: Any = None) -> None:
        """Make the handler and run the request through it.

        Everything runs in one context, from the handler's construction to ``on_finish``, whatever is
        awaited in between: a context variable that ``prepare`` set can be reset in ``on_finish``.

        :param prepared: a future to resolve when content may flow, if it is streamed.
        """
        server: Any = self.request.server_connection
        fresh = getattr(server, "fresh_context", None)
        if fresh is not None:
            # The server made it for this request, has entered it, and starts what is left in it.
            server.fresh_context = None
            self._context = fresh
            rest = self._start(prepared)
            if rest is not None:
                server.unstarted = rest
            return
        context = self._context = copy_context()
        rest = context.run(self._start, prepared)
        if rest is not None:
            # A context cannot be entered twice, so the task is started outside of it.
            run_coroutine = getattr(self.request.connection, "run_coroutine", None)
            if run_coroutine is None:
                eager.start(rest, context)
            else:
                run_coroutine(rest, context)

    def _start(self, prepared: Any) -> Any:
        """Do all that can be done without waiting; return a coroutine of the rest, if there is one."""
        application = self.application
        settings = application.settings
        if "compiled_template_cache" in settings or "static_hash_cache" in settings:
            application._forget_cached()
        request = self.request
        kwargs = self.handler_kwargs
        try:
            if kwargs:
                handler = self.handler_class(application, request, **kwargs)
            else:
                handler = self.handler_class(application, request)
        except CALLBACK_ERRORS as e:
            self._answer_for(e)
            return None
        self.handler = handler
        handler._context = self._context
        if prepared is not None:
            handler._prepared_future = prepared
            handler._body_future = self._body_future
        if not self._fast:
            set_close_callback = getattr(self.connection, "set_close_callback", None)
            if set_close_callback is not None:
                set_close_callback(self.on_connection_close)
        chosen: list[Any] = []
        if application.transforms:
            chosen = [transform(request) for transform in application.transforms]
        # Wrappers imitate what they wrap, so what counts is which object the look-up finds. (Looking
        # for _execute in __dict__ would make a dict for each handler.)
        execute = handler._execute
        if type(execute) is MethodType and execute.__func__ is _EXECUTE:
            handler._transforms = chosen
            return handler._begin(self.path_args, self.path_kwargs)
        # It may be anything that can be awaited: an old override is a generator's coroutine.
        running: Any = execute(chosen, *(self.path_args or ()), **(self.path_kwargs or {}))
        return None if running is None else _all_of(running)

    def _answer_for(self, e: BaseException) -> None:
        """Respond in place of a handler that could not be made."""
        substitute = RequestHandler(self.application, self.request)
        substitute._transforms = []
        self.handler = substitute
        substitute._fail(e)


async def _all_of(running: Any) -> None:
    """Await what an overridden `_execute` returned; log what escapes from it."""
    try:
        await gen.convert_yielded(running)
    except Exception:
        app_log.error("Uncaught exception in _execute", exc_info=True)
