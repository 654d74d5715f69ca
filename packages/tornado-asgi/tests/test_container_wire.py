"""What an application's messages become on the wire: the fast way and the common way agree."""

import asyncio
import re

import pytest

from tornado._asgi import target as target_room
from tornado._http1 import pairs as pairs_room
from tornado.asgi import ASGIContainer
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.netutil import bind_sockets


def wire(application, *requests):
    """Return the bytes that the server sends for each of ``requests``, on connections of their own."""

    async def work():
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(ASGIContainer(application))
        server.add_sockets(sockets)
        responses = []
        for request in requests:
            reader, writer = await asyncio.open_connection(*sockets[0].getsockname())
            writer.write(request)
            writer.write_eof()
            responses.append(await asyncio.wait_for(reader.read(), 20))
            writer.close()
            await writer.wait_closed()
        server.stop()
        await server.close_all_connections()
        return responses

    return asyncio.run(work())


def get(method="GET", version="1.1", headers=""):
    return f"{method} / HTTP/{version}\r\nHost: a\r\n{headers}\r\n".encode()


def respond(status, headers, body):
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return application


def lines(response):
    """Return the lines of the head, sorted, without the moment, and the content."""
    head, _, content = response.partition(b"\r\n\r\n")
    start, *fields = head.split(b"\r\n")
    fields = [re.sub(rb"^Date: .*", b"Date", field) for field in fields]
    return start, sorted(fields), content


