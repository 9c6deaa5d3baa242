"""Which rows of a file fail by a rule: those of some ids, an even share, or those whose id matches a pattern."""

from __future__ import annotations

from fractions import Fraction

import pytest

from emulator.kernel.errors import BadInput
from emulator.text.checkpoint import WORK
from emulator.vendors import VENDORS
from emulator.vendors.stripe.files.model.outcomes import FailureRule, plan
from emulator.vendors.stripe.files.requests import read_rows
from emulator.vendors.stripe.model.endpoints import Endpoint
from tests.support.loading import load_value

IDS = ("req_9", "req_91", "req_19", "a-b", "x")
ROWS = read_rows("".join(f'{{"id":"{id}"}}\n' for id in IDS))


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ("*", list(IDS)),
        ("req_9", ["req_9"]),
        ("req_9*", ["req_9", "req_91"]),
        ("*9", ["req_9", "req_19"]),
        ("req_?", ["req_9"]),
        ("req_[91]*", ["req_9", "req_91", "req_19"]),
        ("[!r]*", ["a-b", "x"]),
        ("?-?", ["a-b"]),
        ("REQ_9", []),
    ],
)
def test_a_pattern_is_matched_with_the_whole_id(pattern: str, ids: list[str]) -> None:
    assert [IDS[row] for row in FailureRule(pattern=pattern).rows_of(ROWS)] == ids


def test_a_match_takes_no_longer_than_the_id_whatever_the_pattern_is() -> None:
    rows = read_rows(f'{{"id":"{"a" * 5_000}-"}}\n')
    assert not [*FailureRule(pattern="*a" * 200 + "b").rows_of(rows)]


def test_an_invalid_row_is_matched_with_no_pattern() -> None:
    rows = read_rows('{"id":"req_1"}\n?\n{"id":"b\u00e9_1"}\n{}\n{"id":"x_2"}\n')
    assert [*FailureRule(pattern="*").rows_of(rows)] == [0, 4]
    assert [*FailureRule(ids=("x_2", "", "ul")).rows_of(rows)] == [4]
    assert [*FailureRule(share=Fraction(1, 5)).rows_of(rows)] == [4]


def test_what_a_file_comes_to_is_decided_once_for_jobs_that_ask_the_same() -> None:
    rules, endpoint = (FailureRule(pattern="*9"),), Endpoint("post", "/v1/customers")
    first, second = (plan(ROWS, endpoint, rules, id) for id in ("a", "b"))
    assert first.outcomes is second.outcomes
    assert first.order != second.order
    assert plan(ROWS, endpoint, (), "a").outcomes != first.outcomes
    assert plan(ROWS, endpoint, rules, "a") == first


def test_others_have_turns_while_rows_are_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[None] = []
    monkeypatch.setattr(WORK, "pause", lambda: pauses.append(None))
    assert [*FailureRule(pattern="x").rows_of(ROWS)] == [4]
    assert len(pauses) == len(IDS)


@pytest.mark.parametrize("pattern", ["^req_9", "(a+)+$", "a.b", r"\d", "[a", "a]", "[]", "", "caf\u00e9", "a" * 501])
def test_a_pattern_that_no_id_could_match_is_refused(pattern: str) -> None:
    with pytest.raises(BadInput):
        load_value({"title": "A", "given": {"stripe": {"failing": [{"pattern": pattern}]}}}, VENDORS)
