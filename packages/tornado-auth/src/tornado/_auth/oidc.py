"""Login by OpenID Connect: discovery, the authorization request, and the verified claims."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from tornado._auth import id_token
from tornado._auth.arguments import absolute_path
from tornado._auth.errors import AuthError, AuthResponseError
from tornado._auth.fetching import fetch, object_of
from tornado._auth.flows import Flow, secrets_equal
from tornado._auth.oauth2 import OAuth2Mixin
from tornado._auth.outcome import Callback, redirecting, start
from tornado._auth.protocol import handler_of, text_argument

#: Seconds for which a provider's metadata and keys are cached.
MAX_AGE_SECONDS = 3600

#: Seconds before keys are fetched again for a token whose key is unknown.
MIN_AGE_SECONDS = 60

_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class _Documents:
    """A cache of JSON documents by URL, with the time they were fetched."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}

    async def get(
        self, mixin: OAuth2Mixin, url: str, max_age: float = MAX_AGE_SECONDS
    ) -> dict[str, Any]:
        """Return the document at ``url``, at most ``max_age`` seconds old."""
        known = self._known.get(url)
        if known is not None and time.monotonic() - known[0] < max_age:
            return known[1]
        response = await fetch(mixin.get_auth_http_client(), url, follow_redirects=False)
        document = object_of(response)
        self._known[url] = (time.monotonic(), document)
        return document

    def clear(self) -> None:
        """Forget all of them."""
        self._known.clear()


documents = _Documents()


