"""Names of released versions' `tornado.websocket` that programs import; see `tornado._legacy`."""

from __future__ import annotations

import functools
from typing import Any, NoReturn

from tornado._websocket.codes import CloseCode
from tornado._websocket.deflate import MAX_WINDOW_BITS, Deflater, Inflater
from tornado._websocket.errors import ProtocolError
from tornado.log import gen_log

#: What a frame costs beside its bytes, and after how much of both the loop turns.
_FRAME_YIELD_COST = 1024
_YIELD_THRESHOLD = 262144

#: Log what was not logged before.
de_dupe_gen_log = functools.lru_cache(gen_log.log)


class _DecompressTooLargeError(Exception):
    """A message is larger, decompressed, than it may be."""


class _PerMessageDeflateCompressor:
    """Compresses messages, under the constructor that it had in the releases."""

    def __init__(
        self,
        persistent: bool,
        max_wbits: int | None,
        compression_options: dict[str, Any] | None = None,
    ) -> None:
        given = compression_options or {}
        names = {"compression_level": "level", "mem_level": "mem_level"}
        options = {names[name]: value for name, value in given.items() if name in names}
        self._deflater = Deflater(max_wbits or MAX_WINDOW_BITS, persistent, **options)

    def compress(self, data: bytes) -> bytes:
        return self._deflater.deflate(data)


class _PerMessageDeflateDecompressor:
    """Decompresses messages, under the constructor that it had in the releases."""

    def __init__(
        self,
        persistent: bool,
        max_wbits: int | None,
        max_message_size: int,
        compression_options: dict[str, Any] | None = None,
    ) -> None:
        self._inflater = Inflater(max_wbits or MAX_WINDOW_BITS, persistent)
        self._max_message_size = max_message_size

    def decompress(self, data: bytes) -> bytes:
        try:
            content = self._inflater.inflate(data, self._max_message_size)
            return content + self._inflater.finish(self._max_message_size - len(content))
        except ProtocolError as error:
            if error.code == CloseCode.TOO_BIG:
                raise _DecompressTooLargeError(str(error)) from error
            raise


def _raise_not_supported_for_websockets(*args: Any, **kwargs: Any) -> NoReturn:
    """Take the place of a method that a WebSocket has no use for."""
    raise RuntimeError("Method not supported for Web Sockets")
