"""What both clients must do alike, against servers that keep to the rules."""

import asyncio
import base64
import datetime
import gzip
import hashlib
import re
import zlib

import pytest

from tornado import gen
from tornado.httpclient import HTTPClientError, HTTPError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError


def test_get(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=b"hello", headers=[("X-A", "b")])) as server:
            async with make_client() as client:
                response = await client.fetch(f"{server.url}/path?query=1#fragment")
        assert isinstance(response, HTTPResponse)
        assert response.code == 200
        assert response.reason == "OK"
        assert response.body == b"hello"
        assert response.buffer.read() == b"hello"
        assert response.headers["x-a"] == "b"
        assert response.effective_url == f"{server.url}/path?query=1#fragment"
        assert response.error is None
        assert 0 < response.request_time < 5
        assert response.start_time > 1e9
        assert response.time_info["queue"] >= 0
        assert response.time_info["total"] >= response.time_info["starttransfer"]
        [request] = server.requests
        assert request.method == "GET"
        assert request.target == "/path?query=1"
        assert request.headers["host"] == f"127.0.0.1:{server.port}"
        is_curl = "curl" in make_client.name
        agent = "Mozilla/5.0 (compatible; pycurl)" if is_curl else "Tornado/"
        assert request.headers["user-agent"].startswith(agent)
        assert "gzip" in request.headers["accept-encoding"]
        assert request.headers.get("accept") == ("*/*" if is_curl else None)
        assert "expect" not in request.headers

    run(main)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("body", [b"", b"a=b", b"x" * 3_000_000], ids=["empty", "short", "long"])
def test_content(run, make_client, serve, respond, method, body):
    async def main():
        async with serve(lambda r: respond(body=r.body)) as server, make_client() as client:
            response = await client.fetch(server.url, method=method, body=body)
            assert response.body == body
            assert server.requests[0].method == method
            assert server.requests[0].headers["content-length"] == str(len(body))

    run(main)


def test_text_content_is_utf8(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=r.body)) as server, make_client() as client:
            response = await client.fetch(server.url, method="POST", body="ünï")
            assert response.body == "ünï".encode()
            assert server.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"

    run(main)


@pytest.mark.parametrize("method", ["HEAD", "DELETE", "OPTIONS"])
def test_methods_without_content(run, make_client, serve, respond, method):
    async def main():
        answer = respond(
            headers=[("Content-Length", "7")], body=b"" if method == "HEAD" else b"content"
        )
        async with serve(lambda r: answer) as server, make_client() as client:
            for _ in range(2):
                response = await client.fetch(server.url, method=method)
                assert response.body == (b"" if method == "HEAD" else b"content")
                assert response.headers["Content-Length"] == "7"
            assert [each.method for each in server.requests] == [method, method]
            assert server.connections == 1

    run(main)


@pytest.mark.parametrize(
    ("kwargs", "error"),
    [
        ({"method": "POST"}, ValueError),
        ({"method": "PUT"}, ValueError),
        ({"body": b"x"}, ValueError),
        ({"method": "DELETE", "body": b"x"}, ValueError),
        ({"method": "FROB"}, KeyError),
        ({"method": "POST", "body": b"x", "body_producer": lambda write: None}, ValueError),
        ({"auth_username": "u", "auth_mode": "ntlm"}, ValueError),
        ({"proxy_host": "localhost"}, ValueError),
        ({"proxy_host": "h", "proxy_port": 1, "proxy_auth_mode": "odd"}, ValueError),
        ({"headers": {"X": "a\r\nY: b"}}, ValueError),
        ({"headers": {"X": "a\0"}}, ValueError),
        ({"headers": {"X Y": "a"}}, ValueError),
        ({"user_agent": "a\r\nb"}, ValueError),
        ({"method": "GET / HTTP/1.1\r\n", "allow_nonstandard_methods": True}, ValueError),
    ],
)
def test_requests_that_are_not_sent(run, make_client, kwargs, error):
    async def main():
        async with make_client() as client:
            with pytest.raises(error):
                await client.fetch("http://127.0.0.1:1/", **kwargs)

    run(main)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nothing",
        "ftp://localhost/",
        "file:///etc/passwd",
        "http://",
        "http://:80/",
        "http://localhost:port/",
        "http://localhost:70000/",
        "http://[::1/",
        "http://[fe80]/",
        "http://a b/",
        "http://localhost/\r\nX: y",
        "http://localhost/\0",
    ],
)
def test_urls_that_are_none(run, make_client, url):
    async def main():
        async with make_client() as client:
            with pytest.raises(ValueError, match=r"(?i)url"):
                await client.fetch(url)

    run(main)


