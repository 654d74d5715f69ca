"""What the public modules export."""

import importlib

import pytest

MODULES = [
    "tornado.concurrent",
    "tornado.gen",
    "tornado.ioloop",
    "tornado.locks",
    "tornado.platform.asyncio",
    "tornado.platform.auto",
    "tornado.platform.common",
    "tornado.platform.epoll",
    "tornado.platform.interface",
    "tornado.platform.posix",
    "tornado.platform.select",
    "tornado.queues",
    "tornado.stack_context",
]


@pytest.mark.parametrize("name", MODULES)
def test_all_lists_what_is_there(name):
    module = importlib.import_module(name)
    assert [n for n in module.__all__ if not hasattr(module, n)] == []


@pytest.mark.parametrize("name", MODULES)
def test_exports_name_the_public_module(name):
    module = importlib.import_module(name)
    elsewhere = {"TimeoutError", "FUTURES", "Multi", "ReturnValueIgnoredError"}
    private = [
        n
        for n in module.__all__
        if n not in elsewhere and getattr(module, n).__module__.startswith("tornado._loop")
    ]
    assert [n for n in private if callable(getattr(module, n))] == []


def test_one_timeout_error():
    from tornado import gen, ioloop, util

    assert gen.TimeoutError is util.TimeoutError
    assert ioloop.TimeoutError is util.TimeoutError
