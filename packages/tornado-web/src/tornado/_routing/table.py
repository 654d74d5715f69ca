"""An ordered list of rules goes in; for each path, the few rules that may match it come out.

Rules are tried in their order and the first that matches wins. The table keeps that meaning and
makes it cheap: rules for one fixed path are found in a dict, the others in a tree over the path's
segments, and what can be decided when the table is built is not asked again for each request.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsIndex

from tornado._routing.matchers import AnyMatches, PathMatches
from tornado._routing.patterns import literal_prefix
from tornado._routing.rules import Rule

#: The methods as they were defined. The table looks at patterns in place of asking the matchers: where one
#: of these was replaced on its class, no table counts, and each matcher is to be asked in its turn.
MATCH_ANY = AnyMatches.match
MATCH_PATH = PathMatches.match


class Entry:
    """A rule as the table sees it."""

    __slots__ = ("certain", "path", "position", "rule", "segments", "target_class")

    def __init__(self, rule: Rule, position: int) -> None:
        self.rule = rule
        self.position = position
        #: The rule matches whatever comes to it, with no arguments.
        self.certain = False
        #: The only path the rule matches, if there is one.
        self.path: str | None = None
        #: Whole segments that a matching path begins with; ``None`` if anything may match.
        self.segments: tuple[str, ...] = ()
        #: The target, if it is a class, as it was when a user of the table last looked at it.
        self.target_class: Any = None
        matcher = rule.matcher
        if "match" in getattr(matcher, "__dict__", ()):
            pass  # replaced on the instance: only a call can tell
        elif type(matcher).match is MATCH_ANY:
            self.certain = True
        elif type(matcher) is PathMatches:
            prefix = literal_prefix(matcher.regex)
            if prefix.whole:
                self.path = prefix.text
            self.segments = tuple(prefix.text.split("/")[:-1])

    def as_certain(self) -> Entry:
        """Return this entry for a place where its matching has been established."""
        other = Entry.__new__(Entry)
        for name in Entry.__slots__:
            setattr(other, name, getattr(self, name))
        other.certain = True
        return other

    def decides_by_path(self) -> bool:
        """Tell whether only the path matters, so that a known path can be decided beforehand."""
        return self.certain or bool(self.segments) or self._regex() is not None

    def matches_path(self, path: str) -> bool:
        """Tell whether a rule that `decides_by_path` matches ``path``."""
        regex = self._regex()
        return regex is None or regex.match(path) is not None

    def _regex(self) -> Any:
        matcher = self.rule.matcher
        if type(matcher) is PathMatches and "match" not in vars(matcher):
            return matcher.regex
        return None


class Node:
    """The rules whose fixed segments agree with a path so far, divided by the next segment."""

    __slots__ = ("children", "entries")

    def __init__(self, entries: list[Entry], depth: int) -> None:
        #: Rules to try, in order, for a path whose next segment is no key of `children`.
        self.entries: tuple[Entry, ...]
        self.children: dict[str, Node] = {}
        deeper: dict[str, list[Entry]] = {}
        for entry in entries:
            if len(entry.segments) > depth:
                deeper.setdefault(entry.segments[depth], [])
        if len(entries) > 1:
            for key in deeper:
                chosen = [
                    entry
                    for entry in entries
                    if len(entry.segments) <= depth or entry.segments[depth] == key
                ]
                self.children[key] = Node(chosen, depth + 1)
            entries = [entry for entry in entries if len(entry.segments) <= depth]
        self.entries = tuple(entries)


class RouteTable:
    """The compiled form of a list of rules."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        entries = [Entry(rule, position) for position, rule in enumerate(rules)]
        #: All rules that are not bound to one fixed path, by segments.
        self._root = Node([entry for entry in entries if entry.path is None], 0)
        #: For each fixed path that a rule names, the rules to try, in order.
        self.fixed: dict[str, tuple[Entry, ...]] = {}
        for entry in entries:
            path = entry.path
            if path is not None and path not in self.fixed:
                self.fixed[path] = self._chain_for(path, entries)

    def candidates(self, path: str) -> tuple[Entry, ...]:
        """Return, in order, the entries whose rules may match ``path``."""
        chain = self.fixed.get(path)
        if chain is not None:
            return chain
        node = self._root
        if not node.children:
            return node.entries
        for segment in path.split("/"):
            child = node.children.get(segment)
            if child is None:
                break
            node = child
            if not node.children:
                break
        return node.entries

    @staticmethod
    def _chain_for(path: str, entries: list[Entry]) -> tuple[Entry, ...]:
        chain: list[Entry] = []
        segments = path.split("/")
        for entry in entries:
            if entry.path is not None:
                if entry.path == path:
                    chain.append(entry.as_certain())
            elif entry.segments and list(entry.segments) != segments[: len(entry.segments)]:
                continue
            elif not entry.decides_by_path() or entry.matches_path(path):
                chain.append(entry)
        return tuple(chain)


class RuleSequence(list[Rule]):
    """A list of rules that notices being changed, so that its table is built again.

    The table is built when it is first asked for.
    """

    _table: RouteTable | None = None

    def table(self) -> RouteTable:
        """Return the compiled form of the rules as they are now."""
        table = self._table
        if table is None:
            table = self._table = RouteTable(self)
        return table

    def append(self, rule: Rule) -> None:
        self._table = None
        super().append(rule)

    def extend(self, rules: Iterable[Rule]) -> None:
        self._table = None
        super().extend(rules)

    def insert(self, index: SupportsIndex, rule: Rule) -> None:
        self._table = None
        super().insert(index, rule)

    def remove(self, rule: Rule) -> None:
        self._table = None
        super().remove(rule)

    def pop(self, index: SupportsIndex = -1) -> Rule:
        self._table = None
        return super().pop(index)

    def clear(self) -> None:
        self._table = None
        super().clear()

    def reverse(self) -> None:
        self._table = None
        super().reverse()

    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        self._table = None
        super().sort(key=key, reverse=reverse)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._table = None
        super().__setitem__(index, value)

    def __delitem__(self, index: Any) -> None:
        self._table = None
        super().__delitem__(index)

    def __iadd__(self, rules: Iterable[Rule]) -> RuleSequence:  # type: ignore[misc, override]
        # A list may be extended by any iterable; typeshed wants the result to be Self.
        self._table = None
        super().extend(rules)
        return self

    def __imul__(self, times: SupportsIndex) -> RuleSequence:
        self._table = None
        super().__imul__(times)
        return self
