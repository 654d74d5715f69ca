"""Forms: both encodings, their limits, and what is refused."""

import contextlib
import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado import httputil
from tornado.httputil import (
    HTTPFile,
    HTTPHeaders,
    HTTPInputError,
    ParseBodyConfig,
    ParseMultipartConfig,
    ParseUrlEncodedConfig,
    parse_body_arguments,
    parse_multipart_form_data,
    set_parse_body_config,
)

FORM = "application/x-www-form-urlencoded"


def urlencoded(body, content_type=FORM, **kwargs):
    arguments, files = {}, {}
    parse_body_arguments(content_type, body, arguments, files, **kwargs)
    assert files == {}
    return arguments


def multipart(body, boundary=b"1234", **kwargs):
    arguments, files = {}, {}
    parse_multipart_form_data(boundary, body, arguments, files, **kwargs)
    return arguments, files


def part(value=b"value", disposition='form-data; name="field"', more=b""):
    if isinstance(disposition, str):
        disposition = disposition.encode()
    return b"--1234\r\nContent-Disposition: " + disposition + more + b"\r\n\r\n" + value + b"\r\n"


END = b"--1234--\r\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", {}),
        (b"a=b", {"a": [b"b"]}),
        (b"a=b&a=c&d=e", {"a": [b"b", b"c"], "d": [b"e"]}),
        (b"a=&b&=c&&", {"a": [b""], "b": [b""], "": [b"c"]}),
        (b"a+b=c+d%2B%26%3d", {"a b": [b"c d+&="]}),
        (b"a=%", {"a": [b"%"]}),
        (b"a=%zz%4", {"a": [b"%zz%4"]}),
        (b"a=b=c", {"a": [b"b=c"]}),
        (b"a=b;c=d", {"a": [b"b;c=d"]}),
        (b"a=%E9%ff\xe9", {"a": [b"\xe9\xff\xe9"]}),
        ("ä=%C3%A4".encode(), {"ä".encode().decode("latin-1"): ["ä".encode()]}),
        (b"a=\0\r\n", {"a": [b"\0\r\n"]}),
    ],
)
def test_urlencoded(body, expected):
    assert urlencoded(body) == expected


@pytest.mark.parametrize(
    "content_type", [FORM, FORM.upper(), f"{FORM}; charset=utf-8", f" {FORM} ;x"]
)
def test_types_of_urlencoded(content_type):
    assert urlencoded(b"a=b", content_type) == {"a": [b"b"]}


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", f"{FORM}x", "multipart/mixed; boundary=a"]
)
def test_other_types_add_nothing(content_type):
    assert urlencoded(b"a=b", content_type) == {}


def test_arguments_are_added():
    arguments = {"a": [b"1"]}
    parse_body_arguments(FORM, b"a=2&b=3", arguments, {})
    assert arguments == {"a": [b"1", b"2"], "b": [b"3"]}


@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=1234"])
def test_content_encoding_is_refused(content_type):
    headers = HTTPHeaders({"Content-Encoding": "gzip"})
    with pytest.raises(HTTPInputError, match="Content-Encoding"):
        parse_body_arguments(content_type, b"a=b", {}, {}, headers)
    parse_body_arguments("text/plain", b"a=b", {}, {}, headers)


def test_count_of_fields_is_bounded():
    body = b"&".join([b"a=b"] * 1000)
    assert len(urlencoded(body)["a"]) == 1000
    with pytest.raises(HTTPInputError, match="1001"):
        urlencoded(body + b"&a=b")
    config = ParseBodyConfig(urlencoded=ParseUrlEncodedConfig(max_arguments=2))
    with pytest.raises(HTTPInputError):
        urlencoded(b"a=b&c=d&e=f", config=config)


def _seconds(call):
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("unit", [b"%41", b"%", b"+", b"%%", b"=", b"a=%4&"])
def test_decoding_takes_linear_time(unit):
    config = ParseBodyConfig(urlencoded=ParseUrlEncodedConfig(max_arguments=10**9))
    few, many = (
        _seconds(lambda body=b"a=" + unit * n: urlencoded(body, config=config))
        for n in (20_000, 400_000)
    )
    assert many < 20 * few * 5 + 0.1


def test_multipart():
    body = (
        part()
        + part(b"second")
        + part(
            b"\x00\xff\r\n", 'form-data; name="file"; filename="a.bin"', b"\r\nContent-Type: x/y"
        )
        + part(b"", 'form-data; name="file"; filename="b.bin"')
        + part(b"", 'form-data; name="none"; filename=""')
        + END
    )
    arguments, files = multipart(body)
    assert arguments == {"field": [b"value", b"second"], "none": [b""]}
    first, second = files["file"]
    assert isinstance(first, HTTPFile)
    assert (first.filename, first.body, first.content_type) == ("a.bin", b"\x00\xff\r\n", "x/y")
    assert first["filename"] == "a.bin"
    assert second == {"filename": "b.bin", "body": b"", "content_type": "application/unknown"}


