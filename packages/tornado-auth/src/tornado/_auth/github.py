"""GitHub's login by OAuth 2.0, and requests of its API: also an example of a class for one more service."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from tornado._auth.errors import AuthError
from tornado._auth.fetching import call
from tornado._auth.oauth2 import OAuth2Mixin
from tornado._auth.outcome import Callback, start
from tornado._auth.protocol import handler_of


class GitHubMixin(OAuth2Mixin):
    """Login by GitHub's OAuth 2.0.

    Register the application with GitHub, and put what it gives into the setting ``github_oauth``:
    ``{"key": client_id, "secret": client_secret}``. ::

        class GitHubHandler(tornado.web.RequestHandler, tornado.auth.GitHubMixin):
            async def get(self):
                redirect_uri = f"{self.request.protocol}://{self.request.host}/auth/github"
                if self.get_argument("code", None):
                    user = await self.get_authenticated_user(
                        redirect_uri=redirect_uri, code=self.get_argument("code"))
                    # Save user["login"] with, e.g., set_signed_cookie()
                else:
                    self.authorize_redirect(
                        redirect_uri=redirect_uri,
                        client_id=self.settings["github_oauth"]["key"],
                        scope=["read:user"])

    .. versionadded:: 6.100
    """

    _OAUTH_AUTHORIZE_URL = "https://github.com/login/oauth/authorize"
    _OAUTH_ACCESS_TOKEN_URL = "https://github.com/login/oauth/access_token"
    _OAUTH_SETTINGS_KEY = "github_oauth"
    _OAUTH_PKCE = True
    _GITHUB_BASE_URL = "https://api.github.com"

    def get_authenticated_user(
        self, redirect_uri: str, code: str, callback: Callback | None = None
    ) -> asyncio.Future[dict[str, Any]]:
        """Exchange the code in the response for an access token, and ask who the user is.

        :param redirect_uri: the one given to `authorize_redirect`.
        :param code: the argument ``code`` of this request.
        :param callback: called with the user, or with ``None`` if the login failed.
        :returns: a future of a dictionary of what GitHub returns about the user (``login``, ``id``,
            ``name`` and so on), with ``access_token`` in it.
        :raises AuthResponseError: (through the future) if this browser began no such login.
        :raises AuthRequestError: (through the future) if GitHub refuses.
        """
        return start(self._github_user(redirect_uri, code), callback)

    async def _github_user(self, redirect_uri: str, code: str) -> dict[str, Any]:
        flow = self.check_authorization_response(spend=False)
        handler = handler_of(self)
        handler.require_setting(self._OAUTH_SETTINGS_KEY, "GitHub OAuth")
        application = handler.settings[self._OAUTH_SETTINGS_KEY]
        url = self._OAUTH_ACCESS_TOKEN_URL
        key, secret = application["key"], application["secret"]
        token = await self._oauth_exchange(url, redirect_uri, code, key, secret, flow)
        user = await self.github_request("/user", access_token=token["access_token"])
        if not isinstance(user, dict):
            raise AuthError("the service returned no user")
        return {**user, "access_token": token["access_token"]}

    def github_request(
        self,
        path: str,
        callback: Callback | None = None,
        access_token: str | None = None,
        post_args: Mapping[str, Any] | None = None,
        **args: Any,
    ) -> asyncio.Future[Any]:
        """Call GitHub's API.

        :param path: such as ``/user/repos``.
        :param callback: called with the result, or with ``None`` if the request failed.
        :param access_token: the ``access_token`` of a user, which goes into a header.
        :param post_args: fields of a form: makes the request a POST.
        :param args: arguments of the query.
        :returns: a future of the JSON that GitHub returns.
        :raises AuthRequestError: (through the future) if GitHub responds with an error.
        """
        url = self._GITHUB_BASE_URL + path
        if args:
            url += "?" + urlencode(args, doseq=True)
        headers = {"Accept": "application/vnd.github+json", "User-Agent": "tornado.auth"}
        if access_token is not None:
            headers["Authorization"] = f"Bearer {access_token}"
        return start(call(self.get_auth_http_client(), url, post_args, headers=headers), callback)


GitHubMixin.__module__ = "tornado.auth"
