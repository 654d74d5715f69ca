"""Cookies of a client, kept and sent as browsers do (RFC 6265bis).

A `CookieJar` belongs to a `.Session`, or to several. Cookies of a redirect are kept and sent too. What
a server may not set is ignored without an error: cookies for another host or for a public suffix such
as ``co.uk``, secure ones over plain http, and those whose ``__Host-`` or ``__Secure-`` prefix is not
kept to.
"""

from __future__ import annotations

import functools
import importlib
import ipaddress
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tornado._httpclient.urls import Target

#: Bytes of name and value, and of an attribute's value, at most (RFC 6265bis sections 5.6 and 5.7).
_MAX_SIZE = 4096
_MAX_ATTRIBUTE = 1024
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
#: Second-level names under which registries of countries sell domains.
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "gov", "mil", "net", "or", "org"})


@dataclass
class Cookie:
    """One cookie."""

    name: str
    value: str
    #: the host that set it, or the domain that it is for
    domain: str
    path: str = "/"
    #: whether it goes to ``domain`` alone, and not to hosts below it
    host_only: bool = True
    #: whether it goes over https alone
    secure: bool = False
    #: whether a browser would hide it from scripts
    http_only: bool = False
    #: seconds since the epoch; ``None`` means that it lasts as long as the jar
    expires: float | None = None
    #: position in the order in which cookies came
    order: int = 0


class CookieJar:
    """Cookies by domain, path and name.

    :param is_public_suffix: returns whether a domain is one below which strangers register names.
        By default the package ``publicsuffixlist`` is asked where it is installed; else top-level
        domains and the usual second-level ones of countries count.
    :param max_cookies: count of cookies in the jar; the oldest are dropped.
    :param max_per_domain: the same for each domain.
    """

    def __init__(
        self,
        is_public_suffix: Callable[[str], bool] | None = None,
        *,
        max_cookies: int = 3000,
        max_per_domain: int = 180,
    ) -> None:
        self._is_public_suffix = is_public_suffix or _default_public_suffix
        self._max_cookies = max_cookies
        self._max_per_domain = max_per_domain
        self._by_domain: dict[str, dict[tuple[str, str], Cookie]] = {}
        self._order = 0

    def __len__(self) -> int:
        return sum(map(len, self._by_domain.values()))

    def __iter__(self) -> Iterator[Cookie]:
        for cookies in self._by_domain.values():
            yield from list(cookies.values())

    def get(self, name: str, domain: str | None = None) -> str | None:
        """Return the value of a cookie, the newest of that name; ``None`` if there is none."""
        found = [
            cookie
            for cookie in self
            if cookie.name == name and (domain is None or cookie.domain == domain.lower())
        ]
        return max(found, key=lambda cookie: cookie.order).value if found else None

    def set(self, name: str, value: str, domain: str, path: str = "/", **attributes: Any) -> None:
        """Put a cookie into the jar.

        :param attributes: as of `Cookie`.
        :raises ValueError: if name or value cannot be sent.
        """
        if _CONTROLS.search(name + value) or ";" in name + value or "=" in name:
            raise ValueError(f"cookie {name!r} with a character that none may have")
        self._put(Cookie(name, value, domain.lower().lstrip("."), path, **attributes))

    def clear(self) -> None:
        """Drop all cookies."""
        self._by_domain.clear()

    def header_for(self, target: Target) -> str | None:
        """Return the value of the Cookie field for a request; ``None`` if there is none to send."""
        now = time.time()
        host = target.host.rstrip(".")
        path = target.path.partition("?")[0]
        found: list[Cookie] = []
        for domain in _domains_of(host):
            cookies = self._by_domain.get(domain)
            if not cookies:
                continue
            for key, cookie in list(cookies.items()):
                if cookie.expires is not None and cookie.expires <= now:
                    del cookies[key]
                elif (
                    (domain == host or not cookie.host_only)
                    and (not cookie.secure or target.scheme == "https")
                    and _path_matches(path, cookie.path)
                ):
                    found.append(cookie)
        if not found:
            return None
        found.sort(key=lambda cookie: (-len(cookie.path), cookie.order))
        return "; ".join(
            f"{cookie.name}={cookie.value}" if cookie.name else cookie.value for cookie in found
        )

    def store(self, target: Target, fields: Iterable[str]) -> None:
        """Take the Set-Cookie ``fields`` of a response to a request for ``target``."""
        for field in fields:
            cookie = self._parse(target, field)
            if cookie is not None:
                self._put(cookie)

    def _put(self, cookie: Cookie) -> None:
        cookies = self._by_domain.setdefault(cookie.domain, {})
        key = (cookie.path, cookie.name)
        known = cookies.pop(key, None)
        if cookie.expires is not None and cookie.expires <= time.time():
            if not cookies:
                del self._by_domain[cookie.domain]
            return
        self._order += 1
        cookie.order = self._order if known is None else known.order
        cookies[key] = cookie
        while len(cookies) > self._max_per_domain:
            del cookies[next(iter(cookies))]
        while len(self) > self._max_cookies:
            oldest = min(self, key=lambda each: each.order)
            del self._by_domain[oldest.domain][oldest.path, oldest.name]

    def _parse(self, target: Target, field: str) -> Cookie | None:
        """Return what a Set-Cookie field says; ``None`` if it is to be ignored."""
        if _CONTROLS.search(field):
            return None
        pair, *attributes = field.split(";")
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = "", pair
        name, value = name.strip(" \t"), value.strip(" \t")
        if len(name) + len(value) > _MAX_SIZE or not name + value:
            return None
        host = target.host.rstrip(".")
        cookie = Cookie(name, value, host, _default_path(target.path))
        has_path = self._read_attributes(cookie, attributes)
        has_domain = not cookie.host_only
        if not self._allows_domain(cookie, host):
            return None
        is_secure = target.scheme == "https"
        if cookie.secure and not is_secure:
            return None
        lower = name.lower()
        if lower.startswith("__secure-") and not cookie.secure:
            return None
        if lower.startswith("__host-") and not (
            cookie.secure and not has_domain and has_path and cookie.path == "/"
        ):
            return None
        if not name and value.lower().startswith(("__secure-", "__host-")):
            return None
        if not is_secure and self._hides_secure(cookie, host):
            return None
        return cookie

    def _read_attributes(self, cookie: Cookie, attributes: list[str]) -> bool:
        """Set what the attributes say; return whether there was a path."""
        has_path = has_max_age = False
        for attribute in attributes:
            name, _, value = attribute.partition("=")
            name, value = name.strip(" \t").lower(), value.strip(" \t")
            if len(value) > _MAX_ATTRIBUTE:
                continue
            if name == "domain" and value:
                cookie.domain, cookie.host_only = value.lower().removeprefix("."), False
            elif name == "path":
                has_path = value.startswith("/")
                if has_path:
                    cookie.path = value
            elif name == "secure":
                cookie.secure = True
            elif name == "httponly":
                cookie.http_only = True
            elif name == "max-age" and re.fullmatch(r"-?[0-9]+", value, re.ASCII):
                has_max_age = True
                seconds = int(value[:12])
                cookie.expires = time.time() + seconds if seconds > 0 else 0.0
            elif name == "expires" and not has_max_age:
                moment = parse_moment(value)
                if moment is not None:
                    cookie.expires = moment
        return has_path

    def _allows_domain(self, cookie: Cookie, host: str) -> bool:
        """Return whether ``host`` may set the cookie; one for a public suffix is for the host alone."""
        if cookie.host_only:
            return True
        domain = cookie.domain
        if domain == host:
            if _is_address(host) or self._is_public_suffix(domain):
                cookie.host_only = True
            return True
        return (
            host.endswith(f".{domain}")
            and not _is_address(host)
            and not self._is_public_suffix(domain)
        )

    def _hides_secure(self, cookie: Cookie, host: str) -> bool:
        """Return whether a cookie from plain http would take the place of a secure one."""
        return any(
            known.secure and known.name == cookie.name and _path_matches(cookie.path, known.path)
            for domain in _domains_of(host)
            for known in self._by_domain.get(domain, {}).values()
        )


