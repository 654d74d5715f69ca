"""What the environment says of the content's length is never more or less than there is to read."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor

import pytest

from tornado.wsgi import WSGIContainer

CONTENT = b"hello " * 200


def by_length(environ, start_response):
    """Read as an application of old does: so many bytes as CONTENT_LENGTH says."""
    length = environ.get("CONTENT_LENGTH")
    content = environ["wsgi.input"].read(int(length)) if length else environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [content]


@pytest.fixture(params=["loop", "executor"])
def served(request, serve):
    executor = ThreadPoolExecutor(1) if request.param == "executor" else None
    server = serve(lambda: WSGIContainer(by_length, executor))
    server.server.conn_params.decompress = True
    yield server
    if executor is not None:
        executor.shutdown()


def test_decoded_content_has_not_the_length_of_what_was_sent(served):
    packed = gzip.compress(CONTENT)
    assert served.post("/", packed, "Content-Encoding: gzip")[2] == CONTENT


def test_decoded_chunks(served):
    packed = gzip.compress(CONTENT)
    answer = served.ask(
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Encoding: gzip\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(packed), packed)
    )
    assert served.parse(answer)[2] == CONTENT


def test_a_client_cannot_hide_the_length(served):
    # The field is the server's own; from a client it changes nothing that is read.
    assert served.post("/", CONTENT, "X-Consumed-Content-Encoding: gzip")[2] == CONTENT
