"""Tokens and origins go in; requests that another site made a browser send are refused.

A token is 16 random bytes. It travels in one of two forms:

version 1
    the bytes in hex
version 2
    ``2|hex(mask)|hex(token xor mask)|seconds``, with four random bytes of mask, so that the text
    differs in each page and cannot be guessed from the length of compressed pages (BREACH)
"""

from __future__ import annotations

import binascii
import hmac
import os
import time
from typing import Any
from urllib.parse import urlsplit

from tornado._core.seam import printable
from tornado._web.arguments import Arguments
from tornado._web.cookies import Cookies
from tornado._web.decisions import decided
from tornado._web.errors import HTTPError
from tornado._web.identity import Identity
from tornado._web.signing import _get_version
from tornado.escape import utf8
from tornado.log import gen_log

_TOKEN_BYTES = 16
_MASK_BYTES = 4

#: Methods that change nothing and so may come from anywhere.
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))

RawToken = tuple["int | None", "bytes | None", "float | None"]


class XSRFProtection(Arguments, Cookies, Identity):
    """Protection against cross-site request forgery."""

    _xsrf_token: bytes
    _raw_xsrf_token: RawToken

    @property
    def xsrf_token(self) -> bytes:
        """The token of this user, for a form or a header; the cookie is set if it is not there.

        The text differs from page to page though the token stays the same. The setting
        ``xsrf_cookie_version`` chooses the form of the token (2 by default),
        ``xsrf_cookie_kwargs`` holds further arguments of `set_cookie`, and
        ``xsrf_cookie_name`` the cookie's name, ``_xsrf`` by default.

        .. versionchanged:: 3.2.2
           The token is masked; ``xsrf_cookie_version``.
        .. versionchanged:: 4.3
           ``xsrf_cookie_kwargs``.
        .. versionchanged:: 6.3
           ``xsrf_cookie_name``.
        """
        if not hasattr(self, "_xsrf_token"):
            version, token, timestamp = self._get_raw_xsrf_token()
            assert token is not None
            assert timestamp is not None
            settings = self.settings
            output_version = settings.get("xsrf_cookie_version", 2)
            if output_version == 1:
                self._xsrf_token = binascii.b2a_hex(token)
            elif output_version == 2:
                mask = os.urandom(_MASK_BYTES)
                self._xsrf_token = b"|".join(
                    (
                        b"2",
                        binascii.b2a_hex(mask),
                        binascii.b2a_hex(_apply_mask(mask, token)),
                        utf8(str(int(timestamp))),
                    )
                )
            else:
                raise ValueError(f"unknown xsrf cookie version {output_version!r}")
            if version is None:
                kwargs = settings.get("xsrf_cookie_kwargs", {})
                if self.current_user and "expires_days" not in kwargs:
                    kwargs = dict(kwargs, expires_days=30)
                self.set_cookie(self._xsrf_cookie_name(), self._xsrf_token, **kwargs)
        return self._xsrf_token

    def xsrf_form_html(self) -> str:
        """Return a hidden ``<input/>`` with the token, to be put into every form that posts.

        In a template::

            {% module xsrf_form_html() %}
        """
        # The token is hex digits and bars: nothing to escape.
        token = self.xsrf_token.decode("ascii")
        return f'<input type="hidden" name="_xsrf" value="{token}"/>'

    def check_xsrf_cookie(self) -> None:
        """Refuse a request whose token is not that of its cookie.

        Called before ``prepare`` for every method but GET, HEAD and OPTIONS if the setting
        ``xsrf_cookies`` is true. The token comes as the argument ``_xsrf`` or in the header
        ``X-XSRFToken`` or ``X-CSRFToken``. Override it to do nothing for an API whose clients do
        not authenticate with cookies.

        :raises HTTPError: 403.

        .. versionchanged:: 1.1.1
           ``X-Requested-With`` makes no exception.
        .. versionchanged:: 3.2.2
           Tokens of version 2; those of version 1 are still accepted.
        """
        headers = self.request.headers
        given = (
            self.get_argument("_xsrf", None)
            or headers.get("X-Xsrftoken")
            or headers.get("X-Csrftoken")
        )
        if not given:
            raise HTTPError(403, "'_xsrf' argument missing from POST")
        _, token, _ = self._decode_xsrf_token(given)
        if not token:
            raise HTTPError(403, "'_xsrf' argument has invalid format")
        _, expected, _ = self._get_raw_xsrf_token()
        if not expected or not hmac.compare_digest(token, expected):
            raise HTTPError(403, "XSRF cookie does not match POST argument")

    def check_trusted_origin(self, origin: str) -> bool:
        """Tell whether pages of another origin may send requests that change something.

        Asked if the setting ``cross_origin_protection`` is true. By default those listed in the
        setting ``trusted_origins`` may. Override it to decide otherwise.

        :param origin: such as ``https://www.example.com``, or ``null``.

        .. versionadded:: 6.6
        """
        return origin in self.settings.get("trusted_origins", ())

    def _check_cross_origin(self) -> None:
        """Refuse a request that a page of another origin sent.

        Browsers say so in ``Sec-Fetch-Site``, which no page can set; those that do not know
        it send ``Origin``, of which the host is compared. What sends neither is no browser.
        """
        headers = self.request.headers
        site = headers.get("Sec-Fetch-Site")
        origin = headers.get("Origin")
        if site is None:
            if origin is None or _host_of(origin) == headers.get("Host", "").lower():
                return
        elif site in ("same-origin", "none"):
            return
        if origin is not None and decided(
            self.check_trusted_origin(origin), self, "check_trusted_origin"
        ):
            return
        if site is None:
            raise HTTPError(403, "Origin %r not allowed", origin)
        shown = None if origin is None else printable(origin)
        raise HTTPError(403, "Sec-Fetch-Site %s & origin %s not allowed", printable(site), shown)

    def _check_forgery(self) -> None:
        """Run the checks that the settings ask for, on a request that may change something."""
        settings = self.application.settings
        if settings.get("xsrf_cookies"):
            # (A coroutine by mistake is what this looks for.)
            result: object = self.check_xsrf_cookie()  # type: ignore[func-returns-value]
            if result is not None:
                decided(result, self, "check_xsrf_cookie")
        if settings.get("cross_origin_protection"):
            self._check_cross_origin()

    def _xsrf_cookie_name(self) -> str:
        name: str = self.settings.get("xsrf_cookie_name", "_xsrf")
        return name

    def _get_raw_xsrf_token(self) -> RawToken:
        """Return ``(version, token, timestamp)`` of the cookie.

        If there is none, a new token is made and the version is ``None``.
        """
        if not hasattr(self, "_raw_xsrf_token"):
            cookie = self.get_cookie(self._xsrf_cookie_name())
            version, token, timestamp = self._decode_xsrf_token(cookie) if cookie else (None,) * 3
            if token is None:
                version, token, timestamp = None, os.urandom(_TOKEN_BYTES), time.time()
            self._raw_xsrf_token = (version, token, timestamp)
        return self._raw_xsrf_token

    def _decode_xsrf_token(self, cookie: Any) -> RawToken:
        """Return ``(version, token, timestamp)`` of a token's text; ``None`` thrice if it is no token."""
        try:
            text = utf8(cookie)
            if _get_version(text) == 2 and text.startswith(b"2|"):
                _, mask_hex, masked, timestamp = text.split(b"|")
                mask = binascii.a2b_hex(mask_hex)
                token = _apply_mask(mask, binascii.a2b_hex(masked))
                return 2, token, int(timestamp)
            if _get_version(text) != 1:
                raise ValueError("unknown xsrf token version")
            try:
                token = binascii.a2b_hex(text)
            except (binascii.Error, TypeError):
                token = text  # releases before 3.2.2 used other alphabets as well
            return 1, token, int(time.time())
        except Exception:
            gen_log.debug("Uncaught exception in _decode_xsrf_token", exc_info=True)
            return None, None, None


def _apply_mask(mask: bytes, data: bytes) -> bytes:
    """Exclusive-or ``data`` with ``mask``, repeated."""
    if len(mask) != _MASK_BYTES:
        raise ValueError(f"a mask has {_MASK_BYTES} bytes, not {len(mask)}")
    repeated = mask * (len(data) // len(mask) + 1)
    size = len(data)
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(repeated[:size], "big")
    return mixed.to_bytes(size, "big")


def _host_of(origin: str) -> str | None:
    """The host and port of an origin as a Host header has them."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
