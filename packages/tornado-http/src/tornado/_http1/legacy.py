"""Names of released versions' `tornado.http1connection` that programs import; see `tornado._legacy`."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Iterator
from concurrent.futures import Future as ConcurrentFuture
from contextlib import contextmanager

from tornado._httputil.errors import HTTPInputError
from tornado._httputil.headers import HTTPHeaders

CR_OR_LF_RE = re.compile(b"\r|\n")
DIGITS = re.compile("[0-9]+")
HEXDIGITS = re.compile("[0-9a-fA-F]+")

#: Informational responses that a client reads before the response itself, at most.
_MAX_1XX_RESPONSES = 10
#: What a chunk costs beside its bytes, and after how much of both the loop turns.
_CHUNK_YIELD_COST = 1024
_YIELD_THRESHOLD = 262144


class _QuietException(Exception):
    """An exception that was logged already."""


@contextmanager
def _ExceptionLoggingContext(logger: logging.Logger) -> Iterator[None]:  # its released name
    """Log an exception of the block as uncaught, and replace it by `_QuietException`."""
    try:
        yield
    except BaseException:
        logger.error("Uncaught exception", exc_info=True)
        raise _QuietException from None


def _is_done(future: Awaitable[object]) -> bool:
    """Return whether an awaitable is a future that is done."""
    return isinstance(future, (asyncio.Future, ConcurrentFuture)) and future.done()


def parse_int(s: str) -> int:
    """Return the number that ASCII digits, and nothing else, stand for.

    :raises ValueError: for any other text.
    """
    if DIGITS.fullmatch(s) is None:
        raise ValueError(f"not an integer: {s!r}")
    return int(s)


def parse_hex_int(s: str) -> int:
    """Return the number that hexadecimal digits, and nothing else, stand for.

    :raises ValueError: for any other text.
    """
    if HEXDIGITS.fullmatch(s) is None:
        raise ValueError(f"not a hexadecimal integer: {s!r}")
    return int(s, 16)


def is_transfer_encoding_chunked(headers: HTTPHeaders) -> bool:
    """Return whether the content of a message with these headers comes in chunks.

    :raises HTTPInputError: for another transfer coding, or with a Content-Length beside it.
    """
    coding = headers.get("Transfer-Encoding")
    if coding is None:
        return False
    if "Content-Length" in headers:
        raise HTTPInputError("Message with both Transfer-Encoding and Content-Length")
    if coding.lower() != "chunked":
        raise HTTPInputError(f"Unsupported Transfer-Encoding {coding!r}")
    return True
