"""Login by OAuth 2.0, and requests with its access tokens."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from tornado._auth import flows
from tornado._auth.arguments import absolute_path, api_arguments
from tornado._auth.errors import AuthResponseError
from tornado._auth.fetching import ServiceClient, call, post_form, token_of
from tornado._auth.flows import Flow
from tornado._auth.outcome import Callback, redirected, start
from tornado._auth.protocol import handler_of, text_argument
from tornado.escape import to_unicode
from tornado.httputil import url_concat


class OAuth2Mixin(ServiceClient):
    """Login by OAuth 2.0 (RFC 6749), with ``state`` and PKCE (RFC 7636).

    A class for a service has these attributes; see `GoogleOAuth2Mixin` and `FacebookGraphMixin`:

    * ``_OAUTH_AUTHORIZE_URL``, ``_OAUTH_ACCESS_TOKEN_URL``: its URLs.
    * ``_OAUTH_STATE_REQUIRED``: whether a response has to carry the ``state`` of a login that
      `authorize_redirect` began in the same browser. ``None``, the default, means yes if the
      application has the setting ``cookie_secret``; ``False`` leaves the check to the application.
    * ``_OAUTH_PKCE``: whether `authorize_redirect` sends a code challenge. Only for classes whose
      exchange of the code sends the verifier, as those here do (default false).

    `authorize_redirect` adds the ``state`` by itself, or remembers the one in ``extra_params``. A class
    that exchanges codes in its own way checks the response with `check_authorization_response`.
    """

    _OAUTH_AUTHORIZE_URL: str
    _OAUTH_ACCESS_TOKEN_URL: str
    _OAUTH_STATE_REQUIRED: bool | None = None
    _OAUTH_PKCE: bool = False

    def authorize_redirect(
        self,
        redirect_uri: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        extra_params: Mapping[str, Any] | None = None,
        callback: Any = None,
        scope: Sequence[str] | str | None = None,
        response_type: str = "code",
    ) -> asyncio.Future[None]:
        """Send the visitor to the provider, which sends them back to ``redirect_uri``.

        :param redirect_uri: absolute, or a path of this host. Many providers want it registered.
        :param client_id: the application's name at the provider.
        :param client_secret: ignored; accepted because every release does.
        :param extra_params: more parameters of the authorization request.
        :param callback: called through the loop after the redirect, without an argument.
        :param scope: the access requested: a list of scopes, or a string.
        :param response_type: the kind of response, ``"code"`` by default.
        :returns: a future that is done: the redirect is made before this returns.

        .. versionchanged:: 3.1
           ``callback``, ``scope`` and ``response_type``.
        .. versionchanged:: 6.0
           Upstream removed ``callback``; it is accepted here.
        """
        if callback is not None and not callable(callback):
            if isinstance(scope, str):
                response_type = scope
            callback, scope = None, callback
        args: dict[str, Any] = {"response_type": response_type}
        if redirect_uri is not None:
            args["redirect_uri"] = absolute_path(self, redirect_uri)
        if client_id is not None:
            args["client_id"] = client_id
        if scope:
            args["scope"] = scope if isinstance(scope, str) else " ".join(scope)
        args.update(extra_params or {})
        return self._oauth_begin(self._OAUTH_AUTHORIZE_URL, args, callback)

    def _oauth_begin(
        self, authorize_url: str, args: dict[str, Any], callback: Callback | None
    ) -> asyncio.Future[None]:
        given = args.get("state")
        flow = flows.begin(
            self, self._oauth_purpose(), None if given is None else to_unicode(given)
        )
        args.setdefault("state", flow.state)
        if self._OAUTH_PKCE and args["response_type"] == "code" and "code_challenge" not in args:
            args["code_challenge"] = flow.challenge
            args["code_challenge_method"] = "S256"
        self._oauth_prepare(args, flow)
        handler_of(self).redirect(url_concat(authorize_url, args))
        return redirected(callback)

    def _oauth_purpose(self) -> str:
        return f"oauth2 {self._OAUTH_AUTHORIZE_URL}"

    def _oauth_prepare(self, args: dict[str, Any], flow: Flow) -> None:
        """Add service-specific parameters to the authorization request."""

    def check_authorization_response(self, spend: bool = True) -> Flow | None:
        """Check that this request is the response to a login that this browser began.

        To be called by classes that exchange the code themselves. ``get_authenticated_user`` of
        the classes here does it by itself.

        :param spend: forget the login, so that the response is accepted only once. With false, call
            `spend_authorization` when the provider has accepted the code; until then the visitor
            may reload the page.
        :returns: the login, whose ``verifier`` belongs to the code if ``_OAUTH_PKCE`` is set, or
            ``None`` if none is required (see ``_OAUTH_STATE_REQUIRED``), or this object is no handler.
        :raises AuthResponseError: if the state is missing or of another login, if an argument
            occurs twice, or if the response reports an error.
        """
        if getattr(self, "request", None) is None:
            # Not part of a handler: there is no browser whose login this could be, and the code came in
            # another way.
            if self._OAUTH_STATE_REQUIRED:
                raise AuthResponseError("the state of a response can be checked in a handler only")
            return None
        values = {name: text_argument(self, name) for name in ("code", "state", "error", "iss")}
        required = self._OAUTH_STATE_REQUIRED
        flow = flows.resume(self, self._oauth_purpose(), values["state"], required)
        if values["error"]:
            flows.spend(self, flow)
            raise AuthResponseError(f"the provider reported the error {values['error']!r}")
        if spend:
            flows.spend(self, flow)
        return flow

    def spend_authorization(self, flow: Flow | None) -> None:
        """Forget a login that `check_authorization_response` returned.

        .. versionadded:: 6.100
        """
        flows.spend(self, flow)

    async def _oauth_exchange(
        self,
        url: str,
        redirect_uri: str | None,
        code: str,
        client_id: str,
        client_secret: str,
        flow: Flow | None,
        *,
        basic: bool = False,
    ) -> dict[str, Any]:
        """Exchange the code for an access token; return everything in the response.

        :param basic: whether id and secret go into a header instead of the form (RFC 6749, 2.3.1).
        """
        fields = {
            "grant_type": "authorization_code",
            "code": code,
        }
        headers = {"Accept": "application/json"}
        if basic:
            pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode('ascii')).decode('ascii')}"
        else:
            fields.update(client_id=client_id, client_secret=client_secret)
        if redirect_uri is not None:
            fields["redirect_uri"] = absolute_path(self, redirect_uri) or ""
        if flow is not None and self._OAUTH_PKCE:
            fields["code_verifier"] = flow.verifier
        response = await post_form(self.get_auth_http_client(), url, fields, headers=headers)
        token = token_of(response)
        self.spend_authorization(flow)
        return token

    def _oauth_request_token_url(
        self,
        redirect_uri: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        code: str | None = None,
        extra_params: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the URL to get an access token from, for services that take a GET."""
        args = {
            "redirect_uri": absolute_path(self, redirect_uri),
            "code": code,
            "client_id": client_id,
            "client_secret": client_secret,
            **(extra_params or {}),
        }
        given = {name: value for name, value in args.items() if value is not None}
        return url_concat(self._OAUTH_ACCESS_TOKEN_URL, given)

    def oauth2_request(
        self,
        url: str,
        callback: Any = None,
        access_token: Any = None,
        post_args: Mapping[str, Any] | None = None,
        **args: Any,
    ) -> asyncio.Future[Any]:
        """Call an API with an access token.

        :param url: the URL to request.
        :param callback: called with the result, or with ``None`` if the request failed.
        :param access_token: the token, which is sent in the query.
        :param post_args: fields of a form: makes the request a POST.
        :param args: more arguments of the query.
        :returns: a future of the JSON that the service returns.
        :raises AuthRequestError: (through the future) if the service responds with an error.

        .. versionadded:: 4.3
        """
        callback, access_token, post_args = api_arguments(callback, access_token, post_args)
        query = dict(args)
        if access_token is not None:
            query["access_token"] = access_token
        target = f"{url}{'&' if '?' in url else '?'}{urlencode(query)}" if query else url
        return start(call(self.get_auth_http_client(), target, post_args), callback)


OAuth2Mixin.__module__ = "tornado.auth"
