"""What is wrong with a definition, a name or a value of an option, told in one plain sentence."""

__all__ = ["Error", "UnrecognizedOptionError"]


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


Error.__module__ = "tornado.options"
UnrecognizedOptionError.__module__ = "tornado.options"
