"""Cookies: reading those of the request, setting those of the response, signed or not."""

from __future__ import annotations

import datetime
import http.cookies
import re
from typing import TYPE_CHECKING, Any, overload

from tornado import httputil
from tornado._web.signing import (
    create_signed_value,
    decode_signed_value,
    get_signature_key_version,
)
from tornado._web.state import HandlerState
from tornado.escape import native_str

CookieError = http.cookies.CookieError

# What ends or splits a cookie or a header, and what a header cannot hold at all. (In a value, `http.cookies`
# quotes the rest.)
_UNSAFE_VALUE = re.compile(r"[\x00-\x20]|[^\x00-\xff]")
# What `http.cookies` takes as a name: a token, or one with a colon.
_NAME = re.compile(r"[\w!#$%&'*+\-.^`|~:]+", re.ASCII)
_UNSAFE_ATTRIBUTE = re.compile(r"[\x00-\x20;\x7f]|[^\x00-\xff]")


class _Morsel(http.cookies.Morsel):  # type: ignore[type-arg]  # generic in the stubs only
    """A cookie with its attributes, those included that older Pythons do not know."""

    _reserved = {
        **http.cookies.Morsel._reserved,  # type: ignore[attr-defined]  # not in the stubs
        "partitioned": "Partitioned",
    }
    _flags = {*http.cookies.Morsel._flags, "partitioned"}  # type: ignore[attr-defined]  # as above


