"""The options of ``tornado serve``: one table, from which arguments, environment, file and help are made.

An option is taken from the command line, else from the environment (``TORNADO_MAX_BODY_SIZE``), else from
the table ``[serve]`` of a TOML file, else from its default.
"""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tornado._cli.errors import USAGE, CommandError

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([kmg]?)i?b?\Z", re.I)
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def size(text: str) -> int:
    """Return the bytes that a text such as ``10M`` or ``512 KiB`` means."""
    match = _SIZE.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no size; expected a number of bytes, such as 512K or 10M")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def seconds(text: str) -> float:
    """Return a time of at least 0 seconds."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ValueError(f"{text!r} is no time; expected a number of seconds")
    return value


def count(text: str) -> int:
    """Return a whole number of at least 0."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is no whole number of at least 0")
    return int(text)


def port(text: str) -> int:
    """Return a TCP port; 0 stands for any that is free."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ValueError(f"{text!r} is no port; expected 0 to 65535")
    return int(text)


def mode(text: str) -> int:
    """Return permissions, which are written in octal."""
    if not re.fullmatch("[0-7]{3,4}", text):
        raise ValueError(f"{text!r} are no permissions; expected three octal digits, such as 660")
    return int(text, 8)


def switch(text: str) -> bool:
    """Return whether a text means yes."""
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off", ""):
        return False
    raise ValueError(f"{text!r} is neither true nor false")


@dataclass(frozen=True)
class Option:
    """One option."""

    group: str
    name: str
    kind: Callable[[str], Any]
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    is_list: bool = False

    @property
    def key(self) -> str:
        """The name in Python and in the file."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """The name in the environment."""
        return f"TORNADO_{self.key.upper()}"

    def read(self, value: Any, where: str) -> Any:
        """Return the value of the option from a text or a value of TOML.

        :raises CommandError: if it is none.
        """
        if self.is_list:
            values = value if isinstance(value, list) else str(value).split(",")
            return [self._read_one(each, where) for each in values if str(each).strip()]
        return self._read_one(value, where)

    def _read_one(self, value: Any, where: str) -> Any:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        try:
            found = self.kind(text.strip())
        except ValueError as error:
            raise CommandError(f"{where}: {error}", USAGE) from None
        if self.choices and found not in self.choices:
            raise CommandError(f"{where}: {text!r} is none of {', '.join(self.choices)}", USAGE)
        return found


_APPLICATION = (
    Option(
        "application",
        "interface",
        str,
        "auto",
        "what the application speaks",
        ("auto", "tornado", "asgi", "wsgi"),
    ),
    Option(
        "application",
        "factory",
        switch,
        False,
        "the target is a function that makes the application",
    ),
    Option("application", "app-dir", str, ".", "where modules are looked for first"),
    Option("application", "root-path", str, "", "the path at which an ASGI application is mounted"),
    Option(
        "application",
        "threads",
        count,
        20,
        "threads that call a WSGI application; 0 calls it on the event loop",
    ),
    Option(
        "application",
        "loop",
        str,
        "auto",
        "the event loop; auto takes uvloop where it is installed",
        ("auto", "asyncio", "uvloop"),
    ),
    Option(
        "application",
        "reload",
        switch,
        False,
        "start again when a source file changes, for development",
    ),
    Option(
        "application",
        "reload-dir",
        str,
        [],
        "a folder whose files are watched too (may be repeated)",
        is_list=True,
    ),
)

_LISTENING = (
    Option(
        "listening",
        "host",
        str,
        "127.0.0.1",
        "address or host name to listen on; empty for all interfaces",
    ),
    Option("listening", "port", port, 8000, "port to listen on; 0 for any that is free"),
    Option(
        "listening",
        "uds",
        str,
        None,
        "path of a unix socket to listen on, in place of host and port",
    ),
    Option(
        "listening", "uds-mode", mode, 0o600, "permissions of the unix socket, octal (default 600)"
    ),
    Option(
        "listening",
        "fd",
        count,
        None,
        "an inherited descriptor to listen on; sockets of systemd are found by themselves",
    ),
    Option(
        "listening",
        "backlog",
        count,
        2048,
        "connections that the kernel holds until they are accepted",
    ),
    Option(
        "listening",
        "reuse-port",
        switch,
        False,
        "give each worker a socket of its own (SO_REUSEPORT), which spreads connections evenly",
    ),
)

_PROCESSES = (
    Option("processes", "workers", count, 1, "processes that serve; 0 for one for each processor"),
    Option(
        "processes",
        "max-requests",
        count,
        0,
        "replace a worker after so many requests; 0 for never",
    ),
    Option(
        "processes",
        "max-requests-jitter",
        count,
        0,
        "up to so many requests more, by chance, so that workers are not replaced together",
    ),
    Option(
        "processes",
        "max-memory",
        size,
        0,
        "replace a worker that uses more memory, such as 500M; 0 for never",
    ),
    Option(
        "processes",
        "graceful-timeout",
        seconds,
        30.0,
        "seconds for running requests when a worker ends",
    ),
    Option("processes", "pid-file", str, None, "a file for the number of the process"),
)

_TLS = (
    Option("TLS", "certfile", str, None, "certificate chain (PEM); with it the server speaks TLS"),
    Option(
        "TLS", "keyfile", str, None, "private key (PEM), if it is not in the certificate's file"
    ),
    Option("TLS", "keyfile-password", str, None, "password of the private key"),
    Option("TLS", "ca-certs", str, None, "certificates that sign those of clients"),
    Option(
        "TLS",
        "client-certs",
        str,
        "none",
        "whether clients need a certificate",
        ("none", "optional", "required"),
    ),
)

_PROXIES = (
    Option(
        "proxies",
        "proxy-headers",
        switch,
        False,
        "believe X-Forwarded-* and Forwarded; only proxies may reach the server then",
    ),
    Option(
        "proxies",
        "trusted-proxy",
        str,
        [],
        "address or network of a further proxy in front (may be repeated)",
        is_list=True,
    ),
    Option(
        "proxies",
        "proxy-protocol",
        str,
        [],
        "networks whose connections begin with a PROXY header; * for all (may be repeated)",
        is_list=True,
    ),
)

_LIMITS = (
    Option("limits", "max-body-size", size, "100M", "content of a request: 413"),
    Option("limits", "max-header-size", size, "64K", "request line and headers: 414 or 431"),
    Option("limits", "idle-timeout", seconds, 75.0, "seconds until an idle connection is closed"),
    Option("limits", "header-timeout", seconds, 60.0, "seconds for a request's headers"),
    Option("limits", "body-timeout", seconds, 0.0, "seconds for a request's content; 0 for any"),
    Option("limits", "keep-alive", switch, True, "serve more than one request on a connection"),
    Option(
        "limits",
        "decompress-requests",
        switch,
        False,
        "decode requests with Content-Encoding: gzip",
    ),
)

_LOGS = (
    Option(
        "logs",
        "log-level",
        str,
        "info",
        "of all loggers",
        ("critical", "error", "warning", "info", "debug"),
    ),
    Option(
        "logs",
        "access-log",
        str,
        "tornado",
        "a line for each request",
        ("none", "tornado", "common", "combined", "json"),
    ),
    Option(
        "logs",
        "access-log-file",
        str,
        None,
        "a file for these lines, opened again on SIGUSR1; standard error by default",
    ),
)

_OTHER = (
    Option("other", "health-port", port, None, "a port for /healthz and /readyz, on the same host"),
    Option("other", "config", str, None, "a TOML file with a table [serve]"),
)

#: All options, in the order of the help.
OPTIONS: tuple[Option, ...] = (
    *_APPLICATION,
    *_LISTENING,
    *_PROCESSES,
    *_TLS,
    *_PROXIES,
    *_LIMITS,
    *_LOGS,
    *_OTHER,
)
BY_KEY = {option.key: option for option in OPTIONS}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of ``tornado serve``."""
    groups: dict[str, Any] = {}
    for option in OPTIONS:
        group = groups.get(option.group)
        if group is None:
            group = groups[option.group] = parser.add_argument_group(option.group)
        text = option.help
        if option.default not in (None, "", [], False) and "default" not in text:
            shown = "yes" if option.default is True else option.default
            text += f" (default {shown})"
        text = text.replace("%", "%%")
        common: dict[str, Any] = {"dest": option.key, "default": argparse.SUPPRESS, "help": text}
        if option.kind is switch:
            group.add_argument(f"--{option.name}", action=argparse.BooleanOptionalAction, **common)
        elif option.is_list:
            group.add_argument(f"--{option.name}", action="append", metavar="X", **common)
        else:
            metavar = "{" + ",".join(option.choices) + "}" if option.choices else "X"
            group.add_argument(f"--{option.name}", metavar=metavar, **common)


