"""OpenID over HTTP: what is believed, and every way to forge an answer that is not."""

import json
import time
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import pytest

from tornado import auth, web
from tornado._auth.openid_response import Nonces

AX = "http://openid.net/srv/ax/1.0"


class Handler(web.RequestHandler, auth.OpenIdMixin):
    async def get(self):
        if self.get_argument("openid.mode", None):
            try:
                user = await self.get_authenticated_user()
            except auth.AuthError as error:
                self.set_status(403)
                self.finish(f"{type(error).__name__}: {error}")
                return
            self.finish(user)
        else:
            result = self.authenticate_redirect(ax_attrs=self.get_arguments("ax"))
            assert result is None


class Hybrid(web.RequestHandler, auth.GoogleMixin):
    async def get(self):
        if self.get_argument("openid.mode", None):
            self.finish(await self.get_authenticated_user())
        else:
            self.authorize_redirect("http://www.google.com/m8/feeds/")


@pytest.fixture
def login(world, at):
    """Change the provider's answer on its way back, and return the application's response."""

    def run(change, **settings):
        async def check(browser, provider):
            answer = await browser.answer_to("/login?ax=email&ax=name")
            parts = urlsplit(answer)
            fields = change(parse_qsl(parts.query, keep_blank_values=True))
            return await browser.get(urlunsplit(parts._replace(query=urlencode(fields))))

        return world(lambda p: [("/login", at.openid(p, Handler))], check, **settings)

    return run


def test_only_what_was_asked_for(login):
    response = login(lambda fields: fields)
    assert response.code == 200
    assert sorted(auth_user(response)) == ["claimed_id", "email", "first_name", "last_name", "name"]


def auth_user(response):
    return json.loads(response.body)


def replaced(name, value):
    return lambda fields: [(n, value if n == name else v) for n, v in fields]


def without(name):
    return lambda fields: [(n, v) for n, v in fields if n != name]


def added(*more):
    return lambda fields: [*fields, *more]


def unsigned(*names):
    def change(fields):
        return [
            (n, ",".join(x for x in v.split(",") if x not in names) if n == "openid.signed" else v)
            for n, v in fields
        ]

    return change


def swapped_namespace(fields):
    """The signed extension loses its meaning to one that is not signed."""
    changed = replaced("openid.ns.ext1", "http://example.com/other")(fields)
    return [
        *changed,
        ("openid.ns.evil", AX),
        ("openid.evil.type.email", "http://axschema.org/contact/email"),
        ("openid.evil.value.email", "eve@example.com"),
    ]


def added_namespace(fields):
    return [
        *fields,
        ("openid.ns.evil", AX),
        ("openid.evil.type.email", "http://axschema.org/contact/email"),
        ("openid.evil.value.email", "eve@example.com"),
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (replaced("openid.ext1.value.email", "eve@example.com"), "did not confirm the signature"),
        (replaced("openid.claimed_id", "http://eve/"), "did not confirm the signature"),
        (
            replaced("openid.ext1.type.firstname", "http://axschema.org/contact/email"),
            "did not confirm the signature",
        ),
        (swapped_namespace, "not signed: "),
        (added_namespace, "not signed: "),
        (unsigned("ext1.value.email"), "not signed: ext1.value.email"),
        (unsigned("ns.ext1"), "not signed: ns.ext1"),
        (unsigned("return_to"), "not signed: return_to"),
        (unsigned("claimed_id", "identity"), "not signed: claimed_id, identity"),
        (unsigned("response_nonce"), "not signed: response_nonce"),
        (added(("openid.claimed_id", "http://eve/")), "2 fields 'openid.claimed_id'"),
        (added(("openid.mode", "id_res")), "2 fields 'openid.mode'"),
        (added(("login_state", "x")), "2 arguments 'login_state'"),
        (replaced("openid.mode", "cancel"), "openid.mode is 'cancel'"),
        (replaced("openid.mode", "setup_needed"), "openid.mode is 'setup_needed'"),
        (replaced("openid.ns", "http://openid.net/signon/1.1"), "openid.ns is"),
        (without("openid.ns"), "openid.ns is None"),
        (without("openid.sig"), "no signature"),
        (without("openid.signed"), "signed"),
        (without("openid.return_to"), "no openid.return_to"),
        (without("openid.identity"), "only come together"),
        (without("openid.ext1.value.email"), "signed but missing"),
        (replaced("openid.op_endpoint", "http://eve/openid"), "openid.op_endpoint is"),
        (replaced("openid.return_to", "http://eve/login"), "no login that this browser began"),
        (replaced("openid.response_nonce", "2012-01-01T00:00:00Zabc"), "s old"),
        (replaced("openid.response_nonce", "2999-01-01T00:00:00Zabc"), "s old"),
        (replaced("openid.response_nonce", "2012-99-01T00:00:00Zabc"), "malformed"),
        (replaced("openid.response_nonce", "nonce"), "malformed"),
        (replaced("login_state", "x" * 43), "no login that this browser began"),
        (without("login_state"), "the response has no state"),
        (without("ax"), "another argument 'ax'"),
    ],
)
def test_refused(login, change, reason):
    response = login(change)
    assert response.code == 403
    assert reason in response.text


