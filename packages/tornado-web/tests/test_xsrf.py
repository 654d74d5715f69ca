"""Requests that another site made a browser send."""

import binascii
import re

import pytest

from tornado import web
from tornado.web import Application, RequestHandler


class Form(RequestHandler):
    def get(self):
        self.write(self.xsrf_token)

    def post(self):
        self.write("accepted")

    put = patch = delete = options = post


ROUTES = [("/", Form)]


def application(**settings):
    return Application(ROUTES, xsrf_cookies=True, **settings)


def token_and_cookie(fetch, app, headers=None):
    answer = fetch(app, headers=headers)
    return answer.text, answer.headers.get("Set-Cookie", "").split(";")[0]


@pytest.fixture
def app():
    return application()


def test_refused_without(fetch, app, caplog):
    assert fetch(app, "/", "POST", body="").code == 403
    assert "'_xsrf' argument missing from POST" in caplog.text


@pytest.mark.parametrize("place", ["body", "query", "X-XSRFToken", "X-CSRFToken"])
def test_accepted(fetch, app, place):
    token, cookie = token_and_cookie(fetch, app)
    headers = {"Cookie": cookie}
    path, body = "/", ""
    if place == "body":
        body = "_xsrf=" + token.replace("|", "%7C")
    elif place == "query":
        path = "/?_xsrf=" + token.replace("|", "%7C")
    else:
        headers[place] = token
    assert fetch(app, path, "POST", headers, body).body == b"accepted"
    # The token alone is worth nothing.
    del headers["Cookie"]
    assert fetch(app, path, "POST", headers, body).code == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_methods_that_change_something(fetch, app, method):
    assert fetch(app, "/", method, body="").code == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_methods_that_do_not(fetch, app, method):
    assert fetch(app, "/", method).code == 200


def test_no_exception_for_scripts(fetch, app):
    assert fetch(app, "/", "POST", {"X-Requested-With": "XMLHttpRequest"}, "").code == 403


def test_tokens_of_others(fetch, app):
    token, _ = token_and_cookie(fetch, app)
    _, cookie = token_and_cookie(fetch, app)
    assert fetch(app, "/", "POST", {"Cookie": cookie, "X-XSRFToken": token}, "").code == 403


def test_the_text_differs_each_time(fetch, app):
    first, cookie = token_and_cookie(fetch, app)
    tokens = {token_and_cookie(fetch, app, {"Cookie": cookie})[0] for _ in range(5)}
    assert len(tokens | {first}) == 6
    for token in tokens:
        assert re.fullmatch(r"2\|[0-9a-f]{8}\|[0-9a-f]{32}\|[0-9]+", token)
        assert fetch(app, "/", "POST", {"Cookie": cookie, "X-XSRFToken": token}, "").code == 200


def test_the_cookie_is_set_once(fetch, app):
    _, cookie = token_and_cookie(fetch, app)
    assert "Set-Cookie" not in fetch(app, headers={"Cookie": cookie}).headers


@pytest.mark.parametrize(
    "token",
    [
        "",
        "2|",
        "2|x",
        "2|00|00|0",
        "2|00000000||1",
        "2|0000000g|00|1",
        "3|x",
        "2|00000000|00|x",
        "2|a|b|c|d",
    ],
)
def test_malformed_tokens(fetch, app, token):
    _, cookie = token_and_cookie(fetch, app)
    assert fetch(app, "/", "POST", {"Cookie": cookie, "X-XSRFToken": token}, "").code == 403
    # As a cookie such a text is as good as none; against itself, too, if there is no token in it.
    same = fetch(app, "/", "POST", {"Cookie": f'_xsrf="{token}"', "X-XSRFToken": token}, "")
    assert same.code == 403


def test_an_empty_token_matches_nothing(fetch, app):
    headers = {"Cookie": "_xsrf=2|00000000||1", "X-XSRFToken": "2|00000000||1"}
    assert fetch(app, "/", "POST", headers, "").code == 403


class TestVersions:
    def test_version_1(self, fetch):
        old = application(xsrf_cookie_version=1)
        token, cookie = token_and_cookie(fetch, old)
        assert re.fullmatch("[0-9a-f]{32}", token)
        assert fetch(old, "/", "POST", {"Cookie": cookie, "X-XSRFToken": token}, "").code == 200

    def test_between_versions(self, fetch, app):
        old = application(xsrf_cookie_version=1)
        old_token, old_cookie = token_and_cookie(fetch, old)
        new_token, _ = token_and_cookie(fetch, app, {"Cookie": old_cookie})
        assert new_token.startswith("2|")
        for target in (old, app):
            for token in (old_token, new_token):
                headers = {"Cookie": old_cookie, "X-XSRFToken": token}
                assert fetch(target, "/", "POST", headers, "").code == 200

    def test_other_alphabets(self, fetch, app):
        """Tokens were UUIDs once; any text is a token of version 1."""
        headers = {"Cookie": "_xsrf=some-old-token", "X-XSRFToken": "some-old-token"}
        assert fetch(app, "/", "POST", headers, "").code == 200

    def test_unknown(self, memory):
        assert memory.request(application(xsrf_cookie_version=3)).status == 500


