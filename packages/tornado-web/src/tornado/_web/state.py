"""The state of one response until it is sent: its status, its headers, its buffer."""

from __future__ import annotations

import datetime
import enum
import numbers
import re
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NoReturn

import tornado
from tornado import httputil
from tornado._core.seam import printable
from tornado._http1.seam import TOKEN, reason_phrase
from tornado._web.decisions import decided, is_unawaited
from tornado._web.errors import HTTPError, checked_status, is_plain_reason

if TYPE_CHECKING:
    from asyncio import Future
    from contextvars import Context

    from tornado._web.application import Application
    from tornado._web.transforms import OutputTransform
    from tornado.iostream import IOStream

HeaderValue = str | bytes | int | numbers.Integral | datetime.datetime

# Field values are visible characters, spaces and tabs (RFC 9110, section 5.5).
_VALID_HEADER_CHARS = re.compile(r"[\x09\x20-\x7e\x80-\xff]*")

_CONTROLS_IN_REASON = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

#: The value of the ``Server`` header: the first two numbers of the version say enough.
SERVER_NAME = f"TornadoServer/{tornado.version_info[0]}.{tornado.version_info[1]}"

#: Names that were found to be tokens; `_MAX_CHECKED_NAMES` of them at most.
_checked_names: set[str] = set()
_MAX_CHECKED_NAMES = 1000

_time = time.time
_new_headers = httputil.HTTPHeaders.__new__


class _DefaultHeaders:
    """The headers that every response begins with, made once a second."""

    __slots__ = ("_fields", "_until")

    def __init__(self) -> None:
        self._until = 0.0
        self._fields: dict[str, str] = {}

    def copy(self) -> httputil.HTTPHeaders:
        now = _time()
        if not self._until - 1.0 <= now < self._until:
            second = int(now)
            self._until = second + 1.0
            self._fields = {
                "Server": SERVER_NAME,
                "Content-Type": "text/html; charset=UTF-8",
                "Date": httputil.format_timestamp(second),
            }
        headers = _new_headers(httputil.HTTPHeaders)
        headers._fields = self._fields.copy()
        headers._repeated = None
        return headers


_copy_default_headers = _DefaultHeaders().copy


