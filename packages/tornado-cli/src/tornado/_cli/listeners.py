"""The sockets that a server listens on."""

from __future__ import annotations

import argparse
import os
import socket
from collections.abc import MutableMapping

from tornado._cli.errors import NO_ADDRESS, USAGE, CommandError
from tornado.netutil import bind_sockets, bind_unix_socket

#: The first descriptor that systemd passes (sd_listen_fds(3)).
_FIRST_DESCRIPTOR = 3


def listen(options: argparse.Namespace, environ: MutableMapping[str, str]) -> list[socket.socket]:
    """Return the listening sockets that ``options`` ask for.

    :param environ: the environment, in which systemd says which descriptors it passes; that is removed.
    :raises CommandError: if an address cannot be had.
    """
    inherited = _of_systemd(environ)
    if options.fd is not None:
        return [_inherited(options.fd)]
    if inherited:
        return inherited
    try:
        if options.uds:
            return [bind_unix_socket(options.uds, mode=options.uds_mode, backlog=options.backlog)]
        return bind_sockets(
            options.port,
            options.host or None,
            backlog=options.backlog,
            reuse_port=options.reuse_port,
        )
    except (OSError, ValueError) as error:
        where = options.uds or f"{options.host or '*'}:{options.port}"
        reason = getattr(error, "strerror", None) or str(error)
        raise CommandError(f"cannot listen on {where}: {reason}", NO_ADDRESS) from None


def _of_systemd(environ: MutableMapping[str, str]) -> list[socket.socket]:
    process, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    if process != str(os.getpid()) or not count.isdigit():
        return []
    return [_inherited(_FIRST_DESCRIPTOR + number) for number in range(int(count))]


def _inherited(descriptor: int) -> socket.socket:
    try:
        found = socket.socket(fileno=descriptor)
        found.setblocking(False)
        is_listening = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise CommandError(f"descriptor {descriptor}: {error.strerror}", USAGE) from None
    if not is_listening:
        raise CommandError(f"descriptor {descriptor} is no listening socket", USAGE)
    os.set_inheritable(descriptor, False)
    return found


def url_of(listening: socket.socket, is_tls: bool) -> str:
    """Return how to reach a listening socket."""
    name = listening.getsockname()
    if listening.family == socket.AF_UNIX:
        return f"unix:{name}"
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"{'https' if is_tls else 'http'}://{host}:{name[1]}/"
