"""The client over libcurl's multi interface and this project's loop."""

from __future__ import annotations

from typing import Any

from tornado._httpclient.curl_transport import CurlTransport
from tornado._httpclient.positions import in_order_of, of_curl
from tornado._httpclient.queueing import QueueingClient
from tornado.ioloop import IOLoop


class CurlAsyncHTTPClient(QueueingClient[CurlTransport]):
    """The client over libcurl. It needs pycurl: ``pip install tornado-httpclient[curl]``.

    It does what `~tornado.simple_httpclient.SimpleAsyncHTTPClient` does, and besides connects from
    a named network interface, authenticates to proxies by Digest, and hands out its handle to
    ``prepare_curl_callback``. ``ssl_options`` are taken as a dictionary only.
    """

    @in_order_of(of_curl)
    def initialize(  # type: ignore[override]  # more parameters, in their old order
        self,
        io_loop: IOLoop | None = None,
        max_clients: int = 10,
        defaults: dict[str, Any] | None = None,
        max_body_size: int | None = None,
        max_simultaneous_connections: int | None = None,
        *,
        max_header_size: int | None = None,
        max_clients_per_origin: int | None = None,
        allow_unix_sockets: bool = False,
    ) -> None:
        """Set up a new client.

        :param max_clients: fetches at a time; others wait in a queue, and their ``connect_timeout``
            runs meanwhile.
        :param defaults: parameters of `~tornado.httpclient.HTTPRequest`, for requests that leave
            them out.
        :param max_body_size: bytes in the content of a response, decompressed (default 100 MiB).
        :param max_simultaneous_connections: of Tornado 2: lowers ``max_clients``.
        :param max_header_size: bytes in the head of a response (default 64 KiB).
        :param max_clients_per_origin: fetches at a time from one origin, the one that a request
            begins with (default: no other limit than ``max_clients``).
        :param allow_unix_sockets: whether URLs of the scheme ``http+unix`` are fetched; a request may
            say so for itself. Only for programs that fetch no URL of others.

        .. versionchanged:: 6.6
           Added ``max_body_size``.
        """
        super().initialize(io_loop=io_loop, defaults=defaults)
        if max_simultaneous_connections is not None:
            max_clients = min(max_clients, max_simultaneous_connections)
        self._initialize_queue(max_clients, max_clients_per_origin, allow_unix_sockets)
        self.max_body_size = 104857600 if max_body_size is None else max_body_size
        self.max_header_size = 65536 if max_header_size is None else max_header_size

    def _make_transport(self, io_loop: IOLoop) -> CurlTransport:
        return CurlTransport(self, io_loop)

    def handle_callback_exception(self, callback: Any) -> None:
        """Log an exception that a callback has raised; called inside an ``except`` block."""
        self._loop_in_use().handle_callback_exception(callback)


CurlAsyncHTTPClient.__module__ = "tornado.curl_httpclient"
