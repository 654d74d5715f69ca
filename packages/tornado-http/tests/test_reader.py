"""Messages that HTTP allows: each is fed whole, byte by byte and with trailing bytes."""

import pytest

from tornado._http1.errors import IncompleteMessageError, MessageError
from tornado._http1.limits import Limits
from tornado._http1.reader import END, RequestReader, ResponseReader
from tornado._http1.state import Reading
from tornado.httputil import HTTPHeaders

REQUESTS = {
    "simple": (
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        [("GET", "/", "HTTP/1.1", [("Host", "a")]), END],
    ),
    "query and port": (
        b"DELETE /a/b?c=d&e HTTP/1.1\r\nHost: a.example:8080\r\n\r\n",
        [("DELETE", "/a/b?c=d&e", "HTTP/1.1", [("Host", "a.example:8080")]), END],
    ),
    "HTTP/1.0 without Host": (b"GET / HTTP/1.0\r\n\r\n", [("GET", "/", "HTTP/1.0", []), END]),
    "HTTP/1.0 with Host": (
        b"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        [("GET", "/", "HTTP/1.0", [("Host", "a")]), END],
    ),
    "another method": (
        b"PROP-FIND /x HTTP/1.1\r\nHost: a\r\n\r\n",
        [("PROP-FIND", "/x", "HTTP/1.1", [("Host", "a")]), END],
    ),
    "double slash": (
        b"GET //a//b HTTP/1.1\r\nHost: a\r\n\r\n",
        [("GET", "//a//b", "HTTP/1.1", [("Host", "a")]), END],
    ),
    "bytes above ASCII in the target": (
        "GET /caf\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n".encode("latin-1"),
        [("GET", "/caf\u00e9", "HTTP/1.1", [("Host", "a")]), END],
    ),
    "UTF-8 continuation bytes in the target": (
        "GET /\u00c3\u0080 HTTP/1.1\r\nHost: a\r\n\r\n".encode("latin-1"),
        [("GET", "/\u00c3\u0080", "HTTP/1.1", [("Host", "a")]), END],
    ),
    "absolute-form": (
        b"GET http://b.example:81/x?y HTTP/1.1\r\nHost: a\r\n\r\n",
        [("GET", "/x?y", "HTTP/1.1", [("Host", "a")]), END],
    ),
    "absolute-form without path": (
        b"GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n",
        [("GET", "/", "HTTP/1.1", [("Host", "a")]), END],
    ),
    "absolute-form with a query only": (
        b"GET http://b?x HTTP/1.1\r\nHost: a\r\n\r\n",
        [("GET", "/?x", "HTTP/1.1", [("Host", "a")]), END],
    ),
    "asterisk-form": (
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        [("OPTIONS", "*", "HTTP/1.1", [("Host", "a")]), END],
    ),
    "absolute-form of the asterisk": (
        b"OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n",
        [("OPTIONS", "*", "HTTP/1.1", [("Host", "a")]), END],
    ),
    "authority-form": (
        b"CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n",
        [("CONNECT", "b.example:443", "HTTP/1.1", [("Host", "b.example:443")]), END],
    ),
    "values": (
        b"GET / HTTP/1.1\r\nhOST: a\r\nX:  \t 1 2\t \r\nEmpty:\r\nX: 3\r\nx-\xc3\xbc: \xe9\r\n\r\n".replace(
            b"x-\xc3\xbc", b"x-y"
        ),
        [
            (
                "GET",
                "/",
                "HTTP/1.1",
                [("Host", "a"), ("X", "1 2"), ("X", "3"), ("Empty", ""), ("X-Y", "\u00e9")],
            ),
            END,
        ],
    ),
    "tab and colon in a value": (
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a:\tb:\r\n\r\n",
        [("GET", "/", "HTTP/1.1", [("Host", "a"), ("X", "a:\tb:")]), END],
    ),
    "empty lines before": (
        b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        [("GET", "/", "HTTP/1.1", [("Host", "a")]), END],
    ),
    "empty Host": (
        b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
        [("GET", "/", "HTTP/1.1", [("Host", "")]), END],
    ),
    "IPv6 Host": (
        b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        [("GET", "/", "HTTP/1.1", [("Host", "[::1]:80")]), END],
    ),
    "fixed content": (
        b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        [("PUT", "/", "HTTP/1.1", [("Host", "a"), ("Content-Length", "5")]), b"hello", END],
    ),
    "no content announced": (
        b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        [("PUT", "/", "HTTP/1.1", [("Host", "a"), ("Content-Length", "0")]), END],
    ),
    "equal lengths": (
        b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\nhi",
        [
            (
                "PUT",
                "/",
                "HTTP/1.1",
                [("Host", "a"), ("Content-Length", "2, 2"), ("Content-Length", "2")],
            ),
            b"hi",
            END,
        ],
    ),
    "chunks": (
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n00a\r\n, world!!!\r\n0\r\n\r\n",
        [
            ("PUT", "/", "HTTP/1.1", [("Host", "a"), ("Transfer-Encoding", "chunked")]),
            b"hello, world!!!",
            END,
        ],
    ),
    "chunked in capitals, extensions, trailers": (
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n"
        b'2;a;b="c d"\r\nhi\r\n0;last=1\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n',
        [
            ("PUT", "/", "HTTP/1.1", [("Host", "a"), ("Transfer-Encoding", "CHUNKED")]),
            b"hi",
            END,
        ],
    ),
    "no chunks": (
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        [("PUT", "/", "HTTP/1.1", [("Host", "a"), ("Transfer-Encoding", "chunked")]), END],
    ),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_requests(replay, case):
    data, expected = REQUESTS[case]
    assert replay(data) == (expected, None)


RESPONSES = {
    "fixed": (
        "GET",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        [("HTTP/1.1", 200, "OK", [("Content-Length", "2")]), b"hi", END],
    ),
    "no reason": (
        "GET",
        b"HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n",
        [("HTTP/1.1", 404, "", [("Content-Length", "0")]), END],
    ),
    "no reason and no space": (
        "GET",
        b"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n",
        [("HTTP/1.1", 404, "", [("Content-Length", "0")]), END],
    ),
    "chunked": (
        "GET",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n",
        [("HTTP/1.1", 200, "OK", [("Transfer-Encoding", "chunked")]), b"x", END],
    ),
    "HEAD": (
        "HEAD",
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
        [("HTTP/1.1", 200, "OK", [("Content-Length", "7")]), END],
    ),
    "204": ("GET", b"HTTP/1.1 204 No\r\n\r\n", [("HTTP/1.1", 204, "No", []), END]),
    "304 with a length": (
        "GET",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
        [("HTTP/1.1", 304, "Not Modified", [("Content-Length", "7")]), END],
    ),
    "1xx before": (
        "GET",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
        [
            ("HTTP/1.1", 100, "Continue", []),
            ("HTTP/1.1", 103, "Hints", [("Link", "x")]),
            ("HTTP/1.1", 204, "No", []),
            END,
        ],
    ),
    "101": (
        "GET",
        b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\n\r\n",
        [("HTTP/1.1", 101, "Switch", [("Upgrade", "x")]), END],
    ),
    "CONNECT": (
        "CONNECT",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        [("HTTP/1.1", 200, "OK", [("Transfer-Encoding", "chunked")]), END],
    ),
    "CONNECT refused": (
        "CONNECT",
        b"HTTP/1.1 407 Auth\r\nContent-Length: 1\r\n\r\n!",
        [("HTTP/1.1", 407, "Auth", [("Content-Length", "1")]), b"!", END],
    ),
}


@pytest.mark.parametrize("case", RESPONSES)
def test_responses(replay, case):
    method, data, expected = RESPONSES[case]
    assert replay(data, role="response", method=method) == (expected, None)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: x\r\n\r\n",
    ],
)
def test_content_until_close(replay, head):
    events, error = replay(head + b"abc\r\n\r\ndef", role="response", eof=True)
    assert events[1:] == [b"abc\r\n\r\ndef", END]
    assert error is None


