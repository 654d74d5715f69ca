"""`HTTPHeaders`, alone and against a plain model."""

import copy
import enum
import http
import pickle
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado import httputil
from tornado._httputil import names
from tornado.httputil import HTTPHeaders, HTTPInputError

TOKENS = st.text("!#$%&'*+-.^_`|~0123456789abcXYZ", min_size=1, max_size=12)
VALUES = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=20
).map(lambda value: value.strip(" \t"))


def test_as_the_manual_shows():
    headers = HTTPHeaders({"content-type": "text/html"})
    assert list(headers.keys()) == ["Content-Type"]
    assert headers["Content-Type"] == "text/html"
    headers.add("Set-Cookie", "A=B")
    headers.add("Set-Cookie", "C=D")
    assert headers["set-cookie"] == "A=B,C=D"
    assert headers.get_list("set-cookie") == ["A=B", "C=D"]
    assert [f"{name}: {value}" for name, value in sorted(headers.get_all())] == [
        "Content-Type: text/html",
        "Set-Cookie: A=B",
        "Set-Cookie: C=D",
    ]
    headers = HTTPHeaders()
    headers.parse_line("Content-Type: text/html")
    assert headers.get("content-type") == "text/html"
    headers = HTTPHeaders.parse("Content-Type: text/html\r\nContent-Length: 42\r\n")
    assert sorted(headers.items()) == [("Content-Length", "42"), ("Content-Type", "text/html")]


def test_construction():
    assert list(HTTPHeaders()) == []
    assert list(HTTPHeaders(None)) == []
    assert HTTPHeaders([("a", "1"), ("A", "2")])["a"] == "2"
    assert dict(HTTPHeaders({"a": "1"}, b="2")) == {"A": "1", "B": "2"}
    source = HTTPHeaders()
    source.add("x", "1")
    source.add("x", "2")
    assert HTTPHeaders(source).get_list("x") == ["1", "2"]
    with pytest.raises(TypeError):
        HTTPHeaders({}, {})


def test_mapping():
    headers = HTTPHeaders(a="1", b="2")
    headers.add("A", "3")
    assert "a" in headers
    assert 1 not in headers
    assert "c" not in headers
    assert len(headers) == 2
    assert headers.get("c") is None
    assert headers.get("c", default="d") == "d"
    assert headers.get("a") == "1,3"
    assert headers.get_list("c") == []
    with pytest.raises(KeyError):
        headers["c"]
    with pytest.raises(KeyError):
        del headers["c"]
    headers["a"] = "4"
    assert headers.get_list("A") == ["4"]
    headers.add("a", "5")
    del headers["A"]
    assert list(headers.items()) == [("B", "2")]
    headers.add("b", "3")
    assert headers.pop("B") == "2,3"
    assert headers.setdefault("x", "y") == "y"
    headers.update({"X": "z"}, y="0")
    headers.update(HTTPHeaders(q="1"))
    assert dict(headers) == {"X": "z", "Y": "0", "Q": "1"}
    headers.clear()
    assert not headers


def test_update_replaces_repeated_fields():
    headers = HTTPHeaders()
    for value in "123":
        headers.add("A", value)
    other = HTTPHeaders(a="x")
    headers.update(other)
    assert headers.get_list("A") == ["x"]
    other.add("A", "y")
    headers.update(other)
    assert headers.get_list("A") == ["x", "y"]
    other.add("A", "z")
    assert headers.get_list("A") == ["x", "y"]


def test_order_of_names_is_kept():
    headers = HTTPHeaders.parse("Z: 1\r\nA: 2\r\nz: 3\r\nM: 4\r\n")
    assert list(headers.get_all()) == [("Z", "1"), ("Z", "3"), ("A", "2"), ("M", "4")]
    assert str(headers) == "Z: 1\nZ: 3\nA: 2\nM: 4\n"
    assert HTTPHeaders.parse(str(headers)) == headers


@pytest.mark.parametrize(
    "line",
    [" a: b", "\ta: b", "no colon", ": b", "a : b", "a b: c", "ä: b", "a: b\0", "a: b\x7f", "a: b\rc",
     "a: b\nc", "a: \x0b", "a: b\r\n c: d", "a: \u0100", "a\r: b", "(a): b"],
)  # fmt: skip
def test_lines_that_are_refused(line):
    with pytest.raises(HTTPInputError):
        HTTPHeaders().parse_line(line)
    if "\n" not in line:
        with pytest.raises(HTTPInputError):
            HTTPHeaders.parse(f"X: y\r\n{line}\r\n")


def test_lines_that_are_accepted():
    for line, value in [
        ("a:b", "b"),
        ("a:  b \t", "b"),
        ("a: b\r\n", "b"),
        ("a: b\n", "b"),
        ("a:", ""),
        ("a: b:c", "b:c"),
        ("a: é\tx", "é\tx"),
        ("a: \xa0", "\xa0"),
    ]:
        headers = HTTPHeaders()
        headers.parse_line(line)
        assert headers["A"] == value
    headers = HTTPHeaders()
    headers.parse_line("")
    headers.parse_line("\r\n")
    assert len(headers) == 0
    headers.parse_line("a: \u20ac", _chars_are_bytes=False)
    assert headers["a"] == "\u20ac"


