"""The arguments of an OpenID 2.0 response go in; the signed fields come out, or an `AuthResponseError`.

No network and no clock: the caller passes the time. Only the provider can verify the signature itself.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, urlsplit

from tornado._auth.errors import AuthResponseError

NS_OPENID = "http://specs.openid.net/auth/2.0"
NS_AX = "http://openid.net/srv/ax/1.0"
NS_OAUTH = "http://specs.openid.net/extensions/oauth/1.0"
IDENTIFIER_SELECT = "http://specs.openid.net/auth/2.0/identifier_select"

#: Largest age of a nonce in seconds, and how far it may be ahead of the clock here.
MAX_NONCE_AGE_SECONDS = 300

#: Largest number of nonces remembered in a process.
MAX_NONCES = 100_000

# Fields that must be signed (section 10.1), and those that must be if present.
_SIGNED = ("op_endpoint", "return_to", "response_nonce", "assoc_handle")
_SIGNED_IF_THERE = ("claimed_id", "identity")
# Fields of the signature or the message as such, which not every provider signs.
_FREE = frozenset({"ns", "mode", "signed", "sig", "invalidate_handle"})

_NONCE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)[\x21-\x7e]{0,235}", re.ASCII)


def fields_of(arguments: Mapping[str, list[bytes]]) -> dict[str, str]:
    """Return the fields of the response, without the prefix ``openid.``.

    :raises AuthResponseError: if one occurs twice or is not UTF-8.
    """
    fields = {}
    for name, values in arguments.items():
        if not name.startswith("openid."):
            continue
        if len(values) != 1:
            raise AuthResponseError(f"the response has {len(values)} fields {name!r}, expected one")
        try:
            fields[name[7:]] = values[0].decode("utf-8")
        except UnicodeDecodeError:
            raise AuthResponseError(f"field {name!r} is not UTF-8") from None
    return fields


def signed_fields(fields: Mapping[str, str], endpoint: str) -> dict[str, str]:
    """Return the fields that the signature covers.

    :param endpoint: the provider's URL, as configured here.
    :raises AuthResponseError: if this is not a positive assertion of that provider, or a field is not signed.
    """
    if fields.get("mode") != "id_res":
        raise AuthResponseError(f"openid.mode is {fields.get('mode')!r}, expected 'id_res'")
    if fields.get("ns") != NS_OPENID:
        raise AuthResponseError(f"openid.ns is {fields.get('ns')!r}, expected {NS_OPENID!r}")
    names = fields.get("signed", "").split(",")
    signed = set(names)
    if len(signed) != len(names):
        raise AuthResponseError("openid.signed names a field twice")
    if not fields.get("sig"):
        raise AuthResponseError("the response has no signature")
    for name in _SIGNED:
        if not fields.get(name):
            raise AuthResponseError(f"the response has no openid.{name}")
    if ("claimed_id" in fields) != ("identity" in fields):
        raise AuthResponseError("openid.claimed_id and openid.identity only come together")
    absent = sorted(name for name in signed if name not in fields)
    if absent:
        raise AuthResponseError(f"signed but missing: {', '.join(absent)}")
    unsigned = sorted(name for name in fields if name not in signed and name not in _FREE)
    if unsigned:
        raise AuthResponseError(f"not signed: {', '.join(unsigned)}")
    if fields["op_endpoint"] != endpoint:
        raise AuthResponseError(
            f"openid.op_endpoint is {fields['op_endpoint']!r}, expected {endpoint!r}"
        )
    return {name: fields[name] for name in signed}


def extension(signed: Mapping[str, str], namespace: str) -> dict[str, str]:
    """Return the signed fields of an extension, found by its namespace, without their prefix.

    :raises AuthResponseError: if two prefixes map to the namespace.
    """
    aliases = [
        name[3:] for name, value in signed.items() if name.startswith("ns.") and value == namespace
    ]
    if not aliases:
        return {}
    if len(aliases) > 1:
        raise AuthResponseError(f"{len(aliases)} prefixes map to {namespace!r}, expected one")
    prefix = f"{aliases[0]}."
    return {name[len(prefix) :]: value for name, value in signed.items() if name.startswith(prefix)}


def attributes(ax: Mapping[str, str]) -> dict[str, str]:
    """Return the values of an attribute exchange, keyed by type URI.

    :raises AuthResponseError: if two names map to one type.
    """
    found: dict[str, str] = {}
    for name, uri in ax.items():
        if not name.startswith("type."):
            continue
        alias = name[5:]
        value = ax.get(f"value.{alias}")
        if value is None and ax.get(f"count.{alias}", "0") != "0":
            value = ax.get(f"value.{alias}.1")
        if uri in found:
            raise AuthResponseError(f"two names map to the attribute {uri!r}")
        if value is not None:
            found[uri] = value
    return {uri: value for uri, value in found.items() if value}


def check_return_to(
    return_to: str, url: str, arguments: Mapping[str, list[bytes]], *, whole: bool
) -> None:
    """Check that the response was meant for this URL (section 11.1).

    :param url: the URL that it was sent to.
    :param whole: whether to compare scheme and host too, not only path and query.
    :raises AuthResponseError: if it was not.
    """
    try:
        meant, got = urlsplit(return_to), urlsplit(url)
    except ValueError as error:
        raise AuthResponseError(f"openid.return_to is {return_to!r}: {error}") from None
    if meant.path != got.path or (
        whole and (meant.scheme, meant.netloc) != (got.scheme, got.netloc)
    ):
        raise AuthResponseError(
            f"openid.return_to is {return_to!r}, but the response was sent elsewhere"
        )
    for name, values in parse_qs(meant.query, keep_blank_values=True).items():
        if [value.encode("utf-8") for value in values] != arguments.get(name, []):
            raise AuthResponseError(f"openid.return_to has another argument {name!r}")


class Nonces:
    """Remembers nonces for as long as they would be accepted."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], float] = {}

    def check(self, endpoint: str, nonce: str, now: float) -> None:
        """Check a nonce, without remembering it.

        :param now: seconds since the epoch.
        :raises AuthResponseError: if it is malformed, too old, ahead of time, or was used before.
        """
        match = _NONCE.fullmatch(nonce)
        try:
            if match is None:
                raise ValueError("wrong shape")
            made = calendar.timegm(time.strptime(match[1], "%Y-%m-%dT%H:%M:%SZ"))
        except ValueError as error:
            raise AuthResponseError(f"openid.response_nonce is malformed: {error}") from None
        if abs(now - made) > MAX_NONCE_AGE_SECONDS:
            raise AuthResponseError(
                f"openid.response_nonce is {now - made:.0f} s old,"
                f" expected at most {MAX_NONCE_AGE_SECONDS}"
            )
        self._forget(now)
        if (endpoint, nonce) in self._seen:
            raise AuthResponseError("openid.response_nonce was used before")

    def take(self, endpoint: str, nonce: str, now: float) -> None:
        """Check a nonce and remember it.

        :raises AuthResponseError: as `check` does, and if there are too many to remember.
        """
        self.check(endpoint, nonce, now)
        if len(self._seen) >= MAX_NONCES:
            raise AuthResponseError("too many logins at once to detect replays")
        # It is accepted for at most this long, however far ahead of time it was made.
        self._seen[endpoint, nonce] = now + 2 * MAX_NONCE_AGE_SECONDS

    def _forget(self, now: float) -> None:
        # In order of time, so that the work is spread over the calls.
        expired: list[tuple[str, str]] = []
        for key, until in self._seen.items():
            if until >= now:
                break
            expired.append(key)
        for key in expired:
            del self._seen[key]


def is_valid(body: bytes) -> bool:
    """Return whether the provider's response, in key-value form, confirms the signature."""
    pairs = [line.partition(":")[::2] for line in body.decode("utf-8", "replace").splitlines()]
    return _value(pairs, "is_valid") == "true" and _value(pairs, "ns") in (None, NS_OPENID)


def _value(pairs: Iterable[tuple[str, ...]], key: str) -> str | None:
    values = [value for name, value in pairs if name == key]
    if len(values) > 1:
        return ""
    return values[0] if values else None
