"""Binding a login's response to the browser in which it began, by a cookie.

The cookie holds one random secret for each login in progress. ``state``, the PKCE verifier and the nonce
are derived from it with HMAC-SHA-256, together with the login's purpose, so that a response of one
provider is not accepted as that of another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from tornado._auth.errors import AuthResponseError
from tornado._auth.protocol import AuthHandler, handler_of, request_of

COOKIE_NAME = "_auth_flows"

#: Seconds that a visitor may spend at the provider.
MAX_AGE_SECONDS = 1800

#: Logins that one browser may have in progress, in several tabs.
MAX_FLOWS = 5


def digest(secret: str, *parts: str) -> str:
    """Return a token of 43 characters derived from ``secret``."""
    message = "\0".join(parts).encode("utf-8")
    return unpadded(hmac.new(secret.encode("utf-8"), message, hashlib.sha256).digest())


def unpadded(data: bytes) -> str:
    """Return ``data`` in base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def secrets_equal(got: str, expected: str) -> bool:
    """Return whether two texts are equal, in a time that does not reveal where they differ."""
    # Text from JSON may hold lone surrogates.
    errors = "surrogatepass"
    return hmac.compare_digest(got.encode("utf-8", errors), expected.encode("utf-8", errors))


@dataclass(frozen=True)
class Flow:
    """One login in progress in one browser."""

    secret: str
    purpose: str

    @property
    def state(self) -> str:
        """The value that the provider returns unchanged."""
        return digest(self.secret, "state", self.purpose)

    @property
    def verifier(self) -> str:
        """The PKCE code verifier (RFC 7636, section 4.1)."""
        return digest(self.secret, "verifier", self.purpose)

    @property
    def challenge(self) -> str:
        """The PKCE code challenge, by method S256 (RFC 7636, section 4.2)."""
        return unpadded(hashlib.sha256(self.verifier.encode("ascii")).digest())

    @property
    def nonce(self) -> str:
        """The nonce of an ID token."""
        return digest(self.secret, "nonce", self.purpose)

    def given(self, state: str) -> str:
        """Return what the cookie holds for a ``state`` chosen by the application."""
        return digest(self.secret, "given", self.purpose, state)


def _cookie_name(handler: AuthHandler) -> str:
    # No other host of the domain can set a cookie with the prefix (RFC 6265bis, section 4.1.3.2).
    return f"__Host-{COOKIE_NAME}" if request_of(handler).protocol == "https" else COOKIE_NAME


def _pending(handler: AuthHandler) -> list[str]:
    value = handler.get_cookie(_cookie_name(handler)) or ""
    return [entry for entry in value.split(".") if entry][-MAX_FLOWS:]


def set_cookie(handler: AuthHandler, name: str, value: str) -> None:
    """Set a cookie that scripts cannot read and that browsers send after the provider's redirect."""
    handler.set_cookie(
        name,
        value,
        max_age=MAX_AGE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request_of(handler).protocol == "https",
    )


def _forget(handler: AuthHandler, name: str) -> None:
    # Browsers also refuse to delete a __Host- cookie unless it is Secure.
    handler.set_cookie(
        name, "", max_age=0, httponly=True, samesite="Lax", secure=name.startswith("__Host-")
    )


def begin(mixin: object, purpose: str, given_state: str | None = None) -> Flow:
    """Start a login.

    :param purpose: what it is for, such as the provider's endpoint.
    :param given_state: the ``state`` that the application chose, if it did.
    """
    handler = handler_of(mixin)
    flow = Flow(secrets.token_urlsafe(24), purpose)
    entry = flow.secret if given_state is None else f"{flow.secret}~{flow.given(given_state)}"
    entries = [*_pending(handler), entry][-MAX_FLOWS:]
    set_cookie(handler, _cookie_name(handler), ".".join(entries))
    return flow


def resume(mixin: object, purpose: str, state: str | None, required: bool | None) -> Flow | None:
    """Return the login that a response belongs to. `spend` removes it once the provider has accepted it.

    :param state: the ``state`` of the response.
    :param required: whether the state must be that of a login begun here; ``None`` means yes if the
        application has the setting ``cookie_secret``, and otherwise only if a login is in progress.
    :returns: the login, or ``None`` for an unknown one that is acceptable.
    :raises AuthResponseError: if no such login was begun in this browser, or it is over.
    """
    handler = handler_of(mixin)
    pending = _pending(handler)
    if state:
        for entry in pending:
            secret, _, given = entry.partition("~")
            flow = Flow(secret, purpose)
            expected, got = (given, flow.given(state)) if given else (flow.state, state)
            if secrets_equal(got, expected):
                return flow
    if required is False:
        return None
    if state:
        raise AuthResponseError("the response's state belongs to no login that this browser began")
    if required is None:
        required = bool(handler.settings.get("cookie_secret"))
    if required or pending:
        raise AuthResponseError("the response has no state, expected that of the login")
    return None


def spend(mixin: object, flow: Flow | None) -> None:
    """Forget a login that succeeded, so that its response is accepted once.

    Not earlier: if the response could not be checked because the provider was down for a moment, the
    visitor can reload the page.
    """
    if flow is not None:
        handler = handler_of(mixin)
        pending = _pending(handler)
        _keep(handler, [entry for entry in pending if entry.partition("~")[0] != flow.secret])


def _keep(handler: AuthHandler, entries: list[str]) -> None:
    if entries:
        set_cookie(handler, _cookie_name(handler), ".".join(entries))
    else:
        _forget(handler, _cookie_name(handler))
