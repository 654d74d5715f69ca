"""Arguments in the order of any release, callbacks beside futures, and services that answer nonsense."""

import asyncio
import json
from urllib.parse import quote

import pytest

from tornado import auth, gen, web
from tornado._auth.arguments import absolute_path, api_arguments, client_argument
from tornado._auth.outcome import start
from tornado.concurrent import Future
from tornado.escape import json_decode
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from tornado.stack_context import ExceptionStackContext


def call(*args):
    return None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((call, {"key": "k"}, None), (call, {"key": "k"}, None)),
        ((call, "token", {"a": 1}), (call, "token", {"a": 1})),
        ((None, "token", None), (None, "token", None)),
        (("token", None, None), (None, "token", None)),
        (("token", {"a": 1}, None), (None, "token", {"a": 1})),
        (({"key": "k"}, {"a": 1}, None), (None, {"key": "k"}, {"a": 1})),
        (({"key": "k"}, None, {"a": 1}), (None, {"key": "k"}, {"a": 1})),
        ((None, {"a": 1}, None), (None, None, {"a": 1})),
        ((None, {"key": "k", "secret": "s"}, None), (None, {"key": "k", "secret": "s"}, None)),
    ],
)
def test_arguments_of_requests(given, expected):
    assert api_arguments(*given) == expected


def test_client_in_the_first_place():
    class Client:
        def fetch(self):
            pass

    client = Client()
    assert client_argument(client, None) == (None, client)
    assert client_argument(call, client) == (call, client)
    assert client_argument(None, None) == (None, None)


def test_only_paths_get_a_host():
    assert absolute_path(object(), "postmessage") == "postmessage"
    assert absolute_path(object(), "urn:ietf:wg:oauth:2.0:oob") == "urn:ietf:wg:oauth:2.0:oob"
    assert absolute_path(object(), None) is None


class Redirects(web.RequestHandler, auth.GoogleOAuth2Mixin):
    calls = []

    async def get(self):
        if self.get_arguments("positional"):
            future = self.authorize_redirect(
                "http://a/", "id", "secret", {"x": "1"}, ["b", "c"], "token"
            )
        else:
            future = self.authorize_redirect(
                "http://a/", "id", None, {"state": "s"}, lambda: self.calls.append(1), scope="b"
            )
            assert self.calls == []
        assert future.done()
        await future


def test_redirect_of_old_and_new(world, at, query_of):
    async def check(browser, provider):
        out = await browser.get("/?positional=1", redirects=0)
        asked = query_of(out.headers["Location"])
        assert len(asked.pop("state")) == 43
        assert asked == {
            "response_type": "token",
            "redirect_uri": "http://a/",
            "client_id": "id",
            "scope": "b c",
            "x": "1",
        }
        out = await browser.get("/", redirects=0)
        asked = query_of(out.headers["Location"])
        assert asked["state"] == "s"
        assert asked["code_challenge_method"] == "S256"
        assert Redirects.calls == [1]

    Redirects.calls.clear()
    world(lambda p: [("/", at.oauth2(p, Redirects))], check)


class Callbacks(web.RequestHandler, auth.FacebookGraphMixin):
    """What a callback sees, and that it is not called before the function returns."""

    @web.asynchronous
    def get(self):
        results = []

        def failed(result):
            results.append(result)
            assert results == ["returned", None]
            self.facebook_request("/x", access_token="token-1", callback=succeeded)
            results.append("returned")

        def succeeded(result):
            results.append(result["path"])
            self.finish(json.dumps(results))

        self.facebook_request("/x", access_token="wrong", callback=failed)
        results.append("returned")


def test_callbacks(world, at, caplog):
    async def check(browser, provider):
        assert json_decode((await browser.get("/")).body) == ["returned", None, "returned", "x"]

    world(lambda p: [("/", at.oauth2(p, Callbacks))], check)
    assert "Error response HTTP 401: Unauthorized fetching http://127.0.0.1:" in caplog.text
    told = [r.getMessage() for r in caplog.records if r.module == "outcome"]
    assert len(told) == 1
    assert "?" not in told[0], "the query holds the token"


class Raises(web.RequestHandler, auth.TwitterMixin):
    @web.asynchronous
    def get(self):
        def handle(typ, value, tb):
            self.finish(typ.__name__)
            return True

        with ExceptionStackContext(handle):
            self.authorize_redirect(callback=lambda: self.finish("not to be called"))


def test_callbacks_of_redirects_that_fail(world, at):
    async def check(browser, provider):
        provider.fail["/oauth1/request_token"] = 503
        assert (await browser.get("/")).text == "AuthRequestError"

    world(lambda p: [("/", at.oauth1(p, Raises))], check)


class Nonsense(web.RequestHandler):
    answers = {
        "/form": b"access_token=token-1&expires=5183",
        "/not-json": b"<html>",
        "/list": b"[1]",
        "/twice": b"access_token=a&access_token=b",
        "/bytes": b"access_token=%FF",
        "/empty": b"",
        "/number": b"7",
    }

    def get(self):
        self.write(self.answers[self.request.path])


