"""Arguments by place, in the order of an older release, go in; those of today's order come out.

Parameters were added in the middle, and ``io_loop`` came and went at the front. The types of the
arguments tell the orders apart where a program gives so many by place.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

_F = TypeVar("_F", bound=Callable[..., Any])
_Arrange = Callable[[tuple[Any, ...], dict[str, Any]], tuple[Any, ...]]


def in_order_of(arrange: _Arrange, above: int = 0) -> Callable[[_F], _F]:
    """Decorate a method, so that ``arrange`` sees its arguments where there are more than ``above``.

    :param arrange: called with the arguments by place and those by name; returns the former in
        today's order, and may add to the latter.
    """

    def decorate(method: _F) -> _F:
        @functools.wraps(method)
        def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
            if len(args) > above:
                args = arrange(args, kwargs)
            return method(self, *args, **kwargs)

        return cast(_F, wrapper)

    return decorate


def of_request(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Arrange those of `HTTPRequest`."""
    if isinstance(args[6], (int, float)):  # 2.x: connect_timeout, where auth_mode is now
        args = (*args[:6], None, *args[6:])
    if len(args) > 22 and isinstance(args[22], bool):
        # 3.x: allow_nonstandard_methods, where proxy_auth_mode is now
        args = (*args[:22], None, *args[22:])
    return args


def of_simple(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Arrange those of `SimpleAsyncHTTPClient.initialize`."""
    args = _with_loop(args)
    if len(args) > 2:
        is_none = args[2] is None and len(args) > 3 and isinstance(args[3], dict)
        if is_none or isinstance(args[2], int):  # 2.x, where hostname_mapping is now
            kwargs["max_simultaneous_connections"] = args[2]
            args = (*args[:2], *args[3:])
    return args


def of_curl(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Arrange those of `CurlAsyncHTTPClient.initialize`."""
    args = _with_loop(args)
    if len(args) > 2 and isinstance(args[2], int):  # 2.x, where defaults is now
        kwargs["max_simultaneous_connections"] = args[2]
        args = (*args[:2], *args[3:])
    return args


def _with_loop(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Put a place for ``io_loop`` in front, which has had none since 5.0."""
    return (None, *args) if isinstance(args[0], int) else args
