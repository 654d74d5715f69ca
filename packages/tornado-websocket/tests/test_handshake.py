"""The opening handshake, field by field."""

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request

from tornado._websocket.errors import HandshakeError
from tornado._websocket.handshake import (
    accept_value,
    check_response,
    is_same_origin,
    make_key,
    read_request,
    request_fields,
)
from tornado.httputil import HTTPHeaders

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
REQUEST = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}
RESPONSE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
}


def test_accept_value_of_the_rfc():
    assert accept_value(KEY) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Upgrade": "WebSocket"},
        {"Upgrade": "h2c, websocket"},
        {"Connection": "keep-alive, upgrade"},
        {"Connection": "UPGRADE"},
        {"Sec-WebSocket-Version": "8"},
        {"Sec-WebSocket-Version": "7"},
    ],
)
def test_requests(changes):
    request = read_request(HTTPHeaders({**REQUEST, **changes}))
    assert request.key == KEY
    assert request.origin is None


def test_what_a_request_asks_for():
    fields = HTTPHeaders(REQUEST)
    fields.add("Sec-WebSocket-Protocol", "one, two")
    fields.add("Sec-WebSocket-Protocol", "three")
    fields.add("Sec-WebSocket-Extensions", "a; x=1")
    fields.add("Sec-WebSocket-Extensions", "b")
    fields["Origin"] = "http://example.com"
    request = read_request(fields)
    assert request.subprotocols == ["one", "two", "three"]
    assert [extension.name for extension in request.extensions] == ["a", "b"]
    assert request.origin == "http://example.com"


@pytest.mark.parametrize(
    ("field", "subprotocols"),
    [
        ("chat,YWJjZA==", ["chat", "YWJjZA=="]),
        ("a/b , c:d\t,<e f>", ["a/b", "c:d", "<e f>"]),
        (",, a,,", ["a"]),
        ("", []),
    ],
)
def test_subprotocols_that_are_no_tokens(field, subprotocols):
    request = read_request(HTTPHeaders({**REQUEST, "Sec-WebSocket-Protocol": field}))
    assert request.subprotocols == subprotocols


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Upgrade": "web"}, 400),
        ({"Connection": "close"}, 400),
        ({"Sec-WebSocket-Version": "14"}, 426),
        ({"Sec-WebSocket-Version": ""}, 426),
        ({"Sec-WebSocket-Version": "13, 8"}, 426),
        ({"Sec-WebSocket-Key": ""}, 400),
        ({"Sec-WebSocket-Key": "AAAA"}, 400),
        ({"Sec-WebSocket-Key": KEY[:-1]}, 400),
        ({"Sec-WebSocket-Key": KEY + "AAAA"}, 400),
        ({"Sec-WebSocket-Key": "ä" * 24}, 400),
        ({"Sec-WebSocket-Key": KEY.replace("=", "\n")}, 400),
        ({"Sec-WebSocket-Extensions": "a;"}, 400),
    ],
)
def test_refused_requests(changes, status):
    fields = {name.lower(): value for name, value in {**REQUEST, **changes}.items()}

    class Fields(dict):
        def get(self, name, default=None):
            return dict.get(self, name.lower(), default)

    with pytest.raises(HandshakeError) as caught:
        read_request(Fields(fields))
    assert caught.value.status == status
    assert bool(caught.value.headers) is (status == 426)


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://example.com", "example.com", True),
        ("https://example.com", "example.com", True),
        ("http://EXAMPLE.com", "example.COM", True),
        ("http://example.com:8888", "example.com:8888", True),
        ("http://[::1]:8888", "[::1]:8888", True),
        ("http://example.com", "example.com:8888", False),
        ("http://example.com:8888", "example.com", False),
        ("http://sub.example.com", "example.com", False),
        ("http://example.com.evil", "example.com", False),
        ("http://evil/example.com", "example.com", False),
        ("http://user@example.com", "example.com", False),
        ("http://example.com/", "example.com", True),
        ("http://example.com:80/a/b", "example.com:80", True),
        ("http://example.com?q", "example.com", True),
        ("http://evil\\.example.com", "example.com", False),
        ("http://evil?.example.com", "example.com", False),
        ("http://example.com@evil/", "example.com", False),
        ("http:///example.com", "example.com", False),
        ("example.com/path", "example.com", False),
        ("null", "null", False),
        ("", "", False),
        ("http://", "", False),
        ("http://example.com", None, False),
        ("http://a, http://example.com", "example.com", False),
        ("example.com", "example.com", False),
    ],
)
def test_origin(origin, host, same):
    assert is_same_origin(origin, host) is same


@pytest.mark.parametrize(
    "changes",
    [
        {"Upgrade": ""},
        {"Connection": "close"},
        {"Sec-WebSocket-Accept": ""},
        {"Sec-WebSocket-Accept": "S3PPLMBITXAQ9KYGZZHZRBK+XOO="},
        {"Sec-WebSocket-Protocol": "three"},
        {"Sec-WebSocket-Protocol": "one, two"},
        {"Sec-WebSocket-Protocol": ""},
        {"Sec-WebSocket-Extensions": "permessage-deflate"},
    ],
)
def test_refused_responses(changes):
    with pytest.raises(HandshakeError) as caught:
        check_response(HTTPHeaders({**RESPONSE, **changes}), KEY, ["one", "two"])
    assert caught.value.status == 101


def test_accepted_response():
    fields = HTTPHeaders({**RESPONSE, "Sec-WebSocket-Protocol": "two"})
    assert check_response(fields, KEY, ["one", "two"]) == ("two", [])


def test_keys_are_fresh_and_valid():
    keys = {make_key() for _ in range(10)}
    assert len(keys) == 10
    for key in keys:
        read_request(HTTPHeaders({**REQUEST, "Sec-WebSocket-Key": key}))


def test_wsproto_accepts_our_request_and_we_its_answer():
    key = make_key()
    lines = ["GET /chat HTTP/1.1", "Host: example.com"]
    lines += [f"{name}: {value}" for name, value in request_fields(key, ["one", "two"])]
    theirs = WSConnection(ConnectionType.SERVER)
    theirs.receive_data("\r\n".join([*lines, "", ""]).encode())
    (request,) = theirs.events()
    assert request.subprotocols == ["one", "two"]
    head = theirs.send(AcceptConnection(subprotocol="two")).decode()
    assert check_response(HTTPHeaders.parse(head.split("\r\n", 1)[1]), key, ["one", "two"]) == (
        "two",
        [],
    )


def test_we_accept_the_request_of_wsproto():
    theirs = WSConnection(ConnectionType.CLIENT)
    head = theirs.send(Request(host="example.com", target="/", subprotocols=["one"])).decode()
    request = read_request(HTTPHeaders.parse(head.split("\r\n", 1)[1]))
    assert request.subprotocols == ["one"]
