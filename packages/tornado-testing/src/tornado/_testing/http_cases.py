"""An application in, a test case with a server and a client for it out."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from tornado._testing.cases import AsyncTestCase, get_async_test_timeout
from tornado._testing.certificates import certificate_files
from tornado._testing.ports import bind_unused_port

if TYPE_CHECKING:  # HTTP is an extra
    from tornado.httpclient import AsyncHTTPClient, HTTPResponse
    from tornado.httpserver import HTTPServer


class AsyncHTTPTestCase(AsyncTestCase):
    """A test case with an HTTP server on a port of its own and a client for it.

    A subclass defines `get_app`; tests call `fetch`, or use ``self.http_client`` with `get_url`:

    .. code-block:: python

        class HomePageTest(AsyncHTTPTestCase):
            def get_app(self):
                return Application([("/", MainHandler)])

            def test_homepage(self):
                response = self.fetch("/")
                self.assertEqual(response.code, 200)

    Needs ``tornado-testing[http]``.

    .. versionadded:: 2.3
    """

    def setUp(self) -> None:
        """Start the server. An override calls this first."""
        super().setUp()
        listening, self.__port = bind_unused_port()
        self.addCleanup(listening.close)  # where a hook below fails, nobody else does
        self.http_client = self.get_http_client()
        self._app = self.get_app()
        self.http_server = self.get_http_server()
        self.http_server.add_sockets([listening])

    def tearDown(self) -> None:
        """Stop the server and close all connections. An override calls this last."""
        self.http_server.stop()
        self.io_loop.run_sync(
            self.http_server.close_all_connections, timeout=get_async_test_timeout()
        )
        self.http_client.close()
        del self.http_server, self._app
        super().tearDown()

    def get_http_client(self) -> AsyncHTTPClient:
        """Return the client for a test; a subclass may have another in mind."""
        from tornado.httpclient import AsyncHTTPClient  # an extra

        return AsyncHTTPClient(force_instance=True)

    def get_http_server(self) -> HTTPServer:
        """Return the server for a test, which does not listen yet."""
        from tornado.httpserver import HTTPServer  # an extra

        return HTTPServer(self._app, **self.get_httpserver_options())

    def get_app(self) -> Any:  # mostly an `Application` of tornado-web, which this does not need
        """Return the application, or any other request callback of `HTTPServer`: a subclass defines it."""
        raise TypeError(f"{type(self).__name__} has to define get_app()")

    def fetch(self, path: str, raise_error: bool = False, **kwargs: Any) -> HTTPResponse:
        """Fetch ``path`` from the test's server and return the response.

        :param path: begins with ``/``; a whole URL is fetched as it is.
        :param raise_error: whether a code that is no success raises `tornado.httpclient.HTTPError`.
        :param kwargs: further arguments of `AsyncHTTPClient.fetch`, such as ``method`` and ``body``.

        .. versionchanged:: 5.0
           Takes whole URLs.
        .. versionchanged:: 5.1
           Added ``raise_error``.
        """
        url = path if path.lower().startswith(("http://", "https://")) else self.get_url(path)
        response: HTTPResponse = self.io_loop.run_sync(
            lambda: self.http_client.fetch(url, raise_error=raise_error, **kwargs),
            timeout=get_async_test_timeout(),
        )
        return response

    def get_httpserver_options(self) -> dict[str, Any]:
        """Return further keyword arguments for `HTTPServer`: none, unless a subclass has some."""
        return {}

    def get_http_port(self) -> int:
        """Return the server's port, another one for each test."""
        return self.__port

    def get_protocol(self) -> str:
        """Return the scheme of the server's URLs."""
        return "http"

    def get_url(self, path: str) -> str:
        """Return the URL of ``path`` on the test's server."""
        return f"{self.get_protocol()}://127.0.0.1:{self.get_http_port()}{path}"


class AsyncHTTPSTestCase(AsyncHTTPTestCase):
    """A test case whose server speaks TLS, with a certificate made for it.

    The client does not verify certificates, so that a subclass may bring any.

    .. versionadded:: 3.0
    """

    def get_http_client(self) -> AsyncHTTPClient:
        """Return a client that does not verify certificates."""
        from tornado.httpclient import AsyncHTTPClient  # an extra

        return AsyncHTTPClient(force_instance=True, defaults={"validate_cert": False})

    def get_httpserver_options(self) -> dict[str, Any]:
        """Return the keyword arguments for `HTTPServer`, ``ssl_options`` among them."""
        return {"ssl_options": self.get_ssl_options()}

    def get_ssl_options(self) -> dict[str, Any] | ssl.SSLContext:
        """Return the server's TLS options: `default_ssl_options`, unless a subclass has others."""
        return self.default_ssl_options()

    @staticmethod
    def default_ssl_options() -> dict[str, Any]:
        """Return ``certfile`` and ``keyfile`` of a certificate for 127.0.0.1, ::1 and localhost.

        It is made once for each process, and worth nothing outside of tests.
        """
        certificate, key = certificate_files()
        return {"certfile": certificate, "keyfile": key}

    def get_protocol(self) -> str:
        """Return the scheme of the server's URLs."""
        return "https"