PLAIN = [(b"content-type", b"text/plain")]
RESPONSES = {
    "plain": (200, PLAIN, b"Hello"),
    "empty": (200, [], b""),
    "with its length": (200, [*PLAIN, (b"content-length", b"5")], b"Hello"),
    "length in capitals": (200, [(b"Content-Length", b"5")], b"Hello"),
    "length too small": (200, [(b"content-length", b"4")], b"Hello"),
    "length too large": (200, [(b"content-length", b"6")], b"Hello"),
    "two lengths": (200, [(b"content-length", b"5"), (b"content-length", b"5")], b"Hello"),
    "length is no number": (200, [(b"content-length", b"five")], b"Hello"),
    "cookies": (200, [(b"set-cookie", b"a=b"), (b"set-cookie", b"c=d")], b""),
    "a date": (200, [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")], b""),
    "connection": (200, [(b"connection", b"close")], b"Hello"),
    "connection, kept": (200, [(b"connection", b"keep-alive")], b"Hello"),
    "chunks of its own": (200, [(b"transfer-encoding", b"chunked")], b"Hello"),
    "no content": (204, PLAIN, b""),
    "not modified": (304, PLAIN, b""),
    "unknown status": (299, PLAIN, b"Hello"),
    "status out of range": (1000, PLAIN, b"Hello"),
    "status as text": ("200", PLAIN, b"Hello"),
    "Latin-1": (200, [(b"x-name", b"caf\xe9")], b""),
    "split": (200, [(b"x-name", b"a\r\nSet-Cookie: b=c")], b""),
    "split name": (200, [(b"x-name: a\r\nset-cookie", b"b=c")], b""),
    "lone LF": (200, [(b"x-name", b"a\nb")], b""),
    "NUL": (200, [(b"x-name", b"a\0b")], b""),
    "empty name": (200, [(b"", b"a")], b""),
    "space in a name": (200, [(b"x name", b"a")], b""),
    "text in place of bytes": (200, [("x-name", "a")], b""),
    "lists in place of pairs": (200, [[b"x-name", b"a"]], b"Hello"),
    "bytearrays": (200, [(bytearray(b"x-name"), bytearray(b"a"))], b"Hello"),
    "three in place of pairs": (200, [(b"x-name", b"a", b"b")], b""),
    "large": (200, PLAIN, b"x" * 100_000),
    "long value": (200, [(b"x-name", b"a" * 4000)], b""),
    "many": (200, [(b"x-%d" % number, b"a") for number in range(500)], b""),
}


@pytest.mark.parametrize("name", list(RESPONSES))
@pytest.mark.filterwarnings("ignore")
def test_both_ways_agree(name, monkeypatch, caplog):
    status, headers, body = RESPONSES[name]
    requests = [
        get(),
        get(),
        get("HEAD"),
        get(version="1.0"),
        get(headers="Connection: close\r\n"),
        get("POST", headers="Content-Length: 0\r\n"),
    ]
    fast = wire(respond(status, headers, body), *requests)
    monkeypatch.setattr(target_room, "respond_with_pairs", lambda *_: False)
    common = wire(respond(status, headers, body), *requests)
    assert [lines(response) for response in fast] == [lines(response) for response in common]
    assert all(response.startswith(b"HTTP/1.1 ") for response in fast)


def test_an_iterator_of_headers():
    async def application(scope, receive, send):
        headers = [(b"x-a", b"1"), (b"connection", b"close"), (b"x-b", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": iter(headers)})
        await send({"type": "http.response.body", "body": b"Hello"})

    (response,) = wire(application, get())
    assert b"X-A: 1" in response
    assert b"X-B: 2" in response
    assert b"Connection: close" in response


def test_lines_are_bounded(monkeypatch):
    monkeypatch.setattr(pairs_room, "_lines", {})
    for number in range(3000):
        pairs_room._line_of((b"x-number", b"%d" % number))
        assert len(pairs_room._lines) <= pairs_room._MAX_LINES
    pairs_room._line_of((b"x-long", b"a" * 1000))
    pairs_room._line_of((b"set-cookie", b"secret=1"))
    assert not any(b"long" in name or b"cookie" in name for name, _ in pairs_room._lines)


def test_the_fast_way_is_taken(monkeypatch):
    taken = []
    original = pairs_room.respond_with_pairs

    def watched(*arguments):
        taken.append(original(*arguments))
        return taken[-1]

    monkeypatch.setattr(target_room, "respond_with_pairs", watched)
    wire(respond(200, PLAIN, b"Hello"), get(), get("POST", headers="Content-Length: 2\r\n") + b"ab")
    assert taken == [True, True]


def test_headers_of_a_request_are_the_applications_own():
    scopes = []

    async def application(scope, receive, send):
        scopes.append(list(scope["headers"]))
        scope["headers"].append((b"x-added", b"1"))
        await respond(200, PLAIN, b"")(scope, receive, send)

    wire(application, get(headers="X-A: 1\r\nX-B: 2\r\nX-A: 3\r\n") * 3)
    assert len(scopes) == 3
    assert scopes[0] == scopes[1] == scopes[2]
    assert scopes[0] == [(b"host", b"a"), (b"x-a", b"1"), (b"x-a", b"3"), (b"x-b", b"2")]


def test_headers_that_were_changed_on_the_way():
    seen = []

    async def application(scope, receive, send):
        seen.append(dict(scope["headers"]))
        await respond(200, PLAIN, b"")(scope, receive, send)

    container = ASGIContainer(application)

    class Front:
        def dispatch(self, request):
            if len(seen) == 1:
                request.headers["X-User"] = "bob"
            elif len(seen) == 2:
                del request.headers["X-A"]
            return container.dispatch(request)

    async def work():
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(Front())
        server.add_sockets(sockets)
        reader, writer = await asyncio.open_connection(*sockets[0].getsockname())
        writer.write(get(headers="X-A: 1\r\n") * 3)
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 20)
        writer.close()
        await writer.wait_closed()
        server.stop()
        await server.close_all_connections()

    asyncio.run(work())
    assert seen == [
        {b"host": b"a", b"x-a": b"1"},
        {b"host": b"a", b"x-a": b"1", b"x-user": b"bob"},
        {b"host": b"a"},
    ]


def test_headers_of_a_request_made_by_hand():
    request = HTTPServerRequest("GET", "/", headers=HTTPHeaders({"X-A": "1"}))
    assert pairs_room.request_pairs(request) == [(b"x-a", b"1")]


def test_an_absolute_target_names_the_host():
    scopes = []

    async def application(scope, receive, send):
        scopes.append(scope)
        await respond(200, PLAIN, b"")(scope, receive, send)

    wire(application, b"GET http://b.example/x%20y?z HTTP/1.1\r\nHost: a\r\n\r\n")
    assert dict(scopes[0]["headers"])[b"host"] == b"b.example"
    assert (scopes[0]["path"], scopes[0]["raw_path"]) == ("/x y", b"/x%20y")
    assert scopes[0]["query_string"] == b"z"
