"""From ``module:name`` to an application that can be served."""

from __future__ import annotations

import importlib
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tornado._cli.errors import NO_APPLICATION, CommandError
from tornado.asgi import ASGIContainer
from tornado.httputil import HTTPServerConnectionDelegate
from tornado.wsgi import WSGIContainer

#: Names that are looked for where a target names none.
USUAL_NAMES = ("application", "app", "make_app", "create_app", "make_application")
INTERFACES = ("auto", "tornado", "asgi", "wsgi")


@dataclass
class Target:
    """An application, and how to serve it."""

    #: ``module:name``, as it was found.
    name: str
    #: ``tornado``, ``asgi`` or ``wsgi``.
    interface: str
    #: The application itself.
    application: Any
    #: What `.HTTPServer` serves: the application, or a container around it.
    served: Any


def load(
    target: str, interface: str = "auto", is_factory: bool = False, folder: str = "."
) -> Target:
    """Import an application.

    :param target: ``module:name``, where name may be dotted; or ``module``, in which the usual names are
        tried.
    :param interface: ``auto`` finds out; ``tornado``, ``asgi`` or ``wsgi`` decide.
    :param is_factory: whether the name is a function that returns the application. With ``auto``, a
        function without parameters is one anyway.
    :param folder: where modules are looked for first.
    :raises CommandError: if there is no such module or name, or it is no application.
    """
    path = str(Path(folder).resolve())
    if path not in sys.path:
        sys.path.insert(0, path)
    module_name, _, name = target.partition(":")
    module = _import(module_name)
    name, value = _attribute(module, module_name, name)
    found = f"{module_name}:{name}"
    if is_factory or (interface == "auto" and _is_factory(value)):
        value = _made(found, value)
    kind = _interface_of(found, value) if interface == "auto" else interface
    return Target(found, kind, value, _served(found, kind, value))


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            hint = "; is the name of a module, not of a file" if name.endswith(".py") else ""
            raise CommandError(f"no module named {error.name!r}{hint}", NO_APPLICATION) from None
        raise  # the module is there, and something that it needs is not


def _attribute(module: Any, module_name: str, name: str) -> tuple[str, Any]:
    if not name:
        for usual in USUAL_NAMES:
            if hasattr(module, usual):
                return usual, getattr(module, usual)
        raise CommandError(
            f"module {module_name!r} has none of {', '.join(USUAL_NAMES)};"
            f" name the application: {module_name}:NAME",
            NO_APPLICATION,
        )
    value = module
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise CommandError(
                f"module {module_name!r} has no attribute {name!r}", NO_APPLICATION
            ) from None
    return name, value


def _positional(value: Any) -> int | None:
    """Return how many positional arguments a call must have; ``None`` if that cannot be told."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(1 for p in parameters if p.kind in kinds and p.default is p.empty)


def _is_factory(value: Any) -> bool:
    return inspect.isfunction(value) and _positional(value) == 0


def _made(name: str, factory: Any) -> Any:
    if not callable(factory):
        raise CommandError(f"{name} is no function that makes an application", NO_APPLICATION)
    made = factory()
    if inspect.isawaitable(made):
        getattr(made, "close", lambda: None)()
        raise CommandError(
            f"{name} is a coroutine; make the application in a plain function, and what needs the"
            " event loop in its startup hooks",
            NO_APPLICATION,
        )
    return made


def _interface_of(name: str, value: Any) -> str:
    if inspect.isclass(value):
        raise CommandError(
            f"{name} is the class {value.__name__}, expected an object; a factory is said by --factory",
            NO_APPLICATION,
        )
    if isinstance(value, (HTTPServerConnectionDelegate, WSGIContainer)) or hasattr(
        value, "dispatch"
    ):
        return "tornado"
    if not callable(value):
        raise CommandError(
            f"{name} is {type(value).__name__}, expected an application of Tornado, ASGI or WSGI",
            NO_APPLICATION,
        )
    call = value if inspect.isroutine(value) else type(value).__call__
    count = _positional(value)
    if inspect.iscoroutinefunction(call) and count in (None, 3):
        return "asgi"
    if count == 3:
        return "asgi"
    if count == 2:
        return "wsgi"
    if count == 1:
        return "tornado"  # a function of a request
    raise CommandError(
        f"cannot tell what kind of application {name} is; say it by --interface", NO_APPLICATION
    )


def _served(name: str, interface: str, value: Any) -> Any:
    if interface == "asgi":
        return value if isinstance(value, ASGIContainer) else ASGIContainer(value)
    if interface == "wsgi":
        return value if isinstance(value, WSGIContainer) else WSGIContainer(value)
    if not callable(value) and not hasattr(value, "start_request"):
        raise CommandError(f"{name} is no application of Tornado", NO_APPLICATION)
    return value
