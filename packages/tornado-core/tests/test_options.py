"""`tornado.options`: definitions, command lines, config files, and the values they give."""

import io
import ipaddress
import json
import operator
import os
import subprocess
import sys
import textwrap
from datetime import datetime, timedelta
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tornado.options
from tornado.options import Error, OptionParser, UnrecognizedOptionError


@pytest.fixture
def options():
    return OptionParser()


def test_all():
    assert all(hasattr(tornado.options, name) for name in tornado.options.__all__)
    assert OptionParser.__module__ == "tornado.options"
    assert Error.__module__ == "tornado.options"


class TestDefine:
    def test_type_of_the_default(self, options):
        options.define("number", default=1)
        options.define("share", default=0.5)
        options.define("wait", default=timedelta(seconds=1))
        options.define("text")
        options.parse_command_line(["prog", "--number=2", "--share=1", "--wait=5m", "--text=1"])
        assert options.number == 2
        assert options.share == 1.0
        assert options.wait == timedelta(minutes=5)
        assert options.text == "1"

    def test_type_of_a_default_list(self, options):
        options.define("ports", default=[80], multiple=True)
        options.define("mixed", default=[80, "x"], multiple=True)
        options.parse_command_line(["prog", "--ports=1:3", "--mixed=1"])
        # The items of the default say nothing of those to come.
        assert options.ports == ["1:3"]
        assert options.mixed == ["1"]

    @pytest.mark.parametrize("default", [[8000], [None], (1.5, 2.5), "a,b", []])
    def test_a_list_without_a_type_takes_text(self, options, default, tmp_path):
        options.define("ports", default=default, multiple=True)
        options.parse_command_line(["prog", "--ports=abc,1"])
        assert options.ports == ["abc", "1"]
        (tmp_path / "conf.py").write_text("ports = ['1', 'x']")
        options.parse_config_file(tmp_path / "conf.py")
        assert options.ports == ["1", "x"]

    def test_a_list_without_a_type_takes_what_its_default_holds(self, options):
        options.define("ports", default=[8000], multiple=True)
        options.ports = [8001, "8002"]
        assert options.ports == [8001, "8002"]
        with pytest.raises(Error, match=r"Option 'ports' is required to hold only values"):
            options.ports = [1.5]

    def test_a_list_is_stored_itself(self, options):
        options.define("names", type=str, multiple=True)
        names = ["a"]
        options.names = names
        names.append("b")
        assert options.names is names

    @pytest.mark.parametrize("text", ["", "2", "enabled", "maybe"])
    def test_flags_take_any_text(self, options, text):
        options.define("flag", type=bool)
        options.parse_command_line(["prog", f"--flag={text}"])
        assert options.flag is True

    def test_twice(self, options):
        options.define("port")
        with pytest.raises(Error, match=r"Option 'port' already defined in .*test_options.py"):
            options.define("port")

    def test_help_is_defined_by_the_parser(self, options):
        with pytest.raises(Error, match=r"Option 'help' already defined in .*parser.py"):
            options.define("help")

    def test_twice_with_dash_and_underscore(self, options):
        options.define("my-port")
        with pytest.raises(Error, match="Option 'my-port' already defined"):
            options.define("my_port")

    def test_positional_arguments(self, options):
        told = []
        options.define("port", 80, int, "help", "N", True, "group", told.append)
        options.parse_command_line(["prog", "--port=1,2"])
        assert told == [[1, 2]]
        assert options.group_dict("group") == {"port": [1, 2]}


