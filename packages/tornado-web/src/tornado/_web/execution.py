"""Running a request through its handler: ``prepare``, the method, the end of the response.

What is done without waiting runs as plain calls. Only what a method returns to be awaited is put into a
coroutine, and that into one task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from types import CoroutineType, MethodType
from typing import Any

from tornado import gen, httputil
from tornado._core.seam import printable
from tornado._loop.seam import CALLBACK_ERRORS
from tornado._web.errors import BadContentError, HTTPError
from tornado._web.output import DONE, FINISH
from tornado._web.rendering import Rendering
from tornado._web.transforms import OutputTransform
from tornado._web.xsrf import SAFE_METHODS
from tornado.iostream import StreamClosedError
from tornado.log import app_log, gen_log

_METHOD_NAMES = {
    "GET": "get",
    "HEAD": "head",
    "POST": "post",
    "PUT": "put",
    "DELETE": "delete",
    "PATCH": "patch",
    "OPTIONS": "options",
}


class Execution(Rendering):
    """Runs a request through its handler."""

    #: Set by `stream_request_body`.
    _stream_request_body = False
    #: Whether the method is called only when all of the streamed content came.
    _awaits_content = True

    get: Callable[..., Awaitable[None] | None] = Rendering._unimplemented_method
    head: Callable[..., Awaitable[None] | None] = Rendering._unimplemented_method
    post: Callable[..., Awaitable[None] | None] = Rendering._unimplemented_method
    delete: Callable[..., Awaitable[None] | None] = Rendering._unimplemented_method
    patch: Callable[..., Awaitable[None] | None] = Rendering._unimplemented_method
    put: Callable[..., Awaitable[None] | None] = Rendering._unimplemented_method
    options: Callable[..., Awaitable[None] | None] = Rendering._unimplemented_method

    def prepare(self) -> Any:
        """Hook called before the method, whichever it is. Override it.

        If it finishes the response, the method is not called. It may be a coroutine. With
        `stream_request_body` it is the place to find the limits and sinks of the content.

        .. versionchanged:: 3.1
           May be asynchronous.
        """

    def data_received(self, chunk: bytes) -> Any:
        """Take a piece of the request's content. To be written with `stream_request_body`.

        :param chunk: the next piece, of any size.
        :returns: ``None``, or an awaitable that is waited for before more is read.

        .. versionadded:: 4.0
        """
        raise NotImplementedError

    async def _execute(
        self, transforms: list[OutputTransform], *args: bytes, **kwargs: bytes
    ) -> None:
        """Respond to the request. Called for each, if it is overridden or patched."""
        self._transforms = transforms
        rest = self._begin(args, kwargs)
        if rest is not None:
            await rest

    def _begin(self, args: Any, kwargs: Any) -> Coroutine[Any, Any, None] | None:
        """Do all that can be done without waiting; return what remains to be awaited, if anything."""
        try:
            request = self.request
            method: Any = request.method
            if method not in self.SUPPORTED_METHODS:
                raise HTTPError(405)
            if args:
                # Groups that took no part in the match are None, which the declared type leaves out: few
                # patterns have such.
                path_args: list[Any] = [
                    None if arg is None else self.decode_argument(arg) for arg in args
                ]
                self.path_args = path_args
            if kwargs:
                path_kwargs: dict[str, Any] = {
                    name: None if arg is None else self.decode_argument(arg, name=name)
                    for name, arg in kwargs.items()
                }
                self.path_kwargs = path_kwargs
            if request.body and not self._stream_request_body:
                # Malformed forms are refused even where no argument is asked for.
                try:
                    request._parse_body()
                except httputil.HTTPInputError as e:
                    raise BadContentError(400, "%s", printable(str(e))) from e
            if method not in SAFE_METHODS:
                self._check_forgery()
            result = self.prepare()
            if result is not None or self._stream_request_body:
                return self._after_prepare(result)
            return self._answer()
        except CALLBACK_ERRORS as e:
            self._fail(e)
            return None

    def _answer(self) -> Coroutine[Any, Any, None] | None:
        """Call the method; return what remains to be awaited, if anything."""
        if self._finished:
            return None  # prepare() responded
        name: Any = self.request.method
        name = _METHOD_NAMES.get(name) or name.lower()
        if name == "head" and not self._implements("head"):
            # HEAD gets the response of GET, without the content (RFC 9110, section 9.3.2).
            name = "get"
        call = getattr(self, name, None)
        if call is None:
            call = self._unimplemented_method
        args, kwargs = self.path_args, self.path_kwargs
        result = call(*args, **kwargs) if args or kwargs else call()
        if result is not None and not _is_done(result):
            return self._after_method(_awaitable(result, self, name))
        if self._auto_finish and not self._finished:
            # As in `_finish_quietly`, without a call.
            finish = self.finish
            if type(finish) is MethodType and finish.__func__ is FINISH and finish.__self__ is self:
                self._conclude()
            else:
                finish()
        return None

    def _finish_quietly(self) -> None:
        """Finish where nobody waits for the result."""
        finish = self.finish
        if type(finish) is MethodType and finish.__func__ is FINISH and finish.__self__ is self:
            self._conclude()
        else:
            finish()

    async def _after_prepare(self, result: Any) -> None:
        """Wait for ``prepare``, and for the content if it is streamed, then go on."""
        try:
            if result is not None:
                await _awaitable(result, self, "prepare")
            self._release_body()
            if self._finished:
                return
            if self._stream_request_body and self._awaits_content and self._body_future is not None:
                try:
                    await self._body_future
                except StreamClosedError:
                    return  # the client left before it had sent everything
            rest = self._answer()
            if rest is not None:
                await rest
        except Exception as e:
            self._fail(e)
        except asyncio.CancelledError as e:
            self._cancelled(e)
            raise
        finally:
            self._release_body()

    async def _after_method(self, result: Any) -> None:
        """Wait for what the method returned, and finish the response."""
        try:
            await result  # its value is ignored: ``return self.finish(...)`` is a common idiom
            if self._auto_finish and not self._finished:
                self._finish_quietly()
        except Exception as e:
            self._fail(e)
        except asyncio.CancelledError as e:
            self._cancelled(e)
            raise

    def _release_body(self) -> None:
        """Let the content flow to `data_received`."""
        prepared = self._prepared_future
        if prepared is not None and not prepared.done():
            prepared.set_result(None)

    def _fail(self, e: BaseException) -> None:
        """Respond with what belongs to an exception, whatever happens on the way."""
        if isinstance(e, _UNDELIVERED) and self._is_abandoned():
            self._end_abandoned()
            return
        if isinstance(e, httputil.HTTPInputError) and _came_from_request(e, self.request):
            kind = HTTPError if e.is_recoverable else BadContentError
            e = kind(e.status, "%s", printable(str(e)))
        try:
            self._handle_request_exception(e)
        except Exception:
            app_log.error("Exception in exception handler", exc_info=True)
            if not self._finished:
                if self._headers_written:
                    self._break_off()
                else:
                    self._respond_bare()
        finally:
            self._release_body()

    def _cancelled(self, e: asyncio.CancelledError) -> None:
        """End the response of a method that was cancelled, or that waited for what was cancelled."""
        task = asyncio.current_task()
        cancelling = getattr(task, "cancelling", None)  # Python 3.11
        if self._is_abandoned():
            self._end_abandoned()
        elif self._finished:
            pass
        elif cancelling is not None and cancelling():
            # Somebody ended this task, the server perhaps: no failure, but the client is not to wait.
            gen_log.debug("Cancelled %s", self._request_summary())
            try:
                if self._headers_written:
                    self._break_off()
                else:
                    self.send_error(500, exc_info=(type(e), e, e.__traceback__))
            except Exception:
                gen_log.debug("Cannot finish %s", self._request_summary(), exc_info=True)
        else:
            self._fail(e)

    def _end_abandoned(self) -> None:
        """End a request whose client has gone: no failure of the handler, and nothing to send."""
        gen_log.debug("Client left before the end of %s", self._request_summary())
        self._release_body()
        if not self._finished:
            try:
                self.finish()  # overrides may do more than send
            except Exception:
                gen_log.debug("Cannot finish %s", self._request_summary(), exc_info=True)
                if not self._finished:
                    self._wind_up()


# What comes of writing to a client that has gone.
_UNDELIVERED = (StreamClosedError, httputil.HTTPOutputError)


def _is_done(result: Any) -> bool:
    """Return whether what a method returned has nothing to wait for, and went well."""
    if isinstance(result, asyncio.Future):
        return result.done() and not result.cancelled() and result.exception() is None
    return result is DONE


def _awaitable(value: Any, handler: object, name: str) -> Any:
    """Return ``value``, or what stands for it, such that it can be awaited.

    :raises TypeError: if nothing of it can be awaited: the method returned data, perhaps, that it meant
        to write.
    """
    if type(value) is CoroutineType or hasattr(value, "__await__"):
        return value
    try:
        if value or not isinstance(value, (list, dict)):
            return gen.convert_yielded(value)
    except gen.BadYieldError:
        pass
    kind = type(value).__name__
    article = "an" if kind[0] in "aeiou" else "a"
    raise TypeError(
        f"{type(handler).__name__}.{name} returned {article} {kind}; use self.write(...) to send content"
    )


def _came_from_request(error: BaseException, request: httputil.HTTPServerRequest) -> bool:
    """Return whether reading ``request`` raised the error, as opposed to other input that was read.

    Arguments and files are parsed when they are first asked for, so the error comes up in the handler.
    """
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_locals.get("self") is request:
            return True
        traceback = traceback.tb_next
    return False
