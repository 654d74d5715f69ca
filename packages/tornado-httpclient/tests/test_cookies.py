"""The cookie jar: what is kept, what is sent where, and what a server may not set (RFC 6265bis)."""

import time

import pytest

from tornado._httpclient.urls import parse_url
from tornado.httpclient import CookieJar

pytestmark = pytest.mark.filterwarnings("error")


def jar_with(url, *fields, **kwargs):
    jar = CookieJar(**kwargs)
    jar.store(parse_url(url), fields)
    return jar


def sent(jar, url):
    return jar.header_for(parse_url(url))


@pytest.mark.parametrize(
    ("field", "setting", "asking", "expected"),
    [
        ("a=b", "http://h/", "http://h/x", "a=b"),
        ("a=b", "http://h/", "http://other/", None),
        ("a=b", "http://h.example/", "http://sub.h.example/", None),
        ("a=b; Domain=h.example", "http://h.example/", "http://sub.h.example/", "a=b"),
        ("a=b; Domain=.H.example", "http://sub.h.example/", "http://h.example/", "a=b"),
        ("a=b; Domain=ample.com", "http://example.com/", "http://ample.com/", None),
        ("a=b; Domain=sub.h.example", "http://h.example/", "http://sub.h.example/", None),
        ("a=b; Domain=com", "http://h.com/", "http://other.com/", None),
        ("a=b; Domain=co.uk", "http://h.co.uk/", "http://other.co.uk/", None),
        ("a=b; Domain=0.0.1", "http://127.0.0.1/", "http://0.0.1/", None),
        ("a=b; Domain=127.0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", "a=b"),
        ("a=b; Path=/x", "http://h/", "http://h/x", "a=b"),
        ("a=b; Path=/x", "http://h/", "http://h/x/y", "a=b"),
        ("a=b; Path=/x", "http://h/", "http://h/xy", None),
        ("a=b; Path=x", "http://h/d/e", "http://h/d/f", "a=b"),
        ("a=b", "http://h/d/e", "http://h/f", None),
        ("a=b; Secure", "https://h/", "https://h/", "a=b"),
        ("a=b; Secure", "https://h/", "http://h/", None),
        ("a=b; Secure", "http://h/", "https://h/", None),
        ("a=b; Max-Age=0", "http://h/", "http://h/", None),
        ("a=b; Max-Age=-5", "http://h/", "http://h/", None),
        ("a=b; Max-Age=60", "http://h/", "http://h/", "a=b"),
        ("a=b; Max-Age=x", "http://h/", "http://h/", "a=b"),
        ("a=b; Expires=Thu, 01 Jan 1970 00:00:01 GMT", "http://h/", "http://h/", None),
        ("a=b; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=9", "http://h/", "http://h/", "a=b"),
        ("a=b; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:01 GMT", "http://h/", "http://h/", "a=b"),
        ("a=b; Expires=never", "http://h/", "http://h/", "a=b"),
        ("a = b c ; HttpOnly", "http://h/", "http://h/", "a=b c"),
        ('a="b=c"', "http://h/", "http://h/", 'a="b=c"'),
        ("alone", "http://h/", "http://h/", "alone"),
        ("", "http://h/", "http://h/", None),
        ("a=\x00", "http://h/", "http://h/", None),
        ("a=" + "x" * 4096, "http://h/", "http://h/", None),
        ("__Secure-a=b", "https://h/", "https://h/", None),
        ("__Secure-a=b; Secure", "https://h/", "https://h/", "__Secure-a=b"),
        ("__Host-a=b; Secure; Path=/", "https://h/", "https://h/", "__Host-a=b"),
        ("__Host-a=b; Secure", "https://h/", "https://h/", None),
        ("__host-a=b; Secure; Path=/; Domain=h", "https://h/", "https://h/", None),
        ("=__Host-a=b", "https://h/", "https://h/", None),
    ],
)
def test_what_is_kept_and_sent(field, setting, asking, expected):
    assert sent(jar_with(setting, field), asking) == expected


def test_public_suffixes_of_the_caller():
    jar = jar_with(
        "http://a.b.example/", "x=1; Domain=b.example", is_public_suffix=lambda d: d == "b.example"
    )
    assert len(jar) == 0


def test_order_and_replacement():
    jar = jar_with("http://h/d/e", "a=1; Path=/", "b=2; Path=/d", "c=3; Path=/", "a=4; Path=/")
    assert sent(jar, "http://h/d/") == "b=2; a=4; c=3"


def test_plain_http_does_not_replace_a_secure_cookie():
    jar = jar_with("https://h/", "a=safe; Secure; Path=/")
    jar.store(parse_url("http://h/"), ["a=evil; Path=/", "a=evil; Path=/x"])
    assert sent(jar, "https://h/x") == "a=safe"


def test_limits():
    jar = jar_with("http://h/", *[f"c{n}=1" for n in range(300)])
    assert len(jar) == 180
    assert jar.get("c0") is None
    jar = CookieJar(max_cookies=5)
    for number in range(10):
        jar.set("a", str(number), f"h{number}.example")
    assert sorted(cookie.value for cookie in jar) == ["5", "6", "7", "8", "9"]


def test_by_hand():
    jar = CookieJar()
    jar.set("a", "1", "H.example", secure=True, expires=time.time() + 60)
    assert jar.get("a") == jar.get("a", "h.example") == "1"
    assert jar.get("a", "other") is None
    assert sent(jar, "https://h.example/") == "a=1"
    for name, value in (("a;", "b"), ("a", "b\r\n"), ("a=", "b")):
        with pytest.raises(ValueError, match="cookie"):
            jar.set(name, value, "h")
    jar.clear()
    assert list(jar) == []


def test_cookies_of_redirects(run, make_client, serve, respond):
    def application(request):
        if request.path == "/login":
            return respond(302, headers=[("Set-Cookie", "id=5"), ("Location", "/")])
        return respond(body=request.headers.get("cookie", "none").encode())

    async def main():
        async with serve(application) as server, make_client() as client:
            session = client.session(server.url)
            assert (await session.get("/login")).body == b"id=5"
            assert (await session.get("/", headers={"Cookie": "own=1"})).body == b"own=1; id=5"
            # Other sessions and the client itself know nothing of them.
            assert (await client.session(server.url).get("/")).body == b"none"
            assert (await client.fetch(server.url)).body == b"none"
            kept_out = client.session(server.url, cookies=False)
            assert kept_out.cookies is None
            assert (await kept_out.get("/login")).body == b"none"
            shared = client.session(server.url, cookies=session.cookies)
            assert (await shared.get("/")).body == b"id=5"

    run(main)


def test_cookies_of_a_redirect_to_another_host(run, make_simple, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=r.headers.get("cookie", "").encode())) as other:
            location = f"http://localhost:{other.port}/"

            def application(request):
                return respond(302, headers=[("Set-Cookie", "a=b"), ("Location", location)])

            async with serve(application) as server, make_simple() as client:
                session = client.session(server.url)
                response = await session.get("/", headers={"Cookie": "own=1"})
                assert response.body == b""
                assert session.cookies.get("a", "127.0.0.1") == "b"

    run(main)
