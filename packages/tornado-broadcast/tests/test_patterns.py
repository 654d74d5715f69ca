"""Patterns of channels, with the meaning that Redis documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._broadcast.patterns import compile_pattern


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("news", ["news"], ["newss", "new", "NEWS", ""]),
        ("h?llo", ["hello", "hallo", "h\nllo"], ["hllo", "heello"]),
        ("h*llo", ["hllo", "heeeello"], ["hello!"]),
        ("h[ae]llo", ["hello", "hallo"], ["hillo", "hllo"]),
        ("h[^e]llo", ["hallo", "hbllo"], ["hello", "hllo"]),
        ("h[a-c]llo", ["hallo", "hbllo", "hcllo"], ["hdllo", "h-llo"]),
        ("h[c-a]llo", ["hallo", "hbllo"], ["hdllo"]),
        ("a\\*", ["a*"], ["ab"]),
        ("[\\]]", ["]"], ["\\"]),
        ("a.b", ["a.b"], ["aXb"]),
        ("a+(b)|c", ["a+(b)|c"], ["aab", "c"]),
        ("*", ["", "anything", "a\nb"], []),
        ("a**b", ["ab", "axb"], ["a"]),
        ("*ab*ab*", ["abab", "xabyabz", "aabab"], ["ab", "aba"]),
        ("a*a", ["aa", "aba"], ["a"]),
        ("[]", [], ["", "a"]),
        ("[^]", ["a"], [""]),
        ("a\\", ["a\\"], ["a"]),
        ("[abc", ["a"], ["d", "[abc"]),
    ],
)
def test_patterns(pattern, matching, others):
    compiled = compile_pattern(pattern)
    assert [each for each in matching if not compiled.fullmatch(each)] == []
    assert [each for each in others if compiled.fullmatch(each)] == []


@given(st.text())
def test_every_pattern_compiles(pattern):
    compile_pattern(pattern).fullmatch("channel")


@given(st.text(alphabet="ab*?[]\\^-", max_size=20))
def test_an_escaped_text_matches_itself_only(text):
    escaped = "".join("\\" + c for c in text)
    assert compile_pattern(escaped).fullmatch(text)


def test_many_stars_take_little_time():
    assert not compile_pattern("*" * 5000 + "b").fullmatch("a" * 5000)
    assert not compile_pattern("*a" * 90 + "*b").fullmatch("a" * 2000)
    assert compile_pattern("*a" * 90 + "*b").fullmatch("a" * 2000 + "b")
