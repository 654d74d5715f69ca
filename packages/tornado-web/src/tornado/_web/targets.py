"""Redirect targets go in; whether a browser would leave this host for them comes out."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# What browsers drop from anywhere in a URL, and from its ends.
_DROPPED = str.maketrans("", "", "\t\r\n")
_TRIMMED = "".join(map(chr, range(0x21)))
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def as_browsers_read(url: str) -> str:
    """Return ``url`` as browsers take it: trimmed, without line ends, backslashes as slashes."""
    return url.translate(_DROPPED).strip(_TRIMMED).replace("\\", "/")


def holds_controls(url: str) -> bool:
    """Tell whether ``url`` has a character that no header can hold."""
    return _CONTROLS.search(url) is not None


def leaves_host(path: str) -> bool:
    """Tell whether a browser may take ``path`` for something else than a path on this host."""
    seen = as_browsers_read(path)
    return not seen.startswith("/") or seen.startswith("//")


def destination(url: str) -> tuple[str, str]:
    """Return the scheme and the host that a browser would go to; empty for "this one"."""
    seen = as_browsers_read(url)
    scheme = ""
    found = _SCHEME.match(seen)
    if found:
        scheme = found.group()[:-1].lower()
        seen = seen[found.end() :]
        if scheme in ("http", "https", "ws", "wss", "ftp", "file"):
            # After these, any number of slashes, even none, begins the host.
            return scheme, _host(seen.lstrip("/"))
        return scheme, seen
    if seen.startswith("//"):
        return "", _host(seen.lstrip("/"))
    return "", ""


def names_host(beginning: str) -> bool:
    """Tell whether a URL that begins so says which host it is for."""
    seen = as_browsers_read(beginning)
    return seen.startswith("//") or _SCHEME.match(seen) is not None


def _host(rest: str) -> str:
    try:
        return urlsplit("//" + rest).netloc.lower()
    except ValueError:
        return rest
