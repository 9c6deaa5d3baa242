"""Patterns of failing rows: the regular expressions that people write, matched in linear time, whatever they are."""

from __future__ import annotations

import re
import warnings
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.vendors.stripe.files.model.id_automaton import ALPHABET, MOST_STEPS, IdPattern, NotAPattern
from emulator.vendors.stripe.files.model.id_patterns import compile_pattern
from emulator.vendors.stripe.files.model.outcomes import FailureRule
from emulator.vendors.stripe.files.requests import read_rows

ATOMS = st.sampled_from(
    [
        "a",
        "b",
        "-",
        "_",
        "9",
        ".",
        "[ab]",
        "[^a]",
        "[a-c9]",
        "[]-a]",
        "[_-]",
        r"\d",
        r"\w",
        r"\D",
        r"\W",
        r"\-",
        r"\$",
        r"[\^a]",
        r"[\d_]",
        "()",
        "$",
        "^",
        r"\A",
        r"\Z",
    ]
)
COUNTS = st.sampled_from(["*", "+", "?", "*?", "+?", "{2}", "{,2}", "{1,}", "{1,3}?", "{0}"])


def _patterns(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    groups = st.builds("{}{}{}".format, st.sampled_from(["(", "(?:"]), parts, st.just(")"))
    return st.one_of(
        st.lists(parts, min_size=1, max_size=4).map("".join),
        st.builds("{}|{}".format, parts, parts),
        groups,
        st.builds("{}{}".format, groups, COUNTS),
    )


PATTERNS = st.recursive(
    st.one_of(ATOMS, st.builds("{}{}".format, st.sampled_from(["a", "b", ".", "[ab]", r"\d"]), COUNTS)),
    _patterns,
    max_leaves=12,
)
IDS = st.text(st.sampled_from("ab9-_Z"), min_size=1, max_size=12)


@given(PATTERNS, st.lists(IDS, max_size=8))
def test_a_pattern_finds_what_python_finds(pattern: str, ids: list[str]) -> None:
    own_pattern = _compile(pattern)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        python_pattern = re.compile(pattern)
    assert [bool(own_pattern and own_pattern.matches(id.encode())) for id in ids] == [
        bool(python_pattern.search(id)) for id in ids
    ]


def _compile(pattern: str) -> IdPattern | None:
    """Return the table of a pattern; None of one that matches no id."""
    try:
        return compile_pattern(pattern)
    except NotAPattern as error:
        assert "matches no id" in str(error)  # noqa: PT017
        return None


@pytest.mark.parametrize(("pattern", "message"), [
    ("(", "never closed"),
    ("a)", "closes nothing"),
    ("[a", "never closed"),
    ("*a", "nothing before *"),
    ("a**", "cannot be repeated"),
    ("a*+", "cannot be repeated"),
    ("^*", "anchor"),
    ("a{", "begins a count"),
    ("a{3,2}", "ends before it begins"),
    ("a{99999}", "at most 4 digits"),
    ("[z-a]", "no range"),
    (r"[\d-z]", "no range"),
    ("[[:digit:]]", "[:digit:] is not supported"),
    ("(?=a)b", "look-ahead"),
    ("(?!a)b", "look-ahead"),
    ("(?<=a)b", "look-behind"),
    ("(?>a)b", "atomic"),
    ("(?i)a", "write [Aa]"),
    (r"(a)\1", "reference"),
    ("(?P<x>a)(?P=x)", "reference"),
    (r"a\b", "not supported"),
    (r"a\n", "not supported"),
    ("a\\", "not supported"),
    ("^$", "matches no id"),
    ("$a", "matches no id"),
    ("caf\u00e9", "matches no id"),
    ("(" * 200 + "a" + ")" * 200, "deep"),
    ("a" * 501, "at most 500 characters"),
    ("(a{1000}){1000}", "too large"),
    ("((){1000}){1000}", "too large"),
    ("(a|b)*a(a|b){20}", "too large"),
])  # fmt: skip
def test_a_pattern_that_cannot_be_is_refused_with_the_reason(pattern: str, message: str) -> None:
    with pytest.raises(NotAPattern, match=re.escape(message)):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(a*)*b", "^(a|aa)+$", "(.*)*x", "^req_9", "a.{5}$"])
def test_a_match_looks_at_each_character_once(pattern: str) -> None:
    class Counting(list[list[int]]):
        looks = 0

        def __getitem__(self, place):  # type: ignore[no-untyped-def]
            Counting.looks += 1
            return super().__getitem__(place)

    own_pattern = compile_pattern(pattern)
    assert len(own_pattern._rows) <= MOST_STEPS
    IdPattern(own_pattern._classes, Counting(own_pattern._rows), own_pattern._ends).matches(b"a" * 100_000 + b"-")
    assert Counting.looks <= 100_001


@given(st.text(st.sampled_from("ab(|)*+?.[]{}^$,123\\d-"), max_size=60))
def test_any_text_is_a_pattern_or_is_refused(text: str) -> None:
    try:
        compile_pattern(text).matches(b"ab-1")
    except NotAPattern as error:
        assert str(error)  # noqa: PT017


def test_an_invalid_row_is_matched_with_no_pattern() -> None:
    rows = read_rows('{"id":"req_1"}\n?\n{"id":"b\u00e9_1"}\n{}\n{"id":"x_2"}\n')
    assert [*FailureRule(pattern=".").rows_of(rows)] == [0, 4]
    assert [*FailureRule(ids=("x_2", "", "ul")).rows_of(rows)] == [4]
    assert [*FailureRule(share=Fraction(1, 5)).rows_of(rows)] == [4]


def test_the_characters_of_an_id_are_those_of_a_valid_row() -> None:
    rows = read_rows("".join(f'{{"id":"{character}"}}\n' for character in ALPHABET))
    assert not any(rows.faults)
    assert [*FailureRule(pattern=".").rows_of(rows)] == [*range(len(ALPHABET))]
