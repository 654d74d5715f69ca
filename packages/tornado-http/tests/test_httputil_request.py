"""`HTTPServerRequest`: attributes, lazy parsing, the old interface."""

from types import SimpleNamespace

import pytest

from tornado.httputil import (
    HTTPFile,
    HTTPHeaders,
    HTTPInputError,
    HTTPServerRequest,
    RequestStartLine,
)


class Context:
    remote_ip = "192.0.2.1"
    protocol = "https"


class Connection:
    context = Context()

    def __init__(self):
        self.calls = []

    def write(self, chunk, **kwargs):
        self.calls.append((chunk, kwargs))
        return "future"

    def finish(self):
        self.calls.append("finish")


def make(uri="/path?a=1&b=2&a=3", **kwargs):
    headers = HTTPHeaders({"Host": "Example.com:8080", **kwargs.pop("headers", {})})
    return HTTPServerRequest("GET", uri, "HTTP/1.1", headers, **kwargs)


def test_attributes():
    connection = Connection()
    for request in (
        make(connection=connection),
        HTTPServerRequest(
            start_line=RequestStartLine("GET", "/path?a=1&b=2&a=3", "HTTP/1.1"),
            headers=HTTPHeaders({"Host": "Example.com:8080"}),
            connection=connection,
        ),
        HTTPServerRequest._from_head(
            "GET",
            "/path?a=1&b=2&a=3",
            "HTTP/1.1",
            HTTPHeaders({"Host": "Example.com:8080"}),
            connection,
        ),
    ):
        assert request.method == "GET"
        assert request.uri == "/path?a=1&b=2&a=3"
        assert request.path == "/path"
        assert request.query == "a=1&b=2&a=3"
        assert request.version == "HTTP/1.1"
        assert request.host == "Example.com:8080"
        assert request.host_name == "example.com"
        assert request.remote_ip == "192.0.2.1"
        assert request.protocol == "https"
        assert request.body == b""
        assert request.files == {}
        assert request.connection is connection
        assert request.server_connection is None
        assert request.arguments == {"a": [b"1", b"3"], "b": [b"2"]}
        assert request.query_arguments == request.arguments
        assert request.query_arguments is not request.arguments
        assert request.body_arguments == {}
        assert request.supports_http_1_1() is True
        assert request.full_url() == "https://Example.com:8080/path?a=1&b=2&a=3"
        assert 0 <= request.request_time() < 60
        assert repr(request) == (
            "HTTPServerRequest(protocol='https', host='Example.com:8080', method='GET',"
            " uri='/path?a=1&b=2&a=3', version='HTTP/1.1', remote_ip='192.0.2.1')"
        )


def test_defaults():
    request = HTTPServerRequest(method="GET", uri="/")
    assert request.version == "HTTP/1.0"
    assert request.host == "127.0.0.1"
    assert request.protocol == "http"
    assert request.remote_ip is None
    assert request.query == ""
    assert request.arguments == {}
    assert request.supports_http_1_1() is False
    assert request.get_ssl_certificate() is None
    assert isinstance(request.headers, HTTPHeaders)


def test_parameters_of_old():
    file = HTTPFile(filename="f", body=b"", content_type="x/y")
    request = HTTPServerRequest(
        "POST",
        "/",
        "HTTP/1.1",
        None,
        b"body",
        host="other",
        files={"f": [file]},
        remote_ip="::1",
        protocol="https",
    )
    assert request.host == "other"
    assert request.files == {"f": [file]}
    assert request.body == b"body"
    assert request.remote_ip == "::1"
    assert request.protocol == "https"


def test_attributes_can_be_set():
    request = make()
    request.host = "a"
    request.host_name = "b"
    request.arguments = {"x": [b"y"]}
    request.query_arguments = {"q": []}
    request.body_arguments = {"b": []}
    request.files = {"f": []}
    request.remote_ip = "1.2.3.4"
    request.own = 1
    assert (request.host, request.host_name) == ("a", "b")
    assert request.arguments == {"x": [b"y"]}
    assert request.query_arguments == {"q": []}
    assert request.body_arguments == {"b": []}
    assert request.files == {"f": []}


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_form_is_parsed_when_asked_for():
    request = make(headers=FORM, body=b"a=4&c=5")
    assert request.arguments == {"a": [b"1", b"3", b"4"], "b": [b"2"], "c": [b"5"]}
    assert request.query_arguments == {"a": [b"1", b"3"], "b": [b"2"]}
    assert request.body_arguments == {"a": [b"4"], "c": [b"5"]}
    request._parse_body()
    request._parse_body()
    assert request.arguments["c"] == [b"5"]


def test_form_that_arrives_later():
    request = make(headers=FORM)
    early = request.arguments
    assert "c" not in early
    request.body = b"c=5"
    request._parse_body()
    assert request.arguments is early
    assert early["c"] == [b"5"]
    assert request.body_arguments == {"c": [b"5"]}