def test_nonstandard_methods(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=r.body)) as server, make_client() as client:
            for method, body in [("FROB", None), ("FROB", b"x"), ("GET", b"x"), ("POST", None)]:
                response = await client.fetch(
                    server.url, method=method, body=body, allow_nonstandard_methods=True
                )
                assert response.body == (body or b"")
            assert [each.method for each in server.requests] == ["FROB", "FROB", "GET", "POST"]

    run(main)


@pytest.mark.parametrize("code", [304, 400, 404, 500, 599])
def test_codes_that_are_errors(run, make_client, serve, respond, code):
    async def main():
        body = b"" if code == 304 else b"why"
        async with serve(lambda r: respond(code, body, reason="Because")) as server:
            async with make_client() as client:
                with pytest.raises(HTTPClientError) as info:
                    await client.fetch(server.url)
                assert info.value.code == code
                assert info.value.response.body == body
                assert str(info.value) == f"HTTP {code}: Because"
                assert isinstance(info.value, HTTPError)
                response = await client.fetch(server.url, raise_error=False)
                assert response.code == code
                with pytest.raises(HTTPError):
                    response.rethrow()

    run(main)


@pytest.mark.parametrize("code", [201, 204, 206])
def test_codes_that_are_none(run, make_client, serve, respond, code):
    async def main():
        headers = [("Content-Length", "0")] if code == 204 else []
        async with (
            serve(lambda r: respond(code, headers=headers)) as server,
            make_client() as client,
        ):
            response = await client.fetch(server.url)
            assert response.code == code
            response.rethrow()

    run(main)


def test_callback(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(404 if r.path == "/404" else 200)) as server:
            async with make_client() as client:
                for path, code in [("/", 200), ("/404", 404)]:
                    got = asyncio.get_running_loop().create_future()
                    client.fetch(server.url + path, got.set_result)
                    assert not got.done()
                    response = await got
                    assert response.code == code
                    assert (response.error is None) is (code == 200)
                got = asyncio.get_running_loop().create_future()
                client.fetch("http://127.0.0.1:1/", callback=got.set_result)
                response = await got
                assert response.code == 599
                assert response.error is not None
                got = asyncio.get_running_loop().create_future()
                client.fetch("frob:", got.set_result)
                assert not got.done()
                assert isinstance((await got).error, ValueError)

    run(main)


def test_generator_coroutines(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=b"x")) as server, make_client() as client:

            @gen.coroutine
            def fetch():
                response = yield client.fetch(server.url)
                raise gen.Return(response.body)

            @gen.engine
            def engine(done):
                response = yield gen.Task(client.fetch, server.url)
                done.set_result(response.body)

            done = asyncio.get_running_loop().create_future()
            engine(done)
            assert await fetch() == b"x"
            assert await done == b"x"

    run(main)


