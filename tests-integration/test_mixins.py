"""Handlers and streams are assembled from mixins: each inherits what it uses."""

from __future__ import annotations

import ast
from pathlib import Path
from types import FunctionType

import pytest

from tornado.iostream import IOStream, PipeIOStream, SSLIOStream
from tornado.web import RequestHandler, StaticFileHandler
from tornado.websocket import WebSocketHandler

ASSEMBLED = [
    RequestHandler,
    StaticFileHandler,
    WebSocketHandler,
    IOStream,
    SSLIOStream,
    PipeIOStream,
]


def _definition(room: type) -> ast.AST:
    """Return the syntax tree of a class; exported ones name another module than the one they are in."""
    functions = [
        member
        for member in vars(room).values()
        if isinstance(member, FunctionType)
        and member.__qualname__.startswith(f"{room.__qualname__}.")
    ]
    if not functions:
        return ast.Module([], [])
    source = Path(functions[0].__code__.co_filename).read_text("utf-8")
    return next(
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef) and node.name == room.__name__
    )


def _names_of_self(room: type) -> tuple[set[str], set[str]]:
    """Return which attributes of ``self`` a class stores or declares, and which it reads."""
    tree = _definition(room)
    stored: set[str] = set(getattr(room, "__annotations__", ()))
    read: set[str] = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        ):
            (stored if isinstance(node.ctx, ast.Store) else read).add(node.attr)
    return stored, read


def unknown_names(room: type) -> set[str]:
    """Return the attributes that a class reads of itself, and neither it nor a base defines."""
    known = set(dir(room))
    for base in room.__mro__[:-1]:
        known |= _names_of_self(base)[0]
    return _names_of_self(room)[1] - known


@pytest.mark.parametrize("assembled", ASSEMBLED)
def test_no_mixin_refers_to_a_name_of_its_heirs(assembled: type) -> None:
    found = {room.__name__: unknown_names(room) for room in assembled.__mro__[:-1]}
    assert {name: names for name, names in found.items() if names} == {}


def test_a_reference_to_an_heir_is_found() -> None:
    class Mixin:
        def size(self) -> int:
            return self.width * 2  # type: ignore[attr-defined, no-any-return]

    class Heir(Mixin):
        width = 2

        def area(self) -> int:
            return self.size() * self.width

    assert unknown_names(Mixin) == {"width"}
    assert unknown_names(Heir) == set()


def _named(assembled: type, name: str) -> type:
    return next(room for room in assembled.__mro__ if room.__name__ == name)


@pytest.mark.parametrize(
    ("assembled", "name", "apart_from"),
    [
        (RequestHandler, "Cookies", ("Arguments", "Identity", "Output")),
        (RequestHandler, "Identity", ("Arguments", "Cookies", "Output")),
        (RequestHandler, "Output", ("Arguments", "Identity", "XSRFProtection")),
        (RequestHandler, "XSRFProtection", ("Output", "Failure")),
        (IOStream, "PullStream", ("WriteStream",)),
        (IOStream, "WriteStream", ("PullStream",)),
    ],
)
def test_a_mixin_does_not_inherit_what_it_does_not_use(
    assembled: type, name: str, apart_from: tuple[str, ...]
) -> None:
    room = _named(assembled, name)
    for other in apart_from:
        assert not issubclass(room, _named(assembled, other)), other
