"""Writing a response: its content, its entity tag, and sending both over the request's connection."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Generator, Mapping
from types import MethodType
from typing import TYPE_CHECKING, Any, Final, cast

from tornado import httputil, stack_context
from tornado._http1.seam import reason_phrase
from tornado._loop.seam import done_future
from tornado._web.cookies import Cookies
from tornado._web.decisions import decided, is_unawaited
from tornado.escape import json_encode, utf8
from tornado.iostream import StreamClosedError

_blake2b = hashlib.blake2b
#: Bytes of the hash of content that make its entity tag. With 160 bits, two contents do not share one.
_TAG_SIZE = 20
_METHODS_WITH_ETAG = ("GET", "HEAD")
_JSON_TYPE = "application/json; charset=UTF-8"

# What describes content, and so has no place where there is none (RFC 9110, section 15.4.5).
_REPRESENTATION_HEADERS = ("Content-Encoding", "Content-Language", "Content-Type")


class _Done:
    """An awaitable that is done, for where a `Future` is not worth its price or no loop runs."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield  # makes this a generator

    def done(self) -> bool:
        return True

    def cancelled(self) -> bool:
        return False

    def result(self) -> None:
        return None

    def exception(self) -> None:
        return None

    def add_done_callback(self, callback: Callable[[Any], object], **options: Any) -> None:
        callback(self)


#: Returned by methods that finish synchronously.
DONE = cast("asyncio.Future[None]", _Done())


def done() -> asyncio.Future[None]:
    """Return a `Future` that is done, of the loop that runs; `DONE` if none does."""
    try:
        return done_future(asyncio.get_running_loop())
    except RuntimeError:
        return DONE


_NO_HEADERS: Final[Mapping[str, str]] = {}

# RFC 9110, section 6.5.1: what frames, routes, authorizes or describes the message is no trailer.
_NO_TRAILERS: Final = frozenset(
    "authorization cache-control connection content-encoding content-length content-range content-type"
    " cookie expect host keep-alive location max-forwards pragma proxy-authenticate set-cookie te trailer"
    " transfer-encoding upgrade vary www-authenticate".split()
)


