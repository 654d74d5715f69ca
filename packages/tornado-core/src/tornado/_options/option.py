"""One option: its definition, and its value as parsed from text or set by a program."""

from collections.abc import Callable
from typing import Any

from tornado._options.errors import Error, InvalidValueError, invalid_value
from tornado._options.values import describe, is_integral, parse_integers, parse_value

__all__ = ["Option"]

_UNSET: Any = object()


class Option:
    """The definition of an option, and the value it has now.

    ``name`` is as it was defined, ``type`` a class or a callable that makes a value from text,
    ``multiple`` tells whether the value is a list of them, and ``group_name`` is the heading under
    which the help shows it.
    """

    def __init__(
        self,
        name: str,
        default: Any = None,
        type: Callable[[str], Any] = str,
        help: str | None = None,
        metavar: str | None = None,
        multiple: bool = False,
        file_name: str | None = None,
        group_name: str | None = None,
        callback: Callable[[Any], Any] | None = None,
        also: tuple[type, ...] = (),
    ) -> None:
        self.name = name
        self.type = type
        self.help = help
        self.metavar = metavar
        self.multiple = multiple
        self.file_name = file_name
        self.group_name = group_name
        self.callback = callback
        # Classes beside the type of which a program may set values.
        self._also = also
        self.default = default
        if multiple and not isinstance(default, list):
            self.default = self._list_of(default)
        self._value: Any = _UNSET

    def _list_of(self, default: Any) -> list[Any]:
        if default is None or default == "":
            return []
        if isinstance(default, str):
            return self._parsed_list(default)
        return list(default) if isinstance(default, (tuple, set, frozenset, range)) else [default]

    def value(self) -> Any:
        """Return the value that was parsed or set last, or the default if there was none."""
        return self.default if self._value is _UNSET else self._value

    def parse(self, value: str) -> Any:
        """Take the value from its text, tell the option's callback, and return the value.

        :raises Error: if the text does not give a value of the option's type.
        """
        self._value = self._parsed(value)
        if self.callback is not None:
            self.callback(self._value)
        return self.value()

    def _parsed(self, text: str) -> Any:
        return self._parsed_list(text) if self.multiple else self._parsed_item(text)

    def _parsed_list(self, text: str) -> list[Any]:
        values: list[Any] = []
        # An empty text is an empty list for all types but text, where it is one empty item.
        for item in text.split(",") if text or self.type is str else ():
            if is_integral(self.type) and ":" in item:
                try:
                    values.extend(parse_integers(self.type, item))
                except ValueError:
                    raise InvalidValueError(
                        f"Option {self.name!r} takes integers and ranges such as 1:5, got {item!r}"
                    ) from None
            else:
                values.append(self._parsed_item(item))
        return values

    def _parsed_item(self, text: str) -> Any:
        try:
            return parse_value(self.type, text)
        except (ValueError, OverflowError) as error:
            message = f"Option {self.name!r} takes {describe(self.type)}, got {text!r}"
            raise invalid_value(message, error) from error

    def set(self, value: Any) -> None:
        """Take a value as it is and tell the option's callback.

        :raises Error: if it is neither `None` nor of the option's type, or, for an option with
            ``multiple``, not a list of such values.
        """
        if self.multiple:
            if not isinstance(value, list):
                raise Error(
                    f"Option {self.name!r} is required to be a list of {self._type_name()},"
                    f" got {type(value).__name__}"
                )
            checked = [self._checked(item) for item in value]
            # The list itself where nothing was converted: the program may go on changing it.
            if any(new is not old for new, old in zip(checked, value, strict=True)):
                value = checked
        else:
            value = self._checked(value)
        self._value = value
        if self.callback is not None:
            self.callback(value)

    def _checked(self, value: Any) -> Any:
        # A type that is no class (a converting function) cannot say which values it would make.
        if value is None or not isinstance(self.type, type) or isinstance(value, self.type):
            return value
        if isinstance(value, self._also):
            return value
        if self.type is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        each = "to hold only values of type" if self.multiple else "to be of type"
        raise Error(
            f"Option {self.name!r} is required {each} {self._type_name()},"
            f" got {type(value).__name__} {value!r}"
        )

    def _type_name(self) -> str:
        return str(getattr(self.type, "__name__", self.type))

    def unset(self) -> None:
        """Forget the value, so that the option has its default again."""
        self._value = _UNSET
