"""OpenID Connect over HTTP: discovery, keys that change, and ID tokens that are refused."""

import hashlib
import hmac
import time

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tornado import auth, web
from tornado._auth import id_token, oidc
from tornado.escape import json_decode


class Handler(web.RequestHandler, auth.OpenIDConnectMixin):
    async def get(self):
        try:
            if self.get_argument("code", None):
                user = await self.get_authenticated_user("/login", userinfo=self.userinfo)
                self.finish(user)
            else:
                await self.authorize_redirect("/login")
        except auth.AuthError as error:
            self.set_status(403)
            self.finish(f"{type(error).__name__}: {error}")

    userinfo = False


class WithUserinfo(Handler):
    userinfo = True


@pytest.fixture
def login(world):
    def run(prepare=lambda provider: None, handler=Handler):
        async def check(browser, provider):
            prepare(provider)
            return await browser.get("/login")

        return world(lambda p: [("/login", handler)], check)

    return run


def test_logged_in(login):
    response = login()
    assert response.code == 200, response.text
    user = json_decode(response.body)
    assert user["sub"] == "subject-1"
    assert user["email"] == "bret@example.com"
    assert user["access_token"] == "token-1"


def test_request(world, query_of):
    async def check(browser, provider):
        out = await browser.get("/login", redirects=0)
        asked = query_of(out.headers["Location"])
        assert asked["scope"] == "openid profile email"
        sent = [asked[name] for name in ("state", "nonce", "code_challenge")]
        assert len(set(sent)) == 3

    world(lambda p: [("/login", Handler)], check)


def test_userinfo(login):
    user = json_decode(login(handler=WithUserinfo).body)
    assert user["name"] == "Bret T"
    response = login(lambda p: p.fail.update(userinfo={"sub": "eve"}), WithUserinfo)
    assert response.code == 403
    assert "another user" in response.text


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://eve.example"}, "issuer is 'https://eve.example'"),
        ({"aud": "another"}, "is for 'another'"),
        ({"aud": ["client-id", "another"]}, "does not name its party"),
        ({"azp": "another"}, "party is 'another'"),
        ({"exp": int(time.time()) - 61}, "has expired"),
        ({"exp": None}, "exp is None"),
        ({"iat": int(time.time()) + 300}, "issued in the future"),
        ({"nbf": int(time.time()) + 300}, "not valid yet"),
        ({"nonce": "another"}, "nonce is not that of this login"),
        ({"nonce": None}, "nonce is not that of this login"),
        ({"sub": ""}, "names no subject"),
        ({"at_hash": "x"}, "not the one of the ID token"),
    ],
)
def test_claims_that_are_refused(login, claims, reason):
    response = login(lambda provider: provider.claims.update(claims))
    assert response.code == 403
    assert reason in response.text


def test_audience_of_several_with_party(login):
    claims = {"aud": ["client-id", "another"], "azp": "client-id"}
    assert login(lambda provider: provider.claims.update(claims)).code == 200


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (
            {"issuer": "https://eve.example"},
            "discovery document names the issuer 'https://eve.example'",
        ),
        ({"token_endpoint": None}, "token_endpoint is None"),
        ({"token_endpoint": "ftp://x"}, "token_endpoint is 'ftp://x'"),
        ({"authorization_response_iss_parameter_supported": True}, "does not name its issuer"),
    ],
)
def test_metadata_that_are_refused(login, metadata, reason):
    response = login(lambda provider: provider.metadata.update(metadata))
    assert response.code == 403
    assert reason in response.text


def test_secret_in_the_form(login):
    methods = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert login(lambda provider: provider.metadata.update(methods)).code == 200


def test_issuer_of_the_answer(world):
    async def check(browser, provider):
        for issuer, code in [(provider.url, 200), ("https://eve.example", 403)]:
            provider.tamper = lambda args, issuer=issuer: {**args, "iss": issuer}
            assert (await browser.get("/login")).code == code

    world(lambda p: [("/login", Handler)], check)


def test_missing_and_wrong_state(login):
    for change in (lambda a: {"code": a["code"]}, lambda a: {**a, "state": "x"}):
        response = login(lambda p, change=change: setattr(p, "tamper", change))
        assert response.code == 403


def test_signed_by_another_key(login, keys):
    """With the same name: the signature is wrong; with an unknown one: even asking again does not help."""

    def same_name(provider):
        other = keys[1].as_dict(private=True)
        provider.signing_key = type(keys[1]).import_key({**other, "kid": "k1"})

    response = login(same_name)
    assert response.code == 403
    assert "is invalid" in response.text
    response = login(lambda p: setattr(p, "signing_key", keys[1]))
    assert response.code == 403
    assert "does not name" in response.text


