"""Definitions, command lines and config files go in; the values of options come out."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

from tornado._core.seam import wrong_type
from tornado._options.errors import Error, InvalidValueError, UnrecognizedOptionError
from tornado._options.help import format_help
from tornado._options.option import Option

__all__ = ["OptionParser", "global_options"]

# Definitions made through these files were made by their callers.
_HERE = os.path.dirname(os.path.abspath(__file__))
_FACADE = os.path.join(os.path.dirname(_HERE), "options.py")


class OptionParser:
    """A set of options, which reads as attributes and as a dictionary.

    ``parser.name`` and ``parser["name"]`` are the value of the option ``name``, and assigning to
    either sets it. Iterating gives names. Underscores and dashes in names are the same, so that
    ``define("db-host")`` makes ``options.db_host``, which ``--db-host`` and ``--db_host`` set.

    `tornado.options.options` is the global one; parsers of your own are independent of it.
    Each has the option ``help`` from the start, which prints all options and ends the process.
    """

    _options: dict[str, Option]
    _parse_callbacks: list[Callable[[], Any]]

    def __init__(self) -> None:
        # Straight into the instance, since assigning to an attribute sets an option.
        self.__dict__["_options"] = {}
        self.__dict__["_parse_callbacks"] = []
        self.define(
            "help",
            type=bool,
            help="show this help and exit",
            group="",
            callback=self._help_callback,
        )
        self._options["help"].file_name = __file__

    def _normalize_name(self, name: str) -> str:
        return name.replace("_", "-")

    def _find(self, name: str) -> Option | None:
        return self._options.get(self._normalize_name(name))

    def _known(self, name: str) -> Option:
        option = self._find(name)
        if option is None:
            suggestion = _suggestion(name, self._options, "")
            raise UnrecognizedOptionError(f"Unrecognized option {name!r}{suggestion}")
        return option

    def __getattr__(self, name: str) -> Any:
        return self._known(name).value()

    def __setattr__(self, name: str, value: Any) -> None:
        self._known(name).set(value)

    def __getitem__(self, name: str) -> Any:
        return self._known(name).value()

    def __setitem__(self, name: str, value: Any) -> None:
        self._known(name).set(value)

    def __iter__(self) -> Iterator[str]:
        return (option.name for option in self._options.values())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __len__(self) -> int:
        return len(self._options)

    def __bool__(self) -> bool:
        return True

    def keys(self) -> list[str]:
        """Return the names of all options.

        With it ``dict(options)`` and ``**options`` work.
        """
        return list(self)

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return (name, value) for each option.

        .. versionadded:: 3.1
        """
        return [(option.name, option.value()) for option in self._options.values()]

    def groups(self) -> set[str]:
        """Return the names of the groups that options were defined in.

        .. versionadded:: 3.1
        """
        return {option.group_name or "" for option in self._options.values()}

    def group_dict(self, group: str | None) -> dict[str, Any]:
        """Return the options of one group, as names and values; of all if ``group`` is empty.

        It serves to hand a group on as keyword arguments::

            define("template_path", group="application")
            define("static_path", group="application")
            parse_command_line()
            application = Application(handlers, **options.group_dict("application"))

        .. versionadded:: 3.1
        """
        return {
            option.name: option.value()
            for option in self._options.values()
            if not group or option.group_name == group
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the names and values of all options.

        .. versionadded:: 3.1
        """
        return dict(self.items())

    def define(
        self,
        name: str,
        default: Any = None,
        type: Callable[[str], Any] | None = None,
        help: str | None = None,
        metavar: str | None = None,
        multiple: bool = False,
        group: str | None = None,
        callback: Callable[[Any], Any] | None = None,
    ) -> None:
        """Define an option.

        :param name: unique in this parser; underscores and dashes are the same.
        :param default: its value until one is parsed or set.
        :param type: ``str``, ``float``, ``int``, ``bool``, `datetime.datetime`,
            `datetime.timedelta`, or any callable that makes a value from text and raises
            `ValueError` if it cannot. If left out it is the type of ``default``, or ``str``.
        :param help: what the option is for, shown by ``--help``.
        :param metavar: what ``--help`` shows for the value, as in ``--name=METAVAR``.
        :param multiple: the value is a list, and its text is separated by commas. For integers,
            ``1:5`` stands for all from 1 to 5, both included.
        :param group: the heading under which ``--help`` shows the option, and the name for
            `group_dict`; the file that defines the option if left out.
        :param callback: called with the new value whenever the option is parsed or set. To read
            another config file as soon as its name is known::

                define("config", type=str, help="path to config file",
                       callback=lambda path: parse_config_file(path, final=False))

        :raises Error: if the option exists.
        """
        if not isinstance(name, str):
            raise wrong_type("define()", name, "a name as str")
        if type is not None and not callable(type):
            raise wrong_type("the type of define()", type, "a class or function")
        normalized = self._normalize_name(name)
        existing = self._options.get(normalized)
        if existing is not None:
            raise Error(f"Option {normalized!r} already defined in {existing.file_name}")
        file_name = _defining_file()
        self._options[normalized] = Option(
            name,
            default=default,
            type=_inferred_type(default, multiple) if type is None else type,
            also=_types_of_items(default) if type is None and multiple else (),
            help=help,
            metavar=metavar,
            multiple=multiple,
            file_name=file_name,
            group_name=file_name if group is None else group,
            callback=callback,
        )

    def parse_command_line(self, args: list[str] | None = None, final: bool = True) -> list[str]:
        """Set the options that a command line gives, and return the arguments that are no options.

        Options are written ``--name=value``; ``--name`` alone means true for a `bool`. The first
        argument that does not begin with a dash, or ``--``, ends the options.

        :param args: the command line; ``sys.argv`` if left out. Its first item, the program's
            name, is skipped.
        :param final: run the parse callbacks afterwards. Pass `False` if a config file is still
            to be read.
        :raises Error: if an option is unknown (the help is printed first), lacks its value or has
            one that does not suit it.
        """
        if args is None:
            args = sys.argv
        elif isinstance(args, str):
            raise wrong_type("parse_command_line()", args, "a list of str")
        remaining: list[str] = []
        for position, arg in enumerate(args[1:], 1):
            if not arg.startswith("-"):
                remaining = args[position:]
                break
            if arg == "--":
                remaining = args[position + 1 :]
                break
            self._parse_argument(arg.lstrip("-"))
        if final:
            self.run_parse_callbacks()
        return remaining

    def _parse_argument(self, argument: str) -> None:
        name, equals, value = argument.partition("=")
        option = self._find(name)
        if option is None:
            self.print_help()
            suggestion = _suggestion(name, self._options, "--")
            raise UnrecognizedOptionError(f"Unrecognized command line option: {name!r}{suggestion}")
        if not equals:
            if option.type is not bool or option.multiple:
                raise InvalidValueError(f"Option {name!r} requires a value: --{name}=VALUE")
            value = "true"
        option.parse(value)

    def parse_config_file(self, path: str | os.PathLike[str], final: bool = True) -> None:
        """Set the options that a config file gives.

        A config file is Python source in UTF-8, and is trusted: it is executed. Global names in
        it that are names of options set them; other names are its own. A string for an option of
        another type, or for one with ``multiple``, is parsed as on the command line. The name
        ``__file__`` holds the absolute path of the file, for use in other settings::

            port = 80
            mysql_host = "mydb.example.com:3306"
            memcache_hosts = ["cache1.example.com:11011", "cache2.example.com:11011"]
            backoff = "1m 30s"

        Options given on the command line go before those in the file if the command line is
        parsed after it.

        :param final: run the parse callbacks afterwards.
        :raises OSError: if the file cannot be read.
        :raises SyntaxError: if it is not Python; any error of its code passes too.
        :raises Error: if an option's value does not suit it.

        .. versionchanged:: 4.1
           The file is UTF-8 whatever the system's encoding is.
        .. versionchanged:: 4.4
           ``__file__`` is defined in it.
        """
        absolute = os.path.abspath(path)
        settings: dict[str, Any] = {"__file__": absolute}
        with open(absolute, "rb") as file:
            # As bytes, so that a byte order mark or a coding line means what it does elsewhere.
            code = compile(file.read(), absolute, "exec", dont_inherit=True)
        exec(code, settings)
        for name, value in settings.items():
            option = self._find(name)
            if option is not None:
                _set_from_config(option, value)
        if final:
            self.run_parse_callbacks()

    def print_help(self, file: TextIO | None = None) -> None:
        """Print all options, by group, to ``file``; to standard error if left out."""
        program = sys.argv[0] if sys.argv else ""
        print(format_help(program, self._options), file=sys.stderr if file is None else file)

    def _help_callback(self, value: bool) -> None:
        if value:
            self.print_help()
            sys.exit(0)

    def add_parse_callback(self, callback: Callable[[], Any]) -> None:
        """Have ``callback`` called, without arguments, when all options have been parsed."""
        if not callable(callback):
            raise wrong_type("add_parse_callback()", callback, "a function")
        self._parse_callbacks.append(callback)

    def run_parse_callbacks(self) -> None:
        """Call the parse callbacks, in the order in which they were added."""
        for callback in list(self._parse_callbacks):
            callback()

    def mockable(self) -> "Mockable":
        """Return a wrapper for `unittest.mock.patch.object`, which can set and restore options.

        One wrapper serves one patch at a time::

            with mock.patch.object(options.mockable(), "name", value):
                assert options.name == value
        """
        return Mockable(self)


class Mockable:
    """The attributes of an `OptionParser`, which deleting gives the values they had before.

    `unittest.mock.patch.object` ends by deleting an attribute it could not find in the object's
    own dictionary, which options never are.
    """

    def __init__(self, options: OptionParser) -> None:
        self.__dict__["_options"] = options
        self.__dict__["_originals"] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._options, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._originals:
            raise ValueError(f"option {name!r} is patched already: one wrapper for each patch")
        self._originals[name] = getattr(self._options, name)
        setattr(self._options, name, value)

    def __delattr__(self, name: str) -> None:
        setattr(self._options, name, self._originals.pop(name))


def _defining_file() -> str:
    """Return the file whose code, outside this package, is calling."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    return frame.f_code.co_filename


def _is_ours(file_name: str) -> bool:
    return file_name == _FACADE or os.path.dirname(file_name) == _HERE


def _inferred_type(default: Any, multiple: bool) -> Callable[[str], Any]:
    # The items of a list say nothing of those to come: ``default=[8000]`` may stand for ports or
    # names of services. Without a type they are text.
    return str if multiple or default is None else type(default)


def _types_of_items(default: Any) -> tuple[type, ...]:
    """Return what a program may set as items of a list without a type: such as the default's."""
    if isinstance(default, (list, tuple, set, frozenset, range)):
        return tuple({type(item) for item in default})
    return () if default is None else (type(default),)


def _suggestion(name: str, known: Iterable[str], prefix: str) -> str:
    """Return a question that names the option most like ``name``; empty if none is."""
    # Here, since it is needed for a message only.
    from difflib import get_close_matches

    close = get_close_matches(name.replace("_", "-"), known, 1)
    return f": did you mean {prefix}{close[0]}?" if close else ""


def _set_from_config(option: Option, value: Any) -> None:
    if isinstance(value, str) and (option.multiple or option.type is not str):
        option.parse(value)
        return
    if option.multiple and not isinstance(value, list):
        raise Error(
            f"Option {option.name!r} is required to be a list of values or a comma-separated"
            f" string, got {type(value).__name__}"
        )
    option.set(value)


OptionParser.__module__ = "tornado.options"

#: The options of the program; `tornado.options.options`.
global_options = OptionParser()