def test_request_object(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            headers = HTTPHeaders({"X-Own": "1"})
            headers.add("X-Own", "2")
            request = HTTPRequest(
                server.url,
                headers=headers,
                user_agent="agent",
                if_modified_since=datetime.datetime(2013, 1, 27, 18, 43, 20),
            )
            for _ in range(2):
                response = await client.fetch(request)
                assert response.request == request
                assert response.request in {request}
                assert response.request.headers["Host"] == server.url.partition("//")[2]
                assert "Host" not in request.headers
            assert headers.get_list("X-Own") == ["1", "2"]
            assert list(headers) == ["X-Own"]
            [first, second] = server.requests
            assert first.headers["x-own"] == "1, 2"
            assert first.headers["user-agent"] == "agent"
            assert first.headers["if-modified-since"] == "Sun, 27 Jan 2013 18:43:20 GMT"
            assert first.raw == second.raw
            with pytest.raises(ValueError, match="kwargs"):
                await client.fetch(request, method="HEAD")

    run(main)


def test_own_headers_win(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            await client.fetch(
                server.url,
                headers={
                    "Host": "other",
                    "User-Agent": "me",
                    "Accept-Encoding": "identity",
                    "Accept": "text/plain",
                    "X-Empty": "",
                },
            )
            [request] = server.requests
            assert request.headers["host"] == "other"
            assert request.headers["user-agent"] == "me"
            assert request.headers["accept-encoding"] == "identity"
            assert request.headers["accept"] == "text/plain"
            assert request.headers["x-empty"] == ""

    run(main)


def test_defaults(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond()) as server:
            async with make_client(defaults={"user_agent": "default", "use_gzip": False}) as client:
                await client.fetch(server.url)
                await client.fetch(server.url, user_agent="own", decompress_response=True)
        first, second = server.requests
        assert first.headers["user-agent"] == "default"
        assert "accept-encoding" not in first.headers
        assert second.headers["user-agent"] == "own"
        assert "accept-encoding" in second.headers

    run(main)


def test_connections_are_kept(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=b"x")) as server, make_client() as client:
            for _ in range(5):
                await client.fetch(server.url)
            assert server.connections == 1
            await asyncio.gather(*[client.fetch(server.url) for _ in range(20)])
            assert server.connections <= 10

    run(main)


def test_connections_are_not_kept_after_close(run, make_client, serve, respond):
    async def main():
        answer = respond(body=b"x", headers=[("Connection", "close")])
        async with serve(lambda r: answer) as server, make_client() as client:
            for _ in range(3):
                assert (await client.fetch(server.url)).body == b"x"
            assert server.connections == 3

    run(main)


def test_close_delimited(run, make_client, serve_raw, receive):
    async def handle(reader, writer):
        await receive(reader)
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")
        await writer.drain()

    async def main():
        async with serve_raw(handle) as server, make_client() as client:
            for _ in range(2):
                assert (await client.fetch(server.url)).body == b"until the end"
            assert server.connections == 2

    run(main)


def test_chunked_answer(run, make_client, serve):
    async def main():
        answer = (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n"
        )
        async with serve(lambda r: answer) as server, make_client() as client:
            for _ in range(2):
                assert (await client.fetch(server.url)).body == b"hello world"
            assert server.connections == 1

    run(main)


def test_informational_answers(run, make_client, serve, respond):
    async def main():
        answer = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
        async with serve(lambda r: answer + respond(body=b"x")) as server, make_client() as client:
            lines = []
            response = await client.fetch(server.url, header_callback=lines.append)
            assert response.body == b"x"
            assert "Link" not in response.headers
            assert lines == [
                "HTTP/1.1 103 Early Hints\r\n",
                "Link: </x>\r\n",
                "\r\n",
                "HTTP/1.1 100 Continue\r\n",
                "\r\n",
                "HTTP/1.1 200 OK\r\n",
                "Content-Length: 1\r\n",
                "\r\n",
            ]
            async with client.stream(server.url) as streamed:
                assert streamed.code == 200
                assert "Link" not in streamed.headers

    run(main)


def test_header_callback(run, make_client, serve, respond):
    async def main():
        headers = [("X-Two", "1"), ("x-two", "2")]
        async with serve(lambda r: respond(404, b"x", headers)) as server, make_client() as client:
            lines = []
            await client.fetch(server.url, header_callback=lines.append, raise_error=False)
            assert lines == [
                "HTTP/1.1 404 Not Found\r\n",
                "X-Two: 1\r\n",
                "X-Two: 2\r\n",
                "Content-Length: 1\r\n",
                "\r\n",
            ]

    run(main)


def test_streaming_callback(run, make_client, serve, respond):
    async def main():
        body = bytes(range(256)) * 2000
        async with serve(lambda r: respond(body=body)) as server, make_client() as client:
            chunks = []
            response = await client.fetch(server.url, streaming_callback=chunks.append)
            assert b"".join(chunks) == body
            assert response.body == b""

    run(main)


def test_streaming_coroutine_slows_reading(run, make_client, serve, respond):
    async def main():
        body = b"x" * 500_000
        async with serve(lambda r: respond(body=body)) as server, make_client() as client:
            busy = 0
            chunks = []

            async def take(chunk):
                nonlocal busy
                assert not busy
                busy += 1
                await asyncio.sleep(0.001)
                chunks.append(chunk)
                busy -= 1

            await client.fetch(server.url, streaming_callback=take)
            assert b"".join(chunks) == body
            await client.fetch(server.url, streaming_callback=take)
            assert server.connections == 1

    run(main)


@pytest.mark.parametrize("where", ["streaming_callback", "header_callback"])
def test_callbacks_that_raise(run, make_client, serve, respond, where, caplog):
    async def main():
        async with serve(lambda r: respond(body=b"x")) as server, make_client() as client:

            def fail(data):
                raise ZeroDivisionError

            for _ in range(2):
                caplog.clear()
                with pytest.raises(HTTPStreamClosedError) as raised:
                    await client.fetch(server.url, **{where: fail})
                assert isinstance(raised.value.__cause__, ZeroDivisionError)
                [record] = caplog.records
                assert (record.name, record.levelname) == ("tornado.application", "ERROR")
                assert record.getMessage() == "Uncaught exception"
                assert record.exc_info[0] is ZeroDivisionError
            assert (await client.fetch(server.url)).body == b"x"

    run(main)


def test_stream(run, make_client, serve, respond):
    async def main():
        body = bytes(range(256)) * 4000
        async with serve(lambda r: respond(203, body, [("X-A", "b")])) as server:
            async with make_client() as client:
                for _ in range(2):
                    async with client.stream(server.url) as response:
                        assert response.code == 203
                        assert response.reason == "Non-Authoritative Information"
                        assert response.headers["X-A"] == "b"
                        got = b"".join([chunk async for chunk in response])
                    assert got == body
                    assert response.response.code == 203
                async with client.stream(server.url) as response:
                    async for _ in response:
                        break
                with pytest.raises(ValueError, match="scheme"):
                    async with client.stream("frob:"):
                        pass

    run(main)


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "raw deflate"])
def test_decompression(run, make_client, serve, respond, coding):
    body = b"compress me " * 1000
    if coding == "deflate":
        packed = zlib.compress(body)
    elif coding == "raw deflate":
        packed = zlib.compress(body)[2:-4]
    else:
        packed = gzip.compress(body)

    async def main():
        headers = [("Content-Encoding", coding.split()[-1])]
        async with serve(lambda r: respond(body=packed, headers=headers)) as server:
            async with make_client() as client:
                response = await client.fetch(server.url)
                assert response.body == body
                assert "Content-Encoding" not in response.headers
                assert response.headers["X-Consumed-Content-Encoding"] == coding.split()[-1]
                chunks = []
                await client.fetch(server.url, streaming_callback=chunks.append)
                assert b"".join(chunks) == body
                response = await client.fetch(server.url, decompress_response=False)
                assert response.body == packed
                assert "accept-encoding" not in server.requests[-1].headers
                assert server.connections == 1

    run(main)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_redirects(run, make_client, serve, respond, code, method):
    def application(request):
        if request.path == "/from":
            return (
                respond(
                    code,
                    b"moved",
                    [("Location", "to?x=1")] + [("Content-Length", "0")] * (method == "HEAD"),
                )
                if method != "HEAD"
                else respond(code, b"", [("Location", "to?x=1")])
            )
        return respond(body=b"" if request.method == "HEAD" else b"there")

    async def main():
        body = b"content" if method in ("POST", "PUT") else None
        async with serve(application) as server, make_client() as client:
            response = await client.fetch(f"{server.url}/from", method=method, body=body)
            assert response.code == 200
            assert response.effective_url == f"{server.url}/to?x=1"
            assert response.request.url == f"{server.url}/from"
            assert response.request.method == method
            last = server.requests[-1]
            turns = (code == 303 and method != "HEAD") or (code in (301, 302) and method == "POST")
            assert last.method == ("GET" if turns else method)
            assert last.body == (b"" if turns or body is None else body)
            if turns:
                assert "content-type" not in last.headers
                assert "content-length" not in last.headers
            assert server.connections == 1

    run(main)


