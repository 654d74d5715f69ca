"""The user behind a request, and the language of the response."""

from __future__ import annotations

from typing import Any

from tornado import locale as locales
from tornado._web.decisions import decided
from tornado._web.state import HandlerState


class Identity(HandlerState):
    """The user behind a request."""

    _locale: locales.Locale

    @property
    def current_user(self) -> Any:
        """The authenticated user, or ``None``.

        The first access calls `get_current_user` and keeps its result. ``prepare`` may assign it
        instead, which is the way if finding the user needs to wait.

        :raises TypeError: if `get_current_user` is a coroutine whose result is not known yet.
        """
        if not hasattr(self, "_current_user"):
            self._current_user = decided(self.get_current_user(), self, "get_current_user")
        return self._current_user

    @current_user.setter
    def current_user(self, value: Any) -> None:
        self._current_user = decided(value, self, "current_user")

    def get_current_user(self) -> Any:
        """Return the user, from a cookie for example. Override it.

        It is a plain method: `current_user` cannot wait. Under `authenticated`, which can, a coroutine
        is awaited, and `current_user` is its result from then on.
        """
        return None

    def get_login_url(self) -> str:
        """Return the URL to which `authenticated` redirects anonymous users: the setting ``login_url``."""
        self.require_setting("login_url", "@tornado.web.authenticated")
        url: str = self.application.settings["login_url"]
        return url

    @property
    def locale(self) -> locales.Locale:
        """The `tornado.locale.Locale` of this request: the user's, else the browser's.

        The first access asks `get_user_locale` and then `get_browser_locale`; it may be assigned.

        .. versionchanged:: 4.1
           May be assigned.
        """
        if not hasattr(self, "_locale"):
            chosen = self.get_user_locale()
            self._locale = self.get_browser_locale() if chosen is None else chosen
        return self._locale

    @locale.setter
    def locale(self, value: locales.Locale) -> None:
        self._locale = value

    def get_user_locale(self) -> locales.Locale | None:
        """Return the locale that the user chose. Override it; ``None`` falls back on the browser's."""
        return None

    def get_browser_locale(self, default: str = "en_US") -> locales.Locale:
        """Return the supported locale that fits the request's ``Accept-Language`` best.

        :param default: the code of the locale to use if the header is missing.
        """
        header = self.request.headers.get("Accept-Language")
        if header:
            ranked = []
            for language in header.split(","):
                code, _, parameter = language.partition(";")
                score = _quality(parameter)
                if score > 0:
                    ranked.append((code.strip(), score))
            if ranked:
                ranked.sort(key=lambda pair: pair[1], reverse=True)
                return locales.get(*[code for code, _ in ranked])
        return locales.get(default)


def _quality(parameter: str) -> float:
    """The number of a ``q=`` parameter: 1.0 if there is none, 0.0 if it is not one."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
