"""`tornado.log`: lines for records, and handlers as the options say."""

import glob
import logging
import logging.config
import logging.handlers
import os
import re
import subprocess
import sys
import types

import pytest

import tornado.log
from tornado.log import LogFormatter, define_logging_options, enable_pretty_logging
from tornado.options import OptionParser


def record(message, *args, level=logging.INFO, exc_info=None):
    return logging.LogRecord("name", level, "/dir/module.py", 7, message, args, exc_info)


@pytest.fixture
def formatter():
    """A formatter with a fixed date and marks in place of colours."""
    formatter = LogFormatter(color=False, datefmt="DATE")
    formatter._colors = {logging.ERROR: "<red>"}
    formatter._normal = "</>"
    return formatter


def test_all():
    assert all(hasattr(tornado.log, name) for name in tornado.log.__all__)


def test_loggers():
    assert tornado.log.access_log.name == "tornado.access"
    assert tornado.log.app_log.name == "tornado.application"
    assert tornado.log.gen_log.name == "tornado.general"


class TestLine:
    def test_plain(self, formatter):
        assert formatter.format(record("took %d ms", 5)) == "[I DATE module:7] took 5 ms"

    def test_color(self, formatter):
        line = formatter.format(record("broken", level=logging.ERROR))
        assert line == "<red>[E DATE module:7]</> broken"

    def test_a_level_without_color_has_no_end_of_it(self, formatter):
        assert formatter.format(record("x", level=5)) == "[L DATE module:7] x"

    def test_default_date(self):
        line = LogFormatter(color=False).format(record("x"))
        assert re.fullmatch(r"\[I \d{6} \d\d:\d\d:\d\d module:7\] x", line)

    @pytest.mark.parametrize("message", ["é".encode(), b"plain", b"\xff", b"100%"])
    def test_bytes_are_shown_as_python_shows_them(self, formatter, message):
        assert formatter.format(record(message)) == f"[I DATE module:7] {message!r}"

    def test_bytes_with_arguments(self, formatter):
        assert formatter.format(record(b"e %s", "x")) == "[I DATE module:7] b'e x'"

    def test_undecodable_bytes(self, formatter):
        assert formatter.format(record(b"\xe9")) == r"[I DATE module:7] b'\xe9'"

    def test_undecodable_bytes_in_arguments(self, formatter):
        assert formatter.format(record("%s", b"\xff")) == r"[I DATE module:7] b'\xff'"

    def test_surrogates_can_be_written(self, formatter):
        line = formatter.format(record("%s", os.fsdecode(b"caf\xe9")))
        assert line == r"[I DATE module:7] caf\udce9"
        line.encode("utf-8")

    @pytest.mark.parametrize("kind", [ValueError, KeyError])
    @pytest.mark.parametrize(("style", "fmt"), [("%", "%(nope)s"), ("{", "{nope}"), ("$", "$nope")])
    def test_an_unknown_field(self, style, fmt, kind):
        formatter = LogFormatter(fmt, style=style, color=False)
        with pytest.raises(kind) as caught:
            formatter.format(record("x"))
        assert str(caught.value) == "the format has 'nope', which no record has"

    def test_other_objects(self, formatter):
        assert formatter.format(record(ValueError("x"))) == "[I DATE module:7] x"

    def test_arguments_that_do_not_fit(self, formatter):
        line = formatter.format(record("%d", "x"))
        assert line.startswith("[I DATE module:7] Bad message (TypeError(")
        assert "'args': ('x',)" in line

    def test_an_object_that_cannot_be_shown(self, formatter):
        class Bad:
            def __str__(self):
                raise RuntimeError("no text")

        assert "Bad message (RuntimeError('no text'))" in formatter.format(record("%s", Bad()))

    def test_lines_after_the_first_are_indented(self, formatter):
        assert formatter.format(record("a\nb")) == "[I DATE module:7] a\n    b"

    def test_traceback(self, formatter):
        try:
            raise ValueError("why\xe9")
        except ValueError:
            line = formatter.format(record("failed", exc_info=sys.exc_info()))
        first, *rest = line.split("\n")
        assert first == "[I DATE module:7] failed"
        assert rest[0] == "    Traceback (most recent call last):"
        assert rest[-1] == "    ValueError: whyé"
        assert all(text.startswith("    ") for text in rest)

    def test_stack(self, formatter):
        made = record("x")
        made.stack_info = "Stack (most recent call last):\n  here"
        assert formatter.format(made).endswith("x\n    Stack (most recent call last):\n      here")


