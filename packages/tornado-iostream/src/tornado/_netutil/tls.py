"""TLS options, as keyword arguments of old or as a context, go in; contexts and sockets come out."""

import socket as socket_module
import ssl
from typing import Any, cast

_KEYWORDS = frozenset(
    {"ssl_version", "certfile", "keyfile", "cert_reqs", "ca_certs", "ciphers", "password"}
)


def ssl_options_to_context(
    ssl_options: "dict[str, Any] | ssl.SSLContext", server_side: bool | None = None
) -> ssl.SSLContext:
    """Return an `ssl.SSLContext` for `ssl_options`; one that is a context already is returned.

    A client's context verifies the server's certificate, against `ca_certs` or else the system's
    authorities, and its host name, unless ``cert_reqs`` is ``ssl.CERT_NONE``. A server's context
    asks for client certificates only if ``cert_reqs`` says so. TLS below 1.2 is never spoken: an
    older ``ssl_version`` counts as 1.2.

    :param ssl_options: the keys ``certfile``, ``keyfile``, ``password``, ``cert_reqs``,
        ``ca_certs`` (PEM files), ``ciphers`` and ``ssl_version``, as for the former
        ``ssl.wrap_socket``.
    :param server_side: which side the context is for; ``None`` means: a server's if there is a
        ``certfile``, else a client's.
    :raises ValueError: for an unknown key.
    :raises ssl.SSLError: for a certificate, key or cipher that cannot be used; `OSError` for a
        file that cannot be read.

    .. versionadded:: 3.0
    .. versionchanged:: 6.2
       `server_side`.
    """
    if isinstance(ssl_options, ssl.SSLContext):
        return ssl_options
    unknown = sorted(set(ssl_options) - _KEYWORDS)
    if unknown:
        raise ValueError(
            f"unknown ssl_options {', '.join(unknown)}; expected {', '.join(sorted(_KEYWORDS))}"
        )
    if server_side is None:
        server_side = ssl_options.get("certfile") is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server_side else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ssl_options.get("ssl_version") == getattr(ssl, "PROTOCOL_TLSv1_2", object()):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION
    if ssl_options.get("certfile") is not None:
        context.load_cert_chain(
            ssl_options["certfile"], ssl_options.get("keyfile"), ssl_options.get("password")
        )
    _set_verification(context, ssl_options, server_side)
    if ssl_options.get("ciphers") is not None:
        context.set_ciphers(ssl_options["ciphers"])
    return context


def _set_verification(
    context: ssl.SSLContext, ssl_options: dict[str, Any], server_side: bool
) -> None:
    mode = ssl_options.get("cert_reqs")
    if mode is None:
        mode = ssl.CERT_NONE if server_side else ssl.CERT_REQUIRED
    context.check_hostname = mode != ssl.CERT_NONE and not server_side
    context.verify_mode = mode
    if ssl_options.get("ca_certs") is not None:
        context.load_verify_locations(ssl_options["ca_certs"])
    elif mode != ssl.CERT_NONE:
        context.load_default_certs(
            ssl.Purpose.CLIENT_AUTH if server_side else ssl.Purpose.SERVER_AUTH
        )


def ssl_wrap_socket(
    socket: socket_module.socket,
    ssl_options: "dict[str, Any] | ssl.SSLContext",
    server_hostname: str | None = None,
    server_side: bool | None = None,
    **kwargs: Any,
) -> ssl.SSLSocket:
    """Return an `ssl.SSLSocket` over `socket`, which is detached from its old object.

    :param ssl_options: as for `ssl_options_to_context`.
    :param server_hostname: the name to send to the server and to require of its certificate. If
        it is needed but not given, the address of the connected peer is required instead.
    :param server_side: which side this is; default the client's.
    :param kwargs: passed to ``SSLContext.wrap_socket``.

    .. versionchanged:: 6.2
       `server_side`.
    """
    server_side = bool(server_side)
    context = ssl_options_to_context(ssl_options, server_side=server_side)
    if server_side:
        return context.wrap_socket(socket, server_side=True, **kwargs)
    if server_hostname is None and context.check_hostname:
        server_hostname = _peer_name(socket)
    return context.wrap_socket(socket, server_hostname=server_hostname or None, **kwargs)


def _peer_name(socket: socket_module.socket) -> str | None:
    try:
        peer = socket.getpeername()
    except OSError:
        return None
    return cast(str, peer[0]).partition("%")[0] if isinstance(peer, tuple) else None


SSLCertificateError = ssl.CertificateError
"""A certificate that does not fit; since long a part of the `ssl` module."""


def ssl_match_hostname(cert: dict[str, Any], hostname: str) -> None:
    """Check that `cert`, as `ssl.SSLSocket.getpeercert` returns it, is for `hostname`.

    Contexts of this module do so themselves; this is for code that calls it by hand. RFC 9525:
    only subject alternative names count, a wildcard stands for the whole leftmost label.

    :raises ValueError: if `cert` is empty.
    :raises SSLCertificateError: if it is for other names.
    """
    if not cert:
        raise ValueError("empty certificate: was verification turned off?")
    names = cert.get("subjectAltName", ())
    address = _as_address(hostname)
    for kind, value in names:
        if kind == "DNS" and address is None and _dns_name_matches(value, hostname):
            return
        if kind == "IP Address" and address is not None and _as_address(value.strip()) == address:
            return
    found = ", ".join(repr(value) for _, value in names) or "no name"
    raise SSLCertificateError(f"hostname {hostname!r} doesn't match {found}")


def _as_address(text: str) -> bytes | None:
    for family in (socket_module.AF_INET, socket_module.AF_INET6):
        try:
            return socket_module.inet_pton(family, text)
        except (OSError, ValueError):
            continue
    return None


def _dns_name_matches(pattern: str, hostname: str) -> bool:
    pattern, hostname = pattern.lower().rstrip("."), hostname.lower().rstrip(".")
    if pattern == hostname:
        return True
    first, _, rest = pattern.partition(".")
    label, _, domain = hostname.partition(".")
    return first == "*" and rest.count(".") >= 1 and rest == domain and bool(label)


for _function in (ssl_options_to_context, ssl_wrap_socket, ssl_match_hostname):
    _function.__module__ = "tornado.netutil"
