"""Content from objects: parameters, JSON, forms and files; and what responses make of theirs."""

import email.parser
import io
import json
import os

import pytest

from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders

pytestmark = pytest.mark.filterwarnings("error")


def parts_of(request):
    """Return (name, filename, type, content) of each part, as the email package reads them."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = email.parser.BytesParser().parsebytes(head + request.body)
    parts = []
    for part in message.get_payload():
        has_type = "content-type" in part
        parts.append(
            (
                part.get_param("name", header="content-disposition"),
                part.get_param("filename", header="content-disposition"),
                part.get_content_type() if has_type else None,
                part.get_payload(decode=True),
            )
        )
    return parts


@pytest.mark.parametrize(
    ("url", "params", "expected"),
    [
        ("http://a/", {"q": "x y", "n": 5}, "http://a/?q=x+y&n=5"),
        ("http://a/?a=1", [("a", "2"), ("b", None)], "http://a/?a=1&a=2"),
        ("http://a/p#f", {"l": [1, 2], "t": True}, "http://a/p?l=1&l=2&t=true#f"),
        ("http://a/", {"é": "ü"}, "http://a/?%C3%A9=%C3%BC"),
        ("http://a/", {}, "http://a/"),
        (b"http://a/", {"b": b"\xff"}, "http://a/?b=%FF"),
    ],
)
def test_params(url, params, expected):
    assert HTTPRequest(url, params=params).url == expected


def test_json(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=r.body)) as server, make_client() as client:
            value = {"a": [1, None, "é"]}
            response = await client.fetch(server.url, json=value)
            assert response.json() == value
            await client.fetch(
                server.url, method="PUT", json=[], headers={"Content-Type": "application/x+json"}
            )
            await client.fetch(server.url, json=False)
            first, second, third = server.requests
            assert (first.method, first.headers["content-type"]) == ("POST", "application/json")
            assert (second.method, second.headers["content-type"]) == ("PUT", "application/x+json")
            assert third.body == b"false"
            with pytest.raises(TypeError):
                client.fetch(server.url, json=object())
            with pytest.raises(ValueError, match="JSON"):
                client.fetch(server.url, json=float("nan"))

    run(main)


def test_data(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            await client.fetch(server.url, data={"a": "x y", "b": [1, 2], "c": None})
            await client.fetch(server.url, data=b"raw", method="PUT")
            first, second = server.requests
            assert first.method == "POST"
            assert first.headers["content-type"] == "application/x-www-form-urlencoded"
            assert first.body == b"a=x+y&b=1&b=2"
            assert (second.method, second.body) == ("PUT", b"raw")

    run(main)


def test_files_in_memory(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            await client.fetch(
                server.url,
                data={"field": "välue"},
                files={
                    "a": b"\x00\xff",
                    "b": ("page.html", "<p>"),
                    "c": [("1", b"one", "text/plain"), ("2", b"two", "text/x")],
                },
            )
            [request] = server.requests
            assert request.method == "POST"
            assert int(request.headers["content-length"]) == len(request.body)
            assert parts_of(request) == [
                ("field", None, None, "välue".encode()),
                ("a", "a", "application/octet-stream", b"\x00\xff"),
                ("b", "page.html", "text/html", b"<p>"),
                ("c", "1", "text/plain", b"one"),
                ("c", "2", "text/x", b"two"),
            ]

    run(main)


def test_files_are_streamed(run, make_client, serve, respond, tmp_path):
    path = tmp_path / "data.bin"
    content = os.urandom(300_000)
    path.write_bytes(b"skipped" + content)

    class Pipe:
        """It knows no position and no size."""

        def __init__(self):
            self.rest = [b"from ", b"a pipe"]

        def read(self, size):
            return self.rest.pop(0) if self.rest else b""

    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            with path.open("rb") as file:
                file.seek(7)
                await client.fetch(server.url, files={"f": file})
            await client.fetch(server.url, files=[("p", ("n", Pipe())), ("q", b"x")])
            first, second = server.requests
            assert first.headers["content-length"] == str(len(first.body))
            assert parts_of(first) == [("f", "data.bin", "application/octet-stream", content)]
            assert second.headers["transfer-encoding"] == "chunked"
            assert parts_of(second) == [
                ("p", "n", "application/octet-stream", b"from a pipe"),
                ("q", "q", "application/octet-stream", b"x"),
            ]
            text = io.StringIO("text")
            with pytest.raises(TypeError, match="binary"):
                await client.fetch(server.url, files={"t": text})
            with pytest.raises(TypeError, match="expected bytes or a file"):
                client.fetch(server.url, files={"t": 5})

    run(main)


def test_files_are_sent_again_after_a_redirect(run, make_client, serve, respond):
    async def main():
        def application(request):
            if request.path == "/":
                return respond(307, headers=[("Location", "/b")])
            return respond(body=b"%d" % len(request.body))

        async with serve(application) as server, make_client() as client:
            response = await client.fetch(server.url, files={"f": io.BytesIO(b"x" * 200_000)})
            assert int(response.body) == len(server.requests[0].body) > 200_000

    run(main)


@pytest.mark.parametrize("name", ['a"; filename="b', "a\r\nX: y", "a\nb"])
def test_names_cannot_break_out(run, make_simple, serve, respond, name):
    async def main():
        async with serve(lambda r: respond()) as server, make_simple() as client:
            await client.fetch(server.url, data={name: "v"}, files={name: (name, b"x")})
            [(_, no_file, _, value), (_, filename, _, content)] = parts_of(server.requests[0])
            assert (no_file, value, content) == (None, b"v", b"x")
            assert filename is not None
            with pytest.raises(ValueError, match="content type"):
                client.fetch(server.url, files={"a": ("b", b"x", "a/b\r\nX: y")})

    run(main)


def test_content_that_excludes_other_content():
    for kwargs in (
        {"json": 1, "data": {}},
        {"json": 1, "files": {}},
        {"json": 1, "body": b""},
        {"data": {"a": 1}, "body_producer": print},
    ):
        with pytest.raises(ValueError, match=r"must not|exclude"):
            HTTPRequest("http://a/", **kwargs)


def test_headers_of_the_caller_stay():
    headers = HTTPHeaders({"X": "1"})
    request = HTTPRequest("http://a/", headers=headers, json={})
    assert dict(headers) == {"X": "1"}
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é".encode(), None, "é"),
        ("é".encode("latin-1"), "text/plain; charset=ISO-8859-1", "é"),
        ("é".encode("latin-1"), "text/plain", "\ufffd"),
        ("é".encode(), "text/plain; charset=no-such-charset", "é"),
        (json.dumps("é").encode("utf-16"), "application/json", '"\\u00e9"'),
        (b"", None, ""),
    ],
)
def test_text(body, content_type, text):
    headers = HTTPHeaders({} if content_type is None else {"Content-Type": content_type})
    request = HTTPRequest("http://a/")
    assert HTTPResponse(request, 200, headers, io.BytesIO(body)).text == text


def test_json_of_a_response_and_its_status():
    request = HTTPRequest("http://a/")
    response = HTTPResponse(request, 200, buffer=io.BytesIO(b'{"a": 1.5}'))
    assert response.json() == {"a": 1.5}
    assert response.json(parse_float=str) == {"a": "1.5"}
    assert response.raise_for_status() is response
    with pytest.raises(ValueError, match="Expecting"):
        HTTPResponse(request, 200, buffer=io.BytesIO(b"<p>")).json()
    with pytest.raises(HTTPClientError, match="404"):
        HTTPResponse(request, 404).raise_for_status()