class Graph(web.RequestHandler, auth.FacebookGraphMixin):
    async def get(self):
        try:
            if self.get_arguments("code"):
                user = await self.get_authenticated_user(
                    "/login", "client-id", "client secret+1", self.get_argument("code")
                )
                self.finish(user)
            else:
                await self.authorize_redirect("/login", "client-id")
        except auth.AuthError as error:
            self.set_status(403)
            self.finish(str(error))


@pytest.mark.parametrize(
    ("token", "base", "reason"),
    [
        ("/form", "/api", None),
        ("/not-json", "/api", "no access token"),
        ("/list", "/api", "no access token"),
        ("/empty", "/api", "no access token"),
        ("/twice", "/api", "2 fields 'access_token', expected one"),
        ("/bytes", "/api", "that is not UTF-8"),
        ("/form", "/not-json?", "responded with 6 bytes, expected JSON"),
        ("/form", "/number?", "returned no user"),
    ],
)
def test_nonsense(world, at, token, base, reason):
    async def check(browser, provider):
        Graph._OAUTH_ACCESS_TOKEN_URL = browser.home + token
        if base != "/api":
            Graph._FACEBOOK_BASE_URL = browser.home + base
        else:
            Graph._FACEBOOK_BASE_URL = provider.base(base)
        Graph._OAUTH_AUTHORIZE_URL = provider.base("/authorize")
        response = await browser.get("/login")
        if reason is None:
            user = json_decode(response.body)
            assert user["session_expires"] == "5183"
        else:
            assert response.code == 403
            assert reason in response.text

    def routes(p):
        return [("/login", Graph), *((path, Nonsense) for path in Nonsense.answers)]

    world(routes, check)


@pytest.fixture
def io_loop():
    loop = IOLoop(make_current=False)
    loop.make_current()
    yield loop
    loop.close()


def test_callback_comes_before_those_who_wait_for_the_future(io_loop):
    """A handler returns the future under ``@asynchronous``, and finishes in the callback."""

    async def main():
        order = []

        async def work():
            await gen.sleep(0)
            return "result"

        future = start(work(), lambda result: order.append(("callback", result)))
        order.append(("future", await future))
        return order

    assert io_loop.run_sync(main) == [("callback", "result"), ("future", "result")]


def test_callback_gets_none_for_a_failed_login(io_loop, caplog):
    async def main():
        got = []

        async def work():
            await gen.sleep(0)
            raise auth.AuthError("refused")

        future = start(work(), got.append)
        with pytest.raises(auth.AuthError):
            await future
        return got

    with caplog.at_level("WARNING", "tornado.general"):
        assert io_loop.run_sync(main) == [None]
    assert [record.getMessage() for record in caplog.records] == ["refused"]


class TestAsynchronousHandlers:
    """A returned future that is awaited, and has a callback, finishes the request once (F96)."""

    def test_returned_future_with_a_callback(self, io_loop):
        class Handler(web.RequestHandler):
            @web.asynchronous
            def get(self):
                return start(self.work(), self.on_done)

            async def work(self):
                await gen.sleep(0)
                return {"a": 1}

            def on_done(self, result):
                self.finish(result)

        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(web.Application([("/", Handler)]))
        server.add_sockets(sockets)
        url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}/"

        async def main():
            response = await AsyncHTTPClient().fetch(url)
            server.stop()
            await server.close_all_connections()
            return response.code, json_decode(response.body)

        assert io_loop.run_sync(main, timeout=10) == (200, {"a": 1})


class AskRedirected(web.RequestHandler, auth.OAuth2Mixin):
    async def get(self):
        results = []
        for target in ("http://[::1/", "ftp://x/", "http://a b/"):
            url = self.base + "/away?to=" + quote(target)
            try:
                await self.oauth2_request(url)
            except auth.AuthError as error:
                results.append(type(error).__name__)
            done = Future()
            self.oauth2_request(url, done.set_result)
            results.append(await done)
        self.write(json.dumps(results))


class Away(web.RequestHandler):
    def get(self):
        self.set_status(302)
        self._headers["Location"] = self.get_argument("to")


def test_a_redirect_to_nowhere_fails_like_other_requests(world, caplog):
    async def check(browser, provider):
        AskRedirected.base = browser.home
        assert json_decode((await browser.get("/")).body) == ["AuthRequestError", None] * 3

    world(lambda p: [("/", AskRedirected), ("/away", Away)], check)
    assert caplog.text.count("Error response HTTP 599: ") == 3


@pytest.mark.parametrize("text", ["a\nFAKE", "\x1b[31m", "\x9b1m"])
def test_controls_in_the_providers_text_are_escaped_in_the_log(text, caplog):
    from tornado._auth.outcome import start

    async def main():
        async def work():
            raise auth.AuthError(f"the service said {text}")

        done = Future()
        start(work(), done.set_result)
        assert await done is None

    asyncio.run(main())
    assert caplog.messages == [f"the service said {text}".translate(ESCAPED)]


ESCAPED = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160))}
