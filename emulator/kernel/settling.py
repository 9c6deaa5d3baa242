"""Groups of a store, brought up to date with many resources at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any, TypeVar

from emulator.kernel.sorted_pages import IndexKey, SortedKey, SortedPages
from emulator.text.checkpoint import WORK

if TYPE_CHECKING:
    from emulator.kernel.store import PagedMap

K = TypeVar("K")
V = TypeVar("V")

SMALL = 32
"""Members up to which a group is a plain tuple, which copies of a store share as it is."""

SOME = 2_000
"""Resources that are sorted in together."""

Place = tuple[int, str]
"""A resource's number in the order of arrival, and its id."""
Former = tuple[Any, Place] | None
"""A resource as it was, or is, and its place; None where it is not there."""
Member = tuple[Any, ...]
Group = tuple[Member, ...] | SortedPages
"""Members in order, each as (number, id), behind its value where the group is sorted by one."""


def portions(waiting: dict[K, V]) -> Iterator[list[tuple[K, V]]]:
    """Yield what waits, SOME at a time, and drop what was dealt with; a checkpoint may end it between."""
    while waiting:
        some = [*islice(waiting.items(), SOME)]
        yield some
        for key, _ in some:
            del waiting[key]
        if waiting and WORK.pause is not None:
            WORK.pause()


class Moves:
    """The members of a kind that leave groups, and those that join them, by key."""

    __slots__ = ("_kind", "_moves")

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._moves: defaultdict[IndexKey, tuple[list[Member], list[Member]]] = defaultdict(lambda: ([], []))

    def note(self, states: tuple[Former, Former], keys: Iterable[Sequence[IndexKey | SortedKey | None]]) -> None:
        """Note what a resource was, and what it is, and the keys of its groups."""
        before, after = states
        if before is not None and after is not None and before[1] == after[1]:
            keys = zip(*[it for it in zip_longest(*keys) if it[0] != it[1]], strict=True)
        for side, (own, state) in enumerate(zip(keys, states, strict=False)):
            if state is None:
                continue
            for key in own:
                if not isinstance(key, SortedKey):
                    if key is not None:
                        self._moves[key][side].append(state[1])
                elif key.group[0] == "":
                    self._moves[key.group][side].append((key.value, state[1][0], (self._kind, state[1][1])))
                else:
                    self._moves[key.group][side].append((key.value, *state[1]))

    def make(self, groups: PagedMap[IndexKey, Group], owner: object) -> None:
        """Make the moves in the groups of an owner."""
        for name, (leaving, joining) in self._moves.items():
            key = name if name and name[0] == "" else (self._kind, *name)
            group = groups.get(key) or ()
            if isinstance(group, tuple):
                members = [it for it in group if it not in leaving] + joining
                group = tuple(sorted(members)) if len(members) <= SMALL else SortedPages(members, owner)
                groups[key] = group
            else:
                if group.owner is not owner:
                    group = groups[key] = group.copy(owner)
                group.change(leaving, joining)
            if not group:
                groups.pop(key)