class TestConstructor:
    def test_newer_order(self):
        formatter = LogFormatter("%(message)s", "D", "%", False, {})
        assert formatter.format(record("x")) == "x"
        assert formatter.datefmt == "D"

    def test_older_order(self):
        formatter = LogFormatter(False, "%(message)s!", "D", {})
        assert formatter.format(record("x")) == "x!"
        assert formatter.datefmt == "D"

    def test_keywords(self):
        formatter = LogFormatter(fmt="{message}-{end_color}", style="{", color=False, colors={})
        assert formatter.format(record("x")) == "x-"

    def test_dollar_style(self):
        assert LogFormatter("$message", style="$", color=False).format(record("x")) == "x"

    def test_none_is_the_default(self):
        # As logging.config passes what a configuration leaves out.
        formatter = LogFormatter(None, None, "%")
        assert formatter.format(record("x")).startswith("[I ")

    def test_too_many(self):
        with pytest.raises(TypeError, match="at most 5 arguments, got 6"):
            LogFormatter("%(message)s", None, "%", False, {}, 1)

    def test_in_a_logging_configuration(self):
        config = {
            "version": 1,
            "formatters": {"own": {"class": "tornado.log.LogFormatter", "datefmt": "D"}},
            "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "own"}},
            "loggers": {"test_in_a_configuration": {"handlers": ["out"]}},
            "disable_existing_loggers": False,
        }
        logging.config.dictConfig(config)
        logger = logging.getLogger("test_in_a_configuration")
        [handler] = logger.handlers
        logger.removeHandler(handler)
        assert isinstance(handler.formatter, LogFormatter)
        assert handler.formatter.datefmt == "D"

    def test_signature_of_releases(self):
        assert LogFormatter.DEFAULT_DATE_FORMAT == "%y%m%d %H:%M:%S"
        assert "%(color)s" in LogFormatter.DEFAULT_FORMAT
        assert set(LogFormatter.DEFAULT_COLORS) == {10, 20, 30, 40, 50}


class FakeTerminal:
    def __init__(self, tty):
        self.tty = tty

    def isatty(self):
        return self.tty

    def write(self, text):
        pass

    def flush(self):
        pass


