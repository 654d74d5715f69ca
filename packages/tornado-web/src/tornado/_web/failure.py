"""What happens when a handler fails: log records, error pages, responses that break off."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from tornado import gen, httputil
from tornado._loop.seam import eager
from tornado._web.decisions import is_unawaited
from tornado._web.errors import BadContentError, Finish, HTTPError, has_no_content
from tornado._web.output import Output
from tornado.escape import xhtml_escape
from tornado.log import app_log, gen_log


class Failure(Output):
    """Errors of a handler: what is logged, and what the client gets."""

    #: The exception for which an error page is sent; read by middleware.
    _failure: BaseException | None = None

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Respond with an error page.

        What was written but not flushed is dropped. If the headers were sent already, no page can
        follow: the connection is closed, so that the client can tell that the response is incomplete.

        :param status_code: the status.
        :param kwargs: passed on to `write_error`; ``reason`` and ``exc_info`` are known here too.
        """
        if self._headers_written:
            gen_log.error("Cannot send error response after headers written")
            if not self._finished:
                try:
                    self._break_off()
                except Exception:
                    gen_log.error("Failed to flush partial response", exc_info=True)
            return
        if self._has_failed_to_send:
            self._has_failed_to_send = False
            gen_log.error("Failed to flush partial response of %s", self._request_summary())
        self.clear()
        reason = kwargs.get("reason")
        exc_info = kwargs.get("exc_info")
        if exc_info is not None and isinstance(exc_info[1], HTTPError) and exc_info[1].reason:
            reason = exc_info[1].reason
        try:
            self.set_status(status_code, reason=reason)
        except ValueError:
            # Text that came from the request, perhaps.
            self.set_status(status_code, reason="Unknown")
        if status_code == 101:
            self.set_header("Connection", "close")  # nothing takes the connection over
        elif status_code == 405:
            self.set_header("Allow", ", ".join(self._allowed_methods()))
        elif exc_info is not None and isinstance(exc_info[1], BadContentError):
            self.set_header("Connection", "close")
        self._is_error = True
        try:
            page = self._write_error_page(status_code, kwargs)
            if page is not None and is_unawaited(page):
                # The response stays open until the page is there.
                self._auto_finish = False
                eager.start_later(self._finish_error_page(page), self._context)
                return
        except Exception:
            app_log.error("Uncaught exception in write_error", exc_info=True)
        if not self._finished:
            self.finish()

    async def _finish_error_page(self, page: Any) -> None:
        try:
            await gen.convert_yielded(page)
        except Exception:
            app_log.error("Uncaught exception in write_error", exc_info=True)
        if not self._finished:
            try:
                self.finish()
            except Exception:
                app_log.error("Exception in exception handler", exc_info=True)
                if not self._finished and not self._headers_written:
                    self._respond_bare()

    def _respond_bare(self) -> None:
        """Respond with 500 without calling anything that may be overridden."""
        self._finished = True
        self._content_is_over()
        connection = self.request.connection
        start_line = httputil.ResponseStartLine("", 500, "Internal Server Error")
        headers = httputil.HTTPHeaders({"Content-Length": "0", "Connection": "close"})
        try:
            connection.write_headers(start_line, headers)
            connection.finish()
        except Exception:
            gen_log.error("Cannot answer %s", self._request_summary(), exc_info=True)

    def _write_error_page(self, status_code: int, kwargs: dict[str, Any]) -> Any:
        """Write the page by the hook there is; return what the hook left to be awaited, if anything."""
        get_error_html: Callable[..., Any] | None = getattr(self, "get_error_html", None)
        if get_error_html is None:
            # (An override may be a coroutine.)
            result: Any = self.write_error(status_code, **kwargs)  # type: ignore[func-returns-value]
            return result
        exc_info = kwargs.pop("exc_info", None)
        if exc_info is None:
            page = get_error_html(status_code, **kwargs)
        else:
            kwargs["exception"] = exc_info[1]
            try:
                # The old hook may ask sys.exc_info() or traceback.format_exc() what happened.
                raise exc_info[1].with_traceback(exc_info[2])
            except type(exc_info[1]):
                page = get_error_html(status_code, **kwargs)
        if is_unawaited(page):
            return self._finish_with(page)
        self.finish(page)
        return None

    async def _finish_with(self, page: Any) -> None:
        self.finish(await gen.convert_yielded(page))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write an error page. Override it for pages of your own.

        It may ``write``, ``render``, ``set_header`` and so on as any method does. A class with a
        method ``get_error_html(status_code, exception=..., **kwargs)``, as they were written for
        releases up to 2.0, has its return value sent instead.

        It may be a coroutine; the response stays open until it is done. The default writes nothing for
        statuses that have no content.

        :param status_code: the status, which is set already.
        :param kwargs: ``exc_info``, a triple as of `sys.exc_info`, if an exception was the cause
            (which need not be the one that is being handled now), and what `send_error` was given.

        .. versionadded:: 2.1
        """
        if has_no_content(status_code):
            self.finish()
            return
        if self.settings.get("serve_traceback") and kwargs.get("exc_info"):
            self.set_header("Content-Type", "text/plain")
            for line in traceback.format_exception(*kwargs["exc_info"]):
                self.write(line)
            self.finish()
            return
        # The reason may hold what the client sent.
        text = f"{status_code:d}: {xhtml_escape(self._reason)}"
        self.finish(f"<html><title>{text}</title><body>{text}</body></html>")

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log an exception that ended this request. Override it to log in other ways.

        By default an `HTTPError` that has a message is a warning without a traceback, and
        everything else an error with one.

        .. versionadded:: 3.1
        """
        if isinstance(value, HTTPError):
            message = value.get_message()
            if message:
                gen_log.warning("%d %s: %s", value.status_code, self._request_summary(), message)
            return
        app_log.error(
            "Uncaught exception %s\n%r",
            self._request_summary(),
            self.request,
            exc_info=(typ, value, tb),  # type: ignore[arg-type]  # the triple of a real exception
        )

    def _handle_request_exception(self, e: BaseException) -> None:
        """Log ``e``, and respond with the error page that belongs to it."""
        if isinstance(e, Finish):
            if not self._finished:
                self.finish(*e.args)
            return
        exc_info = (type(e), e, e.__traceback__)
        self._failure = e
        try:
            self.log_exception(*exc_info)
        except Exception:
            # An error in the hook must not keep the client from its response.
            app_log.error("Error in exception logger", exc_info=True)
        if self._finished:
            return  # the response has left; the log is all there is to do
        self.send_error(e.status_code if isinstance(e, HTTPError) else 500, exc_info=exc_info)

    def _stack_context_handle_exception(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Exception handler of the stack context in which `asynchronous` methods run."""
        if value is None or not isinstance(value, Exception):
            return False
        self._handle_request_exception(value)
        return True

    def async_callback(
        self, callback: Callable[..., Any] | None, *args: Any, **kwargs: Any
    ) -> Callable[..., Any] | None:
        """Return ``callback`` with arguments bound, whose exceptions end this request.

        Callbacks that are started from an `asynchronous` method behave so without it.
        """
        if callback is None:
            return None

        def run(*more: Any, **further: Any) -> Any:
            try:
                return callback(*args, *more, **{**kwargs, **further})
            except Exception as e:
                if self._headers_written:
                    app_log.error("Exception after headers written", exc_info=True)
                    if not self._finished:
                        self._break_off()
                else:
                    self._handle_request_exception(e)
                return None

        return run
