"""Nothing in, a loopback port that nobody uses out."""

from __future__ import annotations

import socket

from tornado.netutil import bind_sockets


def bind_unused_port(
    reuse_port: bool = False, address: str = "127.0.0.1"
) -> tuple[socket.socket, int]:
    """Return a listening socket on a free port, and the port's number. The caller closes the socket.

    :param reuse_port: whether other processes may bind the same port (``SO_REUSEPORT``).
    :param address: the address to listen on.

    .. versionadded:: 3.2
    .. versionchanged:: 6.2
       Added ``address``.
    """
    # A name such as "localhost" may stand for two families; one of them is enough here.
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = bind_sockets(0, address, family=family, reuse_port=reuse_port)[0]
    return listening, listening.getsockname()[1]


def get_unused_port() -> int:
    """Return the number of a port that was free a moment ago.

    Somebody else may take it before it is used: prefer `bind_unused_port`.
    """
    listening, port = bind_unused_port()
    listening.close()
    return port
