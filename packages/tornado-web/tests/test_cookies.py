"""Cookies: what comes, what is set, and what no cookie may hold."""

import datetime
import http.cookies

import pytest

from tornado.web import Application, RequestHandler

SETTINGS = {"cookie_secret": "a long random string"}


def lines(memory, action, headers=None, **settings):
    """The Set-Cookie lines that a handler makes."""

    class Handler(RequestHandler):
        def get(self):
            action(self)

    answer = memory.request(Application([("/", Handler)], **SETTINGS, **settings), headers=headers)
    assert answer.status == 200
    return answer.headers.get_list("Set-Cookie")


def test_simple(memory):
    def action(h):
        h.set_cookie("str", "asdf")
        h.set_cookie("bytes", b"zxcv")

    assert lines(memory, action) == ["str=asdf; Path=/", "bytes=zxcv; Path=/"]


@pytest.mark.parametrize(
    ("kwargs", "line"),
    [
        ({"path": "/foo"}, "a=v; Path=/foo"),
        ({"path": None}, "a=v"),
        ({"domain": "example.com"}, "a=v; Domain=example.com; Path=/"),
        ({"max_age": 60}, "a=v; Max-Age=60; Path=/"),
        ({"max_age": 0}, "a=v; Max-Age=0; Path=/"),
        ({"secure": True, "httponly": True}, "a=v; HttpOnly; Path=/; Secure"),
        ({"secure": False, "httponly": False}, "a=v; Path=/"),
        ({"samesite": "Lax"}, "a=v; Path=/; SameSite=Lax"),
        (
            {"samesite": "None", "secure": True, "partitioned": True},
            "a=v; Partitioned; Path=/; SameSite=None; Secure",
        ),
        ({"expires": 0.1}, "a=v; expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"),
        (
            {"expires": (2020, 1, 2, 3, 4, 5, 0, 0, 0)},
            "a=v; expires=Thu, 02 Jan 2020 03:04:05 GMT; Path=/",
        ),
        (
            {"expires": datetime.datetime(2020, 1, 2, 3, 4, 5)},
            "a=v; expires=Thu, 02 Jan 2020 03:04:05 GMT; Path=/",
        ),
        (
            {"Domain": "x.org", "HttpOnly": True, "SameSite": "Strict"},
            "a=v; Domain=x.org; HttpOnly; Path=/; SameSite=Strict",
        ),
        ({"Partitioned": False}, "a=v; Path=/"),
        ({"comment": "c", "version": "1"}, "a=v; Comment=c; Path=/; Version=1"),
    ],
)
def test_attributes(memory, kwargs, line):
    [got] = lines(memory, lambda h: h.set_cookie("a", "v", **kwargs))
    assert sorted(got.split("; ")) == sorted(line.split("; "))
    assert got.startswith("a=v")


def test_expires_days(memory):
    [line] = lines(memory, lambda h: h.set_cookie("a", "v", expires_days=10))
    morsel = http.cookies.SimpleCookie(line)["a"]
    expires = datetime.datetime.strptime(morsel["expires"], "%a, %d %b %Y %H:%M:%S GMT")
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert abs(expires - now - datetime.timedelta(days=10)) < datetime.timedelta(minutes=1)


def test_explicit_expires_wins(memory):
    [line] = lines(memory, lambda h: h.set_cookie("a", "v", expires=86400, expires_days=10))
    assert "expires=Fri, 02 Jan 1970" in line


def test_overwritten(memory):
    def action(h):
        h.set_cookie("a", "1", domain="example.com")
        h.set_cookie("b", "2")
        h.set_cookie("a", "3", path="/x")

    assert lines(memory, action) == ["b=2; Path=/", "a=3; Path=/x"]


def test_special_characters(memory):
    def action(h):
        h.set_cookie("equals", "a=b")
        h.set_cookie("semicolon", "a;b")
        h.set_cookie("quote", 'a"b')
        h.set_cookie("comma", "a,b")

    assert lines(memory, action) == [
        'equals="a=b"; Path=/',
        'semicolon="a\\073b"; Path=/',
        'quote="a\\"b"; Path=/',
        'comma="a\\054b"; Path=/',
    ]


@pytest.mark.parametrize("bad", ["x y", "x\n", "x\r\nSet-Cookie: y", "\x00", "\x1f", "\t"])
def test_refused_values(memory, bad):
    def action(h):
        with pytest.raises(ValueError, match="Invalid cookie"):
            h.set_cookie("a", bad)
        with pytest.raises(http.cookies.CookieError, match="Invalid cookie attribute name"):
            h.set_cookie(bad, "v")

    assert lines(memory, action) == []


