"""Many result sets of a batch, in blocks that its later values share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from sys import getsizeof
from typing import TYPE_CHECKING, Any

from emulator.sdk import Shared, Weight, weigh_all

if TYPE_CHECKING:
    from emulator.vendors.serpwow.model.batches import ResultSet

BLOCK = 64
"""Result sets of a block."""

FEW = 2
"""Result sets up to which each value of a batch counts all of its own."""

OWN_SIZE, COUNTED_SIZE = 150, 220
"""Bytes of the object itself, and of a result set without its searches."""


class Block(Shared):
    """Result sets that are weighed together, once."""

    __slots__ = ("items",)

    def __init__(self, items: tuple[ResultSet, ...]) -> None:
        self.items = items

    def weigh(self) -> Weight:
        return weigh_all(self.items, getsizeof(self.items))


class ResultSets(Shared, Sequence["ResultSet"]):
    """Result sets in blocks and a tail, oldest first; immutable. So many of the first block are not there any more.

    `_earlier` is what all but the last of the tail was weighed with.
    """

    __slots__ = ("_blocks", "_earlier", "_gone", "_tail")

    def __init__(
        self, blocks: tuple[Block, ...], tail: tuple[ResultSet, ...], gone: int = 0, earlier: ResultSets | None = None
    ) -> None:
        self._blocks = blocks
        self._tail = tail
        self._gone = gone
        self._earlier = earlier

    @classmethod
    def of(cls, items: Sequence[ResultSet]) -> ResultSets:
        """Return result sets in blocks."""
        if isinstance(items, ResultSets):
            return items
        end = len(items) - len(items) % BLOCK
        return cls(tuple(Block(tuple(items[at : at + BLOCK])) for at in range(0, end, BLOCK)), tuple(items[end:]))

    def __len__(self) -> int:
        return BLOCK * len(self._blocks) + len(self._tail) - self._gone

    def __iter__(self) -> Iterator[ResultSet]:
        return islice(chain(*(it.items for it in self._blocks), self._tail), self._gone, None)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return tuple([self[it] for it in range(*place.indices(len(self)))])
        block, index = divmod(range(len(self))[place] + self._gone, BLOCK)
        return (self._blocks[block].items if block < len(self._blocks) else self._tail)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (ResultSets, tuple)) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def and_then(self, newest: Sequence[ResultSet], expired: int) -> ResultSets:
        """Return these without so many of the oldest, and with newer ones."""
        whole, gone = divmod(self._gone + expired, BLOCK)
        blocks, tail = self._blocks[whole:] if whole else self._blocks, (*self._tail, *newest)
        if whole > len(self._blocks):
            return ResultSets.of(tail[gone + BLOCK * (whole - len(self._blocks)) :])
        if len(tail) >= BLOCK:
            later = ResultSets.of(tail)
            return ResultSets((*blocks, *later._blocks), later._tail, gone)
        return ResultSets(blocks, tail, gone, None if whole or len(newest) > 1 else self)

    def weigh(self) -> Weight:
        """Return the bytes of the last one, and what the others are weighed with."""
        items = self._tail if self._earlier is None else self._tail[-1:]
        own, large = weigh_all(items, OWN_SIZE + getsizeof(items))
        return Weight(own, [*large, self._earlier or self._blocks])


def grow(result_sets: Sequence[ResultSet], newest: Sequence[ResultSet], expired: int) -> Sequence[ResultSet]:
    """Return result sets without so many of the oldest, and with newer ones."""
    if len(result_sets) + len(newest) <= FEW:
        return (*result_sets[expired:], *newest)
    return ResultSets.of(result_sets).and_then(newest, expired)
