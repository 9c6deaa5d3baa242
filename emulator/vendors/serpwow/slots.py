"""Whose turn it is: how many batches run beside each other, and who comes next when one of them leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from emulator.sdk import View
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


def is_outranked(view: View, batch: Batch) -> bool:
    """Whether queued batches of higher priorities need every place of its pool that is free. Evidence: serpwow-slots-2."""
    pool = _pool_of(view, batch)
    higher = PRIORITIES[PRIORITIES.index(batch.priority) + 1 :]
    queued = (view.size(Batch.kind, "newly queued", size, it) for size in _sizes(pool) for it in higher)
    return batch.owner == SELF and _free(view, pool) <= sum(queued)


def places_in_all(view: View) -> int:
    """How many batches can run beside each other."""
    return sum(POOLS[view.choice(PLACES.id)].values())


def take_a_ticket(view: View, batch: Batch) -> Iterator[Line | Batch]:
    """Puts a batch in line, and calls up the ones that come before it while places are free."""
    yield from _join_the_line(view, batch)
    yield from call_up(view)


def _join_the_line(view: View, batch: Batch) -> Iterator[Line | Batch]:
    pool = _pool_of(view, batch)
    line = _line(view, pool, batch.priority)
    yield replace(line, next=line.next + 1)
    yield replace(batch, ticket=(pool, batch.priority, line.next))


def in_its_line(view: View, batch: Batch) -> Iterator[Line | Batch]:
    """The batch as it has become; where it waits in a line that is no longer its own, it goes to the end of the one that is."""
    if batch.ticket is None or batch.called_at is not None or batch.ticket[:2] == (_pool_of(view, batch), batch.priority):
        yield batch
    else:
        yield from _join_the_line(view, batch)


def call_up(view: View) -> Iterator[Line | Batch]:
    """Gives every free place to the batch of the highest priority that has waited longest.

    A batch that is new in the queue comes before those in line whose priority is lower.
    Each value that this yields is in the view before the next one is asked for.
    """
    for pool in POOLS[view.choice(PLACES.id)]:
        if not _has_a_line(view, pool):
            continue
        for rank in reversed(range(len(PRIORITIES))):
            yield from _call_the_line(view, pool, PRIORITIES[rank])
            if any(view.size(Batch.kind, "in line", pool, lower) for lower in PRIORITIES[:rank]) and (
                free := _free(view, pool)
            ):
                first = _newly_queued(view, pool, PRIORITIES[rank])[:free]
                yield from (replace(batch, called_at=view.now) for batch in first)


def _has_a_line(view: View, pool: str) -> bool:
    """Tell whether there are tickets that have not been called up."""
    lines = (view.find(Line.kind, f"{pool}/{priority}") for priority in PRIORITIES)
    return any(line is not None and line.serving < line.next for line in lines)


def _call_the_line(view: View, pool: str, priority: str) -> Iterator[Line | Batch]:
    line = _line(view, pool, priority)
    while line.serving < line.next and _free(view, pool):
        waiting = view.group(Batch.kind, "ticket", pool, priority, line.serving)
        line = replace(line, serving=line.serving + 1)
        yield line
        yield from (replace(batch, called_at=view.now) for batch in waiting)


def _newly_queued(view: View, pool: str, priority: str) -> list[Batch]:
    """The batches of a priority that the platform has not looked at yet, the one that has waited longest first."""
    found = (batch for size in _sizes(pool) for batch in view.group(Batch.kind, "newly queued", size, priority))
    return sorted(found, key=lambda batch: batch.since)


def _pool_of(view: View, batch: Batch) -> str:
    return batch.size if view.choice(PLACES.id) == "by-size" else "all"


def _free(view: View, pool: str) -> int:
    """How many places are free. A state that was given may have taken more than there are."""
    taken = sum(view.size(Batch.kind, "place", size) for size in _sizes(pool))
    return max(POOLS[view.choice(PLACES.id)][pool] - taken, 0)


def _sizes(pool: str) -> tuple[str, ...]:
    return ("small", "large") if pool == "all" else (pool,)


def _line(view: View, pool: str, priority: str) -> Line:
    id = f"{pool}/{priority}"
    line: Line = view.find(Line.kind, id) or Line(id, view.now)
    return line
