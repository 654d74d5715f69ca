"""CSV files of translations."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._locale.csvfile import read_translations


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.WARNING, "tornado.general")
    return caplog


def test_tables(write_csv):
    path = write_csv(
        "x.csv", '"a","b"\n"c","d","plural"\n"c","e","singular"\n"f","g","unknown"\n"h","i",""\n'
    )
    assert read_translations(path) == {
        "unknown": {"a": "b", "f": "g", "h": "i"},
        "plural": {"c": "d"},
        "singular": {"c": "e"},
    }


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings(write_csv, encoding, end):
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    path = write_csv("x.csv", f"{mark}school,école{end}é,è{end}", encoding)
    given_encoding = "latin-1" if encoding == "latin-1" else None
    assert read_translations(path, given_encoding) == {"unknown": {"school": "école", "é": "è"}}


def test_a_byte_order_mark_with_an_explicit_encoding(write_csv):
    path = write_csv("x.csv", "a,b", "utf-8-sig")
    assert read_translations(path, "utf-8") == {"unknown": {"a": "b"}}


def test_quoting(write_csv):
    path = write_csv("x.csv", '"say ""hi""","di ""hola"", sí"\n"two\nlines","dos\nlíneas"\n')
    assert read_translations(path) == {
        "unknown": {'say "hi"': 'di "hola", sí', "two\nlines": "dos\nlíneas"}
    }


def test_spaces_around_cells(write_csv):
    path = write_csv("x.csv", " a , b , plural \n")
    assert read_translations(path) == {"plural": {"a": "b"}}


def test_an_empty_translation(write_csv):
    assert read_translations(write_csv("x.csv", "a,\n")) == {"unknown": {"a": ""}}


def test_malformed_rows_are_reported_by_file_and_line(write_csv, logged):
    path = write_csv(
        "x.csv",
        'good,bueno\nalone\n\n,,\n"x","y","bogus"\na,b,c,d\n"p","q","plural","r"\n,empty\n"two\nlines"\n'
        "last,último\n",
    )
    assert read_translations(path) == {"unknown": {"good": "bueno", "last": "último"}}
    expected = "expected 'singular', 'plural' or nothing"
    assert logged.messages == [
        f"{path}, line 2: a row needs a message and its translation, got only 'alone'",
        f"{path}, line 5: the plural indicator is 'bogus', {expected}",
        f"{path}, line 6: the plural indicator is 'c', {expected}",
        f"{path}, line 7: a row has at most three columns, got 4: is a comma not quoted?",
        f"{path}, line 8: the message is empty",
        f"{path}, line 10: a row needs a message and its translation, got only 'two\\nlines'",
    ]


def test_a_field_too_large_for_the_csv_module(write_csv, logged):
    path = write_csv("x.csv", f"{'a' * 200_000},b\nc,d\n")
    assert read_translations(path) == {"unknown": {"c": "d"}}
    assert logged.messages == [f"{path}, line 1: field larger than field limit (131072)"]


def test_bytes_that_are_not_in_the_encoding(write_csv):
    path = write_csv("x.csv", b"a,b\nc,caf\xe9\n")
    with pytest.raises(UnicodeDecodeError) as caught:
        read_translations(path)
    assert f"(file {path}, line 2)" in str(caught.value)


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_translations(str(tmp_path / "nonesuch.csv"))


@given(st.binary(max_size=300))
def test_any_file_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "x.csv"
    path.write_bytes(data)
    try:
        tables = read_translations(str(path))
    except UnicodeDecodeError:
        return
    assert set(tables) <= {"unknown", "singular", "plural"}
    assert all(message for table in tables.values() for message in table)
