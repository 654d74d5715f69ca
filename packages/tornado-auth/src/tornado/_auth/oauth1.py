"""Login by OAuth 1.0 and 1.0a, and signed requests."""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
import time
from collections.abc import Mapping
from typing import Any

from tornado._auth import flows
from tornado._auth.arguments import absolute, client_argument
from tornado._auth.errors import AuthError, AuthResponseError
from tornado._auth.fetching import ServiceClient, fetch, form_of
from tornado._auth.outcome import Callback, redirecting, start
from tornado._auth.protocol import handler_of, text_argument
from tornado._auth.signatures import hmac_sha1, pairs_of
from tornado.concurrent import Future
from tornado.gen import convert_yielded
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httputil import url_concat

COOKIE_NAME = "_oauth_request_token"


def add_query(url: str, parameters: Mapping[str, Any]) -> str:
    """Return ``url`` with parameters that may have several values."""
    return url_concat(url, list(pairs_of(parameters)))


def parse_token(response: HTTPResponse) -> dict[str, Any]:
    """Return the token in a service's response: ``key``, ``secret`` and all other fields.

    :raises AuthError: if one of the two is missing.
    """
    fields = form_of(response)
    try:
        token = {"key": fields.pop("oauth_token"), "secret": fields.pop("oauth_token_secret")}
    except KeyError as missing:
        raise AuthError(f"the service returned no {missing.args[0]}") from None
    return {**fields, **token}


