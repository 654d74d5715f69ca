"""The access log: one line for each request, in the format that was asked for."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tornado.httputil import HTTPServerRequest

#: The logger of formatted lines; its records hold nothing but the line.
logger = logging.getLogger("tornado.cli.access")

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


@dataclass
class Access:
    """What is known of a request when its response was finished."""

    request: HTTPServerRequest
    status: int
    #: Bytes of content, ``None`` if unknown.
    size: int | None
    seconds: float
    #: When the request came, seconds since the epoch.
    began: float


def _quoted(text: str | None) -> str:
    """Return a text that cannot leave its place in a line: quotes and controls are escaped."""
    if not text:
        return "-"
    return "".join(
        c if c.isprintable() and c not in '"\\' and c.isascii() else f"\\x{ord(c):02x}"
        for c in text
    )


def common(access: Access) -> str:
    """Return a line in the Common Log Format."""
    request = access.request
    moment = time.localtime(access.began)
    zone = time.strftime("%z", moment)
    stamp = (
        f"{moment.tm_mday:02}/{_MONTHS[moment.tm_mon - 1]}/{moment.tm_year}:"
        f"{moment.tm_hour:02}:{moment.tm_min:02}:{moment.tm_sec:02} {zone}"
    )
    line = f"{request.method} {_quoted(request.uri)} {request.version}"
    size = "-" if access.size is None else access.size
    return f'{request.remote_ip} - - [{stamp}] "{line}" {access.status} {size}'


def combined(access: Access) -> str:
    """Return a line in the Combined Log Format: referrer and user agent too."""
    get = access.request.headers.get
    return f'{common(access)} "{_quoted(get("Referer"))}" "{_quoted(get("User-Agent"))}"'


def as_json(access: Access) -> str:
    """Return a line that is a JSON object."""
    request = access.request
    moment = time.gmtime(access.began)
    milliseconds = int(access.began % 1 * 1000)
    fields: dict[str, Any] = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S", moment) + f".{milliseconds:03}Z",
        "client": request.remote_ip,
        "method": request.method,
        "host": request.host,
        "target": request.uri,
        "version": request.version,
        "status": access.status,
        "size": access.size,
        "duration_ms": round(access.seconds * 1000, 3),
        "referrer": request.headers.get("Referer"),
        "user_agent": request.headers.get("User-Agent"),
        "request_id": request.headers.get("X-Request-Id"),
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None})


FORMATS: dict[str, Callable[[Access], str]] = {
    "common": common,
    "combined": combined,
    "json": as_json,
}


class ReopenedFile(logging.FileHandler):
    """Writes lines to a file, which is opened again after it was moved away (`reopen`)."""

    def __init__(self, path: str) -> None:
        super().__init__(path, encoding="utf-8")
        self.setFormatter(logging.Formatter("%(message)s"))

    def reopen(self) -> None:
        """Close the file; the next line opens it again."""
        self.acquire()
        try:
            stream, self.stream = self.stream, None
            if stream is not None:
                stream.close()
        finally:
            self.release()
