"""A point in time in one of many types goes in; the text of a Date field comes out (RFC 9110 section 5.6.7)."""

from __future__ import annotations

import calendar
import datetime
import time
from email.utils import formatdate


def format_timestamp(
    ts: int | float | tuple[int, ...] | time.struct_time | datetime.datetime,
) -> str:
    """Return ``ts`` as HTTP writes dates.

    >>> format_timestamp(1359312200)
    'Sun, 27 Jan 2013 18:43:20 GMT'

    :arg ts: seconds since the epoch, a time tuple in UTC as `time.gmtime` returns it, or a `datetime.datetime` (one
        without a time zone is in UTC). Fractions of a second are dropped.
    :raises TypeError: for anything else.

    .. versionadded:: 3.2
    """
    if isinstance(ts, (int, float)):
        seconds: float = ts
    elif isinstance(ts, (tuple, time.struct_time)):
        seconds = calendar.timegm(ts)
    elif isinstance(ts, datetime.datetime):
        seconds = calendar.timegm(ts.utctimetuple())
    else:
        raise TypeError(f"unknown timestamp type: {ts!r}")
    return formatdate(seconds, usegmt=True)


format_timestamp.__module__ = "tornado.httputil"