class HandlerState:
    """The state of one response until it is sent: the base of the parts of `.RequestHandler`."""

    #: The methods that a handler of this class may be asked for; others get a 405.
    SUPPORTED_METHODS: tuple[str, ...] = (
        "GET",
        "HEAD",
        "POST",
        "DELETE",
        "PATCH",
        "PUT",
        "OPTIONS",
    )

    _headers: httputil.HTTPHeaders
    _write_buffer: list[bytes]
    _status_code = 200
    _reason = "OK"
    _transforms: list[OutputTransform] | None = None
    _headers_written = False
    _finished = False
    _auto_finish = True
    _has_ui = False
    # Another class in the line of this handler's has a constructor to be called.
    _further_init = False
    #: The response is an error page.
    _is_error = False
    #: The connection refused the response, since its head or its length is wrong.
    _has_failed_to_send = False
    #: The context in which all methods of this handler run.
    _context: Context | None = None
    #: The client closed the connection before it had its response.
    _client_left = False
    #: With streamed content: done when ``prepare`` is.
    _prepared_future: Future[None] | None = None
    #: With streamed content: done when all of it came; fails if it does not.
    _body_future: Any = None
    _VALID_HEADER_CHARS = _VALID_HEADER_CHARS

    path_args: list[str]
    path_kwargs: dict[str, str]

    def __init__(
        self,
        application: Application,
        request: httputil.HTTPServerRequest,
        **kwargs: Any,
    ) -> None:
        if self._further_init:
            super().__init__()
        #: The `.Application` that serves this request.
        self.application = application
        #: The `.HTTPServerRequest` with everything the client sent.
        self.request = request
        self.path_args = []
        self.path_kwargs = {}
        self.clear()
        # (A coroutine by mistake is what this looks for.)
        result: object = self.initialize(**kwargs) if kwargs else self.initialize()  # type: ignore[func-returns-value]
        if result is not None:
            decided(result, self, "initialize")

    # `*args` lets type checkers accept any signature of an override; routes give keywords only.
    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        mro = cls.__mro__
        after = mro[mro.index(HandlerState) + 1 : -1]
        cls._further_init = any("__init__" in vars(base) for base in after)

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Hook for what a handler needs besides the request. Override it.

        Called once, before everything else, with the keyword arguments of the route. It may
        save them, but not write or fail the response::

            class ProfileHandler(RequestHandler):
                def initialize(self, database):
                    self.database = database

                def get(self, username):
                    ...

            app = Application([
                (r'/user/(.*)', ProfileHandler, dict(database=database)),
            ])

        .. versionadded:: 1.1
        """
        if kwargs:
            # The default takes none; a misspelt one in a table of routes is to be found.
            raise TypeError(
                f"{type(self).__name__}.initialize() takes no argument {sorted(kwargs)[0]!r}"
            )

    @property
    def settings(self) -> dict[str, Any]:
        """The application's settings: an alias of ``self.application.settings``."""
        return self.application.settings

    def require_setting(self, name: str, feature: str = "this feature") -> None:
        """Make sure that the application has a setting.

        :param name: the setting's key.
        :param feature: what needs it, for the message.
        :raises Exception: if the setting is absent or empty.
        """
        if not self.application.settings.get(name):
            raise Exception(
                f"You must define the '{name}' setting in your application to use {feature}"
            )

    def clear(self) -> None:
        """Forget all headers and content of this response; the status becomes 200.

        Cookies that were set stay.
        """
        self._headers = _copy_default_headers()
        self.set_default_headers()
        self._write_buffer = []
        self._status_code = 200
        self._reason = "OK"

    def set_default_headers(self) -> None:
        """Hook to set headers that stay when an error page replaces the response. Override it.

        .. versionadded:: 2.1
        """

    def set_status(self, status_code: int, reason: str | None = None) -> None:
        """Set the status of the response.

        :param status_code: such as 404.
        :param reason: the reason phrase (``str`` or ``bytes``); the registered one by default. One with
            ``<``, or with characters beyond Latin-1, and an empty one, becomes ``Unknown``.
        :raises ValueError: if the status has not three digits, or the reason has control characters.
        :raises TypeError: if the status is no integer, or the reason stands for no text.

        .. versionchanged:: 3.0
           ``reason``.
        """
        if type(status_code) is not int or not 100 <= status_code <= 999:
            status_code = checked_status(status_code)
        self._status_code = status_code
        if reason is None:
            self._reason = reason_phrase(status_code)
            return
        if isinstance(reason, bytes):
            text = reason.decode("latin-1")
        elif isinstance(reason, str):
            text = str.__str__(reason)
        elif has_text(reason):
            text = str(reason)
        else:
            raise TypeError(f"a reason is text, not {reason!r} of type {type(reason).__name__}")
        if _CONTROLS_IN_REASON.search(text):
            raise ValueError(f"reason has characters that a status line cannot hold: {reason!r}")
        self._reason = text if is_plain_reason(text) else "Unknown"

    def get_status(self) -> int:
        """Return the status code of the response."""
        return self._status_code

    def set_header(self, name: str, value: HeaderValue) -> None:
        """Set a header of the response, replacing any earlier value.

        :param name: the field's name, in any case.
        :param value: ``str`` or ``bytes``; a `datetime.datetime` is formatted as HTTP wants it
            (one without a time zone is UTC); numbers, and objects whose class defines ``__str__``,
            such as a `uuid.UUID` or a path, go through `str`. Characters beyond Latin-1 are sent as
            UTF-8.
        :raises ValueError: if the name or the value has characters that no header can hold.
        :raises TypeError: for a value that means nothing as text: ``None``, a list, a function, a coroutine.
        """
        if type(value) is not str or not (value.isascii() and value.isprintable()):
            value = self._convert_header_value(value)
        if name not in _checked_names:
            _check_name(name)
        self._headers[name] = value

    def add_header(self, name: str, value: HeaderValue) -> None:
        """Add a header to the response; others of the same name stay.

        The arguments are those of `set_header`.

        .. versionadded:: 2.1
        """
        value = self._convert_header_value(value)
        try:
            self._headers.add(name, value)
        except httputil.HTTPInputError as e:
            raise ValueError(str(e)) from None  # it is not the client's fault

    def clear_header(self, name: str) -> None:
        """Take back a header that was set; all values that were added under the name go."""
        if name in self._headers:
            del self._headers[name]

    def _convert_header_value(self, value: HeaderValue) -> str:
        if isinstance(value, str):
            text = str.__str__(value)  # of a member of an enum too, whose str() is its name
        elif isinstance(value, bytes):
            text = value.decode("latin-1")
        elif isinstance(value, enum.IntEnum):
            return str(int(value))  # Python 3.10 would give the member's name
        elif isinstance(value, numbers.Integral):
            return str(value)
        elif isinstance(value, datetime.datetime):
            return httputil.format_timestamp(value)
        elif has_text(value):
            text = str(value)
        else:
            raise TypeError(f"Unsupported header value {value!r} of type {type(value).__name__}")
        if text.isascii() and text.isprintable():
            return text
        if not text.isascii():
            try:
                text.encode("latin-1")
            except UnicodeEncodeError:
                text = text.encode("utf-8").decode("latin-1")
        if not _VALID_HEADER_CHARS.fullmatch(text):
            raise ValueError(f"Unsafe header value {value!r}")
        return text

    # Steps that other rooms define and call by these names, since handlers override them.

    def flush(self, include_footers: bool = False) -> Future[None]:
        raise NotImplementedError

    def clear_cookie(self, name: str, **kwargs: Any) -> None:
        raise NotImplementedError

    def clear_all_cookies(self, **kwargs: Any) -> None:
        raise NotImplementedError

    def _request_summary(self) -> str:
        request = self.request
        return printable(f"{request.method} {request.uri} ({request.remote_ip})")

    def reverse_url(self, name: str, *args: Any) -> str:
        """Return the URL of the route called ``name``: see `.Application.reverse_url`."""
        return self.application.reverse_url(name, *args)

    def detach(self) -> IOStream:
        """Take the connection from HTTP, and return its `.IOStream`.

        To be called from a method without output, or after the response is finished; the caller
        owns the stream from then on.

        .. versionadded:: 5.1
        """
        stream: IOStream = self.request.connection.detach()
        self._finished = True
        self._content_is_over()
        return stream

    def _content_is_over(self) -> None:
        """Wake whoever waits for the request's content; the response is done."""
        future = self._body_future
        if future is not None and not future.done():
            future.set_result(None)

    def _unimplemented_method(self, *args: Any, **kwargs: Any) -> NoReturn:
        """What a handler does on a method that it does not define: 405."""
        raise HTTPError(405)

    def _implements(self, name: str) -> bool:
        """Tell whether this handler defines the method called ``name``."""
        method = getattr(self, name, None)
        if method is None:
            return False
        return getattr(method, "__func__", method) is not HandlerState._unimplemented_method

    def _allowed_methods(self) -> list[str]:
        """The methods that this handler supports, for the ``Allow`` header."""
        allowed = [method for method in self.SUPPORTED_METHODS if self._implements(method.lower())]
        if "GET" in allowed and "HEAD" in self.SUPPORTED_METHODS and "HEAD" not in allowed:
            allowed.insert(1, "HEAD")
        return allowed


def _check_name(name: str) -> None:
    """Remember a header's name as valid.

    :raises ValueError: if it is no token (RFC 9110, section 5.1).
    """
    if not TOKEN.match(name):
        raise ValueError(f"Invalid header name {name!r}")
    if len(_checked_names) < _MAX_CHECKED_NAMES:
        _checked_names.add(name)


def has_text(value: object) -> bool:
    """Return whether an object stands for a text, so that ``str(value)`` means something in a header.

    Numbers do, and what defines ``__str__`` itself. Containers, functions, and objects with nothing but
    a ``repr`` do not.
    """
    if isinstance(value, Collection) or is_unawaited(value):
        return False
    return isinstance(value, numbers.Number) or type(value).__str__ is not object.__str__
