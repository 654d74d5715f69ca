"""What is wrong with a definition, a name or a value of an option, told in one plain sentence."""

from __future__ import annotations

__all__ = ["Error", "InvalidValueError", "UnrecognizedOptionError", "invalid_value"]


class Error(Exception):
    """An option was defined twice, is unknown, or got a value that does not suit it.

    ``str(error)`` is a sentence for the person who wrote the command line or config file.
    """


class UnrecognizedOptionError(Error, AttributeError, KeyError):
    """An option that is not defined was to be read or set.

    It is an `AttributeError` and a `KeyError`, since options read as attributes and as items.
    """

    def __str__(self) -> str:
        # `KeyError` would show the sentence in quotes.
        return str(self.args[0])


class InvalidValueError(Error, ValueError):
    """A value that a command line or config file gives does not suit its option.

    It is a `ValueError`, as in every release, and of the class of the error that the option's type
    raised: `json.JSONDecodeError` if the type is `json.loads`.

    .. versionadded:: 6.100
    """

    def __str__(self) -> str:
        # Some of those classes make up a text of their own.
        return str(self.args[0])


_classes: dict[type[Exception], type[InvalidValueError]] = {}


def invalid_value(message: str, cause: Exception) -> InvalidValueError:
    """Return the error to raise from ``cause``, which an option's type raised."""
    kind = type(cause)
    if kind is ValueError:
        return InvalidValueError(message)
    try:
        both = _classes.get(kind)
        if both is None:
            both = _classes[kind] = type(
                InvalidValueError.__name__,
                (InvalidValueError, kind),
                {"__module__": InvalidValueError.__module__},
            )
        # Without calling __init__, whose parameters are unknown.
        error = both.__new__(both, *cause.args)
    except TypeError:
        return InvalidValueError(message)  # the class cannot be combined or made like this
    error.__dict__.update(cause.__dict__)
    error.args = (message,)
    return error


for _error in (Error, InvalidValueError, UnrecognizedOptionError):
    _error.__module__ = "tornado.options"
