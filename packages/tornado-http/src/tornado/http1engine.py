r"""The HTTP/1.1 engine, without input or output: for proxies, test tools and other transports.

Bytes that arrive are given to a reader, which returns events: a head, pieces of content, and the end
of the message. A writer returns the bytes of a message that is to leave. Neither knows a socket, a
loop or a clock, and this module imports none (nor ``asyncio``, ``ssl``, ``email`` or
``http.client``): whoever uses the engine connects, waits, keeps deadlines and closes.

>>> from tornado.http1engine import END, MessageWriter, RequestReader, whole_response
>>> from tornado.http1engine import HTTPHeaders
>>> reader = RequestReader()
>>> reader.receive(b"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel")
>>> head = reader.next_event()
>>> head.method, head.target, head.copy_headers()["Content-Length"]
('PUT', '/a', '5')
>>> reader.next_event(), reader.next_event()
(b'hel', None)
>>> reader.receive(b"lo")
>>> reader.next_event(), reader.next_event() is END
(b'lo', True)
>>> reader.next_message()  # the next request may be read

The response, whole or in parts:

>>> headers = HTTPHeaders({"Date": "Thu, 01 Jan 1970 00:00:00 GMT"})
>>> whole_response(200, "OK", headers, b"stored", head.method, False, keep_alive=True)
(b'HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 6\r\n\r\n', True, True)
>>> writer = MessageWriter()
>>> head_bytes = writer.start_response(200, "OK", headers, is_head=False, is_http10=False)
>>> writer.content(b"stored"), writer.finish()
([b'6\r\n', b'stored', b'\r\n'], [b'0\r\n\r\n'])

Reading is strict, as smuggling demands it (RFC 9112): what a peer must not send raises `MessageError`,
which has the status to respond with. After it the reader returns nothing more, and the connection
has to be closed. Every length and count is bounded by `Limits`; content is bounded by the reader's
``max_body_size``, chunked content as it arrives. Call `~MessageReader.check_size` after a head to refuse a
declared length over that bound.

.. versionadded:: 6.100
"""

from __future__ import annotations

from tornado._http1.decoding import GzipDecoder, SizeLimit
from tornado._http1.errors import HeadTooLargeError, IncompleteMessageError, MessageError
from tornado._http1.head import (
    Fields,
    RequestHead,
    ResponseHead,
    parse_request_head,
    parse_response_head,
    with_crlf,
)
from tornado._http1.limits import DEFAULT_LIMITS, Limits
from tornado._http1.reader import (
    DEFAULT_MAX_BODY_SIZE,
    END,
    EndOfMessage,
    MessageReader,
    RequestReader,
    ResponseReader,
)
from tornado._http1.state import Reading, Sending
from tornado._http1.writer import CONTINUE, MessageWriter, error_response, whole_response
from tornado._httputil.errors import HTTPInputError, HTTPOutputError
from tornado._httputil.headers import HTTPHeaders

__all__ = [
    "CONTINUE",
    "DEFAULT_LIMITS",
    "DEFAULT_MAX_BODY_SIZE",
    "END",
    "EndOfMessage",
    "Fields",
    "GzipDecoder",
    "HTTPHeaders",
    "HTTPInputError",
    "HTTPOutputError",
    "HeadTooLargeError",
    "IncompleteMessageError",
    "Limits",
    "MessageError",
    "MessageReader",
    "MessageWriter",
    "Reading",
    "RequestHead",
    "RequestReader",
    "ResponseHead",
    "ResponseReader",
    "Sending",
    "SizeLimit",
    "error_response",
    "parse_request_head",
    "parse_response_head",
    "whole_response",
    "with_crlf",
]
