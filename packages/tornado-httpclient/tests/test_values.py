"""What callers pass: bytes in place of text, values without a meaning; and URLs as octets."""

import datetime
import decimal
import enum
import functools
import pathlib
import uuid

import pytest

from tornado import httputil
from tornado.httpclient import HTTPRequest

pytestmark = pytest.mark.filterwarnings("error")


class Colour(enum.Enum):
    RED = 1


class Shown:
    def __str__(self):
        return "shown"


class Bare:
    pass


@pytest.mark.parametrize("container", [dict, httputil.HTTPHeaders])
def test_bytes_in_place_of_text(run, make_client, serve, respond, container):
    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            await client.fetch(
                server.url.encode() + b"/path",
                method=b"PUT",
                body=b"x",
                headers=container(
                    {"Authorization": b"Basic dXNlcjpwYXNz", "X-Utf8": b"caf\xc3\xa9"}
                ),
                user_agent=b"agent",
            )
            [request] = server.requests
            assert (request.method, request.path) == ("PUT", "/path")
            assert request.headers["authorization"] == "Basic dXNlcjpwYXNz"
            assert request.headers["x-utf8"].encode("latin-1") == b"caf\xc3\xa9"
            assert request.headers["user-agent"] == "agent"
            await client.fetch(server.url, auth_username=b"user", auth_password=b"pass")
            assert server.requests[1].headers["authorization"] == "Basic dXNlcjpwYXNz"

    run(main)


def test_repeated_bytes(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            headers = httputil.HTTPHeaders()
            headers.add("X-A", "1")
            headers.add("X-A", "2")
            headers["X-B"] = b"3"
            await client.fetch(server.url, headers=headers)
            assert server.requests[0].headers["x-a"] == "1, 2"
            assert server.requests[0].headers["x-b"] == "3"

    run(main)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (1.5, "1.5"),
        (True, "True"),
        (decimal.Decimal("1.20"), "1.20"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (pathlib.PurePosixPath("/a"), "/a"),
        (Colour.RED, "Colour.RED"),
        (datetime.datetime(2020, 1, 2, 3, 4, 5), "Thu, 02 Jan 2020 03:04:05 GMT"),
        (Shown(), "shown"),
        (bytearray(b"x"), "x"),
        ("", ""),
    ],
)
def test_values_with_a_meaning(run, make_client, serve, respond, value, text):
    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            await client.fetch(server.url, headers={"X": value})
            assert server.requests[0].headers["x"] == text

    run(main)


@pytest.mark.parametrize(
    "value",
    [
        None,
        ["a"],
        ("a",),
        {"a": "b"},
        {"a"},
        object(),
        Bare(),
        print,
        Shown,
        lambda: "x",
        functools.partial(print),
        (each for each in "ab"),
        httputil.HTTPHeaders({"A": "b"}),
        ValueError("x"),
    ],
)
def test_values_without_a_meaning(run, make_client, serve, respond, value):
    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            with pytest.raises(TypeError, match=r"header X: "):
                await client.fetch(server.url, headers={"X": value})
            assert server.requests == []

    run(main)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        (b"/caf\xc3\xa9", "/caf%C3%A9"),
        (b"/caf\xe9", "/caf%E9"),
        (b"/?q=\xc3\xa9#\xc3\xa9", "/?q=%C3%A9"),
        (b"caf\xc3\xa9?\xff", "/caf%C3%A9?%FF"),
        (b"/%C3%A9", "/%C3%A9"),
        (b"/plain", "/plain"),
    ],
)
def test_a_location_in_raw_octets(run, make_client, serve, respond, location, target):
    async def main():
        def application(request):
            if request.path == "/start":
                return respond(302, headers=[("Location", location.decode("latin-1"))])
            return respond()

        async with serve(application) as server, make_client() as client:
            await client.fetch(f"{server.url}/start")
            assert server.requests[1].target == target
            # The same octets in a URL that the application gives as bytes.
            url = server.url.encode() + b"/" + location.lstrip(b"/")
            await client.fetch(url)
            assert server.requests[2].target == target

    run(main)


def test_host_names_in_raw_octets():
    from tornado._httpclient.urls import parse_url, url_of_octets

    raw = "http://bücher.example/ü".encode().decode("latin-1")
    assert url_of_octets(raw) == "http://bücher.example/%C3%BC"
    assert parse_url(url_of_octets(raw)).host == "xn--bcher-kva.example"
    assert url_of_octets("//\xff/\xff") == "//%FF/%FF"


def test_default_fields_of_libcurl(run, make_client, serve, respond):
    if "curl" not in make_client.name:
        pytest.skip("libcurl's defaults")

    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            await client.fetch(server.url)
            await client.fetch(server.url, headers={"Accept": "text/x"}, user_agent="own")
            await client.fetch(server.url, headers={"Expect": "", "accept": "a/b"})
            first, second, third = [each.headers for each in server.requests]
            assert first["accept"] == "*/*"
            assert first["user-agent"] == "Mozilla/5.0 (compatible; pycurl)"
            assert (second["accept"], second["user-agent"]) == ("text/x", "own")
            assert third["accept"] == "a/b"
            assert "expect" not in third

    run(main)


def test_content_type_of_a_post(run, make_client, serve, respond):
    async def produce(write):
        await write(b"a=b")

    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            for kwargs in (
                {"body": b"a=b"},
                {"body_producer": produce},
                {"allow_nonstandard_methods": True},
            ):
                await client.fetch(server.url, method="POST", **kwargs)
            await client.fetch(
                server.url, method="POST", body="", headers={"Content-Type": "text/plain"}
            )
            types = [each.headers.get("content-type") for each in server.requests]
            assert types == ["application/x-www-form-urlencoded"] * 3 + ["text/plain"]

    run(main)


def test_the_request_of_a_response_is_the_one_that_was_sent(run, make_client, serve, respond):
    async def main():
        def application(request):
            if request.path == "/":
                return respond(302, headers=[("Location", "/b")])
            return respond()

        async with serve(application) as server, make_client() as client:
            own = HTTPRequest(server.url, headers={"X": "1"})
            response = await client.fetch(own)
            sent = response.request
            assert sent.headers["Host"] == server.url.partition("//")[2]
            assert sent.headers["User-Agent"] == server.requests[1].headers["user-agent"]
            assert sent.headers["X"] == "1"
            assert dict(own.headers) == {"X": "1"}
            assert sent == own
            assert hash(sent) == hash(own)
            assert {own: "mine"}[sent] == "mine"
            assert sent != HTTPRequest(server.url)
            assert (sent != 5) is True
            # It can be fetched again.
            again = await client.fetch(sent)
            assert again.request == own

    run(main)
