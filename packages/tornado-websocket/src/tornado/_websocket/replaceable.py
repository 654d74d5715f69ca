"""Methods that programs replace on one connection, or on the class, at any time.

A session reads and writes frames without calling `WebSocketProtocol13._handle_message` and
`_write_frame`, which tests and proxies replace to see each frame. Whether one was replaced is
settled when it happens, not when a frame passes: a descriptor notices an assignment to an instance,
and the metaclass one to a class, by whatever library. Both note it in an attribute beside the method
that is otherwise ``None``, so the check costs one look-up, and no attribute of the replacement is
believed.
"""

import functools
from abc import ABCMeta
from collections.abc import Callable
from types import MethodType
from typing import Any

__all__ = ["ReplaceableMethod", "ReplaceableMethods"]


class ReplaceableMethod:
    """A method that is only called if it was replaced; ``_replaced<name>`` is ``None`` if not.

    :param function: the method.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        functools.update_wrapper(self, function)

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self._note = f"_replaced{name}"

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        replacement = vars(instance).get(self._note)
        return MethodType(self._function, instance) if replacement is None else replacement

    def __set__(self, instance: Any, replacement: Callable[..., Any]) -> None:
        vars(instance)[self._note] = replacement

    def __delete__(self, instance: Any) -> None:
        if vars(instance).pop(self._note, None) is None:
            raise AttributeError(self._name)

    def __call__(self, instance: Any, *args: Any, **kwargs: Any) -> Any:
        """Call the method as it was defined, as ``Class.method(instance)`` does."""
        return self._function(instance, *args, **kwargs)


class ReplaceableMethods(ABCMeta):
    """The metaclass of classes with such methods, which notices assignments to the class."""

    #: The names of the replaceable methods that this class and its bases define.
    _replaceable: frozenset[str] = frozenset()

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        super().__init__(name, bases, namespace)
        own = {each for each, value in namespace.items() if type(value) is ReplaceableMethod}
        super().__setattr__("_replaceable", cls._replaceable | own)
        for each in cls._replaceable.intersection(namespace):
            cls.__note(each)

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        cls.__note(name)

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        cls.__note(name)

    def __note(cls, name: str) -> None:
        """Note what the method ``name`` is in this class and its heirs, if it is a replaceable one."""
        if name not in cls._replaceable:
            return
        (found, *_) = (vars(base)[name] for base in cls.__mro__ if name in vars(base))
        # Not what was found, which may be a descriptor and become something else when it is read.
        replaced = None if type(found) is ReplaceableMethod else True
        super().__setattr__(f"_replaced{name}", replaced)
        heirs: Any = cls.__subclasses__()  # of this metaclass too, which mypy does not see
        for heir in heirs:
            heir.__note(name)
