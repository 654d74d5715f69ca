"""What to fetch, and how, goes in as keywords; the object that a client works through comes out."""

from __future__ import annotations

import datetime
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tornado import stack_context
from tornado._core.seam import check_callback
from tornado._httpclient.positions import in_order_of, of_request
from tornado.escape import utf8
from tornado.httputil import HTTPHeaders, format_timestamp

if TYPE_CHECKING:
    from tornado._httpclient.cookies import CookieJar
    from tornado._httpclient.forms import Fields, FileSpec

_Wrapped = Callable[..., Any] | None
_Producer = Callable[[Callable[[bytes], Any]], Awaitable[Any]]


def _wrapped(name: str, callback: _Wrapped) -> _Wrapped:
    check_callback(name, callback)
    return None if callback is None else stack_context.wrap(callback)


class HTTPRequest:
    """A request for a client to fetch. Every parameter is an attribute too.

    ``None`` means, for each parameter, the client's default (see ``defaults`` of
    `AsyncHTTPClient.configure`), and failing that what is said here.

    :param url: what to fetch, of the scheme ``http`` or ``https``; with ``allow_unix_sockets``,
        ``http+unix://%2Frun%2Fd.sock/x`` names a server by its Unix socket. Host names and paths
        outside ASCII are encoded.
    :param method: such as ``"POST"`` (default ``"GET"``).
    :param headers: more headers to send, as `HTTPHeaders` or a dictionary.
    :param body: the content, as bytes, or text that is sent in UTF-8.
    :param auth_username: user name for authentication; one in the URL counts too.
    :param auth_password: password for authentication.
    :param auth_mode: ``"basic"`` (default) or ``"digest"``.
    :param connect_timeout: seconds to be connected in, waiting in the client's queue included; 0
        means no limit (default 20).
    :param request_timeout: seconds for the whole fetch, redirects included; 0 means no limit
        (default 20).
    :param if_modified_since: seconds since the epoch or `datetime.datetime`: adds If-Modified-Since.
    :param follow_redirects: whether to fetch what a redirect leads to, or to return the redirect as
        the response (default true).
    :param max_redirects: count of redirects to follow (default 5).
    :param user_agent: text of the User-Agent field.
    :param use_gzip: the name of ``decompress_response`` before 4.0.
    :param decompress_response: whether to ask for a compressed response and to decompress it
        (default true).
    :param network_interface: IP address to connect from (with libcurl also the name of an interface).
    :param streaming_callback: called with each piece of content as it arrives; ``body`` and ``buffer``
        of the response are then empty. If it returns an awaitable, reading waits for it.
    :param header_callback: called with each line of the head of the response, the line end included:
        first the status line, last ``"\\r\\n"`` alone.
    :param prepare_curl_callback: called with the ``pycurl.Curl`` object before it is used.
    :param proxy_host: host name of an HTTP proxy; needs ``proxy_port``.
    :param proxy_port: port of the proxy.
    :param proxy_username: user name for the proxy.
    :param proxy_password: password for the proxy.
    :param proxy_auth_mode: ``"basic"`` (default); with libcurl also ``"digest"``.
    :param proxy_from_environment: whether to use the proxies that the environment variables
        ``http_proxy``, ``https_proxy``, ``all_proxy`` and ``no_proxy`` name (default false).
    :param allow_unix_sockets: whether a URL of the scheme ``http+unix`` is fetched (default false):
        only for URLs that the program itself has made, since it reaches local services.
    :param allow_nonstandard_methods: whether to allow other methods than those of RFC 9110 and PATCH,
        and content where a method has none (default false).
    :param validate_cert: whether to verify the server's certificate (default true).
    :param ca_certs: file of the certificates (PEM) to verify it against; ``None``: the system's.
    :param client_key: file of the client's key (PEM).
    :param client_cert: file of the client's certificate (PEM).
    :param ssl_options: an `ssl.SSLContext`, or options for `~tornado.netutil.ssl_options_to_context`,
        in place of the four parameters before.
    :param allow_ipv6: whether to use IPv6 (default true).
    :param body_producer: a function that is called with a ``write`` function and sends the content
        through it, piece by piece; it may return an awaitable, and should await each ``write``.
        Where no Content-Length is set, the content leaves in chunks.
    :param expect_100_continue: whether to send the content only once the server has asked for it.
    :param params: names and values to add to the URL's query, as a dictionary or as pairs; a list is
        several values, and ``None`` leaves a name out.
    :param json: content to send as JSON. With it, ``data`` or ``files``, the method is POST unless
        another is named.
    :param data: form fields, as ``params`` has them; or content as text or bytes.
    :param files: files of a form, by field name: content as text or bytes, a binary file, or a tuple
        ``(filename, content)`` or ``(filename, content, content_type)``; a list is several files.
        Files are read while they are sent, and not closed.

    .. versionadded:: 3.1
       ``auth_mode``.
    .. versionadded:: 4.0
       ``body_producer``, ``expect_100_continue``.
    .. versionadded:: 4.2
       ``ssl_options``.
    .. versionadded:: 4.5
       ``proxy_auth_mode``.
    """

    _headers: HTTPHeaders
    _body: bytes | None

    # The values that stand in where neither the request nor the client's defaults say more.
    _DEFAULTS: dict[str, Any] = {
        "connect_timeout": 20.0,
        "request_timeout": 20.0,
        "follow_redirects": True,
        "max_redirects": 5,
        "decompress_response": True,
        "proxy_password": "",
        "allow_nonstandard_methods": False,
        "validate_cert": True,
    }

    @in_order_of(of_request, above=6)
    def __init__(
        self,
        url: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | bytes | None = None,
        auth_username: str | None = None,
        auth_password: str | None = None,
        auth_mode: str | None = None,
        connect_timeout: float | None = None,
        request_timeout: float | None = None,
        if_modified_since: float | datetime.datetime | None = None,
        follow_redirects: bool | None = None,
        max_redirects: int | None = None,
        user_agent: str | None = None,
        use_gzip: bool | None = None,
        network_interface: str | None = None,
        streaming_callback: Callable[[bytes], Awaitable[None] | None] | None = None,
        header_callback: Callable[[str], None] | None = None,
        prepare_curl_callback: Callable[[Any], None] | None = None,
        proxy_host: str | None = None,
        proxy_port: int | None = None,
        proxy_username: str | None = None,
        proxy_password: str | None = None,
        proxy_auth_mode: str | None = None,
        allow_nonstandard_methods: bool | None = None,
        validate_cert: bool | None = None,
        ca_certs: str | None = None,
        allow_ipv6: bool | None = None,
        client_key: str | None = None,
        client_cert: str | None = None,
        body_producer: _Producer | None = None,
        expect_100_continue: bool = False,
        decompress_response: bool | None = None,
        ssl_options: dict[str, Any] | ssl.SSLContext | None = None,
        *,
        proxy_from_environment: bool | None = None,
        allow_unix_sockets: bool | None = None,
        params: Fields | None = None,
        json: Any = None,
        data: Fields | str | bytes | None = None,
        files: Mapping[str, FileSpec] | Iterable[tuple[str, FileSpec]] | None = None,
    ) -> None:
        self.headers = headers
        if params is not None:
            # Deferred, here and below: most requests have none of it.
            from tornado._httpclient.forms import with_params

            url = with_params(url, params)
        if json is not None or data is not None or files is not None:
            from tornado._httpclient.forms import encode_content

            if body is not None or body_producer is not None:
                raise ValueError("json, data and files exclude body and body_producer")
            self._headers = self._headers.copy()
            body, body_producer = encode_content(self._headers, json, data, files)
            if method == "GET":
                method = "POST"
        if if_modified_since is not None:
            # The caller's own object stays as it is.
            self._headers = self._headers.copy()
            self._headers["If-Modified-Since"] = format_timestamp(if_modified_since)
        self.proxy_host = proxy_host
        self.proxy_port = proxy_port
        self.proxy_username = proxy_username
        self.proxy_password = proxy_password
        self.proxy_auth_mode = proxy_auth_mode
        self.proxy_from_environment = proxy_from_environment
        self.allow_unix_sockets = allow_unix_sockets
        self.url = url
        self.method = method
        self.body = body
        self.body_producer = body_producer
        self.auth_username = auth_username
        self.auth_password = auth_password
        self.auth_mode = auth_mode
        self.connect_timeout = connect_timeout
        self.request_timeout = request_timeout
        self.follow_redirects = follow_redirects
        self.max_redirects = max_redirects
        self.user_agent = user_agent
        self.decompress_response = use_gzip if decompress_response is None else decompress_response
        self.network_interface = network_interface
        self.streaming_callback = streaming_callback
        self.header_callback = header_callback
        self.prepare_curl_callback = prepare_curl_callback
        self.allow_nonstandard_methods = allow_nonstandard_methods
        self.validate_cert = validate_cert
        self.ca_certs = ca_certs
        self.allow_ipv6 = allow_ipv6
        self.client_key = client_key
        self.client_cert = client_cert
        self.ssl_options = ssl_options
        self.expect_100_continue = expect_100_continue
        self.start_time = time.time()

    # The jar of the session that made the request.
    _cookies: CookieJar | None = None
    # The request of which this one is a copy.
    _original: HTTPRequest | None = None

    def _as_sent(self, headers: HTTPHeaders) -> HTTPRequest:
        """Return a copy with ``headers``, equal to this request as a key of dictionaries and sets."""
        copied: HTTPRequest = self.__class__.__new__(self.__class__)
        copied.__dict__.update(self.__dict__)
        copied._headers = headers
        copied._original = self._original or self
        return copied

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HTTPRequest):
            return NotImplemented
        return (self._original or self) is (other._original or other)

    def __hash__(self) -> int:
        return id(self._original or self)

    @property
    def headers(self) -> HTTPHeaders:
        """The headers to send beside those that the client adds."""
        return self._headers

    @headers.setter
    def headers(self, value: Mapping[str, str] | None) -> None:
        if isinstance(value, HTTPHeaders):
            self._headers = value
        else:
            self._headers = HTTPHeaders() if value is None else HTTPHeaders(value)

    @property
    def body(self) -> bytes:
        """The content, as bytes; ``None`` where there is none, or a `body_producer`."""
        return self._body  # type: ignore[return-value]  # annotated as in every release

    @body.setter
    def body(self, value: str | bytes | None) -> None:
        self._body = utf8(value)

    @property
    def use_gzip(self) -> bool | None:
        """The name of ``decompress_response`` before 4.0."""
        return self.decompress_response

    @use_gzip.setter
    def use_gzip(self, value: bool | None) -> None:
        self.decompress_response = value

    @property
    def body_producer(self) -> _Producer | None:
        """Sends the content; see the parameter."""
        return self._body_producer

    @body_producer.setter
    def body_producer(self, value: _Producer | None) -> None:
        self._body_producer = _wrapped("body_producer", value)

    @property
    def streaming_callback(self) -> Callable[[bytes], Awaitable[None] | None] | None:
        """Called with each piece of the response's content; see the parameter."""
        return self._streaming_callback

    @streaming_callback.setter
    def streaming_callback(self, value: Callable[[bytes], Awaitable[None] | None] | None) -> None:
        self._streaming_callback = _wrapped("streaming_callback", value)

    @property
    def header_callback(self) -> Callable[[str], None] | None:
        """Called with each line of the response's head; see the parameter."""
        return self._header_callback

    @header_callback.setter
    def header_callback(self, value: Callable[[str], None] | None) -> None:
        self._header_callback = _wrapped("header_callback", value)

    @property
    def prepare_curl_callback(self) -> Callable[[Any], None] | None:
        """Called with the ``pycurl.Curl`` object before it is used."""
        return self._prepare_curl_callback

    @prepare_curl_callback.setter
    def prepare_curl_callback(self, value: Callable[[Any], None] | None) -> None:
        self._prepare_curl_callback = _wrapped("prepare_curl_callback", value)


class _RequestProxy:
    """A request together with the defaults of the client that fetches it.

    An attribute that is ``None`` on the request has the value that the defaults give it.
    """

    def __init__(self, request: HTTPRequest, defaults: dict[str, Any] | None) -> None:
        self.request = request
        self.defaults = defaults

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.request, name)
        if value is not None:
            return value
        return None if self.defaults is None else self.defaults.get(name)


for _exported in (HTTPRequest, _RequestProxy):
    _exported.__module__ = "tornado.httpclient"
