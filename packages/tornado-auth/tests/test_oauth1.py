"""OAuth 1.0 and 1.0a over HTTP: the request token's cookie, forged answers, and failing services."""

import base64
import json

import pytest

from tornado import auth, web
from tornado._auth.signatures import hmac_sha1
from tornado.escape import json_decode, parse_qs_bytes


class Twitter(web.RequestHandler, auth.TwitterMixin):
    async def get(self):
        if self.get_argument("oauth_token", None) is not None:
            try:
                user = await self.get_authenticated_user()
            except auth.AuthError as error:
                self.set_status(403)
                self.finish(f"{type(error).__name__}: {error}")
                return
            self.finish(user)
        else:
            await self.authorize_redirect(self.get_argument("callback", None), {"x_more": "1"})


class Unawaited(web.RequestHandler, auth.TwitterMixin):
    @web.asynchronous
    def get(self):
        self.authorize_redirect()


class FriendFeed(web.RequestHandler, auth.FriendFeedMixin):
    async def get(self):
        with pytest.raises(Exception, match="does not support oauth_callback"):
            self.authorize_redirect("/login")
        self.finish("refused")


def test_cookie_of_the_request_token(world, at):
    async def check(browser, provider):
        out = await browser.get("/login?callback=/login", redirects=0)
        [token] = provider.request_tokens
        cookie = out.headers["Set-Cookie"]
        key, secret = (base64.b64encode(t.encode()).decode() for t in (token, "req&" + token))
        assert f'_oauth_request_token="{key}|{secret}"' in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert provider.request_tokens[token]["callback"] == browser.home + "/login"
        assert provider.seen[0].arguments["x_more"] == [b"1"]
        back = await browser.get(out.headers["Location"])
        assert json_decode(back.body)["username"] == "bret"
        assert "_oauth_request_token" not in browser.cookies

    world(lambda p: [("/login", at.oauth1(p, Twitter))], check)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda a: {**a, "oauth_token": "another"}, "not the one in this browser's cookie"),
        (lambda a: {**a, "oauth_token": ""}, "no oauth_token"),
        (lambda a: {**a, "oauth_verifier": "guessed"}, "HTTP 401"),
        (lambda a: {"oauth_token": a["oauth_token"]}, "HTTP 401"),
        (lambda a: [*a.items(), ("oauth_token", "x")], "2 arguments 'oauth_token'"),
        (lambda a: [*a.items(), ("oauth_verifier", "x")], "2 arguments 'oauth_verifier'"),
    ],
)
def test_refused(world, at, change, reason):
    async def check(browser, provider):
        provider.tamper = change
        response = await browser.get("/login")
        assert response.code == 403
        assert reason in response.text

    world(lambda p: [("/login", at.oauth1(p, Twitter))], check)


@pytest.mark.parametrize(
    ("cookie", "reason"),
    [
        (None, "cookie missing"),
        ("nonsense", "malformed"),
        ("!|!", "malformed"),
        ("eA==|eQ==", "not the one"),
        ("/w==|/w==", "malformed"),
    ],
)
def test_cookies_that_are_refused(world, at, cookie, reason):
    async def check(browser, provider):
        answer = await browser.answer_to("/login")
        browser.cookies.clear()
        if cookie:
            browser.cookies["_oauth_request_token"] = cookie
        response = await browser.get(answer)
        assert response.code == 403
        assert reason in response.text

    world(lambda p: [("/login", at.oauth1(p, Twitter))], check)


def test_replayed(world, at):
    async def check(browser, provider):
        answer = await browser.answer_to("/login")
        cookies = dict(browser.cookies)
        assert (await browser.get(answer)).code == 200
        assert "cookie missing" in (await browser.get(answer)).text
        browser.cookies = cookies
        assert "HTTP 401" in (await browser.get(answer)).text

    world(lambda p: [("/login", at.oauth1(p, Twitter))], check)


def test_a_login_whose_exchange_failed_can_be_repeated(world, at):
    async def check(browser, provider):
        answer = await browser.answer_to("/login")
        provider.fail["/oauth1/access_token"] = 500
        for _ in range(2):
            assert "HTTP 500" in (await browser.get(answer)).text
        del provider.fail["/oauth1/access_token"]
        assert (await browser.get(answer)).code == 200
        assert "cookie missing" in (await browser.get(answer)).text

    world(lambda p: [("/login", at.oauth1(p, Twitter))], check)


