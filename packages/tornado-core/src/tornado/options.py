"""Options that modules define for themselves; command lines and config files give their values.

Each module defines the options it needs, at import time, with a global function::

    from tornado.options import define, options

    define("port", default=8888, help="run on the given port")
    define("memcache_hosts", default=["127.0.0.1:11011"], multiple=True,
           help="main user memcache servers")

    def connect():
        return memcache.Client(options.memcache_hosts)

The main program need not know them; it parses what it was given, and they all have their values::

    import tornado.options

    if __name__ == "__main__":
        tornado.options.parse_config_file("/etc/server.conf")
        tornado.options.parse_command_line()

On the command line options are written ``--port=80``; config files are Python, in which global
names that are names of options set them. ``--help`` lists all options.

Parsing sets up logging too, as the ``--logging`` option says; set ``options.logging = None`` (or
start with ``--logging=none``) before parsing to leave logging alone.

Errors::

    Error                           tells the writer of a command line or config file what is wrong
    +-- InvalidValueError           the value does not suit the option (also ValueError)
    +-- UnrecognizedOptionError     there is no such option (also AttributeError and KeyError)
"""

import os
from collections.abc import Callable
from typing import Any, TextIO

from tornado import _legacy
from tornado._options.errors import Error, InvalidValueError, UnrecognizedOptionError
from tornado._options.parser import OptionParser, global_options
from tornado.log import define_logging_options, enable_pretty_logging

_legacy.provide(__name__)

__all__ = [
    "Error",
    "InvalidValueError",
    "OptionParser",
    "UnrecognizedOptionError",
    "add_parse_callback",
    "define",
    "enable_pretty_logging",
    "options",
    "parse_command_line",
    "parse_config_file",
    "print_help",
]

#: The global options: values as attributes and as items of a dictionary.
options = global_options


def define(
    name: str,
    default: Any = None,
    type: Callable[[str], Any] | None = None,
    help: str | None = None,
    metavar: str | None = None,
    multiple: bool = False,
    group: str | None = None,
    callback: Callable[[Any], Any] | None = None,
) -> None:
    """Define an option of the global parser; see `OptionParser.define`."""
    options.define(name, default, type, help, metavar, multiple, group, callback)


def parse_command_line(args: list[str] | None = None, final: bool = True) -> list[str]:
    """Parse global options from the command line; see `OptionParser.parse_command_line`."""
    return options.parse_command_line(args, final=final)


def parse_config_file(path: str | os.PathLike[str], final: bool = True) -> None:
    """Parse global options from a config file; see `OptionParser.parse_config_file`."""
    options.parse_config_file(path, final=final)


def print_help(file: TextIO | None = None) -> None:
    """Print all global options; see `OptionParser.print_help`."""
    options.print_help(file)


def add_parse_callback(callback: Callable[[], Any]) -> None:
    """Add a callback that runs when the global options have been parsed.

    See `OptionParser.add_parse_callback`.
    """
    options.add_parse_callback(callback)


if "logging" not in options:
    define_logging_options(options)
