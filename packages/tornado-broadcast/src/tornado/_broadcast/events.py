"""What a subscription delivers: messages, and notices that some are missing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["Gap", "Message"]


@dataclass(frozen=True)
class Message:
    """A message that was published.

    .. versionadded:: 6.100
    """

    #: The channel to which it was published.
    channel: str
    #: Its content.
    data: bytes

    @property
    def text(self) -> str:
        """The content as text.

        :raises UnicodeDecodeError: if it is no UTF-8.
        """
        return self.data.decode("utf-8")

    def json(self) -> Any:
        """Return what the content says as JSON.

        :raises ValueError: if it is no JSON.
        """
        return json.loads(self.data)


@dataclass(frozen=True)
class Gap:
    """A notice in the place of messages that were lost, or may have been.

    .. versionadded:: 6.100
    """

    #: ``"connection"``: the connection to the server was lost, and what was published until it was
    #: there again is missing. ``"overflow"``: the subscriber was too slow.
    reason: str
    #: How many messages are missing, ``None`` if nobody knows.
    count: int | None = None