def test_trailers():
    reader = RequestReader()
    reader.receive(
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\nY: z\r\n\r\n"
    )
    reader.next_event()
    assert reader.trailers is None
    assert reader.next_event() is END
    assert reader.trailers == HTTPHeaders({"X-Sum": "1", "Y": "z"})
    reader.next_message()
    assert reader.trailers is None


def test_pipelined_requests():
    reader = RequestReader()
    reader.receive(
        b"PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
        b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\nGET /4"
    )
    targets = []
    while (head := reader.next_event()) is not None:
        targets.append(head.target)
        while reader.next_event() is not END:
            pass
        reader.next_message()
    assert targets == ["/1", "/2", "/3"]
    assert reader.buffered == len(b"GET /4")
    assert not reader.is_between_messages


def test_the_authority_of_an_absolute_target_replaces_host():
    reader = RequestReader()
    reader.receive(b"GET http://b.example:81/x HTTP/1.1\r\nHost: a\r\n\r\n")
    head = reader.next_event()
    assert head.authority == "b.example:81"
    assert head.copy_headers()["Host"] == "b.example:81"
    assert head.fields.headers["Host"] == "a"


def test_headers_belong_to_one_request():
    data = b"GET / HTTP/1.1\r\nHost: a\r\nX-Own: 1\r\nX-Own: 2\r\n\r\n"
    reader = RequestReader()
    seen = []
    for _ in range(3):
        reader.receive(data)
        headers = reader.next_event().copy_headers()
        seen.append(list(headers.get_all()))
        headers["Host"] = "changed"
        headers.add("X-Own", "3")
        reader.next_message()
    assert seen == [[("Host", "a"), ("X-Own", "1"), ("X-Own", "2")]] * 3


