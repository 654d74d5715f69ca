"""Every name that a module of a released version had can be imported from ours.

``older_names.json`` holds what the releases' modules had and ours do not define: module, name and the
releases (of 2.3, 2.4, 3.2, 4.5, 5.1 and 6.6) that had it.
"""

from __future__ import annotations

import importlib
import json
import time
from pathlib import Path

import pytest

FACTS: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("older_names.json").read_text()
)

OLD_PARTS = "a class or function of an implementation that is not there any more"
TYPE_VARIABLES = "a type variable of the module's own annotations"
TEST_HOOKS = "collected the module's doctests, for the releases' own test runner"
LOOP_VARIABLE = "a variable left over from a loop at import time"

#: Names that are not there, with the reason.
ABSENT = {
    OLD_PARTS: """
        autoreload._close_all_fds concurrent._DummyFuture concurrent._TracebackLogger
        curl_httpclient._CurlStreamingBuffer curl_httpclient._curl_create
        curl_httpclient._curl_debug curl_httpclient._curl_header_callback
        curl_httpclient._curl_setup_request gen._futures_to_runners
        http1connection._GzipMessageDelegate httpserver._BadRequestException
        httpserver._ProxyAdapter ioloop._EPoll ioloop._KQueue ioloop._Select ioloop._Timeout
        iostream._StreamBuffer locks._TimeoutGarbageCollector platform.select._Select
        routing._DefaultMessageDelegate
        simple_httpclient._HTTPConnection simple_httpclient._dnsname_to_pat
        stack_context._StackContextWrapper stack_context._handle_exception
        stack_context._nested stack_context._remove_deactivated
        template._ApplyBlock template._ChunkList template._CodeWriter template._ControlBlock
        template._Expression template._ExtendsBlock template._File template._IncludeBlock
        template._IntermediateControlBlock template._Module template._NamedBlock template._Node
        template._Statement template._TemplateReader template._Text template._parse
        testing._NON_OWNED_IOLOOPS testing._TestMethodWrapper testing._next_port
        websocket._Compressor websocket._Decompressor
        websocket._PerMessageDeflateCompressor websocket._PerMessageDeflateDecompressor
        websocket._WebSocketDelegate websocket._WebSocketParams wsgi._WSGIConnection
        wsgi._WSGIRequestContext
    """,
    TYPE_VARIABLES: "concurrent._T gen._T ioloop._S ioloop._T platform.asyncio._T",
    TEST_HOOKS: "httputil.doctests iostream.doctests util.doctests",
    LOOP_VARIABLE: "websocket.method",
}

EXCEPTIONS = {name for names in ABSENT.values() for name in names.split()}


@pytest.mark.parametrize("module", FACTS)
def test_names_of_releases(module):
    imported = pytest.importorskip(f"tornado.{module}")
    missing = [
        name
        for name in FACTS[module]
        if f"{module}.{name}" not in EXCEPTIONS and not hasattr(imported, name)
    ]
    assert missing == []


@pytest.mark.parametrize("module", FACTS)
def test_names_can_be_imported(module):
    pytest.importorskip(f"tornado.{module}")
    names = [name for name in FACTS[module] if f"{module}.{name}" not in EXCEPTIONS]
    namespace: dict[str, object] = {}
    for name in names:
        exec(f"from tornado.{module} import {name}", namespace)
    assert set(names) <= set(namespace)


def test_every_exception_is_a_fact():
    facts = {f"{module}.{name}" for module, names in FACTS.items() for name in names}
    assert facts >= EXCEPTIONS


def test_the_table_has_facts_only():
    names = importlib.import_module("tornado._legacy.names")
    unknown = [
        f"{module}.{text.partition('=')[0]}"
        for module, entries in names.NAMES.items()
        for text in entries.split()
        if text.partition("=")[0] not in FACTS.get(module, {})
    ]
    # Public, and in the table because what it belongs to is slow to import.
    assert unknown == ["httputil.responses"]


@pytest.mark.parametrize("module", FACTS)
def test_star_imports_give_the_interface_only(module):
    imported = pytest.importorskip(f"tornado.{module}")
    namespace: dict[str, object] = {}
    exec(f"from tornado.{module} import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(imported.__all__)


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        ("gen", "Future", "tornado.concurrent:Future"),
        ("web", "app_log", "tornado.log:app_log"),
        ("httputil", "urlencode", "urllib.parse:urlencode"),
        ("escape", "unicode_type", "builtins:str"),
        ("httpserver", "socket", "socket"),
        ("web", "time", "time"),
        ("testing", "gen", "tornado.gen"),
        ("iostream", "ioloop", "tornado.ioloop"),
        ("httpclient", "IOLoop", "tornado.ioloop:IOLoop"),
    ],
)
def test_origins(module, name, value):
    source, _, member = value.partition(":")
    expected = importlib.import_module(source)
    if member:
        expected = getattr(expected, member)
    assert getattr(importlib.import_module(f"tornado.{module}"), name) is expected


def test_constants_work():
    import errno

    from tornado import http1connection, httputil, iostream, template, util, web

    assert errno.ECONNRESET in iostream._ERRNO_CONNRESET
    assert errno.EPIPE in iostream._ERRNO_CONNRESET
    assert errno.EAGAIN in iostream._ERRNO_WOULDBLOCK
    assert template._UNSET is template._UNSET
    assert (
        util._websocket_mask_python(b"\x01\x02\x03\x04", b"\x01\x02\x03\x04\x05") == b"\0\0\0\0\x04"
    )
    assert issubclass(http1connection._QuietException, Exception)
    assert list(httputil._parseparam('; a=1; b="x;y"; c')) == ["a=1", 'b="x;y"', "c"]
    assert web._get_version(b"2|1:0") == 2
    assert http1connection.parse_int("12") == 12
    with pytest.raises(ValueError, match="not an integer"):
        http1connection.parse_int("+1")


def test_older_signing_functions():
    from tornado import web

    signed = web.create_signed_value("secret", "name", "value", version=1)
    assert web._decode_signed_value_v1("secret", "other", signed, 31, time.time) is None
    assert web._decode_signed_value_v1("secret", "name", signed, 31, time.time) == b"value"
