"""The rooms without I/O: URLs, settings, redirects, challenges, codings, proxies."""

import contextlib
import gzip
import importlib
import pickle
import pkgutil
import sys
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tornado._httpclient
from tornado import curl_httpclient, httpclient, simple_httpclient
from tornado._http1.errors import MessageError
from tornado._httpclient.authentication import DigestSession, parse_challenges
from tornado._httpclient.decoding import decoder_for
from tornado._httpclient.proxies import environment_proxy
from tornado._httpclient.request import _RequestProxy
from tornado._httpclient.settings import settings_of
from tornado._httpclient.urls import parse_url
from tornado.httpclient import HTTPClientError, HTTPError, HTTPRequest, HTTPResponse


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "authority", "path"),
    [
        ("http://Example.COM", "http", "example.com", 80, "example.com", "/"),
        ("http://a:80/", "http", "a", 80, "a", "/"),
        ("https://a:443", "https", "a", 443, "a", "/"),
        ("https://a:80?x", "https", "a", 80, "a:80", "/?x"),
        ("http://a:/x?", "http", "a", 80, "a", "/x?"),
        ("HTTP://[::1]:8080/x", "http", "::1", 8080, "[::1]:8080", "/x"),
        ("http://[fe80::1%eth0]/", "http", "fe80::1%eth0", 80, "[fe80::1]", "/"),
        (
            "http://bücher.example/",
            "http",
            "xn--bcher-kva.example",
            80,
            "xn--bcher-kva.example",
            "/",
        ),
        ("http://a/ü?ä b#f", "http", "a", 80, "a", "/%C3%BC?%C3%A4%20b"),
        ("http://%2Ftmp%2FS/x", "http", "%2Ftmp%2FS", 80, "%2Ftmp%2FS", "/x"),
        ("http://u:p@a/%2f", "http", "a", 80, "a", "/%2f"),
        ("http+unix://%2Ftmp%2Fs/x", "http+unix", "/tmp/s", 0, "localhost", "/x"),
    ],
)
def test_urls(url, scheme, host, port, authority, path):
    target = parse_url(url, allow_unix_sockets=True)
    assert (target.scheme, target.host, target.port) == (scheme, host, port)
    assert target.authority == authority
    assert target.path == path
    assert target.origin == (scheme, host, port)


def test_user_information():
    assert parse_url("http://a/")[5:] == (None, None)
    assert parse_url("http://u@a/")[5:] == ("u", None)
    assert parse_url("http://u%40:p%3a@a/")[5:] == ("u@", "p:")
    assert parse_url("http://a@b@c/").host == "c"


@given(st.text(max_size=40))
def test_any_url_is_parsed_or_refused(text):
    for url in (text, "http://" + text, "http://a/" + text):
        try:
            target = parse_url(url)
        except ValueError:
            continue
        assert target.path.isascii()
        assert target.path.isprintable()
        assert " " not in target.path
        assert target.host
        assert target.authority.isascii()
        assert not set(target.authority) & set(" \r\n/?#@\\")


def test_defaults_and_their_proxy():
    request = HTTPRequest("http://a/", follow_redirects=False)
    proxy = _RequestProxy(
        request, {"follow_redirects": True, "network_interface": "x", "use_gzip": 1}
    )
    assert proxy.follow_redirects is False
    assert proxy.network_interface == "x"
    assert proxy.auth_username is None
    with pytest.raises(AttributeError):
        assert proxy.frob
    assert _RequestProxy(request, None).auth_username is None
    settings = settings_of(proxy)
    assert settings.follow_redirects is False
    assert settings.network_interface == "x"
    assert settings.auth_username is None
    with pytest.raises(AttributeError):
        assert settings.frob


def test_request():
    request = HTTPRequest("http://a/", headers={"a": "b"}, body="ü", use_gzip=False)
    assert request.headers.get_list("A") == ["b"]
    assert request.body == "ü".encode()
    assert request.decompress_response is False
    assert request.use_gzip is False
    request.headers = None
    assert len(request.headers) == 0
    request.body = b"x"
    assert request.body == b"x"
    request.use_gzip = True
    assert request.decompress_response is True
    assert request.streaming_callback is None
    request.streaming_callback = print
    # Where stack contexts are in use, callbacks are wrapped.
    callback = request.streaming_callback
    assert getattr(callback, "__wrapped__", callback) is print
    assert HTTPRequest._DEFAULTS["max_redirects"] == 5