class TestAccess:
    @pytest.fixture(autouse=True)
    def defined(self, options):
        options.define("db_host", default="localhost")
        options.define("port-number", default=80)

    def test_attributes(self, options):
        options.db_host = "x"
        options.port_number = 81
        assert (options.db_host, options.port_number) == ("x", 81)

    def test_items(self, options):
        options["db_host"] = "x"
        options["port-number"] = 81
        assert (options["db-host"], options["port_number"]) == ("x", 81)
        assert (options["db_host"], options["port-number"]) == ("x", 81)

    @pytest.mark.parametrize("kind", [AttributeError, KeyError, Error, UnrecognizedOptionError])
    def test_unknown(self, options, kind):
        for use in (
            lambda: options.nonesuch,
            lambda: setattr(options, "nonesuch", 1),
            lambda: options["nonesuch"],
            lambda: operator.setitem(options, "nonesuch", 1),
        ):
            with pytest.raises(kind) as caught:
                use()
            assert str(caught.value) == "Unrecognized option 'nonesuch'"
        assert getattr(options, "nonesuch", 5) == 5
        assert not hasattr(options, "nonesuch")

    def test_setting_checks_the_type(self, options):
        with pytest.raises(Error, match="Option 'port-number' is required to be of type int"):
            options.port_number = "80"

    def test_contains(self, options):
        assert "db_host" in options
        assert "db-host" in options
        assert "nonesuch" not in options
        assert 5 not in options

    def test_names_are_as_defined(self, options):
        assert list(options) == ["help", "db_host", "port-number"]
        assert options.keys() == list(options)
        assert len(options) == 3

    def test_values(self, options):
        options.define("ignored", group="other")
        assert list(options.items())[1:3] == [("db_host", "localhost"), ("port-number", 80)]
        assert options.as_dict() == dict(options.items())
        assert dict(options) == options.as_dict()

    def test_an_empty_parser_is_true(self, options):
        options._options.clear()
        assert options

    def test_definitions_can_be_removed(self, options):
        del options._options["db-host"]
        assert "db_host" not in options
        options.define("db-host")


class TestGroups:
    def test_groups(self, options):
        options.define("a", default=1)
        options.define("b", default=2, group="other")
        assert options.groups() == {"", "other", __file__}
        assert options.group_dict("other") == {"b": 2}
        assert options.group_dict(__file__) == {"a": 1}
        assert options.group_dict("nonesuch") == {}

    @pytest.mark.parametrize("group", ["", None])
    def test_all_groups(self, options, group):
        options.define("a", default=1)
        options.define("b", default=2, group="other")
        assert options.group_dict(group) == {"help": None, "a": 1, "b": 2}

    def test_the_file_is_that_of_the_caller(self):
        assert tornado.options.options.group_dict(tornado.log.__file__)["logging"] == "info"
        tornado.options.define("defined_here_for_a_test", default=7)
        try:
            assert tornado.options.options.group_dict(__file__) == {"defined_here_for_a_test": 7}
        finally:
            del tornado.options.options._options["defined-here-for-a-test"]


class TestCommandLine:
    @pytest.fixture(autouse=True)
    def defined(self, options):
        options.define("port", default=80)
        options.define("verbose", type=bool, default=False)
        options.define("name", default="x")

    def test_one_and_two_dashes(self, options):
        options.parse_command_line(["prog", "-port=1", "--name=y"])
        assert (options.port, options.name) == (1, "y")

    def test_the_program_is_skipped(self, options):
        assert options.parse_command_line(["--port=5"]) == []
        assert options.port == 80

    def test_sys_argv(self, options, monkeypatch):
        monkeypatch.setattr(sys, "argv", ["prog", "--port=5", "rest"])
        assert options.parse_command_line() == ["rest"]
        assert options.port == 5

    def test_nothing(self, options):
        assert options.parse_command_line([]) == []
        assert options.parse_command_line(["prog"]) == []

    def test_remaining(self, options):
        rest = options.parse_command_line(["prog", "--port=1", "file", "--port=2"])
        assert rest == ["file", "--port=2"]
        assert options.port == 1

    def test_two_dashes_end_the_options(self, options):
        rest = options.parse_command_line(["prog", "--port=1", "--", "--port=2", "x"])
        assert rest == ["--port=2", "x"]
        assert options.port == 1

    def test_equals_signs_in_the_value(self, options):
        options.parse_command_line(["prog", "--name=a=b"])
        assert options.name == "a=b"

    def test_an_empty_value(self, options):
        options.parse_command_line(["prog", "--name="])
        assert options.name == ""

    def test_a_bool_alone_is_true(self, options):
        options.parse_command_line(["prog", "--verbose"])
        assert options.verbose is True
        options.parse_command_line(["prog", "--verbose=false"])
        assert options.verbose is False

    def test_without_its_value(self, options):
        with pytest.raises(Error, match="Option 'port' requires a value: --port=VALUE"):
            options.parse_command_line(["prog", "--port", "80"])

    def test_unknown(self, options, capsys):
        with pytest.raises(Error, match=r"Unrecognized command line option: 'nonesuch'$"):
            options.parse_command_line(["prog", "--nonesuch=1"])
        assert "--port" in capsys.readouterr().err

    def test_a_wrong_value(self, options):
        with pytest.raises(Error, match="Option 'port' takes an integer, got 'eighty'"):
            options.parse_command_line(["prog", "--port=eighty"])

    def test_later_ones_win(self, options):
        options.parse_command_line(["prog", "--port=1", "--port=2"])
        assert options.port == 2

    @given(st.text(), st.integers())
    def test_any_value(self, name, port):
        options = OptionParser()
        options.define("name")
        options.define("port", type=int)
        options.parse_command_line(["prog", f"--name={name}", f"--port={port}"])
        assert (options.name, options.port) == (name, port)