def test_redirects_that_are_not_followed(run, make_client, serve, respond):
    async def main():
        moved = respond(302, headers=[("Location", "/again")])
        async with serve(lambda r: moved) as server, make_client() as client:
            for kwargs in ({"follow_redirects": False}, {"max_redirects": 0}, {"max_redirects": 3}):
                server.requests.clear()
                with pytest.raises(HTTPError) as info:
                    await client.fetch(server.url, **kwargs)
                assert info.value.code == 302
                assert info.value.response.headers["Location"] == "/again"
                assert len(server.requests) == kwargs.get("max_redirects", 0) + 1

    run(main)


@pytest.mark.parametrize(
    "location", ["ftp://localhost/", "file:///etc/passwd", "javascript:1", "http://a:b/"]
)
def test_redirects_that_lead_nowhere(run, make_client, serve, respond, location):
    async def main():
        async with serve(lambda r: respond(302, headers=[("Location", location)])) as server:
            async with make_client() as client:
                with pytest.raises(ValueError, match=r"(?i)url"):
                    await client.fetch(server.url)

    run(main)


def test_redirect_with_much_content(run, make_client, serve, respond):
    def application(request):
        if request.path == "/to":
            return respond(body=b"there")
        return respond(302, b"x" * 1_000_000, [("Location", "/to")])

    async def main():
        async with serve(application) as server, make_client() as client:
            assert (await client.fetch(server.url)).body == b"there"

    run(main)


