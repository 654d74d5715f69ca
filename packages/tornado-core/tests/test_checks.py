"""Errors for arguments of a wrong type name function, type given and types taken."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tornado import util
from tornado._core.seam import check_callback, not_callable, wrong_type
from tornado.options import OptionParser


def test_wording():
    error = wrong_type("utf8()", 3, "str, bytes or None")
    assert isinstance(error, TypeError)
    assert str(error) == "utf8() takes str, bytes or None, got int"


def test_awaitables():
    async def fetch():
        pass

    coroutine = fetch()
    try:
        error = wrong_type("write()", coroutine, "str")
        assert str(error) == "write() takes str, got coroutine: did you forget await?"
    finally:
        coroutine.close()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: util.import_object(b"json"),
            "import_object() takes a dotted name as str, got bytes",
        ),
        (lambda: util.timedelta_to_seconds(3), "timedelta_to_seconds() takes a timedelta, got int"),
        (lambda: OptionParser().define(3), "define() takes a name as str, got int"),
        (
            lambda: OptionParser().define("x", type="int"),
            "the type of define() takes a class or function, got str",
        ),
        (
            lambda: OptionParser().parse_command_line("--x=1"),
            "parse_command_line() takes a list of str, got str",
        ),
        (
            lambda: OptionParser().add_parse_callback(timedelta(1)),
            "add_parse_callback() takes a function, got timedelta",
        ),
    ],
)
def test_functions_of_this_distribution(call, message):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == message


def test_callbacks():
    async def fetch():
        pass

    coroutine = fetch()
    try:
        text = "call_later() takes a function as callback, got coroutine"
        error = not_callable("call_later()", coroutine)
        assert isinstance(error, TypeError)
        assert str(error) == f"{text}: pass the function, without calling it"
    finally:
        coroutine.close()
    check_callback("fetch()", None)
    check_callback("fetch()", print)
    with pytest.raises(TypeError, match=r"fetch\(\) takes a function as callback, got int"):
        check_callback("fetch()", 5)
