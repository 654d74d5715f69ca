"""URLs, authorities and queries go in, taken apart or put together they come out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import AnyStr
from urllib.parse import parse_qsl, urlencode

from tornado.escape import utf8

_ABSOLUTE_FORM = re.compile(r"https?://[^/?#]*(.*)\Z", re.IGNORECASE | re.DOTALL)


def origin_form(target: str) -> str:
    """Return path and query of a request's target, which may be a whole URL."""
    if target[:1] == "/":
        return target
    absolute = _ABSOLUTE_FORM.match(target)
    if absolute is None:
        return target
    rest = absolute.group(1)
    return rest if rest[:1] == "/" else "/" + rest


def url_concat(
    url: str,
    args: Mapping[str, str] | Sequence[tuple[str, str]] | None,
) -> str:
    """Return ``url`` with ``args`` added to its query, in front of a fragment.

    >>> url_concat("http://example.com/foo?a=b", dict(c="d"))
    'http://example.com/foo?a=b&c=d'
    >>> url_concat("/search#top", [("q", "two words"), ("q", "ünïcode")])
    '/search?q=two+words&q=%C3%BCn%C3%AFcode#top'

    :param args: names and values, as a dictionary or as a list or tuple of pairs; ``None`` returns
        ``url`` as it is.
    :raises TypeError: for anything else.

    .. versionchanged:: 6.0
       Fields in the query that have no value are kept.
    """
    if args is None:
        return url
    if isinstance(args, Mapping):
        added = list(args.items())
    elif isinstance(args, (list, tuple)):
        added = list(args)
    else:
        raise TypeError(f"'args' must be a dict, a list or a tuple, not {type(args)}")
    if not added:
        return url
    # By hand: what else there is in the URL stays as it is.
    rest, _, fragment = url.partition("#")
    base, _, query = rest.partition("?")
    query = urlencode([*parse_qsl(query, keep_blank_values=True), *added])
    return f"{base}?{query}#{fragment}" if fragment else f"{base}?{query}"


def split_host_and_port(netloc: str) -> tuple[str, int | None]:
    """Return the host and the port of ``netloc``; the port is ``None`` where it names none.

    >>> split_host_and_port("example.com:8080")
    ('example.com', 8080)
    >>> split_host_and_port("[::1]")
    ('[::1]', None)

    .. versionadded:: 4.1
    """
    host, _, port = netloc.rpartition(":")
    if host and port.isascii() and port.isdigit() and len(port) <= 10:
        if ":" not in host or host[-1] == "]":
            return host, int(port)
    return netloc, None


def qs_to_qsl(qs: Mapping[str, Sequence[AnyStr]]) -> Iterator[tuple[str, AnyStr]]:
    """Yield a pair for each value in a dictionary of lists, such as `urllib.parse.parse_qs` returns.

    >>> list(qs_to_qsl({"a": ["1", "2"], "b": ["3"]}))
    [('a', '1'), ('a', '2'), ('b', '3')]

    .. versionadded:: 5.0
    """
    for name, values in qs.items():
        for value in values:
            yield name, value


def encode_username_password(username: str | bytes, password: str | bytes) -> bytes:
    """Return the two with a colon between them, in UTF-8, as Basic authentication sends them in Base64.

    Text is brought into Unicode's normal form C first (RFC 7617 section 2.1); bytes stay as they
    are.

    .. versionadded:: 5.1
    """
    if isinstance(username, str):
        username = unicodedata.normalize("NFC", username)
    if isinstance(password, str):
        password = unicodedata.normalize("NFC", password)
    return utf8(username) + b":" + utf8(password)


for _exported in (url_concat, split_host_and_port, qs_to_qsl, encode_username_password):
    _exported.__module__ = "tornado.httputil"