def test_response():
    request = HTTPRequest("http://a/")
    response = HTTPResponse(request, 200)
    assert response.body == b""
    assert response.reason == "OK"
    assert response.effective_url == "http://a/"
    assert response.time_info == {}
    response.rethrow()
    assert "code=200" in repr(response)
    response = HTTPResponse(_RequestProxy(request, {}), 404, reason="Gone fishing")
    assert response.request is request
    assert str(response.error) == "HTTP 404: Gone fishing"
    assert "error=HTTP 404: Gone fishing" in repr(response)
    with pytest.raises(HTTPError):
        response.rethrow()
    assert HTTPResponse(request, 599, error=ZeroDivisionError()).reason == "Unknown"


def test_errors():
    assert HTTPError is HTTPClientError
    error = HTTPError(404)
    assert (error.code, error.message, error.response) == (404, "Not Found", None)
    assert repr(error) == str(error) == "HTTP 404: Not Found"
    assert str(HTTPError(700)) == "HTTP 700: Unknown"
    for make in (
        simple_httpclient.HTTPTimeoutError,
        simple_httpclient.HTTPStreamClosedError,
        simple_httpclient.HTTPProtocolError,
        simple_httpclient.HTTPProxyError,
    ):
        error = make("why")
        assert error.code == 599
        assert str(error) == error.message == "why"
        assert str(make("")) == make.__name__ or str(make("")) == "Unknown"
        assert str(pickle.loads(pickle.dumps(error))) == "why"
    error = curl_httpclient.CurlTimeoutError(28, "slow")
    assert (error.code, error.errno, error.message) == (599, 28, "slow")
    assert isinstance(error, curl_httpclient.CurlError)
    assert isinstance(error, simple_httpclient.HTTPTimeoutError)
    assert pickle.loads(pickle.dumps(error)).errno == 28


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Basic", [("basic", {})]),
        ('Basic realm="a, b=c"', [("basic", {"realm": "a, b=c"})]),
        ("Negotiate, Basic realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
        (
            'Digest realm="r\\"", nonce=n,qop="auth, auth-int", Basic realm=""',
            [
                ("digest", {"realm": 'r"', "nonce": "n", "qop": "auth, auth-int"}),
                ("basic", {"realm": ""}),
            ],
        ),
        ("", []),
        ("=", []),
    ],
)
def test_challenges(field, expected):
    assert parse_challenges(field) == expected


@given(st.text(max_size=60))
def test_any_challenge_can_be_parsed(field):
    for scheme, parameters in parse_challenges(field):
        assert scheme
        assert all(parameters)


def test_digest_of_the_rfc(monkeypatch):
    # RFC 7616 section 3.9.1.
    monkeypatch.setattr(
        "secrets.token_hex", lambda size: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    )
    common = (
        'realm="http-auth@example.org", qop="auth, auth-int", '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    for algorithm, expected in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ]:
        session = DigestSession("Mufasa", "Circle of Life")
        assert session.authorization("GET", "/") is None
        assert session.challenged([f"Digest {common}, algorithm={algorithm}"])
        field = session.authorization("GET", "/dir/index.html")
        assert f'response="{expected}"' in field
        assert "nc=00000001" in field
        assert "nc=00000002" in session.authorization("GET", "/")
        assert not session.challenged([f"Digest {common}, algorithm={algorithm}"])
        assert session.challenged([f"Digest {common}, algorithm={algorithm}, stale=TRUE"])


def test_the_better_digest_is_chosen():
    session = DigestSession("u", "p")
    assert session.challenged(
        [
            'Digest realm="r", nonce="1", algorithm=MD5',
            'Digest realm="r", nonce="2", algorithm=SHA-256',
        ]
    )
    assert 'nonce="2"' in session.authorization("GET", "/")
    for field in (
        "Basic",
        "Digest realm=r",
        "Digest nonce=n, algorithm=ROT13",
        "Digest nonce=n, qop=auth-int",
    ):
        assert not DigestSession("u", "p").challenged([field])


def _zstd(data):
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    return importlib.import_module(name).compress(data)


COMPRESSORS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": _zstd,
}


class Limit:
    max_body_size = 100_000


def _decode(coding, data, step):
    decoder = decoder_for(coding, Limit())
    pieces = []
    for start in range(0, len(data), step):
        pieces.extend(decoder.decode(data[start : start + step]))
    decoder.finish()
    return b"".join(pieces)


