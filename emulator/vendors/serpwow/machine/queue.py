"""Slots for running batches, and the queue lines in which batches wait for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from emulator.sdk import View, replace
from emulator.vendors.serpwow.assumptions.lifecycle import PLACES
from emulator.vendors.serpwow.model.account import is_outside
from emulator.vendors.serpwow.model.batches import PRIORITIES, Batch, QueueLine

POOLS = {
    "by-size": {"small": 5, "large": 1},
    "one": {"all": 1},
}
"""Pool → slots in it, for each choice. Evidence: serpwow-slots-1 and serpwow-slots-3."""


def has_no_slot(view: View, batch: Batch) -> bool:
    """Return whether every slot of its pool is taken; each account has slots of its own."""
    return not is_outside(view, batch.owner) and not _free_slots(view, batch.owner, _pool_of(view, batch))


def is_outranked(view: View, batch: Batch) -> bool:
    """Return whether queued batches of higher priorities need every free slot of its pool. Evidence: serpwow-slots-2."""
    pool, owner = _pool_of(view, batch), batch.owner
    higher = PRIORITIES[PRIORITIES.index(batch.priority) + 1 :]
    rivals = sum(view.size(Batch, "newly queued", owner, size, priority) for size in _sizes(pool) for priority in higher)
    return not is_outside(view, owner) and _free_slots(view, owner, pool) <= rivals


def never_waits(view: View, batches: Iterable[Batch]) -> bool:
    """Return whether there is a slot for each of these batches at the same time."""
    wanted = Counter(_pool_of(view, batch) for batch in batches)
    return all(wanted[pool] <= slots for pool, slots in _pools(view).items())


def slots_in_all(view: View) -> int:
    return sum(_pools(view).values())


def requeue(view: View, batch: Batch) -> Iterator[QueueLine | Batch]:
    """Yield the batch; one whose size or priority has changed moves to the end of its new line."""
    if batch.ticket is None or batch.called_at is not None or batch.ticket[:2] == (_pool_of(view, batch), batch.priority):
        yield batch
    else:
        yield from enqueue(view, batch)


def promote(view: View, owner: str, pool: str) -> Iterator[QueueLine | Batch]:
    """Give every free slot of an account's pool to the batch of the highest priority that has waited longest.

    A newly queued batch comes before those in lines of lower priorities.
    Each value that this yields is in the view before the next is made.
    """
    for rank in reversed(range(len(PRIORITIES))):
        yield from _promote_line(view, owner, pool, PRIORITIES[rank])
        if any(view.size(Batch, "queue line", owner, pool, lower) for lower in PRIORITIES[:rank]):
            first = _newly_queued(view, owner, pool, PRIORITIES[rank])[: _free_slots(view, owner, pool)]
            yield from (replace(batch, called_at=view.now) for batch in first)


def enqueue(view: View, batch: Batch) -> Iterator[QueueLine | Batch]:
    """Put a batch at the end of its line."""
    pool = _pool_of(view, batch)
    line = _line(view, batch.owner, pool, batch.priority)
    yield replace(line, next=line.next + 1)
    yield replace(batch, ticket=(pool, batch.priority, line.next))


def _promote_line(view: View, owner: str, pool: str, priority: str) -> Iterator[QueueLine | Batch]:
    line = _line(view, owner, pool, priority)
    while line.serving < line.next and _free_slots(view, owner, pool):
        promoted = view.group(Batch, "ticket", owner, pool, priority, line.serving)
        line = replace(line, serving=line.serving + 1)
        yield line
        yield from (replace(batch, called_at=view.now) for batch in promoted)


def _newly_queued(view: View, owner: str, pool: str, priority: str) -> list[Batch]:
    """Return the batches of a priority that have no ticket yet, the one that has waited longest first."""
    found = (batch for size in _sizes(pool) for batch in view.group(Batch, "newly queued", owner, size, priority))
    return sorted(found, key=lambda batch: batch.since)


def _pools(view: View) -> dict[str, int]:
    return POOLS[view.choice(PLACES)]


def _pool_of(view: View, batch: Batch) -> str:
    return batch.size if view.choice(PLACES) == "by-size" else "all"


def _free_slots(view: View, owner: str, pool: str) -> int:
    """Return the number of an account's free slots, 0 where a loaded state has taken more than there are."""
    taken = sum(view.size(Batch, "slot", owner, size) for size in _sizes(pool))
    return max(_pools(view)[pool] - taken, 0)


def _sizes(pool: str) -> tuple[str, ...]:
    return ("small", "large") if pool == "all" else (pool,)


def _line(view: View, owner: str, pool: str, priority: str) -> QueueLine:
    id = f"{owner}/{pool}/{priority}"
    return view.find(QueueLine, id) or QueueLine(id, view.now)