def test_content_is_not_copied_where_it_came_as_one():
    reader = RequestReader()
    reader.receive(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
    reader.next_event()
    chunk = bytes(50000)
    reader.receive(chunk)
    assert reader.next_event() is chunk


@pytest.mark.parametrize(
    ("version", "connection", "expected"),
    [
        ("1.1", None, True),
        ("1.1", "close", False),
        ("1.1", "Close", False),
        ("1.1", "keep-alive, close", False),
        ("1.1", "x ,\tCLOSE", False),
        ("1.1", "closed", True),
        ("1.0", None, False),
        ("1.0", "keep-alive", True),
        ("1.0", "Keep-Alive, x", True),
        ("1.0", "keep-alive, close", False),
    ],
)
def test_keep_alive(version, connection, expected):
    lines = f"Connection: {connection}\r\n" if connection else ""
    for extra in ("", "Connection: x\r\n"):
        reader = RequestReader()
        reader.receive(f"GET / HTTP/{version}\r\nHost: a\r\n{extra}{lines}\r\n".encode())
        assert reader.next_event().fields.keep_alive is expected


@pytest.mark.parametrize(
    ("version", "value", "expected"),
    [
        ("1.1", "100-continue", True),
        ("1.1", "100-Continue", True),
        ("1.1", "something", False),
        ("1.0", "100-continue", False),
    ],
)
def test_expect(version, value, expected):
    reader = RequestReader()
    reader.receive(
        f"PUT / HTTP/{version}\r\nHost: a\r\nExpect: {value}\r\nContent-Length: 1\r\n\r\n".encode()
    )
    assert reader.next_event().fields.expects_continue is expected


@pytest.mark.parametrize(
    ("method", "data", "expected"),
    [
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", True),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx", False),
        ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", False),
        ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx", True),
        ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", True),
        ("GET", b"HTTP/1.1 204 OK\r\n\r\n", True),
        ("HEAD", b"HTTP/1.1 200 OK\r\n\r\n", True),
        ("GET", b"HTTP/1.1 101 OK\r\n\r\n", False),
        ("CONNECT", b"HTTP/1.1 200 OK\r\n\r\n", False),
        ("GET", b"HTTP/1.1 204 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", False),
    ],
)
def test_reuse(method, data, expected):
    reader = ResponseReader()
    reader.method = method
    reader.receive(data)
    head = reader.next_event()
    while reader.next_event() is not END:
        pass
    assert reader.may_reuse(head) is expected


def test_no_reuse_after_content_until_close_or_before_the_end():
    reader = ResponseReader()
    reader.receive(b"HTTP/1.1 200 OK\r\n\r\nx")
    head = reader.next_event()
    assert not reader.may_reuse(head)
    reader.receive_eof()
    assert reader.next_event() == b"x"
    assert reader.next_event() is END
    assert not reader.may_reuse(head)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Enc",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP",
    ],
)
def test_cut_off(replay, data):
    _, error = replay(data, role="response", eof=True)
    assert isinstance(error, IncompleteMessageError)


