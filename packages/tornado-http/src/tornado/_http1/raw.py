"""A raw response of an application goes in; whether the connection outlives it comes out."""

from __future__ import annotations

import re

_MAX_HEAD = 65536
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})")
_FRAMED = re.compile(rb"\n(?:content-length|transfer-encoding):")
_CLOSE = re.compile(rb"\nconnection:[^\r\n]*\bclose\b")


class RawHead:
    """Looks at the head in a raw response, to tell how its content ends."""

    __slots__ = ("_head", "_is_whole")

    def __init__(self) -> None:
        self._head = bytearray()
        self._is_whole = False

    def receive(self, chunk: bytes) -> None:
        """Take the next bytes that the application wrote."""
        if self._is_whole:
            return
        scanned = max(len(self._head) - 3, 0)
        self._head += chunk
        end = self._head.find(b"\r\n\r\n", scanned)
        if end >= 0 or len(self._head) > _MAX_HEAD:
            self._is_whole = True
            del self._head[end + 2 if end >= 0 else 0 :]

    def keeps_alive(self, method: str) -> bool:
        """Tell whether the response to ``method`` ends where its own head says, and does not ask to close."""
        head = bytes(self._head).lower()
        status = _STATUS.match(self._head)
        if not self._is_whole or status is None or _CLOSE.search(head):
            return False
        code = status.group(1)
        return method == "HEAD" or code in (b"204", b"304") or bool(_FRAMED.search(head))