class OpenIDConnectMixin(OAuth2Mixin):
    """Login by OpenID Connect, at any provider that has a discovery document.

    Needs the extra ``oidc``: ``pip install 'tornado-auth[oidc]'``. The setting ``openid_connect``
    holds what the provider issued: ``{"issuer": "https://...", "key": client_id, "secret":
    client_secret}``. ::

        class LoginHandler(tornado.web.RequestHandler, tornado.auth.OpenIDConnectMixin):
            async def get(self):
                redirect_uri = f"{self.request.protocol}://{self.request.host}/login"
                if self.get_argument("code", None):
                    user = await self.get_authenticated_user(redirect_uri=redirect_uri)
                    # Save user["sub"] with, e.g., set_signed_cookie()
                else:
                    await self.authorize_redirect(redirect_uri=redirect_uri)

    * ``_OIDC_ISSUER``: the issuer, overrides the one in the setting.
    * ``_OIDC_SETTINGS_KEY``: the name of the setting.
    * ``_OIDC_ALGORITHMS``: the signatures that are accepted. Never put ``none`` or ``HS256`` there.

    The authorization request carries ``state``, a nonce and a PKCE challenge. The signature, issuer,
    audience, times and nonce of the ID token are verified. The provider's metadata and keys are kept for
    an hour, in this process; keys are fetched again when a token names a new one.

    .. versionadded:: 6.100
    """

    _OIDC_ISSUER: str | None = None
    _OIDC_SETTINGS_KEY = "openid_connect"
    _OIDC_ALGORITHMS: Sequence[str] = ("RS256", "ES256", "PS256", "Ed25519", "RS384", "RS512")
    _OAUTH_PKCE = True
    _OAUTH_STATE_REQUIRED: bool | None = True

    def get_openid_connect_settings(self) -> Mapping[str, str]:
        """Return ``key``, ``secret`` and ``issuer``: the setting, by default. May be overridden."""
        handler = handler_of(self)
        handler.require_setting(self._OIDC_SETTINGS_KEY, "OpenID Connect")
        settings: Mapping[str, str] = handler.settings[self._OIDC_SETTINGS_KEY]
        return settings

    def _oidc_issuer(self) -> str:
        return self._OIDC_ISSUER or self.get_openid_connect_settings()["issuer"]

    async def get_openid_connect_metadata(self) -> dict[str, Any]:
        """Return the provider's discovery document.

        :raises AuthError: if it names another issuer, lacks an endpoint, or would send secrets
            unencrypted although the issuer uses ``https``.
        :raises AuthRequestError: if it cannot be fetched.
        """
        issuer = self._oidc_issuer()
        url = issuer.rstrip("/") + "/.well-known/openid-configuration"
        metadata = await documents.get(self, url)
        if metadata.get("issuer") != issuer:
            raise AuthError(
                f"the discovery document names the issuer {metadata.get('issuer')!r}, expected {issuer!r}"
            )
        for name in (*_NEEDED, "userinfo_endpoint"):
            endpoint = metadata.get(name)
            if endpoint is None and name not in _NEEDED:
                continue
            scheme = urlsplit(endpoint).scheme if isinstance(endpoint, str) else ""
            if scheme != "https" and (scheme != "http" or issuer.startswith("https:")):
                raise AuthError(f"the discovery document's {name} is {endpoint!r}")
        return metadata

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
        """Send the visitor to the provider; the arguments are those of `OAuth2Mixin.authorize_redirect`.

        :param client_id: by default the setting's ``key``.
        :param scope: ``openid`` is added to it; by default ``openid profile email``.
        :param response_type: only ``code`` is supported.
        :returns: a future of ``None``, to be awaited before the handler ends.
        :raises ValueError: for another ``response_type``.
        :raises AuthError: (through the future) if the provider's metadata cannot be fetched.
        """
        if response_type != "code":
            raise ValueError(f"response_type is {response_type!r}, expected 'code'")
        work = self._oidc_connect(redirect_uri, client_id, extra_params, scope)
        return redirecting(work, callback)

    async def _oidc_connect(
        self,
        redirect_uri: str | None,
        client_id: str | None,
        extra_params: Mapping[str, Any] | None,
        scope: Sequence[str] | str | None,
    ) -> None:
        metadata = await self.get_openid_connect_metadata()
        names = scope.split() if isinstance(scope, str) else list(scope or ("profile", "email"))
        args: dict[str, Any] = {
            "response_type": "code",
            "client_id": client_id or self.get_openid_connect_settings()["key"],
            "scope": " ".join(dict.fromkeys(["openid", *names])),
        }
        if redirect_uri is not None:
            args["redirect_uri"] = absolute_path(self, redirect_uri)
        args.update(extra_params or {})
        self._oauth_begin(metadata["authorization_endpoint"], args, None)

    def _oauth_purpose(self) -> str:
        return f"oidc {self._oidc_issuer()}"

    def _oauth_prepare(self, args: dict[str, Any], flow: Flow) -> None:
        # Fail now rather than when the visitor comes back.
        id_token.require_joserfc()
        args["nonce"] = flow.nonce

    def get_authenticated_user(
        self,
        redirect_uri: str,
        code: str | None = None,
        callback: Callback | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        userinfo: bool = False,
    ) -> asyncio.Future[dict[str, Any]]:
        """Exchange the code in the response, and return the claims of the verified ID token.

        :param redirect_uri: the one given to `authorize_redirect`.
        :param code: by default the argument ``code`` of this request.
        :param callback: called with the user, or with ``None`` if the login failed.
        :param client_id: overrides the setting's ``key``.
        :param client_secret: overrides the setting's ``secret``.
        :param userinfo: whether to fetch more claims from the provider's userinfo endpoint.
        :returns: a future of the claims (``sub``, which identifies the user, ``email``, ``name`` and so
            on), with ``access_token``, ``id_token`` and, if there is one, ``refresh_token``.
        :raises AuthResponseError: (through the future) if this browser began no such login, or the
            ID token is missing or invalid.
        :raises AuthRequestError: (through the future) if the provider refuses.
        :raises ImportError: (through the future) if the extra ``oidc`` is not installed.
        """
        work = self._oidc_claims(redirect_uri, code, client_id, client_secret, userinfo)
        return start(work, callback)

    async def _oidc_claims(
        self,
        redirect_uri: str,
        code: str | None,
        client_id: str | None,
        client_secret: str | None,
        userinfo: bool,
    ) -> dict[str, Any]:
        flow = self.check_authorization_response(spend=False)
        metadata = await self.get_openid_connect_metadata()
        issuer = text_argument(self, "iss") or None
        # Guards against mixed-up providers: RFC 9207, section 2.4.
        if issuer is None and metadata.get("authorization_response_iss_parameter_supported"):
            raise AuthResponseError("the response does not name its issuer")
        if issuer is not None and issuer != metadata["issuer"]:
            raise AuthResponseError(
                f"the response's issuer is {issuer!r}, expected {metadata['issuer']!r}"
            )
        code = code or text_argument(self, "code")
        if not code:
            raise AuthResponseError("the response has no code")
        settings = self.get_openid_connect_settings()
        client_id = client_id or settings["key"]
        client_secret = client_secret or settings["secret"]
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        token = await self._oauth_exchange(
            metadata["token_endpoint"],
            redirect_uri,
            code,
            client_id,
            client_secret,
            flow,
            basic="client_secret_post" not in methods,
        )
        raw = token.get("id_token")
        if not isinstance(raw, str):
            raise AuthError("the provider returned no ID token")
        expected = id_token.Expected(
            issuer=metadata["issuer"],
            client_id=client_id,
            nonce=None if flow is None else flow.nonce,
            algorithms=self._OIDC_ALGORITHMS,
        )
        claims = await self._oidc_verify(raw, metadata["jwks_uri"], expected)
        id_token.check_access_token(raw, claims, token["access_token"])
        if userinfo:
            claims = {
                **await self._oidc_userinfo(metadata, claims, token["access_token"]),
                **claims,
            }
        tokens = ("access_token", "id_token", "refresh_token")
        return {**claims, **{name: token[name] for name in tokens if name in token}}

    async def _oidc_verify(
        self, raw: str, jwks_uri: str, expected: id_token.Expected
    ) -> dict[str, Any]:
        keys = await documents.get(self, jwks_uri)
        try:
            return id_token.verified_claims(raw, keys, expected, time.time())
        except id_token.UnknownKeyError:
            newer = await documents.get(self, jwks_uri, MIN_AGE_SECONDS)
            return id_token.verified_claims(raw, newer, expected, time.time())

    async def _oidc_userinfo(
        self, metadata: Mapping[str, Any], claims: Mapping[str, Any], access_token: str
    ) -> dict[str, Any]:
        if "userinfo_endpoint" not in metadata:
            raise AuthError("the provider has no userinfo endpoint")
        response = await fetch(
            self.get_auth_http_client(),
            metadata["userinfo_endpoint"],
            headers={"Authorization": f"Bearer {access_token}"},
            follow_redirects=False,
        )
        info = object_of(response)
        if not secrets_equal(str(info.get("sub")), claims["sub"]):
            raise AuthResponseError("the userinfo belongs to another user")
        return info


OpenIDConnectMixin.__module__ = "tornado.auth"
