"""Names and values go in, signed values that cannot be forged come out, and the way back.

Two formats exist:

version 1
    ``base64(value) | seconds | hex(HMAC-SHA1(name, base64(value), seconds))``
version 2
    ``2|L:key version|L:seconds|L:name|L:base64(value)|hex(HMAC-SHA256(all before it))``
    where each ``L`` is the length in bytes of the field after its colon.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import NamedTuple

from tornado.escape import utf8
from tornado.log import gen_log

__all__ = [
    "DEFAULT_SIGNED_VALUE_MIN_VERSION",
    "DEFAULT_SIGNED_VALUE_VERSION",
    "MAX_SUPPORTED_SIGNED_VALUE_VERSION",
    "MIN_SUPPORTED_SIGNED_VALUE_VERSION",
    "create_signed_value",
    "decode_signed_value",
    "get_signature_key_version",
]

#: Oldest version of the format that can be read and written.
#:
#: .. versionadded:: 3.2.1
MIN_SUPPORTED_SIGNED_VALUE_VERSION = 1

#: Newest version of the format that can be read and written.
#:
#: .. versionadded:: 3.2.1
MAX_SUPPORTED_SIGNED_VALUE_VERSION = 2

#: Version that is written unless ``version`` says otherwise.
#:
#: .. versionadded:: 3.2.1
DEFAULT_SIGNED_VALUE_VERSION = 2

#: Oldest version that is believed unless ``min_version`` says otherwise.
#:
#: .. versionadded:: 3.2.1
DEFAULT_SIGNED_VALUE_MIN_VERSION = 1

_SECONDS_PER_DAY = 86400
# A version-1 timestamp further ahead than this is a forgery: its digits were shifted.
_MAX_AHEAD_SECONDS = 31 * _SECONDS_PER_DAY
# Version numbers have at most this many digits; base64 always has at least four characters, so
# a version-1 value can never be mistaken for a later one.
_MAX_VERSION_DIGITS = 3

Secret = str | bytes | dict[int, str] | dict[int, bytes] | dict[int, str | bytes]
Clock = Callable[[], float]


def create_signed_value(
    secret: Secret,
    name: str,
    value: str | bytes,
    version: int | None = None,
    clock: Clock | None = None,
    key_version: int | None = None,
) -> bytes:
    """Sign and timestamp ``value`` so that nobody without the secret can make one like it.

    :param secret: the key, or a dict from key version (an integer) to key.
    :param name: what the value is for; the same name must be given to read it.
    :param value: ``str`` (signed as UTF-8) or ``bytes``.
    :param version: the format; ``None`` for `DEFAULT_SIGNED_VALUE_VERSION`.
    :param clock: a function that returns seconds since the epoch; ``time.time`` by default.
    :param key_version: which key of a dict to sign with.
    :returns: the signed value, ASCII bytes that fit into a cookie.
    :raises ValueError: if the version is unknown, or the dict has no such key.

    .. versionadded:: 2.1
    .. versionchanged:: 3.2.1
       ``version`` and ``clock``.
    .. versionchanged:: 4.5
       ``key_version``.
    """
    if version is None:
        version = DEFAULT_SIGNED_VALUE_VERSION
    seconds = utf8(str(int((clock or time.time)())))
    content = base64.b64encode(utf8(value))
    if version == 1:
        if isinstance(secret, dict):
            raise ValueError("version 1 signs with one key, not with a dict of them")
        return b"|".join((content, seconds, _create_signature_v1(secret, name, content, seconds)))
    if version == 2:
        key: str | bytes
        if isinstance(secret, dict):
            if key_version is None:
                raise ValueError("key_version must be set when the secret is a dict of keys")
            if key_version not in secret:
                raise ValueError(f"the secret has no key of version {key_version!r}")
            key = secret[key_version]
        else:
            key = secret
        to_sign = b"|".join(
            (
                b"2",
                _sized(str(key_version or 0)),
                _sized(seconds),
                _sized(name),
                _sized(content),
                b"",
            )
        )
        return to_sign + _create_signature_v2(key, to_sign)
    raise ValueError(f"version {version!r} of signed values is not supported")


def decode_signed_value(
    secret: Secret,
    name: str,
    value: str | bytes | None,
    max_age_days: float = 31,
    clock: Clock | None = None,
    min_version: int | None = None,
) -> bytes | None:
    """Return what was signed, or ``None`` if ``value`` cannot be believed.

    ``None`` is returned for a missing, damaged, forged or expired value, for one signed
    under another name, with a key that is no longer known, or in a version below ``min_version``.

    :param secret: as in `create_signed_value`.
    :param name: the name it was signed under.
    :param value: the signed value; ``None`` and the empty string are allowed.
    :param max_age_days: the age in days past which a value is not believed.
    :param clock: a function that returns seconds since the epoch.
    :param min_version: lowest format to believe; ``None`` for
        `DEFAULT_SIGNED_VALUE_MIN_VERSION`.
    :raises ValueError: if ``min_version`` is above what is supported.

    .. versionadded:: 2.1
    .. versionchanged:: 3.2.1
       ``clock`` and ``min_version``.
    """
    if min_version is None:
        min_version = DEFAULT_SIGNED_VALUE_MIN_VERSION
    if min_version > MAX_SUPPORTED_SIGNED_VALUE_VERSION:
        raise ValueError(f"min_version {min_version} is above {MAX_SUPPORTED_SIGNED_VALUE_VERSION}")
    if not value:
        return None
    raw = utf8(value)
    version = _get_version(raw)
    if version < min_version:
        return None
    now = clock or time.time
    if version == 1:
        return _decode_signed_value_v1(secret, name, raw, max_age_days, now)
    if version == 2:
        return _decode_signed_value_v2(secret, name, raw, max_age_days, now)
    return None


def get_signature_key_version(value: str | bytes) -> int | None:
    """Return which version of the key signed ``value``, or ``None`` if it does not say.

    The signature itself is not checked.

    .. versionadded:: 4.3
    """
    raw = utf8(value)
    if _get_version(raw) < 2:
        return None
    try:
        return _decode_fields_v2(raw).key_version
    except ValueError:
        return None


class SignedFields(NamedTuple):
    """The parts of a version-2 value as they stand, not yet verified."""

    key_version: int
    timestamp: bytes
    name: bytes
    value: bytes
    signature: bytes


def _get_version(value: bytes) -> int:
    """The format's version: the number before the first bar, 1 if there is none."""
    number, bar, _ = value.partition(b"|")
    if bar and number.isdigit() and len(number) <= _MAX_VERSION_DIGITS and number[:1] != b"0":
        return int(number)
    return 1


