"""HTTP/1.1 messages over a stream, for servers and clients.

Applications seldom use this module: `tornado.httpserver` and the HTTP clients do. It serves those
who speak HTTP on streams of their own making::

    class Hello(HTTPMessageDelegate):
        def __init__(self, connection):
            self.connection = connection

        def finish(self):
            headers = HTTPHeaders({"Content-Length": "5"})
            self.connection.write_headers(ResponseStartLine("", 200, "OK"), headers, b"hello")
            self.connection.finish()


    class Serve(HTTPServerConnectionDelegate):
        def start_request(self, server_conn, request_conn):
            return Hello(request_conn)


    HTTP1ServerConnection(stream).start_serving(Serve())

.. versionadded:: 4.0
"""

from __future__ import annotations

from tornado._core.seam import legacy as _legacy
from tornado._http1.connection import HTTP1Connection
from tornado._http1.parameters import HTTP1ConnectionParameters
from tornado._http1.server import HTTP1ServerConnection

_legacy.provide(__name__)

__all__ = ["HTTP1Connection", "HTTP1ConnectionParameters", "HTTP1ServerConnection"]
