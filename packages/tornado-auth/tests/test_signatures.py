"""Signatures of OAuth 1.0: the example of RFC 5849, and oauthlib's opinion."""

from types import SimpleNamespace
from urllib.parse import parse_qsl, urlencode, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from oauthlib.oauth1.rfc5849 import signature

from tornado._auth import signatures


def test_base_string_of_the_rfc():
    """Section 3.4.1.1, with both values of ``a3``."""
    parameters = {
        "c2": "",
        "a3": "2 q",
        "oauth_consumer_key": "9djdj82h48djs9d2",
        "oauth_token": "kkk9d7dh3k39sjv7",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "137131201",
        "oauth_nonce": "7d8f3e4a",
    }
    url = "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b"
    assert signatures.base_string("post", url, parameters) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D"
        "%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3"
        "e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk"
        "9d7dh3k39sjv7"
    )


def test_base_uri():
    for url, expected in [
        ("HTTPS://Example.com:443/a?b#c", "https://example.com/a"),
        ("https://example.com:80", "https://example.com:80/"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
    ]:
        assert signatures.base_uri(url) == expected


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(
    st.dictionaries(text, text | st.lists(text, min_size=1, max_size=3), max_size=4),
    text,
    text,
    st.sampled_from(["http://a.example/", "https://B.example:8443/p%20q?x=1&y=%26&z="]),
)
def test_oauthlib_agrees(parameters, secret, token_secret, url):
    made = signatures.hmac_sha1(secret, "get", url, parameters, token_secret)
    sent = urlencode(list(signatures.pairs_of(parameters)))
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    message = SimpleNamespace(
        http_method="GET",
        uri=url.split("?")[0],
        params=[*query, *parse_qsl(sent, keep_blank_values=True)],
        signature=made,
    )
    assert signature.verify_hmac_sha1(message, secret, token_secret)
    message.signature = made[:-2] + "x="
    assert not signature.verify_hmac_sha1(message, secret, token_secret)