class TestColor:
    @pytest.fixture(autouse=True)
    def term(self, monkeypatch):
        monkeypatch.setenv("TERM", "xterm-256color")

    def test_on_a_terminal(self, monkeypatch):
        monkeypatch.setattr(sys, "stderr", FakeTerminal(True))
        line = LogFormatter(datefmt="D").format(record("x", level=logging.ERROR))
        assert re.fullmatch(r"\x1b\[31m\[E D module:7\]\x1b.*\[?m? x", line)

    def test_without_curses(self, monkeypatch):
        monkeypatch.setattr(sys, "stderr", FakeTerminal(True))
        monkeypatch.setitem(sys.modules, "curses", None)
        line = LogFormatter(datefmt="D").format(record("x", level=logging.ERROR))
        assert line == "\x1b[31m[E D module:7]\x1b[0m x"

    def test_a_terminal_without_colors(self, monkeypatch):
        class Curses:
            """What curses tells of such a terminal."""

            setupterm = staticmethod(lambda fd: None)
            tigetstr = staticmethod(lambda name: None)
            tigetnum = staticmethod(lambda name: -1)

        monkeypatch.setattr(sys, "stderr", FakeTerminal(True))
        monkeypatch.setitem(sys.modules, "curses", Curses)
        line = LogFormatter(datefmt="D").format(record("x", level=logging.ERROR))
        assert line == "[E D module:7] x"

    def test_a_terminal_that_curses_does_not_know(self, monkeypatch):
        class Curses:
            @staticmethod
            def setupterm(fd):
                raise ValueError("no such terminal")

        monkeypatch.setattr(sys, "stderr", FakeTerminal(True))
        monkeypatch.setitem(sys.modules, "curses", Curses)
        line = LogFormatter(datefmt="D").format(record("x", level=logging.ERROR))
        assert line == "\x1b[31m[E D module:7]\x1b[0m x"

    def test_on_windows_where_colorama_was_started(self, monkeypatch):
        stream = FakeTerminal(True)
        monkeypatch.setattr(sys, "platform", "win32")
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setitem(sys.modules, "curses", None)
        monkeypatch.delitem(sys.modules, "colorama", raising=False)
        plain = "[E D module:7] x"
        assert LogFormatter(datefmt="D").format(record("x", level=logging.ERROR)) == plain
        started = types.SimpleNamespace(wrapped_stderr=stream)
        colorama = types.SimpleNamespace(initialise=started)
        monkeypatch.setitem(sys.modules, "colorama", colorama)
        line = LogFormatter(datefmt="D").format(record("x", level=logging.ERROR))
        assert line == "\x1b[31m[E D module:7]\x1b[0m x"

    def test_own_colors(self, monkeypatch):
        monkeypatch.setattr(sys, "stderr", FakeTerminal(True))
        monkeypatch.setitem(sys.modules, "curses", None)
        formatter = LogFormatter(datefmt="D", colors={logging.INFO: 6})
        assert formatter.format(record("x")) == "\x1b[36m[I D module:7]\x1b[0m x"
        assert formatter.format(record("x", level=logging.ERROR)) == "[E D module:7] x"

    def test_not_elsewhere(self, monkeypatch):
        for stream in (FakeTerminal(False), None, object()):
            monkeypatch.setattr(sys, "stderr", stream)
            assert LogFormatter(datefmt="D").format(record("x")) == "[I D module:7] x"

    @pytest.mark.parametrize("term", ["dumb", "", "unknown"])
    def test_not_on_a_terminal_without(self, monkeypatch, term):
        monkeypatch.setattr(sys, "stderr", FakeTerminal(True))
        monkeypatch.setenv("TERM", term)
        assert LogFormatter(datefmt="D").format(record("x")) == "[I D module:7] x"

    def test_not_when_told_so(self, monkeypatch):
        monkeypatch.setattr(sys, "stderr", FakeTerminal(True))
        assert LogFormatter(datefmt="D", color=False).format(record("x")) == "[I D module:7] x"


@pytest.fixture
def options():
    parser = OptionParser()
    define_logging_options(parser)
    return parser


@pytest.fixture
def logger():
    """A logger without handlers that passes nothing on."""
    logger = logging.Logger("test")
    logger.propagate = False
    yield logger
    for handler in logger.handlers:
        handler.close()