def settle(given: Mapping[str, Any], environ: Mapping[str, str]) -> argparse.Namespace:
    """Return a value for each option.

    :param given: those of the command line.
    :param environ: the environment.
    :raises CommandError: if a value is wrong, or the file cannot be read.
    """
    path = given.get("config") or environ.get(BY_KEY["config"].variable)
    in_file = _read_file(str(path)) if path else {}
    settled = argparse.Namespace()
    for option in OPTIONS:
        if option.key in given:
            value = given[option.key]
            if not isinstance(value, bool):
                value = option.read(value, f"--{option.name}")
        elif option.variable in environ:
            value = option.read(environ[option.variable], option.variable)
        elif option.key in in_file:
            value = option.read(in_file[option.key], f"{path}: {option.key}")
        else:
            value = option.default
            if isinstance(value, str) and option.kind is size:
                value = size(value)
        setattr(settled, option.key, value)
    return settled


def _toml_module() -> Any:
    """Return the standard library's parser, or on Python 3.10 the package it was made from."""
    for name in ("tomllib", "tomli"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise CommandError("--config needs Python 3.11 or later, or the package tomli", USAGE)


def _read_file(path: str) -> dict[str, Any]:
    toml = _toml_module()
    try:
        table = toml.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror}", USAGE) from None
    except (toml.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {error}", USAGE) from None
    found: dict[str, Any] = {}
    for name, value in table.get("serve", {}).items():
        key = name.replace("-", "_")
        if key not in BY_KEY or key == "config":
            raise CommandError(f"{path}: unknown option {name!r}{_similar(key)}", USAGE)
        found[key] = value
    return found


def _similar(key: str) -> str:
    import difflib

    close = difflib.get_close_matches(key, list(BY_KEY), 1)
    return f"; did you mean {close[0].replace('_', '-')!r}?" if close else ""
