"""Compiled tables of rules: the first rule that matches wins, whatever the table makes of the rules."""

import re
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._routing.patterns import literal_prefix
from tornado._routing.table import RouteTable, RuleSequence
from tornado.routing import AnyMatches, Matcher, PathMatches, Rule


def request(path):
    return types.SimpleNamespace(path=path)


def first_by_table(table, path):
    for entry in table.candidates(path):
        if entry.certain or entry.rule.matcher.match(request(path)) is not None:
            return entry.rule
    return None


def first_in_order(rules, path):
    for rule in rules:
        if rule.matcher.match(request(path)) is not None:
            return rule
    return None


PATTERNS = [
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/b",
    "/a.b",
    r"/a\.b",
    "/a?",
    "/a*",
    "/a+",
    "/a{2}",
    "/a|/b",
    "(/a|/b)",
    "/(.*)",
    "/a/(.*)",
    "/a/b(.*)",
    "/a/(b|c)",
    "/a/([^/]*)/d",
    "/[ab]",
    "/a/(?P<x>[a-z]+)",
    ".*",
    "^/a$",
    "/a/b/c/(.*)",
    "/a/b/d/(.*)",
    r"/\d",
    r"/a/b\d",
    "",
    "/[|]",
    "/[]|]x",
]
PATHS = [
    "",
    "/",
    "/a",
    "/a/",
    "/aa",
    "/aaa",
    "/a/b",
    "/a/b1",
    "/a/b/c/x",
    "/a/b/d/x",
    "/a/c",
    "/a/x/d",
]
ALL = object()
PATHS += [
    "/b",
    "/a.b",
    "/axb",
    "/c",
    "/1",
    "a",
    "//",
    "/a//",
    "/|",
    "/]x",
    "/a/b/c/",
    "/a/b/c",
    "a/b/c",
]


@given(st.lists(st.sampled_from(PATTERNS), max_size=12), st.sampled_from(PATHS))
def test_same_as_in_order(patterns, path):
    rules = [Rule(PathMatches(pattern), object()) for pattern in patterns]
    assert first_by_table(RouteTable(rules), path) is first_in_order(rules, path)


@given(
    st.lists(st.text(alphabet="/ab.*()|[]?\\^$d+", max_size=6), max_size=8),
    st.text(alphabet="/ab.d", max_size=6),
)
def test_same_as_in_order_for_any_pattern(patterns, path):
    rules = []
    for pattern in patterns:
        try:
            rules.append(Rule(PathMatches(pattern), object()))
        except (re.error, FutureWarning):
            continue
    assert first_by_table(RouteTable(rules), path) is first_in_order(rules, path)


class Even(Matcher):
    def match(self, request):
        return {} if len(request.path) % 2 == 0 else None


class Tagged(PathMatches):
    """A subclass may match more than its pattern says."""

    def match(self, request):
        return {} if request.path.endswith("b") else super().match(request)


MATCHERS = [
    Even,
    AnyMatches,
    lambda: Tagged("/a"),
    lambda: PathMatches("/a"),
    lambda: PathMatches("/a/b"),
    lambda: PathMatches("/a/(.*)"),
    lambda: PathMatches(re.compile("/a")),
    lambda: PathMatches(re.compile("/A", re.IGNORECASE)),
]


@given(st.lists(st.sampled_from(MATCHERS), max_size=8), st.sampled_from(PATHS))
def test_matchers_of_all_kinds(kinds, path):
    rules = [Rule(kind(), object()) for kind in kinds]
    assert first_by_table(RouteTable(rules), path) is first_in_order(rules, path)


def test_fixed_paths_cost_one_look():
    rules = [Rule(PathMatches(f"/route{n}"), n) for n in range(1000)]
    table = RouteTable(rules)
    [entry] = table.candidates("/route999")
    assert entry.certain
    assert entry.rule.target == 999
    assert table.candidates("/other") == ()


def test_patterns_are_found_by_their_segments():
    rules = [Rule(PathMatches(f"/api/v1/kind{n}/([0-9]+)"), n) for n in range(50)]
    rules.append(Rule(PathMatches("/(.*)"), ALL))
    table = RouteTable(rules)
    assert [entry.rule.target for entry in table.candidates("/api/v1/kind49/7")] == [49, ALL]
    assert [entry.rule.target for entry in table.candidates("/api/v2/kind49/7")] == [ALL]
    assert [entry.rule.target for entry in table.candidates("/favicon.ico")] == [ALL]


@pytest.mark.parametrize(
    ("pattern", "text", "whole"),
    [
        ("/a/b$", "/a/b", True),
        ("^/a$", "/a", True),
        (r"/a\.b$", "/a.b", True),
        (r"/a\-b/\d$", "/a-b/", False),
        ("/ab?$", "/a", False),
        ("/ab{0}$", "/a", False),
        ("/a(b)$", "/a", False),
        ("/a", "/a", False),
        ("/a|/b$", "", False),
        ("/a(x|y)/b$", "/a", False),
        ("/a[|]$", "/a", False),
        ("(?i)/a$", "", False),
        ("$", "", True),
        ("\\Z", "", False),
    ],
)
def test_literal_prefix(pattern, text, whole):
    assert literal_prefix(re.compile(pattern)) == (text, whole)


def test_flags_have_no_prefix():
    assert literal_prefix(re.compile("/a$", re.IGNORECASE)) == ("", False)


def test_a_changed_list_has_another_table():
    one, two, three = (Rule(PathMatches("/a"), n) for n in (1, 2, 3))
    rules = RuleSequence([one])

    def first():
        return first_by_table(rules.table(), "/a")

    assert first() is one
    assert rules.table() is rules.table()
    rules.insert(0, two)
    assert first() is two
    rules[0] = three
    assert first() is three
    del rules[0]
    assert first() is one
    rules.append(two)
    rules.reverse()
    assert first() is two
    rules.pop(0)
    assert first() is one
    rules.remove(one)
    assert first() is None
    rules.extend([three])
    assert first() is three
    rules += [one]
    rules.sort(key=lambda rule: rule.target)
    assert first() is one
    rules *= 2
    assert len(rules.table().candidates("/a")) == 4
    rules.clear()
    assert first() is None