def test_credentials_stay_with_their_origin(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=b"other")) as other:

            def application(request):
                to = "/same" if request.path == "/1" else f"{other.url}/"
                if request.path == "/same":
                    return respond(body=b"same")
                return respond(307, headers=[("Location", to)])

            async with serve(application) as server, make_client() as client:
                for extra in ({"auth_username": "u", "auth_password": "p"}, {}):
                    headers = {"Cookie": "a=b", "X-Kept": "1"}
                    if not extra:
                        headers["Authorization"] = "Bearer secret"
                    for path in ("/1", "/2"):
                        await client.fetch(server.url + path, headers=headers, **extra)
                    same = server.requests[-2].headers
                    assert same["cookie"] == "a=b"
                    assert same["authorization"]
                    gone = other.requests[-1].headers
                    assert "cookie" not in gone
                    assert "authorization" not in gone
                    assert gone["x-kept"] == "1"
                    assert gone["host"] == f"127.0.0.1:{other.port}"
                # Nothing of it stays with the client either.
                await client.fetch(f"{server.url}/same")
                assert "authorization" not in server.requests[-1].headers
                assert "cookie" not in server.requests[-1].headers
                # Credentials in the URL stay there too.
                await client.fetch(f"http://u:p@127.0.0.1:{server.port}/2")
                assert "authorization" not in other.requests[-1].headers
                await client.fetch(f"http://u:p@127.0.0.1:{server.port}/1")
                assert server.requests[-1].headers["authorization"] == "Basic dTpw"

    run(main)


