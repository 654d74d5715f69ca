"""What is wrong with a definition, a name or a value of an option, told in one plain sentence."""

__all__ = ["Error"]


class Error(Exception):
    """An option was defined twice, is unknown, or got a value that does not suit it.

    ``str(error)`` is a sentence for the person who wrote the command line or config file.
    """


Error.__module__ = "tornado.options"