def test_add_checks():
    headers = HTTPHeaders()
    for name, value in [("a b", "c"), ("", "c"), ("a", "b\n"), ("a", "b\r\nx: y"), ("a", "\u20ac")]:
        with pytest.raises(HTTPInputError):
            headers.add(name, value)
    assert len(headers) == 0
    headers.add("a", "\u20ac", _chars_are_bytes=False)


def test_the_count_of_lines_is_bounded_by_the_connection_alone():
    assert len(HTTPHeaders.parse("a: b\r\n" * 100_000).get_list("A")) == 100_000


def test_time_is_linear():
    def seconds(count):
        start = time.process_time()
        headers = HTTPHeaders()
        for _ in range(count):
            headers.add("X", "y" * 10)
        for _ in headers.get_all():
            pass
        assert len(headers["X"]) == 11 * count - 1
        return time.process_time() - start

    few = min(seconds(2000) for _ in range(3))
    many = min(seconds(40_000) for _ in range(3))
    assert many < 20 * few * 5 + 0.05


def test_copies_are_independent():
    headers = HTTPHeaders(a="1")
    headers.add("a", "2")
    for other in (
        headers.copy(),
        copy.copy(headers),
        copy.deepcopy(headers),
        HTTPHeaders(headers),
        HTTPHeaders._copy_of(headers),
        pickle.loads(pickle.dumps(headers)),
    ):
        assert type(other) is HTTPHeaders
        assert other == headers
        other.add("a", "3")
        other["b"] = "4"
        assert headers.get_list("a") == ["1", "2"]
        assert "b" not in headers


def test_subclasses_survive_copies():
    class Own(HTTPHeaders):
        pass

    assert type(Own(a="b").copy()) is Own


def test_equality():
    headers = HTTPHeaders(a="1")
    assert headers == {"A": "1"}
    assert headers == {"a": "1"}
    assert headers != {"a": "2"}
    assert headers != {}
    assert headers != 1
    assert headers == HTTPHeaders({"A": "1"})
    repeated = HTTPHeaders(a="1")
    repeated.add("a", "2")
    assert repeated != HTTPHeaders(a="1,2")
    assert repeated == {"a": "1,2"}
    with pytest.raises(TypeError):
        hash(headers)
    assert eval(repr(repeated), {"HTTPHeaders": HTTPHeaders}) is not None


def test_normal_forms():
    assert httputil._normalize_header("coNtent-TYPE") == "Content-Type"
    for name in ("ETag", "etag", "WWW-Authenticate", "sec-websocket-key", "DNT", "x-real-ip"):
        expected = "-".join(word.capitalize() for word in name.split("-"))
        assert httputil._normalize_header(name) == expected


def test_table_of_names_is_bounded():
    for number in range(5000):
        httputil._normalize_header(f"x-made-up-{number}")
        httputil._normalize_header(f"not a token {number}")
    assert len(names.KNOWN) <= len(names._BUILT_IN) + names.MAX_LEARNED_NAMES
    assert not any(" " in name for name in names.KNOWN)
    httputil._normalize_header("x" * 1000)
    assert max(map(len, names.KNOWN)) <= names.MAX_LEARNED_LENGTH
    assert httputil._normalize_header("x-made-up-1") == "X-Made-Up-1"
    assert HTTPHeaders(host="a")["HOST"] == "a"


class Kind(str, enum.Enum):
    JSON = "application/json"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Kind.JSON, "application/json"),
        (b"caf\xc3\xa9", "caf\xc3\xa9"),
        (5, "5"),
        (1.5, "1.5"),
        (http.HTTPStatus.OK, "200"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
@pytest.mark.parametrize("repeated", [False, True])
def test_values_that_are_no_text_are_written_as_one(value, text, repeated):
    headers = HTTPHeaders({"X": value})
    if repeated:
        headers.add("Y", "1")
        headers.add("Y", "2")
    assert str(headers).startswith(f"X: {text}\n")


@pytest.mark.parametrize("value", [None, ["a"], {"a": 1}, len, bytearray(b"x"), object(), ("a",)])
def test_values_that_mean_nothing_are_never_written(value):
    with pytest.raises(TypeError, match=r"X is .* of type"):
        HTTPHeaders({"X": value})._lines()


@given(st.lists(st.tuples(TOKENS, VALUES), max_size=20))
def test_like_a_model(pairs):
    headers = HTTPHeaders()
    model = {}
    for name, value in pairs:
        headers.add(name, value)
        model.setdefault(name.lower(), []).append(value)
    assert [name.lower() for name in headers] == list(model)
    for name, values in model.items():
        assert headers.get_list(name.upper()) == values
        assert headers[name] == ",".join(values)
    flat = [(name, value) for name, values in model.items() for value in values]
    assert [(name.lower(), value) for name, value in headers.get_all()] == flat
    assert HTTPHeaders._from_normalized(headers.get_all()) == headers
    assert pickle.loads(pickle.dumps(headers)) == headers
    assert HTTPHeaders.parse("".join(f"{n}: {v}\r\n" for n, v in headers.get_all())) == headers


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text):
    try:
        headers = HTTPHeaders.parse(text)
    except HTTPInputError:
        return
    for name, value in headers.get_all():
        assert names.TOKEN.match(name)
        assert not any(ord(each) < 32 and each != "\t" for each in value)
