"""Finding an application, and what kind it is."""

import sys

import pytest

from tornado._cli.errors import CommandError
from tornado._cli.targets import load


@pytest.fixture
def find(folder, monkeypatch):
    """Return a function that loads a target of the folder."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def load_target(target, *arguments, **options):
        sys.modules.pop("site_app", None)
        return load(target, *arguments, folder=str(folder), **options)

    yield load_target
    sys.modules.pop("site_app", None)


@pytest.mark.parametrize(
    ("target", "name", "interface"),
    [
        ("site_app:application", "site_app:application", "tornado"),
        ("site_app", "site_app:application", "tornado"),
        ("site_app:make_app", "site_app:make_app", "tornado"),
        ("site_app:asgi", "site_app:asgi", "asgi"),
        ("site_app:wsgi", "site_app:wsgi", "wsgi"),
        ("site_app:function", "site_app:function", "tornado"),
    ],
)
def test_kinds(find, target, name, interface):
    found = find(target)
    assert (found.name, found.interface) == (name, interface)


def test_frameworks(find, folder):
    (folder / "site_app.py").write_text(
        "import flask, starlette.applications\n"
        "class Holder: pass\n"
        "holder = Holder()\n"
        "holder.flask = flask.Flask('x')\n"
        "holder.starlette = starlette.applications.Starlette()\n"
    )
    assert find("site_app:holder.flask").interface == "wsgi"
    assert find("site_app:holder.starlette").interface == "asgi"


def test_the_interface_can_be_said(find):
    assert find("site_app:wsgi", "asgi").interface == "asgi"


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("nope", "no module named 'nope'"),
        ("nope.deeper:app", "no module named 'nope'"),
        ("site_app.py:app", "is the name of a module, not of a file"),
        ("site_app:nope", "module 'site_app' has no attribute 'nope'"),
        ("site_app:number", "site_app:number is int, expected an application"),
        ("site_app:Broken", "is the class Broken"),
        ("os.path:sep", "is str, expected"),
        ("string", "module 'string' has none of application, app"),
        ("site_app:coroutine_factory", "is a coroutine"),
    ],
)
def test_what_is_none(find, target, text):
    with pytest.raises(CommandError, match=text) as caught:
        find(target)
    assert caught.value.status == 3


def test_factories(find):
    assert find("site_app:make_app", is_factory=True).interface == "tornado"
    with pytest.raises(CommandError, match="is no function that makes"):
        find("site_app:number", is_factory=True)


def test_an_error_of_the_module_keeps_its_traceback(find, folder):
    (folder / "site_app.py").write_text("import a_module_that_is_not_there\n")
    with pytest.raises(ModuleNotFoundError, match="a_module_that_is_not_there"):
        find("site_app:app")
