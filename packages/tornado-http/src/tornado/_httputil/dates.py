"""Times as HTTP writes them (RFC 9110 section 5.6.7)."""

from __future__ import annotations

import datetime
import time

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def format_timestamp(
    ts: int | float | tuple[int, ...] | time.struct_time | datetime.datetime,
) -> str:
    """Return ``ts`` as HTTP writes dates.

    >>> format_timestamp(1359312200)
    'Sun, 27 Jan 2013 18:43:20 GMT'

    :param ts: seconds since the epoch, a time tuple in UTC as `time.gmtime` returns it, or a
        `datetime.datetime` (one without a time zone is in UTC). Fractions of a second are dropped.
    :raises TypeError: for anything else.

    .. versionadded:: 3.2
    """
    if isinstance(ts, (int, float)):
        seconds: float = ts
    elif isinstance(ts, (tuple, time.struct_time)):
        seconds = _seconds_of(ts)
    elif isinstance(ts, datetime.datetime):
        seconds = _seconds_of(ts.utctimetuple())
    else:
        raise TypeError(f"unknown timestamp type: {ts!r}")
    # Not by strftime, which follows the locale, nor by the email package, which is slow to import.
    year, month, day, hour, minute, second, weekday, _, _ = time.gmtime(seconds)
    return (
        f"{_DAYS[weekday]}, {day:02d} {_MONTHS[month - 1]} {year:04d}"
        f" {hour:02d}:{minute:02d}:{second:02d} GMT"
    )


def _seconds_of(parts: tuple[int, ...] | time.struct_time) -> int:
    """Return the seconds since the epoch of a time in UTC."""
    from calendar import timegm  # here, since it is slow to import, and seldom needed

    return timegm(parts)


_date_second = -1
_date = ""


def http_date(now: float | None = None) -> str:
    """Return the text of a Date field, made once a second.

    :param now: seconds since the epoch; ``None`` means the present.
    """
    global _date_second, _date
    second = int(time.time() if now is None else now)
    if second != _date_second:
        _date = format_timestamp(second)
        _date_second = second
    return _date


_field = b""
_field_date = ""


def date_field() -> bytes:
    """Return the line of a Date field, its CRLF included, made once a second."""
    global _field, _field_date
    date = http_date()
    if date is not _field_date:
        _field = f"Date: {date}\r\n".encode("ascii")
        _field_date = date
    return _field


format_timestamp.__module__ = "tornado.httputil"
