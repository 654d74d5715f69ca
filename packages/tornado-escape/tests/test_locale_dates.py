"""Messages for dates; no clock is read."""

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._locale.dates import DateMessage, clock_time, date_message, moment

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=timezone.utc)
NONE = timedelta(0)


@pytest.mark.parametrize(
    ("given_date", "utc"),
    [
        (0, datetime(1970, 1, 1, tzinfo=timezone.utc)),
        (1.5, datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=timezone.utc)),
        (datetime(2026, 11, 21, 12, 30), NOW),
        (datetime(2026, 11, 21, 14, 30, tzinfo=timezone(timedelta(hours=2))), NOW),
        (date(2026, 11, 21), datetime(2026, 11, 21, tzinfo=timezone.utc)),
    ],
)
def test_moment(given_date, utc):
    assert moment(given_date) == utc
    assert moment(given_date).tzinfo is timezone.utc


@pytest.mark.parametrize(
    ("age", "message"),
    [
        (NONE, DateMessage("1 second ago", "%(seconds)d seconds ago", 0, {"seconds": 0})),
        (
            timedelta(seconds=90),
            DateMessage("1 minute ago", "%(minutes)d minutes ago", 2, {"minutes": 2}),
        ),
        (
            timedelta(hours=23, minutes=50),
            DateMessage("1 hour ago", "%(hours)d hours ago", 24, {"hours": 24}),
        ),
        (timedelta(days=1), DateMessage("yesterday at %(time)s")),
        (timedelta(days=1, hours=20), DateMessage("%(weekday)s at %(time)s")),
        (timedelta(days=5), DateMessage("%(month_name)s %(day)s at %(time)s")),
        (timedelta(days=334), DateMessage("%(month_name)s %(day)s, %(year)s at %(time)s")),
    ],
)
def test_messages(age, message):
    assert date_message(NOW - age, NOW, NONE) == message


@given(
    st.datetimes(min_value=datetime(2, 1, 1), timezones=st.just(timezone.utc)),
    st.integers(-14 * 60, 14 * 60),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_any_date_has_a_message(then, offset, relative, shorter, full_format):
    made = date_message(then, NOW, timedelta(minutes=offset), relative, shorter, full_format)
    if full_format or then - NOW >= timedelta(seconds=60):
        assert made.message.startswith("%(month_name)s %(day)s, %(year)s")
    if not relative:
        assert made.plural_message is None
    if shorter and made.message != "%(time)s":
        assert "%(time)s" not in made.message


@pytest.mark.parametrize(
    ("hour", "times"),
    [
        (0, ("0:05", "12:05 am", "上午12:05")),
        (1, ("1:05", "1:05 am", "上午1:05")),
        (12, ("12:05", "12:05 pm", "下午12:05")),
        (13, ("13:05", "1:05 pm", "下午1:05")),
        (23, ("23:05", "11:05 pm", "下午11:05")),
    ],
)
def test_clock_time(hour, times):
    local = datetime(2026, 1, 1, hour, 5)
    assert tuple(clock_time(local, clock) for clock in ("24", "en", "zh")) == times
