"""OAuth 2.0 over HTTP: state, PKCE, the codes' exchange, and the answers that are refused."""

import asyncio
import json

import pytest

from tornado import auth, web
from tornado.escape import json_decode


class Google(web.RequestHandler, auth.GoogleOAuth2Mixin):
    extra = None

    async def get(self):
        if self.get_argument("code", None) or self.get_argument("error", None):
            try:
                access = await self.get_authenticated_user("/login", self.get_argument("code", ""))
            except auth.AuthError as error:
                self.set_status(403)
                self.finish(f"{type(error).__name__}: {error}")
                return
            self.finish(access)
        else:
            await self.authorize_redirect(
                redirect_uri="/login", client_id="client-id", extra_params=self.extra
            )


class OwnState(Google):
    extra = {"state": "the application's own"}


class GitHub(web.RequestHandler, auth.GitHubMixin):
    async def get(self):
        if self.get_argument("code", None):
            self.finish(await self.get_authenticated_user("/login", self.get_argument("code")))
        else:
            self.authorize_redirect("/login", "client-id", scope=["read:user"])


class Graph(web.RequestHandler, auth.FacebookGraphMixin):
    async def get(self):
        if self.get_argument("code", None):
            user = await self.get_authenticated_user(
                "/login", "client-id", "client secret+1", self.get_argument("code"), {"birthday"}
            )
            self.finish(user)
        else:
            self.authorize_redirect("/login", "client-id")


@pytest.fixture
def login(world, at):
    """Change the answer on its way back with ``change(args)``, and return the application's response."""

    def run(change=lambda args: args, handler=Google, **settings):
        async def check(browser, provider):
            provider.tamper = change
            return await browser.get("/login")

        return world(lambda p: [("/login", at.oauth2(p, handler))], check, **settings)

    return run


@pytest.mark.parametrize("handler", [Google, OwnState])
def test_logged_in(login, handler):
    response = login(handler=handler)
    assert response.code == 200, response.text
    assert json_decode(response.body)["access_token"] == "token-1"


def test_request_carries_state_and_challenge(world, at, query_of):
    async def check(browser, provider):
        out = await browser.get("/login", redirects=0)
        asked = query_of(out.headers["Location"])
        assert asked["redirect_uri"] == browser.home + "/login"
        assert asked["response_type"] == "code"
        assert len(asked["state"]) == 43
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["code_challenge"]) == 43
        # What the cookie holds is none of what is sent.
        cookie = browser.cookies["_auth_flows"]
        assert not {asked["state"], asked["code_challenge"]} & {cookie}

    world(lambda p: [("/login", at.oauth2(p, Google))], check)


@pytest.mark.parametrize("handler", [Google, OwnState])
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda args: {"code": args["code"]}, "the response has no state"),
        (lambda args: {**args, "state": ""}, "the response has no state"),
        (lambda args: {**args, "state": "x" * 43}, "no login that this browser began"),
        (lambda args: [*args.items(), ("state", "x")], "2 arguments 'state'"),
        (lambda args: [*args.items(), ("code", "x")], "2 arguments 'code'"),
        (lambda args: {**args, "error": "access_denied"}, "the error 'access_denied'"),
        (lambda args: {**args, "code": "made up"}, "HTTP 400"),
    ],
)
def test_refused(login, handler, change, reason):
    response = login(change, handler)
    assert response.code == 403
    assert reason in response.text


def test_replayed_code(world, at):
    async def check(browser, provider):
        answer = await browser.answer_to("/login")
        cookies = dict(browser.cookies)
        assert (await browser.get(answer)).code == 200
        again = await browser.get(answer)
        assert again.code == 403
        assert "no login that this browser began" in again.text
        # A browser that keeps its cookie gets as far as the provider, which refuses.
        browser.cookies = cookies
        again = await browser.get(answer)
        assert again.code == 403
        assert "HTTP 400" in again.text

    world(lambda p: [("/login", at.oauth2(p, Google))], check)


def test_a_login_whose_exchange_failed_can_be_repeated(world, at):
    async def check(browser, provider):
        answer = await browser.answer_to("/login")
        provider.fail["/token"] = 500
        for _ in range(2):
            assert "Error response HTTP 500" in (await browser.get(answer)).text
        del provider.fail["/token"]
        assert (await browser.get(answer)).code == 200
        assert "no login that this browser began" in (await browser.get(answer)).text

    world(lambda p: [("/login", at.oauth2(p, Google))], check)


