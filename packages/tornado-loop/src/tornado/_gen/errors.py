"""What can go wrong with a coroutine: the exceptions of `tornado.gen`, and its way to return.

::

    Exception
    +-- BadYieldError        something was yielded that nobody can wait for
    +-- KeyReuseError        a callback key was used a second time before it was waited for
    +-- UnknownKeyError      a key was waited for that no callback has
    +-- LeakedCallbackError  a generator ended without waiting for its callbacks
    +-- ReturnValueIgnoredError  an ``engine`` function returned a value
    +-- Return               not an error: returns a value from a generator
"""

from typing import Any

from tornado._loop.conversion import BadYieldError

__all__ = ["BadYieldError", "KeyReuseError", "LeakedCallbackError", "Return", "UnknownKeyError"]


class KeyReuseError(Exception):
    """A `Callback` was yielded with a key that is pending already."""


class UnknownKeyError(Exception):
    """A `Wait` names a key for which no `Callback` was yielded."""


class LeakedCallbackError(Exception):
    """A generator ended without a `Wait` for each of its `Callback` keys."""


class Return(Exception):
    """Raise it to return a value from a generator-based coroutine; ``return value`` does the same.

    :param value: the result of the coroutine.

    .. versionadded:: 3.0
    """

    def __init__(self, value: Any = None) -> None:
        super().__init__(value)
        self.value = value


for _class in (KeyReuseError, UnknownKeyError, LeakedCallbackError, Return):
    _class.__module__ = "tornado.gen"
del _class
