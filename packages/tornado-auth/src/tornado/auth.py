"""Logging visitors in through other services, with OpenID, OAuth and OpenID Connect.

Each class here is a mixin for a `tornado.web.RequestHandler`, or any object with the same methods
(`AuthHandler` says which). ``authorize_redirect`` or ``authenticate_redirect`` send the visitor to the
service; in the handler they come back to, ``get_authenticated_user`` checks the response and returns the
user. Methods such as `TwitterMixin.twitter_request` call the service's API afterwards::

    class GoogleOAuth2LoginHandler(tornado.web.RequestHandler, tornado.auth.GoogleOAuth2Mixin):
        async def get(self):
            if self.get_argument("code", None):
                user = await self.get_authenticated_user(
                    redirect_uri="http://your.site.com/auth/google",
                    code=self.get_argument("code"))
                # Save the user with, e.g., set_signed_cookie()
            else:
                self.authorize_redirect(
                    redirect_uri="http://your.site.com/auth/google",
                    client_id=self.get_google_oauth_settings()["key"],
                    scope=["profile", "email"],
                    response_type="code")

Methods that contact a service return a future. ``callback=``, if given, is called with the result,
or with ``None`` after an `AuthError`, which is then logged.

A response is accepted only from the browser in which the login began, which a cookie identifies. The
URLs of the services are class attributes, so that tests can run against a provider of their own.
"""

from tornado._auth.errors import AuthError, AuthRequestError, AuthResponseError
from tornado._auth.facebook import FacebookGraphMixin, FacebookMixin
from tornado._auth.friendfeed import FriendFeedMixin
from tornado._auth.github import GitHubMixin
from tornado._auth.google import GoogleMixin, GoogleOAuth2Mixin
from tornado._auth.oauth1 import OAuthMixin
from tornado._auth.oauth2 import OAuth2Mixin
from tornado._auth.oidc import OpenIDConnectMixin
from tornado._auth.openid import OpenIdMixin
from tornado._auth.protocol import AuthHandler
from tornado._auth.twitter import TwitterMixin
from tornado._core.seam import legacy as _legacy

_legacy.provide(__name__)

__all__ = [
    "AuthError",
    "AuthHandler",
    "AuthRequestError",
    "AuthResponseError",
    "FacebookGraphMixin",
    "FacebookMixin",
    "FriendFeedMixin",
    "GitHubMixin",
    "GoogleMixin",
    "GoogleOAuth2Mixin",
    "OAuth2Mixin",
    "OAuthMixin",
    "OpenIDConnectMixin",
    "OpenIdMixin",
    "TwitterMixin",
]