class Output(Cookies):
    """Writes the response."""

    #: Fields that follow the content, once `set_trailer` was called.
    _trailers: httputil.HTTPHeaders | None = None

    def send_informational(
        self, status: int, headers: Mapping[str, str] | httputil.HTTPHeaders = _NO_HEADERS
    ) -> asyncio.Future[None]:
        """Send an informational response (1xx) before the response proper.

        Any number may be sent. Clients of HTTP/1.0, and transports that know no such responses, get none.

        :param status: 102 to 199; 100 is sent by itself, 101 with `detach`.
        :param headers: the header fields, those of the response itself are not among them.
        :returns: a `Future`, as `flush` returns it.
        :raises ValueError: for another status, or a header that must not be sent.
        :raises RuntimeError: after the response's headers were sent.

        .. versionadded:: 6.100
        """
        if not 102 <= status <= 199:
            raise ValueError(f"an informational status is 102 to 199, not {status!r}")
        if self._headers_written or self._finished:
            raise RuntimeError(f"cannot send {status} after the headers of the response")
        start_line = httputil.ResponseStartLine("", status, reason_phrase(status))
        if not isinstance(headers, httputil.HTTPHeaders):
            headers = httputil.HTTPHeaders(headers)
        future = self.request.connection.write_headers(start_line, headers)
        self._send_now()
        return future

    def send_early_hints(self, *links: str) -> asyncio.Future[None]:
        """Send 103 Early Hints (RFC 8297): what a browser can load while the response is prepared.

        ::

            async def get(self):
                self.send_early_hints("</style.css>; rel=preload; as=style")
                self.render("page.html", stories=await self.load_stories())

        :param links: values of ``Link`` fields.
        :returns: as `send_informational`.
        :raises RuntimeError: after the response's headers were sent.

        .. versionadded:: 6.100
        """
        headers = httputil.HTTPHeaders()
        for link in links:
            headers.add("Link", link)
        return self.send_informational(103, headers)

    def set_trailer(self, name: str, value: str) -> None:
        """Set a trailer field, which is sent behind the content (RFC 9110, section 6.5).

        The response is sent in chunks then. The name is announced in the ``Trailer`` field if the headers
        were not sent yet; values may be set until `finish`. They are for optional facts, such as a
        checksum: HTTP/1.0, many proxies and browsers drop them.

        :raises ValueError: for a field that must be known before the content, such as those that frame it.
        :raises RuntimeError: after `finish`.

        .. versionadded:: 6.100
        """
        if self._finished:
            raise RuntimeError("Cannot set a trailer after finish()")
        if name.lower() in _NO_TRAILERS:
            raise ValueError(f"{name} must not be sent as a trailer")
        if self._trailers is None:
            self._trailers = httputil.HTTPHeaders()
        if not self._headers_written and name not in self._trailers:
            announced = self._headers.get("Trailer")
            self._headers["Trailer"] = f"{announced}, {name}" if announced else name
        self._trailers[name] = value

    def write(self, chunk: str | bytes | dict[Any, Any]) -> None:
        """Append to the response; nothing is sent before `flush` or `finish`.

        :param chunk: ``str`` (sent as UTF-8), ``bytes``, or a dict, which is sent as JSON with the
            ``Content-Type`` ``application/json`` (to send another, set it after this call). A
            list is refused, as browsers once let other sites read a page that is one.
        :raises TypeError: for anything else.
        :raises RuntimeError: after `finish`.
        """
        if self._finished:
            raise RuntimeError("Cannot write() after finish()")
        if isinstance(chunk, str):
            self._write_buffer.append(chunk.encode("utf-8"))
            return
        if isinstance(chunk, dict):
            self.set_header("Content-Type", _JSON_TYPE)
            chunk = utf8(json_encode(chunk))
        elif not isinstance(chunk, bytes):
            if isinstance(chunk, (bytearray, memoryview)):
                chunk = bytes(chunk)
            else:
                raise TypeError(_cannot_write(chunk))
        self._write_buffer.append(chunk)

    if not TYPE_CHECKING:
        # Declared in `HandlerState`, without the callback, which overriding methods need not take.
        def flush(self, include_footers=False, callback=None):
            """Send what was written so far, the headers first.

            :param include_footers: nothing will follow.
            :param callback: called, through the loop, when everything was handed to the kernel.
            :returns: a `Future` that resolves then; it raises `.StreamClosedError` if the peer has gone.

            Cancelling the future does not take anything back.

            .. versionchanged:: 2.1
               ``callback``.
            .. versionchanged:: 4.0
               Returns a `Future`.
            """
            return self._flush_now(include_footers, callback)

    def _flush_now(
        self, include_footers: bool, callback: Callable[..., Any] | None
    ) -> asyncio.Future[None]:
        future = self._flush(include_footers)
        self._send_now()
        future = self._unsent() or future
        if callback is not None:
            wrapped = stack_context.wrap(callback)
            if isinstance(future, asyncio.Future):
                future.add_done_callback(lambda _: _.cancelled() or _.exception() or wrapped())
            else:
                wrapped()
        return future

    def _send_now(self) -> None:
        """Have the connection send what it keeps for the end of its turn."""
        server: Any = self.request.server_connection
        if hasattr(type(server), "uncork"):
            server.uncork()

    def _unsent(self) -> asyncio.Future[None] | None:
        """Return a future that is done once the kernel has taken what was sent; ``None`` if it has."""
        stream: Any = getattr(self.request.connection, "stream", None)
        if not hasattr(stream, "flushed") or stream.closed():
            return None
        future: asyncio.Future[None] | None = stream.flushed()
        return future

    def _delivery(self, was_gone: bool) -> asyncio.Future[None]:
        """Return the future of a response that was finished just now.

        :param was_gone: the client had left before; the future then fails.
        """
        if not was_gone:
            future = self._unsent()
            if future is not None:
                return future
            # Sending may have found that the client is gone; a close of our own has no error.
            stream: Any = getattr(self.request.connection, "stream", None)
            error = getattr(stream, "error", None)
            if not isinstance(error, BaseException):
                return done()
        try:
            failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        except RuntimeError:
            return done()  # without a loop, nobody can wait
        failed.set_exception(StreamClosedError())
        failed.exception()  # waiting for it is optional
        return failed

    def _flush(self, include_footers: bool) -> asyncio.Future[None]:
        connection = self.request.connection
        buffer = self._write_buffer
        chunk = b"".join(buffer) if buffer else b""
        self._write_buffer = []
        if self._headers_written:
            for transform in self._transforms or ():
                chunk = transform.transform_chunk(chunk, include_footers)
            if self.request.method == "HEAD" or not (chunk or not include_footers):
                return done()
            return connection.write(chunk)
        status, headers, chunk = self._head(chunk, include_footers)
        if self.request.method == "HEAD":
            chunk = b""
        start_line = httputil.ResponseStartLine("", status, self._reason)
        future = connection.write_headers(start_line, headers, chunk)
        self._headers_written = True
        return future

    def _head(self, chunk: bytes, finishing: bool) -> tuple[int, httputil.HTTPHeaders, bytes]:
        """Return the status, the headers with the cookies, and the first chunk, as they are sent."""
        status, headers = self._status_code, self._headers
        for transform in self._transforms or ():
            status, headers, chunk = transform.transform_first_chunk(
                status, headers, chunk, finishing
            )
            self._status_code, self._headers = status, headers
        if hasattr(self, "_new_cookie"):
            for morsel in self._new_cookie.values():
                headers.add("Set-Cookie", morsel.OutputString(None))
        return status, headers, chunk

    def finish(self, chunk: str | bytes | dict[Any, Any] | None = None) -> asyncio.Future[None]:
        """Write ``chunk``, if any, and end the response.

        :returns: a `Future` that resolves when everything was handed to the kernel. Waiting for
            it is optional.
        :raises RuntimeError: if the response is finished already.

        .. versionchanged:: 5.1
           Returns a `Future`.
        """
        was_gone = self._is_abandoned()
        self._conclude(chunk)
        self._send_now()
        return self._delivery(was_gone)

    def _is_abandoned(self) -> bool:
        """Return whether the client has closed the connection of this request."""
        if self._client_left:
            return True
        stream = getattr(self.request.connection, "stream", None)
        closed = getattr(stream, "closed", None)
        return closed is not None and closed() is True

    def _conclude(self, chunk: Any = None) -> None:
        """Do what `finish` does, without a future."""
        if self._finished:
            raise RuntimeError("finish() called twice")
        if chunk is not None:
            self.write(chunk)
        connection = self.request.connection
        if not self._headers_written and self._trailers is None:
            self._conclude_whole(connection)
        else:
            flush = self.flush
            if not self._headers_written:
                self._headers.pop("Content-Length", None)  # only chunks have a place for trailers
                flush()
            if type(flush) is MethodType and flush.__func__ is _FLUSH:
                self._flush(True)
            else:
                flush(include_footers=True)
            self._end(connection)
        # As in `_wind_up`, without a call.
        self._finished = True
        if self._body_future is not None:
            self._content_is_over()
        self._log()
        on_finish = self.on_finish
        if type(on_finish) is not MethodType or on_finish.__func__ is not _ON_FINISH:
            self._send_now()  # the hook may take its time
            on_finish()
        if self._has_ui:
            self._break_cycles()

    def _wind_up(self) -> None:
        """Do what follows a response that was not finished: the log, the hook."""
        self._finished = True
        self._content_is_over()
        self._log()
        self.on_finish()
        if self._has_ui:
            self._break_cycles()

    def _break_off(self) -> None:
        """End a response that was begun and cannot be completed.

        The connection is closed without the last chunk, so that the client, and every cache, can tell
        that the response is incomplete (RFC 9112, section 8).
        """
        connection = self.request.connection
        pending = None if self._is_abandoned() else self._unsent()
        close = getattr(connection, "close", None)
        if close is None:  # an exchange that cannot be broken off
            connection.finish()
        elif isinstance(pending, asyncio.Future):
            pending.add_done_callback(lambda _: close())
        else:
            self._send_now()
            close()
        self._wind_up()

    def _conclude_whole(self, connection: httputil.HTTPConnection) -> None:
        """Send a response of which nothing was sent yet."""
        buffer = self._write_buffer
        body = buffer[0] if len(buffer) == 1 else b"".join(buffer)
        headers = self._headers
        status = self._status_code
        request = self.request
        # Most handlers replace none of the steps below, which are then done here, without calls. What is
        # compared are the objects that a look-up on the handler finds: wrappers may claim to be equal to what
        # they wrap. (To look into `__dict__` makes a dict, and all that follows slower.)
        if status == 200 and request.method in _METHODS_WITH_ETAG:
            compute = self.compute_etag
            set_header = self.set_etag_header
            if (
                type(compute) is MethodType
                and compute.__func__ is _COMPUTE_ETAG
                and type(set_header) is MethodType
                and set_header.__func__ is _SET_ETAG_HEADER
            ):
                # A head() that writes nothing cannot know the tag of what get() would write.
                if body or request.method == "GET":
                    tag = f'"{_blake2b(body, digest_size=_TAG_SIZE).hexdigest()}"'
                    if headers._repeated is None:
                        headers._fields["Etag"] = tag
                    else:
                        headers["Etag"] = tag
            else:
                # The hooks look at the buffer.
                set_header()
            is_known = self.check_etag_header()
            if is_known is not False and decided(is_known, self, "check_etag_header"):
                body = b""
                self.set_status(304)
                status = 304
        if status == 304 or status == 204 or status < 200:
            if body:
                if not self._is_error:
                    raise RuntimeError(f"Cannot send body with {status}")
                body = b""
            self._clear_representation_headers()
        else:
            fields = headers._fields
            if "Content-Length" not in fields and (body or request.method != "HEAD"):
                fields["Content-Length"] = str(len(body))
                if "Transfer-Encoding" in fields:
                    # How a whole response is framed is not for the handler to choose.
                    del headers["Transfer-Encoding"]
        respond = getattr(connection, "respond", None)
        flush = self.flush
        if respond is None or type(flush) is not MethodType or flush.__func__ is not _FLUSH:
            self._write_buffer = [body] if body else []
            flush(include_footers=True)
            self._end(connection)
            return
        if self._transforms or hasattr(self, "_new_cookie"):
            written = body
            status, headers, body = self._head(body, True)
            if not written and request.method == "HEAD":
                body = b""  # the end of compressed content, of which only GET has the rest
        try:
            respond(status, self._reason, headers, body)
        except httputil.HTTPOutputError:
            self._has_failed_to_send = True
            raise
        self._write_buffer = []
        self._headers_written = True

    def _end(self, connection: httputil.HTTPConnection) -> None:
        set_close_callback = getattr(connection, "set_close_callback", None)
        if set_close_callback is not None:
            set_close_callback(None)
        if self._trailers is None:
            connection.finish()
        else:
            exchange: Any = connection  # one of the classic interface may know no trailers
            exchange.finish(self._trailers)

    def _log(self) -> None:
        """Log the request: hands this handler to `.Application.log_request`."""
        handler: Any = self
        self.application.log_request(handler)

    def _break_cycles(self) -> None:
        # Bound methods of this object in it would keep it until the cycle collector comes.
        self.__dict__.pop("ui", None)

    def on_finish(self) -> None:
        """Hook called after the response was sent, for clean-up and statistics. Override it.

        The counterpart of ``prepare``; nothing can be written any more.

        .. versionadded:: 2.2
        """

    def on_connection_close(self) -> None:
        """Hook called if the client leaves before the response is finished. Override it.

        It serves to release what long polls hold. A proxy may keep its connection long after its
        client has gone, so this may come late; ``on_finish`` is for clean-up after every request.
        """

    def redirect(self, url: str, permanent: bool = False, status: int | None = None) -> None:
        """Send the client to another URL, and finish the response.

        :param url: absolute, or relative to this one.
        :param permanent: status 301 in place of 302.
        :param status: a status from 300 to 399, in place of either.
        :raises Exception: if the headers were sent already.

        .. versionchanged:: 2.2
           ``status``.
        """
        if self._headers_written:
            raise Exception("Cannot redirect after headers have been written")
        if status is None:
            status = 301 if permanent else 302
        elif not (isinstance(status, int) and 300 <= status <= 399):
            raise ValueError(f"a redirect has a status from 300 to 399, not {status!r}")
        self.set_status(status)
        self.set_header("Location", utf8(url))
        self.finish()

    def compute_etag(self) -> str | None:
        """Return the entity tag of the content written so far, quotes included.

        By default it is made of a hash of the content (BLAKE2b). Override it to make it of something
        cheaper, or return ``None`` for no tag.
        """
        buffer = self._write_buffer
        body = buffer[0] if len(buffer) == 1 else b"".join(buffer)
        return f'"{_blake2b(body, digest_size=_TAG_SIZE).hexdigest()}"'

    def set_etag_header(self) -> None:
        """Set the ``Etag`` header to what `compute_etag` returns, unless that is ``None``.

        .. versionadded:: 3.1
        """
        etag = self.compute_etag()
        if etag is not None:
            self.set_header("Etag", etag)

    def check_etag_header(self) -> bool:
        """Return whether the client has this content already: its ``If-None-Match`` names our tag.

        .. versionadded:: 3.1
        """
        headers = self.request.headers
        if "If-None-Match" not in getattr(headers, "_fields", headers):
            return False
        given = headers["If-None-Match"]
        ours = self._headers.get("Etag", "")
        if not ours:
            return False
        tag = ours[2:] if ours.startswith("W/") else ours
        return any(candidate == "*" or candidate == tag for candidate in _entity_tags(given))

    def _clear_representation_headers(self) -> None:
        for name in _REPRESENTATION_HEADERS:
            self.clear_header(name)
        if "Etag" in self._headers:
            self.clear_header("Last-Modified")  # the tag is better (RFC 9110, section 15.4.5)


# What `Output._conclude_whole` may do by itself where nobody has overridden it.
_COMPUTE_ETAG = Output.compute_etag
_SET_ETAG_HEADER = Output.set_etag_header
_ON_FINISH = Output.on_finish
_FLUSH = Output.flush

#: What `Rendering` may shorten where nobody has overridden it.
FINISH = Output.finish


def _cannot_write(chunk: Any) -> str:
    """Return the message for content of a type that `Output.write` does not take."""
    message = f"write() only accepts bytes, unicode, and dict objects, not {type(chunk).__name__}"
    if isinstance(chunk, list):
        return message + ". Lists not accepted for security reasons: wrap the list in a dict"
    if is_unawaited(chunk):
        return message + "; did you forget to await it?"
    return message


def _entity_tags(field: str) -> list[str]:
    """The tags of an If-None-Match header without their weakness (RFC 9110, section 13.1.2)."""
    field = field.strip()
    if field == "*":
        return ["*"]
    tags: list[str] = []
    at = 0
    while True:
        start = field.find('"', at)
        end = field.find('"', start + 1)
        if start < 0 or end < 0:
            return tags
        tags.append(field[start : end + 1])
        at = end + 1