def test_changing_the_merged_arguments_leaves_the_others():
    request = make(headers=FORM, body=b"c=5")
    request.arguments["a"].append(b"x")
    request.arguments["c"].append(b"y")
    assert request.query_arguments["a"] == [b"1", b"3"]
    assert request.body_arguments["c"] == [b"5"]


def test_files():
    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="n"\r\n\r\nx\r\n--b--'
    request = make(headers={"Content-Type": "multipart/form-data; boundary=b"}, body=body)
    [file] = request.files["f"]
    assert file.body == b"x"


@pytest.mark.parametrize("attribute", ["arguments", "body_arguments", "files"])
def test_bad_form_raises_each_time(attribute):
    request = make(headers={"Content-Type": "multipart/form-data; boundary=b"}, body=b"x")
    for _ in range(2):
        with pytest.raises(HTTPInputError):
            getattr(request, attribute)
    with pytest.raises(HTTPInputError):
        request._parse_body()
    assert request.query_arguments["b"] == [b"2"]


def test_too_many_query_arguments():
    # The constructor refuses them, as in Tornado 6.6; a server's requests do when they are asked for.
    with pytest.raises(HTTPInputError) as caught:
        make("/?" + "a=b&" * 2000)
    assert caught.value.is_of_request
    connection = SimpleNamespace(context=SimpleNamespace(remote_ip="::1", protocol="http"))
    request = HTTPServerRequest._from_head(
        "GET", "/?" + "a=b&" * 2000, "HTTP/1.1", HTTPHeaders(), connection
    )
    for name in ("query_arguments", "arguments"):
        with pytest.raises(HTTPInputError) as caught:
            getattr(request, name)
        assert caught.value.is_of_request


def test_query_outside_ascii():
    assert make("/?\xc3\xa4=%C3%A4").arguments == {"\xc3\xa4": [b"\xc3\xa4"]}
    assert make("/?a=\u20ac").arguments == {"a": ["\u20ac".encode()]}


def test_cookies():
    request = make(headers={"Cookie": 'a=b; c="d\\054e"; bad[name=x; d=1'})
    assert {name: morsel.value for name, morsel in request.cookies.items()} == {
        "a": "b",
        "c": "d,e",
        "d": "1",
    }
    assert request.cookies is request.cookies
    assert make().cookies == {}
    headers = HTTPHeaders()
    headers.add("Cookie", "a=b")
    headers.add("Cookie", "c=d")
    request = HTTPServerRequest("GET", "/", headers=headers)
    assert list(request.cookies) == ["a", "c"]


def test_write_and_finish():
    connection = Connection()
    request = make(connection=connection)
    assert request.write("text ü") == "future"
    request.write(b"bytes", callback=print)
    request.finish()
    assert connection.calls == [
        ("text ü".encode(), {}),
        (b"bytes", {"callback": print}),
        "finish",
    ]
    time = request.request_time()
    assert request.request_time() == time


class Certified:
    class stream:
        class socket:
            error = None

            @classmethod
            def getpeercert(cls, binary_form=False):
                if cls.error is not None:
                    raise cls.error
                return b"der" if binary_form else {"subject": ()}


def test_certificate():
    request = make(connection=Certified())
    assert request.get_ssl_certificate() == {"subject": ()}
    assert request.get_ssl_certificate(binary_form=True) == b"der"
    Certified.stream.socket.error = ValueError("handshake not done yet")
    try:
        assert request.get_ssl_certificate() is None
    finally:
        Certified.stream.socket.error = None


def json_request(body, content_type="application/json"):
    headers = HTTPHeaders() if content_type is None else HTTPHeaders({"Content-Type": content_type})
    return HTTPServerRequest("POST", "/", headers=headers, body=body, host="a")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=utf-8", "application/problem+json", None],
)
def test_json(content_type):
    request = json_request('{"a": ["ü", 1.5, null]}'.encode(), content_type)
    assert request.json() == {"a": ["ü", 1.5, None]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"{} x", "not JSON"),
        (b"NaN", "NaN is not a value"),
        (b"[-Infinity]", "-Infinity is not a value"),
        (b'"\xff"', "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"[" * 200_000, "JSON"),
        (b"1" * 10_000, "JSON"),
    ],
)
def test_content_that_is_no_json(body, message):
    with pytest.raises(HTTPInputError, match=message) as caught:
        json_request(body).json()
    assert caught.value.status == 400
    assert caught.value.is_of_request


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "json"]
)
def test_json_of_another_type(content_type):
    request = json_request(b"{}", content_type)
    with pytest.raises(HTTPInputError, match="Content-Type is") as caught:
        request.json()
    assert caught.value.status == 415
    assert request.json(any_type=True) == {}
