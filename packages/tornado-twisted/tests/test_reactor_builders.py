"""Twisted's own reactor tests, run against `TornadoReactor`."""

import importlib

from twisted.trial.unittest import SynchronousTestCase

from tornado.ioloop import IOLoop
from tornado.platform.twisted import TornadoReactor

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


def make_reactor(case):
    io_loop = IOLoop(make_current=False)
    case.addCleanup(io_loop.close, all_fds=True)
    return TornadoReactor(io_loop)


def make_case(builder):
    return type(
        f"Tornado{builder.__name__}",
        (builder, SynchronousTestCase),
        {"reactorFactory": make_reactor, "__module__": __name__, "timeout": 10},
    )


for _module in MODULES:
    _found = importlib.import_module(f"twisted.internet.test.test_{_module}")
    for _name, _builder in vars(_found).items():
        if f"{_name}_SelectReactorTests" in vars(_found):
            _case = make_case(_builder)
            globals()[_case.__name__] = _case
del _case, _builder, _found, _name, _module
