"""Groups of a store, brought up to date with many resources at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from emulator.kernel.sorted_pages import IndexKey, SortedKey, SortedPages
from emulator.text.checkpoint import WORK

if TYPE_CHECKING:
    from emulator.kernel.store import PagedMap

K = TypeVar("K")
V = TypeVar("V")

SMALL = 32
"""Members up to which a group is a plain tuple, which copies of a store share as it is."""

SOME = 500
"""Resources that are sorted in together."""

Place = tuple[int, str]
"""A resource's number in the order of arrival, and its id."""
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


def in_groups(resource: Any, place: Place) -> dict[IndexKey, Member]:
    """Return a resource as a member of its groups, among them the one of all of its kind."""
    kind, (number, id) = resource.kind, place
    found: dict[IndexKey, Member] = {(kind,): place}
    for key in resource.index():
        if key.__class__ is SortedKey:
            found[(kind, *key.group)] = (key.value, number, id)
        else:
            found[(kind, *key)] = place
    return found


class Moves:
    """The members that leave groups, and those that join them."""

    __slots__ = ("_moves",)

    def __init__(self) -> None:
        self._moves: dict[IndexKey, tuple[list[Member], list[Member]]] = defaultdict(lambda: ([], []))

    def note(self, before: Mapping[IndexKey, Member], after: Mapping[IndexKey, Member]) -> None:
        """Note what a resource was in its groups, and what it is."""
        for side, own, others in ((0, before, after), (1, after, before)):
            for group, member in own.items():
                if others.get(group) != member:
                    self._moves[group][side].append(member)

    def make(self, groups: PagedMap[IndexKey, Group], owner: object) -> None:
        """Make the moves in the groups of an owner."""
        for key, (leaving, joining) in self._moves.items():
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
