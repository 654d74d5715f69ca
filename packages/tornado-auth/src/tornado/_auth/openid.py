"""Login by OpenID 2.0 with attribute exchange."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urljoin

from tornado._auth import flows
from tornado._auth.arguments import absolute, client_argument
from tornado._auth.errors import AuthResponseError
from tornado._auth.fetching import ServiceClient, post_form
from tornado._auth.openid_response import (
    IDENTIFIER_SELECT,
    NS_AX,
    NS_OAUTH,
    NS_OPENID,
    Nonces,
    attributes,
    check_return_to,
    extension,
    fields_of,
    is_valid,
    signed_fields,
)
from tornado._auth.outcome import Callback, redirected, start
from tornado._auth.protocol import handler_of, request_of, text_argument
from tornado.httpclient import AsyncHTTPClient
from tornado.httputil import url_concat

# The attributes an application can request, and the types that make them up.
_AX_TYPES = {
    "email": {"email": "http://axschema.org/contact/email"},
    "language": {"language": "http://axschema.org/pref/language"},
    "username": {"username": "http://axschema.org/namePerson/friendly"},
    "name": {
        "firstname": "http://axschema.org/namePerson/first",
        "fullname": "http://axschema.org/namePerson",
        "lastname": "http://axschema.org/namePerson/last",
    },
}
_AX = {alias: uri for types in _AX_TYPES.values() for alias, uri in types.items()}

_nonces = Nonces()

#: The query argument of the return URL that identifies this browser's login.
STATE_ARGUMENT = "login_state"

DEFAULT_AX_ATTRS = ("name", "email", "language", "username")


def _stateless(return_to: str) -> str:
    head, question, query = return_to.partition("?")
    fields = [f for f in query.split("&") if f and f.partition("=")[0] != STATE_ARGUMENT]
    return f"{head}{question}{'&'.join(fields)}" if fields else head


def _normalized(return_to: str) -> str:
    """Return a URL as it is after an argument was added to its query and removed again."""
    return _stateless(url_concat(_stateless(return_to), {STATE_ARGUMENT: ""}))


class OpenIdMixin(ServiceClient):
    """Login by OpenID 2.0, with attribute exchange.

    A class for a service names its provider::

        class SteamMixin(OpenIdMixin):
            _OPENID_ENDPOINT = "https://steamcommunity.com/openid/login"

    * ``_OPENID_ENDPOINT``: the provider's URL.
    * ``_OPENID_STATE_REQUIRED``: whether a response has to belong to a login that
      `authenticate_redirect` began in the same browser. ``None``, the default, means yes if the
      application has the setting ``cookie_secret``; ``False`` accepts responses to requests that
      were made in other ways.

    A response is accepted if the provider confirms its signature, every field used is signed, it
    was meant for this URL, and it has not been used before. To detect reuse, nonces are
    remembered for five minutes, in this process.
    """

    _OPENID_ENDPOINT: str
    _OPENID_STATE_REQUIRED: bool | None = None

    def authenticate_redirect(
        self,
        callback_uri: str | None = None,
        ax_attrs: Sequence[str] = DEFAULT_AX_ATTRS,
        callback: Callback | None = None,
    ) -> None:
        """Send the visitor to the provider, which sends them back to ``callback_uri``.

        :param callback_uri: absolute, or relative to this request, whose own URL is the default.
        :param ax_attrs: the attributes to request, of ``name``, ``email``, ``language`` and
            ``username``.
        :param callback: called through the loop after the redirect, without an argument.

        .. versionchanged:: 3.1
           ``callback``, and a future was returned.
        .. versionchanged:: 6.0
           Returns ``None``, which coroutines with ``yield`` take too.
        """
        args = self._openid_args(callback_uri, ax_attrs=ax_attrs)
        self._openid_redirect(args, callback)

    def _openid_redirect(
        self, args: Mapping[str, str], callback: Callback | None
    ) -> asyncio.Future[None]:
        handler_of(self).redirect(url_concat(self._OPENID_ENDPOINT, dict(args)))
        return redirected(callback)

    def get_authenticated_user(
        self, callback: Any = None, http_client: AsyncHTTPClient | None = None
    ) -> asyncio.Future[dict[str, Any]]:
        """Return the user named in the provider's response, which this request carries.

        :param callback: called with the user, or with ``None`` if the login failed.
        :param http_client: the client for requests to the provider (default: `get_auth_http_client`).
        :returns: a future of a dictionary with the known ones of ``email``, ``first_name``,
            ``last_name``, ``name``, ``locale``, ``username`` and ``claimed_id``.
        :raises AuthResponseError: (through the future) if the response is invalid.
        :raises AuthRequestError: (through the future) if the provider could not be reached.

        Cancelling the future cancels the request to the provider.
        """
        callback, http_client = client_argument(callback, http_client)
        return start(self._openid_user(http_client), callback)

    async def _openid_user(self, http_client: AsyncHTTPClient | None) -> dict[str, Any]:
        return self._openid_user_of(await self._openid_verified_fields(http_client))

    async def _openid_verified_fields(self, http_client: AsyncHTTPClient | None) -> dict[str, str]:
        """Return the fields of the response that the provider has signed."""
        request = request_of(self)
        fields = fields_of(request.arguments)
        signed = signed_fields(fields, self._OPENID_ENDPOINT)
        return_to = signed["return_to"]
        flow = flows.resume(
            self,
            f"openid {self._OPENID_ENDPOINT} {_stateless(return_to)}",
            text_argument(self, STATE_ARGUMENT),
            self._OPENID_STATE_REQUIRED,
        )
        # If this browser began the login, the host is not compared: a proxy may have changed it.
        check_return_to(return_to, request.full_url(), request.arguments, whole=flow is None)
        _nonces.check(self._OPENID_ENDPOINT, signed["response_nonce"], time.time())
        question = {f"openid.{name}": value for name, value in fields.items()}
        question["openid.mode"] = "check_authentication"
        client = http_client or self.get_auth_http_client()
        response = await post_form(client, self._OPENID_ENDPOINT, question)
        if not is_valid(response.body):
            raise AuthResponseError("the provider did not confirm the signature of the response")
        # Remembered only now, so that forged responses cannot fill the memory.
        _nonces.take(self._OPENID_ENDPOINT, signed["response_nonce"], time.time())
        flows.spend(self, flow)
        return signed

    def _openid_args(
        self,
        callback_uri: str | None,
        ax_attrs: Sequence[str] = (),
        oauth_scope: str | None = None,
    ) -> dict[str, str]:
        """Return the arguments of the request to the provider."""
        return_to = _normalized(absolute(self, callback_uri))
        flow = flows.begin(self, f"openid {self._OPENID_ENDPOINT} {return_to}")
        args = {
            "openid.ns": NS_OPENID,
            "openid.claimed_id": IDENTIFIER_SELECT,
            "openid.identity": IDENTIFIER_SELECT,
            "openid.return_to": url_concat(return_to, {STATE_ARGUMENT: flow.state}),
            "openid.realm": urljoin(return_to, "/"),
            "openid.mode": "checkid_setup",
        }
        wanted = [name for name in _AX_TYPES if name in set(ax_attrs)]
        if wanted:
            types = {alias: uri for name in wanted for alias, uri in _AX_TYPES[name].items()}
            args["openid.ns.ax"] = NS_AX
            args["openid.ax.mode"] = "fetch_request"
            args.update({f"openid.ax.type.{alias}": uri for alias, uri in types.items()})
            args["openid.ax.required"] = ",".join(types)
        if oauth_scope:
            args["openid.ns.oauth"] = NS_OAUTH
            args["openid.oauth.consumer"] = request_of(self).host.split(":")[0]
            args["openid.oauth.scope"] = oauth_scope
        return args

    def _openid_user_of(self, signed: Mapping[str, str]) -> dict[str, Any]:
        values = attributes(extension(signed, NS_AX))

        def value(alias: str) -> str | None:
            return values.get(_AX[alias])

        parts = [part for part in (value("firstname"), value("lastname")) if part]
        email, language = value("email"), value("language")
        name = value("fullname") or " ".join(parts)
        if not name and email:
            name = email.split("@")[0]
        user = {
            "first_name": value("firstname"),
            "last_name": value("lastname"),
            "name": name,
            "email": email,
            "locale": language,
            "username": value("username"),
            "claimed_id": signed.get("claimed_id"),
        }
        return {key: item for key, item in user.items() if item}


OpenIdMixin.__module__ = "tornado.auth"