@pytest.mark.parametrize("name", ["a;b", "a=b", "a,b", 'a"', "a/b", "a\x7f"])
def test_refused_names(memory, name):
    def action(h):
        with pytest.raises(http.cookies.CookieError):
            h.set_cookie(name, "v")

    assert lines(memory, action) == []


@pytest.mark.parametrize("bad", ["a; HttpOnly", "a\r\nX: y", "a\x00", "a b", "\x7f"])
@pytest.mark.parametrize(
    "name", ["domain", "path", "samesite", "comment", "Domain", "PATH", "SameSite", "expires_"]
)
def test_refused_attributes(memory, name, bad):
    def action(h):
        with pytest.raises(http.cookies.CookieError):
            h.set_cookie("a", "v", **{name: bad})

    assert lines(memory, action) == []


def test_unknown_attribute(memory):
    def action(h):
        with pytest.raises(http.cookies.CookieError):
            h.set_cookie("a", "v", flavour="oat")

    assert lines(memory, action) == []


def test_get_cookie(memory):
    def action(h):
        assert h.get_cookie("a") == "1"
        assert h.get_cookie("b") == "two words"
        assert h.get_cookie("c") is None
        assert h.get_cookie("c", "default") == "default"
        assert h.cookies["a"].value == "1"
        assert h.cookies is h.request.cookies
        # What is set now comes with the next request.
        h.set_cookie("c", "3")
        assert h.get_cookie("c") is None

    assert lines(memory, action, {"Cookie": 'a=1; b="two words"'}) == ["c=3; Path=/"]


def test_clear_cookie(memory):
    [line] = lines(memory, lambda h: h.clear_cookie("a", path="/p", domain="x.org"))
    assert line.startswith('a=""; ')
    assert "Domain=x.org" in line
    assert "Path=/p" in line
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=365)
    assert past.strftime("%Y") in line


@pytest.mark.parametrize("name", ["expires", "expires_days", "max_age"])
def test_clear_cookie_sets_the_time_itself(memory, name):
    def action(h):
        with pytest.raises(TypeError, match=name):
            h.clear_cookie("a", **{name: 1})

    assert lines(memory, action) == []


def test_clear_cookie_attributes(memory):
    [line] = lines(
        memory, lambda h: h.clear_cookie("a", secure=True, samesite="Lax", partitioned=True)
    )
    assert {"Secure", "SameSite=Lax", "Partitioned"} <= set(line.split("; "))


def test_clear_all_cookies(memory):
    def action(h):
        h.clear_all_cookies(path="/p", domain="x.org", secure=True)

    got = lines(memory, action, {"Cookie": "foo=1; baz=2"})
    assert sorted(line.split("=")[0] for line in got) == ["baz", "foo"]
    assert all("Path=/p" in line and "Domain=x.org" in line and "Secure" in line for line in got)


def test_set_and_cleared_in_one_answer(memory):
    def action(h):
        h.set_cookie("a", "v")
        h.clear_cookie("a")

    [line] = lines(memory, action)
    assert line.startswith('a=""')


@pytest.mark.parametrize("spelling", ["secure", "signed"])
def test_signed_round_trip(memory, spelling):
    def write(h):
        getattr(h, f"set_{spelling}_cookie")(
            "user", b"\xffany\x00bytes", expires_days=None, httponly=True
        )

    [line] = lines(memory, write)
    assert "expires" not in line
    assert "HttpOnly" in line

    def read(h):
        assert getattr(h, f"get_{spelling}_cookie")("user") == b"\xffany\x00bytes"
        assert getattr(h, f"get_{spelling}_cookie")("other") is None
        assert getattr(h, f"get_{spelling}_cookie")("user", min_version=2) == b"\xffany\x00bytes"
        assert getattr(h, f"get_{spelling}_cookie")("user", max_age_days=-1) is None
        assert getattr(h, f"get_{spelling}_cookie_key_version")("user") == 0
        assert getattr(h, f"get_{spelling}_cookie_key_version")("other") is None

    lines(memory, read, {"Cookie": line.split(";")[0]})


