"""Ports and paths go in, listening sockets come out; and what they accept goes to a callback."""

import errno
import os
import socket as socket_module
import stat
from collections.abc import Callable
from typing import Any

from tornado import ioloop, stack_context
from tornado._netutil.addresses import address_named, name_address, port_number
from tornado._netutil.loops import loop_or_current
from tornado.log import app_log, gen_log

DEFAULT_BACKLOG = 128
"""Connections the kernel keeps waiting for ``accept``."""
_ACCEPTS_PER_TURN = 128
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
# The connection died in the queue, or the network did: the next one may be well (accept(2)).
_PASSING = frozenset(
    getattr(errno, name)
    for name in (
        "ECONNABORTED EPROTO ENETDOWN ENOPROTOOPT EHOSTDOWN ENONET EHOSTUNREACH EOPNOTSUPP"
        " ENETUNREACH EPERM"
    ).split()
    if hasattr(errno, name)
)
_PORT_ATTEMPTS = 10


def bind_sockets(
    port: int | str | None,
    address: str | None = None,
    family: socket_module.AddressFamily | int = socket_module.AF_UNSPEC,
    backlog: int | None = DEFAULT_BACKLOG,
    flags: int | None = None,
    reuse_port: bool = False,
) -> list[socket_module.socket]:
    """Return listening sockets for `port` on every address that `address` stands for.

    :param port: 0 means a free one; all returned sockets then have the same. Text is accepted.
    :param address: an IP address, a host name, or ``None`` or empty for all interfaces.
    :param family: ``AF_INET`` or ``AF_INET6`` restrict to that family; default both.
    :param backlog: as for ``socket.listen``; default 128.
    :param flags: for ``getaddrinfo``; default ``AI_PASSIVE``.
    :param reuse_port: let several sockets, of several processes, share the port.
    :raises OSError: if the address is unknown or the port cannot be had; then nothing stays open.
        The text names both.

    .. versionchanged:: 4.4
       `reuse_port`.
    """
    if reuse_port and not hasattr(socket_module, "SO_REUSEPORT"):
        raise ValueError("the platform doesn't support SO_REUSEPORT")
    if not address:
        address = None
    if address is None and not socket_module.has_ipv6 and family == socket_module.AF_UNSPEC:
        family = socket_module.AF_INET
    if flags is None:
        flags = socket_module.AI_PASSIVE
    port = port_number(port)
    with address_named(address or "*", port):
        found = socket_module.getaddrinfo(
            address, port, family, socket_module.SOCK_STREAM, 0, flags
        )
    # A service may have been named.
    wanted = int(found[0][4][1]) if isinstance(port, str) else port or 0
    # Resolvers name an address several times; IPv4 first, so that a free port is chosen there.
    candidates = sorted(dict.fromkeys(found), key=lambda entry: entry[0] != socket_module.AF_INET)
    for attempt in range(_PORT_ATTEMPTS):
        try:
            return _bind_all(candidates, wanted, backlog, reuse_port)
        except OSError as error:
            # Free in one family and taken in the other: try another free port.
            if wanted or error.errno != errno.EADDRINUSE or attempt == _PORT_ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")  # pragma: no cover


def _bind_all(
    candidates: list[Any], port: int, backlog: int | None, reuse_port: bool
) -> list[socket_module.socket]:
    sockets: list[socket_module.socket] = []
    bound_port = port
    try:
        for family, kind, proto, _, address in candidates:
            sock = _new_socket(family, kind, proto)
            if sock is None:
                continue
            sockets.append(sock)
            if os.name != "nt":
                sock.setsockopt(socket_module.SOL_SOCKET, socket_module.SO_REUSEADDR, 1)
            if reuse_port:
                sock.setsockopt(socket_module.SOL_SOCKET, socket_module.SO_REUSEPORT, 1)
            if family == socket_module.AF_INET6 and hasattr(socket_module, "IPPROTO_IPV6"):
                # One socket a family: whether IPv6 sockets serve IPv4 too differs by system.
                sock.setsockopt(socket_module.IPPROTO_IPV6, socket_module.IPV6_V6ONLY, 1)
            try:
                sock.bind((address[0], bound_port, *address[2:]))
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL and len(candidates) > 1:
                    # An address the resolver knows and no interface has (::1 without IPv6).
                    sockets.pop().close()
                    continue
                name_address(error, (address[0], bound_port))
                raise
            sock.setblocking(False)
            with address_named(address[0], bound_port):
                sock.listen(DEFAULT_BACKLOG if backlog is None else backlog)
            bound_port = bound_port or sock.getsockname()[1]
        if not sockets:
            raise OSError(errno.EADDRNOTAVAIL, "no address to listen on is available")
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def _new_socket(family: int, kind: int, proto: int) -> socket_module.socket | None:
    try:
        return socket_module.socket(family, kind, proto)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            return None  # the resolver knows a family that the kernel lacks
        raise


