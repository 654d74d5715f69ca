"""A URL goes in; where to connect, what to ask for and who asks come out."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from tornado._core.seam import wrong_type

_DEFAULT_PORTS = {"http": 80, "https": 443, "http+unix": 0}
#: Characters of a URL that is remembered, at most: many fetches ask for few URLs.
_MAX_CACHED = 1024
_CONTROLS = re.compile("[\x00-\x1f\x7f]")
# What stays as it is in a path or query: everything of RFC 3986, and what servers see from browsers.
_SAFE = "!#$%&'()*+,-./:;=?@[]_~|{}^`\"<>\\"
_LITERAL = re.compile(r"[0-9A-Fa-f:.]+(?:%[0-9A-Za-z_.~-]+)?\Z")


_OCTETS = re.compile("[\x80-\xff]")


class Target(NamedTuple):
    """A URL taken apart."""

    #: ``http``, ``https`` or ``http+unix``
    scheme: str
    #: name or address to connect to, without brackets; the path of a Unix socket
    host: str
    #: port to connect to; 0 for a Unix socket
    port: int
    #: what the Host field says
    authority: str
    #: path and query, as the request line has them
    path: str
    #: user name and password in the URL, decoded
    username: str | None
    password: str | None

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must be equal for credentials to go along (RFC 6454)."""
        return self.scheme, self.host, self.port


def parse_url(url: str, allow_unix_sockets: bool | None = False) -> Target:
    """Return the parts of ``url``.

    :param allow_unix_sockets: whether the scheme ``http+unix`` is known.
    :raises ValueError: for another scheme, for a URL without a host, for a port that is none, and
        for control characters.
    """
    if not isinstance(url, str):
        raise wrong_type("fetch()", url, "a URL or an HTTPRequest")
    target = _parse_cached(url) if len(url) <= _MAX_CACHED else _parse(url)
    if target.scheme == "http+unix" and not allow_unix_sockets:
        raise ValueError(
            f"Unsupported url scheme: {url} (unix sockets need allow_unix_sockets=True)"
        )
    return target


def _parse(url: str) -> Target:
    if _CONTROLS.search(url):
        raise ValueError(f"control character in URL {url!r}")
    try:
        parts = urlsplit(url.strip(" "))
    except ValueError as error:
        raise ValueError(f"invalid URL {url!r}: {error}") from None
    scheme = parts.scheme
    if scheme not in _DEFAULT_PORTS:
        raise ValueError(f"Unsupported url scheme: {url}")
    userinfo, _, netloc = parts.netloc.rpartition("@")
    username: str | None
    password: str | None
    username, colon, password = userinfo.partition(":")
    username = unquote(username) if userinfo else None
    password = unquote(password) if colon else None
    host, port = _host_and_port(netloc, url)
    path = parts.path or "/"
    if parts.query or url.partition("#")[0].endswith("?"):
        path = f"{path}?{parts.query}"
    if not path.isascii() or " " in path:
        path = quote(path, safe=_SAFE)
    if scheme == "http+unix":
        return Target(scheme, unquote(host), 0, "localhost", path, username, password)
    default = _DEFAULT_PORTS[scheme]
    host = _ascii_host(host, url)
    authority = f"[{host.partition('%')[0]}]" if ":" in host else host
    if port is not None and port != default:
        authority = f"{authority}:{port}"
    return Target(
        scheme, host, default if port is None else port, authority, path, username, password
    )


_parse_cached = functools.lru_cache(maxsize=256)(_parse)


def _host_and_port(netloc: str, url: str) -> tuple[str, int | None]:
    if netloc.startswith("["):
        host, bracket, rest = netloc[1:].partition("]")
        if not bracket or not _LITERAL.match(host) or ":" not in host:
            raise ValueError(f"invalid address in URL {url!r}")
        if rest and rest[0] != ":":
            raise ValueError(f"invalid port in URL {url!r}")
        port = rest[1:]
    else:
        host, _, port = netloc.partition(":")
    if not host:
        raise ValueError(f"no host in URL {url!r}")
    if not port:
        return host, None
    if not (port.isascii() and port.isdigit()) or len(port) > 5 or int(port) > 65535:
        raise ValueError(f"invalid port in URL {url!r}")
    return host, int(port)


def _ascii_host(host: str, url: str) -> str:
    """Return ``host`` in lower case and, if it is outside ASCII, as IDNA encodes it."""
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise ValueError(f"invalid host name in URL {url!r}: {error}") from error
    if any(character in host for character in ' "<>\\^`{|}/?#@'):
        raise ValueError(f"invalid host name in URL {url!r}")
    # What is percent-encoded is no name of the DNS; it means something to a resolver of the
    # application, which gets it as written.
    return host if is_encoded(host) else host.lower()


def url_of_octets(url: str) -> str:
    """Return a URL that came as bytes, of which each character is one, with those above 0x7F encoded.

    They are encoded as they are, in whatever charset they may be. Only a host name is read as UTF-8,
    to be encoded as IDNA asks for.
    """
    if url.isascii():
        return url
    scheme, separator, rest = url.partition("//")
    if separator and (not scheme or scheme.endswith(":")):
        end = re.search("[/?#]", rest)
        size = len(rest) if end is None else end.start()
        try:
            host = rest[:size].encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:
            host = _encoded(rest[:size])
        return _encoded(scheme) + separator + host + _encoded(rest[size:])
    return _encoded(url)


def _encoded(octets: str) -> str:
    return _OCTETS.sub(lambda match: f"%{ord(match[0]):02X}", octets)


def is_encoded(host: str) -> bool:
    """Return whether ``host`` is percent-encoded, and so of no meaning to the usual resolvers."""
    return "%" in host and ":" not in host
