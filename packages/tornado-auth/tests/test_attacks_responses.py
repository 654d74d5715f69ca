"""Answers that are wrong in ways a parser below does not expect: refused like any other, no error of ours."""

from types import SimpleNamespace

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from tornado._auth import fetching, flows, id_token, openid_response
from tornado.auth import AuthError, AuthResponseError

KEY = OKPKey.generate_key("Ed25519", {"kid": "k"})
KEYS = {"keys": [KEY.as_dict(private=False)]}
EXPECTED = id_token.Expected("i", "c", "n", ["Ed25519"])
CLAIMS = '"iss":"i","aud":"c","sub":"s","iat":1'


def signed(claims):
    header = {"alg": "Ed25519", "kid": "k"}
    return jws.serialize_compact(header, claims.encode(), KEY, algorithms=["Ed25519"])


def test_the_token_that_the_others_are_made_of_is_good():
    token = signed(f'{{{CLAIMS},"nonce":"n","exp":9}}')
    assert id_token.verified_claims(token, KEYS, EXPECTED, 1)["sub"] == "s"


@pytest.mark.parametrize("time", ["NaN", "-Infinity", "true", '"9"', "null"])
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_times_that_are_no_numbers(name, time):
    times = {"exp": "9", "iat": "1", "nbf": "1", name: time}
    fields = ",".join(f'"{key}":{value}' for key, value in times.items())
    token = signed(f'{{"iss":"i","aud":"c","sub":"s","nonce":"n",{fields}}}')
    if time == "-Infinity" and name != "exp":
        assert id_token.verified_claims(token, KEYS, EXPECTED, 1)["sub"] == "s"
        return
    with pytest.raises(AuthResponseError):
        id_token.verified_claims(token, KEYS, EXPECTED, 1)


def test_a_nonce_that_is_no_text():
    token = signed(f'{{{CLAIMS},"nonce":"\\ud800","exp":9}}')
    with pytest.raises(AuthResponseError, match="nonce"):
        id_token.verified_claims(token, KEYS, EXPECTED, 1)


def test_a_header_or_claims_nested_too_deep():
    deep = b"[" * 200_000
    header = id_token.unpadded(b'{"alg":"Ed25519","kid":"k","x":' + deep)
    for token in (f"{header}.e30.AAAA", signed(f'{{"a":{deep.decode()}')):
        with pytest.raises(AuthResponseError):
            id_token.verified_claims(token, KEYS, EXPECTED, 1)


def test_an_answer_nested_too_deep():
    response = SimpleNamespace(body=b"[" * 200_000, effective_url="https://op/token?code=1")
    with pytest.raises(AuthError, match="expected JSON"):
        fetching.json_of(response)


@pytest.mark.parametrize("return_to", ["https://[", "https://[x]/", "https://rp\u2100/"])
def test_an_address_that_is_none(return_to):
    with pytest.raises(AuthResponseError, match="return_to"):
        openid_response.check_return_to(return_to, "https://rp/", {}, whole=True)


def test_secrets_that_are_no_text():
    assert flows.secrets_equal("\ud800", "x") is False
    assert flows.secrets_equal("x", "\ud800") is False
    with pytest.raises(AuthResponseError, match="access token"):
        id_token.check_access_token(signed("{}"), {"at_hash": "\ud800"}, "access")
    assert flows.secrets_equal("x", "x") is True


def test_secrets_are_compared_in_constant_time(monkeypatch):
    """What decides is `hmac.compare_digest`, of whole values."""
    compared = []

    def compare_digest(got, expected):
        compared.append((got, expected))
        return True

    monkeypatch.setattr(flows.hmac, "compare_digest", compare_digest)
    assert flows.secrets_equal("a", "bcd") is True
    token = signed(f'{{{CLAIMS},"nonce":"other","exp":9}}')
    assert id_token.verified_claims(token, KEYS, EXPECTED, 1)["nonce"] == "other"
    id_token.check_access_token(token, {"at_hash": "other"}, "access")
    assert compared[:2] == [(b"a", b"bcd"), (b"other", b"n")]
    assert compared[2][0] != b"other"
    assert compared[2][1] == b"other"


def test_the_state_of_a_login_is_compared_in_constant_time(monkeypatch):
    settings = {"cookie_secret": "s"}
    handler = SimpleNamespace(
        settings=settings,
        request=SimpleNamespace(protocol="http"),
        get_cookie=lambda name: "secret",
        set_cookie=lambda *args, **kwargs: None,
    )
    monkeypatch.setattr(flows, "handler_of", lambda mixin: mixin)
    monkeypatch.setattr(flows, "request_of", lambda mixin: mixin.request)
    with pytest.raises(AuthResponseError):
        flows.resume(handler, "p", "forged", None)
    monkeypatch.setattr(flows.hmac, "compare_digest", lambda got, expected: True)
    assert flows.resume(handler, "p", "forged", None) == flows.Flow("secret", "p")
