"""Names of released versions' `tornado.template` that programs import; see `tornado._legacy`."""

from __future__ import annotations

_DEFAULT_AUTOESCAPE = "xhtml_escape"


class _UnsetMarker:
    """The type of `_UNSET`."""


#: Stands for an argument that was not given, where ``None`` is a value.
_UNSET = _UnsetMarker()


def _format_code(code: str) -> str:
    """Return ``code`` with a number in front of each line."""
    lines = code.splitlines()
    width = len(str(len(lines) + 1))
    return "".join(f"{number:{width}d}  {line}\n" for number, line in enumerate(lines, 1))
