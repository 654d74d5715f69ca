"""Public names: listed, there, and known by their public module."""

import importlib
import inspect

import pytest

MODULES = [
    "tornado.autoreload",
    "tornado.iostream",
    "tornado.netutil",
    "tornado.process",
    "tornado.tcpclient",
    "tornado.tcpserver",
]


@pytest.mark.parametrize("name", MODULES)
def test_all_is_what_is_there(name):
    module = importlib.import_module(name)
    assert list(module.__all__) == sorted(module.__all__)
    for public in module.__all__:
        found = getattr(module, public)
        if inspect.isclass(found) or inspect.isfunction(found):
            assert found.__module__ in (name, "tornado.tcpserver", "ssl", "subprocess")
            assert inspect.getdoc(found)
        if inspect.isclass(found) and found.__module__ == name:
            for attribute, value in vars(found).items():
                if inspect.isfunction(value) and not attribute.startswith("_"):
                    assert inspect.getdoc(value), f"{public}.{attribute} has no docstring"


@pytest.mark.parametrize("name", MODULES)
def test_nothing_public_is_forgotten(name):
    module = importlib.import_module(name)
    defined = {
        public
        for public, value in vars(module).items()
        if not public.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == name
    }
    assert defined <= set(module.__all__)