class TestPrettyLogging:
    def test_to_stderr_by_default(self, options, logger):
        enable_pretty_logging(options, logger)
        [handler] = logger.handlers
        assert type(handler) is logging.StreamHandler
        assert isinstance(handler.formatter, LogFormatter)
        assert logger.level == logging.INFO

    @pytest.mark.parametrize(
        ("name", "level"), [("debug", 10), ("WARNING", 30), ("error", 40), ("critical", 50)]
    )
    def test_level(self, options, logger, name, level):
        options.logging = name
        enable_pretty_logging(options, logger)
        assert logger.level == level

    @pytest.mark.parametrize("name", ["none", "None", None])
    def test_none_touches_nothing(self, options, logger, name):
        options.logging = name
        enable_pretty_logging(options, logger)
        assert logger.handlers == []
        assert logger.level == logging.NOTSET

    @pytest.mark.parametrize("kind", [ValueError, AttributeError])
    def test_an_unknown_level_is_an_error_of_either_class(self, options, logger, kind):
        options.logging = "loud"
        with pytest.raises(kind, match="'loud', expected a level or 'none'"):
            enable_pretty_logging(options, logger)

    def test_an_unknown_level(self, options, logger):
        options.logging = "loud"
        with pytest.raises(ValueError, match="'loud', expected a level or 'none'"):
            enable_pretty_logging(options, logger)

    def test_a_logger_that_is_configured_gets_no_other_handler(self, options, logger):
        logger.addHandler(logging.NullHandler())
        enable_pretty_logging(options, logger)
        assert len(logger.handlers) == 1

    def test_to_stderr_when_told_so(self, options, logger):
        logger.addHandler(logging.NullHandler())
        options.log_to_stderr = True
        enable_pretty_logging(options, logger)
        enable_pretty_logging(options, logger)
        assert len(logger.handlers) == 2

    def test_not_to_stderr_when_told_so(self, options, logger):
        options.log_to_stderr = False
        enable_pretty_logging(options, logger)
        assert logger.handlers == []

    def test_to_a_file(self, options, logger, tmp_path):
        options.log_file_prefix = str(tmp_path / "server.log")
        enable_pretty_logging(options, logger)
        enable_pretty_logging(options, logger)
        [handler] = logger.handlers
        assert isinstance(handler, logging.handlers.RotatingFileHandler)
        assert (handler.maxBytes, handler.backupCount) == (100_000_000, 10)
        logger.error("caf%s %s", "é", os.fsdecode(b"\xff"))
        handler.flush()
        text = (tmp_path / "server.log").read_text(encoding="utf-8")
        assert re.fullmatch(r"\[E \d{6} \d\d:\d\d:\d\d test_log:\d+\] café \\udcff\n", text)

    def test_rotation_by_size(self, options, logger, tmp_path):
        options.log_file_prefix = str(tmp_path / "server.log")
        options.log_file_max_size = 300
        options.log_file_num_backups = 2
        enable_pretty_logging(options, logger)
        for number in range(40):
            logger.info("a line that fills the file: %d", number)
        names = sorted(os.path.basename(name) for name in glob.glob(f"{tmp_path}/*"))
        assert names == ["server.log", "server.log.1", "server.log.2"]

    def test_rotation_by_time(self, options, logger, tmp_path):
        options.log_file_prefix = str(tmp_path / "server.log")
        options.log_rotate_mode = "time"
        options.log_rotate_when = "S"
        options.log_rotate_interval = 3
        options.log_file_num_backups = 5
        enable_pretty_logging(options, logger)
        enable_pretty_logging(options, logger)
        [handler] = logger.handlers
        assert isinstance(handler, logging.handlers.TimedRotatingFileHandler)
        assert (handler.when, handler.interval, handler.backupCount) == ("S", 3, 5)
        logger.info("first")
        handler.rolloverAt = 0
        logger.info("second")
        assert len(list(tmp_path.iterdir())) == 2

    def test_an_unknown_rotation(self, options, logger, tmp_path):
        options.log_file_prefix = str(tmp_path / "server.log")
        options.log_rotate_mode = "moon"
        with pytest.raises(ValueError, match="'moon', expected 'size' or 'time'"):
            enable_pretty_logging(options, logger)


class TestOptions:
    def test_defaults(self, options):
        assert options.as_dict() == {
            "help": None,
            "logging": "info",
            "log_to_stderr": None,
            "log_file_prefix": None,
            "log_file_max_size": 100_000_000,
            "log_file_num_backups": 10,
            "log_rotate_when": "midnight",
            "log_rotate_interval": 1,
            "log_rotate_mode": "size",
        }

    def test_parsing_sets_logging_up(self, tmp_path):
        path = tmp_path / "server.log"
        code = """
import logging, tornado.options
tornado.options.parse_command_line()
logging.getLogger("tornado.general").warning("to the file")
"""
        subprocess.run(
            [sys.executable, "-c", code, f"--log-file-prefix={path}", "--logging=warning"],
            check=True,
        )
        assert path.read_text().endswith("] to the file\n")

    def test_the_command_line_logs_to_stderr(self):
        code = """
import logging, tornado.options
tornado.options.parse_command_line()
logging.info("seen")
logging.debug("not seen")
"""
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert re.fullmatch(r"\[I \d{6} \d\d:\d\d:\d\d <string>:4\] seen\n", done.stderr)

    def test_global_options_by_default(self):
        code = """
import logging, tornado.log, tornado.options
tornado.options.options.logging = "error"
tornado.log.enable_pretty_logging()
print(logging.getLogger().level, len(logging.getLogger().handlers))
try:
    tornado.log.define_logging_options()
except tornado.options.Error as error:
    print(str(error).split(" in ")[0])
"""
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout == "40 1\nOption 'logging' already defined\n"
