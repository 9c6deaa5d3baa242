"""Many result sets of a batch are the same, in blocks that its values share, as in one tuple."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.vendors.serpwow.model.batches import ResultSet
from emulator.vendors.serpwow.model.result_sets import BLOCK, ResultSets
from emulator.vendors.serpwow.model.searches import Searches
from tests.support.toy import START


def result_set(number: int) -> ResultSet:
    return ResultSet(number, START, START, Searches("B1", 1))


@given(st.integers(BLOCK, 5 * BLOCK), st.lists(st.one_of(st.integers(0, 3), st.integers(0, 4 * BLOCK)), max_size=3 * BLOCK))
def test_result_sets_in_blocks_are_those_of_a_tuple(count: int, expirations: list[int]) -> None:
    expected = tuple(map(result_set, range(count)))
    result_sets = ResultSets.of(expected)
    for number, expired in enumerate(expirations):
        expired = min(expired, len(expected))
        newest = result_set(count + number)
        expected, result_sets = (*expected[expired:], newest), result_sets.and_then((newest,), expired)
    assert (len(result_sets), tuple(result_sets), result_sets[-1]) == (len(expected), expected, expected[-1])
    assert result_sets == expected
    assert result_sets[1:-1] == expected[1:-1]
    assert hash(result_sets) == hash(expected)


def test_one_more_result_set_is_weighed_without_those_before_it() -> None:
    result_sets = ResultSets.of(tuple(map(result_set, range(100 * BLOCK))))
    for number in range(2 * BLOCK):
        result_sets = result_sets.and_then((result_set(number),), 0)
        assert len(result_sets.weigh().large) <= 2
