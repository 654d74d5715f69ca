"""Login at other services: a visitor is sent there and comes back; who they are comes out.

Each class here is a mixin for a `tornado.web.RequestHandler`, or any object with the same methods
(`AuthHandler` says which). ``authorize_redirect`` or ``authenticate_redirect`` send the visitor to the
service; in the handler to which they come back ``get_authenticated_user`` checks the answer, and gives the
user. What is asked of a service afterwards has methods such as `TwitterMixin.twitter_request`::

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

Methods that ask a service return a future. With ``callback=`` they call that too, with the
result, or with ``None`` if an `AuthError` happened, which is then logged.

An answer is only believed in the browser that was sent out: a cookie tells. The addresses of the
services are attributes of the classes, so that tests can run against a provider of their own.
"""

from tornado._auth.errors import AuthAnswerError, AuthError, AuthRequestError
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
    "AuthAnswerError",
    "AuthError",
    "AuthHandler",
    "AuthRequestError",
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
