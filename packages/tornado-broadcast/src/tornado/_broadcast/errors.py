"""The errors of broadcasting.

::

    BroadcastError
    ├── BroadcastClosedError        the caller used a broadcast that is closed
    └── BroadcastConnectionError    the server cannot be reached; also a ConnectionError
"""

from __future__ import annotations

__all__ = ["BroadcastClosedError", "BroadcastConnectionError", "BroadcastError"]


class BroadcastError(Exception):
    """Base of the errors of this module.

    .. versionadded:: 6.100
    """


class BroadcastClosedError(BroadcastError):
    """The broadcast is closed.

    .. versionadded:: 6.100
    """


class BroadcastConnectionError(BroadcastError, ConnectionError):
    """The server cannot be reached, or refuses the connection.

    .. versionadded:: 6.100
    """
