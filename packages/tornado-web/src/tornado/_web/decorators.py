"""Handler methods and classes go in, and come out with a condition or another way of running."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from types import GeneratorType
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from tornado import gen, stack_context
from tornado._web.decisions import is_unawaited
from tornado._web.errors import HTTPError
from tornado._web.handler import RequestHandler
from tornado._web.targets import leaves_host

__all__ = ["addslash", "asynchronous", "authenticated", "removeslash", "stream_request_body"]

# A subclass may find the user in a property of its own.
_CURRENT_USER = RequestHandler.current_user
Method = Callable[..., Any]
_Handles = Callable[..., Awaitable[None] | None]
_HandlerClass = TypeVar("_HandlerClass", bound=type[RequestHandler])


def asynchronous(method: Method) -> Method:
    """Keep the response open when the method returns, until ``self.finish()`` is called.

    Exceptions in callbacks that the method starts end the request with an error page::

        class MyRequestHandler(web.RequestHandler):
            @web.asynchronous
            def get(self):
                http = httpclient.AsyncHTTPClient()
                http.fetch("http://friendfeed.com/", self._on_download)

            def _on_download(self, response):
                self.write("Downloaded!")
                self.finish()

    Coroutines need no such decorator, but may have it: the response is finished when they are done.

    .. versionchanged:: 3.1
       May be used with ``@gen.coroutine``.
    """

    @functools.wraps(method)
    def wrapper(self: RequestHandler, *args: Any, **kwargs: Any) -> Any:
        if self.application._wsgi:
            raise Exception("@asynchronous is not supported for WSGI apps")
        self._auto_finish = False
        result = None  # if the context below handles an exception
        with stack_context.ExceptionStackContext(self._stack_context_handle_exception):
            result = method(self, *args, **kwargs)
        if result is not None and not isinstance(result, GeneratorType):
            # A coroutine: the response is finished when it is done. (A generator is not one: the
            # decorator ``gen.engine`` above this one runs it.)
            self._auto_finish = True
        return result

    return wrapper


def stream_request_body(cls: _HandlerClass) -> _HandlerClass:
    """Let a handler class take the request's content as it arrives, in any amount.

    - ``prepare`` is called when the headers are there; content is read when it is done. It may
      raise the limit with ``self.request.connection.set_max_body_size``.
    - ``data_received`` is called for each piece, and may return an awaitable to slow the sender.
    - the method (``put`` or ``post``) is called after all of it.

    ``self.request.body`` and the body's arguments stay empty.

    :raises TypeError: if ``cls`` is not a `RequestHandler` class.

    .. versionadded:: 4.0
    """
    if not (isinstance(cls, type) and issubclass(cls, RequestHandler)):
        raise TypeError(f"expected subclass of RequestHandler, got {cls!r}")
    cls._stream_request_body = True
    return cls


def _has_stream_request_body(cls: type[RequestHandler]) -> bool:
    """Tell whether `stream_request_body` was applied to a class or a base of it."""
    if not (isinstance(cls, type) and issubclass(cls, RequestHandler)):
        raise TypeError(f"expected subclass of RequestHandler, got {cls!r}")
    return cls._stream_request_body


def authenticated(method: _Handles) -> _Handles:
    """Call the method only if ``self.current_user`` is true.

    Otherwise GET and HEAD are redirected to the login URL (see `RequestHandler.get_login_url`),
    with the page they were for in the argument ``next``, and other methods get a 403.

    If `RequestHandler.get_current_user` is a coroutine, it is awaited first.
    """

    @functools.wraps(method)
    def wrapper(self: RequestHandler, *args: Any, **kwargs: Any) -> Any:
        if not hasattr(self, "_current_user") and type(self).current_user is _CURRENT_USER:
            user = self.get_current_user()
            if is_unawaited(user):
                return after_user(self, user, args, kwargs)
            self.current_user = user
        if self.current_user:
            return method(self, *args, **kwargs)
        if self.request.method not in ("GET", "HEAD"):
            raise HTTPError(403)
        url = self.get_login_url()
        if "?" not in url:
            # A login page elsewhere needs to be told which site to come back to.
            absolute = bool(urlsplit(url).scheme)
            next_url = self.request.full_url() if absolute else self.request.uri
            url += "?" + urlencode({"next": next_url})
        self.redirect(url)
        return None

    async def after_user(self: RequestHandler, user: Any, args: Any, kwargs: Any) -> None:
        self.current_user = await gen.convert_yielded(user)
        result = wrapper(self, *args, **kwargs)
        if result is not None:
            await gen.convert_yielded(result)

    return wrapper


def removeslash(method: _Handles) -> _Handles:
    """Redirect requests whose path ends with a slash to the one without.

    To be used with a pattern such as ``r'/foo/*'``. Other methods than GET and HEAD get a 404.

    .. versionchanged:: 2.3
       The redirect is permanent.
    """

    @functools.wraps(method)
    def wrapper(self: RequestHandler, *args: Any, **kwargs: Any) -> Any:
        path = self.request.path
        if not path.endswith("/"):
            return method(self, *args, **kwargs)
        stripped = path.rstrip("/")
        if not stripped:
            return method(self, *args, **kwargs)  # the root has its slash for good
        if self.request.method not in ("GET", "HEAD"):
            raise HTTPError(404)
        _redirect_on_host(self, stripped)
        return None

    return wrapper


def addslash(method: _Handles) -> _Handles:
    """Redirect requests whose path does not end with a slash to the one with it.

    To be used with a pattern such as ``r'/foo/?'``. Other methods than GET and HEAD get a 404.

    .. versionchanged:: 2.3
       The redirect is permanent.
    """

    @functools.wraps(method)
    def wrapper(self: RequestHandler, *args: Any, **kwargs: Any) -> Any:
        path = self.request.path
        if path.endswith("/"):
            return method(self, *args, **kwargs)
        if self.request.method not in ("GET", "HEAD"):
            raise HTTPError(404)
        _redirect_on_host(self, path + "/")
        return None

    return wrapper


def _redirect_on_host(handler: RequestHandler, path: str) -> None:
    """Redirect to a path that was made of the request's own.

    :raises HTTPError: 403 if a browser would take it for another host.
    """
    if leaves_host(path):
        raise HTTPError(403, "cannot redirect path %r: it names another host", path)
    uri = path
    if handler.request.query:
        uri += "?" + handler.request.query
    handler.redirect(uri, permanent=True)
