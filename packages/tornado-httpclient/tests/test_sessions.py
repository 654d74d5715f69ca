"""Sessions: base URL, default fields, authentication, retries and hooks."""

import asyncio
import email.utils
import time

import pytest

from tornado.httpclient import (
    Auth,
    BasicAuth,
    BearerAuth,
    DigestAuth,
    HTTPClient,
    HTTPClientError,
    HTTPRequest,
    HTTPResponse,
    Retries,
    Session,
)
from tornado.httputil import HTTPHeaders
from tornado.simple_httpclient import (
    HTTPProtocolError,
    HTTPStreamClosedError,
    HTTPTimeoutError,
)

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/x", "http://a/v1/x"),
        ("x", "http://a/v1/x"),
        ("", "http://a/v1"),
        ("?q=1", "http://a/v1?q=1"),
        ("//b/y", "http://a/v1/b/y"),
        ("a:b", "http://a/v1/a:b"),
        ("/?u=http://c/", "http://a/v1/?u=http://c/"),
        ("http://b/z", "http://b/z"),
        ("https://a/z", "https://a/z"),
    ],
)
def test_base_url(url, expected):
    assert Session(None, "http://a/v1").url_of(url) == expected
    assert Session(None, "http://a/v1/?q=0").url_of(url).startswith(expected.partition("?")[0])
    assert Session(None).url_of(url) == url


def test_methods_and_defaults(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=r.body)) as server, make_client() as client:
            session = client.session(
                f"{server.url}/v1",
                headers={"X-A": "1", "X-B": b"2"},
                params={"key": "k"},
                user_agent="agent",
            )
            async with session as api:
                await api.get("/get", headers={"X-A": "own"}, params={"q": 1})
                for call in (api.head, api.options, api.delete, api.post, api.put, api.patch):
                    await call("/x")
                assert (await api.post("/x", json={"a": 1})).json() == {"a": 1}
                await api.fetch(HTTPRequest(f"{server.url}/own"))
            first = server.requests[0]
            assert first.target == "/v1/get?q=1&key=k"
            assert (first.headers["x-a"], first.headers["x-b"]) == ("own", "2")
            assert first.headers["user-agent"] == "agent"
            methods = [each.method for each in server.requests[1:7]]
            assert methods == ["HEAD", "OPTIONS", "DELETE", "POST", "PUT", "PATCH"]
            assert server.requests[-1].target == "/own?key=k"
            assert server.requests[-1].headers["x-a"] == "1"
            # The client is still open for others.
            assert (await client.fetch(server.url)).code == 200
            assert "x-a" not in server.requests[-1].headers

    run(main)


def test_credentials_stay_at_the_origin(run, make_simple, serve, respond):
    async def main():
        async with serve(lambda r: respond()) as server, serve(lambda r: respond()) as other:
            async with make_simple() as client:
                for options in (
                    {"auth": ("u", "p")},
                    {"auth": BearerAuth("token")},
                    {"headers": {"Authorization": "secret", "Cookie": "a=b", "X": "1"}},
                ):
                    session = client.session(server.url, **options)
                    await session.get("/")
                    assert "authorization" in server.requests[-1].headers
                    await session.get(other.url)
                    assert "authorization" not in other.requests[-1].headers
                    assert "cookie" not in other.requests[-1].headers
                assert other.requests[-1].headers["x"] == "1"

    run(main)


def test_bearer_is_renewed_once_for_all(run, make_client, serve, respond):
    calls = []

    def application(request):
        if request.headers.get("authorization") == f"Bearer {len(calls)}":
            return respond(body=b"x")
        return respond(401)

    async def refresh():
        calls.append(None)
        await asyncio.sleep(0.005)
        return str(len(calls))

    async def main():
        async with serve(application) as server, make_client() as client:
            session = client.session(server.url, auth=BearerAuth("old", refresh))
            responses = await asyncio.gather(*[session.get("/") for _ in range(5)])
            assert [each.body for each in responses] == [b"x"] * 5
            assert len(calls) == 1
            # One that has no token begins with getting one.
            assert (
                await client.session(server.url, auth=BearerAuth(refresh=refresh)).get("/")
            ).body
            assert len(calls) == 2

    run(main)


def test_bearer_that_stays_refused(run, make_simple, serve, respond):
    async def main():
        async with serve(lambda r: respond(401)) as server, make_simple() as client:
            with pytest.raises(HTTPClientError, match="401"):
                await client.session(auth=BearerAuth("x", lambda: "y")).get(server.url)
            assert [each.headers["authorization"] for each in server.requests] == [
                "Bearer x",
                "Bearer y",
            ]
            with pytest.raises(HTTPClientError, match="401"):
                await client.session(auth=BearerAuth("x")).get(server.url)
            assert len(server.requests) == 3
        with pytest.raises(ValueError, match="needs a token"):
            BearerAuth()

    run(main)


def test_other_schemes(run, make_client, serve, respond):
    challenge = 'Digest realm="r", nonce="n", qop="auth"'

    def application(request):
        if request.path == "/digest" and "authorization" not in request.headers:
            return respond(401, headers=[("WWW-Authenticate", challenge)])
        return respond(body=request.headers["authorization"].encode())

    class Own(Auth):
        async def authorize(self, request):
            request.headers["Authorization"] = "own"

    async def main():
        async with serve(application) as server, make_client() as client:
            for auth, path, expected in (
                (BasicAuth("u", "p"), "/", b"Basic dTpw"),
                (DigestAuth("u", "p"), "/digest", b"Digest "),
                (Own(), "/", b"own"),
            ):
                response = await client.session(server.url, auth=auth).get(path)
                assert response.body.startswith(expected)

    run(main)


