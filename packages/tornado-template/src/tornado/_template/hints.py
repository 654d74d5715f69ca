"""A mistake in a template goes in, a word on what was probably meant comes out.

Most mistakes are habits from Jinja and Django. Loaded only when something is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["add_note", "explain", "hint_for"]

_HINTS = {
    "elseif": "write {% elif condition %}",
    "elsif": "write {% elif condition %}",
    "empty": "write {% else %} after a loop that may not run, or {% if %} around it",
    "filter": "write {% apply function %} ... {% end %}",
    "macro": "define functions in Python and pass them to generate, or use {% module %}",
    "call": "use {% module %}",
    "with": "write {% set name = value %}",
    "let": "write {% set name = value %}",
    "load": "write {% import module %} or {% from module import name %}",
    "verbatim": "write {{!, {%! or {#! for a literal {{, {% or {#",
    "trans": "write {{ _('text') }}",
    "blocktrans": "write {{ _('text') }}",
    "url": "write {{ reverse_url('name') }}",
    "static": "write {{ static_url('path') }}",
    "csrf_token": "write {% module xsrf_form_html() %}",
    "do": "write {% set _ = expression %}",
    "print": "write {{ expression }}",
    "switch": "write {% if %} and {% elif %}",
}


def hint_for(operator: str, known: Iterable[str]) -> str:
    """Return what to write instead of an unknown directive, after a colon; empty if it is unclear."""
    hint = _HINTS.get(operator)
    if hint is None and operator.startswith("end"):
        hint = "blocks of every kind end with {% end %}"
    if hint is None:
        from difflib import get_close_matches

        close = get_close_matches(operator, known, 1)
        hint = f"did you mean {close[0]!r}?" if close else None
    return f": {hint}" if hint else ""


def explain(error: Exception, in_template: bool) -> None:
    """Add to an error from running a template what users of Jinja should know.

    :param in_template: whether the template's own code raised it, not a function that it called.
    """
    text = str(error)
    if isinstance(error, RuntimeError) and text.startswith("super():"):
        error.args = (
            f"{text}. A block of a template has no super(): it replaces the parent's. To add to"
            " the parent's, define another, empty block beside its content there.",
        )
    elif not in_template:
        return
    elif isinstance(error, NameError) and getattr(error, "name", None) == "loop":
        add_note(error, "Templates have no loop: write {% for index, item in enumerate(items) %}.")
    elif isinstance(error, TypeError) and text.startswith("unsupported operand type(s) for |:"):
        add_note(error, "Templates have no filters: write {{ function(value) }}.")
    elif isinstance(error, AttributeError) and isinstance(getattr(error, "obj", None), dict):
        add_note(error, f"Items of a dictionary are read with brackets: [{error.name!r}].")


def add_note(error: BaseException, note: str) -> None:
    """Add a line below the message of ``error``. Python 3.10 keeps it and does not show it."""
    if hasattr(error, "add_note"):
        error.add_note(note)
    else:
        error.__dict__.setdefault("__notes__", []).append(note)
