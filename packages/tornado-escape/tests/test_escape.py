"""`tornado.escape`: bytes and text, HTML, JSON, and URLs."""

import enum
import html
import html.parser
import json
import subprocess
import sys
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tornado.escape
from tornado import escape
from tornado.escape import (
    json_decode,
    json_encode,
    native_str,
    parse_qs_bytes,
    recursive_unicode,
    squeeze,
    to_basestring,
    to_unicode,
    url_escape,
    url_unescape,
    utf8,
    xhtml_escape,
    xhtml_unescape,
)


def test_all():
    assert all(hasattr(tornado.escape, name) for name in tornado.escape.__all__)


def test_imports_are_light():
    # Templates import this module: nothing that only some functions need may come with it.
    code = "import tornado.escape, sys; print([m for m in ('html', 'asyncio') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


class Text(str):
    """A text of an application's own."""


class Number(int):
    """A number with a representation of its own."""

    def __repr__(self):
        return "a number"


class Level(enum.IntEnum):
    HIGH = 1


class TestBytesAndText:
    @pytest.mark.parametrize(
        ("value", "encoded"), [("é", b"\xc3\xa9"), (b"\xff", b"\xff"), ("", b""), (None, None)]
    )
    def test_utf8(self, value, encoded):
        assert utf8(value) == encoded

    @pytest.mark.parametrize(
        ("value", "decoded"), [(b"\xc3\xa9", "é"), ("é", "é"), (b"", ""), (None, None)]
    )
    @pytest.mark.parametrize("convert", [to_unicode, native_str, to_basestring])
    def test_to_unicode(self, convert, value, decoded):
        assert convert(value) == decoded

    def test_what_needs_no_change_is_returned_itself(self):
        data, text = b"data", "text"
        assert utf8(data) is data
        assert to_unicode(text) is text

    @pytest.mark.parametrize("value", [5, ["x"], bytearray(b"x"), object])
    @pytest.mark.parametrize("convert", [utf8, to_unicode, native_str, to_basestring])
    def test_other_types(self, convert, value):
        name = type(value).__name__
        with pytest.raises(TypeError, match=f"takes str, bytes or None, got {name}"):
            convert(value)

    def test_bytes_that_are_no_utf8(self):
        with pytest.raises(UnicodeDecodeError):
            to_unicode(b"\xe9")

    @given(st.text())
    def test_round_trip(self, text):
        assert to_unicode(utf8(text)) == text

    def test_recursive_unicode(self):
        value = {b"a": [b"b", ("c", b"d", {b"e": None})], 1: b"\xc3\xa9", "f": {b"g"}}
        assert recursive_unicode(value) == {
            "a": ["b", ("c", "d", {"e": None})],
            1: "é",
            "f": {b"g"},
        }
        assert recursive_unicode(b"x") == "x"
        assert recursive_unicode((b"x",)) == ("x",)

    @pytest.mark.parametrize(
        ("text", "squeezed"),
        [
            ("sequences     of    whitespace   chars", "sequences of whitespace chars"),
            (" a \t\r\n b\x00\x1fc ", "a b c"),
            ("a\xa0\xa0b", "a\xa0\xa0b"),
            (b"a  b", "a b"),
            ("", ""),
        ],
    )
    def test_squeeze(self, text, squeezed):
        assert squeeze(text) == squeezed

    @given(st.text())
    def test_squeeze_leaves_no_run(self, text):
        squeezed = squeeze(text)
        assert "  " not in squeezed
        assert squeezed == squeezed.strip()
        assert squeeze(squeezed) == squeezed


