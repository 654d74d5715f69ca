"""Signed values of both versions: round trips, the exact formats, and everything that must be None."""

import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado import web
from tornado.web import create_signed_value, decode_signed_value, get_signature_key_version

SECRET = "a long and random string"
NOW = 1700000000


def at(seconds):
    return lambda: seconds


def present():
    return NOW


@pytest.mark.parametrize("version", [1, 2])
@given(value=st.binary(max_size=60), name=st.text(max_size=10))
def test_round_trip(version, value, name):
    signed = create_signed_value(SECRET, name, value, version=version, clock=present)
    assert decode_signed_value(SECRET, name, signed, clock=present) == value


def test_version_1_format():
    signed = create_signed_value(SECRET, "key", "value", version=1, clock=present)
    mac = hmac.new(SECRET.encode(), b"key" + b"dmFsdWU=" + b"1700000000", "sha1")
    assert signed == b"dmFsdWU=|1700000000|" + mac.hexdigest().encode()


def test_version_2_format():
    signed = create_signed_value(SECRET, "key", "value", version=2, clock=present)
    to_sign = b"2|1:0|10:1700000000|3:key|8:dmFsdWU=|"
    mac = hmac.new(SECRET.encode(), to_sign, "sha256")
    assert signed == to_sign + mac.hexdigest().encode()


def test_default_version_is_2():
    assert create_signed_value(SECRET, "k", "v").startswith(b"2|")
    assert web.DEFAULT_SIGNED_VALUE_VERSION == 2


def test_key_versions():
    secrets = {0: "the first key", 1: "the second key"}
    signed = create_signed_value(secrets, "key", "value", key_version=1)
    assert get_signature_key_version(signed) == 1
    assert decode_signed_value(secrets, "key", signed) == b"value"
    # The key itself reads it too; another key does not.
    assert decode_signed_value(secrets[1], "key", signed) == b"value"
    assert decode_signed_value({0: secrets[0]}, "key", signed) is None
    assert decode_signed_value({1: "other"}, "key", signed) is None


def test_key_version_of_other_values():
    assert get_signature_key_version(create_signed_value(SECRET, "k", "v", version=1)) is None
    assert get_signature_key_version("2|x") is None
    assert get_signature_key_version(b"2|1:9|1:0|0:|0:|00") == 9


def test_key_version_errors():
    with pytest.raises(ValueError, match="key_version"):
        create_signed_value({0: "a"}, "k", "v")
    with pytest.raises(ValueError, match="no key of version 3"):
        create_signed_value({0: "a"}, "k", "v", key_version=3)
    with pytest.raises(ValueError, match="version 1 signs"):
        create_signed_value({0: "a"}, "k", "v", version=1, key_version=0)
    with pytest.raises(ValueError, match="version 3"):
        create_signed_value(SECRET, "k", "v", version=3)


def test_min_version():
    old = create_signed_value(SECRET, "k", "v", version=1, clock=present)
    new = create_signed_value(SECRET, "k", "v", version=2, clock=present)
    assert decode_signed_value(SECRET, "k", old, clock=present) == b"v"
    assert decode_signed_value(SECRET, "k", old, clock=present, min_version=2) is None
    assert decode_signed_value(SECRET, "k", new, clock=present, min_version=2) == b"v"
    with pytest.raises(ValueError, match="min_version"):
        decode_signed_value(SECRET, "k", new, min_version=3)


@pytest.mark.parametrize("version", [1, 2])
def test_refused(version):
    signed = create_signed_value(SECRET, "key", "value", version=version, clock=present)

    def read(value, name="key", secret=SECRET, now=NOW):
        return decode_signed_value(secret, name, value, clock=at(now))

    assert read(signed) == b"value"
    # Under another name, with another key.
    assert read(signed, name="other") is None
    assert read(signed, secret="another secret") is None
    # Expired, just not expired, from the future.
    assert read(signed, now=NOW + 86400 * 30) == b"value"
    assert read(signed, now=NOW + 86400 * 32) is None
    assert read(signed, now=NOW - 86400 * 32) is None
    # Damaged in any single byte.
    for at_byte in range(len(signed)):
        damaged = signed[:at_byte] + bytes([signed[at_byte] ^ 1]) + signed[at_byte + 1 :]
        assert read(damaged) is None
    # Cut short.
    for length in range(len(signed)):
        assert read(signed[:length]) is None


def test_shifted_fields_of_version_1():
    # The signature covers the fields without their borders: a digit may change sides.
    signed = create_signed_value(SECRET, "key", base64.b64decode("1700"), version=1, clock=present)
    content, seconds, signature = signed.split(b"|")
    shifted = b"|".join((content[:-1], content[-1:] + seconds, signature))
    assert decode_signed_value(SECRET, "key", shifted, clock=present) is None
    # Zeroes in front of the time are such a shift.
    content = base64.b64encode(b"xyz0000000000")
    padded = b"|".join(
        (
            content[:4],
            b"0" + seconds,
            web._create_signature_v1(SECRET, "key", content[:4], b"0" + seconds),
        )
    )
    assert decode_signed_value(SECRET, "key", padded, clock=present) is None


def test_field_lengths_of_version_2():
    def signed(prefix):
        return prefix + web._create_signature_v2(SECRET, prefix)

    good = b"2|1:0|10:1700000000|3:key|8:dmFsdWU=|"
    assert decode_signed_value(SECRET, "key", signed(good), clock=present) == b"value"
    for bad in (
        b"2|1:0|10:1700000000|+3:key|8:dmFsdWU=|",
        b"2|1:0|10:1700000000| 3:key|8:dmFsdWU=|",
        b"2|1:0|10:1700000000|3:key|8:dmFsdWU=",
        b"2|1:0|10:1700000000|3:key|9:dmFsdWU=|",
        b"2|1:0|10:1700000000|2:key|8:dmFsdWU=|",
        b"2|1:x|10:1700000000|3:key|8:dmFsdWU=|",
        b"2|1:0|10:130000000x|3:key|8:dmFsdWU=|",
        b"2|1:0|99999999999999:1700000000|3:key|8:dmFsdWU=|",
        b"2|1:0|10:1700000000|3:key|8:dmFsdW!=|",
    ):
        assert decode_signed_value(SECRET, "key", signed(bad), clock=present) is None


@pytest.mark.parametrize(
    "value", [None, "", b"", "x", "|", "||", "1|2|3", "0|1|2", "3|x", "999|a", b"\xff"]
)
def test_no_signed_value_at_all(value):
    assert decode_signed_value(SECRET, "key", value) is None


def test_unicode_and_bytes():
    for value in ("h\u00e9", "h\u00e9".encode()):
        signed = create_signed_value(SECRET, "k", value)
        assert decode_signed_value(SECRET, "k", signed) == b"h\xc3\xa9"
        assert decode_signed_value(SECRET, "k", signed.decode()) == b"h\xc3\xa9"
