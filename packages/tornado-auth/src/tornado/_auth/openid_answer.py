"""The arguments of an OpenID 2.0 answer go in; what the provider signed comes out, or an `AuthAnswerError`.

No network, no clock: the time comes in. Whether the signature itself is right only the provider can tell.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, urlsplit

from tornado._auth.errors import AuthAnswerError

NS_OPENID = "http://specs.openid.net/auth/2.0"
NS_AX = "http://openid.net/srv/ax/1.0"
NS_OAUTH = "http://specs.openid.net/extensions/oauth/1.0"
IDENTIFIER_SELECT = "http://specs.openid.net/auth/2.0/identifier_select"

#: Seconds that a nonce may be old, or ahead of the clock here.
MAX_NONCE_AGE_SECONDS = 300

#: Nonces that are remembered in a process.
MAX_NONCES = 100_000

# Always to be signed (section 10.1), and those that are if they are there.
_SIGNED = ("op_endpoint", "return_to", "response_nonce", "assoc_handle")
_SIGNED_IF_THERE = ("claimed_id", "identity")
# What belongs to the signature or the message as such, and is not signed by every provider.
_FREE = frozenset({"ns", "mode", "signed", "sig", "invalidate_handle"})

_NONCE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)[\x21-\x7e]{0,235}", re.ASCII)


def fields_of(arguments: Mapping[str, list[bytes]]) -> dict[str, str]:
    """Return the fields of the answer, without ``openid.`` in front.

    :raises AuthAnswerError: if one came twice or is not UTF-8.
    """
    fields = {}
    for name, values in arguments.items():
        if not name.startswith("openid."):
            continue
        if len(values) != 1:
            raise AuthAnswerError(f"the answer has {len(values)} fields {name!r}, expected one")
        try:
            fields[name[7:]] = values[0].decode("utf-8")
        except UnicodeDecodeError:
            raise AuthAnswerError(f"field {name!r} is not UTF-8") from None
    return fields


def signed_fields(fields: Mapping[str, str], endpoint: str) -> dict[str, str]:
    """Return the fields that the signature covers.

    :arg endpoint: the provider's address, as it is configured here.
    :raises AuthAnswerError: if this is no positive assertion of it, or is not signed as it has to be.
    """
    if fields.get("mode") != "id_res":
        raise AuthAnswerError(f"openid.mode is {fields.get('mode')!r}, expected 'id_res'")
    if fields.get("ns") != NS_OPENID:
        raise AuthAnswerError(f"openid.ns is {fields.get('ns')!r}, expected {NS_OPENID!r}")
    names = fields.get("signed", "").split(",")
    signed = set(names)
    if len(signed) != len(names):
        raise AuthAnswerError("openid.signed names a field twice")
    if not fields.get("sig"):
        raise AuthAnswerError("the answer has no signature")
    for name in _SIGNED:
        if not fields.get(name):
            raise AuthAnswerError(f"the answer has no openid.{name}")
    if ("claimed_id" in fields) != ("identity" in fields):
        raise AuthAnswerError("openid.claimed_id and openid.identity only come together")
    absent = sorted(name for name in signed if name not in fields)
    if absent:
        raise AuthAnswerError(f"signed but not there: {', '.join(absent)}")
    unsigned = sorted(name for name in fields if name not in signed and name not in _FREE)
    if unsigned:
        raise AuthAnswerError(f"not signed: {', '.join(unsigned)}")
    if fields["op_endpoint"] != endpoint:
        raise AuthAnswerError(
            f"openid.op_endpoint is {fields['op_endpoint']!r}, expected {endpoint!r}"
        )
    return {name: fields[name] for name in signed}


def extension(signed: Mapping[str, str], namespace: str) -> dict[str, str]:
    """Return the signed fields of an extension, found by its namespace, without their prefix.

    :raises AuthAnswerError: if two prefixes stand for the namespace.
    """
    aliases = [
        name[3:] for name, value in signed.items() if name.startswith("ns.") and value == namespace
    ]
    if not aliases:
        return {}
    if len(aliases) > 1:
        raise AuthAnswerError(f"{len(aliases)} prefixes stand for {namespace!r}, expected one")
    prefix = f"{aliases[0]}."
    return {name[len(prefix) :]: value for name, value in signed.items() if name.startswith(prefix)}


def attributes(ax: Mapping[str, str]) -> dict[str, str]:
    """Return the values of attribute exchange by the URI of their type.

    :raises AuthAnswerError: if two names stand for one type.
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
            raise AuthAnswerError(f"two names stand for the attribute {uri!r}")
        if value is not None:
            found[uri] = value
    return {uri: value for uri, value in found.items() if value}