class TestHTML:
    @pytest.mark.parametrize(
        ("text", "escaped"),
        [
            ("", ""),
            ("plain é", "plain é"),
            ("<foo>", "&lt;foo&gt;"),
            ('<>&"', "&lt;&gt;&amp;&quot;"),
            ("it's", "it&#x27;s"),
            ("&amp;", "&amp;amp;"),
            (b"<\xc3\xa9>", "&lt;é&gt;"),
        ],
    )
    def test_escape(self, text, escaped):
        assert xhtml_escape(text) == escaped

    @given(st.text(alphabet=st.one_of(st.sampled_from("&<>\"';#x3a9"), st.characters())))
    def test_round_trip(self, text):
        assert xhtml_unescape(xhtml_escape(text)) == text

    @given(st.text())
    def test_as_the_standard_library(self, text):
        assert xhtml_escape(text) == html.escape(text)

    @given(st.text())
    def test_an_attribute_keeps_its_value(self, text):
        attributes = []

        class Parser(html.parser.HTMLParser):
            def handle_starttag(self, tag, attrs):
                attributes.append((tag, attrs))

        escaped = xhtml_escape(text)
        parser = Parser()
        parser.feed(f"<a title=\"{escaped}\" name='{escaped}'>")
        parser.close()
        assert attributes == [("a", [("title", text), ("name", text)])]

    def test_text_without_special_characters_is_returned_itself(self):
        text = "plain text " * 100
        assert xhtml_escape(text) is text
        assert xhtml_unescape(text) is text

    def test_subclasses_of_str(self):
        class Text(str):
            pass

        assert xhtml_escape(Text("<")) == "&lt;"

    @pytest.mark.parametrize("value", [None, 5, ["<"], bytearray(b"x")])
    @pytest.mark.parametrize("convert", [xhtml_escape, xhtml_unescape, squeeze, url_unescape])
    def test_other_types(self, convert, value):
        with pytest.raises(TypeError, match=f"takes str or bytes, got {type(value).__name__}"):
            convert(value)

    @pytest.mark.parametrize(
        ("escaped", "text"),
        [
            ("foo&#32;bar", "foo bar"),
            ("foo&#x20;bar", "foo bar"),
            ("foo&#X20;bar", "foo bar"),
            ("foo&#xabc;bar", "foo\u0abcbar"),
            ("&#39;&#x27;&apos;", "'''"),
            ("&eacute;&Eacute;&hellip;", "éÉ…"),
            ("foo&#xyz;bar", "foo&#xyz;bar"),
            ("foo&#;bar", "foo&#;bar"),
            ("&nonesuch;", "&nonesuch;"),
            ("a & b", "a & b"),
            ("&amp;lt;", "&lt;"),
            (b"&lt;\xc3\xa9", "<é"),
        ],
    )
    def test_unescape(self, escaped, text):
        assert xhtml_unescape(escaped) == text

    @pytest.mark.parametrize(
        "reference",
        ["&#0;", "&#xD800;", "&#1114112;", "&#x110000;", "&#99999999999;", f"&#{'9' * 100_000};"],
    )
    def test_references_to_no_character(self, reference):
        assert xhtml_unescape(f"a{reference}b") == "a\ufffdb"

    @pytest.mark.parametrize("zeros", [1, 7, 8, 100_000])
    def test_leading_zeros(self, zeros):
        zero = "0" * zeros
        assert xhtml_unescape(f"&#{zero}65;&#x{zero}41;&#X{zero}41;") == "AAA"

    @given(st.text())
    def test_unescape_as_the_standard_library(self, text):
        assert xhtml_unescape(text) == html.unescape(text)


