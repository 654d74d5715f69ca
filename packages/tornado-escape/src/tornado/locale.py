"""Locale codes and translation files go in; translated messages and dates, numbers, lists come out.

To get a user's locale and translate a message::

    user_locale = tornado.locale.get("es_LA")
    print(user_locale.translate("Sign out"))

`get` returns the closest locale that there are translations for, not always the one asked for.
`Locale.translate` also chooses between singular and plural::

    people = [...]
    message = user_locale.translate(
        "%(list)s is online", "%(list)s are online", len(people))
    print(message % {"list": user_locale.list(people)})

The first message is taken if ``len(people) == 1``, the second otherwise.

Translations are loaded once, at start-up, by `load_translations` (CSV files) or
`load_gettext_translations` (``.mo`` files). Without either, messages stay as they are.

What is known of languages (their names, direction, and use of commas) is from the Unicode CLDR.
"""

import os
from collections.abc import Iterable, Sequence
from datetime import date as _Date
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tornado._core.seam import legacy as _legacy
from tornado._locale.codes import close_codes, normalized
from tornado._locale.csvfile import read_translations
from tornado._locale.dates import clock_time, date_message, moment
from tornado._locale.languages import language, languages
from tornado.log import gen_log

if TYPE_CHECKING:
    import gettext

    #: For each known locale code a dictionary with ``name`` and ``name_en``, the name in English.
    LOCALE_NAMES: dict[str, dict[str, str]]

__all__ = [
    "CONTEXT_SEPARATOR",
    "LOCALE_NAMES",
    "CSVLocale",
    "GettextLocale",
    "Locale",
    "get",
    "get_supported_locales",
    "load_gettext_translations",
    "load_translations",
    "set_default_locale",
]

#: What stands between context and message in gettext's files.
CONTEXT_SEPARATOR = "\x04"

_default_locale = "en_US"
_translations: dict[str, Any] = {}
_supported_locales: frozenset[str] = frozenset([_default_locale])
_use_gettext = False


def __getattr__(name: str) -> Any:
    if name == "LOCALE_NAMES":
        # Made when asked for: few programs need it, and it holds more than a thousand locales.
        names = {
            code: {"name_en": known.english_name, "name": known.name}
            for code, known in languages().items()
        }
        globals()["LOCALE_NAMES"] = names
        return names
    return _legacy.find(__name__, name)


def get(*locale_codes: str | None) -> "Locale":
    """Return the closest supported locale for codes of locales, which are tried in order.

    For each, the locale itself is taken if it is supported, else one that differs by less:
    ``es`` for ``es_GT``. If there is none, the next code is tried, and at last the default locale
    (``en_US``, unless `set_default_locale` says otherwise) is returned.

    :param locale_codes: with underscores or dashes, in any case; empty ones are passed over.
    """
    return Locale.get_closest(*locale_codes)


def set_default_locale(code: str) -> None:
    """Set the locale that messages in the program's source are in, and that `get` falls back on.

    It needs no translations: they lead from this locale to others.
    """
    global _default_locale, _supported_locales
    _default_locale = code
    _supported_locales = frozenset([*_translations, code])


def load_translations(directory: str | os.PathLike[str], encoding: str | None = None) -> None:
    """Load translations from the CSV files of a directory.

    Each file is named by its locale: ``es_GT.csv``. Its rows have two or three columns: message,
    translation and, where the message has both forms, ``singular`` or ``plural``::

        "I love you","Te amo"
        "%(name)s liked this","A %(name)s les gustó esto","plural"
        "%(name)s liked this","A %(name)s le gustó esto","singular"

    It is the ``csv`` module's default dialect, without spaces after commas. Messages may have named
    placeholders, which translations may use in another order. ``unknown`` in the third column is
    the same as nothing.

    Rows that make no sense are logged with their file and line and left out; so are files whose
    names are no locale codes. Translations that were loaded before are dropped.

    :param encoding: of the files; if left out, UTF-8 or, by its byte order mark, UTF-16.
    :raises OSError: if the directory or a file cannot be read.
    :raises UnicodeDecodeError: if a file is not in the encoding.

    .. versionchanged:: 4.3
       Added ``encoding``, and recognises UTF-16 and byte order marks.
    """
    loaded: dict[str, dict[str, dict[str, str]]] = {}
    for name in sorted(os.listdir(directory)):
        stem, extension = os.path.splitext(name)
        if extension != ".csv":
            continue
        path = os.path.join(directory, name)
        code = normalized(stem)
        if code is None:
            gen_log.error("%s: %r is not a locale code such as es_GT", path, stem)
            continue
        loaded[code] = read_translations(path, encoding)
    _use(loaded, with_gettext=False)


