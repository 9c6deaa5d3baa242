"""Many rounds at once: what a lone resource does again and again, up to what the journal and the history keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from emulator.kernel.errors import TooMany
from emulator.kernel.journal import Change
from emulator.kernel.machine import FindRounds
from emulator.kernel.settling import Member
from emulator.kernel.store import AGENDA, Key
from emulator.kernel.transaction import Transaction
from emulator.text.checkpoint import checkpoint

if TYPE_CHECKING:
    from emulator.kernel.world import World

Round = tuple[datetime, ...]


def make_rounds(world: World, first: Member, until: datetime) -> list[Change]:
    """Make the rounds of the resource that is due first, if it goes round and nothing else happens, and return the changes.

    The last rounds before an instant are left to be made step by step, as many as fill journal and history: whatever those
    keep is what the steps themselves put there.
    """
    find_rounds = world.rules.machines[first[2][0]].rounds
    if find_rounds is None:
        return []
    try:
        changes = _make(world, first, find_rounds, until)
    except TooMany:  # the step for which there is no room says so
        return []
    if changes:
        world.journal.drop(len(changes))
        world.history.drop(len(changes) - 1)  # besides the commit that put what they come to
    return changes


def _make(world: World, first: Member, find_rounds: FindRounds, until: datetime) -> list[Change]:
    """Put what the rounds come to, and return their changes; none where there are no more than are kept."""
    due, _, (kind, id) = first
    with Transaction(world, max(due, world.history.newest or due), "rounds", by_time=True) as view:
        rounds = find_rounds(view, world.store.find(kind, id), min([until, *_others(world, (kind, id))]))
        if rounds is None:
            return []
        made = _all(rounds.instants)
        del made[-1 - max(world.journal.capacity, world.history.capacity) // len(rounds.rows) :]
        if not made:
            return []
        for value in rounds.after(view, made):
            view.put(value)
    causes = [(row.state, row.to, str(row.cause), row.evidence) for row in rounds.rows]
    return [Change(at, kind, id, *cause) for instants in made for at, cause in zip(instants, causes, strict=True)]


def _others(world: World, key: Key) -> Iterator[datetime]:
    """Yield the instant at which anything but one resource is due first, in each group of the agenda."""
    for group in AGENDA:
        yield from islice((instant for instant, _, other in world.store.agenda(group) if other != key), 1)


def _all(instants: Iterable[Round]) -> list[Round]:
    made = []
    for each in instants:
        checkpoint()
        made.append(each)
    return made
