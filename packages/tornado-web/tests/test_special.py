"""ErrorHandler, RedirectHandler, FallbackHandler, and where redirects may lead."""

import pytest

from tornado.web import (
    Application,
    ErrorHandler,
    FallbackHandler,
    RedirectHandler,
    RequestHandler,
    url,
)


def test_error_handler(fetch):
    assert fetch([("/", ErrorHandler, {"status_code": 410})]).code == 410
    assert fetch([("/", ErrorHandler, {"status_code": 410})], "/", "POST", body="").code == 410


@pytest.mark.parametrize(
    ("kwargs", "path", "code", "location"),
    [
        ({"url": "/dst"}, "/src", 301, "/dst"),
        ({"url": "/dst", "permanent": False}, "/src", 302, "/dst"),
        ({"url": "http://x.org/a.tar.gz"}, "/src", 301, "http://x.org/a.tar.gz"),
        ({"url": "/dst"}, "/src?a=b&a=&c=%C3%A9", 301, "/dst?a=b&a=&c=%C3%A9"),
        ({"url": "/dst?x=1"}, "/src?a=b", 301, "/dst?x=1&a=b"),
        ({"url": "https://x.org/"}, "/src?a=b", 301, "https://x.org/?a=b"),
    ],
)
def test_redirect_handler(fetch, kwargs, path, code, location):
    answer = fetch([("/src", RedirectHandler, kwargs)], path)
    assert (answer.code, answer.headers["Location"]) == (code, location)


def test_redirect_handler_fields(fetch):
    routes = [
        (r"/(.*?)/(.*?)/foo", RedirectHandler, {"url": "/{1}/{0}/bar"}),
        (r"/named/(?P<page>.*)", RedirectHandler, {"url": "/pages/{page}"}),
    ]
    assert fetch(routes, "/a/b/foo").headers["Location"] == "/b/a/bar"
    assert fetch(routes, "/named/x").headers["Location"] == "/pages/x"


@pytest.mark.parametrize(
    ("template", "group", "location"),
    [
        ("/{0}", "/evil.example", None),
        ("/{0}", "%5Cevil.example", None),
        ("/{0}", "%2Fevil.example", None),
        ("/{0}", "%09/evil.example", None),
        ("/{0}", "x//evil.example", "/x//evil.example"),
        ("{0}", "http://evil.example/", None),
        ("{0}", "http:evil.example", None),
        ("{0}", "HTTPS:/evil.example", None),
        ("{0}", "/evil.example", "/evil.example"),
        ("{0}", "//evil.example", None),
        ("{0}", "%5C%5Cevil.example", None),
        ("{0}", "%20//evil.example", None),
        ("{0}", "javascript:alert(1)", None),
        ("{0}", "x", "x"),
        ("//{0}/x", "evil.example", None),
        ("https://good.example{0}", ".evil.example", None),
        ("https://good.example{0}", "@evil.example", None),
        ("https://good.example{0}", ":81", None),
        ("https://good.example{0}", "/x", "https://good.example/x"),
        ("https://good.example/{0}", "/x", "https://good.example//x"),
        ("https://{0}.good.example/", "evil.example%2F", None),
        ("https://{0}.good.example/", "evil.example%23", None),
        ("https://{0}.good.example/", "evil.example%5C", None),
    ],
)
def test_redirects_stay_on_their_host(fetch, template, group, location):
    answer = fetch([("/r/(.*)", RedirectHandler, {"url": template})], "/r/" + group)
    if location is None:
        assert answer.code == 400
        assert "Location" not in answer.headers
    else:
        assert (answer.code, answer.headers["Location"]) == (301, location)


def test_fallback_handler(fetch):
    class Foo(RequestHandler):
        def get(self):
            self.write("foo")

    def fallback(request):
        request.connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfallback")
        request.connection.finish()

    app = Application([("/foo", Foo), (".*", FallbackHandler, {"fallback": fallback})])
    assert fetch(app, "/foo").body == b"foo"
    assert fetch(app, "/bar").body == b"fallback"


def test_fallback_to_an_application(fetch):
    class Inner(RequestHandler):
        def get(self):
            self.write("inner")

    inner = Application([url("/x", Inner)])
    app = Application([("/y", Inner), (".*", FallbackHandler, {"fallback": inner})])
    assert fetch(app, "/x").body == b"inner"
    assert fetch(app, "/z").code == 404
