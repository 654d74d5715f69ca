"""Patterns of channels, with the meaning that Redis gives them."""

from __future__ import annotations

import re


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern for whole channels.

    ``*`` stands for any characters, ``?`` for one, ``[ae]`` for one of these, ``[^e]`` for one of the
    others, ``[a-c]`` for a range; a backslash takes the meaning from the next character.
    """
    segments: list[list[str]] = [[]]  # what stands between stars
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*":
            segments.append([])
        elif character == "?":
            segments[-1].append(".")
        elif character == "\\" and at < len(pattern):
            segments[-1].append(re.escape(pattern[at]))
            at += 1
        elif character == "[":
            part, at = _set(pattern, at)
            segments[-1].append(part)
        else:
            segments[-1].append(re.escape(character))
    first, *rest = ["".join(segment) for segment in segments]
    if not rest:
        return re.compile(first, re.S)
    *middle, last = rest
    # The first place where a segment fits is the best one. A group that never gives it back (a look-ahead
    # and a reference to it) keeps the time polynomial, where ".*" alone would try all combinations.
    groups = [
        f"(?=(?P<s{number}>.*?{segment}))(?P=s{number})"
        for number, segment in enumerate(filter(None, middle))
    ]
    return re.compile(f"{first}{''.join(groups)}.*{last}", re.S)


def _set(pattern: str, at: int) -> tuple[str, int]:
    """Return the expression of a set that begins before ``at``, and where it ends.

    As in Redis, a set without its bracket goes to the end of the pattern.
    """
    negated = at < len(pattern) and pattern[at] == "^"
    at += negated
    members: list[str] = []
    while at < len(pattern) and pattern[at] != "]":
        if pattern[at] == "\\" and at + 1 < len(pattern):
            at += 1
            members.append(re.escape(pattern[at]))
        elif pattern[at + 1 : at + 2] == "-" and at + 2 < len(pattern):
            low, high = sorted((pattern[at], pattern[at + 2]))
            members.append(f"{re.escape(low)}-{re.escape(high)}")
            at += 2
        else:
            members.append(re.escape(pattern[at]))
        at += 1
    inside = "".join(members)
    if not inside:
        return ("." if negated else r"(?!)"), at + 1
    return f"[{'^' if negated else ''}{inside}]", at + 1
