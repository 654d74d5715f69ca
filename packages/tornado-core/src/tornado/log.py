"""Three loggers for this project's messages, and a formatter that turns records into short lines.

Everything here is the standard `logging`; configure it as you like. The loggers are

- ``tornado.access``: one line for each request that the server has served;
- ``tornado.application``: errors in the application's code, such as uncaught exceptions;
- ``tornado.general``: everything else: warnings about bad input, timeouts, misuse.

`tornado.options.parse_command_line` installs the formatter on the root logger according to the
``--logging`` and ``--log-*`` options; `enable_pretty_logging` does so at any other time.

.. versionadded:: 3.0
"""

import logging
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, overload

from tornado import _legacy

if TYPE_CHECKING:
    from tornado._options.parser import OptionParser

_legacy.provide(__name__)

__all__ = [
    "LogFormatter",
    "access_log",
    "app_log",
    "define_logging_options",
    "enable_pretty_logging",
    "gen_log",
]

access_log = logging.getLogger("tornado.access")
app_log = logging.getLogger("tornado.application")
gen_log = logging.getLogger("tornado.general")


class LogFormatter(logging.Formatter):
    """Formats a record as one short line: level, time, place, message; coloured on a terminal.

    - Colour is used only where standard error is a terminal that has colours.
    - A message given as bytes is shown as Python shows bytes.
    - Lines after a record's first, tracebacks for instance, are indented, so that each line
      that starts at the margin is a record of its own.

    :param fmt: the format of a line. Besides the attributes of `logging.LogRecord` it may use
        ``color`` and ``end_color``, which are empty where colour is not used.
    :param datefmt: the format of ``asctime``, as for `time.strftime`.
    :param style: how ``fmt`` is written: ``%``, ``{`` or ``$``.
    :param color: whether colour may be used; `False` for a file.
    :param colors: the number of an ANSI colour (0 to 7) for each level; `DEFAULT_COLORS` if left
        out. A level that is not named has none.

    Positional arguments are taken in this order, or, when the first is a `bool`, in that of the
    first releases: color, fmt, datefmt, colors.

    .. versionchanged:: 3.2
       Added ``fmt``, ``datefmt`` and ``colors``.
    .. versionchanged:: 4.5
       Added ``style``.
    """

    DEFAULT_FORMAT = (
        "%(color)s[%(levelname)1.1s %(asctime)s %(module)s:%(lineno)d]%(end_color)s %(message)s"
    )
    DEFAULT_DATE_FORMAT = "%y%m%d %H:%M:%S"
    DEFAULT_COLORS = {
        logging.DEBUG: 4,
        logging.INFO: 2,
        logging.WARNING: 3,
        logging.ERROR: 1,
        logging.CRITICAL: 5,
    }

    @overload
    def __init__(
        self,
        fmt: str | None = ...,
        datefmt: str | None = ...,
        style: str = ...,
        color: bool = ...,
        colors: Mapping[int, int] | None = ...,
    ) -> None: ...

    @overload
    def __init__(
        self,
        color: bool,
        fmt: str | None = ...,
        datefmt: str | None = ...,
        colors: Mapping[int, int] | None = ...,
        *,
        style: str = ...,
    ) -> None: ...

    def __init__(
        self,
        *args: Any,
        fmt: Any = None,
        datefmt: Any = None,
        style: Any = "%",
        color: Any = True,
        colors: Any = None,
    ) -> None:
        order: tuple[str, ...] = ("fmt", "datefmt", "style", "color", "colors")
        if args and isinstance(args[0], bool):
            order = ("color", "fmt", "datefmt", "colors")
        if len(args) > len(order):
            raise TypeError(f"LogFormatter takes at most {len(order)} arguments, got {len(args)}")
        named = {"fmt": fmt, "datefmt": datefmt, "style": style, "color": color, "colors": colors}
        named.update(zip(order, args, strict=False))
        super().__init__(
            self.DEFAULT_FORMAT if named["fmt"] is None else named["fmt"],
            self.DEFAULT_DATE_FORMAT if named["datefmt"] is None else named["datefmt"],
            named["style"],
            # `color` and `end_color` are attributes that no record has yet when this checks.
            validate=False,
        )
        if named["colors"] is None:
            named["colors"] = self.DEFAULT_COLORS
        self._colors: dict[int, str] = {}
        self._normal = ""
        if named["color"] and _stderr_has_colors():
            self._colors, self._normal = _escape_sequences(named["colors"])

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or lines, that ``record`` is shown as."""
        try:
            record.message = record.getMessage()
        except Exception as error:
            # The record comes from anywhere; losing it would hide what it reports.
            record.message = f"Bad message ({error!r}): {record.__dict__!r}"
        record.asctime = self.formatTime(record, self.datefmt)
        color = self._colors.get(record.levelno, "")
        record.__dict__.update(color=color, end_color=self._normal if color else "")
        try:
            text = self.formatMessage(record)
        except ValueError as error:
            if isinstance(error.__context__, KeyError):
                raise _UnknownFieldError(
                    f"the format has {error.__context__}, which no record has"
                ) from None
            raise
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            text = f"{text.rstrip()}\n{record.exc_text}"
        if record.stack_info:
            text = f"{text.rstrip()}\n{self.formatStack(record.stack_info)}"
        if not text.isascii():
            # Lone surrogates, which stand for undecodable bytes in file names and arguments.
            text = text.encode("utf-8", "backslashreplace").decode("utf-8")
        return text.replace("\n", "\n    ")


class _UnknownLevelError(ValueError, AttributeError):
    """The option ``logging`` is no level; released versions raise the `AttributeError`."""


class _UnknownFieldError(ValueError, KeyError):
    """A format names what records do not have; released versions raise the `KeyError`."""

    def __str__(self) -> str:
        return str(self.args[0])


def _stderr_has_colors() -> bool:
    try:
        if not sys.stderr.isatty():
            return False
    except Exception:
        return False  # None under pythonw, or any object that an application put there
    if sys.platform == "win32":
        # colorama, where the application started it, turns escape sequences into colours.
        colorama = sys.modules.get("colorama")
        wrapped = getattr(getattr(colorama, "initialise", None), "wrapped_stderr", None)
        return wrapped is not None and sys.stderr is wrapped
    return os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def _escape_sequences(colors: Mapping[int, int]) -> tuple[dict[int, str], str]:
    """Return each level's colour and the return to normal, as this terminal wants them."""
    ansi = {level: f"\x1b[3{number}m" for level, number in colors.items()}, "\x1b[0m"
    try:
        # Here, since few processes write to a terminal, and some systems have no curses.
        import curses

        curses.setupterm(fd=sys.__stderr__.fileno() if sys.__stderr__ else 2)
        foreground = curses.tigetstr("setaf") or curses.tigetstr("setf")
        normal = curses.tigetstr("sgr0")
        if curses.tigetnum("colors") < 8 or not foreground or not normal:
            return {}, ""
        terminal = {
            level: curses.tparm(foreground, number).decode("latin-1")
            for level, number in colors.items()
        }
        return terminal, normal.decode("latin-1")
    except Exception:
        # No curses, or a terminal it does not know: nearly every terminal speaks ANSI.
        return ansi


