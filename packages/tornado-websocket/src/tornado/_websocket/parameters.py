"""Settings of an application go in, the parameters of a connection come out."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tornado._websocket.engine import DEFAULT_MAX_MESSAGE_SIZE

__all__ = ["Parameters", "known_at_once"]


def known_at_once(value: Any, owner: object, name: str) -> Any:
    """Return what a hook returned that must decide at once.

    :param owner: the object whose hook it is.
    :param name: the hook's name.
    :raises TypeError: if the value is still to be awaited, which would count as true.
    """
    if value is None or not inspect.isawaitable(value):
        return value
    close = getattr(value, "close", None)
    if close is not None:
        close()  # it will never run: no warning is needed beside the exception
    raise TypeError(
        f"{type(owner).__name__}.{name} must not be a coroutine: it returned a {type(value).__name__}"
    )


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
