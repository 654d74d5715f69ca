"""Names of released versions' `tornado.websocket` that programs import; see `tornado._legacy`."""

from __future__ import annotations

import functools
from typing import Any, NoReturn

from tornado.log import gen_log

#: What a frame costs beside its bytes, and after how much of both the loop turns.
_FRAME_YIELD_COST = 1024
_YIELD_THRESHOLD = 262144

#: Log what was not logged before.
de_dupe_gen_log = functools.lru_cache(gen_log.log)


class _DecompressTooLargeError(Exception):
    """A message is larger, decompressed, than it may be."""


def _raise_not_supported_for_websockets(*args: Any, **kwargs: Any) -> NoReturn:
    """Take the place of a method that a WebSocket has no use for."""
    raise RuntimeError("Method not supported for Web Sockets")
