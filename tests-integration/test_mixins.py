"""`RequestHandler` and the streams are assembled from rooms: no room refers to a name of its heirs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tornado.iostream import PipeIOStream, SSLIOStream
from tornado.web import RequestHandler, StaticFileHandler

ROOT = Path(__file__).resolve().parent.parent
ROOMS = [
    *ROOT.glob("packages/tornado-web/src/tornado/_web/*.py"),
    *ROOT.glob("packages/tornado-iostream/src/tornado/_iostream/*.py"),
]


@pytest.fixture(scope="module")
def definitions():
    """Each class of the rooms by its name; the names are unique there."""
    found = {}
    for room in ROOMS:
        for node in ast.parse(room.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found[node.name] = node
    return found


def attributes_of_self(node, *contexts):
    """Return the attributes of ``self`` that a class's source reads, or sets."""
    return {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute)
        and isinstance(each.value, ast.Name)
        and each.value.id == "self"
        and isinstance(each.ctx, contexts)
    }


def own_names(cls, definitions):
    """Return what a class itself defines: members, annotations and what its methods set."""
    names = set(vars(cls)) | set(vars(cls).get("__annotations__", ()))
    node = definitions.get(cls.__name__)
    if node is not None:
        names |= attributes_of_self(node, ast.Store)
    return names


def unknown_names(cls, definitions):
    """Return the attributes of ``self`` that a class reads and neither it nor a base defines."""
    known = set().union(*(own_names(base, definitions) for base in cls.__mro__))
    return attributes_of_self(definitions[cls.__name__], ast.Load, ast.Del) - known


ASSEMBLED = [RequestHandler, StaticFileHandler, PipeIOStream, SSLIOStream]
PARTS = dict.fromkeys(base for cls in ASSEMBLED for base in cls.__mro__)


@pytest.mark.parametrize("cls", PARTS, ids=lambda cls: cls.__name__)
def test_no_room_needs_its_heirs(cls, definitions):
    if cls.__name__ in definitions:
        assert unknown_names(cls, definitions) == set()


def test_all_parts_are_looked_at(definitions):
    looked_at = {cls.__name__ for cls in PARTS} & definitions.keys()
    assert looked_at >= {"HandlerState", "Output", "Execution", "StreamCore", "PushStream"}
    assert len(looked_at) > 15


def test_a_name_of_an_heir_is_noticed():
    source = """
class Base:
    declared: int

    def method(self):
        self.own = self.declared
        return self.own, self.of_the_heir


class Heir(Base):
    def of_the_heir(self):
        return self.method()
"""
    namespace = {}
    exec(source, namespace)
    definitions = {node.name: node for node in ast.parse(source).body}
    assert unknown_names(namespace["Base"], definitions) == {"of_the_heir"}
    assert unknown_names(namespace["Heir"], definitions) == set()
