"""Connections whose exchange is over go in; they come out for the next request to the same origin.

The pool knows no clock but the loop's: one timer, armed while connections are idle.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from tornado._httpclient.connection import ClientConnection, ConnectionState
from tornado._iostream.seam import stops
from tornado._loop.seam import run_clean


class ConnectionPool:
    """Idle connections by their keys; the one used last is used first.

    :param max_idle: connections at most.
    :param max_idle_per_origin: connections of one key at most.
    :param idle_timeout: seconds after which an idle connection is closed.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        max_idle: int,
        max_idle_per_origin: int,
        idle_timeout: float,
    ) -> None:
        self._loop = loop
        self._max_idle = max_idle
        self._max_idle_per_origin = max_idle_per_origin
        self._idle_timeout = idle_timeout
        self._idle: dict[Hashable, list[ClientConnection]] = {}
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return self._count

    def take(self, key: Hashable, max_idle: float | None = None) -> ClientConnection | None:
        """Return an idle connection of ``key`` on which nothing has arrived, or ``None``.

        The operating system is asked: the loop may not have turned since something came. A server
        of this process that stopped may still hold its end of a connection, while its port belongs
        to another server: then none from before that is returned.

        :param max_idle: seconds that the connection may have been idle, for requests that cannot be
            sent again if the server is just closing it; others stay in the pool.
        """
        connections = self._idle.get(key)
        if not connections:
            return None
        now = self._loop.time()
        oldest = now - self._idle_timeout
        while connections:
            if max_idle is not None and connections[-1].idle_since < now - max_idle:
                return None
            connection = connections.pop()
            self._count -= 1
            if not connections:
                del self._idle[key]
            if (
                connection.state is ConnectionState.IDLE
                and not connection.stream.closed()
                and connection.idle_since > oldest
                and connection.stops == stops.count
                and connection.is_quiet()
            ):
                connection.was_idle = now - connection.idle_since
                return connection
            connection.close()
        return None

    def put(self, connection: ClientConnection) -> None:
        """Take a connection back; one too many is closed."""
        if self._max_idle <= 0 or self._max_idle_per_origin <= 0:
            connection.close()
            return
        connection.idle_since = self._loop.time()
        connections = self._idle.setdefault(connection.key, [])
        connections.append(connection)
        self._count += 1
        if len(connections) > self._max_idle_per_origin:
            self._count -= 1
            connections.pop(0).close()
        elif self._count > self._max_idle:
            self._drop_oldest()
        if self._timer is None:
            self._arm()

    def _drop_oldest(self) -> None:
        key = min(self._idle, key=lambda key: self._idle[key][0].idle_since)
        connections = self._idle[key]
        self._count -= 1
        connection = connections.pop(0)
        if not connections:
            del self._idle[key]
        connection.close()

    def discard(self, connection: ClientConnection) -> None:
        """Forget a connection that closed."""
        connections = self._idle.get(connection.key)
        if connections is not None and connection in connections:
            connections.remove(connection)
            self._count -= 1
            if not connections:
                del self._idle[connection.key]

    def _arm(self) -> None:
        self._timer = run_clean(self._loop.call_later, self._idle_timeout / 2, self._sweep)

    def _sweep(self) -> None:
        """Close what has been idle for too long."""
        self._timer = None
        oldest = self._loop.time() - self._idle_timeout
        for key, connections in list(self._idle.items()):
            while connections and connections[0].idle_since <= oldest:
                self._count -= 1
                connections.pop(0).close()
            if not connections:
                del self._idle[key]
        if self._idle:
            self._arm()

    def close(self) -> None:
        """Close all idle connections."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        idle, self._idle, self._count = self._idle, {}, 0
        for connections in idle.values():
            for connection in connections:
                connection.close()