def test_stream_of_a_session(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=b"x" * 1000)) as server, make_client() as client:
            session = client.session(server.url, auth=BearerAuth("t"), headers={"X": "1"})
            async with session.stream("/s") as response:
                assert b"".join([chunk async for chunk in response]) == b"x" * 1000
            [request] = server.requests
            assert (request.headers["authorization"], request.headers["x"]) == ("Bearer t", "1")

    run(main)


def test_hooks(run, make_client, serve, respond):
    seen = []

    async def before(request):
        await asyncio.sleep(0)
        request.headers["X-Trace"] = str(len(seen))
        seen.append("request")

    def after(response):
        seen.append(response.code)
        if response.code == 404:
            raise LookupError(response.request.url)

    def application(request):
        return respond(404 if request.path == "/no" else 200)

    async def main():
        async with serve(application) as server, make_client() as client:
            session = client.session(server.url, on_request=[before], on_response=[after])
            own = HTTPRequest(server.url)
            await session.fetch(own)
            assert "X-Trace" not in own.headers
            with pytest.raises(LookupError):
                await session.get("/no")
            assert seen == ["request", 200, "request", 404]
            assert [each.headers["x-trace"] for each in server.requests] == ["0", "2"]

    run(main)


def test_retries(run, make_client, serve, respond):
    answers = []

    def application(request):
        answer = answers.pop(0)
        return None if answer is None else respond(answer)

    async def main():
        async with serve(application) as server, make_client() as client:
            session = client.session(server.url, retries=Retries(2, backoff=0.001))
            answers[:] = [503, 429, 200]
            assert (await session.get("/")).code == 200
            answers[:] = [503, 503, 503, 200]
            with pytest.raises(HTTPClientError, match="503"):
                await session.get("/")
            answers[:] = [503]
            with pytest.raises(HTTPClientError, match="503"):
                await session.post("/", body=b"x")
            answers[:] = [500]
            with pytest.raises(HTTPClientError, match="500"):
                await session.get("/")
            answers[:] = [None, None, 200]  # closed without a response
            if "simple" in make_client.name:
                assert (await session.get("/")).code == 200
            calls = []
            session.on_request.append(lambda request: calls.append(request.url))
            answers[:] = [503, 200]
            assert (await client.session(server.url, retries=1).get("/")).code == 200
            assert calls == []

    run(main)


REQUEST = HTTPRequest("http://a/")


def response_of(code, **headers):
    return HTTPResponse(REQUEST, code, HTTPHeaders(headers))


def test_delays():
    retries = Retries(3, backoff=1, max_delay=3, budget=0)
    for attempt, most in enumerate([1, 2, 3]):
        delays = [Retries(3, backoff=1, max_delay=3).delay(REQUEST, attempt, response_of(503))]
        assert 0 <= delays[0] <= most
    assert retries.delay(REQUEST, 3, response_of(503)) is None
    after = {"Retry-After": "2"}
    assert retries.delay(REQUEST, 0, response_of(429, **after)) == 2
    assert retries.delay(REQUEST, 0, response_of(429, **{"Retry-After": "4"})) is None
    soon = email.utils.formatdate(time.time() + 2, usegmt=True)
    assert 0 <= retries.delay(REQUEST, 0, response_of(503, **{"Retry-After": soon})) <= 2
    past = "Sun, 06 Nov 1994 08:49:37 GMT"
    assert retries.delay(REQUEST, 0, response_of(503, **{"Retry-After": past})) == 0
    assert retries.delay(REQUEST, 0, response_of(503, **{"Retry-After": "soon"})) <= 1


@pytest.mark.parametrize(
    ("outcome", "repeated"),
    [
        (HTTPTimeoutError("Timeout"), True),
        (HTTPStreamClosedError("closed"), True),
        (ConnectionRefusedError(), True),
        (HTTPProtocolError("malformed"), False),
        (HTTPClientError(404), False),
        (ValueError(), False),
    ],
)
def test_what_is_repeated(outcome, repeated):
    assert (Retries().delay(REQUEST, 0, outcome) is not None) is repeated
    for request in (
        HTTPRequest("http://a/", method="POST", body=b""),
        HTTPRequest("http://a/", method="PUT", body_producer=lambda write: None),
    ):
        assert Retries().delay(request, 0, outcome) is None


def test_budget_of_retries():
    retries = Retries(1000, budget=0.5)
    made = 0
    while retries.delay(REQUEST, made, response_of(503)) is not None:
        made += 1
    assert made == 10
    for _ in range(2):
        retries.begin()
    assert retries.delay(REQUEST, 0, response_of(503)) is not None
    assert retries.delay(REQUEST, 0, response_of(503)) is None


def test_blocking_session(serve, respond):
    import threading

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def application(request):
        cookie = request.headers.get("cookie", "")
        return respond(body=cookie.encode(), headers=[("Set-Cookie", "a=b")])

    server = serve(application)
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    with HTTPClient() as client, client.session(server.url) as session:
        assert session.get("/").body == b""
        assert session.post("/", json={}).body == b"a=b"
        for call in (session.head, session.options, session.delete, session.put, session.patch):
            assert call("/").code == 200
        assert session.cookies.get("a") == "b"
    asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
