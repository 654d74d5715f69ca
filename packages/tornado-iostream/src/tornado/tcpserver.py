"""Listening sockets go in; a stream for every connection comes out, to `TCPServer.handle_stream`."""

import asyncio
import errno
import os
import socket as socket_module
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, overload

from tornado import ioloop, process
from tornado._core.seam import legacy as _legacy
from tornado._loop.seam import convert_yielded
from tornado._netutil.loops import InstanceAttribute, asyncio_loop_of, io_loop_attribute
from tornado._netutil.sockets import add_accept_handler, bind_sockets, hand_accepted
from tornado._netutil.stops import stops
from tornado._netutil.tls import ssl_options_to_context, ssl_wrap_socket
from tornado.iostream import IOStream, SSLIOStream
from tornado.log import app_log

_legacy.provide(__name__)

__all__ = ["TCPServer"]

_DEFAULT_BACKLOG = 128
_MOST_WAITING = 4096
"""Connections taken from one listening socket when it is about to be closed; the kernel's own limit."""


class TCPServer:
    """A server for any protocol over TCP or unix sockets, in one thread.

    Override `handle_stream` and let the server listen, in one of these ways::

        server = EchoServer()            # one process
        server.listen(8888)
        IOLoop.current().start()

        server = EchoServer()            # a process for each processor
        server.bind(8888)
        server.start(0)
        IOLoop.current().start()

        sockets = bind_sockets(8888)     # fork where it suits you
        tornado.process.fork_processes(0)
        server = EchoServer()
        server.add_sockets(sockets)
        IOLoop.current().start()

    :param io_loop: the loop the server belongs to; ``None`` means the one that is current when it
        starts.
    :param ssl_options: keyword arguments as of `tornado.netutil.ssl_options_to_context`, such as
        ``{"certfile": ..., "keyfile": ...}``, or an `ssl.SSLContext`: the server speaks TLS.
    :param max_buffer_size: bytes, for the streams, see `tornado.iostream.BaseIOStream`.
    :param read_chunk_size: bytes, the same.
    :param handshake_timeout: seconds a TLS handshake may take before the connection is closed;
        default 60.

    An argument that is not a loop in the place of `io_loop` is `ssl_options`, and the others follow
    it, as in the releases that have no `io_loop`.

    :raises KeyError: if `ssl_options` lacks ``certfile``.
    :raises ValueError: if a file of `ssl_options` does not exist.

    .. versionadded:: 3.0
       In 2.x it is ``tornado.netutil.TCPServer``, a name that still works.
    .. versionchanged:: 3.1
       `max_buffer_size`.
    """

    @overload
    def __init__(
        self,
        ssl_options: "dict[str, Any] | ssl.SSLContext | None" = None,
        max_buffer_size: int | None = None,
        read_chunk_size: int | None = None,
        *,
        handshake_timeout: float | None = 60.0,
    ) -> None: ...

    @overload
    def __init__(
        self,
        io_loop: ioloop.IOLoop | None,
        ssl_options: "dict[str, Any] | ssl.SSLContext | None" = None,
        max_buffer_size: int | None = None,
        read_chunk_size: int | None = None,
        *,
        handshake_timeout: float | None = 60.0,
    ) -> None: ...

    def __init__(  # type: ignore[misc]  # what comes first by position is either
        self,
        io_loop: Any = None,
        ssl_options: Any = None,
        max_buffer_size: int | None = None,
        read_chunk_size: int | None = None,
        *,
        handshake_timeout: float | None = 60.0,
    ) -> None:
        if io_loop is not None and not isinstance(io_loop, ioloop.IOLoop):
            io_loop, ssl_options, max_buffer_size, read_chunk_size = (
                None,
                io_loop,
                ssl_options,
                max_buffer_size,
            )
        self._io_loop: ioloop.IOLoop | None = io_loop
        self.ssl_options: dict[str, Any] | ssl.SSLContext | None = ssl_options
        self.max_buffer_size = max_buffer_size
        self.read_chunk_size = read_chunk_size
        self.handshake_timeout = handshake_timeout
        self._sockets: dict[int, socket_module.socket] = {}
        self._handlers: dict[int, Callable[[], None]] = {}
        self._pending_sockets: list[socket_module.socket] = []
        self._made_context: tuple[dict[str, Any], ssl.SSLContext] | None = None
        self._started = False
        self._stopped = False
        if isinstance(ssl_options, dict):
            _check_files(ssl_options)

    io_loop = io_loop_attribute

    @InstanceAttribute
    def sockets(self) -> list[socket_module.socket]:
        """The listening sockets, those that `bind` made and `start` has not served yet included.

        .. versionadded:: 6.100
        """
        return [*self._sockets.values(), *self._pending_sockets]

    @InstanceAttribute
    def port(self) -> int | None:
        """The port that the server listens on, also where it was asked for port 0.

        ``None`` if it does not listen, listens on unix sockets only, or on more than one port.

        .. versionadded:: 6.100
        """
        ports = {
            sock.getsockname()[1]
            for sock in TCPServer.sockets.compute(self)
            if sock.family in (socket_module.AF_INET, socket_module.AF_INET6)
        }
        return ports.pop() if len(ports) == 1 else None

    def listen(
        self,
        port: int | str,
        address: str | None = None,
        family: socket_module.AddressFamily | int = socket_module.AF_UNSPEC,
        backlog: int | None = _DEFAULT_BACKLOG,
        flags: int | None = None,
        reuse_port: bool = False,
    ) -> None:
        """Bind and accept connections at once; no call of `start` is needed.

        It may be called repeatedly, for several ports. The arguments are those of
        `tornado.netutil.bind_sockets`.

        .. versionchanged:: 6.2
           `family`, `backlog`, `flags` and `reuse_port`.
        """
        self.add_sockets(bind_sockets(port, address, family, backlog, flags, reuse_port))

    def add_sockets(self, sockets: Iterable[socket_module.socket]) -> None:
        """Accept connections on these listening sockets; `stop` closes them."""
        for sock in sockets:
            self._sockets[sock.fileno()] = sock
            self._handlers[sock.fileno()] = add_accept_handler(
                sock, self._handle_connection, io_loop=self._io_loop
            )

    def add_socket(self, socket: socket_module.socket) -> None:
        """Accept connections on this listening socket."""
        self.add_sockets([socket])

    def bind(
        self,
        port: int | str,
        address: str | None = None,
        family: socket_module.AddressFamily | int = socket_module.AF_UNSPEC,
        backlog: int | None = _DEFAULT_BACKLOG,
        flags: int | None = None,
        reuse_port: bool = False,
    ) -> None:
        """Bind without accepting yet: `start` does that, perhaps in several processes.

        It may be called repeatedly before `start`. The arguments are those of
        `tornado.netutil.bind_sockets`.

        .. versionchanged:: 4.4
           `reuse_port`.
        .. versionchanged:: 6.2
           `flags`.
        """
        sockets = bind_sockets(port, address, family, backlog, flags, reuse_port)
        if self._started:
            self.add_sockets(sockets)
        else:
            self._pending_sockets.extend(sockets)

    def start(self, num_processes: int | None = 1, max_restarts: int | None = None) -> None:
        """Accept connections on what was bound.

        :param num_processes: 1, the default, means this process. ``None`` or less than 1 means as
            many new processes as there are processors, any other number so many: then no loop may
            run yet, and only the new processes return from here. See
            `tornado.process.fork_processes`.
        :param max_restarts: how often processes that die are replaced.
        :raises RuntimeError: if it was started before.

        .. versionchanged:: 6.0
           `max_restarts`.
        """
        if self._started:
            raise RuntimeError("the server was started before")
        self._started = True
        if num_processes != 1:
            process.fork_processes(num_processes, max_restarts)
        sockets, self._pending_sockets = self._pending_sockets, []
        self.add_sockets(sockets)

    def stop(self) -> None:
        """Stop accepting and close the listening sockets; open connections go on. Idempotent."""
        self._stopped = True
        if self._sockets:
            stops.add_one()
        for fd, sock in self._sockets.items():
            remove = self._handlers.pop(fd, None)
            if remove is not None:
                remove()
            sock.close()
        self._sockets.clear()
        for sock in self._pending_sockets:
            sock.close()
        self._pending_sockets.clear()

    def _accept_waiting(self) -> None:
        """Accept what waits in the kernel's queues: closing the listening sockets would reset it."""
        for sock in list(self._sockets.values()):
            for _ in range(_MOST_WAITING):
                try:
                    connection, address = sock.accept()
                except BlockingIOError:
                    break
                except OSError:
                    continue  # it is dead already, or there are no descriptors left
                hand_accepted(self._handle_connection, connection, address)

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> Awaitable[None] | None:
        """Serve one connection; to be overridden, by a plain method or a coroutine.

        :param stream: an `IOStream`, or an `SSLIOStream` whose handshake may still be under way.
        :param address: of the peer: a tuple for TCP, a string for unix sockets.

        An exception, raised here or by what a coroutine does later, is logged; the stream is then
        closed only if it was raised before this method returned.

        .. versionchanged:: 4.2
           May be a coroutine.
        """
        raise NotImplementedError()

    def _handle_connection(self, connection: socket_module.socket, address: Any) -> None:
        stream: IOStream | None
        options = self.ssl_options
        if options is not None:
            stream = self._wrap_connection(connection, options)
            if stream is None:
                return
        else:
            stream = IOStream(connection, self._io_loop, self.max_buffer_size, self.read_chunk_size)
        try:
            result = self.handle_stream(stream, address)
        except Exception:
            app_log.error("Error in connection callback", exc_info=True)
            stream.close()
            return
        if result is not None:
            self._watch(result, stream)

    def _wrap_connection(
        self, connection: socket_module.socket, options: "dict[str, Any] | ssl.SSLContext"
    ) -> SSLIOStream | None:
        try:
            secured = ssl_wrap_socket(
                connection, self._context(options), server_side=True, do_handshake_on_connect=False
            )
        except OSError as error:
            connection.close()
            # The peer may be gone before its connection was looked at; that is its own affair.
            if not isinstance(error, (ssl.SSLEOFError, ConnectionError)) and error.errno not in (
                errno.EINVAL,
                errno.ENOTCONN,
            ):
                app_log.error("Error in connection callback", exc_info=True)
            return None
        return SSLIOStream(
            secured,
            self._io_loop,
            self.max_buffer_size,
            self.read_chunk_size,
            handshake_timeout=self.handshake_timeout,
        )

    def _context(self, options: "dict[str, Any] | ssl.SSLContext") -> ssl.SSLContext:
        if isinstance(options, ssl.SSLContext):
            return options
        if self._made_context is None or self._made_context[0] is not options:
            # Made once: reading certificates for every connection would block the loop.
            self._made_context = (options, ssl_options_to_context(options, server_side=True))
        return self._made_context[1]

    def _watch(self, result: Any, stream: IOStream) -> None:
        """Follow what a coroutine does: its failure is reported."""
        io_loop = stream.io_loop
        if asyncio.iscoroutine(result) and sys.version_info >= (3, 12):
            # Run its first step now: many connections are served by that alone.
            result = asyncio.Task(result, loop=asyncio_loop_of(io_loop), eager_start=True)
        io_loop.add_future(convert_yielded(result), _report)


def _report(future: "asyncio.Future[Any]") -> None:
    if not future.cancelled():
        future.result()


def _check_files(ssl_options: dict[str, Any]) -> None:
    if "certfile" not in ssl_options:
        raise KeyError('missing key "certfile" in ssl_options')
    for key in ("certfile", "keyfile"):
        path = ssl_options.get(key)
        if path is not None and not os.path.exists(path):
            raise ValueError(f'{key} "{path}" does not exist')