def test_basic_authentication(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            await client.fetch(server.url, auth_username="ü", auth_password="p:w")
            await client.fetch(f"http://user:p%40ss@127.0.0.1:{server.port}/")
            await client.fetch(server.url, auth_username="u")
            values = [each.headers["authorization"] for each in server.requests]
            assert [base64.b64decode(value.removeprefix("Basic ")) for value in values] == [
                "ü:p:w".encode(),
                b"user:p@ss",
                b"u:",
            ]
            assert server.requests[1].headers["host"] == f"127.0.0.1:{server.port}"

    run(main)


def _digest_server(
    respond, algorithm="MD5", qop='qop="auth,auth-int", ', password="Circle of Life"
):
    name = {"MD5": "md5", "SHA-256": "sha256", "MD5-sess": "md5"}[algorithm]

    def digest(*parts):
        return hashlib.new(name, ":".join(parts).encode()).hexdigest()

    def application(request):
        field = request.headers.get("authorization", "")
        if field.startswith("Digest "):
            given = dict(re.findall(r'(\w+)="?([^",]*)"?', field))
            secret = digest("Mufasa", "the realm", password)
            if algorithm.endswith("-sess"):
                secret = digest(secret, given["nonce"], given["cnonce"])
            action = digest(request.method, request.target)
            parts = [given["nc"], given["cnonce"], "auth"] if qop else []
            if given["response"] == digest(secret, given["nonce"], *parts, action):
                return respond(body=b"welcome " + request.body)
        challenge = (
            f'Digest realm="the realm", {qop}nonce="7ypf", opaque="FQ", algorithm={algorithm}'
        )
        return respond(
            401, b"no", [("WWW-Authenticate", 'Basic realm="x"'), ("WWW-Authenticate", challenge)]
        )

    return application


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256"])
@pytest.mark.parametrize("qop", ['qop="auth,auth-int", ', ""])
def test_digest_authentication(run, make_client, serve, respond, algorithm, qop):
    if algorithm == "MD5-sess" and not qop:
        return  # has no client nonce to hash

    async def main():
        async with (
            serve(_digest_server(respond, algorithm, qop)) as server,
            make_client() as client,
        ):
            digest = {"auth_username": "Mufasa", "auth_mode": "digest"}
            for method, body in [("GET", None), ("POST", b"x")]:
                response = await client.fetch(
                    f"{server.url}/a?b=c",
                    method=method,
                    body=body,
                    auth_password="Circle of Life",
                    **digest,
                )
                assert response.body == b"welcome " + (body or b"")
            assert server.connections == 1
            with pytest.raises(HTTPError) as info:
                await client.fetch(server.url, auth_password="wrong", **digest)
            assert info.value.code == 401
            assert len(server.requests) == 6

    run(main)


@pytest.mark.parametrize("kind", ["plain", "coroutine", "generator"])
@pytest.mark.parametrize("length", [None, 9])
def test_body_producer(run, make_client, serve, respond, kind, length):
    def plain(write):
        for piece in (b"abc", b"def", b"", b"ghi"):
            write(piece)

    async def coroutine(write):
        for piece in (b"abc", b"def", b"ghi"):
            await write(piece)
            await asyncio.sleep(0.001)

    @gen.coroutine
    def generator(write):
        yield write(b"abcdefghi")

    producer = {"plain": plain, "coroutine": coroutine, "generator": generator}[kind]

    async def main():
        async with serve(lambda r: respond(body=r.body)) as server, make_client() as client:
            headers = {} if length is None else {"Content-Length": str(length)}
            for _ in range(2):
                response = await client.fetch(
                    server.url, method="POST", body_producer=producer, headers=headers
                )
                assert response.body == b"abcdefghi"
            headers = server.requests[0].headers
            assert headers.get("content-length") == (None if length is None else "9")
            assert headers.get("transfer-encoding") == ("chunked" if length is None else None)
            assert server.connections == 1

    run(main)


def test_body_producer_waits_for_the_server(run, make_client, serve_raw, respond):
    async def handle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.05)
        received = 0
        while not (await reader.read(65536)).endswith(b"0\r\n\r\n"):
            received += 1
        writer.write(respond())
        await writer.drain()

    async def main():
        async with serve_raw(handle) as server, make_client() as client:
            ahead = []

            async def produce(write):
                for number in range(400):
                    future = write(b"x" * 65536)
                    if number < 200:
                        ahead.append(future.done())
                    await future

            await client.fetch(server.url, method="PUT", body_producer=produce)
            assert not all(ahead)

    run(main)


@pytest.mark.parametrize("written", [b"short", b"much too long"])
def test_body_producer_of_another_length(run, make_client, serve, respond, written):
    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:

            async def produce(write):
                await write(written)

            with pytest.raises(Exception, match="Content-Length"):
                await client.fetch(
                    server.url,
                    method="POST",
                    body_producer=produce,
                    headers={"Content-Length": "7"},
                )

    run(main)


def test_body_producer_that_raises(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:

            async def produce(write):
                await write(b"begun")
                raise ZeroDivisionError

            with pytest.raises(ZeroDivisionError):
                await client.fetch(server.url, method="POST", body_producer=produce)

    run(main)


def test_expect_100_continue(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=r.body)) as server, make_client() as client:
            for kwargs in (
                {"body": b"content"},
                {"body_producer": lambda write: write(b"content")},
            ):
                response = await client.fetch(
                    server.url, method="POST", expect_100_continue=True, **kwargs
                )
                assert response.body == b"content"
                assert server.requests[-1].headers["expect"] == "100-continue"

    run(main)


