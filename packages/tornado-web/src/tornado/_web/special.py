"""Handlers for what needs no class of one's own: errors, redirects, and other servers' functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tornado import httputil
from tornado._web.errors import HTTPError
from tornado._web.handler import RequestHandler
from tornado._web.targets import destination, holds_controls, names_host

__all__ = ["ErrorHandler", "FallbackHandler", "RedirectHandler"]


class ErrorHandler(RequestHandler):
    """Responds to every request with an error page."""

    __module__ = "tornado.web"

    def initialize(self, status_code: int) -> None:
        """Take the status to respond with."""
        self.set_status(status_code)

    def prepare(self) -> None:
        """Raise an `HTTPError` of that status."""
        raise HTTPError(self._status_code)

    def check_xsrf_cookie(self) -> None:
        """Allow everything: there is nothing here to protect, and a 404 shall not look like a 403."""

    def check_trusted_origin(self, origin: str) -> bool:
        """Allow everything, as `check_xsrf_cookie` does."""
        return True

    def _check_cross_origin(self) -> None:
        """Nothing changes here."""


class RedirectHandler(RequestHandler):
    """Redirects GET requests to another URL.

    ::

        application = web.Application([
            (r"/oldpath", web.RedirectHandler, {"url": "/newpath"}),
        ])

    The URL may have `str.format` fields, which the groups of the route's pattern fill::

        (r"/(.*?)/(.*?)/foo", web.RedirectHandler, {"url": "/{1}/{0}/bar"})

    They cannot change the host, nor add a line to the response: a request that tries gets a 400.

    .. versionchanged:: 4.5
       Fields in the URL; the request's query is passed on.
    """

    __module__ = "tornado.web"

    _url = ""
    _permanent = True

    def initialize(self, url: str, permanent: bool = True) -> None:
        """Take the target.

        :param url: absolute, or relative to the request's URL.
        :param permanent: respond with 301; with 302 if false.
        """
        self._url = url
        self._permanent = permanent

    def get(self, *args: Any, **kwargs: Any) -> None:
        """Redirect."""
        to_url = self._url.format(*args, **kwargs)
        if args or kwargs:
            # Where the template leads by itself: a path needs something to be one.
            filler = "" if names_host(self._url.partition("{")[0]) else "x"
            neutral = self._url.format(*[filler] * len(args), **dict.fromkeys(kwargs, filler))
            if holds_controls(to_url) and not holds_controls(neutral):
                raise HTTPError(400, "Redirect URL contains invalid characters: %r", to_url)
            if destination(to_url) != destination(neutral):
                raise HTTPError(400, "Redirect URL cannot change the scheme or netloc: %r", to_url)
        if self.request.query_arguments:
            to_url = httputil.url_concat(
                to_url,
                [
                    (name, value.decode("utf-8", "replace"))
                    for name, values in self.request.query_arguments.items()
                    for value in values
                ],
            )
        self.redirect(to_url, permanent=self._permanent)


class FallbackHandler(RequestHandler):
    """Hands requests to another server's callback, such as a `~tornado.wsgi.WSGIContainer`.

    ::

        wsgi_app = tornado.wsgi.WSGIContainer(
            django.core.handlers.wsgi.WSGIHandler())
        application = tornado.web.Application([
            (r"/foo", FooHandler),
            (r".*", FallbackHandler, dict(fallback=wsgi_app)),
        ])
    """

    __module__ = "tornado.web"

    def initialize(self, fallback: Callable[[httputil.HTTPServerRequest], Any]) -> None:
        """Take the callback: a function of the request."""
        self.fallback = fallback

    def prepare(self) -> None:
        """Call it; the response is its own from here on."""
        self.fallback(self.request)
        self._finished = True
        self.on_finish()