def _sized(field: str | bytes) -> bytes:
    raw = utf8(field)
    return b"%d:%b" % (len(raw), raw)


def _decode_signed_value_v1(
    secret: Secret, name: str, value: bytes, max_age_days: float, clock: Clock
) -> bytes | None:
    if isinstance(secret, dict):
        return None  # one key signs version 1, and which of these it was nobody can tell
    parts = value.split(b"|")
    if len(parts) != 3:
        return None
    content, seconds, signature = parts
    if not hmac.compare_digest(signature, _create_signature_v1(secret, name, content, seconds)):
        gen_log.warning("Invalid cookie signature %r", value)
        return None
    # The fields are signed without a border between them: a digit moved from the end of the
    # content to the front of the time keeps the signature. These two checks catch it.
    if not seconds.isdigit():
        return None  # signed by ourselves, and no time
    if seconds[:1] == b"0" or len(seconds) > 20:
        gen_log.warning("Tampered cookie %r", value)
        return None
    timestamp = int(seconds)
    now = clock()
    if timestamp < now - max_age_days * _SECONDS_PER_DAY:
        gen_log.warning("Expired cookie %r", value)
        return None
    if timestamp > now + _MAX_AHEAD_SECONDS:
        gen_log.warning("Cookie timestamp in future; possible tampering %r", value)
        return None
    return _decode_content(content)


def _decode_signed_value_v2(
    secret: Secret, name: str, value: bytes, max_age_days: float, clock: Clock
) -> bytes | None:
    try:
        fields = _decode_fields_v2(value)
    except ValueError:
        return None
    key: str | bytes
    if isinstance(secret, dict):
        if fields.key_version not in secret:
            return None
        key = secret[fields.key_version]
    else:
        key = secret
    signed = value[: len(value) - len(fields.signature)]
    if not hmac.compare_digest(fields.signature, _create_signature_v2(key, signed)):
        return None
    if not hmac.compare_digest(fields.name, utf8(name)):
        return None
    timestamp, now = int(fields.timestamp), clock()
    if timestamp < now - max_age_days * _SECONDS_PER_DAY or timestamp > now + _MAX_AHEAD_SECONDS:
        return None
    return _decode_content(fields.value)


def _decode_fields_v2(value: bytes) -> SignedFields:
    """Take a version-2 value apart.

    :raises ValueError: if it does not have the shape.
    """

    def take(rest: bytes) -> tuple[bytes, bytes]:
        size, colon, rest = rest.partition(b":")
        # Nothing but digits: int() would let signs, spaces and underscores through.
        if not colon or not size.isdigit() or len(size) > 9:
            raise ValueError("malformed signed value field length")
        length = int(size)
        if rest[length : length + 1] != b"|":
            raise ValueError("malformed signed value field")
        return rest[:length], rest[length + 1 :]

    _, _, rest = value.partition(b"|")
    key_version, rest = take(rest)
    timestamp, rest = take(rest)
    name, rest = take(rest)
    content, signature = take(rest)
    if not key_version.isdigit() or not timestamp.isdigit() or len(timestamp) > 20:
        raise ValueError("malformed signed value number")
    return SignedFields(int(key_version), timestamp, name, content, signature)


def _decode_content(content: bytes) -> bytes | None:
    try:
        return base64.b64decode(content)
    except (binascii.Error, ValueError):
        return None


def _create_signature_v1(secret: str | bytes, *parts: str | bytes) -> bytes:
    """Hex HMAC-SHA1 over the parts, one after another."""
    mac = hmac.new(utf8(secret), digestmod=hashlib.sha1)
    for part in parts:
        mac.update(utf8(part))
    return utf8(mac.hexdigest())


def _create_signature_v2(secret: str | bytes, s: bytes) -> bytes:
    """Hex HMAC-SHA256 over ``s``."""
    return utf8(hmac.new(utf8(secret), utf8(s), hashlib.sha256).hexdigest())
