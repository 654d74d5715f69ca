"""`tornado.locale`: loading translations, choosing a locale, and what a locale does."""

import logging
from datetime import date, datetime, timedelta, timezone

import pytest

import tornado.locale
from tornado.locale import CSVLocale, GettextLocale, Locale, UnsupportedLocaleError

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def locale(pristine):
    return pristine


@pytest.fixture
def now(monkeypatch):
    """Make the present `NOW` for the module."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return NOW.astimezone(tz)

    monkeypatch.setattr(tornado.locale, "datetime", Clock)
    return NOW


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.WARNING, "tornado.general")
    return caplog


def test_all():
    assert all(hasattr(tornado.locale, name) for name in tornado.locale.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonesuch'"):
        tornado.locale.nonesuch  # noqa: B018


class TestWithoutTranslations:
    def test_messages_stay_as_they_are(self, locale):
        user_locale = locale.get("es_LA")
        assert user_locale.code == "en_US"
        assert user_locale.translate("Sign out") == "Sign out"
        assert user_locale.pgettext("menu", "Sign out") == "Sign out"

    def test_supported_locales(self, locale):
        assert sorted(locale.get_supported_locales()) == ["en_US"]

    def test_another_default(self, locale):
        locale.set_default_locale("de_DE")
        assert locale.get("es_LA").code == "de_DE"
        assert locale.get().code == "de_DE"
        assert sorted(locale.get_supported_locales()) == ["de_DE"]


MANUAL_CSV = """\
"I love you","Te amo"
"%(name)s liked this","A %(name)s les gustó esto","plural"
"%(name)s liked this","A %(name)s le gustó esto","singular"
"Sign out","Cerrar sesión"
"%(list)s is online","%(list)s está en línea","singular"
"%(list)s are online","%(list)s están en línea","plural"
"%(commas)s and %(last)s","%(commas)s y %(last)s"
"""


class TestManual:
    """Sections 1.10 and 2.5 of the 2.3 manual."""

    @pytest.fixture(autouse=True)
    def loaded(self, locale, write_csv):
        write_csv("es_LA.csv", MANUAL_CSV)
        locale.load_translations(write_csv.directory)

    def test_translate(self, locale):
        user_locale = locale.get("es_LA")
        assert user_locale.translate("Sign out") == "Cerrar sesión"
        assert user_locale.translate("I love you") == "Te amo"
        assert user_locale.translate("not translated") == "not translated"

    @pytest.mark.parametrize(
        ("people", "message"),
        [
            (["Ana"], "Ana está en línea"),
            (["Ana", "Bo"], "Ana y Bo están en línea"),
            (["Ana", "Bo", "Cy"], "Ana, Bo y Cy están en línea"),
        ],
    )
    def test_plural(self, locale, people, message):
        user_locale = locale.get("es_LA")
        text = user_locale.translate("%(list)s is online", "%(list)s are online", len(people))
        assert text % {"list": user_locale.list(people)} == message

    def test_one_message_with_both_forms(self, locale):
        _ = locale.get("es_LA").translate
        message = "%(name)s liked this"
        assert _(message, message, 1) % {"name": "x"} == "A x le gustó esto"
        assert _(message, message, 2) % {"name": "x"} == "A x les gustó esto"

    def test_plural_without_translation(self, locale):
        _ = locale.get("en_US").translate
        singular, plural = "A person liked this", "%(num)d people liked this"
        assert _(singular, plural, 1) % {"num": 1} == "A person liked this"
        assert _(singular, plural, 0) % {"num": 0} == "0 people liked this"
        assert _(singular, plural, 5) % {"num": 5} == "5 people liked this"

    def test_a_plural_message_needs_a_count(self, locale):
        for code in ("es_LA", "en_US"):
            with pytest.raises(TypeError, match="a plural message needs a count"):
                locale.get(code).translate("x", "y")

    def test_supported_locales(self, locale):
        assert sorted(locale.get_supported_locales()) == ["en_US", "es_LA"]

    def test_the_closest_is_taken(self, locale, write_csv):
        # The user's locale is es_GT, and es is supported.
        write_csv("es.csv", "Sign out,Salir")
        locale.load_translations(write_csv.directory)
        assert locale.get("es_GT").translate("Sign out") == "Salir"

    def test_codes_are_tried_in_order(self, locale):
        assert locale.get("fr_FR", "es_LA", "en_US").code == "es_LA"
        assert locale.get("fr_FR", "de").code == "en_US"

    def test_name(self, locale):
        assert locale.get("es_LA").name == "Español"
        assert locale.get("en_US").name == "English (US)"


class TestLoading:
    def test_the_file_names(self, locale, write_csv, logged):
        for name in ("es-419.csv", "PT_br.csv", "sr_Latn_RS.csv", "de.csv", "ca_ES_valencia.csv"):
            write_csv(name, "a,b")
        path = write_csv("not a locale.csv", "a,b")
        write_csv("readme.txt", "x")
        write_csv("fr.csv~", "x")
        locale.load_translations(write_csv.directory)
        assert sorted(locale.get_supported_locales()) == [
            "ca_ES_valencia",
            "de",
            "en_US",
            "es_419",
            "pt_BR",
            "sr_Latn_RS",
        ]
        assert logged.messages == [f"{path}: 'not a locale' is not a locale code such as es_GT"]

    def test_state(self, locale, write_csv):
        write_csv("fr.csv", "a,b\nc,d,plural")
        locale.load_translations(write_csv.directory)
        assert locale._translations == {"fr": {"unknown": {"a": "b"}, "plural": {"c": "d"}}}
        assert locale._supported_locales == {"en_US", "fr"}
        assert locale._use_gettext is False
        assert Locale._cache == {}
        assert locale.get("fr") is Locale._cache["fr"]

    def test_what_was_loaded_before_is_dropped(self, locale, write_csv, tmp_path_factory):
        write_csv("fr.csv", "a,b")
        locale.load_translations(write_csv.directory)
        assert locale.get("fr").translate("a") == "b"
        write_csv("fr.csv", "a,c")
        locale.load_translations(write_csv.directory)
        assert locale.get("fr").translate("a") == "c"
        locale.load_translations(str(tmp_path_factory.mktemp("empty")))
        assert locale.get("fr").code == "en_US"

    def test_encoding(self, locale, write_csv):
        write_csv("fr.csv", "school,école", "latin-1")
        locale.load_translations(write_csv.directory, encoding="latin-1")
        assert locale.get("fr").translate("school") == "école"

    def test_a_directory_that_is_not_there(self, locale, tmp_path):
        with pytest.raises(FileNotFoundError):
            locale.load_translations(tmp_path / "nonesuch")

    def test_path_objects(self, locale, write_csv, tmp_path):
        write_csv("fr.csv", "a,b")
        locale.load_translations(tmp_path)
        assert locale.get("fr").translate("a") == "b"


class TestCSVLocale:
    def test_rows_for_both_forms_serve_plurals(self):
        tables = {"unknown": {"%(n)d new": "%(n)d neu"}}
        german = CSVLocale("de", tables)
        assert german.translate("%(n)d new", "%(n)d new", 5) == "%(n)d neu"
        assert german.translate("%(n)d new", "%(n)d new", 1) == "%(n)d neu"

    def test_pgettext_ignores_contexts_and_says_so_once(self, logged):
        german = CSVLocale("de", {"unknown": {"right": "rechts"}, "plural": {"clubs": "Vereine"}})
        assert german.pgettext("direction", "right") == "rechts"
        assert german.pgettext("sports", "club", "clubs", 2) == "Vereine"
        assert len(logged.records) == 1

    def test_pgettext_without_translations_says_nothing(self, logged):
        assert CSVLocale("en_US", {}).pgettext("direction", "right") == "right"
        assert logged.records == []


class TestCache:
    def test_programs_that_reset_the_cache_may_delete_it(self, locale):
        first = locale.Locale.get("en_US")
        del locale.Locale._cache
        try:
            second = locale.Locale.get("en_US")
        finally:
            if "_cache" not in vars(locale.Locale):
                locale.Locale._cache = {}
        assert second is not first
        assert locale.get("en_US") is second

    def test_loading_makes_a_new_cache(self, locale, tmp_path):
        del locale.Locale._cache
        locale.load_translations(tmp_path)
        assert locale.Locale._cache == {}
        del locale.Locale._cache
        locale.load_gettext_translations(tmp_path, "domain")
        assert locale.get("en_US").code == "en_US"


class TestGettext:
    def test_a_directory_that_is_not_there(self, locale, tmp_path, logged):
        locale.load_gettext_translations(tmp_path / "nonesuch", "domain")
        assert locale.get("fr").code == "en_US"
        assert [record.levelname for record in logged.records] == ["WARNING"]
        assert "nonesuch" in logged.text

    @pytest.fixture
    def loaded(self, locale, write_mo):
        write_mo(
            "fr_FR",
            {
                "school": "école",
                "right": "à droite",
                ("%(n)d cat", "%(n)d cats"): ("%(n)d chat", "%(n)d chats"),
                "law\x04right": "le droit",
                "good\x04right": "le bien",
                ("organization\x04club", "clubs"): ("le club", "les clubs"),
                ("stick\x04club", "clubs"): ("le bâton", "les bâtons"),
            },
            plural="nplurals=2; plural=n > 1;",
        )
        locale.load_gettext_translations(write_mo.directory, "test")
        return locale

    def test_translate(self, loaded):
        french = loaded.get("fr_FR")
        assert isinstance(french, GettextLocale)
        assert french.translate("school") == "école"
        assert french.translate("not there") == "not there"

    def test_plural_forms_are_the_languages_own(self, loaded):
        _ = loaded.get("fr_FR").translate
        assert [_("%(n)d cat", "%(n)d cats", n) % {"n": n} for n in (0, 1, 2)] == [
            "0 chat",
            "1 chat",
            "2 chats",
        ]
        with pytest.raises(TypeError, match="needs a count"):
            _("%(n)d cat", "%(n)d cats")

    def test_pgettext(self, loaded):
        french = loaded.get("fr_FR")
        assert french.pgettext("law", "right") == "le droit"
        assert french.pgettext("good", "right") == "le bien"
        assert french.pgettext("nonesuch", "right") == "right"
        assert french.pgettext("organization", "club", "clubs", 1) == "le club"
        assert french.pgettext("organization", "club", "clubs", 2) == "les clubs"
        assert french.pgettext("stick", "club", "clubs", 1) == "le bâton"
        assert french.pgettext("stick", "club", "clubs", 2) == "les bâtons"
        assert french.pgettext("nonesuch", "club", "clubs", 2) == "clubs"
        with pytest.raises(TypeError, match="needs a count"):
            french.pgettext("stick", "club", "clubs")

    def test_state(self, loaded):
        assert loaded._use_gettext is True
        assert loaded._supported_locales == {"en_US", "fr_FR"}
        assert type(loaded.get("en_US")) is CSVLocale

    def test_the_language_serves_where_the_region_has_nothing(self, locale, write_mo):
        write_mo("pt", {"a": "pt a", "b": "pt b"})
        write_mo("pt_BR", {"a": "br a"})
        locale.load_gettext_translations(write_mo.directory, "test")
        _ = locale.get("pt_BR").translate
        assert (_("a"), _("b"), _("c")) == ("br a", "pt b", "c")

    def test_damaged_and_missing_files(self, locale, write_mo, tmp_path, logged):
        write_mo("fr", {"a": "b"})
        path = write_mo("de", {"a": "c"})
        path.write_bytes(b"not a mo file")
        write_mo("it", {"a": "d"}, domain="other")
        (tmp_path / ".svn" / "LC_MESSAGES").mkdir(parents=True)
        (tmp_path / "messages.pot").write_text("")
        locale.load_gettext_translations(write_mo.directory, "test")
        assert sorted(locale.get_supported_locales()) == ["en_US", "fr"]
        [message] = logged.messages
        assert message.startswith(f"cannot load translations from {path}: ")

    def test_names_with_modifiers(self, locale, write_mo):
        write_mo("sr@latin", {"a": "b"})
        locale.load_gettext_translations(write_mo.directory, "test")
        assert locale.get("sr@latin").translate("a") == "b"


class TestChoosing:
    @pytest.fixture(autouse=True)
    def supported(self, locale, monkeypatch):
        codes = ["en_US", "de", "pt_BR", "pt_PT", "zh_CN", "zh_Hant", "he", "nb", "sr_Latn"]
        monkeypatch.setattr(locale, "_supported_locales", frozenset(codes))

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ("de", "de"),
            ("DE", "de"),
            ("de_AT", "de"),
            ("de-at", "de"),
            ("pt-br", "pt_BR"),
            ("PT_pt", "pt_PT"),
            ("zh-CN", "zh_CN"),
            ("zh-Hans", "zh_CN"),
            ("zh-Hans-CN", "zh_CN"),
            ("zh-TW", "zh_Hant"),
            ("zh-HK", "zh_Hant"),
            ("zh_Hant_TW", "zh_Hant"),
            ("iw-IL", "he"),
            ("no", "nb"),
            ("sr-Latn-RS", "sr_Latn"),
            ("sr_RS", "en_US"),
            ("en", "en_US"),
            ("fr", "en_US"),
            ("*", "en_US"),
            ("", "en_US"),
            ("x" * 100_000, "en_US"),
            ("../../etc/passwd", "en_US"),
        ],
    )
    def test_closest(self, locale, asked, code):
        assert locale.get(asked).code == code
        assert Locale.get_closest(asked).code == code

    def test_none_is_passed_over(self, locale):
        assert locale.get(None, "de").code == "de"
        assert locale.get(None).code == "en_US"

    def test_exactly(self):
        assert Locale.get("de").code == "de"
        assert Locale.get("de") is Locale.get("de")
        for kind in (UnsupportedLocaleError, LookupError, AssertionError):
            with pytest.raises(kind, match="locale 'de_AT' is not one of de, en_US, "):
                Locale.get("de_AT")


class TestNames:
    def test_locale_names(self):
        names = tornado.locale.LOCALE_NAMES
        assert names["es_LA"] == {"name_en": "Spanish", "name": "Español"}
        assert names["en_US"] == {"name_en": "English (US)", "name": "English (US)"}
        assert names["ja_JP"]["name"] == "日本語"
        assert tornado.locale.LOCALE_NAMES is names

    def test_an_application_may_add_names(self):
        names = tornado.locale.LOCALE_NAMES
        names["tlh"] = {"name_en": "Klingon", "name": "tlhIngan Hol"}
        try:
            assert Locale("tlh").name == "tlhIngan Hol"
        finally:
            del names["tlh"]

    def test_unknown(self):
        unknown = Locale("qq_QQ")
        assert (unknown.name, unknown.rtl) == ("Unknown", False)
        assert unknown.list(["a", "b", "c"]) == "a, b and c"
        assert unknown.friendly_number(12345) == "12345"

    @pytest.mark.parametrize(
        ("code", "rtl"),
        [("ar", True), ("ar_AR", True), ("he_IL", True), ("fa_IR", True), ("ur", True)]
        + [("en_US", False), ("az", False), ("az_Arab", True), ("pa_PK", True), ("pa_IN", False)],
    )
    def test_right_to_left(self, code, rtl):
        assert Locale(code).rtl is rtl


class TestBaseClass:
    def test_it_translates_nothing(self):
        plain = Locale("en_US")
        assert plain.translate("a") == "a"
        assert plain.translate("a", "b", 2) == "b"
        assert plain.pgettext("context", "a", "b", 1) == "a"

    def test_older_signature(self):
        assert Locale("en_US", {"a": "b"}).translations == {"a": "b"}

    def test_own_subclasses(self, now):
        class Shouting(Locale):
            def translate(self, message, plural_message=None, count=None):
                return super().translate(message, plural_message, count).replace("Satur", "SATUR")

        assert Shouting("en_US").format_day(NOW) == "SATURday, November 21"


class TestDates:
    @pytest.fixture
    def english(self):
        return Locale("en_US")

    @pytest.mark.parametrize(
        ("age", "text"),
        [
            (timedelta(0), "0 seconds ago"),
            (timedelta(seconds=1), "1 second ago"),
            (timedelta(seconds=49), "49 seconds ago"),
            (timedelta(seconds=50), "1 minute ago"),
            (timedelta(minutes=2), "2 minutes ago"),
            (timedelta(minutes=50), "1 hour ago"),
            (timedelta(hours=5), "5 hours ago"),
            (timedelta(hours=26), "yesterday at 10:30 am"),
            (timedelta(days=2), "Thursday at 12:30 pm"),
            (timedelta(days=5), "November 16 at 12:30 pm"),
            (timedelta(days=333), "December 23 at 12:30 pm"),
            (timedelta(days=334), "December 22, 2025 at 12:30 pm"),
            (timedelta(seconds=-59), "0 seconds ago"),
            (timedelta(seconds=-60), "November 21, 2026 at 12:31 pm"),
            (timedelta(days=-2), "November 23, 2026 at 12:30 pm"),
        ],
    )
    def test_relative(self, english, now, age, text):
        assert english.format_date(now - age) == text

    def test_not_relative(self, english, now):
        assert english.format_date(now, relative=False) == "12:30 pm"
        yesterday = now - timedelta(days=1)
        assert english.format_date(yesterday, relative=False) == "Friday at 12:30 pm"

    def test_shorter(self, english, now):
        assert english.format_date(now - timedelta(days=1), shorter=True) == "yesterday"
        assert english.format_date(now - timedelta(days=2), shorter=True) == "Thursday"
        assert english.format_date(now - timedelta(days=9), shorter=True) == "November 12"
        assert english.format_date(now + timedelta(days=9), shorter=True) == "November 30, 2026"

    def test_full(self, english):
        date_ = datetime(1980, 7, 10, 0, 5)
        assert english.format_date(date_, full_format=True) == "July 10, 1980 at 12:05 am"
        assert english.format_date(date_, full_format=True, shorter=True) == "July 10, 1980"

    def test_positional_arguments(self, english):
        date_ = datetime(1980, 7, 10, 18, 35)
        assert english.format_date(date_, 60, False, True, True) == "July 10, 1980"

    @pytest.mark.parametrize(
        "moment",
        [
            datetime(2013, 4, 28, 18, 35),
            datetime(2013, 4, 28, 18, 35, tzinfo=timezone.utc),
            datetime(2013, 4, 28, 20, 35, tzinfo=timezone(timedelta(hours=2))),
            1367174100,
            1367174100.5,
        ],
    )
    def test_kinds_of_moments(self, english, moment):
        assert english.format_date(moment, full_format=True) == "April 28, 2013 at 6:35 pm"
        assert english.format_date(moment, gmt_offset=-330, full_format=True) == (
            "April 29, 2013 at 12:05 am"
        )
        assert english.format_day(moment) == "Sunday, April 28"

    def test_a_date_without_time(self, english):
        assert english.format_day(date(2013, 4, 28)) == "Sunday, April 28"
        assert english.format_date(date(2013, 4, 28), full_format=True, shorter=True) == (
            "April 28, 2013"
        )

    def test_the_readers_yesterday(self, english, now):
        # 26 hours before half past noon; eleven hours behind it is still the day before yesterday.
        then = now - timedelta(hours=26)
        assert english.format_date(then, gmt_offset=11 * 60) == "Thursday at 11:30 pm"

    def test_day(self, english):
        moment = datetime(2013, 1, 22, 1, 0)
        assert english.format_day(moment) == "Tuesday, January 22"
        assert english.format_day(moment, dow=False) == "January 22"
        assert english.format_day(moment, gmt_offset=120) == "Monday, January 21"

    @pytest.mark.parametrize(
        ("code", "time"),
        [("en_US", "6:35 pm"), ("en", "6:35 pm"), ("en_AU", "6:35 pm"), ("en_GB", "18:35")]
        + [("de_DE", "18:35"), ("zh_CN", "下午6:35"), ("zh_TW", "18:35"), ("qq", "18:35")],
    )
    def test_clocks(self, code, time):
        text = Locale(code).format_date(datetime(2013, 4, 28, 18, 35), full_format=True)
        assert text == f"April 28, 2013 at {time}"

    def test_translated(self, now):
        tables = {
            "unknown": {
                "Thursday": "Donnerstag",
                "%(weekday)s at %(time)s": "%(weekday)s um %(time)s",
                "%(weekday)s, %(month_name)s %(day)s": "%(weekday)s, %(day)s. %(month_name)s",
                "January": "Januar",
            },
            "plural": {"%(minutes)d minutes ago": "vor %(minutes)d Minuten"},
        }
        german = CSVLocale("de", tables)
        assert german.format_date(now - timedelta(days=2)) == "Donnerstag um 12:30"
        assert german.format_date(now - timedelta(minutes=4)) == "vor 4 Minuten"
        assert german.format_day(datetime(2026, 1, 22)) == "Donnerstag, 22. Januar"


class TestLists:
    @pytest.mark.parametrize(
        ("parts", "text"),
        [
            ([], ""),
            (["A"], "A"),
            (["A", "B"], "A and B"),
            (["A", "B", "C"], "A, B and C"),
            (("A", "B", "C", "D"), "A, B, C and D"),
            ([1, 2, 3], "1, 2 and 3"),
        ],
    )
    def test_english(self, parts, text):
        assert Locale("en_US").list(parts) == text

    @pytest.mark.parametrize(
        ("code", "text"),
        [
            ("fa_IR", "A و B and C"),
            ("zh_CN", "A、B and C"),
            ("ja", "A、B and C"),
            ("ur_PK", "A، B and C"),
            ("de_DE", "A, B and C"),
        ],
    )
    def test_commas_of_languages(self, code, text):
        assert Locale(code).list(["A", "B", "C"]) == text


class TestNumbers:
    @pytest.mark.parametrize(
        ("number", "text"),
        [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (12345, "12,345"),
            (123456, "123,456"),
            (1000000, "1,000,000"),
            (-999, "-999"),
            (-1234, "-1,234"),
            (1234.5, "1,234.5"),
            (1e30, "1e+30"),
            ("12345", "12,345"),
        ],
    )
    def test_english(self, number, text):
        assert Locale("en_US").friendly_number(number) == text

    @pytest.mark.parametrize(
        ("code", "text"),
        [
            ("en", "1,234,567"),
            ("en_GB", "1,234,567"),
            ("ja_JP", "1,234,567"),
            ("en_IN", "12,34,567"),
            ("hi_IN", "12,34,567"),
            ("de_DE", "1234567"),
            ("fr_FR", "1234567"),
            ("es_ES", "1234567"),
            ("es_MX", "1,234,567"),
        ],
    )
    def test_languages(self, code, text):
        assert Locale(code).friendly_number(1234567) == text
