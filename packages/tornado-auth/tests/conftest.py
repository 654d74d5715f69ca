"""A provider that speaks each protocol over HTTP, an application that logs in with it, and a browser."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from http.cookies import SimpleCookie
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from oauthlib.oauth1.rfc5849 import signature
from oauthlib.oauth2.rfc6749.grant_types.authorization_code import code_challenge_method_s256

from tornado import web
from tornado._auth import oidc
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.httputil import url_concat

CONSUMER = {"key": "consumer", "secret": "consumer&secret/1"}
APPLICATION = {"key": "client-id", "secret": "client secret+1"}
USER = {"id": "bret", "screen_name": "bret", "name": "Bret T", "login": "bret", "uid": 7}

KEYS = [RSAKey.generate_key(2048, {"kid": f"k{n}", "use": "sig"}) for n in (1, 2)]


def listen(application):
    server = HTTPServer(application)
    server.listen(0, "127.0.0.1")
    [sock] = server._sockets.values()
    return server, f"http://127.0.0.1:{sock.getsockname()[1]}"


class Provider:
    """What the provider knows, and what tests may change about it."""

    def __init__(self):
        self.request_tokens = {}
        self.access_tokens = {"access-key": "access&secret"}
        self.codes = {}
        self.seen = []
        self.registered_callback = None
        self.openid_key = secrets.token_bytes(32)
        self.openid_nonces = set()
        self.openid_extra = {}
        self.signing_key = KEYS[0]
        self.known_keys = [self.signing_key]
        self.claims = {}
        self.metadata = {}
        self.fail = {}
        self.token_answer = {}
        self.tamper = lambda args: args

    def base(self, path=""):
        return self.url + path


class ProviderHandler(web.RequestHandler):
    @property
    def provider(self):
        return self.settings["provider"]

    def prepare(self):
        self.provider.seen.append(self.request)
        status = self.provider.fail.get(self.request.path)
        if status:
            raise web.HTTPError(status, "told to fail")

    def text(self, name, default=""):
        return self.get_argument(name, default, strip=False)


class OAuth1Handler(ProviderHandler):
    """Verifies each signature with oauthlib."""

    def verified(self, token_secret):
        request = self.request
        params = [
            (name, value.decode()) for name, values in request.arguments.items() for value in values
        ]
        given = dict(params)["oauth_signature"]
        message = SimpleNamespace(
            http_method=request.method,
            uri=request.full_url().split("?")[0],
            params=[(name, value) for name, value in params if name != "oauth_signature"],
            signature=given,
        )
        if self.text("oauth_consumer_key") != CONSUMER["key"] or not signature.verify_hmac_sha1(
            message, CONSUMER["secret"], token_secret
        ):
            raise web.HTTPError(401, "wrong signature")


class RequestTokenHandler(OAuth1Handler):
    def get(self):
        self.verified("")
        token = secrets.token_hex(4)
        callback = self.text("oauth_callback", None)
        self.provider.request_tokens[token] = {"secret": "req&" + token, "callback": callback}
        answer = {
            "oauth_token": token,
            "oauth_token_secret": "req&" + token,
            "oauth_callback_confirmed": "true",
            **self.provider.token_answer,
        }
        self.write(urlencode(answer))


class OAuth1AuthorizeHandler(ProviderHandler):
    def get(self):
        token = self.text("oauth_token")
        known = self.provider.request_tokens[token]
        known["verifier"] = secrets.token_hex(4)
        callback = known["callback"] or self.text("oauth_callback", None)
        callback = callback or self.provider.registered_callback
        args = {"oauth_token": token, "oauth_verifier": known["verifier"]}
        self.redirect(url_concat(callback, self.provider.tamper(args)))


class OAuth1AccessTokenHandler(OAuth1Handler):
    def get(self):
        known = self.provider.request_tokens.pop(self.text("oauth_token"), None)
        if known is None:
            raise web.HTTPError(401, "unknown or used request token")
        self.verified(known["secret"])
        if self.text("oauth_verifier") != known["verifier"]:
            raise web.HTTPError(401, "wrong verifier")
        key, secret = next(iter(self.provider.access_tokens.items()))
        answer = {"oauth_token": key, "oauth_token_secret": secret, "username": "bret"}
        self.write(urlencode(answer))


class GoogleOAuthAccessTokenHandler(OAuth1Handler):
    def get(self):
        self.verified("")
        assert self.text("oauth_token") == "hybrid-token"
        self.write(urlencode({"oauth_token": "access-key", "oauth_token_secret": "s"}))


class OAuth1ApiHandler(OAuth1Handler):
    def get(self, path):
        if "signed" not in path or self.text("oauth_token", None):
            self.verified(self.provider.access_tokens[self.text("oauth_token")])
        shown = {n: self.get_arguments(n) for n in self.request.arguments if "oauth" not in n}
        self.write({**USER, "path": path, "method": self.request.method, "args": shown})

    post = get


class AuthorizeHandler(ProviderHandler):
    """OAuth 2.0 and OpenID Connect."""

    def get(self):
        if self.text("client_id") != APPLICATION["key"]:
            raise web.HTTPError(400, "unknown client")
        code = secrets.token_hex(8)
        asked = {name: self.text(name) for name in self.request.arguments}
        self.provider.codes[code] = asked
        args = {"code": code}
        if "state" in asked:
            args["state"] = asked["state"]
        self.redirect(url_concat(asked["redirect_uri"], self.provider.tamper(args)))


class TokenHandler(ProviderHandler):
    def get(self):
        asked = self.provider.codes.pop(self.text("code"), None)
        key, secret = self.text("client_id"), self.text("client_secret")
        scheme, _, pair = self.request.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            key, secret = (
                dict(parse_qsl(f"x={part}"))["x"]
                for part in base64.b64decode(pair).decode().split(":")
            )
        if asked is None or {"key": key, "secret": secret} != APPLICATION:
            self.set_status(400)
            self.finish({"error": "invalid_grant"})
            return
        assert asked["redirect_uri"] == self.text("redirect_uri")
        challenge = asked.get("code_challenge")
        if challenge is not None and not code_challenge_method_s256(
            self.text("code_verifier"), challenge
        ):
            self.set_status(400)
            self.finish({"error": "invalid_grant"})
            return
        answer = {"access_token": "token-1", "expires_in": 3600, "token_type": "Bearer"}
        if "openid" in asked.get("scope", ""):
            answer["id_token"] = self.id_token(asked)
        self.finish({**answer, **self.provider.token_answer})

    post = get

    def id_token(self, asked):
        now = int(time.time())
        hashed = hashlib.sha256(b"token-1").digest()[:16]
        claims = {
            "iss": self.provider.url,
            "aud": APPLICATION["key"],
            "sub": "subject-1",
            "iat": now,
            "exp": now + 300,
            "nonce": asked.get("nonce"),
            "email": "bret@example.com",
            "at_hash": base64.urlsafe_b64encode(hashed).rstrip(b"=").decode(),
        }
        claims.update(self.provider.claims)
        key = self.provider.signing_key
        header = {"alg": "RS256", "kid": key.kid}
        return jwt.encode(header, claims, key)


class ApiHandler(ProviderHandler):
    """Answers to whoever shows the access token, in the query or in a header."""

    def get(self, path):
        token = self.text("access_token", None)
        token = token or self.request.headers.get("Authorization", "").partition(" ")[2]
        if token != "token-1":
            raise web.HTTPError(401, "wrong access token")
        shown = {n: self.get_arguments(n) for n in self.request.arguments if n != "access_token"}
        answer = {**USER, "sub": "subject-1", "path": path, "method": self.request.method}
        self.write({**answer, "args": shown, **self.provider.fail.get("userinfo", {})})

    post = get


class DiscoveryHandler(ProviderHandler):
    def get(self):
        base = self.provider.base
        document = {
            "issuer": base(),
            "authorization_endpoint": base("/authorize"),
            "token_endpoint": base("/token"),
            "jwks_uri": base("/jwks"),
            "userinfo_endpoint": base("/api/userinfo"),
        }
        self.write({**document, **self.provider.metadata})


class KeysHandler(ProviderHandler):
    def get(self):
        self.write({"keys": [key.as_dict(private=False) for key in self.provider.known_keys]})


class OpenIdHandler(ProviderHandler):
    """An OpenID 2.0 provider in stateless mode."""

    def sign(self, fields, signed):
        text = "".join(f"{name}:{fields[name]}\n" for name in signed)
        mac = hmac.new(self.provider.openid_key, text.encode(), hashlib.sha256)
        return base64.b64encode(mac.digest()).decode()

    def get(self):
        asked = {name[7:]: self.text(name) for name in self.request.arguments}
        assert asked["mode"] == "checkid_setup"
        assert asked["return_to"].startswith(asked["realm"])
        nonce = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) + secrets.token_hex(4)
        fields = {
            "op_endpoint": self.provider.base("/openid"),
            "claimed_id": self.provider.base("/id/bret"),
            "identity": self.provider.base("/id/bret"),
            "return_to": asked["return_to"],
            "response_nonce": nonce,
            "assoc_handle": "private",
        }
        values = {"email": "bret@example.com", "firstname": "Bret", "lastname": "T"}
        values.update(language="en", username="bret")
        wanted = [n for n in asked.get("ax.required", "").split(",") if n in values]
        if wanted:
            fields.update(
                {"ns.ext1": "http://openid.net/srv/ax/1.0", "ext1.mode": "fetch_response"}
            )
        for name in wanted:
            fields[f"ext1.type.{name}"] = asked[f"ax.type.{name}"]
            fields[f"ext1.value.{name}"] = values[name]
        if "oauth.scope" in asked:
            fields["ns.ext2"] = "http://specs.openid.net/extensions/oauth/1.0"
            fields["ext2.request_token"] = "hybrid-token"
            fields["ext2.scope"] = asked["oauth.scope"]
        fields.update(self.provider.openid_extra)
        signed = sorted(fields)
        fields["sig"] = self.sign(fields, signed)
        fields["signed"] = ",".join(signed)
        fields.update({"ns": "http://specs.openid.net/auth/2.0", "mode": "id_res"})
        args = [(f"openid.{name}", value) for name, value in fields.items()]
        self.redirect(url_concat(asked["return_to"], self.provider.tamper(args)))

    def post(self):
        fields = {n[7:]: v[0].decode() for n, v in self.request.arguments.items()}
        assert fields["mode"] == "check_authentication"
        fresh = fields["response_nonce"] not in self.provider.openid_nonces
        self.provider.openid_nonces.add(fields["response_nonce"])
        good = fresh and self.sign(fields, fields["signed"].split(",")) == fields["sig"]
        self.write(f"ns:http://specs.openid.net/auth/2.0\nis_valid:{str(good).lower()}\n")


class FacebookLoginHandler(ProviderHandler):
    @staticmethod
    def sign(fields):
        text = "".join(f"{name}={fields[name]}" for name in sorted(fields))
        return hashlib.md5((text + APPLICATION["secret"]).encode()).hexdigest()

    def get(self):
        assert self.text("api_key") == APPLICATION["key"]
        session = {"session_key": "session-1", "uid": 7, "expires": 0}
        session["sig"] = self.sign(session)
        args = {"session": json.dumps(session)}
        self.redirect(url_concat(self.text("next"), self.provider.tamper(args)))


class FacebookRestHandler(ProviderHandler):
    def get(self):
        fields = {name: self.text(name) for name in self.request.arguments}
        given = fields.pop("sig")
        if given != FacebookLoginHandler.sign(fields):
            self.finish({"error_code": 104, "error_msg": "Incorrect signature"})
        elif fields["method"] == "facebook.users.getInfo":
            self.finish(json.dumps([{**USER, "uid": int(fields["uids"])}]))
        else:
            self.finish({"method": fields["method"], "session_key": fields["session_key"]})


def provider_application(provider):
    return web.Application(
        [
            ("/oauth1/request_token", RequestTokenHandler),
            ("/oauth1/authorize", OAuth1AuthorizeHandler),
            ("/oauth1/access_token", OAuth1AccessTokenHandler),
            ("/oauth1/google_token", GoogleOAuthAccessTokenHandler),
            ("/oauth1/api/(.*)", OAuth1ApiHandler),
            ("/authorize", AuthorizeHandler),
            ("/token", TokenHandler),
            ("/api/(.*)", ApiHandler),
            ("/.well-known/openid-configuration", DiscoveryHandler),
            ("/jwks", KeysHandler),
            ("/openid", OpenIdHandler),
            ("/facebook/login", FacebookLoginHandler),
            ("/facebook/rest", FacebookRestHandler),
        ],
        provider=provider,
        log_function=lambda handler: None,
    )


class Browser:
    """Keeps cookies and follows redirects, as far as it is told to."""

    def __init__(self, home):
        self.home = home
        self.cookies = {}
        self.client = AsyncHTTPClient(force_instance=True)

    async def get(self, url, *, redirects=10, **kwargs):
        url = urljoin(self.home, url)
        while True:
            headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
            response = await self.client.fetch(
                url,
                headers=headers if self.cookies else {},
                follow_redirects=False,
                raise_error=False,
                **kwargs,
            )
            for line in response.headers.get_list("Set-Cookie"):
                for name, morsel in SimpleCookie(line).items():
                    if morsel["max-age"] == "0" or not morsel.value:
                        self.cookies.pop(name, None)
                    else:
                        self.cookies[name] = morsel.coded_value
            location = response.headers.get("Location")
            if location is None or not redirects:
                return response
            url = urljoin(url, location)
            redirects -= 1

    async def answer_to(self, url):
        """Go to the provider, and return the address that it sends the browser back to."""
        out = await self.get(url, redirects=0)
        assert out.code == 302, out
        back = await self.get(out.headers["Location"], redirects=0)
        assert back.code == 302, back
        return back.headers["Location"]


@pytest.fixture
def world():
    """Run ``check(browser, provider)`` against an application, whose routes ``routes(provider)`` makes."""
    oidc.documents.clear()

    def run(routes, check, **settings):
        async def main():
            provider = Provider()
            provider_server, provider.url = listen(provider_application(provider))
            settings.setdefault("cookie_secret", "a secret of the tests")
            application = web.Application(
                routes(provider),
                log_function=lambda handler: None,
                twitter_consumer_key=CONSUMER["key"],
                twitter_consumer_secret=CONSUMER["secret"],
                friendfeed_consumer_key=CONSUMER["key"],
                friendfeed_consumer_secret=CONSUMER["secret"],
                google_consumer_key=CONSUMER["key"],
                google_consumer_secret=CONSUMER["secret"],
                facebook_api_key=APPLICATION["key"],
                facebook_secret=APPLICATION["secret"],
                google_oauth=APPLICATION,
                github_oauth=APPLICATION,
                openid_connect={**APPLICATION, "issuer": provider.url},
                **settings,
            )
            server, home = listen(application)
            browser = Browser(home)
            provider.registered_callback = home + "/login"
            try:
                return await asyncio.wait_for(check(browser, provider), 20)
            finally:
                browser.client.close()
                AsyncHTTPClient().close()
                for each in (server, provider_server):
                    each.stop()
                    await each.close_all_connections()
                left = asyncio.all_tasks() - {asyncio.current_task()}
                for _ in range(20):
                    if not left:
                        break
                    await asyncio.sleep(0.01)
                    left = asyncio.all_tasks() - {asyncio.current_task()}
                assert not left, left

        return asyncio.run(main())

    return run


def oauth1_at(provider, **more):
    base = provider.base
    return {
        "_OAUTH_REQUEST_TOKEN_URL": base("/oauth1/request_token"),
        "_OAUTH_AUTHORIZE_URL": base("/oauth1/authorize"),
        "_OAUTH_AUTHENTICATE_URL": base("/oauth1/authorize"),
        "_OAUTH_ACCESS_TOKEN_URL": base("/oauth1/access_token"),
        "_TWITTER_BASE_URL": base("/oauth1/api"),
        "_FRIENDFEED_BASE_URL": base("/oauth1/api"),
        **more,
    }


def oauth2_at(provider, **more):
    base = provider.base
    return {
        "_OAUTH_AUTHORIZE_URL": base("/authorize"),
        "_OAUTH_ACCESS_TOKEN_URL": base("/token"),
        "_OAUTH_USERINFO_URL": base("/api/userinfo"),
        "_FACEBOOK_BASE_URL": base("/api"),
        "_GITHUB_BASE_URL": base("/api"),
        "_FACEBOOK_LOGIN_URL": base("/facebook/login"),
        "_FACEBOOK_REST_URL": base("/facebook/rest"),
        **more,
    }


def openid_at(provider, **more):
    return {
        "_OPENID_ENDPOINT": provider.base("/openid"),
        **more,
    }


@pytest.fixture
def at():
    """Return ``at.oauth1(provider, Handler)``: the handler's class with that provider's addresses."""

    def made(attributes):
        def make(provider, handler, **more):
            return type(handler.__name__, (handler,), attributes(provider, **more))

        return make

    return SimpleNamespace(oauth1=made(oauth1_at), oauth2=made(oauth2_at), openid=made(openid_at))


@pytest.fixture
def query_of():
    """Return the query of a URL as a dictionary."""
    return lambda url: dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


@pytest.fixture
def keys():
    """Two keys of a provider, ``k1`` and ``k2``."""
    return KEYS
