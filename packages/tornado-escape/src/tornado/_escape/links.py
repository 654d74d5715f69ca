"""Plain text goes in; the places of the URLs in it come out, in linear time for any text.

What is taken for a URL: a scheme, a colon and one to three slashes, or ``www.``, at the start of a
word (or a scheme that has no slashes, such as ``mailto:``, if it is permitted), and what follows up to
white space, ``<``, ``>``, ``'`` or an unbalanced parenthesis, without the punctuation that ends a
sentence. Quotes and ampersands may be inside, but not at the end.
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
# Schemes that nothing but the colon separates from what follows; they count only where permitted.
_PLAIN_SCHEMES = ("geo", "magnet", "mailto", "news", "sip", "sips", "sms", "tel", "urn", "xmpp")
_RUN = re.compile(r"[^\s<>'()]*")
_WORD = re.compile(r"[^\s<>']*")
_PARENTHESIS = re.compile(r"[()]")
_BRACKETED_HOST = re.compile(r"\[[0-9a-fA-F:.]+\]")

_PARENTHESES = ("(", ")")

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
    parentheses = _Parentheses(text)
    done = 0
    marks = _MARK
    plain = [scheme for scheme in _PLAIN_SCHEMES if scheme in permitted_protocols]
    if plain:
        marks = re.compile(
            rf"(?<![\w.+-])(?:{'|'.join(plain)}):(?!/)|{_MARK.pattern}", re.IGNORECASE
        )
    mark = marks.search(text)
    while mark is not None:
        start, permitted = _beginning(text, mark, done, permitted_protocols, require_protocol)
        if start is None:
            mark = marks.search(text, mark.end())
            continue
        body = mark.end()
        end = _without_punctuation(text, body, _ending(text, body, parentheses))
        if end > body:
            if permitted:
                yield Link(start, end, text[start:body] if ":" in mark[0] else "")
            done = end
        mark = marks.search(text, end)


def _beginning(
    text: str,
    mark: "re.Match[str]",
    done: int,
    permitted_protocols: Collection[str],
    require_protocol: bool,
) -> tuple[int | None, bool]:
    """Return where the URL around ``mark`` begins, if one does, and whether it is permitted."""
    position = mark.start()
    if mark[0][-1] == ":":
        return (position if position >= done else None), True
    if mark[0][0] != ":":
        if position > done and _in_word(text[position - 1]):
            return None, False
        return position, not require_protocol
    for scheme in permitted_protocols:
        # The usual case, and soon seen: such a scheme, and before it the text's start or a space.
        start = position - len(scheme)
        if start >= done and text.startswith(scheme, start):
            if start == done or text[start - 1] in " \n(":
                return start, True
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


def _ending(text: str, start: int, parentheses: "_Parentheses") -> int:
    """Return where the characters that a URL may hold, from ``start`` on, end."""
    end = _RUN.match(text, start).end()  # type: ignore[union-attr]  # it matches nothing too
    while text[end : end + 1] in _PARENTHESES and parentheses.partner(end, start) >= start:
        end = _RUN.match(text, end + 1).end()  # type: ignore[union-attr]  # the same
    return end


class _Parentheses:
    """Which parentheses of a text belong together, found out once for each run of characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.known_until = 0
        self.partners: dict[int, int] = {}

    def partner(self, position: int, start: int) -> int:
        """Return the place of the partner of the parenthesis at ``position``; -1 if it has none.

        Partners are looked for from ``start`` on, in characters that a URL may hold.
        """
        if position >= self.known_until:
            self._find(start)
        return self.partners.get(position, -1)

    def _find(self, start: int) -> None:
        opened: list[int] = []
        self.known_until = _WORD.match(self.text, start).end()  # type: ignore[union-attr]  # as above
        self.partners.clear()
        for match in _PARENTHESIS.finditer(self.text, start, self.known_until):
            position = match.start()
            if match[0] == "(":
                opened.append(position)
            elif opened:
                partner = opened.pop()
                self.partners[partner] = position
                self.partners[position] = partner


def _without_punctuation(text: str, start: int, end: int) -> int:
    kept = start + len(text[start:end].rstrip(_TRAILING))
    if kept < end and text[kept] == "]" and kept - start < _MAX_HOST:
        return kept + 1 if _BRACKETED_HOST.fullmatch(text, start, kept + 1) else kept
    return kept


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