def load_gettext_translations(directory: str | os.PathLike[str], domain: str) -> None:
    """Load translations from gettext's tree of ``.mo`` files.

    The tree is like the system's ``/usr/share/locale``:
    ``{directory}/{locale}/LC_MESSAGES/{domain}.mo``. To make it:

    1. Extract messages:
       ``xgettext --language=Python --keyword=_:1,2 -d mydomain file1.py file2.html``
    2. Merge them into existing translations: ``msgmerge old.po mydomain.po > new.po``
    3. Compile: ``msgfmt new.po -o {directory}/pt_BR/LC_MESSAGES/mydomain.mo``

    A locale with a region falls back on its language where a message is missing. A file that cannot
    be loaded is logged and left out, and without the directory there are no translations, which is
    logged as well. Translations that were loaded before are dropped.
    """
    # Here, since gettext takes long to load and only some programs use its files.
    from gettext import GNUTranslations

    loaded: dict[str, GNUTranslations] = {}
    try:
        codes = sorted(os.listdir(directory))
    except OSError as error:
        gen_log.warning("no translations: cannot read the directory %s: %s", directory, error)
        codes = []
    for code in codes:
        path = os.path.join(directory, code, "LC_MESSAGES", f"{domain}.mo")
        if code.startswith(".") or not os.path.isfile(path):
            continue
        try:
            with open(path, "rb") as file:
                loaded[code] = GNUTranslations(file)
        except Exception as error:
            # What a damaged file raises is not documented; the others are still good.
            gen_log.error("cannot load translations from %s: %s", path, error)
    for code, translations in loaded.items():
        shorter = code.rpartition("_")[0]
        if shorter in loaded:
            translations.add_fallback(loaded[shorter])
    _use(loaded, with_gettext=True)


def _use(loaded: dict[str, Any], with_gettext: bool) -> None:
    global _translations, _supported_locales, _use_gettext
    _translations = loaded
    _supported_locales = frozenset([*loaded, _default_locale])
    _use_gettext = with_gettext
    Locale._cache = {}
    gen_log.debug("supported locales: %s", sorted(_supported_locales))


def get_supported_locales() -> Iterable[str]:
    """Return the codes of all locales that were loaded, and of the default locale."""
    return _supported_locales


