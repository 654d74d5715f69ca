"""Log in at another site: by OAuth 2.0 with PKCE, by OAuth 1.0a, and by OpenID 2.0.

usage: python main.py [--port=8888] [--address=127.0.0.1] [--debug]

The other site is a small provider that runs beside it, on a port of its own: see provider.py.
"""

import asyncio
import os
import signal
from pathlib import Path

import provider

import tornado.auth
import tornado.log
import tornado.options
import tornado.web
from tornado.escape import json_decode, json_encode
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.options import define, options

define("port", default=8888, type=int, help="the port to listen on")
define("address", default="127.0.0.1", help="the address to listen on")
define("debug", default=False, type=bool, help="show tracebacks and reload on change")

HERE = Path(__file__).resolve().parent


class PageHandler(tornado.web.RequestHandler):
    """What the pages share: the visitor, whom a signed cookie keeps."""

    def set_default_headers(self):
        self.set_header("Content-Security-Policy", "default-src 'self'")

    def get_current_user(self):
        value = self.get_signed_cookie("user", max_age_days=1)
        return json_decode(value) if value else None

    def log_in(self, name, email, way):
        user = json_encode({"name": name, "email": email, "way": way})
        self.set_signed_cookie("user", user, expires_days=1, httponly=True, samesite="Lax")
        self.redirect("/")

    def refuse(self, error):
        """Show that the login failed; the reason is for the log."""
        tornado.log.app_log.warning("login failed: %s", error)
        self.set_status(403)
        self.render("home.html", problem="That login did not work. Please try again.")


class HomeHandler(PageHandler):
    def get(self):
        self.render("home.html", problem=None)


class LogoutHandler(PageHandler):
    def post(self):
        self.clear_cookie("user")
        self.redirect("/")


class OAuth2LoginHandler(PageHandler, tornado.auth.OAuth2Mixin):
    """A service of one's own: where it is, and how its codes are exchanged."""

    _OAUTH_PKCE = True

    async def get(self):
        redirect_uri = f"{self.request.protocol}://{self.request.host}/login/oauth2"
        if not self.get_arguments("code") and not self.get_arguments("error"):
            self.authorize_redirect(redirect_uri, provider.CLIENT_ID, scope=["profile"])
            return
        try:
            flow = self.check_authorization_response()
            token = await self.oauth2_request(
                self._OAUTH_ACCESS_TOKEN_URL,
                post_args={
                    "grant_type": "authorization_code",
                    "code": self.get_argument("code"),
                    "redirect_uri": redirect_uri,
                    "client_id": provider.CLIENT_ID,
                    "client_secret": provider.CLIENT_SECRET,
                    "code_verifier": flow.verifier,
                },
            )
            user = await self.oauth2_request(
                self._OAUTH_USERINFO_URL, access_token=token["access_token"]
            )
        except tornado.auth.AuthError as error:
            self.refuse(error)
            return
        self.log_in(user["name"], user["email"], "OAuth 2.0")


class OAuth1LoginHandler(PageHandler, tornado.auth.TwitterMixin):
    """Whatever speaks as Twitter does."""

    async def get(self):
        if self.get_arguments("denied"):
            self.refuse("denied")
            return
        try:
            if self.get_arguments("oauth_token"):
                user = await self.get_authenticated_user()
            else:
                await self.authorize_redirect(callback_uri="/login/oauth1")
                return
        except tornado.auth.AuthError as error:
            self.refuse(error)
            return
        self.log_in(user["name"], user["email"], "OAuth 1.0a")


class OpenIdLoginHandler(PageHandler, tornado.auth.OpenIdMixin):
    async def get(self):
        if not self.get_arguments("openid.mode"):
            self.authenticate_redirect(ax_attrs=["name", "email"])
            return
        try:
            user = await self.get_authenticated_user()
        except tornado.auth.AuthError as error:
            self.refuse(error)
            return
        self.log_in(user["name"], user["email"], "OpenID 2.0")


def make_application(provider_url, debug=False):
    """Return the application; its logins are those of the provider at ``provider_url``."""
    OAuth2LoginHandler._OAUTH_AUTHORIZE_URL = f"{provider_url}/oauth2/authorize"
    OAuth2LoginHandler._OAUTH_ACCESS_TOKEN_URL = f"{provider_url}/oauth2/token"
    OAuth2LoginHandler._OAUTH_USERINFO_URL = f"{provider_url}/oauth2/userinfo"
    OAuth1LoginHandler._OAUTH_REQUEST_TOKEN_URL = f"{provider_url}/oauth1/request_token"
    OAuth1LoginHandler._OAUTH_AUTHORIZE_URL = f"{provider_url}/oauth1/authorize"
    OAuth1LoginHandler._OAUTH_ACCESS_TOKEN_URL = f"{provider_url}/oauth1/access_token"
    OAuth1LoginHandler._TWITTER_BASE_URL = f"{provider_url}/oauth1"
    OpenIdLoginHandler._OPENID_ENDPOINT = f"{provider_url}/openid"
    return tornado.web.Application(
        [
            (r"/", HomeHandler),
            (r"/logout", LogoutHandler),
            (r"/login/oauth2", OAuth2LoginHandler),
            (r"/login/oauth1", OAuth1LoginHandler),
            (r"/login/openid", OpenIdLoginHandler),
        ],
        cookie_secret=os.environ.get("AUTH_COOKIE_SECRET") or os.urandom(32).hex(),
        twitter_consumer_key=provider.CLIENT_ID,
        twitter_consumer_secret=provider.CLIENT_SECRET,
        template_path=HERE / "templates",
        static_path=HERE / "static",
        xsrf_cookies=True,
        debug=debug,
    )


async def main():
    tornado.options.parse_command_line()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sockets = bind_sockets(0, options.address)
    provider_url = f"http://{options.address}:{sockets[0].getsockname()[1]}"
    home = f"http://{options.address}:{options.port}/"
    provider_server = HTTPServer(provider.make_application(home, options.debug))
    provider_server.add_sockets(sockets)
    server = make_application(provider_url, options.debug).listen(options.port, options.address)
    print(f"the provider listens on {provider_url}/", flush=True)
    print(f"auth listens on {home}", flush=True)
    await stop.wait()
    await asyncio.gather(server.drain(timeout=5), provider_server.drain(timeout=5))


if __name__ == "__main__":
    asyncio.run(main())