class TestJSON:
    def test_encode(self):
        assert json_encode({"a": [1, None, True, 0.5, "é"]}) == (
            '{"a": [1, null, true, 0.5, "\\u00e9"]}'
        )

    def test_safe_in_a_script(self):
        assert json_encode("</script>") == '"<\\/script>"'
        assert json_encode("<!--<script>") == '"\\u003c!--<script>"'
        assert json_encode("\u2028\u2029") == '"\\u2028\\u2029"'

    @given(st.text(alphabet=st.sampled_from("</!->scriptSCRIPT \\\"'\u2028")))
    def test_nothing_in_it_ends_a_script(self, text):
        encoded = json_encode({text: [text]})
        assert "</" not in encoded
        assert "<!" not in encoded
        assert json_decode(encoded) == {text: [text]}

    @given(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False)
            | st.text(st.characters(codec="utf-8")),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=10,
        )
    )
    def test_round_trip(self, value):
        assert json_decode(json_encode(value)) == value
        assert json.loads(json_encode(value)) == value

    def test_bytes(self):
        assert json_encode(b"caf\xc3\xa9") == '"caf\\u00e9"'
        assert json_encode([{"a": b"x"}]) == '[{"a": "x"}]'
        assert json_encode({b"a": {b"b": (b"x",)}}) == '{"a": {"b": ["x"]}}'
        with pytest.raises(UnicodeDecodeError):
            json_encode(b"\xe9")

    def test_what_json_cannot_express(self):
        with pytest.raises(TypeError, match="Object of type object is not JSON"):
            json_encode(object())
        with pytest.raises(TypeError, match="keys must be"):
            json_encode({(1,): 2})
        endless = []
        endless.append(endless)
        with pytest.raises(ValueError, match="Circular"):
            json_encode(endless)

    @pytest.mark.parametrize("compiled", [True, False])
    @pytest.mark.parametrize(
        "value",
        [
            Text("q"),
            Number(5),
            Level.HIGH,
            (1, 2),
            {2: 1, None: 3, True: 4, 1.5: float("inf")},
            float("nan"),
            {},
            "",
        ],
    )
    def test_as_the_standard_library(self, monkeypatch, compiled, value):
        if not compiled:
            monkeypatch.setattr(escape, "_compiled", None)
        assert json_encode(value) == json.dumps(value)

    def test_what_failed_leaves_nothing_behind(self):
        shared = {"a": [1]}
        for _ in range(3):
            with pytest.raises(TypeError):
                json_encode([shared, object()])
            assert json_encode([shared, shared]) == '[{"a": [1]}, {"a": [1]}]'

    @pytest.mark.parametrize(
        "text", ['{"a": "\\u00e9"}', b'{"a": "\\u00e9"}', '{"a": "é"}'.encode()]
    )
    def test_decode(self, text):
        assert json_decode(text) == {"a": "é"}

    @pytest.mark.parametrize("text", ["", "{", "nonesuch", b"\xff\xff"])
    def test_decode_what_is_no_json(self, text):
        with pytest.raises(ValueError, match=r"."):
            json_decode(text)


class TestURL:
    @pytest.mark.parametrize(
        ("text", "plus", "escaped"),
        [
            ("\u00e9", True, "%C3%A9"),
            (b"\xc3\xa9", True, "%C3%A9"),
            (b"\xe9", True, "%E9"),
            ("a b+c/d?e&f=g#~", True, "a+b%2Bc%2Fd%3Fe%26f%3Dg%23~"),
            ("a b+c/d?e&f=g#~", False, "a%20b%2Bc/d%3Fe%26f%3Dg%23~"),
        ],
    )
    def test_escape(self, text, plus, escaped):
        assert url_escape(text, plus=plus) == escaped

    def test_plus_is_the_default(self):
        assert url_escape("a b") == "a+b"
        assert url_unescape("a+b") == "a b"

    @given(st.text(st.characters(codec="utf-8")), st.booleans())
    def test_round_trip(self, text, plus):
        assert url_unescape(url_escape(text, plus=plus), plus=plus) == text

    @given(st.binary(), st.booleans())
    def test_round_trip_of_bytes(self, data, plus):
        assert url_unescape(url_escape(data, plus=plus), encoding=None, plus=plus) == data

    @pytest.mark.parametrize("escaped", ["%C3%A9+b", b"%C3%A9+b"])
    def test_unescape(self, escaped):
        assert url_unescape(escaped) == "é b"
        assert url_unescape(escaped, plus=False) == "é+b"
        assert url_unescape(escaped, encoding="latin-1") == "Ã© b"
        assert url_unescape(escaped, "latin-1", False) == "Ã©+b"
        assert url_unescape(escaped, encoding=None) == b"\xc3\xa9 b"
        assert url_unescape(escaped, None, False) == b"\xc3\xa9+b"

    def test_unescape_what_does_not_fit(self):
        assert url_unescape("%E9") == "\ufffd"
        assert url_unescape("%E9", encoding=None) == b"\xe9"
        assert url_unescape("%zz%") == "%zz%"

    def test_unescape_raw_bytes(self):
        assert url_unescape(b"\xff%20", encoding=None) == b"\xff "
        assert url_unescape("é%20", encoding=None) == b"\xc3\xa9 "


