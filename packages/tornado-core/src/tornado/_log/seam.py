"""What other distributions may use of logging beside the loggers of `tornado.log`."""

from __future__ import annotations

__all__ = ["printable"]

#: C0, DEL and C1: line ends, which would forge records, and what terminals take for commands.
_CONTROLS = {number: f"\\x{number:02x}" for number in [*range(0x20), *range(0x7F, 0xA0)]}


def printable(text: str) -> str:
    r"""Return ``text`` with control characters written as ``\x0a``; for text that comes from a peer.

    To be used on every part of a request or response that enters a log message.
    """
    # Most text needs nothing, and this test is faster than a translation.
    return text if text.isprintable() else text.translate(_CONTROLS)
