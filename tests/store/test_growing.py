"""A sequence that grows is kept by what is new of it, so that what a batch has run does not make each further run dearer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from operator import is_
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, json, structs

from emulator.kernel.clock import DEFAULT_START
from emulator.kernel.errors import BadInput
from emulator.sdk.growing import growth
from emulator.store.parts import Parts
from emulator.store.values import Values, as_json, reader_of
from emulator.vendors import VENDORS
from emulator.vendors.serpwow.model.batches import Batch, ResultSet
from emulator.vendors.serpwow.model.result_sets import grow
from emulator.vendors.serpwow.model.searches import Search, Searches

VALUES = Values(VENDORS)
SEARCHES = Searches("B1", 1)
KEPT = reader_of(tuple[str, Raw])


def result_set(number: int) -> ResultSet:
    at = DEFAULT_START + timedelta(seconds=number)
    return ResultSet(number, at, at, SEARCHES)


def batch(result_sets: Sequence[ResultSet]) -> Batch:
    return Batch("B1", DEFAULT_START, DEFAULT_START, "a batch", SEARCHES, DEFAULT_START, result_sets=result_sets)


def kept(value: Batch, before: Batch | None) -> bytes:
    return as_json(VALUES.written(value, before, is_alone=True))


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


# searches, which requests add


def load(first: int, many: int = 5) -> list[Search]:
    return [Search(f"S{n}", {"q": f"pizza {n}"}) for n in range(first, first + many)]


def loaded(times: int) -> list[Searches]:
    """Return the searches of a batch after each of so many requests that add some."""
    versions = [Searches("B1", load(0))]
    for number in range(1, times):
        versions.append(versions[-1].with_more(load(number * 100)))
    return versions


def with_searches(searches: Searches) -> Batch:
    return structs.replace(batch(()), searches=searches, charge=None)


@given(st.integers(2, 99), st.integers(1, 98))
def test_searches_that_grew_are_read_from_what_they_were(times: int, earlier: int) -> None:
    versions = loaded(times)
    first, second = with_searches(versions[max(0, times - 1 - earlier)]), with_searches(versions[-1])
    body = kept(second, first)
    again = read(body, first)
    assert again == second
    assert again.searches.loads == second.searches.loads
    assert kept(again, first) == body


def test_a_further_request_is_as_short_behind_ninety_as_behind_one() -> None:
    def length(times: int) -> int:
        former = loaded(times)[-1]
        return len(kept(with_searches(former.with_more(load(90_000))), with_searches(former)))

    assert length(90) == length(1)


CHANGES: dict[str, Callable[[Searches], Searches]] = {
    "one is gone": lambda it: it.without(["S1"]),
    "one is changed": lambda it: it.with_changed(Search("S1", {"q": "pasta"})),
    "the last are gone": lambda it: it.first(3),
    "they are another batch's": lambda it: Searches("B2", it, (*it.loads, ())),
    "all are new": lambda _: Searches("B1", load(7)),
    "they are only counted": lambda _: Searches("B1", 7),
}


@pytest.mark.parametrize("change", CHANGES)
def test_searches_that_did_not_grow_are_kept_whole(change: str) -> None:
    former = loaded(3)[-1]
    first, second = with_searches(former), with_searches(CHANGES[change](former))
    assert read(kept(second, first), first) == second
    third = with_searches(second.searches.with_more(load(500)))
    assert read(kept(third, first), first) == third
    assert read(kept(third, second), second) == third


@pytest.mark.parametrize("later", [{"newest": 1}, {"newest": [["x"]]}, {}])
@pytest.mark.parametrize("former", [None, Searches("B1", 5), Searches("B1", load(0))], ids=["none", "counted", "listed"])
def test_searches_that_cannot_have_grown_are_refused(later: object, former: Searches | None) -> None:
    with pytest.raises(BadInput, match=r"a serpwow\.batch cannot be read"):
        read(as_json(("serpwow.batch", {"searches_later": later})), None if former is None else with_searches(former))


def test_parts_of_a_file_that_grew_are_written_by_what_is_new() -> None:
    writing, reading, versions = Parts(), Parts(), loaded(99)
    assert [writing.place(it) for it in versions] == [*range(99)]
    written = [as_json(it) for it in writing.take_new()]
    assert max(map(len, written)) < 2 * min(map(len, written))
    assert [reading.read(*json.decode(it)) for it in written] == versions
    for former, it in pairwise(reading.found):
        assert all(map(is_, former.loads, it.loads))


@pytest.mark.parametrize("after", [-1, 1, 2, "0", None, 0.0])
def test_a_part_that_grew_out_of_none_before_it_is_refused(after: object) -> None:
    parts = Parts()
    parts.read("Searches", Searches("B1", load(0)).kept())
    with pytest.raises(BadInput, match=r"is no Searches before this one"):
        parts.read("Searches", {"after": after, "newest": []})
