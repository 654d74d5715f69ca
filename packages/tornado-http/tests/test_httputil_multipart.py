"""Multipart forms as browsers and older clients write them, and the words of refusals."""

import time

import pytest

from tornado.httputil import (
    _ABNF,
    HTTPHeaders,
    HTTPInputError,
    HTTPServerRequest,
    ParseBodyConfig,
    ParseMultipartConfig,
    ParseUrlEncodedConfig,
    _parse_header,
    parse_body_arguments,
    parse_multipart_form_data,
)


def parse(body, boundary=b"b", **config):
    arguments, files = {}, {}
    parse_multipart_form_data(
        boundary, body, arguments, files, config=ParseMultipartConfig(**config)
    )
    return arguments, files


def part(disposition, content=b"x", more=b""):
    return b"--b\r\nContent-Disposition: form-data; " + disposition + more + b"\r\n\r\n" + content


@pytest.mark.parametrize(
    ("disposition", "name", "filename"),
    [
        (rb'name="dir\"; filename="a.bin"', "dir\\", "a.bin"),
        (rb'name="f"; filename="a\"', "f", "a\\"),
        (rb'name="a\"; filename="b\"', "a\\", "b\\"),
        (rb'filename="a\"; name="f"', "f", "a\\"),
        (rb'name="f"; filename="a\"b.txt"', "f", 'a"b.txt'),
        (rb'name="f"; filename="a\";b.txt"', "f", 'a";b.txt'),
        (rb'name="f"; filename="a\\\"b.txt"', "f", 'a\\"b.txt'),
        (rb'name="f"; filename="C:\temp\x"', "f", "C:\\temp\\x"),
        (rb'name="f"; filename="a%22b"', "f", "a%22b"),
        (b'name="f"; filename="a\tb.txt"', "f", "a\tb.txt"),
        (b'name="f" ;\tfilename="a" ', "f", "a"),
    ],
)
def test_quoted_names(disposition, name, filename):
    _, files = parse(part(disposition) + b"\r\n--b--\r\n")
    assert [(key, value.filename) for key, (value,) in files.items()] == [(name, filename)]


@pytest.mark.parametrize("padding", [b"", b" ", b"\t", b" \t  "])
def test_a_boundary_may_be_padded(padding):
    first = part(b'name="a"').replace(b"--b\r\n", b"--b" + padding + b"\r\n")
    arguments, _ = parse(first + b"\r\n" + first + b"\r\n--b--" + padding + b"\r\n")
    assert arguments == {"a": [b"x", b"x"]}


@pytest.mark.parametrize("after", [b" x\r\n", b" \r", b" \n", b"\x0b\r\n"])
def test_what_only_begins_like_a_boundary_is_content(after):
    arguments, _ = parse(part(b'name="a"', b"x\r\n--b" + after) + b"\r\n--b--")
    assert arguments == {"a": [b"x\r\n--b" + after]}


@pytest.mark.parametrize("more", [b"", b"\r\nContent-Type: text/plain"])
@pytest.mark.parametrize("file", [b"", b'; filename="f"'])
def test_a_part_without_content_may_lack_its_last_line_end(more, file):
    body = part(b'name="a"' + file, b"", more) + b"--b--\r\n"
    arguments, files = parse(body)
    if file:
        assert files["a"][0].body == b""
        assert arguments == {}
    else:
        assert arguments == {"a": [b""]}


def test_a_part_needs_an_empty_line():
    with pytest.raises(HTTPInputError, match="without headers"):
        parse(b'--b\r\nContent-Disposition: form-data; name="a"\r\n--b--')
    with pytest.raises(HTTPInputError, match="without headers"):
        parse(b"--b\r\n--b--")


@pytest.mark.parametrize("control", [b"\0", b"\x08", b"\r", b"\x7f"])
def test_other_controls_are_refused(control):
    with pytest.raises(HTTPInputError, match="Invalid header value"):
        parse(part(b'name="f"; filename="a' + control + b'b"') + b"\r\n--b--")


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"max_parts": 0}, "too many parts"),
        ({"max_parts": 1}, "too many parts"),
        ({"max_part_header_size": 10}, "header too large"),
        ({"enabled": False}, "multipart/form-data parsing is disabled"),
    ],
)
def test_limits_in_the_words_of_the_releases(config, text):
    with pytest.raises(HTTPInputError, match=text):
        parse(part(b'name="a"') + b"\r\n" + part(b'name="a"') + b"\r\n--b--", **config)


def test_too_many_fields_in_the_words_of_the_releases():
    config = ParseBodyConfig(urlencoded=ParseUrlEncodedConfig(max_arguments=2))
    with pytest.raises(HTTPInputError, match="Max number of fields exceeded"):
        parse_body_arguments("application/x-www-form-urlencoded", b"a&b&c", {}, {}, config=config)


@pytest.mark.parametrize(
    "line",
    [
        '; a="' * 20000,
        '; a="\\' * 20000,
        '; a="\\"' * 20000,
        "; a=" + "\\" * 60000,
        ';a="x" y' * 9000,
    ],
)
def test_parameters_take_linear_time(line):
    began = time.process_time()
    _parse_header("x" + line)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("rule", "matching", "other"),
    [
        ("token", ["GET", "a!#$%&'*+-.^_`|~9"], ["", "a b", "a,b", "\xe9", "a:"]),
        ("field_name", ["X-Y"], ["", "X Y", "X\n"]),
        (
            "field_value",
            ["", "a", "a b\tc", "\xe9\x80"],
            [" a", "a ", "\ta", "a\n", "\0", "\u0100", "a\x7f"],
        ),
        ("request_target", ["/", "*", "http://a/b?c", "/\xe9"], ["", "/ a", "/\n"]),
        ("reason_phrase", ["OK", "Not Found", "\xe9\tx"], ["", "a\r", "\u2603"]),
    ],
)
def test_abnf(rule, matching, other):
    pattern = getattr(_ABNF, rule)
    assert [text for text in matching if not pattern.fullmatch(text)] == []
    assert [text for text in other if pattern.fullmatch(text)] == []


def test_requests_made_by_hand():
    request = HTTPServerRequest("GET")
    assert (request.method, request.uri, request.path, request.query) == ("GET", "/", "/", "")
    assert request.arguments == {}
    assert HTTPServerRequest(uri="/a?b").method == "GET"
    assert HTTPServerRequest("POST", "/a?b=c").query == "b=c"


@pytest.mark.parametrize(
    ("uri", "path", "query", "url"),
    [
        ("http://example.com:81/a?b", "/a", "b", "http://example.com/a?b"),
        ("HTTPS://example.com", "/", "", "http://example.com/"),
        ("http://example.com?x", "/", "x", "http://example.com/?x"),
        ("example.com:443", "example.com:443", "", "http://example.comexample.com:443"),
        ("*", "*", "", "http://example.com*"),
        ("//host/a", "//host/a", "", "http://example.com//host/a"),
    ],
)
def test_forms_of_targets(uri, path, query, url):
    request = HTTPServerRequest("GET", uri, headers=HTTPHeaders({"Host": "example.com"}))
    assert (request.uri, request.path, request.query) == (uri, path, query)
    assert request.full_url() == url