@pytest.mark.parametrize("boundary", ["1234", '"1234"'])
def test_multipart_by_type(boundary):
    arguments = {}
    content_type = f"multipart/form-data; boundary={boundary}"
    parse_body_arguments(content_type, part() + END, arguments, {})
    assert arguments == {"field": [b"value"]}


@pytest.mark.parametrize(
    "body", [part() + END, part() + END[:-2], part() + END + b"epilogue\r\n--1234"]
)
def test_ends_of_multipart(body):
    assert multipart(body) == ({"field": [b"value"]}, {})
    assert multipart(body, b'"1234"') == ({"field": [b"value"]}, {})


@pytest.mark.parametrize(
    "value",
    [b"", b"\r\n", b"x--1234", b"\r\n--123", b"\r\n--12345", b"\r\n--1234x", b"\n--1234\n",
     b"\r\n-", b"\r", b"\r\n\r\n", b"\r\n--1234-x"],
)  # fmt: skip
def test_content_of_parts(value):
    assert multipart(part(value) + part(b"next") + END)[0] == {"field": [value, b"next"]}


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        (b'form-data; name="file"; filename="ab.txt"', "ab.txt"),
        ('form-data; name="file"; filename="áb.txt"'.encode(), "áb.txt"),
        (b'form-data; filename=ab.txt; name=file', "ab.txt"),
        (b'form-data; name="file"; filename="a\\"b.txt"', 'a"b.txt'),
        (b'form-data; name="file"; filename="a\\\\b.txt"', "a\\b.txt"),
        (b'form-data; name="file"; filename="C:\\dir\\b.txt"', "C:\\dir\\b.txt"),
        (b'form-data; name="file"; filename="a;b.txt"', "a;b.txt"),
        (b'form-data; name="file"; filename="a%22b.txt"', "a%22b.txt"),
        (b"form-data; name=\"file\"; filename*=UTF-8''%e2%82%ac%20rates", "€ rates"),
        (b"form-data; name=\"file\"; filename=x; filename*=iso-8859-1'en'%A3", "£"),
        (b'form-data; name="file"; filename*0="long"; filename*1="er.txt"', "longer.txt"),
        (b"form-data; name=\"file\"; filename*0*=UTF-8''%c3; filename*1*=%bc; filename*2=.txt", "ü.txt"),
        (b'FORM-DATA; NAME="file"; FILENAME="UPPER"', "UPPER"),
        (b'form-data; name="file"; filename="a"; bare', "a"),
    ],
)  # fmt: skip
def test_names_of_files(disposition, filename):
    arguments, files = multipart(part(b"Foo", disposition) + END)
    assert arguments == {}
    [file] = files["file"]
    assert file.filename == filename
    assert file.body == b"Foo"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--",
        b"--1234",
        b"--1234\r\n",
        part(),
        part()[:-2],
        part() + b"--1234",
        part() + b"--1234-",
        part() + b"--1235--",
        b"preamble\r\n" + part() + END,
        b"\r\n" + part() + END,
        part(disposition="form-data") + END,
        part(disposition='form-data; name=""') + END,
        part(disposition='attachment; name="x"') + END,
        b"--1234\r\n\r\nvalue\r\n" + END,
        b"--1234\r\nvalue\r\n" + END,
        b"--1234\r\nX: y\r\n\r\nvalue\r\n" + END,
        part(more=b"\r\n folded: x") + END,
        part(more=b"\r\nno colon") + END,
        part(more=b"\r\nX : y") + END,
        part(more=b"\r\nX: \0") + END,
        part(more=b"\nX: y") + END,
        part(more=b"\rX: y") + END,
        part(disposition=b'form-data; name="\xff"') + END,
        part(disposition="form-data; name*=utf-8''a%0d%0ab") + END,
        part(disposition="form-data; name=a; filename*=utf-8''a%00b") + END,
        part().replace(b"\r\n", b"\n") + b"--1234--\n",
    ],
)
def test_multipart_that_is_refused(body):
    arguments, files = {}, {}
    with pytest.raises(HTTPInputError, match=r"multipart|header|Header"):
        parse_multipart_form_data(b"1234", part(b"good") + body if body.startswith(b"--1234\r\n") else body,
                                  arguments, files)  # fmt: skip
    # All or nothing.
    assert arguments == {}
    assert files == {}


@pytest.mark.parametrize("boundary", [b"", b'""', b"x" * 71, b"a\r\nb", b"a\0b", b"\xff"])
def test_boundaries_that_are_refused(boundary):
    with pytest.raises(HTTPInputError, match="boundary"):
        multipart(b"--" + boundary + b"--", boundary)


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary="])
def test_no_boundary(content_type):
    with pytest.raises(HTTPInputError, match="boundary"):
        parse_body_arguments(content_type, part() + END, {}, {})


