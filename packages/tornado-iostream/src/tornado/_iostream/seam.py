"""What other distributions may use of ``tornado-iostream`` beyond its public API.

Streams
    `DEFAULT_READ_CHUNK_SIZE`, in bytes, is what a stream reads at once unless the caller of its
    constructor chose otherwise; code that tunes it for a protocol leaves another value alone.

The loop below
    `loop_or_current` returns the loop given by a caller, or the current one. `asyncio_loop_of`
    returns the asyncio loop under an `IOLoop`. `queue_of` returns what that loop is about to call in
    this turn, to look at only, or None where it cannot be seen. `when_stopped` registers a callback
    for each time ``start()`` is about to return; other loops than ours ignore it.

Resolvers
    `Addresses` is the type of what a `Resolver` returns: pairs of an address family and an address.
    `port_number` is how every resolver reads its ``port`` argument.

Servers
    `stops` counts the servers of this process that stopped. A client that keeps connections compares
    the count of now with the one of when it connected: if they differ, the other end may be a server
    that is gone for everybody else.
"""

from __future__ import annotations

from tornado._iostream.core import DEFAULT_READ_CHUNK_SIZE
from tornado._netutil.addresses import port_number
from tornado._netutil.loops import asyncio_loop_of, loop_or_current, queue_of, when_stopped
from tornado._netutil.resolvers import Addresses
from tornado._netutil.stops import stops

__all__ = [
    "DEFAULT_READ_CHUNK_SIZE",
    "Addresses",
    "asyncio_loop_of",
    "loop_or_current",
    "port_number",
    "queue_of",
    "stops",
    "when_stopped",
]
