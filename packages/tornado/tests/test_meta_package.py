"""The meta-package: it brings every distribution of the table, and holds nothing itself."""

import importlib
from importlib.metadata import files, requires, version

import pytest

import tornado

MODULES = [
    "auth", "autoreload", "concurrent", "escape", "gen", "http1connection", "http1engine",
    "httpclient",
    "httpserver", "httputil", "ioloop", "iostream", "locale", "locks", "log", "netutil", "options",
    "platform", "platform.asyncio", "process", "queues", "routing", "simple_httpclient",
    "stack_context", "tcpclient", "tcpserver", "template", "testing", "util", "web", "websocket",
    "wsgi",
    "asgi",
    "broadcast",
    "cli",
]  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_every_module_is_there(name):
    module = importlib.import_module(f"tornado.{name}")
    assert module.__doc__


def test_lazy_modules():
    assert tornado.web is importlib.import_module("tornado.web")


def test_version():
    assert tornado.version == version("tornado") == version("tornado-core")
    assert tornado.version_info > (6, 99)


def test_it_holds_no_code():
    assert [path for path in files("tornado") or [] if path.suffix == ".py"] == []


def test_it_requires_the_others_compatibly():
    names = [row.split("~=")[0].strip() for row in requires("tornado") or [] if ";" not in row]
    assert len(names) == 16
    assert "tornado-database" not in names
