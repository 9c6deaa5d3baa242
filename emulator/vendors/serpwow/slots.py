"""Whose turn it is: how many batches run beside each other, and who comes next when one of them leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from emulator.kernel.machine import View
from emulator.vendors.serpwow.assumptions import PLACES
from emulator.vendors.serpwow.model import SELF, Batch, Line

PRIORITIES = ("lowest", "low", "normal", "high", "highest")

POOLS = {
    "by-size": {"small": 5, "large": 1},
    "one": {"all": 1},
}
"""Pool → places in it, for each choice. Evidence: serpwow-slots-1 and serpwow-slots-3."""


def has_no_place(view: View, batch: Batch) -> bool:
    """Whether every place of its pool is taken; another account has places of its own."""
    return batch.owner == SELF and not _free(view, _pool_of(view, batch))


def has_places_for_all(view: View, batches: Iterable[Batch]) -> bool:
    """Whether these could run beside each other, so that none of them ever waits for a place."""
    wanted = Counter(_pool_of(view, batch) for batch in batches)
    return all(wanted[pool] <= places for pool, places in POOLS[view.choice(PLACES.id)].items())


def take_a_ticket(view: View, batch: Batch) -> Iterator[Line | Batch]:
    pool = _pool_of(view, batch)
    line = _line(view, pool, batch.priority)
    yield replace(line, next=line.next + 1)
    yield replace(batch, ticket=(pool, batch.priority, line.next))


def in_its_line(view: View, batch: Batch) -> Iterator[Line | Batch]:
    """The batch as it has become; where it waits in a line that is no longer its own, it goes to the end of the one that is."""
    if batch.ticket is None or batch.called_at is not None or batch.ticket[:2] == (_pool_of(view, batch), batch.priority):
        yield batch
    else:
        yield from take_a_ticket(view, batch)


def call_up(view: View) -> Iterator[Line | Batch]:
    """Gives every free place to the batch of the highest priority that has waited longest.

    Each value that this yields is in the view before the next one is asked for.
    """
    for pool in POOLS[view.choice(PLACES.id)]:
        for priority in reversed(PRIORITIES):
            line = _line(view, pool, priority)
            while line.serving < line.next and _free(view, pool):
                waiting = view.group(Batch.kind, "ticket", pool, priority, line.serving)
                line = replace(line, serving=line.serving + 1)
                yield line
                yield from (replace(batch, called_at=view.now) for batch in waiting)


def _pool_of(view: View, batch: Batch) -> str:
    return batch.size if view.choice(PLACES.id) == "by-size" else "all"


def _free(view: View, pool: str) -> bool:
    taken = sum(view.size(Batch.kind, "place", size) for size in (("small", "large") if pool == "all" else (pool,)))
    return taken < POOLS[view.choice(PLACES.id)][pool]


def _line(view: View, pool: str, priority: str) -> Line:
    id = f"{pool}/{priority}"
    line: Line = view.find(Line.kind, id) or Line(id, view.now)
    return line
