"""Names that modules of released versions had beside their interface, found when they are used.

Programs import what they find: ``tornado.gen.Future``, ``tornado.web.app_log``,
``tornado.httputil.urlencode``. None of these belongs to the module it is taken from, and none is
listed in its ``__all__``, but each was there in a release. They stay available without being
imported by our modules: every public module ends its imports with one call of `provide`, which gives
it a ``__getattr__``. What that function may return is written in one table, `tornado._legacy.names`.

The table names origins by text, so nothing is imported until a name is used, and a name may come from
a distribution that the module's own does not require. Where that distribution is missing, the error
names it.
"""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tornado._missing import leftovers

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["find", "provide"]


def provide(module: str) -> None:
    """Give ``module``, which is being imported, the names that released versions of it had.

    Set here rather than by an assignment that type checkers see: for them, a module with
    ``__getattr__`` has every name, misspelt ones too.

    :param module: its full name, ``__name__``.
    """
    vars(sys.modules[module])["__getattr__"] = partial(find, module)


def find(module: str, name: str) -> Any:
    """Return what ``name`` stood for in released versions of ``module``.

    It is looked up each time, so a value that changes, such as a default, is the current one.

    :raises AttributeError: if no release had the name, or its distribution is not installed.
    :raises ModuleNotFoundError: the latter, in ``from module import name``.
    """
    origin = None
    # The import system itself asks for "__path__".
    is_ordinary = not name.startswith("__")
    if is_ordinary:
        # Here, since most programs never get so far.
        from tornado._legacy.names import origin_of

        origin = origin_of(module.removeprefix("tornado."), name)
    if is_ordinary and origin is None:
        caller = sys._getframe(1)
        is_import = _is_import_from(caller)
        if is_import or caller.f_globals.get("__name__", "").startswith("tornado."):
            leftover = leftovers()
            if leftover:
                text = f"cannot import name {name!r} from {module!r}: {leftover}"
                raise (ImportError if is_import else AttributeError)(text, name=name)
    if origin is None:
        raise AttributeError(
            f"module {module!r} has no attribute {name!r}", name=name, obj=sys.modules.get(module)
        )
    source, _, member = origin.partition(":")
    optional = source.endswith("?")
    source = source.removesuffix("?")
    try:
        found = import_module(source)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{source}.".startswith(f"{error.name}."):
            raise  # it is there, and fails on an import of its own
        if optional:
            return None
        text = f"{module}.{name} is {origin.replace(':', '.')}. {error}"
        if _is_import_from(sys._getframe(1)):
            # This statement replaces an AttributeError by "cannot import name", without the reason.
            raise ModuleNotFoundError(text, name=error.name) from None
        raise AttributeError(text, name=name) from None
    return getattr(found, member) if member else found


def _is_import_from(frame: FrameType) -> bool:
    """Return whether ``frame`` is executing ``from module import name``."""
    # Here, since it is needed only for the text of an error.
    from opcode import opmap

    return frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]