def check_return_to(
    return_to: str, url: str, arguments: Mapping[str, list[bytes]], *, whole: bool
) -> None:
    """Check that the answer was meant for this address (section 11.1).

    :arg url: the address that it came to.
    :arg whole: whether scheme and host count; otherwise path and query.
    :raises AuthAnswerError: if it was not.
    """
    try:
        meant, got = urlsplit(return_to), urlsplit(url)
    except ValueError as error:
        raise AuthAnswerError(f"openid.return_to is {return_to!r}: {error}") from None
    if meant.path != got.path or (
        whole and (meant.scheme, meant.netloc) != (got.scheme, got.netloc)
    ):
        raise AuthAnswerError(f"openid.return_to is {return_to!r}, but the answer came elsewhere")
    for name, values in parse_qs(meant.query, keep_blank_values=True).items():
        if [value.encode("utf-8") for value in values] != arguments.get(name, []):
            raise AuthAnswerError(f"openid.return_to has another argument {name!r}")


class Nonces:
    """Remembers nonces as long as they would be believed."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], float] = {}

    def check(self, endpoint: str, nonce: str, now: float) -> None:
        """Check a nonce, without remembering it.

        :arg now: seconds since the epoch.
        :raises AuthAnswerError: if it is malformed, too old, ahead of time, or was there before.
        """
        match = _NONCE.fullmatch(nonce)
        try:
            if match is None:
                raise ValueError("wrong shape")
            made = calendar.timegm(time.strptime(match[1], "%Y-%m-%dT%H:%M:%SZ"))
        except ValueError as error:
            raise AuthAnswerError(f"openid.response_nonce is malformed: {error}") from None
        if abs(now - made) > MAX_NONCE_AGE_SECONDS:
            raise AuthAnswerError(
                f"openid.response_nonce is {now - made:.0f} s old,"
                f" expected at most {MAX_NONCE_AGE_SECONDS}"
            )
        self._forget(now)
        if (endpoint, nonce) in self._seen:
            raise AuthAnswerError("openid.response_nonce was used before")

    def take(self, endpoint: str, nonce: str, now: float) -> None:
        """Check a nonce and remember it.

        :raises AuthAnswerError: as `check` does, and if there are too many to remember.
        """
        self.check(endpoint, nonce, now)
        if len(self._seen) >= MAX_NONCES:
            raise AuthAnswerError("too many logins at once to tell a replayed one")
        # Believed for so long at most, however far ahead of time it was made.
        self._seen[endpoint, nonce] = now + 2 * MAX_NONCE_AGE_SECONDS

    def _forget(self, now: float) -> None:
        # In order of time, so that the work is shared out among the calls.
        expired: list[tuple[str, str]] = []
        for key, until in self._seen.items():
            if until >= now:
                break
            expired.append(key)
        for key in expired:
            del self._seen[key]


def is_valid(body: bytes) -> bool:
    """Tell whether the provider's answer in key-value form says that the signature is its own."""
    pairs = [line.partition(":")[::2] for line in body.decode("utf-8", "replace").splitlines()]
    return _value(pairs, "is_valid") == "true" and _value(pairs, "ns") in (None, NS_OPENID)


def _value(pairs: Iterable[tuple[str, ...]], key: str) -> str | None:
    values = [value for name, value in pairs if name == key]
    if len(values) > 1:
        return ""
    return values[0] if values else None
