"""The user and the locale of a request."""

import pytest

from tornado import locale
from tornado.web import Application, RequestHandler


def run(memory, action, headers=None, **hooks):
    class Handler(RequestHandler):
        def get(self):
            action(self)
            self.write("fine")

    for name, hook in hooks.items():
        setattr(Handler, name, hook)
    assert memory.request(Application([("/", Handler)]), headers=headers).body == b"fine"


def test_nobody(memory):
    def action(h):
        assert not hasattr(h, "_current_user")
        assert h.current_user is None
        assert h._current_user is None

    run(memory, action)


def test_asked_once(memory):
    asked = []

    def get_current_user(self):
        asked.append(self)
        return "me"

    def action(h):
        assert h.current_user == "me"
        assert h.current_user == "me"
        assert h._current_user == "me"
        h.current_user = "you"
        assert h.current_user == "you"

    run(memory, action, get_current_user=get_current_user)
    assert len(asked) == 1


def test_set_in_prepare(memory):
    def prepare(self):
        self.current_user = "me"

    def get_current_user(self):
        raise AssertionError("prepare knows")

    def action(h):
        assert h.current_user == "me"

    run(memory, action, prepare=prepare, get_current_user=get_current_user)


@pytest.fixture
def languages():
    locale.load_translations  # noqa: B018  the module is there
    saved = locale._translations, locale._supported_locales
    locale._translations = {"fr_FR": {"unknown": {"school": "\u00e9cole"}}, "es": {"unknown": {}}}
    locale._supported_locales = frozenset(["fr_FR", "es", "en_US"])
    yield
    locale._translations, locale._supported_locales = saved


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        (None, "en_US"),
        ("fr-FR", "fr_FR"),
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr_FR"),
        ("en-US;q=0.5, es-AR;q=0.9", "es"),
        ("es;q=0, fr-FR;q=0.1", "fr_FR"),
        ("de", "en_US"),
        ("es;q=x", "en_US"),
        ("es;x=1", "en_US"),
        ("", "en_US"),
        (",;,", "en_US"),
    ],
)
def test_browser_locale(memory, languages, accepted, code):
    def action(h):
        assert h.locale.code == code
        assert h.locale is h.locale
        assert h.get_browser_locale().code == code

    run(memory, action, {} if accepted is None else {"Accept-Language": accepted})


def test_default_of_get_browser_locale(memory, languages):
    def action(h):
        assert h.get_browser_locale("fr_FR").code == "fr_FR"

    run(memory, action)


def test_user_locale(memory, languages):
    def get_user_locale(self):
        return locale.get("fr_FR")

    def action(h):
        assert h.locale.translate("school") == "\u00e9cole"
        h.locale = locale.get("es")
        assert h.locale.code == "es"

    run(memory, action, {"Accept-Language": "es"}, get_user_locale=get_user_locale)