def test_expect_is_refused(run, make_client, serve_raw, respond):
    bytes_after_head = []

    async def handle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(respond(417, b"no", [("Connection", "close")]))
        await writer.drain()
        bytes_after_head.append(await reader.read())

    async def main():
        async with serve_raw(handle) as server, make_client() as client:
            with pytest.raises(HTTPError) as info:
                await client.fetch(
                    server.url, method="POST", body=b"secret", expect_100_continue=True
                )
            assert info.value.code == 417
            await asyncio.sleep(0.02)
        assert bytes_after_head == [b""]

    run(main)


def test_request_timeout(run, make_client, serve):
    async def main():
        async def application(request):
            await asyncio.sleep(10)

        async with serve(application) as server, make_client() as client:
            with pytest.raises(HTTPTimeoutError) as info:
                await client.fetch(server.url, request_timeout=0.05)
            assert info.value.code == 599
            assert str(info.value) in (
                "Timeout during request",
                "HTTP 599: Timeout during request",
            )

    run(main)


def test_timeout_covers_redirects(run, make_client, serve, respond):
    async def main():
        async def application(request):
            await asyncio.sleep(0.03)
            return respond(302, headers=[("Location", "/")])

        async with serve(application) as server, make_client() as client:
            with pytest.raises(HTTPTimeoutError):
                await client.fetch(server.url, request_timeout=0.1, max_redirects=1000)

    run(main)


def test_queue_timeout(run, make_client, serve, respond):
    async def main():
        async def application(request):
            await asyncio.sleep(0.2)
            return respond()

        async with serve(application) as server, make_client(max_clients=1) as client:
            first = client.fetch(server.url)
            with pytest.raises(HTTPTimeoutError, match="queue"):
                await client.fetch(server.url, connect_timeout=0.05)
            assert (await first).code == 200
            assert len(server.requests) == 1

    run(main)


def test_zero_means_no_timeout(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            response = await client.fetch(server.url, connect_timeout=0, request_timeout=0)
            assert response.code == 200

    run(main)


def test_max_clients_and_order(run, make_client, serve, respond):
    async def main():
        running = most = 0

        async def application(request):
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.005)
            running -= 1
            return respond(body=request.path.encode())

        async with serve(application) as server, make_client(max_clients=2) as client:
            futures = [client.fetch(f"{server.url}/{number}") for number in range(8)]
            assert len(client.queue) == 6
            assert [(await future).body for future in futures] == [b"/%d" % n for n in range(8)]
            assert most == 2
            # The first two connect side by side, and either may be there first.
            assert sorted(each.path for each in server.requests[:2]) == ["/0", "/1"]
            response = await futures[-1]
            assert response.time_info["queue"] > 0.005

    run(main)


def test_the_queue_is_served_in_order(run, make_client, serve, respond):
    async def main():
        async def application(request):
            return respond()

        async with serve(application) as server, make_client(max_clients=1) as client:
            await asyncio.gather(*[client.fetch(f"{server.url}/{number}") for number in range(8)])
            assert [each.path for each in server.requests] == [f"/{n}" for n in range(8)]

    run(main)


def test_max_clients_per_origin(run, make_client, serve, respond):
    async def main():
        async def slow(request):
            await asyncio.sleep(0.05)
            return respond()

        async with serve(slow) as first, serve(lambda r: respond()) as second:
            async with make_client(max_clients=4, max_clients_per_origin=1) as client:
                slow_ones = [client.fetch(first.url) for _ in range(2)]
                await client.fetch(second.url)
                assert not slow_ones[0].done()
                await asyncio.gather(*slow_ones)
                assert first.connections == 1

    run(main)


