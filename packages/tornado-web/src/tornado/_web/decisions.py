"""Hooks that decide who may do what: a coroutine in place of the decision never counts as one.

A coroutine object, like every object, is true. A hook that was made ``async def`` by mistake would
therefore let everybody in; and one that refuses by raising would never run. Where a hook's value, or its
raising, decides something, what it returned goes through `decided`.
"""

from __future__ import annotations

from types import AsyncGeneratorType, GeneratorType
from typing import Any


def is_unawaited(value: object) -> bool:
    """Return whether ``value`` is a coroutine, a future or a generator, and so not a result yet."""
    return hasattr(type(value), "__await__") or isinstance(
        value, (GeneratorType, AsyncGeneratorType)
    )


def decided(value: Any, owner: object, name: str) -> Any:
    """Return what a hook returned.

    :param value: the hook's return value.
    :param owner: the object whose hook it is.
    :param name: the hook's name.
    :raises TypeError: if the value is still to be awaited.
    """
    if value is None or value is True or value is False or not is_unawaited(value):
        return value
    close = getattr(value, "close", None)
    if close is not None:
        close()  # it will never run: no warning is needed beside the exception
    raise TypeError(
        f"{type(owner).__name__}.{name} must be a result, not a {type(value).__name__} that nobody awaits"
    )