@pytest.mark.parametrize(
    ("content", "accepted"),
    [
        (b'{"access_token": "AT", "error": null}', True),
        (b'{"access_token": "AT", "error": ""}', True),
        (b"access_token=AT&error=", True),
        (b'{"access_token": "AT", "error": "denied"}', False),
        (b"access_token=AT&error=denied", False),
        (b'{"access_token": null}', False),
        (b'{"access_token": "", "error": null}', False),
    ],
)
def test_empty_members_of_a_token_answer_count_as_absent(content, accepted):
    from io import BytesIO

    from tornado._auth.fetching import token_of
    from tornado.httpclient import HTTPRequest, HTTPResponse

    response = HTTPResponse(HTTPRequest("http://a/token"), 200, buffer=BytesIO(content))
    if accepted:
        assert token_of(response)["access_token"] == "AT"
    else:
        with pytest.raises(auth.AuthError):
            token_of(response)


def test_an_empty_error_in_the_answer_is_none(login):
    assert login(lambda args: {**args, "error": ""}).code == 200


def test_the_answer_of_another_browser(world, at):
    async def check(browser, provider):
        answer = await browser.answer_to("/login")
        browser.cookies.clear()
        response = await browser.get(answer)
        assert response.code == 403
        await browser.get("/login", redirects=0)
        response = await browser.get(answer)
        assert response.code == 403
        assert "no login that this browser began" in response.text

    world(lambda p: [("/login", at.oauth2(p, Google))], check)


def test_the_answer_of_another_provider(world, at):
    async def check(browser, provider):
        answer = await browser.answer_to("/login")
        response = await browser.get(answer.replace("/login?", "/other?"))
        assert response.code == 403
        assert "no login that this browser began" in response.text

    def routes(p):
        other = at.oauth2(p, Google, _OAUTH_AUTHORIZE_URL=p.base("/authorize2"))
        return [("/login", at.oauth2(p, Google)), ("/other", other)]

    world(routes, check)


def test_a_stolen_code_lacks_its_verifier(world, at):
    """A code of the victim's login, put into the attacker's."""

    async def check(browser, provider):
        stolen = next(iter(await codes(browser, provider)))
        browser.cookies.clear()
        provider.tamper = lambda args: {**args, "code": stolen}
        response = await browser.get("/login")
        assert response.code == 403
        assert "HTTP 400" in response.text

    async def codes(browser, provider):
        await browser.answer_to("/login")
        return list(provider.codes)

    world(lambda p: [("/login", at.oauth2(p, Google))], check)


def test_two_tabs(world, at):
    async def check(browser, provider):
        first = await browser.answer_to("/login")
        second = await browser.answer_to("/login")
        assert (await browser.get(first)).code == 200
        assert (await browser.get(second)).code == 200
        assert "_auth_flows" not in browser.cookies

    world(lambda p: [("/login", at.oauth2(p, Google))], check)


def test_applications_that_began_otherwise(world, at):
    """A link made by hand, without state: as long as there is no session to take over, or on demand."""

    async def check(browser, provider):
        asked = f"client_id=client-id&redirect_uri={browser.home}/login"
        sent = await browser.get(provider.base("/authorize?" + asked), redirects=0)
        return (await browser.get(sent.headers["Location"])).code

    def routes(**more):
        return lambda p: [("/login", at.oauth2(p, Google, **more))]

    assert world(routes(), check) == 403
    assert world(routes(_OAUTH_STATE_REQUIRED=False), check) == 200
    assert world(routes(), check, cookie_secret=None) == 200
    assert world(routes(_OAUTH_STATE_REQUIRED=True), check, cookie_secret=None) == 403


def test_wrong_state_is_refused_without_secret_too(login):
    response = login(lambda args: {**args, "state": "x"}, cookie_secret=None)
    assert response.code == 403
    response = login(lambda args: {"code": args["code"]}, cookie_secret=None)
    assert response.code == 403


def test_github(login):
    user = json_decode(login(handler=GitHub).body)
    assert user["login"] == "bret"
    assert user["access_token"] == "token-1"


