"""Text of strangers goes in; what comes out is safe in HTML and in scripts, and shows the same text."""

from __future__ import annotations

import html
import json
import re

from tornado.escape import (
    json_decode,
    json_encode,
    linkify,
    recursive_unicode,
    squeeze,
    url_unescape,
    xhtml_escape,
    xhtml_unescape,
)

TOKENS = [
    b"http://", b"https://", b"HTTP:/", b"ftp://", b"javascript:", b"javascript://", b"www.", b"WWW.",
    b"one.example", b"/path", b"(", b")", b"((", b"))", b"[::1]", b"[", b"]", b".", b",", b"!", b"?",
    b"&", b"&amp;", b"&lt;", b"&#60;", b"&#x3c;", b"&#0;", b"&#1114112;", b"&#00000000000000000060;",
    b"&#xd800;", b"&notit;", b"&quot", b"<", b">", b"<script>", b"</script>", b"<!--", b"]]>", b'"',
    b"'", b"\\", b"\\/", b"\n", b"\r", b"\t", b" ", b"\0", b"\x0b", b"\x7f", b"\xc2\x85", b"\xc2\xa0",
    b"\xe2\x80\xa8", b"\xef\xbf\xbd", b"\xf0\x9f\x98\x80", b"{", b"}", b":", b"-", b"+", b"%20", b"_",
    b"x" * 40,
]  # fmt: skip

# Only what this made may be left as markup.
_TAG = re.compile(r'<a href="([^"<>]*)"( rel="n")?( title="[^"<>]*")?>|</a>')


def check(data: bytes) -> None:
    """The whole input is the text."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        for function in (xhtml_escape, xhtml_unescape, linkify, squeeze):
            try:
                function(data)
            except UnicodeDecodeError:
                continue
            raise AssertionError(f"{function.__name__} takes bytes that are no UTF-8") from None
        text = data.decode("latin-1")
    _check_html(text)
    for require_protocol in (False, True):
        _check_links(text, require_protocol)
    _check_json(text)
    squeezed = squeeze(text)
    assert squeeze(squeezed) == squeezed
    assert len(squeezed) <= len(text)
    assert url_unescape(text.encode(), encoding=None) == url_unescape(text, encoding=None)


def _check_html(text: str) -> None:
    escaped = xhtml_escape(text)
    assert not set(escaped) & set("<>\"'")
    assert html.unescape(escaped) == text or "\r" in text or "&" in text
    assert xhtml_unescape(escaped) == text
    assert xhtml_escape(text.encode()) == escaped
    assert len(xhtml_unescape(text)) <= 2 * len(text)


def _check_links(text: str, require_protocol: bool) -> None:
    linked = linkify(text, require_protocol=require_protocol, extra_params='rel="n"')
    for match in _TAG.finditer(linked):
        if match[1] is not None:
            assert re.match("https?:/", match[1], re.IGNORECASE), match[1]
            assert not re.search(r"[\s'<>]", html.unescape(match[1]))
    shown = _TAG.sub("", linked)
    assert not set(shown) & set("<>\"'"), f"markup is left: {shown!r}"
    assert xhtml_unescape(shown) == text
    assert linked.count("<a ") == linked.count("</a>")
    short = linkify(text, require_protocol=require_protocol, shorten=True)
    assert not set(_TAG.sub("", short)) & set("<>\"'")
    assert [match[1] for match in _TAG.finditer(short)] == [
        match[1] for match in _TAG.finditer(linked)
    ]


def _check_json(text: str) -> None:
    value = {text: [text, None, 1.5, {"a": text}]}
    encoded = json_encode(value)
    assert "</" not in encoded
    assert "<!" not in encoded
    assert json_decode(encoded) == value
    assert json.loads(encoded) == value
    raw = {text.encode(): [text.encode()]}
    assert recursive_unicode(raw) == {text: [text]}
    assert json_encode(raw) == json_encode({text: [text]})
