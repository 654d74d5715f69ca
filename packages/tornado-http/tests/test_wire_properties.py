"""Any bytes, in any split, end in a message, a need for more, or one clear error."""

import string

from hypothesis import example, given
from hypothesis import strategies as st

from tornado._http1.errors import MessageError
from tornado._http1.reader import END, RequestReader, ResponseReader
from tornado._http1.state import Reading
from tornado._http1.writer import MessageWriter, whole_response
from tornado.httputil import HTTPHeaders

TOKEN = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"

names = st.text(TOKEN, min_size=1, max_size=20)
values = st.text(
    [*map(chr, range(0x20, 0x7F)), "\t", *map(chr, range(0x80, 0x100))], max_size=40
).map(lambda value: value.strip(" \t"))
framing_names = {"host", "content-length", "transfer-encoding", "connection", "expect", "date"}
fields = st.lists(
    st.tuples(names.filter(lambda name: name.lower() not in framing_names), values), max_size=8
)
targets = st.text([*map(chr, range(0x21, 0x7F))], max_size=30).map(lambda rest: "/" + rest)
contents = st.lists(st.binary(min_size=1, max_size=300), max_size=6)

fragments = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n",
        b"PUT /x HTTP/1.1\r\n",
        b"HEAD * HTTP/1.0\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.0 304 X\r\n",
        b"Host: a\r\n",
        b"Content-Length: 3\r\n",
        b"Content-Length: ",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"Expect: 100-continue\r\n",
        b"X: y\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"\x00",
        b" ",
        b":",
        b"3\r\nabc\r\n",
        b"a;b=c\r\n0123456789\r\n",
        b"0\r\n",
        b"abc",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]
)
wild = st.lists(st.one_of(fragments, st.binary(max_size=20)), max_size=20).map(b"".join)


def read(reader, pieces):
    """Return what all pieces lead to: events (contents joined), the last state, the status of the error."""
    events = []
    status = None
    try:
        for piece in pieces:
            reader.receive(piece)
            while True:
                event = reader.next_event()
                if event is None:
                    break
                if event is END:
                    events.append(END)
                    reader.next_message()
                elif isinstance(event, bytes):
                    if events and isinstance(events[-1], bytes):
                        events[-1] += event
                    else:
                        events.append(event)
                else:
                    start = getattr(event, "target", None) or event.status
                    events.append((start, list(event.fields.headers.get_all())))
    except MessageError as error:
        status = error.status
        while events and isinstance(events[-1], bytes):
            events.pop()  # content before an error may or may not have been reported
    return events, status


def split(data, cuts):
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


cuts = st.lists(st.integers(0, 10_000), max_size=8)


@given(wild, cuts, st.sampled_from([RequestReader, ResponseReader]))
@example(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET", [27, 28, 29], RequestReader)
@example(
    b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\r\n",
    [57],
    RequestReader,
)
def test_any_bytes_in_any_split(data, cuts, kind):
    whole = read(kind(), [data])
    assert read(kind(), split(data, cuts)) == whole
    single = read(kind(), [data[i : i + 1] for i in range(len(data))])
    assert single == whole


@given(wild, st.sampled_from([RequestReader, ResponseReader]))
def test_any_bytes_before_the_end(data, kind):
    reader = kind()
    read(reader, [data])
    if reader.state is not Reading.BROKEN:
        reader.receive_eof()
        read(reader, [])
        try:
            while (event := reader.next_event()) is not None:
                if event is END:
                    reader.next_message()
        except MessageError:
            pass
    assert reader.state in (Reading.BROKEN, Reading.CLOSED, Reading.START)


@given(
    st.sampled_from(["GET", "PUT", "PATCH", "X-Y"]), targets, fields, contents, st.booleans(), cuts
)
def test_requests_are_read_as_written(method, target, pairs, chunks, is_fixed, cuts):
    headers = HTTPHeaders({"Host": "a"})
    for name, value in pairs:
        headers.add(name, value)
    if is_fixed:
        headers["Content-Length"] = str(sum(map(len, chunks)))
    else:
        headers["Transfer-Encoding"] = "chunked"
    writer = MessageWriter()
    written = writer.start_request(method, target, headers)
    for chunk in chunks:
        written += b"".join(writer.content(chunk))
    written += b"".join(writer.finish())
    content = b"".join(chunks)
    expected = [(target, list(headers.get_all())), *([content] if content else []), END]
    assert read(RequestReader(), split(written, cuts)) == (expected, None)


reasons = st.text([*map(chr, range(0x20, 0x7F))], max_size=20).map(str.strip)


@given(
    st.integers(200, 599),
    reasons,
    fields,
    contents,
    st.sampled_from(["fixed", "chunked", "whole"]),
    cuts,
)
def test_responses_are_read_as_written(status, reason, pairs, chunks, way, cuts):
    headers = HTTPHeaders({"Date": "now"})
    for name, value in pairs:
        headers.add(name, value)
    content = b"".join(chunks)
    if way == "whole":
        head, with_body, _ = whole_response(status, reason, headers, content, "GET", False, True)
        written = head + content if with_body else head
    else:
        if way == "fixed":
            headers["Content-Length"] = str(len(content))
        writer = MessageWriter()
        written = writer.start_response(status, reason, headers, False, False)
        for chunk in chunks:
            written += b"".join(writer.content(chunk))
        written += b"".join(writer.finish()) if status not in (204, 304) else b""
    if status in (204, 304):
        content = b""
    events, error = read(ResponseReader(), split(written, cuts))
    assert error is None
    assert events[0][0] == status
    assert [
        pair for pair in events[0][1] if pair[0] not in ("Content-Length", "Transfer-Encoding")
    ] == [pair for pair in headers.get_all() if pair[0] != "Content-Length"]
    assert events[1:] == [*([content] if content else []), END]


bad = st.sampled_from(
    [*map(chr, [*range(0x09), *range(0x0A, 0x20), 0x7F]), "\r\n", "\u0100", "\u2028"]
)


@given(values, bad, values, st.sampled_from(["value", "name", "reason"]), st.booleans())
def test_what_no_head_may_hold_is_never_written(before, character, after, where, is_whole):
    text = before + character + after
    headers = HTTPHeaders()
    reason = "OK"
    if where == "value":
        headers["X"] = text
    elif where == "name":
        headers[text] = "y"
    else:
        reason = text
    try:
        if is_whole:
            head = whole_response(200, reason, headers, b"", "GET", False, True)[0]
        else:
            head = MessageWriter().start_response(200, reason, headers, False, False)
    except ValueError:
        return
    # A reason that Latin-1 cannot carry is replaced, controls in it are refused.
    assert where == "reason"
    assert character > "\xff"
    assert head.startswith(b"HTTP/1.1 200 Unknown\r\n")
