"""The modules keep what they promise: names, where they come from, and the size of the rooms."""

import inspect
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import tornado.middleware
import tornado.routing
import tornado.web

ROOMS = Path(tornado.web.__file__).parent


@pytest.mark.parametrize("module", [tornado.web, tornado.routing, tornado.middleware])
def test_all(module):
    assert module.__all__ == sorted(
        module.__all__, key=lambda n: (n.upper() != n, n[0].islower(), n)
    )
    for name in module.__all__:
        exported = getattr(module, name)
        # (Before Python 3.11 an alias such as Callable[..., X] passes for a class.)
        is_alias = typing.get_origin(exported) is not None
        if not is_alias and (inspect.isclass(exported) or inspect.isfunction(exported)):
            assert exported.__module__ in ("tornado.web", "tornado.routing", "tornado.middleware")
            assert exported.__doc__


def test_own_module():
    assert tornado.web.RequestHandler.__module__ == "tornado.web"
    assert tornado.web.authenticated.__module__ == "tornado.web"
    assert tornado.web.url is tornado.web.URLSpec
    assert tornado.routing.URLSpec is tornado.web.URLSpec
    assert repr(tornado.web.Application) == "<class 'tornado.web.Application'>"


@pytest.mark.parametrize("module", [tornado.web, tornado.routing, tornado.middleware])
def test_public_methods_are_documented(module):
    for name in module.__all__:
        cls = getattr(module, name)
        if inspect.isclass(cls):
            for attribute, value in vars(cls).items():
                if inspect.isfunction(value) and not attribute.startswith("_"):
                    overrides = any(hasattr(base, attribute) for base in cls.__mro__[1:])
                    assert value.__doc__ or overrides, f"{name}.{attribute}"


def test_rooms_are_small():
    for folder in ("_web", "_routing"):
        for path in (ROOMS / folder).glob("*.py"):
            source = path.read_text()
            assert source.count("\n") <= 600, path.name
            assert source.startswith('"""'), path.name


@pytest.mark.parametrize(
    "room",
    sorted(
        f"tornado.{folder}.{path.stem}"
        for folder in ("_web", "_routing")
        for path in (ROOMS / folder).glob("*.py")
        if path.stem != "__init__"
    ),
)
def test_rooms_import_alone(room):
    """In a process of its own, where nothing else was imported before."""
    program = f"import {room}, sys; assert {room!r} in sys.modules"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_slow_modules_are_imported_when_they_are_used():
    slow = ("http.client", "email", "mimetypes", "gettext", "multiprocessing")
    program = f"import sys, tornado.web; print([name for name in {slow!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
