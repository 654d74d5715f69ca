"""Settings of an application go in, the parameters of a connection come out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tornado._websocket.engine import DEFAULT_MAX_MESSAGE_SIZE

__all__ = ["Parameters"]


@dataclass(slots=True)
class Parameters:
    """What may be set of a connection."""

    #: Seconds between two pings; ``None`` or 0 for none.
    ping_interval: float | None = None
    #: Seconds to wait for a sign of life after a ping; ``None`` for the interval.
    ping_timeout: float | None = None
    #: Bytes that a message may have.
    max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE
    #: ``None`` for no compression, else the options of `WebSocketHandler.get_compression_options`.
    compression_options: Mapping[str, Any] | None = None
