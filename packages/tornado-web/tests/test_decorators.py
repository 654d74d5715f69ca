"""Slashes, logins, and what decorators leave of their methods."""

import pytest

from tornado.web import (
    Application,
    RequestHandler,
    addslash,
    asynchronous,
    authenticated,
    removeslash,
)


class Without(RequestHandler):
    @removeslash
    def get(self, *args):
        self.write("without")

    post = head = get


class With(RequestHandler):
    @addslash
    def get(self, *args):
        self.write("with")

    post = head = get


ROUTES = [("/without/*", Without), ("/with/?", With), ("/", Without), ("/evil(.*)/", Without)]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/without/", "/without"),
        ("/without///", "/without"),
        ("/without/?a=b&c", "/without?a=b&c"),
        ("/with", "/with/"),
        ("/with?foo=bar", "/with/?foo=bar"),
    ],
)
def test_redirects(fetch, path, location):
    for method in ("GET", "HEAD"):
        answer = fetch(ROUTES, path, method)
        assert (answer.code, answer.headers["Location"]) == (301, location)
    assert fetch(ROUTES, path, "POST", body="").code == 404


@pytest.mark.parametrize(
    ("path", "body"), [("/without", b"without"), ("/with/", b"with"), ("/", b"without")]
)
def test_no_redirects(fetch, path, body):
    assert fetch(ROUTES, path).body == body
    assert fetch(ROUTES, path, "POST", body="").body == body


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "///evil.example",
        "\\\\evil.example",
        "http:evil.example",
    ],
)
def test_slashes_lead_to_no_other_host(fetch, path):
    for routes, suffix in (([("(.*)", Without)], "/"), ([("(.*)", With)], "")):
        answer = fetch(routes, path + suffix)
        assert answer.code in (400, 403)
        assert "Location" not in answer.headers


def test_encoded_slashes_stay_encoded(fetch):
    answer = fetch([("(.*)", With)], "/%2Fevil.example")
    assert (answer.code, answer.headers["Location"]) == (301, "/%2Fevil.example/")


class Private(RequestHandler):
    def get_current_user(self):
        return self.get_argument("user", None)

    @authenticated
    def get(self):
        self.write("hello " + self.current_user)

    post = head = get

    @authenticated
    async def put(self):
        self.write("put")


def private(**settings):
    return Application([("/private", Private)], **settings)


@pytest.mark.parametrize(
    ("login_url", "location"),
    [
        ("/login", "/login?next=%2Fprivate%3Fx%3D1"),
        ("/login?how=fast", "/login?how=fast"),
        (
            "http://sso.example/login",
            "http://sso.example/login?next=http%3A%2F%2Fhere.example%2Fprivate%3Fx%3D1",
        ),
    ],
)
def test_authenticated(fetch, login_url, location):
    app = private(login_url=login_url)
    for method in ("GET", "HEAD"):
        answer = fetch(app, "/private?x=1", method, {"Host": "here.example"})
        assert (answer.code, answer.headers["Location"]) == (302, location)
    assert fetch(app, "/private", "POST", body="").code == 403
    assert fetch(app, "/private", "PUT", body="").code == 403
    assert fetch(app, "/private?user=me").body == b"hello me"
    assert fetch(app, "/private?user=me", "PUT", body="").body == b"put"


def test_authenticated_without_a_login_url(fetch, caplog):
    assert fetch(private(), "/private").code == 500
    assert "You must define the 'login_url' setting" in caplog.text


def test_get_login_url_override(fetch):
    class Own(Private):
        def get_login_url(self):
            return "/own"

    assert fetch([("/p", Own)], "/p").headers["Location"] == "/own?next=%2Fp"


@pytest.mark.parametrize("decorator", [removeslash, addslash, authenticated, asynchronous])
def test_methods_keep_their_names(decorator):
    def get(self):
        """What it does."""

    wrapped = decorator(get)
    assert (wrapped.__name__, wrapped.__doc__, wrapped.__wrapped__) == ("get", "What it does.", get)


def test_asynchronous_has_no_place_in_wsgi(memory, caplog):
    class Handler(RequestHandler):
        @asynchronous
        def get(self):
            pass

    assert memory.request(Application([("/", Handler)], wsgi=True)).status == 500
    assert "@asynchronous is not supported for WSGI apps" in caplog.text