class Cookies(HandlerState):
    """The cookies of a request and of its response."""

    _new_cookie: http.cookies.SimpleCookie

    @property
    def cookies(self) -> http.cookies.SimpleCookie:
        """The request's cookies: an alias of ``self.request.cookies``."""
        return self.request.cookies

    @overload
    def get_cookie(self, name: str, default: str) -> str: ...

    @overload
    def get_cookie(self, name: str, default: None = None) -> str | None: ...

    def get_cookie(self, name: str, default: str | None = None) -> str | None:
        """Return the value of the request's cookie called ``name``, else ``default``.

        A cookie that was set during this request is not seen.
        """
        morsel = self.request.cookies.get(name)
        return default if morsel is None else morsel.value

    def set_cookie(
        self,
        name: str,
        value: str | bytes,
        domain: str | None = None,
        expires: float | tuple[Any, ...] | datetime.datetime | None = None,
        path: str = "/",
        expires_days: float | None = None,
        *,
        max_age: int | None = None,
        httponly: bool = False,
        secure: bool = False,
        samesite: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Set a cookie; one set before under the same name in this response is replaced.

        :param name: its name.
        :param value: ``str`` or ``bytes``: characters of Latin-1 but spaces and control characters.
        :param domain: attribute ``Domain``.
        :param expires: attribute ``Expires``: a datetime, a time tuple, or seconds since the epoch.
        :param path: attribute ``Path``.
        :param expires_days: days from now until it expires, if ``expires`` is not given.
        :param max_age: attribute ``Max-Age``, in whole seconds; other numbers are cut off.
        :param httponly: attribute ``HttpOnly``.
        :param secure: attribute ``Secure``.
        :param samesite: attribute ``SameSite``: ``"Lax"``, ``"Strict"`` or ``"None"``.
        :param kwargs: further attributes, in any case, such as ``partitioned=True`` or ``HttpOnly=True``.
        :raises ValueError: if the value has characters that no cookie may hold, or ``max_age`` is no
            number.
        :raises http.cookies.CookieError: if the name or an attribute has such characters, or the
            attribute is unknown.

        .. versionchanged:: 2.1
           ``max_age``.
        .. versionchanged:: 2.3
           A second cookie of the same name replaces the first.
        """
        name = native_str(name)
        value = native_str(value)
        if _UNSAFE_VALUE.search(value):
            # Quoting would save a value here, but not what browsers make of it.
            raise ValueError(f"Invalid cookie {name!r}: {value!r}")
        if not _is_name(name):
            raise CookieError(f"Invalid cookie attribute name={name!r} for cookie {name!r}")
        attributes: dict[str, Any] = {"domain": domain or None, "path": path or None}
        if expires_days is not None and not expires:
            now = datetime.datetime.now(datetime.timezone.utc)
            expires = now + datetime.timedelta(days=expires_days)
        attributes.update(max_age=max_age, samesite=samesite or None)
        attributes.update(httponly=httponly, secure=secure)
        # Names that were given with capitals came this way, and count.
        attributes.update(kwargs)
        morsel = _Morsel()
        jar = http.cookies.SimpleCookie()
        morsel.set(name, *jar.value_encode(value))
        for given, attribute in attributes.items():
            key = given.lower().replace("_", "-")
            if attribute is None or attribute is False:
                continue
            if key == "max-age":
                attribute = int(
                    attribute
                )  # browsers ignore anything else (RFC 6265, section 5.2.2)
            if _UNSAFE_ATTRIBUTE.search(str(attribute)):
                raise CookieError(
                    f"Invalid cookie attribute {given}={attribute!r} for cookie {name!r}"
                )
            morsel[key] = attribute
        if expires:
            morsel["expires"] = httputil.format_timestamp(expires)
        if not hasattr(self, "_new_cookie"):
            self._new_cookie = jar
        self._new_cookie.pop(name, None)
        self._new_cookie[name] = morsel

    if not TYPE_CHECKING:
        # Declared in `HandlerState`: path and domain by position, as releases up to 6.2 take them, are
        # nothing that overriding methods need to take.
        def clear_cookie(self, name, path="/", domain=None, **kwargs):
            """Delete the cookie called ``name`` in the browser.

            Path, domain and the attributes in ``kwargs`` must be those it was set with.

            :raises TypeError: if ``expires``, ``expires_days`` or ``max_age`` is among them.

            .. versionchanged:: 6.3
               ``kwargs``.
            """
            self._clear_cookie(name, path, domain, kwargs)

        def clear_all_cookies(self, path="/", domain=None, **kwargs):
            """Delete all cookies that came with this request.

            The arguments are those of `clear_cookie`; cookies set with others are not deleted. Nor are those
            whose names cannot be written, which others set for this host.

            .. versionchanged:: 3.2
               ``path`` and ``domain``.
            """
            for name in list(self.request.cookies):
                if _is_name(name):
                    self.clear_cookie(name, path=path, domain=domain, **kwargs)

    def _clear_cookie(
        self, name: str, path: str, domain: str | None, kwargs: dict[str, Any]
    ) -> None:
        for excluded in ("expires", "expires_days", "max_age"):
            if excluded in kwargs:
                raise TypeError(f"clear_cookie() got an unexpected keyword argument '{excluded}'")
        past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=365)
        self.set_cookie(name, value="", path=path, expires=past, domain=domain, **kwargs)

    def set_signed_cookie(
        self,
        name: str,
        value: str | bytes,
        expires_days: float | None = 30,
        version: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Set a cookie that nobody else can make: signed, with the time of signing in it.

        The setting ``cookie_secret`` is needed: a long random string, or a dict of such keys by
        version, of which the setting ``key_version`` names the one that signs.

        :param name: its name.
        :param value: ``str`` or ``bytes``, any bytes at all.
        :param expires_days: how long the browser keeps it; ``None`` for its session. How
            long it is valid is a parameter of `get_signed_cookie`.
        :param version: the format; see `create_signed_value`.
        :param kwargs: what else `set_cookie` takes.

        .. versionadded:: 6.3
           As ``set_secure_cookie`` since 1.0, which is the same.
        """
        self.set_cookie(
            name,
            self.create_signed_value(name, value, version=version),
            expires_days=expires_days,
            **kwargs,
        )

    set_secure_cookie = set_signed_cookie

    def create_signed_value(
        self, name: str, value: str | bytes, version: int | None = None
    ) -> bytes:
        """Sign a value as `set_signed_cookie` does, without setting a cookie.

        To read it, give it to `get_signed_cookie` as ``value``.
        """
        self.require_setting("cookie_secret", "secure cookies")
        secret = self.application.settings["cookie_secret"]
        key_version = None
        if isinstance(secret, dict):
            if self.application.settings.get("key_version") is None:
                raise Exception("key_version setting must be used for secret_key dicts")
            key_version = self.application.settings["key_version"]
        return create_signed_value(secret, name, value, version=version, key_version=key_version)

    def get_signed_cookie(
        self,
        name: str,
        value: str | None = None,
        max_age_days: float = 31,
        min_version: int | None = None,
    ) -> bytes | None:
        """Return what a signed cookie holds, or ``None`` if it is missing or invalid.

        :param name: its name.
        :param value: the signed value, if it came otherwise than as the cookie.
        :param max_age_days: the age in days past which it is invalid.
        :param min_version: lowest format to accept; see `decode_signed_value`.

        .. versionadded:: 6.3
           As ``get_secure_cookie`` since 1.0, which is the same.
        """
        self.require_setting("cookie_secret", "secure cookies")
        if value is None:
            value = self.get_cookie(name)
        return decode_signed_value(
            self.application.settings["cookie_secret"],
            name,
            value,
            max_age_days=max_age_days,
            min_version=min_version,
        )

    get_secure_cookie = get_signed_cookie

    def get_signed_cookie_key_version(self, name: str, value: str | None = None) -> int | None:
        """Return the version of the key that signed a cookie, ``None`` if there is none.

        .. versionadded:: 6.3
           As ``get_secure_cookie_key_version`` since 4.3, which is the same.
        """
        self.require_setting("cookie_secret", "secure cookies")
        if value is None:
            value = self.get_cookie(name)
        if value is None:
            return None
        return get_signature_key_version(value)

    get_secure_cookie_key_version = get_signed_cookie_key_version


def _is_name(name: str) -> bool:
    """Return whether a cookie of this name can be written; `http.cookies` reserves the attributes' names."""
    return _NAME.fullmatch(name) is not None and not _Morsel().isReservedKey(name)