def enable_pretty_logging(
    options: "OptionParser | Any | None" = None, logger: logging.Logger | None = None
) -> None:
    """Send log records, formatted by `LogFormatter`, where the logging options say.

    `tornado.options.parse_command_line` and `~tornado.options.parse_config_file` call this.
    Calling it again does not write records twice.

    :param options: an object with the attributes that `define_logging_options` defines; the
        global `tornado.options.options` if left out. Where its ``logging`` is ``"none"`` or
        `None`, nothing is changed.
    :param logger: the logger to set up; the root logger if left out.
    :raises ValueError: for a ``logging`` that is no level (also an `AttributeError`, as in released
        versions) or a ``log_rotate_mode`` that is neither ``"size"`` nor ``"time"``.
    """
    if options is None:
        options = _global_options()
    if options.logging is None or options.logging.lower() == "none":
        return
    if logger is None:
        logger = logging.getLogger()
    level = logging.getLevelName(options.logging.upper())
    if not isinstance(level, int):
        raise _UnknownLevelError(
            f"the option logging is {options.logging!r}, expected a level or 'none'"
        )
    logger.setLevel(level)
    if options.log_file_prefix and not _has_file(logger, options.log_file_prefix):
        _add(logger, _rotating_handler(options), LogFormatter(color=False))
    to_stderr = options.log_to_stderr
    if to_stderr is None:
        to_stderr = not logger.handlers
    if to_stderr and not any(
        type(handler) is logging.StreamHandler
        and isinstance(handler.formatter, LogFormatter)
        and handler.stream is sys.stderr
        for handler in logger.handlers
    ):
        _add(logger, logging.StreamHandler(), LogFormatter())


