"""A sequence that grows is kept by what is new of it, so that what a batch has run does not make each further run dearer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, structs

from emulator.kernel.clock import DEFAULT_START
from emulator.kernel.errors import BadInput
from emulator.sdk.growing import growth
from emulator.store.values import Values, as_json, reader_of
from emulator.vendors import VENDORS
from emulator.vendors.serpwow.model.batches import Batch, ResultSet
from emulator.vendors.serpwow.model.result_sets import grow
from emulator.vendors.serpwow.model.searches import Searches

VALUES = Values(VENDORS)
SEARCHES = Searches("B1", 1)
KEPT = reader_of(tuple[str, Raw])


def result_set(number: int) -> ResultSet:
    at = DEFAULT_START + timedelta(seconds=number)
    return ResultSet(number, at, at, SEARCHES)


def batch(result_sets: Sequence[ResultSet]) -> Batch:
    return Batch("B1", DEFAULT_START, DEFAULT_START, "a batch", SEARCHES, DEFAULT_START, result_sets=result_sets)


def kept(value: Batch, before: Batch | None) -> bytes:
    return as_json(VALUES.written(value, before))


def read(body: bytes, before: Batch | None) -> Any:
    name, fields = KEPT(body)
    return VALUES.read(name, fields, before)


@given(st.integers(1, 200), st.integers(0, 200), st.integers(0, 70))
def test_what_a_sequence_became_is_read_from_what_it_was(many: int, gone: int, new: int) -> None:
    first = batch(grow((), [*map(result_set, range(many))], 0))
    second = structs.replace(
        first, result_sets=grow(first.result_sets, [*map(result_set, range(many, many + new))], min(gone, many - 1))
    )
    body = kept(second, first)
    again = read(body, first)
    assert again == second
    assert type(again.result_sets) is type(second.result_sets)
    assert kept(again, first) == body


def test_a_further_item_is_as_short_behind_a_thousand_as_behind_ten() -> None:
    def length(many: int) -> int:
        first = batch(grow((), [*map(result_set, range(10_000, 10_000 + many))], 0))
        return len(kept(structs.replace(first, result_sets=grow(first.result_sets, [result_set(11_111)], 0)), first))

    assert length(1_000) == length(10)


@pytest.mark.parametrize(
    ("former", "value"), [("", ""), ("", "a"), ("a", ""), ("a", "b"), ("ab", "a"), ("ab", "ac"), ("abc", "ac")]
)
def test_what_did_not_grow_out_of_another_is_kept_whole(former: str, value: str) -> None:
    assert growth([*former], [*value]) is None


@pytest.mark.parametrize(
    ("former", "value", "gone", "newest"),
    [("ab", "abc", 0, "c"), ("abc", "c", 2, ""), ("ab", "bcd", 1, "cd"), ("ab", "ba", 1, "a")],
)
def test_what_grew_is_what_left_and_what_came(former: str, value: str, gone: int, newest: str) -> None:
    assert growth([*former], [*value]) == (gone, tuple(newest))


@pytest.mark.parametrize("gone", [-1, 3, "1", None])
@pytest.mark.parametrize("has_former", [True, False])
def test_a_growth_that_cannot_be_is_refused(gone: object, has_former: bool) -> None:
    former = batch((result_set(0), result_set(1)))
    body = as_json(("serpwow.batch", {"result_sets": {"gone": gone, "newest": []}}))
    with pytest.raises(BadInput, match=r"a serpwow\.batch cannot be read"):
        read(body, former if has_former else None)
