"""Ports as numbers or text, addresses in error messages."""

import contextlib
from collections.abc import Iterator
from typing import Any


def port_number(port: Any) -> Any:
    """Return `port` as a number if it is decimal text, as environments and options have it.

    Anything else is returned as it is: a number, ``None``, the name of a service.
    """
    if isinstance(port, (str, bytes)):
        text = port.decode("latin-1") if isinstance(port, bytes) else port
        if text.strip().isascii() and text.strip().isdecimal():
            return int(text)
    return port


def host_text(host: Any) -> Any:
    """Return a host name given as `bytes` as text; anything else as it is."""
    return host.decode("utf-8", "surrogateescape") if isinstance(host, bytes) else host


def format_address(address: Any) -> str:
    """Return a socket's address as people write it: ``host:port``, ``[IPv6]:port`` or a path."""
    if isinstance(address, tuple) and len(address) >= 2:
        host, port = host_text(address[0]), address[1]
        return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
    if isinstance(address, bytes):
        return address.decode(errors="backslashreplace")
    return str(address)


def name_address(error: BaseException, address: Any) -> None:
    """Have the text of an `OSError` name `address`; its class and ``errno`` stay as they are."""
    if isinstance(error, OSError) and error.errno is not None and error.filename is None:
        error.filename = format_address(address)


@contextlib.contextmanager
def address_named(host: Any, port: Any) -> Iterator[None]:
    """Have the text of an `OSError` raised inside name the address."""
    try:
        yield
    except OSError as error:
        name_address(error, (host, port))
        raise
