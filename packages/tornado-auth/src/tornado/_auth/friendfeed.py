"""Login by FriendFeed's OAuth 1.0, and signed requests to its API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tornado._auth.arguments import api_arguments
from tornado._auth.fetching import call
from tornado._auth.oauth1 import OAuthMixin
from tornado._auth.outcome import start
from tornado._auth.protocol import consumer_token


class FriendFeedMixin(OAuthMixin):
    """Login by FriendFeed's OAuth 1.0, with the settings ``friendfeed_consumer_key`` and
    ``friendfeed_consumer_secret``.

    ::

        class FriendFeedHandler(tornado.web.RequestHandler, tornado.auth.FriendFeedMixin):
            async def get(self):
                if self.get_argument("oauth_token", None):
                    user = await self.get_authenticated_user()
                    # Save the user using, e.g., set_signed_cookie()
                else:
                    await self.authorize_redirect()

    The user has ``username``, ``name``, ``description`` and ``access_token``. FriendFeed has closed; with
    other URLs in its attributes, the class works with any service of the same kind.
    """

    _OAUTH_VERSION = "1.0"
    _OAUTH_REQUEST_TOKEN_URL = "https://friendfeed.com/account/oauth/request_token"
    _OAUTH_ACCESS_TOKEN_URL = "https://friendfeed.com/account/oauth/access_token"
    _OAUTH_AUTHORIZE_URL = "https://friendfeed.com/account/oauth/authorize"
    _OAUTH_NO_CALLBACKS = True
    _FRIENDFEED_BASE_URL = "https://friendfeed-api.com/v2"

    def friendfeed_request(
        self,
        path: str,
        callback: Any = None,
        access_token: Any = None,
        post_args: Mapping[str, Any] | None = None,
        **args: Any,
    ) -> asyncio.Future[Any]:
        """Call FriendFeed's API.

        :param path: such as ``/feed/bret/friends``.
        :param callback: called with the result, or with ``None`` if the request failed.
        :param access_token: the ``access_token`` of a user, which signs the request.
        :param post_args: fields of a form: makes the request a POST.
        :param args: arguments of the query.
        :returns: a future of the JSON that the service returns.
        :raises AuthRequestError: (through the future) if the service responds with an error.
        """
        callback, access_token, post_args = api_arguments(callback, access_token, post_args)
        url = self._FRIENDFEED_BASE_URL + path
        target = self._oauth_signed_url(url, access_token, args, post_args)
        return start(call(self.get_auth_http_client(), target, post_args), callback)

    def _oauth_consumer_token(self) -> dict[str, Any]:
        return consumer_token(self, "friendfeed_consumer", "FriendFeed OAuth")

    async def _oauth_get_user_future(self, access_token: dict[str, Any]) -> Any:
        user = await self.friendfeed_request(
            "/feedinfo/" + access_token["username"],
            include="id,name,description",
            access_token=access_token,
        )
        if user:
            user["username"] = user["id"]
        return user


FriendFeedMixin.__module__ = "tornado.auth"
