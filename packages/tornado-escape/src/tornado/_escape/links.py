"""Plain text goes in; the places of the URLs in it come out, in linear time for any text.

What is taken for a URL: a scheme, a colon and one to three slashes, or ``www.``, at the start of a
word, and what follows up to white space, ``<``, ``>``, ``'`` or an unbalanced parenthesis, without
the punctuation that ends a sentence. Quotes and ampersands may be inside, but not at the end.
"""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

__all__ = ["Link", "find_links", "shortened"]


class Link(NamedTuple):
    """A URL in a text: it is ``text[start:end]``."""

    start: int
    end: int
    #: The scheme and what follows it, up to the authority (``http://``); empty for ``www.``.
    prefix: str


_MARK = re.compile(r":/{1,3}|www\.", re.IGNORECASE)
_RUN = re.compile(r"[^\s<>'()]*")
_PARENTHESIS = re.compile(r"[\s<>'()]")
_BRACKETED_HOST = re.compile(r"\[[0-9a-fA-F:.]+\]")

# Characters that end a sentence or a quotation rather than a URL.
_TRAILING = '!"&*,.:;?@[]^`{|}'

# "[" and "]" around the longest IPv6 address.
_MAX_HOST = 47

# Longer words before a colon are no scheme. It bounds the work for each colon in a text.
_MAX_SCHEME = 32

# What `shortened` aims for, and what it cuts at; characters.
_SHORT = 30
_TOO_LONG = 45
_PATH_SHORT = 8


def find_links(
    text: str, permitted_protocols: Collection[str], require_protocol: bool
) -> Iterator[Link]:
    """Find the links in ``text``, from left to right; they do not overlap.

    :param permitted_protocols: schemes, in lower case; URLs with another are passed over whole.
    :param require_protocol: pass over URLs that begin with ``www.``.
    """
    partners = _matching_parentheses(text) if "(" in text else {}
    done = 0
    mark = _MARK.search(text)
    while mark is not None:
        start, permitted = _beginning(text, mark, done, permitted_protocols, require_protocol)
        if start is None:
            mark = _MARK.search(text, mark.end())
            continue
        end = _ending(text, mark.end(), partners)
        end = _without_punctuation(text, mark.end(), end)
        if end > mark.end():
            if permitted:
                prefix = text[start : mark.end()] if mark[0].startswith(":") else ""
                yield Link(start, end, prefix)
            done = end
        mark = _MARK.search(text, max(end, mark.end()))


def _beginning(
    text: str,
    mark: "re.Match[str]",
    done: int,
    permitted_protocols: Collection[str],
    require_protocol: bool,
) -> tuple[int | None, bool]:
    """Return where the URL around ``mark`` begins, if one does, and whether it is permitted."""
    position = mark.start()
    if not mark[0].startswith(":"):
        if position > done and _in_word(text[position - 1]):
            return None, False
        return position, not require_protocol
    start = position
    earliest = max(done, position - _MAX_SCHEME)
    while start > earliest and (_in_word(text[start - 1]) or text[start - 1] in "-+."):
        start -= 1
    if start > done and _in_word(text[start - 1]):
        return None, False  # longer than any scheme
    # A scheme may hold "+", "-" and ".", but after a sentence's end or a dash another begins:
    # take the longest that is permitted.
    scheme_start = start
    while start < position:
        begins = _in_word(text[start]) and (start == scheme_start or not _in_word(text[start - 1]))
        if begins and text[start:position].lower() in permitted_protocols:
            if start > scheme_start and text[start - 1] == "-":
                break  # the tail of a name with a dash is no name of its own
            return start, True
        start += 1
    return (scheme_start, False) if scheme_start < position else (None, False)


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _ending(text: str, position: int, partners: dict[int, int]) -> int:
    """Return where the characters that a URL may hold, from ``position`` on, end."""
    start = position
    while True:
        run = _RUN.match(text, position)
        position = run.end() if run is not None else position
        if position == len(text):
            return position
        partner = partners.get(position)
        if partner is None or partner < start:
            return position
        position += 1


def _without_punctuation(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1] in _TRAILING:
        short = end - start <= _MAX_HOST
        if short and text[end - 1] == "]" and _BRACKETED_HOST.fullmatch(text, start, end):
            break
        end -= 1
    return end


def _matching_parentheses(text: str) -> dict[int, int]:
    """Return the partner's place for each parenthesis that has one within its run of characters."""
    partners: dict[int, int] = {}
    opened: list[int] = []
    for match in _PARENTHESIS.finditer(text):
        position = match.start()
        if match[0] == "(":
            opened.append(position)
        elif match[0] != ")":
            opened.clear()
        elif opened:
            partner = opened.pop()
            partners[partner] = position
            partners[position] = partner
    return partners


def shortened(url: str, prefix: str) -> str:
    """Return a form of ``url`` to show where space is short; ``url`` itself if it is short enough.

    The host and the first characters of the path stay; an ellipsis stands for the rest.
    """
    if len(url) <= _SHORT:
        return url
    host, slash, path = url[len(prefix) :].partition("/")
    short = prefix + host
    if slash:
        segment = path.partition("/")[0][:_PATH_SHORT]
        short += slash + segment.partition("?")[0].partition(".")[0]
    else:
        short = url
    if len(short) > _TOO_LONG:
        short = short[:_SHORT]
    short += "..."
    return short if len(short) < len(url) else url