def test_close_between_messages():
    reader = ResponseReader()
    reader.receive_eof()
    assert reader.next_event() is None
    assert reader.state is Reading.CLOSED


LONE_LINE_FEEDS = [
    b"HTTP/1.1 200 OK\nContent-Length: 2\n\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\n",
    b"\n\r\nHTTP/1.1 200 OK\nContent-Length: 2\n\n",
]


@pytest.mark.parametrize("head", LONE_LINE_FEEDS)
@pytest.mark.parametrize("content", [b"\n\n", b"\n\r", b"ok"])
def test_a_lone_line_feed_ends_a_line_in_the_head_of_a_response(head, content):
    """RFC 9112 section 2.2; the content stays as it is, and so does what follows."""
    data = head + content + head + content
    for step in (1, 2, 3, 7, len(data)):
        reader = ResponseReader()
        heads, received, ends = [], b"", 0
        for start in range(0, len(data), step):
            reader.receive(data[start : start + step])
            while (event := reader.next_event()) is not None:
                if isinstance(event, bytes):
                    received += event
                elif event is END:
                    ends += 1
                    reader.next_message()
                else:
                    heads.append((event.status, event.headers["Content-Length"]))
        assert heads == [(200, "2")] * 2
        assert received == content * 2
        assert ends == 2


def test_a_request_has_no_lone_line_feed():
    reader = RequestReader()
    reader.receive(b"GET / HTTP/1.1\nHost: a\n\n")
    with pytest.raises(MessageError, match="bare LF"):
        reader.next_event()


def test_the_limit_of_content_may_be_moved_until_content_is_read():
    reader = RequestReader(max_body_size=10)
    reader.receive(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n" + bytes(20))
    reader.next_event()
    reader.max_body_size = 20
    reader.check_size()
    assert reader.next_event() == bytes(20)


def test_check_size_says_what_was_wrong():
    reader = RequestReader(max_body_size=10)
    reader.receive(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n")
    reader.next_event()
    with pytest.raises(MessageError, match=r"20 bytes.*10") as caught:
        reader.check_size()
    assert caught.value.status == 413
    assert reader.state is Reading.BROKEN
    assert reader.next_event() is None


def test_tiny_chunks_are_joined_in_batches():
    reader = RequestReader()
    reader.receive(
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 5000
    )
    reader.next_event()
    events = []
    while (event := reader.next_event()) is not None:
        events.append(event)
    assert b"".join(events) == b"x" * 5000
    assert [len(event) for event in events[:5]] == [1, 1, 1, 1, 256]
    assert len(events) == 4 + -(-4996 // 256)


@pytest.mark.parametrize("width", [1, 15, 16, 17, 18, 100])
def test_start_line_of_just_the_limit(width):
    def read(size):
        reader = RequestReader(Limits(max_start_line=16))
        data = b"GET /" + b"x" * (size - 14) + b" HTTP/1.1\r\nHost: h\r\n\r\n"
        head = None
        for start in range(0, len(data), width):
            reader.receive(data[start : start + width])
            head = reader.read_head()
        return head

    assert read(16).target == "/xx"
    with pytest.raises(MessageError) as caught:
        read(17)
    assert caught.value.status == 414


def test_other_limits():
    limits = Limits.for_header_size(100)
    assert (limits.max_header_size, limits.max_start_line) == (100, 100)
    assert Limits.for_header_size(None) is Limits.for_header_size(65536)


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 30])
def test_whole_content_is_taken_when_all_of_it_is_here(count):
    reader = RequestReader()
    content = b"abcde" + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    reader.receive(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n" + content[:count])
    assert reader.read_head() is not None
    if count < 5:
        assert reader.take_whole() is None
        reader.receive(content[count:])
    assert reader.take_whole() == b"abcde"
    assert reader.is_at_end
    reader.next_message()
    if count == 5:
        reader.receive(content[5:])
    elif count > 5:
        reader.receive(content[count:])
    assert reader.read_head().method == "GET"


def test_chunked_content_is_not_taken_as_a_whole():
    reader = RequestReader()
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    reader.receive(head + b"1\r\na\r\n0\r\n\r\n")
    assert reader.read_head() is not None
    assert reader.take_whole() is None
    assert reader.next_event() == b"a"
