"""A field name as somebody spelt it goes in; its one normal form (``Content-Type``) comes out.

Names that were normalised once are remembered in a table of bounded size. It only ever holds valid
names, so what is found in it needs no further check.
"""

from __future__ import annotations

import re

from tornado._httputil.errors import HTTPInputError

#: RFC 9110 section 5.6.2: what a field name, a method, and a parameter's name consist of. As a part of
#: other patterns; and the pattern for a whole text.
TOKEN_TEXT = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
TOKEN = re.compile(TOKEN_TEXT + r"\Z")

#: Names learned beyond this count push the earlier learned ones out.
MAX_LEARNED_NAMES = 1024

#: Longer names are normalised each time.
MAX_LEARNED_LENGTH = 64

_COMMON = """
    Accept Accept-Charset Accept-Encoding Accept-Language Accept-Ranges
    Access-Control-Allow-Credentials Access-Control-Allow-Headers Access-Control-Allow-Methods
    Access-Control-Allow-Origin Access-Control-Expose-Headers Access-Control-Max-Age
    Access-Control-Request-Headers Access-Control-Request-Method Age Allow Alt-Svc Authorization
    Cache-Control Connection Content-Disposition Content-Encoding Content-Language Content-Length
    Content-Location Content-Range Content-Security-Policy Content-Transfer-Encoding Content-Type
    Cookie Date Dnt Etag Expect Expires Forwarded From Host If-Match If-Modified-Since If-None-Match
    If-Range If-Unmodified-Since Keep-Alive Last-Modified Link Location Max-Forwards Origin Pragma
    Priority Proxy-Authenticate Proxy-Authorization Proxy-Connection Range Referer Referrer-Policy
    Retry-After Sec-Ch-Ua Sec-Ch-Ua-Mobile Sec-Ch-Ua-Platform Sec-Fetch-Dest Sec-Fetch-Mode
    Sec-Fetch-Site Sec-Fetch-User Sec-Websocket-Accept Sec-Websocket-Extensions Sec-Websocket-Key
    Sec-Websocket-Protocol Sec-Websocket-Version Server Set-Cookie Strict-Transport-Security Te
    Trailer Transfer-Encoding Upgrade Upgrade-Insecure-Requests User-Agent Vary Via Warning
    Www-Authenticate X-Consumed-Content-Encoding X-Content-Type-Options X-Forwarded-For
    X-Forwarded-Host X-Forwarded-Port X-Forwarded-Proto X-Frame-Options X-Http-Method-Override
    X-Real-Ip X-Request-Id X-Requested-With X-Scheme X-Xsrftoken
""".split()

_BUILT_IN = {name.lower(): name for name in _COMMON} | {name: name for name in _COMMON}
_BUILT_IN |= {
    "DNT": "Dnt",
    "ETag": "Etag",
    "TE": "Te",
    "WWW-Authenticate": "Www-Authenticate",
    "X-Real-IP": "X-Real-Ip",
    "X-XSRFToken": "X-Xsrftoken",
} | {
    f"Sec-WebSocket-{word}": f"Sec-Websocket-{word}"
    for word in ("Accept", "Extensions", "Key", "Protocol", "Version")
}

#: Spelling to normal form; `normal_form` and `valid_name` fill it. Hot paths look here first.
KNOWN: dict[str, str] = dict(_BUILT_IN)


def _form(name: str) -> str:
    return "-".join([word.capitalize() for word in name.split("-")])


def _learn(name: str, normal: str) -> None:
    if len(name) <= MAX_LEARNED_LENGTH:
        if len(KNOWN) >= len(_BUILT_IN) + MAX_LEARNED_NAMES:
            # In place: others hold the dictionary, and its `get`.
            KNOWN.clear()
            KNOWN.update(_BUILT_IN)
        KNOWN[name] = normal


def normal_form(name: str) -> str:
    """Return ``name`` with the first letter of each word in upper case and the others in lower case.

    The name is not checked: what is no token only fails to be remembered.
    """
    known = KNOWN.get(name)
    if known is not None:
        return known
    normal = _form(name)
    if TOKEN.match(name):
        _learn(name, normal)
    return normal


def valid_name(name: str) -> str:
    """Return the normal form of ``name``.

    :raises HTTPInputError: if it is no token (empty, or with white space, a control or another
        character).
    """
    known = KNOWN.get(name)
    if known is not None:
        return known
    if not TOKEN.match(name):
        raise HTTPInputError(f"Invalid header name {name[:60]!r}")
    normal = _form(name)
    _learn(name, normal)
    return normal
