"""A simple template system that compiles templates to Python code: text goes in, bytes come out.

Basic usage::

    from tornado import template

    t = template.Template("<html>{{ myvalue }}</html>")
    print(t.generate(myvalue="XXX"))

:class:`Loader` is a class that loads templates from a root directory and keeps the compiled ones::

    loader = template.Loader("/home/btaylor")
    print(loader.load("test.html").generate(myvalue="XXX"))

There are no restrictions on the expressions in a template: ``if`` and ``for`` become Python, and
any function can be passed in. So templates are code, to be trusted as such. Each one starts with
these names: ``escape`` and ``xhtml_escape`` (the same), ``url_escape``, ``json_encode``,
``squeeze``, ``linkify`` (all from :mod:`tornado.escape`) and the module ``datetime``.

Typical applications make no templates or loaders themselves, but use the methods ``render`` and
``render_string`` of :class:`tornado.web.RequestHandler`, which load templates by the application's
setting ``template_path`` and give them more names.

Syntax
------

``{{ expression }}``
    The value of any Python expression, escaped by the file's autoescape function. It may span
    lines, may hold braces and strings with braces, and may use ``await``
    (see :meth:`Template.generate_async`).

``{% directive %}``
    Everything else; see below. A directive may span lines too.

``{# ... #}``
    A comment; it may contain directives.

``{{!``, ``{%!`` and ``{#!``
    A literal ``{{``, ``{%`` or ``{#``.

``{% apply function %}...{% end %}``
    Applies a function to the output of everything between. The function gets bytes and returns
    bytes or text. Names that are bound inside are local to it, and ``break`` and ``continue``
    do not reach out of it::

        {% apply linkify %}{{name}} said: {{message}}{% end %}

``{% autoescape function %}``
    Chooses the function through which the expressions of this file go (of no other file, not even
    an included one); ``None`` for no escaping. The function gets bytes and returns bytes or text.
    The default is the loader's, which is ``xhtml_escape`` unless the application says otherwise.

``{% block name %}...{% end %}``
    A part that a template which extends this one can replace::

        <!-- base.html -->
        <title>{% block title %}Default title{% end %}</title>

        <!-- mypage.html -->
        {% extends "base.html" %}
        {% block title %}My page title{% end %}

``{% break %}``, ``{% continue %}``
    As in Python.

``{% comment ... %}``
    A comment that ends at the first ``%}``.

``{% extends filename %}``
    Takes everything from another template but the blocks given here. What stands here outside of
    blocks is ignored.

``{% for var in expr %}...{% else %}...{% end %}``
    As in Python, ``else`` included.

``{% from x import y %}``, ``{% import module %}``
    As in Python.

``{% if condition %}...{% elif condition %}...{% else %}...{% end %}``
    Outputs the first part whose condition is true.

``{% include filename %}``
    Inserts another template, which sees all variables as if it stood here. A template that extends
    another may be included; its blocks stay its own.

``{% module expr %}``
    Outputs what a UI module renders, unescaped. They are a feature of :mod:`tornado.web`. The module
    ``Template(filename, **kwargs)`` inserts a template with variables of its own.

``{% raw expr %}``
    Outputs a value without escaping.

``{% set x = y %}``
    Sets a local variable; any Python statement on one line may stand there.

``{% try %}...{% except %}...{% else %}...{% finally %}...{% end %}``
    As in Python. What was output before an exception stays.

``{% while condition %}...{% end %}``
    As in Python.

``{% whitespace mode %}``
    Sets the white space mode for the rest of the file; see :func:`filter_whitespace`.

Applications can add directives of their own: :class:`Directive`.

Checking a directory
--------------------

``python -m tornado.template check DIR`` compiles every template below a directory and reports what
is wrong with its file, line and text; the exit status says whether anything is.
"""

from __future__ import annotations

from tornado._core.seam import legacy as _legacy
from tornado._template.archives import PackageLoader, ZipLoader
from tornado._template.cache import CompiledCache
from tornado._template.engine import Template, TemplateLoader
from tornado._template.errors import ExpressionError, ParseError, WhitespaceModeError
from tornado._template.extending import CodeWriter, Directive, Tag
from tornado._template.loaders import BaseLoader, DictLoader, Loader
from tornado._template.whitespace import filter_whitespace

_legacy.provide(__name__)

__all__ = [
    "BaseLoader",
    "CodeWriter",
    "CompiledCache",
    "DictLoader",
    "Directive",
    "ExpressionError",
    "Loader",
    "PackageLoader",
    "ParseError",
    "Tag",
    "Template",
    "TemplateLoader",
    "WhitespaceModeError",
    "ZipLoader",
    "filter_whitespace",
]

if __name__ == "__main__":
    import sys

    # Only the command needs it.
    from tornado._template.check import main

    sys.exit(main(sys.argv[1:]))
