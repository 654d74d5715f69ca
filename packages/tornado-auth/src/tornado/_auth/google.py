"""Login by Google: today's OAuth 2.0, and the earlier hybrid of OpenID 2.0 and OAuth 1.0."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tornado._auth.arguments import client_argument
from tornado._auth.fetching import fetch
from tornado._auth.oauth1 import OAuthMixin, parse_token
from tornado._auth.oauth2 import OAuth2Mixin
from tornado._auth.openid import DEFAULT_AX_ATTRS, OpenIdMixin
from tornado._auth.openid_response import NS_OAUTH, extension
from tornado._auth.outcome import Callback, start
from tornado._auth.protocol import consumer_token, handler_of
from tornado.httpclient import AsyncHTTPClient


class GoogleMixin(OpenIdMixin, OAuthMixin):
    """Login by OpenID 2.0 with an OAuth 1.0 request token in the same response.

    `authenticate_redirect` asks who the visitor is; `authorize_redirect` also for access to
    resources, with the settings ``google_consumer_key`` and ``google_consumer_secret``. Responses to
    both go to `get_authenticated_user`::

        class GoogleHandler(tornado.web.RequestHandler, tornado.auth.GoogleMixin):
            async def get(self):
                if self.get_argument("openid.mode", None):
                    user = await self.get_authenticated_user()
                    # Save the user with, e.g., set_signed_cookie()
                else:
                    self.authenticate_redirect()

    Google has closed this service; with other URLs in its attributes, the class works with
    any provider of the same kind. For Google, see `GoogleOAuth2Mixin`.
    """

    _OPENID_ENDPOINT = "https://www.google.com/accounts/o8/ud"
    _OAUTH_ACCESS_TOKEN_URL = "https://www.google.com/accounts/OAuthGetAccessToken"

    def authorize_redirect(  # type: ignore[override]  # the argument order of the first release
        self,
        oauth_scope: str,
        callback_uri: str | None = None,
        ax_attrs: Sequence[str] = DEFAULT_AX_ATTRS,
        callback: Callback | None = None,
    ) -> asyncio.Future[None]:
        """Send the visitor to log in and to grant access to resources.

        :param oauth_scope: the resources, separated by spaces.
        :param callback_uri: where to come back to; see `OpenIdMixin.authenticate_redirect`.
        :param ax_attrs: the attributes to ask for.
        :param callback: called through the loop after the redirect, without an argument.
        :returns: a future that is done: the redirect is made before this returns.
        """
        args = self._openid_args(callback_uri, ax_attrs=ax_attrs, oauth_scope=oauth_scope)
        return self._openid_redirect(args, callback)

    def get_authenticated_user(
        self, callback: Any = None, http_client: AsyncHTTPClient | None = None
    ) -> asyncio.Future[dict[str, Any]]:
        """Return the user named in the response, as `OpenIdMixin.get_authenticated_user` does.

        If access was requested and granted, the user has ``access_token`` in it.
        """
        callback, http_client = client_argument(callback, http_client)
        return start(self._google_hybrid_user(http_client), callback)

    async def _google_hybrid_user(self, http_client: AsyncHTTPClient | None) -> dict[str, Any]:
        signed = await self._openid_verified_fields(http_client)
        user = self._openid_user_of(signed)
        request_token = extension(signed, NS_OAUTH).get("request_token")
        if request_token:
            client = http_client or self.get_auth_http_client()
            url = self._oauth_access_token_url({"key": request_token, "secret": ""})
            user["access_token"] = parse_token(await fetch(client, url))
        return user

    def _oauth_consumer_token(self) -> dict[str, Any]:
        return consumer_token(self, "google_consumer", "Google OAuth")


class GoogleOAuth2Mixin(OAuth2Mixin):
    """Login by Google's OAuth 2.0.

    Register the application in Google's console, and put the credentials into the setting
    ``google_oauth``: ``{"key": client_id, "secret": client_secret}``. ::

        class GoogleHandler(tornado.web.RequestHandler, tornado.auth.GoogleOAuth2Mixin):
            async def get(self):
                redirect_uri = f"{self.request.protocol}://{self.request.host}/auth/google"
                if self.get_argument("code", None):
                    access = await self.get_authenticated_user(
                        redirect_uri=redirect_uri, code=self.get_argument("code"))
                    user = await self.oauth2_request(
                        self._OAUTH_USERINFO_URL, access_token=access["access_token"])
                    # Save the user and the access token with, e.g., set_signed_cookie()
                else:
                    self.authorize_redirect(
                        redirect_uri=redirect_uri,
                        client_id=self.get_google_oauth_settings()["key"],
                        scope=["profile", "email"],
                        response_type="code",
                        extra_params={"prompt": "select_account"})

    .. versionadded:: 3.2
    """

    _OAUTH_AUTHORIZE_URL = "https://accounts.google.com/o/oauth2/v2/auth"
    _OAUTH_ACCESS_TOKEN_URL = "https://oauth2.googleapis.com/token"
    _OAUTH_USERINFO_URL = "https://www.googleapis.com/oauth2/v1/userinfo"
    _OAUTH_NO_CALLBACKS = False
    _OAUTH_SETTINGS_KEY = "google_oauth"
    _OAUTH_PKCE = True

    def get_google_oauth_settings(self) -> dict[str, str]:
        """Return the setting ``google_oauth``, with ``key`` and ``secret``. May be overridden.

        .. versionadded:: 6.5
        """
        handler = handler_of(self)
        handler.require_setting(self._OAUTH_SETTINGS_KEY, "Google OAuth2")
        settings: dict[str, str] = handler.settings[self._OAUTH_SETTINGS_KEY]
        return settings

    def get_authenticated_user(
        self,
        redirect_uri: str,
        code: str,
        callback: Any = None,
        client_id: str | None = None,
        client_secret: str | None = None,
    ) -> asyncio.Future[dict[str, Any]]:
        """Exchange the code in the response for an access token.

        :param redirect_uri: the one given to `authorize_redirect`.
        :param code: the argument ``code`` of this request.
        :param callback: called with the result, or with ``None`` if the login failed.
        :param client_id: overrides ``key`` of the settings.
        :param client_secret: overrides ``secret`` of the settings.
        :returns: a future of a dictionary with ``access_token``, ``expires_in`` (seconds),
            ``id_token`` and so on. For the user, see `oauth2_request`.
        :raises AuthResponseError: (through the future) if this browser began no such login.
        :raises AuthRequestError: (through the future) if Google refuses the code.

        .. versionchanged:: 6.5
           ``client_id`` and ``client_secret``.
        """
        if callback is not None and not callable(callback):
            callback, client_id, client_secret = None, callback, client_id or client_secret
        return start(self._google_token(redirect_uri, code, client_id, client_secret), callback)

    async def _google_token(
        self, redirect_uri: str, code: str, client_id: str | None, client_secret: str | None
    ) -> dict[str, Any]:
        flow = self.check_authorization_response(spend=False)
        if client_id is None or client_secret is None:
            settings = self.get_google_oauth_settings()
            client_id = client_id or settings["key"]
            client_secret = client_secret or settings["secret"]
        url = self._OAUTH_ACCESS_TOKEN_URL
        return await self._oauth_exchange(url, redirect_uri, code, client_id, client_secret, flow)


GoogleMixin.__module__ = GoogleOAuth2Mixin.__module__ = "tornado.auth"