def test_cancel(run, make_client, serve_raw, receive, respond):
    async def main():
        async def handle(reader, writer):
            while (request := await receive(reader)) is not None:
                if request.path == "/slow":
                    await reader.read()
                    return
                writer.write(respond(body=b"fast"))

        async with serve_raw(handle) as server, make_client(max_clients=2) as client:
            futures = [client.fetch(f"{server.url}/slow") for _ in range(5)]
            await asyncio.sleep(0.02)
            for future in futures:
                future.cancel()
            await asyncio.sleep(0)
            assert not client.active
            assert (await client.fetch(server.url)).body == b"fast"
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.fetch(f"{server.url}/slow"), 0.02)
            await asyncio.sleep(0.02)
            assert server.open == 0

    run(main)


def test_close_ends_everything(run, make_client, serve):
    async def main():
        async def application(request):
            await asyncio.sleep(10)

        async with serve(application) as server:
            async with make_client(max_clients=1) as client:
                futures = [client.fetch(server.url) for _ in range(3)]
                await asyncio.sleep(0.02)
                client.close()
                client.close()
                with pytest.raises(RuntimeError):
                    client.fetch(server.url)
            for future in futures:
                with pytest.raises(HTTPStreamClosedError, match="closed"):
                    await asyncio.wait_for(future, 5)

    run(main)


def test_fetch_from_a_callback(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=b"x" * 100)) as server, make_client() as client:
            inner = []

            def again(chunk):
                inner.append(client.fetch(server.url))

            await client.fetch(server.url, streaming_callback=again)
            assert [(await each).code for each in inner] == [200]

    run(main)


def test_connection_refused(run, make_client, serve):
    async def main():
        async with serve(None) as server:
            pass
        async with make_client() as client:
            with pytest.raises((OSError, HTTPClientError)):
                await client.fetch(server.url)
            response = None
            with pytest.raises((OSError, HTTPClientError)):
                response = await client.fetch(server.url, raise_error=False)
            assert response is None

    run(main)


def test_unix_socket(run, make_client, respond, receive, tmp_path):
    path = str(tmp_path / "server.sock")

    async def handle(reader, writer):
        while (request := await receive(reader)) is not None:
            writer.write(respond(body=f"{request.target} {request.headers['host']}".encode()))
        writer.close()

    async def main():
        server = await asyncio.start_unix_server(handle, path)
        async with server:
            url = f"http+unix://{path.replace('/', '%2F')}/a?b"
            async with make_client(allow_unix_sockets=True) as client:
                for _ in range(2):
                    assert (await client.fetch(url)).body == b"/a?b localhost"
                with pytest.raises((OSError, HTTPClientError)):
                    await client.fetch("http+unix://%2Fnowhere/")
            async with make_client() as client:
                assert (await client.fetch(url, allow_unix_sockets=True)).code == 200
                for refused in (url, url.upper().replace("HTTP+UNIX", "Http+Unix")):
                    with pytest.raises(ValueError, match=r"^Unsupported url scheme: .*allow_unix"):
                        await client.fetch(refused)
                with pytest.raises(ValueError, match="Unsupported url scheme"):
                    await client.stream(url).__aenter__()
            await asyncio.sleep(0.01)

    run(main)


def test_urls_outside_ascii(run, make_client, serve, respond):
    async def main():
        async with (
            serve(lambda r: respond(body=r.target.encode())) as server,
            make_client() as client,
        ):
            response = await client.fetch(f'{server.url}/ünï cöde?q=ä&r=%20[]|"')
            assert response.body == b'/%C3%BCn%C3%AF%20c%C3%B6de?q=%C3%A4&r=%20[]|"'
            response = await client.fetch(f"{server.url}/a/../b//c/./d")
            assert response.body == b"/a/../b//c/./d"

    run(main)


def test_ipv6(run, make_client, receive, respond):
    async def handle(reader, writer):
        request = await receive(reader)
        writer.write(
            respond(body=request.headers["host"].encode(), headers=[("Connection", "close")])
        )
        writer.close()

    async def main():
        try:
            server = await asyncio.start_server(handle, "::1", 0)
        except OSError:
            pytest.skip("no IPv6 here")
        async with server:
            port = server.sockets[0].getsockname()[1]
            async with make_client() as client:
                response = await client.fetch(f"http://[::1]:{port}/")
                assert response.body == f"[::1]:{port}".encode()
                with pytest.raises((OSError, HTTPClientError)):
                    await client.fetch(f"http://[::1]:{port}/", allow_ipv6=False)

    run(main)
