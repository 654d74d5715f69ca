"""The time goes in, the text of a Date field comes out, made once a second (RFC 9110 5.6.7)."""

from __future__ import annotations

import time
from email.utils import formatdate

_second = -1
_text = ""


def http_date(now: float | None = None) -> str:
    """Return the text of a Date field.

    :arg now: seconds since the epoch; ``None`` means the present.
    """
    global _second, _text
    second = int(time.time() if now is None else now)
    if second != _second:
        _text = formatdate(second, usegmt=True)
        _second = second
    return _text
