"""A site that says who its visitors are: it asks them for a name, and tells the site that sent them.

It speaks OAuth 2.0 with PKCE, OAuth 1.0a with HMAC-SHA1, and OpenID 2.0 with attribute exchange. Everything
is kept in memory and anybody may have any name: this is to learn and to test with.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from pathlib import Path
from urllib.parse import quote, urlencode

import tornado.web
from tornado.httputil import url_concat

CLIENT_ID = "demo"
CLIENT_SECRET = secrets.token_urlsafe(32)

HERE = Path(__file__).resolve().parent
MAX_ENTRIES = 1000
MAX_NAME_LENGTH = 30
AX = "http://openid.net/srv/ax/1.0"
OPENID = "http://specs.openid.net/auth/2.0"


class Memory(OrderedDict):
    """The latest entries, each under a name that nobody can guess."""

    def add(self, value):
        name = secrets.token_urlsafe(24)
        self[name] = value
        while len(self) > MAX_ENTRIES:
            self.popitem(last=False)
        return name


class ProviderHandler(tornado.web.RequestHandler):
    @property
    def memory(self):
        return self.settings["memory"]

    def text(self, name):
        return self.get_argument(name, "", strip=False)

    def texts(self):
        return {name: self.text(name) for name in self.request.arguments}

    def check_back(self, address):
        """Visitors are only sent back to the site that is registered here."""
        if not address.startswith(self.settings["home"]):
            raise tornado.web.HTTPError(400, "not registered: %r", address)
        return address

    def ask_visitor(self, protocol, answer):
        """Show the page that asks for a name; ``answer(name)`` gives the address to go back to."""
        number = self.memory.add(answer)
        self.set_header("Content-Security-Policy", "default-src 'self'")
        self.render("consent.html", number=number, protocol=protocol)


class MachineHandler(ProviderHandler):
    """For programs, which have no cookies and prove themselves by a secret."""

    def check_xsrf_cookie(self):
        pass


class ConsentHandler(ProviderHandler):
    def post(self):
        answer = self.memory.pop(self.text("number"), None)
        name = self.get_argument("name", "")
        if answer is None or len(name) > MAX_NAME_LENGTH:
            raise tornado.web.HTTPError(400, "no such question")
        granted = name and self.text("decision") == "yes"
        self.redirect(answer(name if granted else None))


def profile(name):
    return {"name": name, "screen_name": name, "email": f"{quote(name)}@provider.example"}


class OAuth2AuthorizeHandler(ProviderHandler):
    def get(self):
        asked = self.texts()
        back = self.check_back(asked.get("redirect_uri", ""))
        if asked.get("client_id") != CLIENT_ID or asked.get("code_challenge_method") != "S256":
            raise tornado.web.HTTPError(400, "unknown client, or no code challenge")
        state = {"state": asked.get("state", "")}

        def answer(name):
            if name is None:
                return url_concat(back, {"error": "access_denied", **state})
            code = self.memory.add({"code for": asked, "name": name})
            return url_concat(back, {"code": code, **state})

        self.ask_visitor("OAuth 2.0", answer)


class OAuth2TokenHandler(MachineHandler):
    def post(self):
        known = self.memory.pop(self.text("code"), None)
        digest = hashlib.sha256(self.text("code_verifier").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            not isinstance(known, dict)
            or "code for" not in known
            or not hmac.compare_digest(self.text("client_secret").encode(), CLIENT_SECRET.encode())
            or not hmac.compare_digest(challenge, known["code for"]["code_challenge"])
            or self.text("redirect_uri") != known["code for"]["redirect_uri"]
        ):
            self.set_status(400)
            self.write({"error": "invalid_grant"})
            return
        token = self.memory.add({"token of": known["name"]})
        self.write({"access_token": token, "token_type": "Bearer", "expires_in": 3600})


class OAuth2UserHandler(MachineHandler):
    def get(self):
        known = self.memory.get(self.text("access_token"))
        if not isinstance(known, dict) or "token of" not in known:
            raise tornado.web.HTTPError(401)
        self.write(profile(known["token of"]))


class OAuth1Handler(MachineHandler):
    """RFC 5849: each request carries a signature."""

    def check_signature(self, token_secret=""):
        fields = self.texts()
        given = fields.pop("oauth_signature", "")
        pairs = sorted((quote(n, safe="~"), quote(v, safe="~")) for n, v in fields.items())
        parts = [
            self.request.method,
            f"http://{self.request.host}{self.request.path}",
            "&".join(f"{name}={value}" for name, value in pairs),
        ]
        text = "&".join(quote(part, safe="~") for part in parts)
        key = f"{quote(CLIENT_SECRET, safe='~')}&{quote(token_secret, safe='~')}"
        made = base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha1"))
        if not hmac.compare_digest(made, given.encode()):
            raise tornado.web.HTTPError(401, "wrong signature")

    def token(self, kind):
        known = self.memory.get(self.text("oauth_token"))
        if not isinstance(known, dict) or kind not in known:
            raise tornado.web.HTTPError(401, "unknown token")
        self.check_signature(known["secret"])
        return known


class OAuth1RequestTokenHandler(OAuth1Handler):
    def get(self):
        self.check_signature()
        back = self.check_back(self.text("oauth_callback"))
        secret = secrets.token_urlsafe(24)
        token = self.memory.add({"request": back, "secret": secret})
        fields = {"oauth_token": token, "oauth_token_secret": secret}
        self.write(urlencode({**fields, "oauth_callback_confirmed": "true"}))


class OAuth1AuthorizeHandler(ProviderHandler):
    def get(self):
        token = self.text("oauth_token")
        known = self.memory.get(token)
        if not isinstance(known, dict) or "request" not in known:
            raise tornado.web.HTTPError(400, "unknown request token")

        def answer(name):
            if name is None:
                return url_concat(known["request"], {"denied": token})
            known.update(name=name, verifier=secrets.token_urlsafe(16))
            args = {"oauth_token": token, "oauth_verifier": known["verifier"]}
            return url_concat(known["request"], args)

        self.ask_visitor("OAuth 1.0a", answer)


class OAuth1AccessTokenHandler(OAuth1Handler):
    def get(self):
        known = self.token("verifier")
        if not hmac.compare_digest(
            known["verifier"].encode(), self.text("oauth_verifier").encode()
        ):
            raise tornado.web.HTTPError(401, "wrong verifier")
        del self.memory[self.text("oauth_token")]
        secret = secrets.token_urlsafe(24)
        token = self.memory.add({"token of": known["name"], "secret": secret})
        self.write(urlencode({"oauth_token": token, "oauth_token_secret": secret}))


class OAuth1UserHandler(OAuth1Handler):
    def get(self):
        self.write(profile(self.token("token of")["token of"]))


class OpenIdHandler(MachineHandler):
    """Without associations: whoever gets an answer comes back to ask whether it is genuine."""

    def signature(self, fields, signed):
        text = "".join(f"{name}:{fields.get(name, '')}\n" for name in signed)
        mac = hmac.digest(self.settings["openid_key"], text.encode(), "sha256")
        return base64.b64encode(mac).decode()

    def get(self):
        asked = self.texts()
        if asked.get("openid.mode") != "checkid_setup":
            raise tornado.web.HTTPError(400, "openid.mode")
        back = self.check_back(asked.get("openid.return_to", ""))
        here = f"http://{self.request.host}"

        def answer(name):
            if name is None:
                return url_concat(back, {"openid.ns": OPENID, "openid.mode": "cancel"})
            nonce = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) + secrets.token_hex(8)
            fields = {
                "op_endpoint": f"{here}/openid",
                "claimed_id": f"{here}/people/{quote(name)}",
                "identity": f"{here}/people/{quote(name)}",
                "return_to": back,
                "response_nonce": nonce,
                "assoc_handle": self.memory.add({"nonce": nonce}),
                "ns.ax": AX,
                "ax.mode": "fetch_response",
                "ax.type.fullname": "http://axschema.org/namePerson",
                "ax.value.fullname": name,
                "ax.type.email": "http://axschema.org/contact/email",
                "ax.value.email": profile(name)["email"],
            }
            signed = sorted(fields)
            fields.update(ns=OPENID, mode="id_res", signed=",".join(signed))
            fields["sig"] = self.signature(fields, signed)
            return url_concat(back, {f"openid.{key}": value for key, value in fields.items()})

        self.ask_visitor("OpenID 2.0", answer)

    def post(self):
        fields = {name.removeprefix("openid."): value for name, value in self.texts().items()}
        known = self.memory.pop(fields.get("assoc_handle", ""), None)
        made = self.signature(fields, fields.get("signed", "").split(","))
        genuine = known == {"nonce": fields.get("response_nonce")} and hmac.compare_digest(
            made.encode(), fields.get("sig", "").encode()
        )
        self.write(f"ns:{OPENID}\nis_valid:{'true' if genuine else 'false'}\n")


def make_application(home, debug=False):
    """Return the provider, at which the site ``home`` is registered."""
    return tornado.web.Application(
        [
            (r"/consent", ConsentHandler),
            (r"/oauth2/authorize", OAuth2AuthorizeHandler),
            (r"/oauth2/token", OAuth2TokenHandler),
            (r"/oauth2/userinfo", OAuth2UserHandler),
            (r"/oauth1/request_token", OAuth1RequestTokenHandler),
            (r"/oauth1/authorize", OAuth1AuthorizeHandler),
            (r"/oauth1/access_token", OAuth1AccessTokenHandler),
            (r"/oauth1/account/verify_credentials\.json", OAuth1UserHandler),
            (r"/openid", OpenIdHandler),
        ],
        home=home,
        memory=Memory(),
        openid_key=secrets.token_bytes(32),
        template_path=HERE / "templates",
        static_path=HERE / "static",
        xsrf_cookies=True,
        xsrf_cookie_name="_provider_xsrf",
        debug=debug,
    )
