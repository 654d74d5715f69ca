"""Template source goes in; it compiles or is refused with a ParseError. No expression is ever run."""

# ruff: noqa: PT017 (an assertion is how a harness says what is wrong, about errors too)
from __future__ import annotations

import warnings

from tornado.template import DictLoader, ParseError, Template

TOKENS = [
    b"{{", b"}}", b"{%", b"%}", b"{#", b"#}", b"{{!", b"{%!", b"{#!", b"{{ x }}", b"{% end %}",
    b"{% if x %}", b"{% elif x %}", b"{% else %}", b"{% for a in b %}", b"{% while x %}",
    b"{% try %}", b"{% except %}", b"{% except E as e %}", b"{% finally %}", b"{% break %}",
    b"{% continue %}", b"{% set x = 1 %}", b"{% raw x %}", b"{% module M() %}", b"{% apply f %}",
    b"{% autoescape None %}", b"{% autoescape f %}", b"{% whitespace all %}",
    b"{% whitespace oneline %}", b"{% block b %}", b'{% extends "base.html" %}', b" ", b"\n", b"\t",
    b'{% include "part.html" %}', b"{% import a %}", b"{% from a import b %}", b"{% comment c %}",
    b"{% super %}", b"await ", b"yield x", b"lambda: ", b"f'{x}'", b'"', b"'", b"\\", b"'''", b":",
    b"(", b")", b"[", b"]", b"{", b"}", b"#", b"%", b"\0", b"\r", b"\xff", b"\xe2\x80\xa8", b";",
    b"return", b"x := 1", b"*a", b"# c\n", b"\n  ",
]  # fmt: skip

FILES = {
    "base.html": "<b>{% block b %}base{% end %}</b>",
    "part.html": "part {{ x }}",
}
_MARKS = ("{{", "{%", "{#")


class MissingFileError(Exception):
    """The template names a file that is not there."""


class Files(DictLoader):
    def _create_template(self, name: str) -> Template:
        # Not a KeyError: one from anywhere else is a defect.
        if name not in self.dict:
            raise MissingFileError(name)
        return super()._create_template(name)


def check(data: bytes) -> None:
    """The whole input is the source of a template that may use two others."""
    try:
        source = data.decode("utf-8")
    except UnicodeDecodeError:
        return
    loader = Files({**FILES, "page.html": source})
    with warnings.catch_warnings():
        # What Python says of odd expressions, such as a comparison of literals by identity.
        warnings.simplefilter("ignore")
        try:
            loader.load("page.html")
        except ParseError as error:
            assert str(error)
            assert error.lineno >= 0
            assert error.lineno <= source.count("\n") + source.count("\r") + 2
            return
        except MissingFileError:
            return
        if not any(mark in source for mark in _MARKS):
            text = Template(source, whitespace="all").generate()
            assert text == source.encode(), "plain text was changed"
