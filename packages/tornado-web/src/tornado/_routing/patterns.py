"""Source of a regular expression goes in; its literal prefix, or a template to reverse it, comes out."""

from __future__ import annotations

import re
from typing import NamedTuple

from tornado.util import re_unescape

# Characters that mean something other than themselves outside a character class.
_SPECIAL = frozenset(".^$*+?{}[]|()")
_QUANTIFIERS = frozenset("*+?{")


class Prefix(NamedTuple):
    """What every path that the expression matches begins with."""

    text: str
    #: The expression matches this text and nothing else.
    whole: bool


def literal_prefix(regex: re.Pattern[str]) -> Prefix:
    """Return the text that every match of ``regex`` must begin with.

    The result errs on the short side: an expression with flags, or with an alternative
    outside of parentheses, has the empty prefix.
    """
    if regex.flags & ~re.UNICODE:
        return Prefix("", False)
    pattern = regex.pattern
    if _has_outer_alternative(pattern):
        return Prefix("", False)
    text: list[str] = []
    at = 1 if pattern.startswith("^") else 0
    end = len(pattern)
    while at < end:
        char = pattern[at]
        if char == "\\":
            if at + 1 == end or pattern[at + 1].isalnum():
                break  # a class or an anchor such as \d or \b
            text.append(pattern[at + 1])
            at += 2
        elif char in _SPECIAL:
            break
        else:
            text.append(char)
            at += 1
    rest = pattern[at:]
    if rest[:1] in _QUANTIFIERS and text:
        text.pop()  # the quantifier may ask for none of it
    return Prefix("".join(text), rest == "$")


def _has_outer_alternative(pattern: str) -> bool:
    """Tell whether a ``|`` may stand outside all parentheses."""
    depth = at = 0
    in_class = False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif in_class:
            # A bracket that opens or negates the class may be followed by a literal one.
            in_class = char != "]"
        elif char == "[":
            in_class = True
            if pattern[at + 1 : at + 2] == "^":
                at += 1
            if pattern[at + 1 : at + 2] == "]":
                at += 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == "|" and depth <= 0:
            return True
        at += 1
    return False


def reverse_template(regex: re.Pattern[str]) -> tuple[str, int] | tuple[None, None]:
    """Return a ``%s`` template of the paths that ``regex`` matches and how many fields it has.

    ``/([0-9]{4})/([a-z-]+)/`` gives ``("/%s/%s/", 2)``. An expression that is more than
    literal text and capturing groups gives ``(None, None)``.
    """
    pattern = regex.pattern
    if pattern.startswith("^"):
        pattern = pattern[1:]
    if pattern.endswith("$"):
        pattern = pattern[:-1]
    if regex.groups != pattern.count("("):
        # Escaped or non-capturing parentheses: which text a group stands for is not evident.
        return None, None
    first, *groups = pattern.split("(")
    literals = [first]
    for group in groups:
        _, paren, after = group.partition(")")
        if not paren or ")" in after:
            return None, None  # nested groups
        literals.append(after)
    try:
        return "%s".join(re_unescape(literal) for literal in literals), regex.groups
    except ValueError:
        return None, None  # a class such as \d outside a group
