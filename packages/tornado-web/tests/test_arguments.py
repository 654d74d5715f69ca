"""Arguments of the query, the body and the path."""

import pytest

from tornado.web import Application, HTTPError, MissingArgumentError, RequestHandler, url


class Echo(RequestHandler):
    def get(self):
        self.finish({"value": self.get_argument("foo", None), "all": self.get_arguments("foo")})

    def post(self):
        self.finish(
            {
                "any": self.get_arguments("foo"),
                "query": self.get_query_arguments("foo"),
                "body": self.get_body_arguments("foo"),
                "last": self.get_argument("foo", None),
                "last_query": self.get_query_argument("foo", None),
                "last_body": self.get_body_argument("foo", None),
            }
        )


ROUTES = [("/", Echo)]


def json_of(response):
    from tornado.escape import json_decode

    return json_decode(response.body)


@pytest.mark.parametrize(
    ("query", "value", "values"),
    [
        ("", None, []),
        ("foo=", "", [""]),
        ("foo=bar", "bar", ["bar"]),
        ("foo=a&foo=b", "b", ["a", "b"]),
        ("foo=%20a+", "a", ["a"]),
        ("foo=%C3%A9", "\u00e9", ["\u00e9"]),
        ("foo=a%00b%08c%0d%0ad", "a b c\r\nd", ["a b c\r\nd"]),
        ("foo=a%2Bb", "a+b", ["a+b"]),
    ],
)
def test_query(fetch, query, value, values):
    assert json_of(fetch(ROUTES, "/?" + query)) == {"value": value, "all": values}


def test_query_and_body(fetch):
    answer = json_of(fetch(ROUTES, "/?foo=q1&foo=q2", "POST", body="foo=b1&foo=b2"))
    assert answer == {
        "any": ["q1", "q2", "b1", "b2"],
        "query": ["q1", "q2"],
        "body": ["b1", "b2"],
        "last": "b2",
        "last_query": "q2",
        "last_body": "b2",
    }


def test_multipart(fetch):
    class Upload(RequestHandler):
        def post(self):
            [file] = self.request.files["f"]
            self.finish(
                {
                    "name": file["filename"],
                    "type": file.content_type,
                    "body": file["body"].decode(),
                    "field": self.get_argument("a"),
                }
            )

    body = (
        '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nfield\r\n'
        '--B\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n'
        "Content-Type: text/plain\r\n\r\nfile content\r\n--B--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    answer = json_of(fetch([("/", Upload)], "/", "POST", headers, body))
    assert answer == {
        "name": "x.txt",
        "type": "text/plain",
        "body": "file content",
        "field": "field",
    }


def test_missing(memory, fetch):
    class Needs(RequestHandler):
        def get(self):
            with pytest.raises(MissingArgumentError) as caught:
                self.get_argument("foo")
            assert caught.value.arg_name == "foo"
            self.get_argument("foo")

    assert fetch([("/", Needs)]).code == 400


def test_strip_is_a_flag(memory):
    class Slip(RequestHandler):
        def get(self):
            with pytest.raises(AssertionError):
                self.get_arguments("foo", None)
            self.write(repr(self.get_argument("foo", strip=False)))

    from tornado.web import Application

    assert memory.request(Application([("/", Slip)]), uri="/?foo=+a+").body == b"' a '"


def test_default_may_be_anything(memory):
    class Defaults(RequestHandler):
        def get(self):
            assert self.get_argument("x", None) is None
            assert self.get_argument("x", default="d") == "d"
            assert self.get_argument("x", 7) == 7
            # An empty list was how releases up to 2.3 wrote "required".
            assert self.get_argument("x", []) == []
            self.write("fine")

    from tornado.web import Application

    assert memory.request(Application([("/", Defaults)])).body == b"fine"


class PathEcho(RequestHandler):
    def get(self, *args, **kwargs):
        assert list(args) == self.path_args
        assert kwargs == self.path_kwargs
        self.finish({"args": args, "kwargs": kwargs})


@pytest.mark.parametrize(
    ("pattern", "path", "args", "kwargs"),
    [
        ("/a/(.*)", "/a/b", ["b"], {}),
        ("/a/([^/]*)/([0-9]+)", "/a/b%20c/12", ["b c", "12"], {}),
        ("/a/(.*)", "/a/%C3%A9+%2B", ["\u00e9++"], {}),
        ("/a/(b)?", "/a/", [None], {}),
        ("/a/(?P<name>.*)", "/a/x%2Fy", [], {"name": "x/y"}),
        ("/(?P<b>.*)/(?P<a>.*)", "/1/2", [], {"b": "1", "a": "2"}),
        ("/a/(?P<name>b)?", "/a/", [], {"name": None}),
        ("/a", "/a", [], {}),
    ],
)
def test_path(fetch, pattern, path, args, kwargs):
    answer = json_of(fetch([url(pattern, PathEcho)], path))
    assert answer == {"args": args, "kwargs": kwargs}


def test_invalid_unicode(fetch):
    assert fetch(ROUTES, "/?foo=%FF").code == 400
    assert fetch([("/(.*)", PathEcho)], "/%FF").code == 400


def test_decode_argument_override(fetch):
    class Latin(PathEcho):
        def decode_argument(self, value, name=None):
            assert isinstance(value, bytes)
            if isinstance(name, str) and name.startswith("raw"):
                return value.hex()
            return value.decode("latin-1")

        def get(self, *args, **kwargs):
            self.finish({"args": args, "kwargs": kwargs, "q": self.get_argument("raw_q", "")})

    answer = json_of(fetch([("/(?P<raw>.*)", Latin)], "/%FF?raw_q=%FE"))
    assert answer == {"args": [], "kwargs": {"raw": "ff"}, "q": "fe"}
    assert json_of(fetch([("/(.*)", Latin)], "/%FF"))["args"] == ["\xff"]


def test_error_has_a_message_for_the_log():
    with pytest.raises(HTTPError) as caught:
        raise HTTPError(400, "Invalid unicode in %s: %r", "x", b"\xff")
    assert caught.value.get_message() == "Invalid unicode in x: b'\\xff'"


class Json(RequestHandler):
    def post(self):
        self.write({"got": self.request.json()})


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"[1]", 200),
        ("application/json", b"[1", 400),
        ("text/plain", b"[1]", 415),
    ],
)
def test_json_content(served, content_type, body, status):
    async def check(site):
        headers = {"Content-Type": content_type, "Connection": "keep-alive"}
        message = site.message("/", "POST", headers, body)
        # The connection goes on, whatever the content was.
        raw = await site.send(message + site.message("/", "POST", {"Content-Type": "a+json"}, b"2"))
        first, second = (part.split(b" ")[0] for part in raw.split(b"HTTP/1.1 ")[1:])
        assert (int(first), int(second)) == (status, 200)

    served(Application([("/", Json)]), check)
