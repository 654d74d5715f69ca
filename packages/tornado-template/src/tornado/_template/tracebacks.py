"""An exception from running a template goes in; out it comes with the templates' own lines.

Lines of the template's own file are right from the start (see :mod:`.lines`). A function that also
holds code of other files, parents and includes, cannot say so in its code object: the traceback's
entries for those are replaced here, when an exception passes. Nothing of this costs anything
until then.
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tornado._template.lines import renumber

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado._template.compiler import Program
    from tornado._template.nodes import File

__all__ = ["SourceLoader", "show_template_lines"]


class SourceLoader:
    """The ``__loader__`` of a template's namespace: gives its text to :mod:`linecache`."""

    __slots__ = ("file", "program")

    def __init__(self, file: File, program: Program | None) -> None:
        self.file = file
        self.program = program

    def get_source(self, fullname: str) -> str:
        """Return the text of the template."""
        return self.file.source


def show_template_lines(error: Exception) -> Exception:
    """Make the traceback of *error* name templates' files and lines, and their text available.

    :returns: the same exception, for the caller to raise; the caller's own entry is left out of
        its traceback, as raising will add it.
    """
    assert error.__traceback__ is not None
    entries: list[TracebackType] = []
    entry = error.__traceback__.tb_next
    while entry is not None:
        entries.append(entry)
        entry = entry.tb_next
    result: TracebackType | None = None
    for entry in reversed(entries):
        loader = entry.tb_frame.f_globals.get("__loader__")
        place = None
        if isinstance(loader, SourceLoader) and entry.tb_frame.f_code.co_filename == (
            loader.file.path
        ):
            _remember(loader.file)
            if loader.program is not None:
                place = loader.program.place(entry.tb_lineno)
        if place is not None:
            result = _entry(*place, entry, result)
        elif entry.tb_next is not result:
            result = TracebackType(result, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
        else:
            result = entry
    return error.with_traceback(result)


def _remember(file: File) -> None:
    """Let :mod:`linecache` show a template that is not a file of its own."""
    # Needed when something goes wrong, and only then.
    import linecache

    if not os.path.isabs(file.path):
        source = file.source
        lines = [line + "\n" for line in source.split("\n")]
        linecache.cache[file.path] = (len(source), None, lines, file.path)


def _entry(
    file: File, line: int, original: TracebackType, following: TracebackType | None
) -> TracebackType:
    """Return a traceback entry at a line of *file* that keeps the original's variables."""
    _remember(file)
    frame = original.tb_frame
    code = compile("raise LookupError", file.path, "exec", dont_inherit=True)
    code = renumber(code, [line]).replace(co_name=frame.f_code.co_name)
    names: dict[str, Any] = {
        "__name__": frame.f_globals.get("__name__"),
        "__loader__": SourceLoader(file, None),
    }
    variables: Mapping[str, object] = dict(frame.f_locals)
    here: TracebackType | None = None
    try:
        exec(code, names, variables)
    except LookupError as error:
        here = error.__traceback__
    # The first entry is this function, the second the code above.
    assert here is not None
    assert here.tb_next is not None
    return TracebackType(following, here.tb_next.tb_frame, here.tb_next.tb_lasti, line)