def bind_unix_socket(
    file: "str | os.PathLike[str]", mode: int = 0o600, backlog: int | None = DEFAULT_BACKLOG
) -> socket_module.socket:
    """Return a listening unix socket at the path `file`.

    A socket that is there already is removed first; anything else is not.

    :param file: the path; one that begins with a NUL is a Linux abstract name.
    :param mode: permissions of the socket file, set before anyone can connect.
    :param backlog: as for ``socket.listen``.
    :raises ValueError: if `file` exists and is not a socket.
    :raises OSError: if the path cannot be bound.
    """
    if not hasattr(socket_module, "AF_UNIX"):
        raise OSError(errno.EAFNOSUPPORT, "this platform has no unix sockets")
    path = os.fspath(file)
    sock = socket_module.socket(socket_module.AF_UNIX, socket_module.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if path[:1] not in ("\0", ""):
            _remove_stale_socket(path)
            _bind_path(sock, path)
            os.chmod(path, mode)
        else:
            _bind_path(sock, path)
        sock.listen(DEFAULT_BACKLOG if backlog is None else backlog)
    except BaseException:
        sock.close()
        raise
    return sock


def _bind_path(sock: socket_module.socket, path: str) -> None:
    try:
        sock.bind(path)
    except OSError as error:
        name_address(error, path)
        raise


def _remove_stale_socket(path: str) -> None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ValueError(f"File {path} exists and is not a socket")
    os.remove(path)


def hand_accepted(
    callback: Callable[..., Any], connection: socket_module.socket, address: Any
) -> None:
    """Give a connection that was accepted to `callback`; if that fails, close it."""
    try:
        callback(connection, address)
    except Exception:
        connection.close()
        app_log.error("Error in connection callback", exc_info=True)


class _Acceptor:
    """Accepts on one listening socket; rests while the process has no descriptors left."""

    __slots__ = ("callback", "io_loop", "listener", "pause_seconds", "removed", "resting", "timer")

    def __init__(
        self, listener: socket_module.socket, callback: Callable[..., Any], io_loop: ioloop.IOLoop
    ) -> None:
        self.listener = listener
        self.callback = callback
        self.io_loop = io_loop
        self.removed = False
        self.resting = False
        self.pause_seconds = _FIRST_PAUSE_SECONDS
        self.timer: Any = None
        io_loop.add_handler(listener, self.on_events, ioloop.IOLoop.READ)

    def on_events(self, fd: Any, events: int) -> None:
        for _ in range(_ACCEPTS_PER_TURN):
            if self.removed:
                return
            try:
                connection, address = self.listener.accept()
            except (BlockingIOError, InterruptedError):
                if self.resting:
                    self._recovered()
                break
            except OSError as error:
                if error.errno in _PASSING:
                    continue
                if error.errno in _EXHAUSTED:
                    self._rest(error)
                    return
                raise
            if self.resting:
                self.pause_seconds = _FIRST_PAUSE_SECONDS
            hand_accepted(self.callback, connection, address)

    def _recovered(self) -> None:
        """All that waited was accepted: one or two that found room as others left are no news."""
        self.resting = False
        gen_log.info("Accepting connections again on %s", self.listener.getsockname())

    def _rest(self, error: OSError) -> None:
        """The connection stays in the kernel's queue: asking again at once would only spin."""
        if not self.resting:
            self.resting = True
            gen_log.error(
                "Cannot accept connections on %s for now: %s", self.listener.getsockname(), error
            )
        self.io_loop.remove_handler(self.listener)
        self.timer = self.io_loop.call_later(self.pause_seconds, self._resume)
        self.pause_seconds = min(2 * self.pause_seconds, _LONGEST_PAUSE_SECONDS)

    def _resume(self) -> None:
        self.timer = None
        if not self.removed and self.listener.fileno() >= 0:
            self.io_loop.add_handler(self.listener, self.on_events, ioloop.IOLoop.READ)

    def remove(self) -> None:
        if self.removed:
            return
        self.removed = True
        if self.timer is not None:
            self.io_loop.remove_timeout(self.timer)
            self.timer = None
        elif self.listener.fileno() >= 0:
            self.io_loop.remove_handler(self.listener)


def add_accept_handler(
    sock: socket_module.socket,
    callback: Callable[[socket_module.socket, Any], Any],
    io_loop: "ioloop.IOLoop | None" = None,
) -> Callable[[], None]:
    """Call ``callback(connection, address)`` for every connection that `sock` accepts.

    A bounded number is accepted in one turn of the loop. When the process runs out of descriptors,
    that is logged once, until all that waited is accepted, and accepting pauses for 50 ms, doubling
    up to a second, until it succeeds.

    :param sock: a listening, non-blocking socket; it stays the caller's.
    :param callback: gets a new socket, which is its own from then on, and the peer's address. An
        exception from it is logged and closes the connection.
    :param io_loop: ``None`` means the current loop.
    :returns: a function that stops accepting. Call it before `sock` is closed.

    .. versionchanged:: 5.0
       Returns a function.
    """
    loop = loop_or_current(io_loop)
    return _Acceptor(sock, stack_context.wrap(callback), loop).remove


def is_valid_ip(ip: str) -> bool:
    """Whether `ip` is a well-formed IPv4 or IPv6 address."""
    # Outside ASCII Python would look for digits that resemble these characters.
    if not ip or "\0" in ip or not ip.isascii():
        return False
    try:
        found = socket_module.getaddrinfo(
            ip,
            0,
            socket_module.AF_UNSPEC,
            socket_module.SOCK_STREAM,
            0,
            socket_module.AI_NUMERICHOST,
        )
    except (OSError, UnicodeError):
        return False
    return bool(found)


for _function in (bind_sockets, bind_unix_socket, add_accept_handler, is_valid_ip):
    _function.__module__ = "tornado.netutil"