class Locale:
    """A locale: its translations, and its ways with dates, numbers and lists.

    `get` and `get_closest` return the locale for a code; do not make objects yourself. This class
    itself translates nothing; see `CSVLocale` and `GettextLocale`.

    :ivar code: the locale's code, such as ``pt_BR``.
    :ivar name: the locale's name in its own language; ``"Unknown"`` if it is not known.
    :ivar rtl: whether the language is written from right to left.
    """

    _cache: "dict[str, Locale]" = {}

    def __init__(self, code: str, translations: Any = None) -> None:
        self.code = code
        self.translations = translations
        self._language = language(code)
        # An application may have changed the names it asked for.
        named = globals().get("LOCALE_NAMES", {}).get(code)
        self.name: str = self._language.name if named is None else named["name"]
        self.rtl = self._language.rtl

    @classmethod
    def get_closest(cls, *locale_codes: str | None) -> "Locale":
        """Return the closest supported locale for the codes; see `tornado.locale.get`."""
        for code in locale_codes:
            if not code:
                continue
            for close in close_codes(code):
                if close in _supported_locales:
                    return cls.get(close)
        return cls.get(_default_locale)

    @classmethod
    def get(cls, code: str) -> "Locale":
        """Return the locale for exactly this code; it is the same object each time.

        :raises UnsupportedLocaleError: if it is not supported.
        """
        try:
            locale = Locale._cache.get(code)
        except AttributeError:
            # Programs that reset the cache, tests mostly, delete the attribute.
            Locale._cache = {}
            locale = None
        if locale is not None:
            return locale
        if code not in _supported_locales:
            supported = ", ".join(sorted(_supported_locales))
            raise UnsupportedLocaleError(f"locale {code!r} is not one of {supported}")
        translations = _translations.get(code)
        if _use_gettext and translations is not None:
            locale = GettextLocale(code, translations)
        else:
            locale = CSVLocale(code, translations or {})
        Locale._cache[code] = locale
        return locale

    def translate(
        self, message: str, plural_message: str | None = None, count: int | None = None
    ) -> str:
        """Return the translation of a message.

        :param plural_message: the message to translate instead if ``count`` is not 1.
        :param count: required with ``plural_message``.
        :return: the translation, or the message itself where there is none.
        :raises TypeError: if ``plural_message`` is given without ``count``.
        """
        return _chosen(message, plural_message, count)

    def pgettext(
        self,
        context: str,
        message: str,
        plural_message: str | None = None,
        count: int | None = None,
    ) -> str:
        """Return the translation of a message that means different things in different contexts.

        Only gettext's files hold contexts; elsewhere this is as `translate`.

        :param context: the context, as in the ``msgctxt`` of the translation file.

        .. versionadded:: 4.2
        """
        return self.translate(message, plural_message, count)

    def format_date(
        self,
        date: "int | float | datetime | _Date",
        gmt_offset: int = 0,
        relative: bool = True,
        shorter: bool = False,
        full_format: bool = False,
    ) -> str:
        """Return a date and time as people say it: "2 minutes ago", "yesterday at 3:30 pm".

        It is meant for the past. A date in the future is shown in full, but for one that is less
        than a minute ahead: clocks differ, so it counts as now.

        :param date: a time, or seconds since 1970; without a time zone it is in UTC.
        :param gmt_offset: minutes by which the reader's clock is behind UTC (negative: ahead), as
            JavaScript's ``getTimezoneOffset`` gives them.
        :param relative: whether "ago" and "yesterday" may be used.
        :param shorter: leave the time of day out where a day is told.
        :param full_format: always tell month, day and year: "July 10, 1980".
        """
        then = moment(date)
        offset = timedelta(minutes=gmt_offset)
        phrase = date_message(
            then, datetime.now(timezone.utc), offset, relative, shorter, full_format
        )
        translated = self.translate(phrase.message, phrase.plural_message, phrase.number)
        return translated % (phrase.values or self._parts(then - offset))

    def format_day(
        self, date: "int | float | datetime | _Date", gmt_offset: int = 0, dow: bool = True
    ) -> str:
        """Return a date as a day: "Monday, January 22".

        :param date: as for `format_date`.
        :param gmt_offset: as for `format_date`.
        :param dow: whether to tell the day of the week.
        """
        local = moment(date) - timedelta(minutes=gmt_offset)
        message = "%(weekday)s, %(month_name)s %(day)s" if dow else "%(month_name)s %(day)s"
        return self.translate(message) % self._parts(local)

    def _parts(self, local: datetime) -> dict[str, str]:
        return {
            "month_name": self._months[local.month - 1],
            "weekday": self._weekdays[local.weekday()],
            "day": str(local.day),
            "year": str(local.year),
            "time": clock_time(local, self._language.clock),
        }

    @cached_property
    def _months(self) -> "list[str]":
        months = "January February March April May June July August September October November"
        return [self.translate(month) for month in [*months.split(), "December"]]

    @cached_property
    def _weekdays(self) -> "list[str]":
        days = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
        return [self.translate(day) for day in days.split()]

    def list(self, parts: Sequence[Any]) -> str:
        """Return items as a list: "A, B and C", "A and B", or "A"."""
        if len(parts) < 2:
            return str(parts[0]) if parts else ""
        return self.translate("%(commas)s and %(last)s") % {
            "commas": self._language.separator.join(str(part) for part in parts[:-1]),
            "last": parts[-1],
        }

    def friendly_number(self, value: int) -> str:
        """Return an integer with commas between groups of digits: "1,000,000".

        In languages that do not use commas for that the digits stand alone. India's languages and
        its English have groups of two above the lowest three: "10,00,000".
        """
        size = self._language.group
        if size == 3 and type(value) is int:
            return f"{value:,}"
        text = str(value)
        sign = "-" if text.startswith("-") else ""
        digits, point, fraction = text.removeprefix("-").partition(".")
        if not size or not digits.isdigit() or len(digits) <= 3:
            return text
        high, low = digits[:-3], digits[-3:]
        first = len(high) % size
        groups = [high[:first]] if first else []
        groups += [high[i : i + size] for i in range(first, len(high), size)]
        return sign + ",".join([*groups, low]) + point + fraction


