"""Fields of opening handshakes and of challenges go in; what they settle is what was offered, or an error."""

# ruff: noqa: PT017 (an assertion is how a harness says what is wrong, about errors too)
from __future__ import annotations

from tornado._httpclient.authentication import DigestSession, parse_challenges
from tornado._websocket.coding import check_extensions
from tornado._websocket.errors import HandshakeError
from tornado._websocket.extensions import parse_extensions, split_subprotocols
from tornado._websocket.handshake import (
    accept_value,
    check_response,
    is_same_origin,
    read_request,
)
from tornado._websocket.negotiation import (
    DeflateOptions,
    PermessageDeflate,
    accept_offer,
    check_accepted,
)
from tornado.httputil import HTTPHeaders

TOKENS = [
    b"\n", b"permessage-deflate", b"; server_no_context_takeover", b"; client_no_context_takeover",
    b"; server_max_window_bits", b"; client_max_window_bits", b"=8", b"=15", b'="10"', b"=08", b"=16",
    b"=", b'"', b"\\", b";", b",", b", ", b" ", b"\t", b"x-webkit", b"Sec-WebSocket-Extensions: ",
    b"Sec-WebSocket-Protocol: ", b"Sec-WebSocket-Version: ", b"Sec-WebSocket-Key: ", b"Upgrade: ",
    b"Connection: ", b"websocket", b"Upgrade", b"13", b"AAAAAAAAAAAAAAAAAAAAAA==", b"chat", b"Origin: ",
    b"http://one.example", b"Sec-WebSocket-Accept: ", b"\xe4", b"\xb9", b"Digest ", b"Basic realm=x",
    b'realm="r"', b'nonce="n"', b"nonce=n", b'qop="auth"', b"qop=auth-int", b"algorithm=MD5-sess",
    b"algorithm=SHA-512-256", b'opaque="o"', b"stale=TRUE", b'="a\\"b"', b"token68==",
]  # fmt: skip

_KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
_OPTIONS = [
    DeflateOptions.read({}),
    DeflateOptions.read({"server_max_window_bits": 10, "client_max_window_bits": 9}),
    DeflateOptions.read({"server_no_context_takeover": True, "client_no_context_takeover": True}),
]


def check(data: bytes) -> None:
    """Lines of ``Name: value`` are fields; the whole input is the value of several fields too."""
    text = data.decode("latin-1")
    if not set(text) & set("\r\0"):
        _check_challenges(text.replace("\n", " "))
    _check_extensions(text)
    pairs = []
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        if colon and name.isascii() and name.replace("-", "").isalnum():
            pairs.append((name, value.strip(" \t")))
    headers = HTTPHeaders()
    for name, value in pairs:
        headers[name] = value
    _check_request(headers)
    _check_response(headers)


def _check_request(headers: HTTPHeaders) -> None:
    try:
        request = read_request(headers)
    except HandshakeError as error:
        assert error.status in (400, 426)
        return
    assert "websocket" in headers["Upgrade"].lower()
    assert "upgrade" in headers["Connection"].lower()
    assert len(accept_value(request.key)) == 28
    assert all(name and "," not in name for name in request.subprotocols)
    if request.origin is not None and is_same_origin(request.origin, "one.example"):
        host = request.origin.lower().partition("://")[2]
        assert host == "one.example" or host.startswith(
            ("one.example/", "one.example?", "one.example#", "one.example\\")
        )


def _check_response(headers: HTTPHeaders) -> None:
    headers = headers.copy()
    headers["Sec-WebSocket-Accept"] = accept_value(_KEY)
    for options in [None, *_OPTIONS]:
        try:
            offered = [] if options is None else [PermessageDeflate(options)]
            protocol, codecs = check_response(headers, _KEY, ["chat"], offered)
        except HandshakeError as error:
            assert error.status == 101
            continue
        assert protocol in (None, "chat")
        assert options is not None or not codecs


def _check_extensions(field: str) -> None:
    try:
        offers = parse_extensions(field)
    except HandshakeError:
        offers = None
    assert all(token and token in field for token in split_subprotocols(field))
    for options in _OPTIONS:
        if offers is not None:
            _check_agreement(field, options)
        try:
            check_extensions(field, [PermessageDeflate(options)])
        except HandshakeError:
            continue
        for answer in parse_extensions(field):
            settled = check_accepted(answer, options)
            assert 8 <= settled.server_max_window_bits <= (options.server_max_window_bits or 15)
            assert 8 <= settled.client_max_window_bits <= (options.client_max_window_bits or 15)


def _check_agreement(field: str, options: DeflateOptions) -> None:
    """What a server answers to an offer is an answer to it, and both sides understand the same."""
    accepted = accept_offer(parse_extensions(field), options)
    if accepted is None:
        return
    answer, settled = accepted
    assert check_accepted(parse_extensions(answer)[0], DeflateOptions.read({})) == settled
    assert 8 <= settled.server_max_window_bits <= 15
    assert 8 <= settled.client_max_window_bits <= 15


def _check_challenges(field: str) -> None:
    challenges = parse_challenges(field)
    assert len(challenges) <= len(field)
    for scheme, parameters in challenges:
        assert scheme == scheme.lower()
        assert scheme in field.lower()
        assert all(name in field.lower() for name in parameters)
    session = DigestSession("us\\er", 'pa"ss')
    if not session.challenged([field]):
        assert session.authorization("GET", "/") is None
        return
    value = session.authorization("GET", "/")
    assert value is not None
    assert value.startswith('Digest username="us\\\\er"')
    ((scheme, parameters),) = parse_challenges(value)
    assert scheme == "digest"
    assert parameters["username"] == "us\\er"
    assert parameters["uri"] == "/"
    assert not session.challenged([field]) or "stale" in field.lower()