class TestDashesAndUnderscores:
    @pytest.mark.parametrize("defined", ["my_port", "my-port"])
    @pytest.mark.parametrize("given", ["--my_port=1", "--my-port=1", "-my_port=1"])
    def test_are_the_same(self, options, defined, given):
        options.define(defined, type=int)
        options.parse_command_line(["prog", given])
        assert options.my_port == 1
        assert options["my-port"] == 1

    def test_in_config_files(self, options, tmp_path):
        options.define("my-port", type=int)
        path = tmp_path / "config.py"
        path.write_text("my_port = 1\n")
        options.parse_config_file(path)
        assert options.my_port == 1


class TestConfigFile:
    @pytest.fixture
    def write(self, tmp_path):
        def write(text):
            path = tmp_path / "server.conf"
            path.write_bytes(textwrap.dedent(text).encode("utf-8"))
            return str(path)

        return write

    def test_names_become_options(self, options, write):
        options.define("port", default=80)
        options.define("username", default="x")
        options.parse_config_file(write('port = 443\nusername = "Lë"\nother = [1]\nimport os\n'))
        assert (options.port, options.username) == (443, "Lë")
        assert "other" not in options

    def test_strings_are_parsed(self, options, write):
        options.define("port", type=int)
        options.define("start", type=datetime)
        options.define("wait", type=timedelta)
        options.define("hosts", multiple=True)
        options.define("numbers", type=int, multiple=True)
        options.define("debug", type=bool)
        options.parse_config_file(
            write(
                """
                port = "80"
                start = "2012-05-31 18:35"
                wait = "1m 30s"
                hosts = "a,b"
                numbers = "1:3"
                debug = "no"
                """
            )
        )
        assert options.port == 80
        assert options.start == datetime(2012, 5, 31, 18, 35)
        assert options.wait == timedelta(seconds=90)
        assert options.hosts == ["a", "b"]
        assert options.numbers == [1, 2, 3]
        assert options.debug is False

    def test_values_are_taken(self, options, write):
        options.define("port", type=int)
        options.define("start", type=datetime)
        options.define("hosts", multiple=True)
        options.parse_config_file(
            write(
                """
                from datetime import datetime
                port = 80
                start = datetime(2012, 5, 31)
                hosts = ["a", "b"]
                """
            )
        )
        assert options.port == 80
        assert options.start == datetime(2012, 5, 31)
        assert options.hosts == ["a", "b"]

    def test_wrong_types(self, options, write):
        options.define("port", type=int)
        options.define("hosts", multiple=True)
        with pytest.raises(Error, match="Option 'port' is required to be of type int, got list"):
            options.parse_config_file(write("port = [80]"))
        with pytest.raises(Error, match=r"a list of values or a comma-separated string, got int"):
            options.parse_config_file(write("hosts = 1"))

    def test_file_is_defined(self, options, write):
        options.define("directory")
        path = write("import os\ndirectory = os.path.dirname(__file__)\n")
        options.parse_config_file(os.path.relpath(path))
        assert options.directory == os.path.dirname(path)

    def test_no_such_file(self, options, tmp_path):
        with pytest.raises(FileNotFoundError):
            options.parse_config_file(str(tmp_path / "nonesuch"))

    def test_errors_in_it_name_it(self, options, write):
        path = write("x = 1\nx = = 2\n")
        with pytest.raises(SyntaxError) as caught:
            options.parse_config_file(path)
        assert (caught.value.filename, caught.value.lineno) == (path, 2)

    def test_a_byte_order_mark(self, options, write):
        options.define("port", type=int)
        options.parse_config_file(write("\ufeffport = 5\n"))
        assert options.port == 5

    def test_another_config_file_from_a_callback(self, options, write):
        options.define("port", default=80)
        options.define(
            "config",
            type=str,
            callback=lambda path: options.parse_config_file(path, final=False),
        )
        options.parse_command_line(["prog", f"--config={write('port = 81')}", "--port=82"])
        assert options.port == 82
        options.parse_command_line(["prog", "--port=82", f"--config={write('port = 81')}"])
        assert options.port == 81

    def test_the_command_line_goes_before_a_file_parsed_earlier(self, options, write):
        options.define("port", default=80)
        options.define("name", default="x")
        options.parse_config_file(write('port = 81\nname = "y"'), final=False)
        options.parse_command_line(["prog", "--port=82"])
        assert (options.port, options.name) == (82, "y")


