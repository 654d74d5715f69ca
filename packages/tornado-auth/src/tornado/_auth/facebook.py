"""Login by Facebook: OAuth 2.0 with the Graph API, and the older Facebook Connect with the REST API."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tornado._auth import flows
from tornado._auth.arguments import absolute, api_arguments
from tornado._auth.errors import AuthError, AuthResponseError
from tornado._auth.fetching import ServiceClient, call, fetch, token_of
from tornado._auth.oauth2 import OAuth2Mixin
from tornado._auth.outcome import Callback, redirected, start
from tornado._auth.protocol import handler_of, text_argument
from tornado.escape import json_decode, to_unicode, utf8
from tornado.httputil import url_concat

_GRAPH_FIELDS = ("id", "name", "first_name", "last_name", "locale", "picture", "link")
_REST_FIELDS = "uid,first_name,last_name,name,locale,pic_square,profile_url,username"


class FacebookGraphMixin(OAuth2Mixin):
    """Login by Facebook's OAuth 2.0, and requests to its Graph API."""

    _OAUTH_ACCESS_TOKEN_URL = "https://graph.facebook.com/oauth/access_token?"
    _OAUTH_AUTHORIZE_URL = "https://www.facebook.com/dialog/oauth?"
    _OAUTH_NO_CALLBACKS = False
    _FACEBOOK_BASE_URL = "https://graph.facebook.com"

    def get_authenticated_user(
        self,
        redirect_uri: str,
        client_id: str,
        client_secret: str,
        code: str,
        callback: Any = None,
        extra_fields: Iterable[str] | None = None,
    ) -> asyncio.Future[dict[str, Any]]:
        """Exchange the code in the response for an access token, and ask who the user is.

        ::

            class FacebookGraphLoginHandler(tornado.web.RequestHandler,
                                            tornado.auth.FacebookGraphMixin):
                async def get(self):
                    if self.get_argument("code", None):
                        user = await self.get_authenticated_user(
                            redirect_uri="/auth/facebookgraph/",
                            client_id=self.settings["facebook_api_key"],
                            client_secret=self.settings["facebook_secret"],
                            code=self.get_argument("code"))
                        # Save the user with, e.g., set_signed_cookie()
                    else:
                        self.authorize_redirect(
                            redirect_uri="/auth/facebookgraph/",
                            client_id=self.settings["facebook_api_key"],
                            extra_params={"scope": "user_posts"})

        :param redirect_uri: the one given to `authorize_redirect`.
        :param client_id: the application's key.
        :param client_secret: its secret.
        :param code: the argument ``code`` of this request.
        :param callback: called with the user, or with ``None`` if the login failed.
        :param extra_fields: names of more fields to ask for, beside ``id``, ``name``,
            ``first_name``, ``last_name``, ``locale``, ``picture`` and ``link``.
        :returns: a future of a dictionary of these fields, with ``access_token`` and
            ``session_expires``: seconds as text, or ``None``.
        :raises AuthResponseError: (through the future) if this browser began no such login.
        :raises AuthRequestError: (through the future) if Facebook refuses.

        .. versionchanged:: 4.5
           ``session_expires`` is text.
        """
        if callback is not None and not callable(callback):
            callback, extra_fields = None, callback
        work = self._facebook_graph_user(redirect_uri, client_id, client_secret, code, extra_fields)
        return start(work, callback)

    async def _facebook_graph_user(
        self,
        redirect_uri: str,
        client_id: str,
        client_secret: str,
        code: str,
        extra_fields: Iterable[str] | None,
    ) -> dict[str, Any]:
        flow = self.check_authorization_response(spend=False)
        more = {"code_verifier": flow.verifier} if flow is not None and self._OAUTH_PKCE else None
        url = self._oauth_request_token_url(
            redirect_uri=redirect_uri,
            client_id=client_id,
            client_secret=client_secret,
            code=code,
            extra_params=more,
        )
        client = self.get_auth_http_client()
        session = token_of(await fetch(client, url, follow_redirects=False))
        self.spend_authorization(flow)
        access_token = session["access_token"]
        fields = [*_GRAPH_FIELDS, *sorted(set(extra_fields or ()) - set(_GRAPH_FIELDS))]
        # Proves that this application uses the token.
        proof = hmac.new(utf8(client_secret), utf8(access_token), hashlib.sha256).hexdigest()
        user = await self.facebook_request(
            path="/me",
            access_token=access_token,
            appsecret_proof=proof,
            fields=",".join(fields),
        )
        if not isinstance(user, dict):
            raise AuthError("the service returned no user")
        expires = session.get("expires_in") or session.get("expires")
        return {
            **{name: user.get(name) for name in fields},
            "access_token": access_token,
            "session_expires": None if expires is None else str(expires),
        }

    def facebook_request(
        self,
        path: str,
        callback: Any = None,
        access_token: Any = None,
        post_args: Mapping[str, Any] | None = None,
        **args: Any,
    ) -> asyncio.Future[Any]:
        """Call the Graph API.

        :param path: such as ``/btaylor/picture``.
        :param callback: called with the result, or with ``None`` if the request failed.
        :param access_token: the ``access_token`` of a user.
        :param post_args: fields of a form: makes the request a POST.
        :param args: arguments of the query.
        :returns: a future of the JSON that Facebook returns.
        :raises AuthRequestError: (through the future) if Facebook responds with an error.

        ::

            new_entry = await self.facebook_request(
                "/me/feed",
                post_args={"message": "I am posting from my Tornado application!"},
                access_token=self.current_user["access_token"])

        .. versionchanged:: 3.1
           Addresses are of the attribute ``_FACEBOOK_BASE_URL``.
        """
        callback, access_token, post_args = api_arguments(callback, access_token, post_args)
        url = self._FACEBOOK_BASE_URL + path
        return self.oauth2_request(
            url, callback=callback, access_token=access_token, post_args=post_args, **args
        )