class AskWithBytes(web.RequestHandler, auth.TwitterMixin):
    async def get(self):
        token = {"key": "access", "secret": "access-secret"}
        url = self._TWITTER_BASE_URL
        signed = self._oauth_signed_url(url, token, {"q": b"caf\xc3\xa9 x", "n": 1}, None)
        both = self._oauth_signed_url(
            url, token, {"a": "1", "l": [b"x", "y"]}, {"a": b"\xff", "b": "c"}
        )
        self.write({"signed": signed, "both": both})


def test_bytes_are_sent_and_signed_as_they_are(world, at):
    async def check(browser, provider):
        told = json_decode((await browser.get("/")).body)
        for name, method, form in (
            ("signed", "GET", {}),
            ("both", "POST", {"a": b"\xff", "b": b"c"}),
        ):
            url, _, query = told[name].partition("?")
            sent = parse_qs_bytes(query, keep_blank_values=True)
            [signature] = sent.pop("oauth_signature")
            for key, value in form.items():
                sent.setdefault(key, []).append(value)
            if name == "signed":
                assert sent["q"] == [b"caf\xc3\xa9 x"]
            else:
                assert sent["a"] == [b"1", b"\xff"]
                assert sent["l"] == [b"x", b"y"]
            expected = hmac_sha1("consumer&secret/1", method, url, sent, "access-secret")
            assert expected.encode() == signature

    world(lambda p: [("/", at.oauth1(p, AskWithBytes))], check)


def test_out_of_band(world, at):
    async def check(browser, provider):
        response = await browser.get("/login?callback=oob")
        assert response.text.startswith(provider.base("/oauth1/authorize?oauth_token="))
        [known] = provider.request_tokens.values()
        assert known["callback"] == "oob"

    world(lambda p: [("/login", at.oauth1(p, Twitter))], check)


@pytest.mark.parametrize("handler", [Twitter, Unawaited])
def test_no_request_token(world, at, handler, caplog):
    """The request ends with 500, even if nobody awaits the redirect."""

    async def check(browser, provider):
        provider.fail["/oauth1/request_token"] = 503
        assert (await browser.get("/login")).code == 500

    world(lambda p: [("/login", at.oauth1(p, handler))], check)
    assert "HTTP 503" in caplog.text
    assert caplog.text.count("Traceback (most recent call last)") >= 1
    assert "never retrieved" not in caplog.text


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"oauth_callback_confirmed": "false"}, "did not confirm"),
    ],
)
def test_request_tokens_that_are_refused(world, at, answer, reason, caplog):
    async def check(browser, provider):
        provider.token_answer = answer
        assert (await browser.get("/login")).code == 500

    world(lambda p: [("/login", at.oauth1(p, Twitter))], check)
    assert reason in caplog.text


def test_service_without_callbacks(world, at):
    async def check(browser, provider):
        assert (await browser.get("/login")).text == "refused"

    world(lambda p: [("/login", at.oauth1(p, FriendFeed))], check)


class Ask(web.RequestHandler, auth.TwitterMixin):
    async def get(self):
        token = {"key": "access-key", "secret": "access&secret"}
        base = self._TWITTER_BASE_URL
        results = [
            await self.twitter_request("statuses/show", access_token=token, id=7, q="a b&ü"),
            await self.twitter_request("/statuses/update", token, {"status": "x y"}),
            await self.twitter_request(base + "/whole?p=1", access_token=token),
            await self.twitter_request("/list", access_token=token, name=["a", "b"]),
            await self.twitter_request("/not-signed"),
        ]
        self.finish(json.dumps(results))


def test_requests(world, at):
    async def check(browser, provider):
        response = await browser.get("/")
        assert response.code == 200, response.text
        results = json_decode(response.body)
        assert [(r["method"], r["path"], r["args"]) for r in results] == [
            ("GET", "statuses/show.json", {"id": ["7"], "q": ["a b&ü"]}),
            ("POST", "statuses/update.json", {"status": ["x y"]}),
            ("GET", "whole", {"p": ["1"]}),
            ("GET", "list.json", {"name": ["a", "b"]}),
            ("GET", "not-signed.json", {}),
        ]

    world(lambda p: [("/", at.oauth1(p, Ask))], check)


def test_cancelled(world, at):
    class Impatient(web.RequestHandler, auth.TwitterMixin):
        async def get(self):
            future = self.authorize_redirect()
            future.cancel()
            self.finish(str(future.cancelled()))

    async def check(browser, provider):
        assert (await browser.get("/login")).text in ("True", "False")

    world(lambda p: [("/login", at.oauth1(p, Impatient))], check)
