"""Percent-decoding: like the standard library's, in bulk and in little memory."""

from __future__ import annotations

import tracemalloc
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._escape.percent import form_fields, unquote_to_bytes
from tornado.escape import parse_qs_bytes, url_unescape

DENSE = {
    "escapes": b"%41" * 100_000,
    "percent signs": b"%" * 300_000,
    "escaped percent signs": b"%25" * 100_000,
    "escaped equals signs": b"%3D" * 100_000,
    "no escapes": b"%zz" * 100_000,
    "half escapes": b"%4" * 150_000,
    "doubled": b"%%41" * 75_000,
    "line ends": b"%\n" * 150_000,
    "all of them": b"%25%%3d%g%\r" * 30_000,
}


@given(
    st.lists(
        st.sampled_from(
            [b"%", b"=", b"%25", b"%3D", b"%3d", b"%41", b"%g", b"%gg", b"\n", b"\r", b"a", b"2"]
            + [b"no escape at all in these forty-one bytes"]
        )
    )
)
def test_as_the_standard_library(parts):
    data = b"".join(parts)
    assert unquote_to_bytes(data) == urllib.parse.unquote_to_bytes(data)


@given(
    st.lists(
        st.sampled_from(
            [
                b"&",
                b"=",
                b"+",
                b"%",
                b"%26",
                b"%3D",
                b"%2B",
                b"%FF",
                b"%fe",
                b"\xff",
                b"\xfe",
                b"2",
                b"a",
            ]
        )
    )
)
def test_fields_as_if_they_were_decoded_one_by_one(parts):
    data = b"".join(parts)
    expected = [
        tuple(urllib.parse.unquote_to_bytes(part) for part in field.partition(b"=")[::2])
        for field in data.replace(b"+", b" ").split(b"&")
        if field
    ]
    assert [(name, value) for name, _, value in form_fields(data)] == expected


@given(st.binary())
def test_any_bytes(data):
    assert unquote_to_bytes(data) == urllib.parse.unquote_to_bytes(data)
    escaped = b"".join(b"%%%02x" % byte for byte in data)
    assert unquote_to_bytes(escaped) == data


@pytest.mark.parametrize(
    "text", ["%", "%4", "%zz", "a%", "%%", "%%41", "%41%", "%\n41", "%=", "=%3D"]
)
def test_what_is_no_escape_stays(text):
    expected = urllib.parse.unquote(text)
    assert url_unescape(text, plus=False) == expected
    assert url_unescape(text, encoding=None, plus=False) == expected.encode()


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "latin-1", "utf-16", "ascii"])
@given(text=st.text(st.sampled_from("%C39é€\udc80+ aA")))
def test_text_in_any_encoding(encoding, text):
    expected = urllib.parse.unquote_plus(text, encoding)
    assert url_unescape(text, encoding) == expected


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.parametrize(
    "decode", [parse_qs_bytes, url_unescape, lambda data: url_unescape(data, None)]
)
def test_memory_is_a_small_multiple_of_the_input(name, decode):
    data = b"a=" + DENSE[name]
    tracemalloc.start()
    try:
        decode(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 12 * len(data)


@pytest.mark.parametrize("name", DENSE)
def test_dense_fields(name):
    value = DENSE[name][:3000]
    assert parse_qs_bytes(b"a=" + value)["a"] == [urllib.parse.unquote_to_bytes(value)]