class FacebookMixin(ServiceClient):
    """Login by Facebook Connect, with the settings ``facebook_api_key`` and ``facebook_secret``.

    ::

        class FacebookHandler(tornado.web.RequestHandler, tornado.auth.FacebookMixin):
            async def get(self):
                if self.get_argument("session", None):
                    user = await self.get_authenticated_user()
                    # Save the user using, e.g., set_signed_cookie()
                else:
                    self.authenticate_redirect()

    The session that comes back has to be signed (``sig``). Facebook has closed this service; see
    `FacebookGraphMixin`. With other addresses in its attributes ``_FACEBOOK_LOGIN_URL`` and
    ``_FACEBOOK_REST_URL`` it serves for any service of the same kind. ``_FACEBOOK_STATE_REQUIRED`` is as
    ``_OPENID_STATE_REQUIRED`` of `OpenIdMixin`.
    """

    _FACEBOOK_LOGIN_URL = "https://www.facebook.com/login.php"
    _FACEBOOK_REST_URL = "https://api.facebook.com/restserver.php"
    _FACEBOOK_STATE_REQUIRED: bool | None = None

    def authenticate_redirect(
        self,
        callback_uri: str | None = None,
        cancel_uri: str | None = None,
        extended_permissions: str | Sequence[str] | None = None,
        callback: Callback | None = None,
    ) -> asyncio.Future[None]:
        """Send the visitor to Facebook to log in, and to install this application.

        :param callback_uri: where to come back to, absolute or relative to this request, whose own
            URL is the default.
        :param cancel_uri: where to come back to instead if they would not.
        :param extended_permissions: one permission to ask for, or a list.
        :param callback: called through the loop after the redirect, without an argument.
        :returns: a future that is done: the redirect is made before this returns.
        """
        handler = handler_of(self)
        handler.require_setting("facebook_api_key", "Facebook Connect")
        flow = flows.begin(self, f"facebook {self._FACEBOOK_LOGIN_URL}")
        args = {
            "api_key": handler.settings["facebook_api_key"],
            "v": "1.0",
            "fbconnect": "true",
            "display": "page",
            "next": url_concat(absolute(self, callback_uri), {"login_state": flow.state}),
            "return_session": "true",
        }
        if cancel_uri:
            args["cancel_url"] = absolute(self, cancel_uri)
        if extended_permissions:
            if not isinstance(extended_permissions, str):
                extended_permissions = ",".join(extended_permissions)
            args["req_perms"] = extended_permissions
        handler.redirect(url_concat(self._FACEBOOK_LOGIN_URL, args))
        return redirected(callback)

    def authorize_redirect(
        self,
        extended_permissions: str | Sequence[str],
        callback_uri: str | None = None,
        cancel_uri: str | None = None,
        callback: Callback | None = None,
    ) -> asyncio.Future[None]:
        """Do as `authenticate_redirect` does; the arguments are the same."""
        return self.authenticate_redirect(callback_uri, cancel_uri, extended_permissions, callback)

    def get_authenticated_user(
        self, callback: Callback | None = None
    ) -> asyncio.Future[dict[str, Any]]:
        """Return the user that Facebook sent back with this request.

        :param callback: called with the user, or with ``None`` if the login failed.
        :returns: a future of a dictionary with ``facebook_uid`` (and ``uid``), ``name``,
            ``first_name``, ``last_name``, ``locale``, ``pic_square``, ``profile_url``,
            ``username``, ``session_key`` and ``session_expires``.
        :raises AuthResponseError: (through the future) if the session is not signed by Facebook, or
            this browser did not begin the login.
        :raises AuthRequestError: (through the future) if Facebook refuses.
        """
        return start(self._facebook_rest_user(), callback)

    async def _facebook_rest_user(self) -> dict[str, Any]:
        handler = handler_of(self)
        handler.require_setting("facebook_api_key", "Facebook Connect")
        handler.require_setting("facebook_secret", "Facebook Connect")
        text = text_argument(self, "session")
        state = text_argument(self, "login_state")
        purpose = f"facebook {self._FACEBOOK_LOGIN_URL}"
        flow = flows.resume(self, purpose, state, self._FACEBOOK_STATE_REQUIRED)
        session = self._facebook_session(text)
        users = await self.facebook_request(
            "facebook.users.getInfo",
            session_key=session["session_key"],
            uids=session["uid"],
            fields=_REST_FIELDS,
        )
        if not isinstance(users, list) or not users or not isinstance(users[0], dict):
            raise AuthError("the service returned no user")
        user = users[0]
        if str(user.get("uid")) != str(session["uid"]):
            raise AuthResponseError("the session belongs to another user")
        flows.spend(self, flow)
        return {
            **{name: user.get(name) for name in _REST_FIELDS.split(",")},
            "facebook_uid": user["uid"],
            "session_key": session["session_key"],
            "session_expires": session.get("expires"),
        }

    def _facebook_session(self, text: str | None) -> dict[str, Any]:
        try:
            session = json_decode(text or "")
        except (ValueError, RecursionError):
            raise AuthResponseError("the response has no session in JSON") from None
        if not isinstance(session, dict) or not {"session_key", "uid", "sig"} <= session.keys():
            raise AuthResponseError("the session lacks session_key, uid or sig")
        signature = str(session.pop("sig"))
        if not flows.secrets_equal(self._facebook_signature(session), signature):
            raise AuthResponseError("the session's signature is wrong")
        return session

    def facebook_request(
        self, method: str, callback: Callback | None = None, **args: Any
    ) -> asyncio.Future[Any]:
        """Call Facebook's REST API, signed with the application's secret.

        :param method: such as ``stream.get``.
        :param callback: called with the result, or with ``None`` if the request failed.
        :param args: the method's arguments, ``session_key`` among them.
        :returns: a future of the JSON that Facebook returns.
        :raises AuthError: (through the future) if Facebook responds with an error.
        """
        handler = handler_of(self)
        handler.require_setting("facebook_api_key", "Facebook Connect")
        handler.require_setting("facebook_secret", "Facebook Connect")
        if not method.startswith("facebook."):
            method = "facebook." + method
        fields = {
            **args,
            "api_key": handler.settings["facebook_api_key"],
            "v": "1.0",
            "method": method,
            "call_id": str(time.time_ns()),
            "format": "json",
        }
        fields["sig"] = self._facebook_signature(fields)
        return start(self._facebook_rest_call(fields), callback)

    async def _facebook_rest_call(self, fields: Mapping[str, Any]) -> Any:
        url = url_concat(
            self._FACEBOOK_REST_URL, {name: _text(value) for name, value in fields.items()}
        )
        result = await call(self.get_auth_http_client(), url, None)
        if isinstance(result, dict) and result.get("error_code"):
            raise AuthError(
                f"Facebook reported the error {result['error_code']}: {result.get('error_msg')}"
            )
        return result

    def _facebook_signature(self, fields: Mapping[str, Any]) -> str:
        text = "".join(f"{name}={_text(fields[name])}" for name in sorted(fields))
        # The service prescribes MD5 over the text and then the secret. A forged session's text may
        # hold lone surrogates.
        message = text.encode("utf-8", "surrogatepass")
        secret = utf8(handler_of(self).settings["facebook_secret"])
        return hashlib.md5(message + secret, usedforsecurity=False).hexdigest()


def _text(value: Any) -> str:
    return to_unicode(value) if isinstance(value, bytes) else str(value)


FacebookGraphMixin.__module__ = FacebookMixin.__module__ = "tornado.auth"