def test_facebook_asks_for_more_fields(login):
    user = json_decode(login(handler=Graph).body)
    assert user["birthday"] is None
    assert user["name"] == "Bret T"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"access_token": ""}, "no access token"),
        ({"access_token": 7}, "no access token"),
        ({"error": "bad_verification_code"}, "the error 'bad_verification_code'"),
    ],
)
def test_token_endpoint_that_answers_nonsense(world, at, answer, reason):
    async def check(browser, provider):
        provider.token_answer = answer
        response = await browser.get("/login")
        assert response.code == 403
        assert reason in response.text

    world(lambda p: [("/login", at.oauth2(p, Google))], check)


def test_provider_that_is_not_there(world, at):
    async def check(browser, provider):
        response = await browser.get("/login")
        assert response.code == 403
        assert "fetching http://127.0.0.1:1/token" in response.text
        assert "Error response HTTP 599: " in response.text
        assert "client secret" not in response.text

    def routes(p):
        return [
            ("/login", at.oauth2(p, Google, _OAUTH_ACCESS_TOKEN_URL="http://127.0.0.1:1/token"))
        ]

    world(routes, check)


class Ask(web.RequestHandler, auth.GoogleOAuth2Mixin, auth.FacebookGraphMixin):
    async def get(self):
        url = self._OAUTH_USERINFO_URL
        results = [
            await self.oauth2_request(url, access_token="token-1", a="1"),
            await self.oauth2_request(url, "token-1", {"b": "2"}),
            await self.facebook_request("/x", "token-1", {"b": "2"}, c="3"),
            await self.facebook_request("/x", None, "token-1"),
        ]
        with pytest.raises(auth.AuthError) as caught:
            await self.oauth2_request(url, access_token="wrong")
        results.append([caught.value.code, str(caught.value).count("wrong access")])
        self.finish(json.dumps(results))


def test_requests_in_every_order_of_arguments(world, at):
    async def check(browser, provider):
        results = json_decode((await browser.get("/")).body)
        assert results.pop() == [401, 0]
        assert [r["method"] for r in results] == ["GET", "POST", "POST", "GET"]
        assert [r["args"] for r in results] == [
            {"a": ["1"]},
            {"b": ["2"]},
            {"b": ["2"], "c": ["3"]},
            {},
        ]

    world(lambda p: [("/", at.oauth2(p, Ask))], check)


class _Provider:
    """An HTTP client whose server returns a token, or a user, for whatever is asked."""

    def __init__(self):
        self.asked = []

    async def fetch(self, request, **kwargs):
        from io import BytesIO

        from tornado.httpclient import HTTPRequest, HTTPResponse

        url = getattr(request, "url", request)
        self.asked.append((url, getattr(request, "body", None) or kwargs.get("body")))
        content = b'{"access_token": "AT", "expires_in": 60, "id": "1"}'
        return HTTPResponse(HTTPRequest(url), 200, buffer=BytesIO(content))


def _outside(mixin, **attributes):
    provider = _Provider()

    class Outside(mixin):
        settings = {
            "google_oauth": {"key": "K", "secret": "S"},
            "github_oauth": {"key": "K", "secret": "S"},
        }

        def require_setting(self, name, feature):
            assert name in self.settings

        def get_auth_http_client(self):
            return provider

    for name, value in attributes.items():
        setattr(Outside, name, value)
    return Outside(), provider


@pytest.mark.parametrize(
    ("mixin", "arguments"),
    [
        (auth.GoogleOAuth2Mixin, {}),
        (auth.GitHubMixin, {}),
        (auth.FacebookGraphMixin, {"client_id": "K", "client_secret": "S"}),
    ],
)
def test_a_code_is_exchanged_outside_of_handlers(mixin, arguments):
    """Command-line tools and tests use the mixins on objects that have no request."""
    user, provider = _outside(mixin)
    result = asyncio.run(
        _awaited(lambda: user.get_authenticated_user("http://app/login", code="C", **arguments))
    )
    assert result["access_token"] == "AT"
    assert "C" in str(provider.asked[0])


def test_a_state_that_must_be_checked_needs_a_handler():
    user, provider = _outside(auth.GoogleOAuth2Mixin, _OAUTH_STATE_REQUIRED=True)
    with pytest.raises(auth.AuthResponseError, match="in a handler only"):
        asyncio.run(_awaited(lambda: user.get_authenticated_user("http://app/login", "C")))
    assert provider.asked == []


async def _awaited(call):
    return await call()
