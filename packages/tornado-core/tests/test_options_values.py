"""Values of options from text, and options of each type."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._options.option import Option
from tornado._options.values import (
    describe,
    parse_bool,
    parse_datetime,
    parse_integers,
    parse_timedelta,
    parse_value,
)
from tornado.options import Error


class TestBool:
    @pytest.mark.parametrize("text", ["true", "True", "TRUE", "t", "1", "yes", "y", "on"])
    def test_true(self, text):
        assert parse_bool(text) is True

    @pytest.mark.parametrize("text", ["false", "False", "f", "0", "no", "N", "off"])
    def test_false(self, text):
        assert parse_bool(text) is False

    @pytest.mark.parametrize("text", ["", "flase", "2", "none", "enabled"])
    def test_other_words_are_true(self, text):
        assert parse_bool(text) is True


class TestDatetime:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("Thu May 31 18:35:07 2012", datetime(2012, 5, 31, 18, 35, 7)),
            ("2012-05-31 18:35:07", datetime(2012, 5, 31, 18, 35, 7)),
            ("2012-05-31 18:35", datetime(2012, 5, 31, 18, 35)),
            ("2012-05-31T18:35", datetime(2012, 5, 31, 18, 35)),
            ("2012-05-31T18:35:07", datetime(2012, 5, 31, 18, 35, 7)),
            ("2012-05-31T18:35:07.25", datetime(2012, 5, 31, 18, 35, 7, 250000)),
            ("20120531 18:35:07", datetime(2012, 5, 31, 18, 35, 7)),
            ("20120531 18:35", datetime(2012, 5, 31, 18, 35)),
            ("2012-05-31", datetime(2012, 5, 31)),
            ("20120531", datetime(2012, 5, 31)),
            ("18:35:07", datetime(1900, 1, 1, 18, 35, 7)),
            ("18:35", datetime(1900, 1, 1, 18, 35)),
            ("2012-05-31T18:35:07Z", datetime(2012, 5, 31, 18, 35, 7, tzinfo=timezone.utc)),
            ("2012-05-31T18:35:07+00:00", datetime(2012, 5, 31, 18, 35, 7, tzinfo=timezone.utc)),
        ],
    )
    def test_formats(self, text, value):
        assert parse_datetime(text) == value

    @given(st.datetimes())
    def test_iso_format_round_trip(self, value):
        assert parse_datetime(value.isoformat()) == value

    @pytest.mark.parametrize("text", ["", "yesterday", "2012-13-01", "25:00"])
    def test_neither(self, text):
        with pytest.raises(ValueError, match="not a date or time"):
            parse_datetime(text)


class TestTimedelta:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("30", timedelta(seconds=30)),
            ("1.5", timedelta(seconds=1.5)),
            (".5s", timedelta(seconds=0.5)),
            ("90s", timedelta(seconds=90)),
            ("3 seconds", timedelta(seconds=3)),
            ("2 min", timedelta(minutes=2)),
            ("1m", timedelta(minutes=1)),
            ("10 minutes", timedelta(minutes=10)),
            ("1h 30m", timedelta(hours=1, minutes=30)),
            ("1h30m", timedelta(hours=1, minutes=30)),
            ("2 hrs, 5 secs", timedelta(hours=2, seconds=5)),
            ("1 day", timedelta(days=1)),
            ("2w", timedelta(weeks=2)),
            ("1 week 1d", timedelta(days=8)),
            ("5ms", timedelta(milliseconds=5)),
            ("7us", timedelta(microseconds=7)),
            ("-1h", timedelta(hours=-1)),
            ("1e3 ms", timedelta(seconds=1)),
            (" 5 s ", timedelta(seconds=5)),
        ],
    )
    def test_units(self, text, value):
        assert parse_timedelta(text) == value

    @pytest.mark.parametrize("text", ["", " ", "h", "5 fortnights", "1h x", "1:30", "5 hs"])
    def test_neither(self, text):
        with pytest.raises(ValueError, match="not a length of time"):
            parse_timedelta(text)


class TestIntegers:
    def test_ranges_include_both_ends(self):
        assert list(parse_integers(int, "1:5")) == [1, 2, 3, 4, 5]
        assert list(parse_integers(int, "7")) == [7]
        assert list(parse_integers(int, "7:")) == [7]
        assert list(parse_integers(int, "-2:0")) == [-2, -1, 0]
        assert list(parse_integers(int, "5:1")) == []


def test_other_types():
    assert parse_value(str, "x") == "x"
    assert parse_value(bytes, "é") == b"\xc3\xa9"
    assert parse_value(float, "1e3") == 1000.0
    assert parse_value(complex, "1j") == 1j
    assert parse_value(lambda text: text.split("|"), "a|b") == ["a", "b"]


def test_describe():
    assert describe(int) == "an integer"
    assert describe(complex) == "a value of type complex"


class TestOption:
    def test_value_is_the_default_until_there_is_another(self):
        option = Option("port", default=80, type=int)
        assert option.value() == 80
        assert option.parse("90") == 90
        assert option.value() == 90
        option.set(None)
        assert option.value() is None
        option.unset()
        assert option.value() == 80

    @pytest.mark.parametrize(
        ("type", "text", "message"),
        [
            (int, "x", "Option 'name' takes an integer, got 'x'"),
            (float, "", "Option 'name' takes a number, got ''"),
            (
                datetime,
                "soon",
                "Option 'name' takes a date and time such as 2012-05-31 18:00, got 'soon'",
            ),
            (
                timedelta,
                "long",
                "Option 'name' takes a length of time such as 90s or 1h 30m, got 'long'",
            ),
            (timedelta, "1e300 w", None),
            (complex, "x", "Option 'name' takes a value of type complex, got 'x'"),
        ],
    )
    def test_errors_are_plain(self, type, text, message):
        with pytest.raises(Error) as caught:
            Option("name", type=type).parse(text)
        if message is not None:
            assert str(caught.value) == message

    def test_multiple(self):
        option = Option("ports", type=int, multiple=True)
        assert option.value() == []
        assert option.parse("1,3:5,9") == [1, 3, 4, 5, 9]
        assert option.parse("") == []
        with pytest.raises(Error, match="Option 'ports' takes an integer, got 'x'"):
            option.parse("1,x")
        with pytest.raises(Error, match=r"takes integers and ranges such as 1:5, got '1:x'"):
            option.parse("1:x")

    def test_multiple_of_other_types(self):
        assert Option("names", multiple=True).parse("a,b:c") == ["a", "b:c"]
        assert Option("flags", type=bool, multiple=True).parse("1,no") == [True, False]
        assert Option("waits", type=timedelta, multiple=True).parse("1s,2m") == [
            timedelta(seconds=1),
            timedelta(seconds=120),
        ]

    @pytest.mark.parametrize(
        ("default", "value"),
        [
            (None, []),
            ("", []),
            ("a", ["a"]),
            ("a,b", ["a", "b"]),
            (["a"], ["a"]),
            (("a", "b"), ["a", "b"]),
        ],
    )
    def test_the_value_of_multiple_is_always_a_list(self, default, value):
        assert Option("names", default=default, multiple=True).value() == value

    def test_a_single_default_of_multiple(self):
        assert Option("ports", default=80, type=int, multiple=True).value() == [80]

    def test_set_checks_the_type(self):
        option = Option("port", type=int)
        with pytest.raises(Error) as caught:
            option.set("80")
        assert str(caught.value) == "Option 'port' is required to be of type int, got str '80'"
        assert option.value() is None

    def test_set_of_multiple_checks_each(self):
        option = Option("ports", type=int, multiple=True)
        option.set([1, None])
        assert option.value() == [1, None]
        with pytest.raises(Error, match="is required to be a list of int, got str"):
            option.set("1,2")
        with pytest.raises(Error, match="is required to hold only values of type int, got str '2'"):
            option.set([1, "2"])

    def test_an_integer_for_a_number(self):
        option = Option("timeout", type=float)
        option.set(5)
        assert repr(option.value()) == "5.0"
        with pytest.raises(Error):
            option.set(True)

    def test_a_converting_function_checks_nothing(self):
        option = Option("names", type=lambda text: text.split("|"))
        option.set(["a"])
        assert option.value() == ["a"]

    def test_callback(self):
        told = []
        option = Option("port", type=int, callback=told.append)
        option.parse("1")
        option.set(2)
        with pytest.raises(Error):
            option.parse("x")
        assert told == [1, 2]