class OAuthMixin(ServiceClient):
    """Login by OAuth 1.0 or 1.0a (RFC 5849), with HMAC-SHA1 signatures.

    A class for a service has these attributes and methods; see `TwitterMixin`:

    * ``_OAUTH_REQUEST_TOKEN_URL``, ``_OAUTH_AUTHORIZE_URL``, ``_OAUTH_ACCESS_TOKEN_URL``: its
      URLs.
    * ``_OAUTH_VERSION``: ``"1.0a"``, the default, or ``"1.0"``.
    * ``_OAUTH_NO_CALLBACKS``: true if it only accepts the registered return URL.
    * ``_oauth_consumer_token()``: returns ``key`` and ``secret`` of the application.
    * ``_oauth_get_user_future(access_token)``: a coroutine that returns the user. In the style of
      releases before 3.0 ``_oauth_get_user(access_token, callback)``.

    Between the redirect and the response, the request token is kept in the cookie
    ``_oauth_request_token``: no other browser may complete the login.
    """

    _OAUTH_REQUEST_TOKEN_URL: str
    _OAUTH_AUTHORIZE_URL: str
    _OAUTH_ACCESS_TOKEN_URL: str
    _OAUTH_VERSION: str = "1.0a"
    _OAUTH_NO_CALLBACKS: bool = False

    def authorize_redirect(
        self,
        callback_uri: str | None = None,
        extra_params: Mapping[str, Any] | None = None,
        http_client: AsyncHTTPClient | None = None,
        callback: Callback | None = None,
    ) -> asyncio.Future[None]:
        """Get a request token, and send the visitor to the service to authorize it.

        :param callback_uri: where the service sends them back to, absolute or relative to this
            request; by default the address registered with it. With ``"oob"`` they are not
            redirected: the response's content is the URL to go to.
        :param extra_params: more parameters for the request token, with version 1.0a.
        :param http_client: the client for requests to the service (default: `get_auth_http_client`).
        :param callback: called after the redirect, without an argument.
        :returns: a future of ``None``, to be awaited before the handler ends.
        :raises Exception: if the service takes no ``callback_uri``.
        :raises AuthRequestError: (through the future) if the service could not be reached.

        .. versionchanged:: 3.1
           Returns a future; ``callback``.
        """
        if callback_uri and self._OAUTH_NO_CALLBACKS:
            raise Exception("This service does not support oauth_callback")
        work = self._oauth_redirect(
            self._OAUTH_AUTHORIZE_URL, callback_uri, extra_params, http_client
        )
        return redirecting(work, callback)

    async def _oauth_redirect(
        self,
        authorize_url: str,
        callback_uri: str | None,
        extra_params: Mapping[str, Any] | None = None,
        http_client: AsyncHTTPClient | None = None,
    ) -> None:
        client = http_client or self.get_auth_http_client()
        url = self._oauth_request_token_url(callback_uri=callback_uri, extra_params=extra_params)
        response = await fetch(client, url)
        token = parse_token(response)
        if token.get("oauth_callback_confirmed", "true") != "true":
            raise AuthError("the service did not confirm the callback URL")
        handler = handler_of(self)
        value = b"|".join(
            base64.b64encode(token[name].encode("utf-8")) for name in ("key", "secret")
        )
        flows.set_cookie(handler, COOKIE_NAME, value.decode("ascii"))
        args = {"oauth_token": token["key"]}
        if callback_uri == "oob":
            handler.finish(url_concat(authorize_url, args))
            return
        if callback_uri:
            args["oauth_callback"] = absolute(self, callback_uri)
        handler.redirect(url_concat(authorize_url, args))

    def get_authenticated_user(
        self, callback: Any = None, http_client: AsyncHTTPClient | None = None
    ) -> asyncio.Future[dict[str, Any]]:
        """Return the user that the service sent back with this request.

        :param callback: called with the user, or with ``None`` if the login failed.
        :param http_client: the client for requests to the service (default: `get_auth_http_client`).
        :returns: a future of what ``_oauth_get_user_future`` returns, a dictionary, with
            ``access_token`` in it: another one, to be saved for requests on the user's behalf.
        :raises AuthResponseError: (through the future) if this browser did not begin the login.
        :raises AuthRequestError: (through the future) if the service refuses.

        Cancelling the future cancels the request to the service.
        """
        callback, http_client = client_argument(callback, http_client)
        return start(self._oauth_user(http_client), callback)

    async def _oauth_user(self, http_client: AsyncHTTPClient | None) -> dict[str, Any]:
        handler = handler_of(self)
        key = text_argument(self, "oauth_token")
        verifier = text_argument(self, "oauth_verifier")
        if not key:
            raise AuthResponseError("the response has no oauth_token")
        cookie = handler.get_cookie(COOKIE_NAME)
        if not cookie:
            raise AuthResponseError("this browser has no OAuth request token: cookie missing")
        try:
            cookie_key, cookie_secret = (
                base64.b64decode(part, validate=True).decode("utf-8") for part in cookie.split("|")
            )
        except (ValueError, binascii.Error):
            handler.clear_cookie(COOKIE_NAME)
            raise AuthResponseError("the OAuth request token cookie is malformed") from None
        if not flows.secrets_equal(cookie_key, key):
            raise AuthResponseError("the request token is not the one in this browser's cookie")
        token: dict[str, Any] = {"key": cookie_key, "secret": cookie_secret}
        if verifier:
            token["verifier"] = verifier
        user = await self._oauth_user_of(token, http_client)
        # Only now: until the service has accepted it, the visitor may reload the page.
        handler.clear_cookie(COOKIE_NAME)
        return user

    async def _oauth_user_of(
        self, request_token: Mapping[str, Any], http_client: AsyncHTTPClient | None
    ) -> dict[str, Any]:
        client = http_client or self.get_auth_http_client()
        access_token = parse_token(await fetch(client, self._oauth_access_token_url(request_token)))
        user = await self._oauth_ask_for_user(access_token)
        if not user:
            raise AuthError("the service returned no user")
        return {**user, "access_token": access_token}

    def _oauth_ask_for_user(self, access_token: dict[str, Any]) -> asyncio.Future[Any]:
        """Call the hook that the most derived class defines, in either style."""
        for cls in type(self).__mro__:
            if "_oauth_get_user_future" in vars(cls):
                return convert_yielded(self._oauth_get_user_future(access_token))
            if "_oauth_get_user" in vars(cls):
                break
        future: asyncio.Future[Any] = Future()

        def done(user: Any) -> None:
            if not future.done():
                future.set_result(user)

        legacy: Any = self
        legacy._oauth_get_user(access_token, done)
        return future

    def _oauth_get_user_future(self, access_token: dict[str, Any]) -> Any:
        """Return an awaitable of the user that an access token belongs to. To be overridden.

        .. versionadded:: 4.0
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to get its user")

    def _oauth_consumer_token(self) -> dict[str, Any]:
        """Return ``key`` and ``secret`` of this application. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its consumer token is")

    def _oauth_request_token_url(
        self,
        callback_uri: str | None = None,
        extra_params: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the signed URL to get a request token from."""
        parameters: dict[str, Any] = {}
        if self._OAUTH_VERSION == "1.0a":
            if callback_uri == "oob":
                parameters["oauth_callback"] = "oob"
            elif callback_uri:
                parameters["oauth_callback"] = absolute(self, callback_uri)
            parameters.update(extra_params or {})
        url = self._OAUTH_REQUEST_TOKEN_URL
        signed = self._oauth_request_parameters(url, None, parameters)
        return add_query(url, {**parameters, **signed})

    def _oauth_access_token_url(self, request_token: Mapping[str, Any]) -> str:
        """Return the signed URL to exchange a request token at."""
        url = self._OAUTH_ACCESS_TOKEN_URL
        parameters = {}
        if "verifier" in request_token:
            parameters["oauth_verifier"] = request_token["verifier"]
        signed = self._oauth_request_parameters(url, request_token, parameters)
        return add_query(url, {**parameters, **signed})

    def _oauth_request_parameters(
        self,
        url: str,
        access_token: Mapping[str, Any] | None,
        parameters: Mapping[str, Any] | None = None,
        method: str = "GET",
    ) -> dict[str, Any]:
        """Return the protocol parameters that sign a request.

        :param url: where it goes.
        :param access_token: with ``key`` and ``secret``; ``None`` if there is none yet.
        :param parameters: all others, of query and form.
        :param method: its method.
        :returns: what has to be sent along: ``oauth_consumer_key``, ``oauth_signature`` and so on.
        """
        consumer = self._oauth_consumer_token()
        signed: dict[str, Any] = {
            "oauth_consumer_key": consumer["key"],
            "oauth_signature_method": "HMAC-SHA1",
            "oauth_timestamp": str(int(time.time())),
            "oauth_nonce": secrets.token_hex(16),
            "oauth_version": "1.0",
        }
        token_secret: Any = ""
        if access_token is not None:
            signed["oauth_token"] = access_token["key"]
            token_secret = access_token["secret"]
        everything = {**signed, **(parameters or {})}
        signed["oauth_signature"] = hmac_sha1(
            consumer["secret"], method, url, everything, token_secret
        )
        return signed

    def _oauth_signed_url(
        self,
        url: str,
        access_token: Mapping[str, Any] | None,
        args: Mapping[str, Any],
        post_args: Mapping[str, Any] | None,
    ) -> str:
        """Return the URL of an API request with its query, signed if there is an access token."""
        if access_token is None:
            return add_query(url, args)
        # A name that stands in both is sent twice, so it is signed twice.
        everything: dict[str, list[Any]] = {}
        for name, value in [*pairs_of(args), *pairs_of(post_args or {})]:
            everything.setdefault(name, []).append(value)
        method = "GET" if post_args is None else "POST"
        signed = self._oauth_request_parameters(url, access_token, everything, method=method)
        return add_query(url, {**args, **signed})


OAuthMixin.__module__ = "tornado.auth"
