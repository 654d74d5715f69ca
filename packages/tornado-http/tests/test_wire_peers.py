"""This engine and two known-good parsers agree; where they do not, the reason is listed."""

import h11
import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._http1.errors import MessageError
from tornado._http1.reader import END, RequestReader

HOST = b"Host: a\r\n"


def ours(data):
    reader = RequestReader()
    reader.receive(data)
    content = b""
    try:
        head = reader.next_event()
        if head is None:
            return None
        while (event := reader.next_event()) is not END:
            if event is None:
                return None
            content += event
    except MessageError:
        return False
    return (head.method, head.target, content, head.fields.keep_alive)


def of_h11(data):
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    head = None
    content = b""
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                return None
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                content += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return None
    except h11.RemoteProtocolError:
        return False
    keep_alive = (
        connection.our_state is not h11.MUST_CLOSE and connection.their_state is not h11.MUST_CLOSE
    )
    return (head.method.decode(), head.target.decode("latin-1"), content, keep_alive)


class _Callbacks:
    def __init__(self):
        self.url = b""
        self.content = b""
        self.ended = 0
        self.keep_alive = None

    def on_url(self, url):
        if not self.ended:
            self.url += url

    def on_body(self, body):
        if not self.ended:
            self.content += body

    def on_message_complete(self):
        self.ended += 1
        if self.ended == 1:
            self.keep_alive = self.parser.should_keep_alive()
            self.method = self.parser.get_method()


def of_httptools(data):
    callbacks = _Callbacks()
    parser = callbacks.parser = httptools.HttpRequestParser(callbacks)
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError:
        if not callbacks.ended:
            return False
    if not callbacks.ended:
        return None
    return (
        callbacks.method.decode(),
        callbacks.url.decode("latin-1"),
        callbacks.content,
        callbacks.keep_alive,
    )


GET = b"GET / HTTP/1.1\r\n"
PUT = b"PUT / HTTP/1.1\r\n" + HOST
CHUNKED = PUT + b"Transfer-Encoding: chunked\r\n\r\n"

AGREED = [
    GET + HOST + b"\r\n",
    b"GET /a/b?c=d%20e&f HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    GET + HOST + b"Connection: close\r\n\r\n",
    GET + HOST + b"X: \t y \t\r\nEmpty:\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello",
    PUT + b"Content-Length: 0\r\n\r\n",
    CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"5;a=b\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"5\r\nhello\r\n0\r\nX: y\r\n\r\n",
    CHUNKED + b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
    PUT + b"Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n",
    # not yet whole
    GET + HOST,
    PUT + b"Content-Length: 5\r\n\r\nhell",
    CHUNKED + b"5\r\nhel",
    CHUNKED + b"0\r\n",
    # refused
    b"GET / FTP/1.1\r\n" + HOST + b"\r\n",
    b"G@T / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    GET + HOST + b"X\x00: y\r\n\r\n",
    GET + HOST + b"X: y\x00z\r\n\r\n",
    GET + HOST + b"X: y\rz\r\n\r\n",
    GET + HOST + b"X Y: z\r\n\r\n",
    GET + HOST + b"X : z\r\n\r\n",
    GET + HOST + b": z\r\n\r\n",
    GET + HOST + b"no colon\r\n\r\n",
    PUT + b"Content-Length: -1\r\n\r\n",
    PUT + b"Content-Length: +1\r\n\r\nx",
    PUT + b"Content-Length: 1 2\r\n\r\nx",
    PUT + b"Content-Length: 0x1\r\n\r\nx",
    PUT + b"Content-Length: x\r\n\r\nx",
    PUT + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    CHUNKED + b"g\r\n",
    CHUNKED + b"-1\r\n",
    CHUNKED + b"0x1\r\nx\r\n0\r\n\r\n",
    CHUNKED + b"5\r\nhello!\r\n",
    CHUNKED + b"10000000000000000000000\r\n",
]


@pytest.mark.parametrize("data", AGREED, ids=lambda data: repr(data[:70]))
def test_agreement(data):
    assert of_h11(data) == _without_old_keep_alive(data, ours(data))
    assert of_httptools(data) == ours(data)


def _without_old_keep_alive(data, outcome):
    """h11 never keeps a connection of HTTP/1.0 open; RFC 9112 9.3 lets a server do so when asked."""
    if isinstance(outcome, tuple) and b"HTTP/1.0\r\n" in data:
        return (*outcome[:3], False)
    return outcome