class TestQuery:
    @pytest.mark.parametrize("convert", [str, lambda text: text.encode("latin-1")])
    @pytest.mark.parametrize(
        ("query", "fields"),
        [
            ("", {}),
            ("a=1", {"a": [b"1"]}),
            ("a=1&b=2&a=3", {"a": [b"1", b"3"], "b": [b"2"]}),
            ("a=&b&=&c=1", {"c": [b"1"]}),
            ("=x", {"": [b"x"]}),
            ("a=b=c", {"a": [b"b=c"]}),
            ("a=1;b=2", {"a": [b"1;b=2"]}),
            ("&&a=1&", {"a": [b"1"]}),
            ("a+b=c+d", {"a b": [b"c d"]}),
            ("%61=%2B%26%3d", {"a": [b"+&="]}),
            ("%e9=%e9%ff", {"é": [b"\xe9\xff"]}),
            ("\xe9=\xe9", {"é": [b"\xe9"]}),
            ("a=%zz%4", {"a": [b"%zz%4"]}),
        ],
    )
    def test_fields(self, convert, query, fields):
        assert parse_qs_bytes(convert(query)) == fields

    def test_text_beyond_latin_1(self):
        assert parse_qs_bytes("a=日") == {"a": ["日".encode()]}

    def test_blank_values(self):
        assert parse_qs_bytes("a=&b&&=", keep_blank_values=True) == {
            "a": [b""],
            "b": [b""],
            "": [b""],
        }

    @pytest.mark.parametrize("query", ["a=1&b", "a=1&&b=2", "x"])
    def test_strict(self, query):
        with pytest.raises(ValueError, match="bad query field"):
            parse_qs_bytes(query, strict_parsing=True)
        with pytest.raises(ValueError, match="bad query field"):
            parse_qs_bytes(query, True, True)

    def test_strict_takes_what_is_well_formed(self):
        assert parse_qs_bytes("a=1&b=", True, True) == {"a": [b"1"], "b": [b""]}

    def test_number_of_fields(self):
        assert len(parse_qs_bytes("a=1&b=2&c=3", max_num_fields=3)) == 3
        with pytest.raises(ValueError, match="got 4 fields, expected at most 3"):
            parse_qs_bytes("a=1&b=2&c=3&", max_num_fields=3)
        with pytest.raises(ValueError, match="got 1 fields, expected at most 0"):
            parse_qs_bytes("a=1", max_num_fields=0)
        assert parse_qs_bytes("", max_num_fields=0) == {}

    @given(
        st.text(alphabet=st.sampled_from("ab=&+%2639;\xe9 ")),
        st.booleans(),
        st.booleans(),
    )
    def test_as_the_standard_library(self, query, blank, strict):
        try:
            expected = urllib.parse.parse_qs(
                query,
                keep_blank_values=blank,
                strict_parsing=strict and bool(query),
                encoding="latin-1",
            )
        except ValueError:
            with pytest.raises(ValueError, match="bad query field"):
                parse_qs_bytes(query, blank, strict)
            return
        assert parse_qs_bytes(query, blank, strict) == {
            name: [value.encode("latin-1") for value in values] for name, values in expected.items()
        }

    @given(st.lists(st.tuples(st.text(), st.text(min_size=1))))
    def test_round_trip(self, fields):
        expected = {}
        for name, value in fields:
            expected.setdefault(utf8(name).decode("latin-1"), []).append(utf8(value))
        assert parse_qs_bytes(urllib.parse.urlencode(fields)) == expected


@pytest.mark.parametrize("value", [{"a": object()}, [1, {2, 3}], {b"key": object()}])
def test_what_json_cannot_express_is_shown_once(value):
    with pytest.raises(TypeError, match="not JSON serializable") as caught:
        json_encode(value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "function",
    [
        utf8,
        to_unicode,
        xhtml_escape,
        xhtml_unescape,
        url_escape,
        url_unescape,
        squeeze,
        parse_qs_bytes,
    ],
)
def test_a_forgotten_await_is_asked_for(function):
    async def fetch():
        pass

    coroutine = fetch()
    try:
        with pytest.raises(TypeError) as caught:
            function(coroutine)
    finally:
        coroutine.close()
    assert str(caught.value).startswith(f"{function.__name__}() takes str")
    assert str(caught.value).endswith("got coroutine: did you forget await?")


def test_no_query_has_no_fields():
    assert parse_qs_bytes(None) == parse_qs_bytes("") == parse_qs_bytes(b"") == {}