@pytest.mark.parametrize("coding", COMPRESSORS)
@given(data=st.binary(max_size=300))
def test_codings_byte_by_byte(coding, data):
    packed = COMPRESSORS[coding](data)
    assert _decode(coding, packed, 1) == data
    assert _decode(coding.upper(), packed, len(packed)) == data
    if len(packed) > 1:
        with pytest.raises(MessageError):
            _decode(coding, packed[:-1], 7)


@pytest.mark.parametrize("coding", COMPRESSORS)
@given(data=st.binary(max_size=80))
def test_any_bytes_are_decoded_or_refused(coding, data):
    with contextlib.suppress(MessageError):
        _decode(coding, data, 5)


@pytest.mark.parametrize("coding", COMPRESSORS)
def test_decoded_size_is_bounded(coding):
    packed = COMPRESSORS[coding](bytes(5_000_000))
    decoder = decoder_for(coding, Limit())
    got = 0
    with pytest.raises(MessageError) as info:
        for piece in decoder.decode(packed):
            got += len(piece)
            # brotli rounds its bound up to its own blocks.
            assert len(piece) <= (131_072 if coding == "br" else 65_536)
    assert got <= 100_000
    assert info.value.status == 413


@pytest.mark.parametrize(
    ("coding", "works"), [("gzip", True), ("zstd", True), ("deflate", False), ("br", False)]
)
def test_more_behind_the_end(coding, works):
    packed = COMPRESSORS[coding](b"first")
    if works:
        assert _decode(coding, packed + COMPRESSORS[coding](b"second"), 3) == b"firstsecond"
    for step in (1, 1000):
        with pytest.raises(MessageError):
            _decode(coding, packed + b"garbage", step)


def test_unknown_codings():
    assert decoder_for("identity", Limit()) is None
    assert decoder_for("", Limit()) is None


@pytest.mark.parametrize(
    ("url", "environment", "expected"),
    [
        ("http://a/", {}, None),
        ("http://a/", {"http_proxy": "http://p:8080"}, ("p", 8080, None)),
        ("http://a/", {"HTTP_PROXY": "p:8080"}, ("p", 8080, None)),
        ("http://a/", {"HTTP_PROXY": "p:8080", "REQUEST_METHOD": "GET"}, None),
        ("http://a/", {"https_proxy": "p"}, None),
        ("https://a/", {"https_proxy": "p"}, ("p", 80, None)),
        ("https://a/", {"HTTPS_PROXY": "q", "https_proxy": "p"}, ("p", 80, None)),
        ("https://a/", {"all_proxy": "http://u:p@[::1]:1"}, ("::1", 1, "Basic dTpw")),
        ("http://a/", {"http_proxy": "p", "no_proxy": "*"}, None),
        ("http://a/", {"http_proxy": "p", "no_proxy": "b, a"}, None),
        ("http://x.a/", {"http_proxy": "p", "no_proxy": "a"}, None),
        ("http://x.a/", {"http_proxy": "p", "no_proxy": ".a"}, None),
        ("http://x.a/", {"http_proxy": "p", "no_proxy": "*.a"}, None),
        ("http://xa/", {"http_proxy": "p", "no_proxy": "a"}, ("p", 80, None)),
        ("http://a:81/", {"http_proxy": "p", "no_proxy": "a:80"}, ("p", 80, None)),
        ("http://a:81/", {"http_proxy": "p", "no_proxy": "a:81"}, None),
        ("http://10.1.2.3/", {"http_proxy": "p", "no_proxy": "10.0.0.0/8"}, None),
        ("http://[::1]/", {"http_proxy": "p", "no_proxy": "::1"}, None),
        ("http://[::1]:81/", {"http_proxy": "p", "no_proxy": "[::1]:81"}, None),
    ],
)
def test_environment(url, environment, expected):
    assert environment_proxy(parse_url(url), environment) == expected


def test_environment_with_another_kind_of_proxy():
    with pytest.raises(ValueError, match="socks"):
        environment_proxy(parse_url("http://a/"), {"http_proxy": "socks5://p"})


@pytest.mark.parametrize("module", [httpclient, simple_httpclient, curl_httpclient])
def test_exports(module):
    for name in module.__all__:
        value = getattr(module, name)
        if isinstance(value, type):
            assert value.__module__ in (module.__name__, "tornado.simple_httpclient"), name


def test_every_room_says_what_it_is_for():
    for room in pkgutil.iter_modules(tornado._httpclient.__path__):
        module = importlib.import_module(f"tornado._httpclient.{room.name}")
        assert module.__doc__.splitlines()[0].endswith(".")
