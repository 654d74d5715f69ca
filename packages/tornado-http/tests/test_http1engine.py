"""`tornado.http1engine`: what a proxy or a test tool is built upon."""

from __future__ import annotations

import doctest
import inspect
import subprocess
import sys

import pytest

from tornado import http1engine, httputil
from tornado.http1engine import (
    END,
    HTTPHeaders,
    MessageError,
    MessageWriter,
    RequestReader,
    ResponseReader,
    error_response,
)

UNWANTED = "asyncio concurrent.futures email http.client selectors socket ssl tornado.httputil"


def test_exports():
    assert sorted(http1engine.__all__) == http1engine.__all__
    for name in http1engine.__all__:
        value = getattr(http1engine, name)
        if inspect.isclass(value):
            home = httputil if name in httputil.__all__ else http1engine
            assert value.__module__ == home.__name__
        assert inspect.getdoc(value)


def test_the_example():
    assert doctest.testmod(http1engine).failed == 0


def test_nothing_of_input_and_output_is_loaded():
    program = f"""
import sys
import tornado.http1engine
print([name for name in {UNWANTED!r}.split() if name in sys.modules])
"""
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout == "[]\n"


def message(reader):
    """Return the head and the content that a reader holds, and whether the message is whole."""
    head = reader.next_event()
    content = b""
    while (event := reader.next_event()) is not END:
        if event is None:
            return head, content, False
        content += event
    return head, content, True


@pytest.mark.parametrize(
    ("request_bytes", "content"),
    [
        (b"GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n", b""),
        (b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (
            b"PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
            b"x",
        ),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_a_proxy(request_bytes, content, piece):
    """What one side's reader returns is sent on by the other side's writer, and read as the same."""
    reader = RequestReader()
    for start in range(0, len(request_bytes), piece):
        reader.receive(request_bytes[start : start + piece])
    head, read, is_whole = message(reader)
    assert (read, is_whole) == (content, True)

    writer = MessageWriter()
    forwarded = [writer.start_request(head.method, head.target, head.copy_headers())]
    forwarded += writer.content(read)
    forwarded += writer.finish()
    assert writer.is_complete
    origin = RequestReader()
    origin.receive(b"".join(forwarded))
    again, read, is_whole = message(origin)
    assert (again.method, again.target, read, is_whole) == (head.method, head.target, content, True)
    assert again.copy_headers() == head.copy_headers()


@pytest.mark.parametrize("length", [0, 1, 70000])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_response_both_ways(length, is_chunked):
    content = b"a" * length
    writer = MessageWriter()
    headers = HTTPHeaders() if is_chunked else HTTPHeaders({"Content-Length": str(length)})
    sent = writer.start_response(200, "OK", headers, is_head=False, is_http10=False)
    sent += b"".join([*writer.content(content), *writer.finish()])
    reader = ResponseReader()
    reader.receive(sent)
    head, read, is_whole = message(reader)
    assert (head.status, head.reason, read, is_whole) == (200, "OK", content, True)
    assert head.fields.chunked is is_chunked
    assert reader.may_reuse(head)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000000\r\n\r\n", 413),
    ],
)
def test_an_error_has_the_status_to_respond_with(request_bytes, status):
    reader = RequestReader()
    reader.receive(request_bytes)
    with pytest.raises(MessageError) as caught:
        reader.next_event()
        reader.check_size()
    assert caught.value.status == status
    client = ResponseReader()
    client.receive(error_response(status))
    head, _, is_whole = message(client)
    assert (head.status, is_whole) == (status, True)
    assert not client.may_reuse(head)
