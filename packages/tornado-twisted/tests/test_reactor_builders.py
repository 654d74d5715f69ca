"""Twisted's own reactor tests, ``twisted.internet.test``, run against `TornadoReactor`.

The reactor is named to them as programs do: "tornado.platform.twisted._TestReactor".

What its builders skip by themselves on a system (Windows, macOS, GLib, inotify) is theirs. What is
left out here, and why:

=================================  ==============================================================
test                               reason
=================================  ==============================================================
``test_lostFileDescriptor``        epoll and kqueue forget a closed descriptor without a word, so
                                   there is nothing to notice; Twisted skips it for its own epoll,
                                   kqueue and asyncio reactors, by their names
``test_changeUID`` (as root only)  the interpreter may lie where user 1 cannot read; Twisted's
                                   SelectReactor fails there, too
=================================  ==============================================================

Warnings are left to Twisted in this module: with warnings as errors its SelectReactor fails the same
tests, which leave sockets to the collector and use deprecated parts of pyOpenSSL.
"""

import gc
import importlib
import os
import socket
import unittest
import warnings

import pytest
from twisted.internet.protocol import DatagramProtocol, Factory

from tornado.ioloop import IOLoop
from tornado.platform.twisted import TornadoReactor, _TestReactor

REACTOR = "tornado.platform.twisted._TestReactor"
MODULES = [
    "core",
    "fdset",
    "newtls",
    "process",
    "socket",
    "stdio",
    "tcp",
    "threads",
    "time",
    "tls",
    "udp",
    "unix",
]

LEFT_OUT = {"test_lostFileDescriptor": "closed descriptors go unnoticed by epoll and kqueue"}
if hasattr(os, "getuid") and os.getuid() == 0:
    LEFT_OUT["test_changeUID"] = "user 1 may not be able to read this interpreter"

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module", autouse=True)
def collected():
    """Close the sockets that Twisted's tests left, while warnings of them are still ignored."""
    before = open_sockets()
    yield
    gc.collect()
    for left in open_sockets() - before:
        left.close()


def open_sockets():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gc hands out objects whose mere look warns
        return {
            found
            for found in gc.get_objects()
            if issubclass(type(found), socket.socket) and found.fileno() != -1
        }


def make_case(builder):
    body = {"_reactors": [REACTOR], "__module__": __name__, "timeout": 10}
    for name, reason in LEFT_OUT.items():
        if hasattr(builder, name):
            body[name] = unittest.skip(reason)(getattr(builder, name))
    named = type(f"Tornado{builder.__name__}", (builder,), body)
    (case,) = named.makeTestCaseClasses().values()
    assert case.reactorFactory is _TestReactor
    return case


def make_cases():
    cases = {}
    for module in MODULES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = vars(importlib.import_module(f"twisted.internet.test.test_{module}"))
        for name, builder in found.items():
            # Twisted made a test case of it for its own reactors.
            if f"{name}_SelectReactorTests" in found:
                cases[f"Tornado{name}"] = make_case(builder)
    return cases


globals().update(make_cases())


def test_the_builders_were_found():
    assert len(make_cases()) > 30


class TestReactorForTests:
    def test_has_a_loop_of_its_own(self):
        first, second = _TestReactor(), _TestReactor()
        assert isinstance(first, TornadoReactor)
        loops = [first._io_loop, second._io_loop]
        assert loops[0] is not loops[1]
        assert IOLoop.current(instance=False) not in loops
        first.disconnectAll()
        second.disconnectAll()
        assert [loop.asyncio_loop.is_closed() for loop in loops] == [True, True]

    @pytest.mark.parametrize("interface", ["", "127.0.0.1"])
    def test_listens_on_loopback_only(self, interface):
        reactor = _TestReactor()
        ports = [
            reactor.listenTCP(0, Factory(), 5, interface),
            reactor.listenTCP(0, Factory(), interface=interface),
            reactor.listenUDP(0, DatagramProtocol(), interface, 1000),
            reactor.listenUDP(0, DatagramProtocol(), maxPacketSize=1000, interface=interface),
            reactor.listenTCP(0, Factory()),
            reactor.listenUDP(0, DatagramProtocol()),
        ]
        assert {port.getHost().host for port in ports} == {"127.0.0.1"}
        assert ports[2].maxPacketSize == 1000
        reactor.callWhenRunning(reactor.stop)
        reactor.run()
        reactor.disconnectAll()

    def test_runs(self):
        reactor = _TestReactor()
        got = []
        reactor.callLater(0, lambda: (got.append(1), reactor.stop()))
        reactor.run()
        assert got == [1]
        assert not reactor._io_loop.asyncio_loop.is_closed()
        reactor.disconnectAll()
