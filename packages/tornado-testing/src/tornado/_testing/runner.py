"""Command line in, exit status out: `unittest.main` with Tornado's options, logs and autoreload."""

from __future__ import annotations

import logging
import signal
import sys
import unittest
from typing import Any

from tornado.log import enable_pretty_logging
from tornado.options import OptionParser, options

_log = logging.getLogger("tornado.testing")


def _define(parser: OptionParser) -> None:
    flags = {
        "autoreload": (False, "run the tests again whenever a source file changes"),
        "exception_on_interrupt": (True, "whether Ctrl-C shows where the tests were"),
        "failfast": (False, "stop at the first failure"),
        "quiet": (False, "show failures only"),
        "verbose": (False, "show the name of each test"),
    }
    taken = {name.replace("-", "_") for name in parser}
    for name, (default, text) in flags.items():
        if name not in taken:
            parser.define(name, default=default, type=bool, help=text, group="testing")


def main(**kwargs: Any) -> None:
    """Run tests named on the command line, or those that ``all()`` of the main module returns.

    ``python -m tornado.testing mypackage.mytests`` runs a module's tests; names are those of
    `unittest`. A test script that defines ``all()``, which returns a suite, and calls this runs it
    unless names are given. Options are those of `tornado.options`, besides ``--verbose``,
    ``--quiet``, ``--failfast`` and ``--autoreload``, which runs the tests again when a source changes.

    :param kwargs: passed on to `unittest.main`.
    :raises SystemExit: always, except with ``--autoreload``; its code tells whether all passed.

    .. versionadded:: 2.3
    .. versionchanged:: 5.0
       Adds nothing to the log's format by itself.
    """
    _define(options)
    names = options.parse_command_line(sys.argv)
    enable_pretty_logging()
    if not options.exception_on_interrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    for flag, argument in (("verbose", ("verbosity", 2)), ("quiet", ("verbosity", 0))):
        if getattr(options, flag):
            kwargs.setdefault(*argument)
    if options.failfast:
        kwargs["failfast"] = True
    if "__main__" in sys.modules and not hasattr(sys.modules["__main__"], "all"):
        default = None
    else:
        default = "all"
    try:
        if names:
            unittest.main(module=None, argv=[sys.argv[0], *names], **kwargs)
        else:
            unittest.main(defaultTest=default, argv=[sys.argv[0]], **kwargs)
    except SystemExit as end:
        (_log.info if end.code in (0, None) else _log.error)(
            "%s", "PASS" if end.code in (0, None) else "FAIL"
        )
        if not options.autoreload:
            raise
    if options.autoreload:
        from tornado import autoreload  # starts nothing, but only this option needs it

        autoreload.wait()
