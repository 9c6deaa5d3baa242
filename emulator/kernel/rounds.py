"""Many rounds at once: what a lone resource does again and again, up to what the journal and the history keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from emulator.kernel.errors import TooMany
from emulator.kernel.journal import Change
from emulator.kernel.settling import Member
from emulator.kernel.store import AGENDA, Key
from emulator.kernel.transaction import Transaction
from emulator.text.checkpoint import checkpoint

if TYPE_CHECKING:
    from emulator.kernel.world import World

Round = tuple[datetime, ...]


def make_rounds(world: World, first: Member, until: datetime) -> list[Change]:
    """Make the rounds of the resource that is due first, if it goes round and nothing else happens, and return the changes.

    Of the first ones only what they come to is put: journal and history keep no more than the steps of the last.
    """
    due, _, (kind, id) = first
    find_rounds, changes = world.rules.machines[kind].rounds, list[Change]()
    view = Transaction(world, max(due, world.history.newest or due), "rounds", by_time=True)
    rounds = find_rounds and find_rounds(view, world.store.find(kind, id), min([until, *_others(world, (kind, id))]))
    if not rounds:
        return []
    made, causes = _all(rounds.instants), [(row.state, row.to, str(row.cause), row.evidence) for row in rounds.rows]
    passed = max(len(made) - max(world.journal.capacity, world.history.capacity) // len(causes) - 1, 0)
    with suppress(TooMany):  # the step for which there is no room says so
        if passed:
            with view:
                view.follow(rounds.after(view, made[:passed]))
            changes += [Change(at, kind, id, *cause) for it in made[:passed] for at, cause in zip(it, causes, strict=True)]
            world.journal.drop(len(changes))
            world.history.drop(len(changes) - 1)  # besides the commit that put what they come to
        for row, at in [(row, at) for each in made[passed:] for row, at in zip(rounds.rows, each, strict=True)]:
            with Transaction(world, at, str(row.cause), by_time=True) as step:
                step.take(kind, id, row, world.store.find(kind, id))
            world.journal.extend(step.changes)
            changes += step.changes
    return changes


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
