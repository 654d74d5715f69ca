"""Login by Twitter's OAuth 1.0a, and signed requests to its API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tornado._auth.arguments import api_arguments
from tornado._auth.fetching import call
from tornado._auth.oauth1 import OAuthMixin
from tornado._auth.outcome import Callback, redirecting, start
from tornado._auth.protocol import consumer_token


class TwitterMixin(OAuthMixin):
    """Login by Twitter's OAuth 1.0a.

    Register the application with Twitter, with the address of the handler as its callback URL,
    and put the consumer key and secret into the settings ``twitter_consumer_key`` and
    ``twitter_consumer_secret``. ::

        class TwitterLoginHandler(tornado.web.RequestHandler, tornado.auth.TwitterMixin):
            async def get(self):
                if self.get_argument("oauth_token", None):
                    user = await self.get_authenticated_user()
                    # Save the user using, e.g., set_signed_cookie()
                else:
                    await self.authorize_redirect()

    The user is a dictionary of what Twitter returns, with ``username`` and ``access_token``.
    """

    _OAUTH_REQUEST_TOKEN_URL = "https://api.twitter.com/oauth/request_token"
    _OAUTH_ACCESS_TOKEN_URL = "https://api.twitter.com/oauth/access_token"
    _OAUTH_AUTHORIZE_URL = "https://api.twitter.com/oauth/authorize"
    _OAUTH_AUTHENTICATE_URL = "https://api.twitter.com/oauth/authenticate"
    _OAUTH_NO_CALLBACKS = False
    _TWITTER_BASE_URL = "https://api.twitter.com/1.1"

    def authenticate_redirect(
        self, callback_uri: str | None = None, callback: Callback | None = None
    ) -> asyncio.Future[None]:
        """Like `authorize_redirect`, but visitors who granted access before are not asked again.

        :param callback_uri: where to come back to; by default the address registered with Twitter.
        :param callback: called after the redirect, without an argument.
        :returns: a future of ``None``, to be awaited before the handler ends.

        .. versionchanged:: 2.2
           ``callback_uri``.
        .. versionchanged:: 3.1
           Returns a future; ``callback``.
        """
        return redirecting(
            self._oauth_redirect(self._OAUTH_AUTHENTICATE_URL, callback_uri), callback
        )

    def twitter_request(
        self,
        path: str,
        callback: Any = None,
        access_token: Any = None,
        post_args: Mapping[str, Any] | None = None,
        **args: Any,
    ) -> asyncio.Future[Any]:
        """Call Twitter's API.

        :param path: such as ``statuses/user_timeline``, to which ``.json`` is added, or a whole URL,
            which is used unchanged.
        :param callback: called with the result, or with ``None`` if the request failed.
        :param access_token: the ``access_token`` of a user, which signs the request.
        :param post_args: fields of a form: makes the request a POST.
        :param args: arguments of the query.
        :returns: a future of the JSON that Twitter returns.
        :raises AuthRequestError: (through the future) if Twitter responds with an error.

        ::

            new_entry = await self.twitter_request(
                "/statuses/update",
                post_args={"status": "Testing Tornado Web Server"},
                access_token=self.current_user["access_token"])

        .. versionchanged:: 2.2
           ``path`` may be a URL.
        """
        callback, access_token, post_args = api_arguments(callback, access_token, post_args)
        if path.startswith(("http:", "https:")):
            url = path
        else:
            url = f"{self._TWITTER_BASE_URL}/{path.lstrip('/')}.json"
        target = self._oauth_signed_url(url, access_token, args, post_args)
        return start(call(self.get_auth_http_client(), target, post_args), callback)

    def _oauth_consumer_token(self) -> dict[str, Any]:
        return consumer_token(self, "twitter_consumer", "Twitter OAuth")

    async def _oauth_get_user_future(self, access_token: dict[str, Any]) -> Any:
        user = await self.twitter_request("/account/verify_credentials", access_token=access_token)
        if user:
            user["username"] = user["screen_name"]
        return user


TwitterMixin.__module__ = "tornado.auth"