# (bytes, what is done here, what h11 does, what httptools does, why)
DIFFERENCES = [
    (
        PUT + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "refused", "accepted", "refused",
        "RFC 9112 6.1 lets a server refuse both framings together; it is the mark of request smuggling",
    ),
    (
        PUT + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "accepted", "accepted", "refused",
        "RFC 9112 6.3 lets equal repeated values count as one",
    ),
    (
        PUT + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "refused", "refused", "accepted",
        "a coding that is not decoded here can not be passed on as content (501)",
    ),
    (
        b"PUT / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "refused", "accepted", "accepted",
        "RFC 9112 6.1: framing is faulty where an HTTP/1.0 message has Transfer-Encoding",
    ),
    (
        CHUNKED + b"5 \r\nhello\r\n0\r\n\r\n",
        "refused", "accepted", "refused",
        "no grammar has white space behind a chunk size; parsers that differ here enable smuggling",
    ),
    (GET + b"\r\n", "refused", "refused", "accepted", "RFC 9112 3.2 requires 400 for HTTP/1.1 without Host"),
    (
        GET + HOST + HOST + b"\r\n",
        "refused", "refused", "accepted",
        "RFC 9112 3.2 requires 400 for a repeated Host",
    ),
    (
        GET + b"Host: a, b\r\n\r\n",
        "refused", "accepted", "accepted",
        "RFC 9112 3.2 requires 400 for an invalid Host",
    ),
    (
        GET + HOST + b"X: a\r\n b\r\n\r\n",
        "refused", "accepted", "refused",
        "RFC 9112 5.2 lets a server refuse folded lines",
    ),
    (
        b"GET / HTTP/1.1\nHost: a\n\n",
        "refused", "accepted", "refused",
        "RFC 9112 2.2 lets a recipient take a lone LF; smuggling uses that",
    ),
    (
        b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
        "refused", "accepted", "refused",
        "no such version exists (505)",
    ),
    (
        b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
        "refused", "accepted", "accepted",
        "HTTP/2 has another framing; both leave the version to their user",
    ),
    (
        b"GET /\r\n\r\n",
        "refused", "refused", "accepted",
        "httptools takes it for HTTP/0.9",
    ),
    (
        "GET /\u00e9 HTTP/1.1\r\n".encode("latin-1") + HOST + b"\r\n",
        "accepted", "refused", "refused",
        "clients have always sent such bytes without encoding them",
    ),
    (
        b"GET http://a/x HTTP/1.1\r\n" + HOST + b"\r\n",
        "accepted", "accepted", "accepted",
        "the absolute-form reads here as the origin-form",
    ),
    (
        b"NEW-METHOD / HTTP/1.1\r\n" + HOST + b"\r\n",
        "accepted", "accepted", "refused",
        "httptools knows a fixed list of methods",
    ),
    (
        b"GET x HTTP/1.1\r\n" + HOST + b"\r\n",
        "refused", "accepted", "refused",
        "RFC 9112 3.2: it is none of the four forms of a target",
    ),
    (
        CHUNKED + b"1;a\x0bb\r\nx\r\n0\r\n\r\n",
        "refused", "accepted", "refused",
        "RFC 9112 7.1.1 has no control characters in chunk extensions",
    ),
]  # fmt: skip


def _verdict(outcome):
    return (
        {False: "refused", None: "incomplete"}.get(outcome, "accepted")
        if not isinstance(outcome, tuple)
        else "accepted"
    )


@pytest.mark.parametrize(
    ("data", "here", "in_h11", "in_httptools", "why"),
    DIFFERENCES,
    ids=lambda value: repr(value)[:50],
)
def test_differences(data, here, in_h11, in_httptools, why):
    got = (_verdict(ours(data)), _verdict(of_h11(data)), _verdict(of_httptools(data)))
    assert got == (here, in_h11, in_httptools), why


names = st.sampled_from(["X", "x-y", "Accept", "cookie", "A!#$%&'*+-.^_`|~z", "Content-Type"])
values = st.text([*map(chr, range(0x20, 0x7F)), "\t", *map(chr, range(0xA0, 0x100))], max_size=30)
targets = st.text([*map(chr, range(0x21, 0x7F))], max_size=20).map(lambda rest: "/" + rest)


@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    targets,
    st.sampled_from(["1.0", "1.1"]),
    st.lists(st.tuples(names, values), max_size=5),
    st.sampled_from(["", "Connection: close\r\n", "Connection: keep-alive\r\n"]),
    st.one_of(st.none(), st.binary(max_size=50)),
)
def test_agreement_on_what_is_valid(method, target, version, fields, connection, content):
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    head = f"{method} {target} HTTP/{version}\r\nHost: a\r\n{lines}{connection}".encode("latin-1")
    data = head + (
        b"\r\n" if content is None else b"Content-Length: %d\r\n\r\n%s" % (len(content), content)
    )
    got = ours(data)
    assert isinstance(got, tuple)
    assert of_h11(data) == _without_old_keep_alive(data, got)
    assert of_httptools(data) == got


characters = st.sampled_from([*b"\x00\x01\x08\x09\x0a\x0b\x0c\x0d\x1f\x20:;,ax0\x7f\x80\xff"])


@given(st.binary(max_size=3), characters, st.binary(max_size=3), st.sampled_from(["name", "value"]))
def test_what_h11_refuses_in_a_field_is_refused_here(before, character, after, where):
    piece = before + bytes([character]) + after
    line = piece + b": y" if where == "name" else b"X: " + piece
    data = GET + HOST + line + b"\r\n\r\n"
    if of_h11(data) is False:
        assert not isinstance(ours(data), tuple)