def test_form_html(memory, app):
    class Html(RequestHandler):
        def get(self):
            self.write(self.xsrf_form_html())

    body = memory.request(Application([("/", Html)])).body.decode()
    assert re.fullmatch(r'<input type="hidden" name="_xsrf" value="2\|[0-9a-f|]+"/>', body)


def test_cookie_settings(memory):
    app = application(
        xsrf_cookie_kwargs={"httponly": True, "samesite": "Lax"}, xsrf_cookie_name="__Host-x"
    )
    line = memory.request(app).headers["Set-Cookie"]
    assert line.startswith("__Host-x=")
    assert "HttpOnly" in line
    assert "SameSite=Lax" in line


def test_cookie_of_a_known_user_stays(memory):
    class Known(Form):
        def get_current_user(self):
            return "somebody"

    app = Application([("/", Known)], xsrf_cookies=True)
    assert "expires=" in memory.request(app).headers["Set-Cookie"]
    assert "expires=" not in memory.request(application()).headers["Set-Cookie"]


def test_per_handler_override(fetch):
    class Api(RequestHandler):
        def check_xsrf_cookie(self):
            pass

        def post(self):
            self.write("accepted")

    assert (
        fetch(Application([("/", Api)], xsrf_cookies=True), "/", "POST", body="").body
        == b"accepted"
    )


def test_missing_pages_are_missing(fetch, app):
    assert fetch(app, "/none", "POST", body="").code == 404


def test_token_is_bytes_and_kept(memory):
    class Handler(RequestHandler):
        def get(self):
            assert not hasattr(self, "_xsrf_token")
            token = self.xsrf_token
            assert isinstance(token, bytes)
            assert self.xsrf_token is token
            assert self._xsrf_token is token
            version, raw, _ = self._decode_xsrf_token(token)
            assert (version, raw) == (2, self._get_raw_xsrf_token()[1])
            assert self._decode_xsrf_token(binascii.b2a_hex(raw))[:2] == (1, raw)
            assert self._decode_xsrf_token("2|zz") == (None, None, None)
            self.write("fine")

    assert memory.request(Application([("/", Handler)])).body == b"fine"


HOST = {"Host": "example.com"}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "something"}, 403),
        ({"Origin": "http://example.com"}, 200),
        ({"Origin": "https://example.com"}, 200),
        ({"Origin": "https://EXAMPLE.com"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://example.com:81"}, 403),
        ({"Origin": "http://example.com.evil.example"}, 403),
        ({"Origin": "http://[bad"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "https://good.example"}, 200),
        ({"Origin": "https://good.example", "Sec-Fetch-Site": "cross-site"}, 200),
        ({"Origin": "http://example.com", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_cross_origin_protection(fetch, headers, code):
    app = Application(
        ROUTES, cross_origin_protection=True, trusted_origins=["https://good.example"]
    )
    assert fetch(app, "/", "POST", HOST | headers, "").code == code
    assert fetch(app, "/", "GET", HOST | headers).code == 200


def test_check_trusted_origin_override(fetch):
    asked = []

    class Choosy(Form):
        def check_trusted_origin(self, origin):
            asked.append(origin)
            return origin.endswith(".example")

    app = Application([("/", Choosy)], cross_origin_protection=True)
    assert fetch(app, "/", "POST", HOST | {"Origin": "http://a.example"}, "").code == 200
    assert fetch(app, "/", "POST", HOST | {"Origin": "http://a.test"}, "").code == 403
    assert asked == ["http://a.example", "http://a.test"]


def test_both_protections(fetch):
    app = Application(ROUTES, cross_origin_protection=True, xsrf_cookies=True)
    token, cookie = token_and_cookie(fetch, app)
    good = {"Cookie": cookie, "X-XSRFToken": token}
    assert fetch(app, "/", "POST", good, "").code == 200
    assert fetch(app, "/", "POST", good | {"Sec-Fetch-Site": "cross-site"}, "").code == 403
    assert fetch(app, "/", "POST", {"Sec-Fetch-Site": "same-origin"}, "").code == 403


def test_missing_pages_are_missing_from_everywhere(fetch):
    app = Application(ROUTES, cross_origin_protection=True)
    assert fetch(app, "/none", "POST", {"Sec-Fetch-Site": "cross-site"}, "").code == 404
    assert web.ErrorHandler.check_trusted_origin(None, "http://x") is True
