"""Listening sockets, name resolution and TLS options, for servers and clients of any protocol."""

from typing import TYPE_CHECKING, Any

from tornado._core.seam import legacy as _legacy
from tornado._netutil.resolvers import (
    BlockingResolver,
    DefaultExecutorResolver,
    DefaultLoopResolver,
    ExecutorResolver,
    OverrideResolver,
    Resolver,
    ThreadedResolver,
)
from tornado._netutil.sockets import (
    add_accept_handler,
    bind_sockets,
    bind_unix_socket,
    is_valid_ip,
)
from tornado._netutil.tls import (
    SSLCertificateError,
    ssl_match_hostname,
    ssl_options_to_context,
    ssl_wrap_socket,
)

if TYPE_CHECKING:
    from tornado.tcpserver import TCPServer

__all__ = [
    "BlockingResolver",
    "DefaultExecutorResolver",
    "DefaultLoopResolver",
    "ExecutorResolver",
    "OverrideResolver",
    "Resolver",
    "SSLCertificateError",
    "TCPServer",
    "ThreadedResolver",
    "add_accept_handler",
    "bind_sockets",
    "bind_unix_socket",
    "is_valid_ip",
    "ssl_match_hostname",
    "ssl_options_to_context",
    "ssl_wrap_socket",
]


def __getattr__(name: str) -> Any:
    if name == "TCPServer":
        # Its home until 3.0. The server builds on this module, so it comes when asked for.
        from tornado.tcpserver import TCPServer

        return TCPServer
    return _legacy.find(__name__, name)
