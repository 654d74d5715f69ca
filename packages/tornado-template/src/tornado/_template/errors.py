"""The errors that template source raises while it is read, linked or compiled.

.. code-block:: text

    Exception
     └─ ParseError                   a directive or the structure of a template is wrong
         ├─ WhitespaceModeError      also a ValueError: an unknown whitespace mode
         └─ ExpressionError          also a SyntaxError: the Python inside a directive is wrong
"""

from __future__ import annotations

__all__ = ["ExpressionError", "ParseError", "WhitespaceModeError"]

PUBLIC_MODULE = "tornado.template"


class ParseError(Exception):
    """Raised for template syntax errors.

    :param message: what is wrong.
    :param filename: name of the template, or ``None`` where it is not known.
    :param lineno: line in that template, counted from 1; 0 where it is not known.

    ``str()`` of the error gives all three.

    .. versionchanged:: 4.3
       Added the attributes ``filename`` and ``lineno``.
    """

    def __init__(self, message: str, filename: str | None = None, lineno: int = 0) -> None:
        super().__init__(message, filename, lineno)
        self.message = message
        self.filename = filename
        self.lineno = lineno

    def __str__(self) -> str:
        return f"{self.message} at {self.filename}:{self.lineno}"


class WhitespaceModeError(ParseError, ValueError):
    """Raised for a whitespace mode other than ``all``, ``single`` and ``oneline``."""

    def __str__(self) -> str:
        return self.message if self.filename is None else super().__str__()


class ExpressionError(ParseError, SyntaxError):  # type: ignore[misc]  # lineno is an int in both
    """Raised when the Python code inside a directive does not compile.

    It is a :exc:`SyntaxError` too: ``filename``, ``lineno`` and ``text`` name the template, the
    line in the template and that line's text, so that a printed traceback shows the template.
    """

    def __init__(
        self, message: str, filename: str | None = None, lineno: int = 0, text: str | None = None
    ) -> None:
        super().__init__(message, filename, lineno)
        self.msg = message
        # Both bases keep a file name and a line: the assignments of the first one
        # land in the fields of SyntaxError, which the traceback printer reads.
        self.filename = filename
        self.lineno = lineno
        self.text = text

    def __str__(self) -> str:
        return f"{self.message} at {self.filename}:{self.lineno}"


for _error in (ParseError, WhitespaceModeError, ExpressionError):
    _error.__module__ = PUBLIC_MODULE
