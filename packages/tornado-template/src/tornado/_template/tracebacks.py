"""An exception from running a template goes in; out it comes with the templates' own lines.

Lines of the template's own file are right from the start (see :mod:`.lines`). A function that also
holds code of other files, parents and includes, cannot say so in its code object: the traceback's
entries for those are replaced here, when an exception passes. Nothing of this costs anything
until then.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from tornado._template.hints import explain
from tornado._template.lines import renumber

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado._template.codegen import Origin, Via
    from tornado._template.compiler import Program
    from tornado._template.nodes import File

__all__ = ["SourceLoader", "show_template_lines"]


class SourceLoader:
    """The ``__loader__`` of a template's namespace: gives its text to :mod:`linecache`."""

    __slots__ = ("file", "program", "via")

    def __init__(self, file: File, program: Program | None, via: Via = ()) -> None:
        self.file = file
        self.program = program
        # Of the one line of an entry that was made here.
        self.via = via

    def get_source(self, fullname: str) -> str:
        """Return the text of the template."""
        return self.file.source


def show_template_lines(error: Exception) -> None:
    """Make the traceback of *error* name templates' files and lines, and their text available.

    Behind the text stands where the line is from, ``# name:line``, and for one that came in by an
    include or a block the way there, the nearest first: ``(via name:line, name:line)``.

    The caller raises the error afterwards. Its own entry is left out of the traceback, as raising
    adds it.
    """
    assert error.__traceback__ is not None
    entries: list[TracebackType] = []
    entry = error.__traceback__.tb_next
    while entry is not None:
        entries.append(entry)
        entry = entry.tb_next
    last = entries[-1] if entries else None
    explain(error, last is not None and _source_loader(last) is not None)
    result: TracebackType | None = None
    shown: dict[str, _Shown] = {}
    for entry in reversed(entries):
        loader = _source_loader(entry)
        moved = False
        if loader is not None:
            place: Origin = (loader.file, entry.tb_lineno, loader.via)
            if loader.program is not None:
                place = loader.program.place(entry.tb_lineno)
            file, line, via = place
            shown.setdefault(file.path, _Shown(file)).add(line, via)
            moved = file is not loader.file
        if moved:
            result = _entry(*place, entry, result)
        elif entry.tb_next is not result:
            result = TracebackType(result, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
        else:
            result = entry
    for text in shown.values():
        text.remember()
    error.__traceback__ = result


def _source_loader(entry: TracebackType) -> SourceLoader | None:
    """Return the loader of a traceback's entry if it is one of a template."""
    loader = entry.tb_frame.f_globals.get("__loader__")
    if isinstance(loader, SourceLoader) and (entry.tb_frame.f_code.co_filename == loader.file.path):
        return loader
    return None


class _Shown:
    """The lines of a template, as tracebacks show them."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.lines = file.source.split("\n")

    def add(self, line: int, via: Via) -> None:
        """Say where *line* is from; twice, if it failed in two places."""
        if not 0 < line <= len(self.lines):
            return
        place = f"# {self.file.name}:{line}"
        if via:
            place += f" (via {', '.join(f'{name}:{number}' for name, number in via)})"
        text = self.lines[line - 1].rstrip("\r")
        if not text.endswith(place):
            self.lines[line - 1] = f"{text}  {place}"

    def remember(self) -> None:
        """Let :mod:`linecache` show the lines, until the next error shows others."""
        # Needed when something goes wrong, and only then.
        import linecache

        # The second item, no time, says that these lines are not to be compared with a file.
        linecache.cache[self.file.path] = (
            len(self.file.source),
            None,
            [line + "\n" for line in self.lines],
            self.file.path,
        )


def _entry(
    file: File, line: int, via: Via, original: TracebackType, following: TracebackType | None
) -> TracebackType:
    """Return a traceback entry at a line of *file* that keeps the original's variables."""
    frame = original.tb_frame
    code = compile("raise LookupError", file.path, "exec", dont_inherit=True)
    code = renumber(code, [line]).replace(co_name=frame.f_code.co_name)
    names: dict[str, Any] = {
        "__name__": frame.f_globals.get("__name__"),
        "__loader__": SourceLoader(file, None, via),
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
