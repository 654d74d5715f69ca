"""A login that begins in a browser goes in, and a cookie is set; its answer is known again when it comes.

The cookie holds one random secret for each login that is under way. What is sent along (``state``, the PKCE
verifier, a nonce) is derived from it with HMAC-SHA-256, together with what the login is for, so that an
answer of one provider does not pass at another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from tornado._auth.errors import AuthAnswerError
from tornado._auth.protocol import AuthHandler, handler_of, request_of

COOKIE_NAME = "_auth_flows"

#: Seconds that a visitor may take at the provider.
MAX_AGE_SECONDS = 1800

#: Logins that one browser may have under way, in several tabs.
MAX_FLOWS = 5


def digest(secret: str, *parts: str) -> str:
    """Return a token of 43 characters derived from ``secret``."""
    message = "\0".join(parts).encode("utf-8")
    return unpadded(hmac.new(secret.encode("utf-8"), message, hashlib.sha256).digest())


def unpadded(data: bytes) -> str:
    """Return ``data`` in base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def secrets_equal(got: str, expected: str) -> bool:
    """Compare two texts in a time that does not tell where they differ."""
    # What came in JSON may hold lone surrogates.
    errors = "surrogatepass"
    return hmac.compare_digest(got.encode("utf-8", errors), expected.encode("utf-8", errors))


@dataclass(frozen=True)
class Flow:
    """One login that is under way in one browser."""

    secret: str
    purpose: str

    @property
    def state(self) -> str:
        """The value that the provider hands back."""
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
        """Return what the cookie remembers of a state that the application chose itself."""
        return digest(self.secret, "given", self.purpose, state)


def _cookie_name(handler: AuthHandler) -> str:
    # No other host of the domain can set a cookie with the prefix (RFC 6265bis, section 4.1.3.2).
    return f"__Host-{COOKIE_NAME}" if request_of(handler).protocol == "https" else COOKIE_NAME


def _pending(handler: AuthHandler) -> list[str]:
    value = handler.get_cookie(_cookie_name(handler)) or ""
    return [entry for entry in value.split(".") if entry][-MAX_FLOWS:]


def set_cookie(handler: AuthHandler, name: str, value: str) -> None:
    """Set a cookie that scripts cannot read and that comes back from the provider's redirect."""
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

    :arg purpose: what it is for: the provider's endpoint, for instance.
    :arg given_state: the ``state`` that the application chose, if it did.
    """
    handler = handler_of(mixin)
    flow = Flow(secrets.token_urlsafe(24), purpose)
    entry = flow.secret if given_state is None else f"{flow.secret}~{flow.given(given_state)}"
    entries = [*_pending(handler), entry][-MAX_FLOWS:]
    set_cookie(handler, _cookie_name(handler), ".".join(entries))
    return flow


def resume(mixin: object, purpose: str, state: str | None, required: bool | None) -> Flow | None:
    """Find the login that an answer belongs to. `spend` forgets it once the provider has accepted it.

    :arg state: what came back.
    :arg required: whether a login without any state may pass; ``None``: where the application
        keeps no signed cookies (it has no setting ``cookie_secret``). If false, none is refused.
    :returns: ``None`` for one that may pass and is not known.
    :raises AuthAnswerError: if it was not begun in this browser, for this purpose, or is over.
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
        raise AuthAnswerError("the answer's state is of no login that this browser began")
    if required is None:
        required = bool(handler.settings.get("cookie_secret"))
    if required or pending:
        raise AuthAnswerError("the answer has no state, expected that of the login")
    return None


def spend(mixin: object, flow: Flow | None) -> None:
    """Forget a login that succeeded, so that its answer passes once.

    Not before: a visitor whose answer could not be checked, since the provider was down for a moment,
    reloads the page.
    """
    handler = handler_of(mixin)
    pending = _pending(handler)
    if flow is not None:
        _keep(handler, [entry for entry in pending if entry.partition("~")[0] != flow.secret])


def _keep(handler: AuthHandler, entries: list[str]) -> None:
    if entries:
        set_cookie(handler, _cookie_name(handler), ".".join(entries))
    else:
        _forget(handler, _cookie_name(handler))