def test_limits_of_multipart():
    assert len(multipart(part() * 100 + END)[0]["field"]) == 100
    with pytest.raises(HTTPInputError, match="too many parts, at most 100"):
        multipart(part() * 101 + END)
    with pytest.raises(HTTPInputError, match="too many parts, at most 2"):
        multipart(part() * 3 + END, config=ParseMultipartConfig(max_parts=2))
    long = b"\r\nX-Long: " + b"x" * 11_000
    with pytest.raises(HTTPInputError, match="10240"):
        multipart(part(more=long) + END)
    multipart(part(more=long) + END, config=ParseMultipartConfig(max_part_header_size=20_000))
    with pytest.raises(HTTPInputError, match="disabled"):
        multipart(part() + END, config=ParseMultipartConfig(enabled=False))


def test_configuration_of_the_process():
    saved = httputil.ParseBodyConfig()
    assert saved == ParseBodyConfig(
        ParseMultipartConfig(enabled=True, max_parts=100, max_part_header_size=10240),
        ParseUrlEncodedConfig(max_arguments=1000),
    )
    try:
        set_parse_body_config(ParseBodyConfig(multipart=ParseMultipartConfig(max_parts=1)))
        with pytest.raises(HTTPInputError):
            multipart(part() * 2 + END)
        set_parse_body_config(ParseBodyConfig(urlencoded=ParseUrlEncodedConfig(max_arguments=1)))
        with pytest.raises(HTTPInputError):
            urlencoded(b"a=b&c=d")
    finally:
        set_parse_body_config(ParseBodyConfig())
    assert multipart(part() * 2 + END)[0] == {"field": [b"value"] * 2}


def test_refusing_logs_nothing_here(caplog):
    # The one line belongs to the server, which knows whose request it was.
    with caplog.at_level(logging.DEBUG), pytest.raises(HTTPInputError):
        multipart(b"--1234\r\nbad\r\n" * 50)
    assert caplog.records == []


@pytest.mark.parametrize(
    "unit", [b"\r\n--1234", b"\r\n--123", b"\r\n", b"-", b"\r\n--1234x", b"\r\n--1234-"]
)
def test_multipart_takes_linear_time(unit):
    def seconds(count):
        body = part(unit * count) + END

        def call():
            with contextlib.suppress(HTTPInputError):
                multipart(body)

        return _seconds(call)

    few, many = seconds(5000), seconds(100_000)
    assert many < 20 * few * 5 + 0.1


@pytest.mark.parametrize("text", ['"', "\\", '\\"', "; a", "a*0*=", "=", ' ; x="'])
def test_parameters_take_linear_time(text):
    few, many = (
        _seconds(lambda line="form-data; name=" + text * n: httputil._parse_header(line))
        for n in (1000, 20_000)
    )
    assert many < 20 * few * 5 + 0.1


@given(
    st.lists(st.tuples(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]),
                               min_size=1, max_size=8).filter(lambda n: '\\' not in n and '"' not in n),
                       st.binary(max_size=50)), max_size=5)
)  # fmt: skip
def test_what_was_written_is_read(fields):
    body = b"".join(part(value, f'form-data; name="{name}"') for name, value in fields) + END
    if any(b"\r\n--1234" in value for _, value in fields):
        return
    arguments, _ = multipart(body)
    expected = {}
    for name, value in fields:
        expected.setdefault(name, []).append(value)
    assert arguments == expected


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_parsed_or_refused(data, framed):
    body = b"--1234\r\n" + data + b"\r\n--1234--" if framed else data
    try:
        arguments, files = multipart(body)
    except HTTPInputError:
        return
    assert all(arguments)
    assert all(files)


@given(st.binary(max_size=200))
def test_any_bytes_are_urlencoded(data):
    arguments = urlencoded(data)
    assert sum(map(len, arguments.values())) == len([each for each in data.split(b"&") if each])


def test_lines_that_begin_like_delimiters_are_bounded():
    value = b"\r\n--1234x" * 1000
    assert multipart(part(value) + END)[0] == {"field": [value]}
    with pytest.raises(HTTPInputError, match="boundary"):
        multipart(part(value + b"\r\n--1234x") + END)


@pytest.mark.parametrize("boundary", [b"-", b"--", b"a-", b"-" * 70])
def test_boundaries_of_dashes(boundary):
    value = b"--\r\n-x" + boundary + b"--" + boundary + b"-\r\n"
    body = part(value).replace(b"1234", boundary) + b"--" + boundary + b"--"
    assert multipart(body, boundary)[0] == {"field": [value]}
    dashes = b"x" + b"-" * 200_000
    body = part(dashes).replace(b"1234", boundary) + b"--" + boundary + b"--"
    assert multipart(body, boundary)[0] == {"field": [dashes]}
