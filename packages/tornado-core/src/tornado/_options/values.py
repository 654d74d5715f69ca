"""The text of a command line goes in; values of the types that options can have come out."""

import builtins
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from numbers import Integral
from typing import Any

__all__ = ["describe", "parse_datetime", "parse_integers", "parse_value"]

_FALSE = frozenset({"false", "f", "0", "no", "n", "off"})

_DATES = ("%Y-%m-%d", "%Y%m%d")
_TIMES = ("%H:%M:%S.%f", "%H:%M:%S", "%H:%M")
_DATETIME_FORMATS = (
    "%a %b %d %H:%M:%S %Y",  # as `date` and `time.ctime` write it
    *(f"{day}{between}{time}" for day in _DATES for between in " T" for time in _TIMES),
    *_DATES,
    *_TIMES,
)

_SECONDS = {
    "us": 1e-6,
    "microsecond": 1e-6,
    "ms": 1e-3,
    "millisecond": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hr": 3600.0,
    "hour": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
    "w": 604800.0,
    "week": 604800.0,
}
_SPAN = re.compile(r"\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-z]*)\s*,?\s*")


def parse_bool(text: str) -> bool:
    """Return whether ``text`` is none of the words for false: false, no, off, 0, f and n."""
    return text.lower() not in _FALSE


def parse_datetime(text: str) -> datetime:
    """Return the time that ``text`` gives: a date, a time, both, ISO 8601, or as `time.ctime`.

    A time without a date is on 1900-01-01, as `datetime.strptime` has it.
    """
    for form in _DATETIME_FORMATS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            pass
    # "Z" is understood from Python 3.11 on.
    iso = f"{text[:-1]}+00:00" if text.endswith("Z") else text
    try:
        return datetime.fromisoformat(iso)
    except ValueError as error:
        raise ValueError(f"not a date or time: {text!r}") from error


def parse_timedelta(text: str) -> timedelta:
    """Return the length of time of ``text``: numbers with units, as in ``1h 30m`` or ``2.5 days``.

    A number without a unit is in seconds. Units: us, ms, s, m, h, d, w and their names in full.
    """
    total = 0.0
    position = 0
    while position < len(text) or not text:
        match = _SPAN.match(text, position)
        seconds = _seconds(match[2].lower()) if match is not None else None
        if match is None or seconds is None:
            raise ValueError(f"not a length of time: {text!r}")
        total += float(match[1]) * seconds
        position = match.end()
    return timedelta(seconds=total)


def _seconds(unit: str) -> float | None:
    if unit in ("", *_SECONDS):
        return _SECONDS[unit or "s"]
    singular = unit.removesuffix("s")
    return _SECONDS.get(singular) if len(singular) > 2 or singular == "hr" else None


_PARSERS: dict[Any, Callable[[str], Any]] = {
    bool: parse_bool,
    datetime: parse_datetime,
    timedelta: parse_timedelta,
    bytes: lambda text: text.encode("utf-8"),
}

_NAMES: dict[Any, str] = {
    bool: "true or false",
    datetime: "a date and time such as 2012-05-31 18:00",
    timedelta: "a length of time such as 90s or 1h 30m",
    int: "an integer",
    float: "a number",
    str: "a string",
}


def describe(type: Callable[[str], Any]) -> str:
    """Return how to name a value of ``type`` in a message."""
    return _NAMES.get(type) or f"a value of type {getattr(type, '__name__', type)}"


def parse_value(type: Callable[[str], Any], text: str) -> Any:
    """Return the value of ``type`` that ``text`` gives.

    :raises ValueError: if it gives none; any other error of a type of the caller's own passes.
    """
    return _PARSERS.get(type, type)(text)


def parse_integers(type: Callable[[str], Any], text: str) -> "list[Any] | range":
    """Return the integers of one item of a list: ``7`` is one, ``1:5`` are the five from 1 to 5."""
    low, colon, high = text.partition(":")
    first = parse_value(type, low)
    if not colon or not high:
        return [first]
    return range(first, parse_value(type, high) + 1)


def is_integral(type: Any) -> bool:
    """Whether ``type`` is a class of integers, so that ranges make sense."""
    return isinstance(type, builtins.type) and issubclass(type, Integral) and type is not bool
