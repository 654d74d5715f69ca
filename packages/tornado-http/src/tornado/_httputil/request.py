"""A request's head and connection go in; the object that an application reads comes out."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from http.cookies import CookieError, Morsel, SimpleCookie
from typing import TYPE_CHECKING, Any

from tornado._httputil.cookies import parse_cookie
from tornado._httputil.errors import HTTPInputError
from tornado._httputil.forms import (
    HTTPFile,
    parse_body_arguments,
    parse_body_config,
    parse_urlencoded,
)
from tornado._httputil.headers import HTTPHeaders
from tornado._httputil.urls import origin_form, split_host_and_port
from tornado.escape import utf8

if TYPE_CHECKING:
    from tornado._httputil.delegates import HTTPConnection
    from tornado._httputil.startlines import RequestStartLine

_time = time.time


def _unusable(status: int, message: str) -> HTTPInputError:
    """Return the error for content that was read as a whole and cannot be used."""
    error = HTTPInputError(message)
    error.status = status
    error.is_of_request = error.is_recoverable = True
    return error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a value of JSON")


class HTTPServerRequest:
    """One HTTP request, as a server received it. Attributes are `str` unless said otherwise.

    .. attribute:: method

       The method, such as ``GET`` or ``POST``.

    .. attribute:: uri

       The target as it was requested: path and query, or a whole URL if the client takes the server for
       a proxy. `path` and `query` are those of the URL then, and the Host field names its host.

    .. attribute:: path

       The part of `uri` before the ``?``.

    .. attribute:: query

       The part of `uri` after the ``?``.

    .. attribute:: version

       ``HTTP/1.1`` or ``HTTP/1.0``.

    .. attribute:: headers

       The `HTTPHeaders` of the request.

    .. attribute:: body

       The content, as `bytes`; empty if there is none, or while it has not arrived.

    .. attribute:: remote_ip

       The client's address. Behind a proxy, with ``xheaders`` set on the server, the one that the
       proxy reports in X-Real-Ip or X-Forwarded-For.

    .. attribute:: protocol

       ``http`` or ``https``. Behind a proxy, with ``xheaders`` set on the server, what the proxy
       reports in X-Scheme or X-Forwarded-Proto.

    .. attribute:: connection

       The `HTTPConnection` to which the response is written.

    .. attribute:: server_connection

       What stands for the whole connection of the client.

    The arguments, files and cookies are only taken apart when they are asked for; then
    `HTTPInputError` says that there are too many of them, or that the form is malformed.

    Two requests are equal only if they are the same one.

    .. versionchanged:: 4.0
       Moved here from ``tornado.httpserver``, where it was called ``HTTPRequest``.
    """

    # Defaults on the class: a request of the fast path sets only what differs.
    method: str
    uri: str
    version: str
    headers: HTTPHeaders
    path: str
    query: str
    connection: HTTPConnection
    body: bytes = b""
    remote_ip: str | None = None
    protocol: str = "http"
    server_connection: object | None = None
    _start_time: float
    _finish_time: float | None = None
    _host: str | None = None
    _host_name: str | None = None
    _arguments: dict[str, list[bytes]] | None = None
    _query_arguments: dict[str, list[bytes]] | None = None
    _body_arguments: dict[str, list[bytes]] | None = None
    _files: dict[str, list[HTTPFile]] | None = None
    _cookies: SimpleCookie | None = None
    _parsed_body: bytes | None = None

    def __init__(
        self,
        method: str | None = None,
        uri: str | None = None,
        version: str = "HTTP/1.0",
        headers: HTTPHeaders | None = None,
        body: bytes | None = None,
        host: str | None = None,
        files: dict[str, list[HTTPFile]] | None = None,
        connection: HTTPConnection | None = None,
        start_line: RequestStartLine | None = None,
        server_connection: object | None = None,
        *,
        remote_ip: str | None = None,
        protocol: str | None = None,
    ) -> None:
        """Make a request, as a test or another transport than HTTP/1.1 may want to.

        :raises HTTPInputError: if the query has more arguments than `ParseUrlEncodedConfig` allows.

        :param start_line: takes the place of ``method``, ``uri`` and ``version``.
        :param host: the host that was requested; ``None`` takes it from the Host field.
        :param files: the uploaded files, if they were parsed already.
        :param connection: where the response is written. If it has a ``context`` with ``remote_ip`` and
            ``protocol``, these are the request's.
        :param remote_ip: takes the place of the context's.
        :param protocol: takes the place of the context's (default ``http``).
        """
        if start_line is not None:
            method, uri, version = start_line
        self.method = "GET" if method is None else method
        self.uri = "/" if uri is None else uri
        self.version = version
        self.headers = HTTPHeaders() if headers is None else headers
        # Only a request that was made by hand may have none.
        self.connection = connection  # type: ignore[assignment]
        self.path, _, self.query = origin_form(self.uri).partition("?")
        context = getattr(connection, "context", None)
        if context is not None:
            self.remote_ip = getattr(context, "remote_ip", None)
            self.protocol = getattr(context, "protocol", "http")
        if remote_ip is not None:
            self.remote_ip = remote_ip
        if protocol is not None:
            self.protocol = protocol
        if body:
            self.body = body
        if host is not None:
            self._host = host
        if files is not None:
            self._files = files
        if server_connection is not None:
            self.server_connection = server_connection
        self._start_time = _time()
        if self.query.count("&") >= parse_body_config().urlencoded.max_arguments:
            self.query_arguments  # noqa: B018  # raises

    @classmethod
    def _from_head(
        cls,
        method: str,
        target: str,
        version: str,
        headers: HTTPHeaders,
        connection: HTTPConnection,
    ) -> HTTPServerRequest:
        """Return the request that a parsed head describes, from the peer that ``connection.context`` names.

        :param target: in origin-form where the head's is in absolute-form.
        """
        self = cls.__new__(cls)
        self.method = method
        self.uri = target
        self.version = version
        self.headers = headers
        self.connection = connection
        self.path, _, self.query = target.partition("?")
        context = connection.context
        self.remote_ip = context.remote_ip
        self.protocol = context.protocol
        self._start_time = _time()
        return self

    @property
    def host(self) -> str:
        """The host that was requested, with its port if it was named: the Host field in almost every case."""
        host = self._host
        if host is None:
            host = self._host = self.headers.get("Host") or "127.0.0.1"
        return host

    @host.setter
    def host(self, value: str) -> None:
        self._host = value

    @property
    def host_name(self) -> str:
        """`host` without its port, in lower case."""
        name = self._host_name
        if name is None:
            name = self._host_name = split_host_and_port(self.host.lower())[0]
        return name

    @host_name.setter
    def host_name(self, value: str) -> None:
        self._host_name = value

    # Arguments.

    @property
    def query_arguments(self) -> dict[str, list[bytes]]:
        """Names to lists of byte strings: the arguments in the query.

        :raises HTTPInputError: if there are more than `ParseUrlEncodedConfig` allows.
        """
        arguments = self._query_arguments
        if arguments is None:
            query = self.query
            # What is no Latin-1 never came over HTTP/1.1, where each character is a byte.
            data = query.encode("latin-1" if _is_latin1(query) else "utf-8") if query else b""
            try:
                arguments = parse_urlencoded(data, parse_body_config().urlencoded.max_arguments)
            except HTTPInputError as error:
                error.is_of_request = True
                raise
            self._query_arguments = arguments
        return arguments

    @query_arguments.setter
    def query_arguments(self, value: dict[str, list[bytes]]) -> None:
        self._query_arguments = value

    @property
    def arguments(self) -> dict[str, list[bytes]]:
        """Names to lists of byte strings: the arguments in the query, and those in a form.

        :raises HTTPInputError: if there are too many, or the form is malformed.
        """
        if self._parsed_body is None and self.body:
            self._parse_body()
        arguments = self._arguments
        if arguments is None:
            arguments = _copied(self.query_arguments)
            _extend(arguments, self._body_arguments)
            self._arguments = arguments
        return arguments

    @arguments.setter
    def arguments(self, value: dict[str, list[bytes]]) -> None:
        self._arguments = value

    @property
    def body_arguments(self) -> dict[str, list[bytes]]:
        """Names to lists of byte strings: the arguments in a form.

        :raises HTTPInputError: if there are too many, or the form is malformed.
        """
        if self._parsed_body is None and self.body:
            self._parse_body()
        if self._body_arguments is None:
            self._body_arguments = {}
        return self._body_arguments

    @body_arguments.setter
    def body_arguments(self, value: dict[str, list[bytes]]) -> None:
        self._body_arguments = value

    @property
    def files(self) -> dict[str, list[HTTPFile]]:
        """Names to lists of `HTTPFile`: what was uploaded with a form.

        :raises HTTPInputError: if there are too many, or the form is malformed.
        """
        if self._parsed_body is None and self.body:
            self._parse_body()
        if self._files is None:
            self._files = {}
        return self._files

    @files.setter
    def files(self, value: dict[str, list[HTTPFile]]) -> None:
        self._files = value

    def _parse_body(self) -> None:
        """Take the form in `body` apart, unless that has been done.

        :raises HTTPInputError: if it is malformed or beyond a limit.
        """
        body = self.body
        if body is self._parsed_body:
            return
        content_type = self.headers.get("Content-Type", "")
        if content_type and body:
            arguments: dict[str, list[bytes]] = {}
            files: dict[str, list[HTTPFile]] = {}
            try:
                parse_body_arguments(content_type, body, arguments, files, self.headers)
            except HTTPInputError as error:
                error.is_of_request = True
                raise
            if arguments:
                if self._body_arguments is None:
                    self._body_arguments = _copied(arguments)
                else:
                    _extend(self._body_arguments, arguments)
                if self._arguments is not None:
                    _extend(self._arguments, arguments)
            if files:
                if self._files is None:
                    self._files = files
                else:
                    for name, uploads in files.items():
                        self._files.setdefault(name, []).extend(uploads)
        self._parsed_body = body

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies of the request: a mapping from names to `http.cookies.Morsel` objects."""
        cookies = self._cookies
        if cookies is None:
            cookies = self._cookies = SimpleCookie()
            field = "; ".join(self.headers.get_list("Cookie"))
            for name, value in parse_cookie(field).items():
                morsel: Morsel[str] = Morsel()
                try:
                    morsel.set(name, value, value)
                except CookieError:
                    # The standard library knows no such name; the browser's other cookies still
                    # count.
                    continue
                dict.__setitem__(cookies, name, morsel)
        return cookies

    @property
    def trailers(self) -> HTTPHeaders | None:
        """The fields that followed the content, if there were any; complete when the content is.

        .. versionadded:: 6.100
        """
        trailers: HTTPHeaders | None = getattr(self.connection, "trailers", None)
        return trailers

    # What the request can be asked.

    def json(self, *, any_type: bool = False) -> Any:
        """Return the content, decoded as JSON (RFC 8259).

        In a `.RequestHandler`, the errors become responses with their status.

        :param any_type: whether to ignore the Content-Type. Otherwise it has to be ``application/json`` or
            another JSON type, such as ``application/problem+json``; pages of other origins cannot send
            these without a preflight request. A request without a Content-Type is accepted.
        :raises HTTPInputError: with status 415 for another Content-Type, 400 for content that is not JSON in
            UTF-8. ``NaN`` and ``Infinity`` are not JSON.

        .. versionadded:: 6.100
        """
        if not any_type:
            kind = self.headers.get("Content-Type", "").partition(";")[0].strip(" \t").lower()
            if kind and kind != "application/json" and not kind.endswith("+json"):
                raise _unusable(415, f"Content-Type is {kind!r}, expected application/json")
        try:
            return json.loads(self.body.decode("utf-8"), parse_constant=_refuse_constant)
        except UnicodeDecodeError:
            raise _unusable(400, "the content is not UTF-8") from None
        except RecursionError:
            raise _unusable(400, "the content is JSON that is nested too deep") from None
        except ValueError as error:
            raise _unusable(400, f"the content is not JSON: {error}") from None

    def supports_http_1_1(self) -> bool:
        """Tell whether the client understands HTTP/1.1."""
        return self.version == "HTTP/1.1"

    def full_url(self) -> str:
        """Return the URL that was requested, as far as the request tells."""
        return f"{self.protocol}://{self.host}{origin_form(self.uri)}"

    def request_time(self) -> float:
        """Return the seconds from the arrival of the request until it was finished, or until now."""
        if self._finish_time is None:
            return _time() - self._start_time
        return self._finish_time - self._start_time

    def get_ssl_certificate(self, binary_form: bool = False) -> dict[str, Any] | bytes | None:
        """Return the client's certificate; ``None`` if it gave none, or the connection is not encrypted.

        A server asks for one if its ``ssl_options`` set ``verify_mode`` (``cert_reqs`` in a
        dictionary) to `ssl.CERT_OPTIONAL` or `ssl.CERT_REQUIRED`.

        :param binary_form: if true, return the certificate in DER; else a dictionary, as
            `ssl.SSLSocket.getpeercert` makes it, of a certificate that was verified.

        .. versionchanged:: 3.2
           Added ``binary_form``.
        """
        stream = getattr(self.connection, "stream", None)
        get = getattr(getattr(stream, "socket", None), "getpeercert", None)
        if get is None:
            return None
        try:
            certificate: dict[str, Any] | bytes | None = get(binary_form=binary_form)
        except (ssl.SSLError, ValueError):
            # The handshake is not done, or the connection is gone.
            return None
        return certificate

    # Responding with raw bytes, as request callbacks of the first releases do.

    def write(
        self, chunk: str | bytes, callback: Callable[[], Any] | None = None
    ) -> asyncio.Future[None]:
        """Write a piece of the response.

        In a request callback that is a plain function the first piece begins with the response's
        start line and headers.

        :param chunk: bytes, or text that is sent in UTF-8.
        :param callback: called without arguments when the piece was written.
        :returns: a future that is done when the piece was written.
        """
        data = utf8(chunk)
        if callback is None:
            return self.connection.write(data)
        connection: Any = self.connection  # not all of them take a callback
        future: asyncio.Future[None] = connection.write(data, callback=callback)
        return future

    def finish(self) -> None:
        """Finish the response."""
        self.connection.finish()
        self._finish_time = _time()

    def __repr__(self) -> str:
        names = ("protocol", "host", "method", "uri", "version", "remote_ip")
        shown = ", ".join([f"{name}={getattr(self, name)!r}" for name in names])
        return f"{type(self).__name__}({shown})"


def _is_latin1(text: str) -> bool:
    return text.isascii() or max(text) <= "\xff"


def _copied(arguments: dict[str, list[bytes]]) -> dict[str, list[bytes]]:
    return {name: values.copy() for name, values in arguments.items()}


def _extend(arguments: dict[str, list[bytes]], more: dict[str, list[bytes]] | None) -> None:
    if more:
        for name, values in more.items():
            arguments.setdefault(name, []).extend(values)


HTTPServerRequest.__module__ = "tornado.httputil"
