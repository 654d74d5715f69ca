"""The reference of one public module, from its ``__all__``.

``.. public-module:: tornado.web`` documents everything that the module exports. It does what autodoc's
``automodule`` does, and knows one thing more about this project: a large class such as
`RequestHandler` is assembled from classes in private rooms. Their members are documented as those of
the public class, a group for each room. What a class inherits from another *public* class is listed
with links, and each name has an anchor, so that a search for ``WebSocketHandler.get_argument`` ends
somewhere.

A public name without an entry is a warning, which fails the build.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import PycodeError
from sphinx.pycode import ModuleAnalyzer
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)

#: An attribute that a class's own docstring describes.
_DESCRIBED = re.compile(r"^ *\.\. (?:py:)?attribute:: (\w+)", re.M)

_PUBLIC = re.compile(r"tornado(\.[a-z]\w*)*\.\w+\Z")

#: Rooms whose class name is no heading by itself.
_HEADINGS = {
    "HandlerState": "Status and headers",
    "Arguments": "Request arguments",
    "Cookies": "Cookies",
    "Identity": "The current user",
    "XSRFProtection": "Protection against cross-site request forgery",
    "Output": "Output",
    "Rendering": "Templates",
    "Failure": "Errors",
    "Execution": "Execution",
    "Session": "The connection",
    "PullFace": "Reading",
}


class PublicModule(SphinxDirective):
    """Documents the names in a module's ``__all__``."""

    required_arguments = 1
    option_spec = {"exclude": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        excluded = set(self.options.get("exclude", "").replace(",", " ").split())
        module = importlib.import_module(name)
        lines = [f".. automodule:: {name}", "   :no-members:", ""]
        for exported in module.__all__:
            if exported not in excluded and not isinstance(getattr(module, exported), ModuleType):
                lines += _entry(module, exported)
        parsed: list[nodes.Node] = self.parse_text_to_nodes("\n".join(lines))
        for exported in module.__all__:
            value = getattr(module, exported)
            if exported not in excluded and inspect.isclass(value):
                parsed += self._inherited(name, exported, value)
        return parsed

    def _inherited(self, module: str, name: str, cls: type) -> list[nodes.Node]:
        """Return a paragraph for each public class from which ``cls`` inherits members."""
        found: list[nodes.Node] = []
        seen = {attribute for owner in _rooms(cls) for attribute in vars(owner)}
        domain = self.env.domains["py"]
        for base in _public_bases(cls):
            paragraph = nodes.paragraph(
                "", "", nodes.literal("", name), nodes.Text(" inherits from ")
            )
            base_name = f"{base.__module__}.{base.__name__}"
            paragraph += [_link(base_name, base.__name__), nodes.Text(": ")]
            members = [a for r in _rooms(base) for a in _public(vars(r)) if a not in seen]
            for index, attribute in enumerate(dict.fromkeys(members)):
                seen.add(attribute)
                full = f"{module}.{name}.{attribute}"
                if index:
                    paragraph += nodes.Text(", ")
                paragraph += nodes.inline(
                    "", "", _link(f"{base_name}.{attribute}", attribute), ids=[full]
                )
                if full not in domain.objects:
                    kind = _kind(inspect.getattr_static(base, attribute))
                    domain.note_object(full, kind, full, aliased=True)
            if members:
                found.append(paragraph)
        return found


def _link(target: str, text: str) -> nodes.Node:
    link = addnodes.pending_xref(
        "", nodes.literal(text, text), refdomain="py", reftype="obj", reftarget=target
    )
    link["refwarn"] = True
    return link


def _entry(module: ModuleType, name: str) -> Iterator[str]:
    """Yield the reStructuredText of one exported name."""
    value = getattr(module, name)
    full = f"{module.__name__}.{name}"
    if inspect.isclass(value):
        directive = "autoexception" if issubclass(value, BaseException) else "autoclass"
        yield from (f".. {directive}:: {full}", "   :no-members:", "")
        if value.__name__ == name and value.__module__ == module.__name__:
            for line in _members(value, full):
                yield f"   {line}"
    elif inspect.isroutine(value):
        yield from (f".. autofunction:: {full}", "")
    else:
        documented = [f":module: {module.__name__}", "", *_data_docs(module, name), ""]
        yield f".. py:data:: {name}"
        yield from (f"   {line}" for line in documented)


def _data_docs(module: ModuleType, name: str) -> list[str]:
    """Return what the source says about a constant or an object of a module."""
    value = getattr(module, name)
    rooms = [m for n, m in sorted(sys.modules.items()) if n.startswith("tornado._")]
    for home in [module, *(room for room in rooms if vars(room).get(name) is value)]:
        documented = ModuleAnalyzer.for_module(home.__name__).find_attr_docs()
        if ("", name) in documented:
            return documented["", name]
    return []


def _members(cls: type, full: str) -> Iterator[str]:
    """Yield the entries of the public members of ``cls`` and of the rooms it is made of."""
    seen = set(_DESCRIBED.findall(cls.__doc__ or ""))
    for room in _rooms(cls):
        members = [name for name in _public(vars(room)) if name not in seen]
        seen.update(vars(room))
        if members and room is not cls:
            yield from (f".. rubric:: {_heading(room)}", "")
        documented = _attribute_docs(room)
        for name in members:
            value = inspect.getattr_static(cls, name)
            kind = _kind(value)
            if kind in ("method", "classmethod", "staticmethod"):
                yield from (f".. automethod:: {full}.{name}", "")
            elif kind == "property":
                yield from (f".. autoproperty:: {full}.{name}", "")
            else:
                yield from (f".. py:attribute:: {cls.__name__}.{name}", "")
                described = documented.get(name) or _own_docs(value)
                yield from (f"   {line}" for line in ["", *described, ""])


def _own_docs(value: Any) -> list[str]:
    """Return the docstring of a descriptor; that of other values is their type's."""
    if not hasattr(value, "__get__"):
        return []
    return (inspect.getdoc(value) or "").splitlines()


def _heading(room: type) -> str:
    name = room.__name__.lstrip("_")
    return _HEADINGS.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _rooms(cls: type) -> list[type]:
    """Return ``cls`` and its bases in private modules, up to what another public class brings."""
    of_others = {owner for base in _public_bases(cls) for owner in base.__mro__}
    return [owner for owner in cls.__mro__ if owner not in of_others and _is_ours(owner)]


def _public_bases(cls: type) -> list[type]:
    """Return the public classes of this project from which ``cls`` inherits."""
    return [base for base in cls.__mro__[1:] if _is_ours(base) and "._" not in base.__module__]


def _is_ours(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "tornado"


def _public(names: Any) -> list[str]:
    return [name for name in names if not name.startswith("_")]


def _kind(value: Any) -> str:
    if isinstance(value, staticmethod):
        return "staticmethod"
    if isinstance(value, classmethod):
        return "classmethod"
    if isinstance(value, (property, functools.cached_property)):
        return "property"
    return "method" if inspect.isroutine(value) and callable(value) else "attribute"


def _attribute_docs(room: type) -> dict[str, list[str]]:
    """Return what comments and strings in the source say about the attributes of a class."""
    modules = {
        function.__module__
        for value in vars(room).values()
        if isinstance(function := getattr(value, "__func__", value), FunctionType)
    }
    found: dict[str, list[str]] = {}
    for module in sorted(modules):
        try:
            docs = ModuleAnalyzer.for_module(module).find_attr_docs()
        except PycodeError:
            continue
        for (owner, name), lines in docs.items():
            if owner == room.__name__:
                found[name] = lines
    return found


def check_entries(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of public names of documented modules that have no entry."""
    objects = env.domains["py"].objects
    for full, entry in sorted(objects.items()):
        if entry.objtype not in ("class", "exception") or not _PUBLIC.match(full):
            continue
        module, _, name = full.rpartition(".")
        cls = getattr(importlib.import_module(module), name, None)
        if not inspect.isclass(cls) or cls.__name__ != name or cls.__module__ != module:
            continue
        for owner in cls.__mro__:
            for attribute in _public(vars(owner)) if _is_ours(owner) else ():
                if f"{full}.{attribute}" not in objects:
                    logger.warning("%s.%s has no entry in the reference", full, attribute)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("public-module", PublicModule)
    app.connect("env-check-consistency", check_entries)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
