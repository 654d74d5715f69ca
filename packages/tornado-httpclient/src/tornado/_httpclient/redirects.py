"""A request and a redirect go in; the request that follows comes out (RFC 9110 section 15.4)."""

from __future__ import annotations

import copy
from urllib.parse import urljoin, urlsplit

from tornado._httpclient.settings import Settings
from tornado._httpclient.urls import Target, parse_url, url_of_octets
from tornado.httputil import HTTPHeaders

_CODES = frozenset({301, 302, 303, 307, 308})

#: What describes the content, which is not sent again.
_CONTENT_FIELDS = (
    "Content-Length",
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Content-Range",
    "Transfer-Encoding",
    "Expect",
)

#: What another origin must not learn.
SECRET_FIELDS = ("Authorization", "Cookie", "Proxy-Authorization", "Www-Authenticate", "Cookie2")


def is_redirect(settings: Settings, code: int, headers: HTTPHeaders) -> bool:
    """Tell whether a response of this status is to be followed."""
    return bool(
        code in _CODES
        and settings.follow_redirects
        and settings.max_redirects
        and settings.max_redirects > 0
        and "Location" in headers
    )


def follow(settings: Settings, target: Target, code: int, headers: HTTPHeaders) -> Settings:
    """Return the parameters of the next request. The Host field is made anew.

    303 turns into GET, as does a POST whose response is 301 or 302. To another origin, or
    from https to http, go neither credentials nor cookies, nor a client certificate.

    :raises ValueError: if the Location is no URL of http or https.
    """
    locations = headers.get_list("Location")
    url = urljoin(settings.url, url_of_octets(locations[0]))
    if "#" not in url and "#" in settings.url:
        # RFC 9110 section 10.2.2: the fragment is inherited.
        url = f"{url}#{settings.url.partition('#')[2]}"
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"Unsupported url scheme in redirect: {url[:200]!r}")
    following = copy.copy(settings)
    following.url = url
    following.max_redirects = settings.max_redirects - 1
    following._headers = settings._headers.copy()
    following._headers.pop("Host", None)
    method = settings.method
    if (code == 303 and method != "HEAD") or (code in (301, 302) and method == "POST"):
        following.method = "GET"
        following._body = None
        following._body_producer = None
        following.expect_100_continue = False
        for name in _CONTENT_FIELDS:
            following._headers.pop(name, None)
    new_target = parse_url(url)
    if new_target.origin != target.origin:
        for name in SECRET_FIELDS:
            following._headers.pop(name, None)
        following.auth_username = following.auth_password = None
        following.client_cert = following.client_key = None
    elif target.username is not None and new_target.username is None:
        following.auth_username, following.auth_password = target.username, target.password
    return following