def _domains_of(host: str) -> list[str]:
    """Return ``host`` and the domains that it is in."""
    if _is_address(host):
        return [host]
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


@functools.lru_cache(maxsize=256)
def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _default_path(path: str) -> str:
    path = path.partition("?")[0]
    return path.rpartition("/")[0] or "/"


def _path_matches(path: str, cookie_path: str) -> bool:
    return path == cookie_path or (
        path.startswith(cookie_path)
        and (cookie_path.endswith("/") or path[len(cookie_path)] == "/")
    )


def parse_moment(text: str) -> float | None:
    """Return the seconds since the epoch of a date in any form that HTTP knows; ``None`` for another."""
    # Deferred: few cookies have a date, and it loads much.
    from http import cookiejar

    read: Callable[[str], float | None] = cookiejar.http2time  # type: ignore[attr-defined]  # it is there
    try:
        return read(text)
    except (ValueError, OverflowError):
        return None


@functools.cache
def _public_suffixes() -> Any:
    try:
        return importlib.import_module("publicsuffixlist").PublicSuffixList()
    except ImportError:
        return None


def _default_public_suffix(domain: str) -> bool:
    known = _public_suffixes()
    if known is not None:
        return bool(known.is_public(domain))
    labels = domain.split(".")
    return len(labels) < 2 or (
        len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SECOND_LEVEL
    )


for _exported in (Cookie, CookieJar):
    _exported.__module__ = "tornado.httpclient"
