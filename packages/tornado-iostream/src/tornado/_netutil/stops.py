"""How many servers of this process have stopped."""

from __future__ import annotations


class Stops:
    """A count that goes up whenever a `.TCPServer` closes its listening sockets."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def add_one(self) -> None:
        self.count += 1


#: The count of this process.
stops = Stops()