def test_keys_are_fetched_again_for_a_new_one(world, keys, monkeypatch):
    async def check(browser, provider):
        assert (await browser.get("/login")).code == 200
        provider.signing_key = keys[1]
        provider.known_keys = keys
        assert (await browser.get("/login")).code == 403, "not more than once a minute"
        monkeypatch.setattr(oidc, "MIN_AGE_SECONDS", 0)
        assert (await browser.get("/login")).code == 200
        assert [r.path for r in provider.seen].count("/.well-known/openid-configuration") == 1

    world(lambda p: [("/login", Handler)], check)


def expected(**more):
    values = {"issuer": "i", "client_id": "c", "nonce": None, "algorithms": ["RS256"], **more}
    return id_token.Expected(**values)


def test_algorithms_that_are_never_accepted(keys):
    """Unsigned tokens, and the public key as a shared secret."""
    public = keys[0].as_dict(private=False)
    document = {"keys": [public]}
    claims = {"iss": "i", "aud": "c", "sub": "s", "exp": 9e9, "iat": 0}
    good = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, keys[0])
    assert id_token.verified_claims(good, document, expected(), 1)["sub"] == "s"
    head, body, _ = good.split(".")
    none = id_token.unpadded(b'{"alg":"none","kid":"k1"}')
    hs256 = id_token.unpadded(b'{"alg":"HS256","kid":"k1"}')
    signed = f"{hs256}.{body}"
    shared = keys[0].as_pem(private=False)
    mac = hmac.new(shared, signed.encode(), hashlib.sha256).digest()
    forged = f"{signed}.{id_token.unpadded(mac)}"
    for token in (
        f"{none}.{body}.",
        f"{head}.{body}.",
        f"{head}.{body}.AAAA",
        forged,
        "x",
        "..",
        "",
    ):
        with pytest.raises(auth.AuthResponseError):
            id_token.verified_claims(token, document, expected(), 1)
    symmetric = {"keys": [{"kty": "oct", "kid": "k1", "k": id_token.unpadded(shared)}]}
    with pytest.raises(auth.AuthResponseError, match="does not name"):
        id_token.verified_claims(forged, symmetric, expected(algorithms=["HS256"]), 1)


def test_only_the_code_flow():
    with pytest.raises(ValueError, match="expected 'code'"):
        Handler.authorize_redirect(None, response_type="id_token")


@pytest.mark.parametrize(
    ("algorithm", "key_class", "kind"),
    [
        ("ES256", ECKey, "P-256"),
        ("Ed25519", OKPKey, "Ed25519"),
        ("PS256", RSAKey, 2048),
        ("RS512", RSAKey, 2048),
    ],
)
def test_every_kind_of_key(algorithm, key_class, kind):
    key = key_class.generate_key(kind, {"kid": "k"})
    claims = {"iss": "i", "aud": "c", "sub": "s", "exp": 9e9, "iat": 0}
    token = jwt.encode({"alg": algorithm, "kid": "k"}, claims, key, algorithms=[algorithm])
    document = {"keys": [{"kty": "future", "kid": "k"}, key.as_dict(private=False)]}
    accepted = expected(algorithms=Handler._OIDC_ALGORITHMS)
    assert id_token.verified_claims(token, document, accepted, 1) == claims
    digest = hashlib.new(
        "sha512" if algorithm in ("Ed25519", "RS512") else "sha256", b"at"
    ).digest()
    half = id_token.unpadded(digest[: len(digest) // 2])
    id_token.check_access_token(token, {"at_hash": half}, "at")
    with pytest.raises(auth.AuthResponseError, match="not the one of the ID token"):
        id_token.check_access_token(token, {"at_hash": half}, "another")
    id_token.check_access_token(token, {}, "another")


def test_tokens_without_key_name(keys):
    claims = {"iss": "i", "aud": "c", "sub": "s", "exp": 9e9, "iat": 0}
    token = jwt.encode({"alg": "RS256"}, claims, keys[0])
    public = [{**key.as_dict(private=False)} for key in keys]
    assert id_token.verified_claims(token, {"keys": public[:1]}, expected(), 1) == claims
    with pytest.raises(auth.AuthResponseError, match="names none of 2 keys"):
        id_token.verified_claims(token, {"keys": public}, expected(), 1)
    with pytest.raises(auth.AuthResponseError, match="does not name"):
        id_token.verified_claims(token, {}, expected(), 1)


def test_the_missing_extra_is_told_before_the_visitor_leaves(monkeypatch):
    from tornado._auth import id_token

    monkeypatch.setattr(id_token, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'tornado-auth\[oidc\]'"):
        id_token.require_joserfc()