def test_signed_values_without_cookies(memory):
    def action(h):
        signed = h.create_signed_value("name", "value")
        assert h.get_secure_cookie("name", value=signed) == b"value"
        assert h.get_signed_cookie("other", value=signed) is None
        old = h.create_signed_value("name", "value", version=1)
        assert old.count(b"|") == 2
        assert h.get_secure_cookie("name", old) == b"value"

    lines(memory, action)


def test_signed_cookies_need_a_secret(memory):
    class Handler(RequestHandler):
        def get(self):
            for call in (
                lambda: self.set_secure_cookie("a", "b"),
                lambda: self.get_secure_cookie("a"),
                lambda: self.get_signed_cookie_key_version("a"),
            ):
                with pytest.raises(Exception, match="You must define the 'cookie_secret' setting"):
                    call()
            self.write("fine")

    assert memory.request(Application([("/", Handler)])).body == b"fine"


def test_key_rotation(memory):
    secrets = {0: "old key", 1: "new key"}

    class Handler(RequestHandler):
        def get(self):
            self.set_secure_cookie("a", "value")

    def cookie(**settings):
        answer = memory.request(Application([("/", Handler)], **settings))
        return answer.headers.get("Set-Cookie", "").split(";")[0]

    first = cookie(cookie_secret=secrets, key_version=0)
    second = cookie(cookie_secret=secrets, key_version=1)

    class Read(RequestHandler):
        def get(self):
            value = self.get_secure_cookie("a")
            self.write(f"{value!r} {self.get_secure_cookie_key_version('a')}")

    def read(line, **settings):
        return memory.request(Application([("/", Read)], **settings), headers={"Cookie": line}).body

    assert read(first, cookie_secret=secrets, key_version=1) == b"b'value' 0"
    assert read(second, cookie_secret=secrets, key_version=1) == b"b'value' 1"
    # The old key is retired.
    assert read(first, cookie_secret={1: "new key"}, key_version=1) == b"None 0"
    assert memory.request(Application([("/", Handler)], cookie_secret=secrets)).status == 500


@pytest.mark.parametrize("name", ["test:a", "App_www.example:443", "a!b", "a.b~c|d"])
def test_names_with_a_colon_and_the_like(memory, name):
    def action(h):
        h.set_cookie(name, "v")
        h.set_signed_cookie(name + "s", "v")

    first, second = lines(memory, action)
    assert first == f"{name}=v; Path=/"
    assert second.startswith(f'{name}s="2|')


def test_clearing_all_cookies_skips_names_that_cannot_be_written(memory):
    sent = "App_www.example:443=y; {odd}=1; expires=2; session=x"
    cleared = lines(memory, lambda h: h.clear_all_cookies(), headers={"Cookie": sent})
    assert {line.split("=")[0] for line in cleared} == {"App_www.example:443", "session"}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (datetime.timedelta(days=7).total_seconds(), "604800"),
        (5.9, "5"),
        ("60", "60"),
        (0, "0"),
        (-1, "-1"),
    ],
)
def test_max_age_is_an_integer(memory, given, sent):
    def action(h):
        h.set_cookie("k", "v", max_age=given)
        h.set_cookie("l", "v", Max_Age=given)

    assert lines(memory, action) == [f"{name}=v; Max-Age={sent}; Path=/" for name in "kl"]


@pytest.mark.parametrize("given", ["abc", "1; Path=/x", float("nan"), float("inf")])
def test_a_max_age_that_is_no_integer(memory, given):
    def action(h):
        with pytest.raises((ValueError, OverflowError)):
            h.set_cookie("k", "v", max_age=given)

    assert lines(memory, action) == []


def test_text_that_no_cookie_can_hold_is_refused_at_the_call(memory):
    def action(h):
        with pytest.raises(ValueError, match="Invalid cookie"):
            h.set_cookie("k", "\u65e5\u672c")
        for attribute in ("path", "domain", "samesite"):
            with pytest.raises(
                http.cookies.CookieError, match=f"Invalid cookie attribute {attribute}"
            ):
                h.set_cookie("k", "v", **{attribute: "/\u65e5"})
        with pytest.raises(http.cookies.CookieError, match="Invalid cookie attribute DoMaIn"):
            h.set_cookie("k", "v", DoMaIn="a;b")
        with pytest.raises(http.cookies.CookieError):
            h.set_cookie("\u65e5", "v")
        h.set_cookie("k", "caf\u00e9")  # quoted, as in the releases

    assert lines(memory, action) == ['k="caf\\351"; Path=/']
