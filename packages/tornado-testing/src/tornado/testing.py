"""Asynchronous code in, ordinary `unittest` results out: test cases, log checks and a test runner.

Three parts that work together or alone: `AsyncTestCase` and its HTTP variants run tests on an `IOLoop`
of their own; `ExpectLog` and `LogTrapTestCase` deal with what the code logs; `main` runs tests from the
command line. The pytest plugin that comes along offers the same as fixtures.

The HTTP test cases need ``tornado-testing[http]``; everything else needs only the loop and the streams.
"""

from typing import TYPE_CHECKING

from tornado._core.seam import legacy as _legacy
from tornado._testing.cases import (
    AsyncTestCase,
    gen_test,
    get_async_test_timeout,
    setup_with_context_manager,
)
from tornado._testing.http_cases import AsyncHTTPSTestCase, AsyncHTTPTestCase
from tornado._testing.logs import ExpectLog, LogTrapTestCase
from tornado._testing.memory import InMemoryClient
from tornado._testing.ports import bind_unused_port, get_unused_port
from tornado._testing.runner import main

if TYPE_CHECKING:
    # Of the names that `_legacy` provides, those that programs use most.
    import unittest as unittest

    from tornado import gen as gen

_legacy.provide(__name__)

__all__ = [
    "AsyncHTTPSTestCase",
    "AsyncHTTPTestCase",
    "AsyncTestCase",
    "ExpectLog",
    "InMemoryClient",
    "LogTrapTestCase",
    "bind_unused_port",
    "gen_test",
    "get_async_test_timeout",
    "get_unused_port",
    "main",
    "setup_with_context_manager",
]

for _name in __all__:
    globals()[_name].__module__ = __name__

if __name__ == "__main__":
    main()