def _global_options() -> "OptionParser":
    # Here, since most programs that log have no options.
    from tornado._options.parser import global_options

    if "logging" not in global_options:
        define_logging_options(global_options)
    return global_options


def _has_file(logger: logging.Logger, path: str) -> bool:
    """Whether a handler of ours writes to ``path`` already."""
    return any(
        isinstance(handler, logging.FileHandler)
        and isinstance(handler.formatter, LogFormatter)
        and handler.baseFilename == os.path.abspath(path)
        for handler in logger.handlers
    )


def _rotating_handler(options: Any) -> logging.Handler:
    # Here, since it takes long to load, and this alone needs it.
    import logging.handlers

    if options.log_rotate_mode == "size":
        return logging.handlers.RotatingFileHandler(
            filename=options.log_file_prefix,
            maxBytes=options.log_file_max_size,
            backupCount=options.log_file_num_backups,
            encoding="utf-8",
        )
    if options.log_rotate_mode == "time":
        return logging.handlers.TimedRotatingFileHandler(
            filename=options.log_file_prefix,
            when=options.log_rotate_when,
            interval=options.log_rotate_interval,
            backupCount=options.log_file_num_backups,
            encoding="utf-8",
        )
    raise ValueError(
        f"the option log_rotate_mode is {options.log_rotate_mode!r}, expected 'size' or 'time'"
    )


def _add(logger: logging.Logger, handler: logging.Handler, formatter: logging.Formatter) -> None:
    handler.setFormatter(formatter)
    logger.addHandler(handler)


def define_logging_options(options: "OptionParser | None" = None) -> None:
    """Define ``logging`` and the ``log_*`` options, which `enable_pretty_logging` reads.

    The global `tornado.options.options` has them already; call this for a parser of your own.
    When it has parsed the command line or a config file, logging is set up as the options say.

    :param options: the parser; the global one if left out.

    .. versionadded:: 4.2
       Public since; it existed before.
    """
    if options is None:
        # Here, since most programs that log have no options.
        from tornado._options.parser import global_options

        options = global_options
    parser = options
    parser.define(
        "logging",
        default="info",
        metavar="debug|info|warning|error|none",
        help="log messages of this level and above; with 'none', leave logging as it is",
    )
    parser.define(
        "log_to_stderr",
        type=bool,
        help="log to standard error, with colours on a terminal; by default only if there is"
        " no log file and logging was not configured otherwise",
    )
    parser.define(
        "log_file_prefix",
        type=str,
        metavar="PATH",
        help="log to this file; rotated files get a suffix. Processes that run side by side"
        " need a file each, named by their port for instance",
    )
    parser.define(
        "log_file_max_size",
        default=100 * 1000 * 1000,
        help="rotate a log file by size at this many bytes",
    )
    parser.define("log_file_num_backups", default=10, help="keep this many rotated log files")
    parser.define(
        "log_rotate_when",
        default="midnight",
        metavar="S|M|H|D|W0-W6|midnight",
        help="rotate a log file by time in this unit: seconds, minutes, hours, days, a weekday"
        " (W0 is Monday) or at midnight",
    )
    parser.define(
        "log_rotate_interval", default=1, help="rotate a log file by time every so many units"
    )
    parser.define(
        "log_rotate_mode", default="size", metavar="size|time", help="rotate log files by this"
    )
    parser.add_parse_callback(lambda: enable_pretty_logging(parser))