class TestParseCallbacks:
    @pytest.fixture
    def told(self, options, tmp_path):
        told = []
        options.add_parse_callback(lambda: told.append(1))
        options.add_parse_callback(lambda: told.append(2))
        (tmp_path / "config").write_text("")
        return told

    def test_after_parsing_in_order(self, options, told, tmp_path):
        options.parse_command_line(["prog"])
        assert told == [1, 2]
        options.parse_config_file(str(tmp_path / "config"))
        assert told == [1, 2, 1, 2]

    def test_not_before_the_end(self, options, told, tmp_path):
        options.parse_command_line(["prog"], final=False)
        options.parse_config_file(str(tmp_path / "config"), final=False)
        assert told == []
        options.run_parse_callbacks()
        assert told == [1, 2]


class TestCallbacks:
    def test_when_parsed_and_set(self, options):
        told = []
        options.define("port", default=80, callback=told.append)
        assert told == []
        options.parse_command_line(["prog", "--port=1"])
        options.port = 2
        options["port"] = 3
        assert told == [1, 2, 3]

    def test_with_multiple(self, options):
        told = []
        options.define("ports", type=int, multiple=True, callback=told.append)
        options.parse_command_line(["prog", "--ports=1,2"])
        assert told == [[1, 2]]


class TestMockable:
    @pytest.fixture(autouse=True)
    def defined(self, options):
        options.define("port", default=80)

    def test_patch_object(self, options):
        with mock.patch.object(options.mockable(), "port", 5):
            assert options.port == 5
        assert options.port == 80

    def test_a_value_that_was_set_comes_back(self, options):
        options.port = 81
        with mock.patch.object(options.mockable(), "port", 5):
            assert options.port == 5
        assert options.port == 81

    def test_nested(self, options):
        with mock.patch.object(options.mockable(), "port", 5):
            with mock.patch.object(options.mockable(), "port", 6):
                assert options.port == 6
            assert options.port == 5
        assert options.port == 80

    def test_one_wrapper_twice(self, options):
        wrapper = options.mockable()
        wrapper.port = 5
        with pytest.raises(ValueError, match="'port' is patched already"):
            wrapper.port = 6
        del wrapper.port
        assert options.port == 80