class CSVLocale(Locale):
    """A locale with translations from `load_translations`: tables by plural indicator."""

    def __init__(self, code: str, translations: dict[str, dict[str, str]]) -> None:
        super().__init__(code, translations)

    def translate(
        self, message: str, plural_message: str | None = None, count: int | None = None
    ) -> str:
        """Return the translation of a message; see `Locale.translate`.

        A message with both forms is looked up among rows of the form that ``count`` asks for,
        then among those for both.
        """
        tables = self.translations
        if plural_message is not None:
            message = _chosen(message, plural_message, count)
            found = tables.get("singular" if count == 1 else "plural", {}).get(message)
            if found is not None:
                return str(found)
        return str(tables.get("unknown", {}).get(message, message))

    def pgettext(
        self,
        context: str,
        message: str,
        plural_message: str | None = None,
        count: int | None = None,
    ) -> str:
        """Return the translation of a message, whatever the context: CSV files hold none."""
        if self.translations and not self.__dict__.setdefault("_warned", False):
            self.__dict__["_warned"] = True
            gen_log.warning("translations from CSV files have no contexts: pgettext ignores them")
        return self.translate(message, plural_message, count)


class GettextLocale(Locale):
    """A locale with translations from `load_gettext_translations`: an object of `gettext`."""

    def __init__(self, code: str, translations: "gettext.NullTranslations") -> None:
        super().__init__(code, translations)

    def translate(
        self, message: str, plural_message: str | None = None, count: int | None = None
    ) -> str:
        """Return the translation of a message; see `Locale.translate`.

        Which of a language's plural forms ``count`` asks for, the translation file says.
        """
        if plural_message is None:
            return str(self.translations.gettext(message))
        _chosen(message, plural_message, count)
        return str(self.translations.ngettext(message, plural_message, count))

    def pgettext(
        self,
        context: str,
        message: str,
        plural_message: str | None = None,
        count: int | None = None,
    ) -> str:
        """Return the translation of a message in a context.

        .. versionadded:: 4.2
        """
        if plural_message is None:
            return str(self.translations.pgettext(context, message))
        _chosen(message, plural_message, count)
        return str(self.translations.npgettext(context, message, plural_message, count))


class UnsupportedLocaleError(LookupError, AssertionError):
    """`Locale.get` was asked for a locale that is not supported.

    It is a failed assertion too, which is what releases before 7 raised.
    """


def _chosen(message: str, plural_message: str | None, count: int | None) -> str:
    if plural_message is None:
        return message
    if count is None:
        raise TypeError("a plural message needs a count")
    return message if count == 1 else plural_message
