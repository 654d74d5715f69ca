"""What ``--help`` prints."""

import io
import subprocess
import sys

import pytest

from tornado.options import OptionParser


def help_of(options, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["server.py"])
    out = io.StringIO()
    options.print_help(out)
    return out.getvalue()


@pytest.fixture
def options():
    return OptionParser()


def test_groups_and_columns(options, monkeypatch):
    options.define("port", default=8888, help="run on the given port", metavar="PORT", group="web")
    options.define("debug", type=bool, group="web", help="x")
    options.define("mysql_host", default="127.0.0.1:3306", help="Main user DB", group="data")
    options.define("hosts", default="a:1,b:2", help="Servers", multiple=True, group="data")
    assert help_of(options, monkeypatch) == (
        "Usage: server.py [OPTIONS]\n"
        "\n"
        "Options:\n"
        "\n"
        "  --help                           show this help and exit\n"
        "\n"
        "data options:\n"
        "\n"
        "  --hosts                          Servers (default a:1,b:2)\n"
        "  --mysql-host                     Main user DB (default 127.0.0.1:3306)\n"
        "\n"
        "web options:\n"
        "\n"
        "  --debug                          x\n"
        "  --port=PORT                      run on the given port (default 8888)\n"
        "\n"
    )


def test_long_texts_are_wrapped(options, monkeypatch):
    options.define("port", help="word " * 20, group="g")
    lines = help_of(options, monkeypatch).split("\n")
    nine, two = " ".join(["word"] * 9), "word word"
    assert lines[-5:] == [
        f"  --port{nine:>71}",
        f"{'':35}{nine}",
        f"{'':35}{two}",
        "",
        "",
    ]
    assert max(map(len, lines)) == 79


def test_long_names_get_a_line_of_their_own(options, monkeypatch):
    options.define("a" * 40, help="what it is", group="g")
    assert f"  --{'a' * 40}\n{' ' * 35}what it is\n" in help_of(options, monkeypatch)


def test_without_help(options, monkeypatch):
    options.define("bare", group="g")
    options.define("filled", default=0, group="g")
    text = help_of(options, monkeypatch)
    assert "\n  --bare\n" in text
    assert "\n  --filled                         (default 0)\n" in text


def test_the_file_that_defines_is_the_group(options, monkeypatch):
    options.define("here")
    assert f"\n{__file__} options:\n\n  --here\n" in help_of(options, monkeypatch)


def test_the_command_line_option():
    code = """
from tornado.options import define, parse_command_line
define("port", default=8888, help="run on the given port")
parse_command_line()
print("not reached")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout == ""
    assert "  --port                           run on the given port (default 8888)" in done.stderr
    assert "log.py options:" in done.stderr


def test_help_can_be_declined(options, capsys):
    options.parse_command_line(["prog", "--help=false"])
    assert capsys.readouterr().err == ""


def test_help_stops_the_program(options, capsys):
    with pytest.raises(SystemExit) as caught:
        options.parse_command_line(["prog", "--help"])
    assert caught.value.code == 0
    assert capsys.readouterr().err.startswith("Usage: ")
