"""A moment and the present go in; the English message for the moment, with its gaps, comes out.

No clock is read here and nothing is translated.
"""

from datetime import date as Date
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

__all__ = ["DateMessage", "clock_time", "date_message", "moment"]

# A clock that is ahead of ours by so much may have stamped a date that is "now".
_SKEW = timedelta(seconds=60)

# Up to here "50 seconds ago" is told in seconds, and so for minutes.
_SECONDS_TOLD = 50
_MINUTES_TOLD = 50

# Up to so many days a weekday, and up to so many a date without the year, is clear.
_WEEKDAY_CLEAR = 5
_YEAR_CLEAR = 334


class DateMessage(NamedTuple):
    """A message to translate, and what fills its gaps.

    ``values`` holds the number of a message that counts. All other messages have gaps among
    ``%(time)s``, ``%(weekday)s``, ``%(month_name)s``, ``%(day)s`` and ``%(year)s``.
    """

    message: str
    plural_message: str | None = None
    number: int | None = None
    values: dict[str, Any] = {}


def moment(date: "int | float | datetime | Date") -> datetime:
    """Return a date, time, or number of seconds since 1970 as an aware time in UTC.

    A time without a zone is in UTC already; a date without a time is its first moment.
    """
    if isinstance(date, (int, float)):
        return datetime.fromtimestamp(date, timezone.utc)
    if not isinstance(date, datetime):
        return datetime(date.year, date.month, date.day, tzinfo=timezone.utc)
    if date.tzinfo is None:
        return date.replace(tzinfo=timezone.utc)
    return date.astimezone(timezone.utc)


def date_message(
    date: datetime,
    now: datetime,
    offset: timedelta,
    relative: bool = True,
    shorter: bool = False,
    full_format: bool = False,
) -> DateMessage:
    """Return the message for ``date``, both it and ``now`` being aware times in UTC.

    :param offset: how far the reader's clock is behind UTC.
    """
    if date > now:
        if relative and date - now < _SKEW:
            date = now
        else:
            full_format = True
    age = now - date
    if relative and not full_format and age.days == 0:
        return _ago(age.seconds)
    message = _day_message(date - offset, now - offset, age.days, relative, full_format)
    if message == "%(time)s" or shorter:
        return DateMessage(message)
    return DateMessage(f"{message} at %(time)s")


def _ago(seconds: int) -> DateMessage:
    if seconds < _SECONDS_TOLD:
        return DateMessage("1 second ago", "%(seconds)d seconds ago", seconds, {"seconds": seconds})
    if seconds < _MINUTES_TOLD * 60:
        minutes = round(seconds / 60)
        return DateMessage("1 minute ago", "%(minutes)d minutes ago", minutes, {"minutes": minutes})
    hours = round(seconds / 3600)
    return DateMessage("1 hour ago", "%(hours)d hours ago", hours, {"hours": hours})


def _day_message(
    local: datetime, local_now: datetime, days: int, relative: bool, full_format: bool
) -> str:
    if full_format or days >= _YEAR_CLEAR:
        return "%(month_name)s %(day)s, %(year)s"
    if days == 0:
        return "%(time)s"
    if days == 1 and relative and local.date() == local_now.date() - timedelta(days=1):
        return "yesterday"
    if days < _WEEKDAY_CLEAR:
        return "%(weekday)s"
    return "%(month_name)s %(day)s"


def clock_time(local: datetime, clock: str) -> str:
    """Return the time of day; ``clock`` is ``"24"``, ``"en"`` or ``"zh"``."""
    if clock == "24":
        return f"{local.hour}:{local.minute:02}"
    half = ("am", "pm") if clock == "en" else ("上午", "下午")
    time = f"{local.hour % 12 or 12}:{local.minute:02}"
    name = half[local.hour >= 12]
    return f"{time} {name}" if clock == "en" else f"{name}{time}"