def test_a_field_that_is_not_text(world, at):
    async def check(browser, provider):
        answer = await browser.answer_to("/login?ax=email")
        response = await browser.get(answer.replace("bret%40example", "%FF%FE"))
        assert response.code == 403
        assert "is not UTF-8" in response.text

    world(lambda p: [("/login", at.openid(p, Handler))], check)


def test_replayed(world, at):
    """The same answer again: in the same browser, in one without the login, and where no state is needed."""

    async def check(browser, provider):
        answer = await browser.answer_to("/login")
        cookies = dict(browser.cookies)
        assert (await browser.get(answer)).code == 200
        again = await browser.get(answer)
        assert again.code == 403
        assert "no login that this browser began" in again.text
        browser.cookies = cookies
        provider.openid_nonces.clear()
        again = await browser.get(answer)
        assert again.code == 403
        assert "used before" in again.text

    world(lambda p: [("/login", at.openid(p, Handler))], check)


def test_the_answer_of_another_browser(world, at):
    async def check(browser, provider):
        answer = await browser.answer_to("/login")
        browser.cookies.clear()
        response = await browser.get(answer)
        assert response.code == 403
        assert "no login that this browser began" in response.text

    world(lambda p: [("/login", at.openid(p, Handler))], check)


def test_an_answer_that_came_to_another_page(world, at):
    async def check(browser, provider):
        answer = await browser.answer_to("/login")
        response = await browser.get(answer.replace("/login?", "/other?"))
        assert response.code == 403
        assert "sent elsewhere" in response.text

    def routes(p):
        handler = at.openid(p, Handler)
        return [("/login", handler), ("/other", handler)]

    world(routes, check)


def test_without_state_the_whole_address_counts(world, at):
    async def check(browser, provider):
        host = urlsplit(browser.home).netloc
        for return_to, code in [(f"http://{host}/login", 200), ("http://eve.example/login", 403)]:
            asked = {
                "openid.mode": "checkid_setup",
                "openid.return_to": return_to,
                "openid.realm": return_to,
            }
            target = provider.base("/openid?") + urlencode(asked)
            sent = await browser.get(target, redirects=0)
            answer = sent.headers["Location"].replace("http://eve.example", f"http://{host}")
            # What is inside of openid.return_to stays as it was signed.
            answer = answer.replace(
                quote(f"http://{host}", safe=""), quote(return_to[:-6], safe="")
            )
            response = await browser.get(answer)
            assert response.code == code, response.text

    def routes(p):
        return [("/login", at.openid(p, Handler, _OPENID_STATE_REQUIRED=False))]

    world(routes, check)


def test_provider_that_fails(world, at):
    async def check(browser, provider):
        answer = await browser.answer_to("/login")
        provider.fail["/openid"] = 503
        response = await browser.get(answer)
        assert response.code == 403
        assert response.text.startswith(
            "AuthRequestError: Error response HTTP 503: Service Unavailable fetching http://127.0.0.1:"
        )
        # A reload may try again, until the provider has accepted the answer once.
        del provider.fail["/openid"]
        assert (await browser.get(answer)).code == 200
        assert (await browser.get(answer)).code == 403

    world(lambda p: [("/login", at.openid(p, Handler))], check)


def test_request_says_realm_and_attributes(world, at, query_of):
    async def check(browser, provider):
        out = await browser.get("/login?ax=name", redirects=0)
        asked = query_of(out.headers["Location"])
        assert asked["openid.realm"] == browser.home + "/"
        assert asked["openid.return_to"].startswith(browser.home + "/login?ax=name&login_state=")
        assert asked["openid.ax.required"] == "firstname,fullname,lastname"
        cookie = out.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie

    world(lambda p: [("/login", at.openid(p, Handler))], check)


def test_hybrid(world, at):
    async def check(browser, provider):
        user = auth_user(await browser.get("/login"))
        assert user["email"] == "bret@example.com"
        assert user["access_token"] == {"key": "access-key", "secret": "s"}

    def routes(p):
        token_url = p.base("/oauth1/google_token")
        return [("/login", at.openid(p, Hybrid, _OAUTH_ACCESS_TOKEN_URL=token_url))]

    world(routes, check)


def test_nonces_are_forgotten_in_time():
    nonces = Nonces()
    now = time.time() // 1

    def stamp(at):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)) + "x"

    nonces.take("op", stamp(now), now)
    with pytest.raises(auth.AuthResponseError, match="used before"):
        nonces.take("op", stamp(now), now + 299)
    nonces.take("another op", stamp(now), now)
    nonces.take("op", stamp(now + 900), now + 900)
    assert list(nonces._seen) == [("op", stamp(now + 900))]
