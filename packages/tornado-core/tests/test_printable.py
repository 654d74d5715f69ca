"""Text of peers in log messages: `tornado._core.seam.printable`."""

from __future__ import annotations

import pytest

from tornado._core.seam import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("/static/a.css", "/static/a.css"),
        ("naïve “café”", "naïve “café”"),
        ("a\nFAKE\x1b[31m", r"a\x0aFAKE\x1b[31m"),
        ("a\r\tb\0", r"a\x0d\x09b\x00"),
        ("\x7f\x80\x85\x9b\x9f\xa0", "\\x7f\\x80\\x85\\x9b\\x9f\xa0"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("user\u202etxt.exe\u2069", r"user\u202etxt.exe\u2069"),
        ("\U0001f40d\n", "\U0001f40d\\x0a"),
    ],
)
def test_controls_are_escaped(text, shown):
    assert printable(text) == shown


def test_no_control_is_left():
    text = printable("".join(map(chr, range(0x300))))
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in text)
