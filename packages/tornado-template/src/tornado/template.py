"""A simple template system that compiles templates to Python code: text goes in, bytes come out.

.. code-block:: python

    from tornado.template import Loader, Template

    Template("<html>{{ myvalue }}</html>").generate(myvalue="XXX")

    loader = Loader("/home/btaylor")
    loader.load("test.html").generate(myvalue="XXX")
"""

from __future__ import annotations

from tornado._template.archives import PackageLoader, ZipLoader
from tornado._template.cache import CompiledCache
from tornado._template.engine import Template
from tornado._template.errors import ExpressionError, ParseError, WhitespaceModeError
from tornado._template.loaders import BaseLoader, DictLoader, Loader
from tornado._template.whitespace import filter_whitespace

__all__ = [
    "BaseLoader",
    "CompiledCache",
    "DictLoader",
    "ExpressionError",
    "Loader",
    "PackageLoader",
    "ParseError",
    "Template",
    "WhitespaceModeError",
    "ZipLoader",
    "filter_whitespace",
]

if __name__ == "__main__":
    import sys

    # Only the command needs it.
    from tornado._template.check import main

    sys.exit(main(sys.argv[1:]))