class TestManual:
    """Section 5.4 of the 2.3 manual."""

    def test_module_and_main_program(self, tmp_path):
        (tmp_path / "users.py").write_text(
            textwrap.dedent(
                """
                from tornado.options import define, options

                define("mysql_host", default="127.0.0.1:3306", help="Main user DB")
                define("memcache_hosts", default="127.0.0.1:11011", multiple=True,
                       help="Main user memcache servers")

                def connect():
                    return options.mysql_host, options.memcache_hosts
                """
            )
        )
        (tmp_path / "server.conf").write_text('mysql_host = "mydb:3306"\nmyoption = "myvalue"\n')
        (tmp_path / "main.py").write_text(
            textwrap.dedent(
                """
                import users
                import tornado.options
                tornado.options.parse_config_file("server.conf")
                print(tornado.options.parse_command_line())
                print(users.connect())
                """
            )
        )
        done = subprocess.run(
            [sys.executable, "main.py", "--memcache_hosts=a:1,b:2", "rest"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "['rest']\n('mydb:3306', ['a:1', 'b:2'])\n"

    def test_value_of_multiple_is_always_a_list(self, options):
        options.define("memcache_hosts", default="127.0.0.1:11011", multiple=True)
        assert options.memcache_hosts == ["127.0.0.1:11011"]

    def test_types(self, options):
        options.define("str", type=str)
        options.define("float", type=float)
        options.define("int", type=int)
        options.define("datetime", type=datetime)
        options.define("timedelta", type=timedelta)
        arguments = ["--str=x", "--float=1.5", "--int=2", "--datetime=2012-05-31", "--timedelta=1h"]
        options.parse_command_line(["prog", *arguments])
        assert list(options.as_dict().values())[1:] == [
            "x",
            1.5,
            2,
            datetime(2012, 5, 31),
            timedelta(hours=1),
        ]

    def test_global_functions(self, tmp_path, capsys):
        options = tornado.options.options
        config = tmp_path / "config"
        config.write_text("test_of_the_manual = 6\n")
        told = []
        tornado.options.define("test_of_the_manual", default=5, callback=told.append)
        saved = list(options._parse_callbacks)
        options._parse_callbacks.clear()
        try:
            tornado.options.add_parse_callback(lambda: told.append("parsed"))
            assert tornado.options.parse_command_line(["prog", "--test_of_the_manual=7"]) == []
            tornado.options.parse_config_file(str(config))
        finally:
            options._parse_callbacks[:] = saved
            del options._options["test-of-the-manual"]
        assert told == [7, "parsed", 6, "parsed"]
        out = io.StringIO()
        tornado.options.print_help(file=out)
        tornado.options.print_help()
        assert capsys.readouterr().err == out.getvalue()
        assert "--logging=debug|info|warning|error|none" in out.getvalue()

    def test_enable_pretty_logging_is_here_too(self):
        assert tornado.options.enable_pretty_logging is tornado.log.enable_pretty_logging


def test_a_program_can_leave_logging_alone():
    code = """
import logging, tornado.options
tornado.options.options.logging = None
tornado.options.parse_command_line()
print(logging.getLogger().handlers)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


class TestSuggestions:
    @pytest.mark.parametrize(
        ("given", "meant"),
        [("prot", "port"), ("data_bas", "data-base"), ("data-bsae", "data-base")],
    )
    def test_command_line(self, options, given, meant, capsys):
        options.define("port", type=int)
        options.define("data_base")
        with pytest.raises(Error) as caught:
            options.parse_command_line(["prog", f"--{given}=3"])
        assert str(caught.value) == (
            f"Unrecognized command line option: {given!r}: did you mean --{meant}?"
        )

    def test_attributes(self, options):
        options.define("port", type=int)
        with pytest.raises(
            AttributeError, match=r"^Unrecognized option 'prot': did you mean port\?$"
        ):
            options.prot = 3


class TestClassesOfErrors:
    @pytest.mark.parametrize(
        ("kind", "text"),
        [(int, "abc"), (float, "x"), (timedelta, "soon"), (datetime, "soon")],
    )
    @pytest.mark.parametrize("where", ["command line", "config file"])
    def test_a_bad_value_is_a_value_error(self, options, kind, text, where, tmp_path):
        options.define("x", type=kind)
        (tmp_path / "conf.py").write_text(f"x = {text!r}")
        with pytest.raises(ValueError, match="Option 'x' takes") as caught:
            if where == "command line":
                options.parse_command_line(["p", f"--x={text}"])
            else:
                options.parse_config_file(tmp_path / "conf.py")
        assert isinstance(caught.value, Error)

    def test_ranges_and_missing_values(self, options):
        options.define("x", type=int, multiple=True)
        for argument in ("--x=1:y", "--x"):
            with pytest.raises(ValueError, match="Option 'x'"):
                options.parse_command_line(["p", argument])

    @pytest.mark.parametrize(
        ("kind", "text", "error"),
        [
            (json.loads, "{", json.JSONDecodeError),
            (ipaddress.ip_address, "x", ValueError),
            (lambda text: int(float(text)), "inf", OverflowError),
            (lambda text: text.encode("ascii"), "é", UnicodeEncodeError),
        ],
    )
    def test_types_of_ones_own(self, options, kind, text, error):
        options.define("x", type=kind)
        with pytest.raises(error) as caught:
            options.parse_command_line(["p", f"--x={text}"])
        assert isinstance(caught.value, Error)
        assert str(caught.value).startswith("Option 'x' takes a value of type ")
        assert type(caught.value.__cause__) is error

    def test_the_attributes_of_the_original_stay(self, options):
        options.define("x", type=json.loads)
        with pytest.raises(json.JSONDecodeError) as caught:
            options.parse_command_line(["p", '--x=[1, "a'])
        assert caught.value.doc == '[1, "a'
        assert caught.value.pos == 4

    def test_errors_that_cannot_be_combined(self, options):
        class Odd(ValueError):
            def __new__(cls, one, two):
                error = super().__new__(cls)
                error.args = ()
                return error

        def kind(text):
            raise Odd(1, 2)

        options.define("x", type=kind)
        with pytest.raises(ValueError, match="Option 'x' takes"):
            options.parse_command_line(["p", "--x=1"])
