"""The past of a world: its beginning, snapshots of it, and the ways back to them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.kernel.budget import Charge, Quota
from emulator.kernel.clock import Clock
from emulator.kernel.errors import Conflict, NotFound, TooMany
from emulator.kernel.exchange import Savepoint
from emulator.kernel.history import History
from emulator.kernel.journal import Journal
from emulator.kernel.keeping import Deed, Reset, Restored, SnapshotDropped, SnapshotTaken
from emulator.kernel.resource import Struct
from emulator.kernel.room import admit, size_of_copy
from emulator.kernel.weight import weigh

if TYPE_CHECKING:
    from emulator.kernel.world import World

BEGINNING, NOW = "beginning", "now"
"""The names by which `World.moment` knows the beginning and the present; no snapshot can have them."""
ENTRY = "entry/"
"""The beginning of the name of a moment by the number of a journal entry; no name of a snapshot has a slash."""


class Moment(Struct, frozen=True):
    """A world as it was at an instant: a copy that nobody changes, whatever its clock says.

    `source` is what a beginning was read from, and `text` its charge.
    """

    at: datetime
    world: World
    source: Any = None
    text: Charge | None = None

    def clock(self) -> Clock:
        """Return a clock that goes on from there as the world's own did."""
        return self.world.clock.starting_at(self.at)


def set_beginning(world: World, source: Any = None, at: datetime | None = None) -> None:
    """Make the present state, read from `source`, the beginning, to which `reset` returns; start journal and history.

    Where the world was settled already, that was `at` an instant: what was put since then is due after the beginning.
    """
    at = world.settle() if at is None else at
    world.journal, world.history = Journal(world.rules.limits.journal), History(world.rules.limits.journal)
    text = weigh(source).own + (weigh(world.rules.parameters).own if world.rules.parameters else 0)
    world.beginning = Moment(at, world.copy(), source, world.quota.keep(text))


def reset(world: World) -> None:
    """Go back to the beginning, a running clock too; snapshots are kept."""
    if world.beginning is not None:
        note(world)
        world.epoch += 1
        world.copy_resources(world.beginning.world)
        world.clock = world.beginning.clock()
        world.journal, world.history = Journal(world.rules.limits.journal), History(world.rules.limits.journal)
        note(world, Reset())


def snapshot(world: World, name: str) -> Moment:
    """Keep the present under a name, in place of its former snapshot.

    Raises:
        Conflict: the name is one that every world has.
        TooMany: there are as many snapshots as there may be, or there is no room for another.
    """
    if name in (BEGINNING, NOW):
        raise Conflict(f"every world has a moment that is called {name!r}: call the snapshot something else")
    if name not in world.snapshots and len(world.snapshots) >= world.rules.limits.snapshots:
        raise TooMany(f"there are {(it := world.rules.limits).snapshots} snapshots at most: {it.more('snapshots')}")
    admit(world.quota, size_of_copy(world), f"the snapshot {name!r}")
    at = world.settle()
    note(world)
    moment = world.keep_moment(name, at)
    note(world, SnapshotTaken(name, at))
    return moment


def keep_moment(world: World, name: str, at: datetime) -> Moment:
    """Keep the world, as it is at an instant, under a name."""
    moment = world.snapshots[name] = Moment(at, world.copy())
    moment.world.journal.mark_undelivered()
    return moment


def drop_snapshot(world: World, name: str) -> None:
    """Forget a snapshot.

    Raises:
        NotFound: there is none of that name.
    """
    if world.snapshots.pop(name, None) is None:
        raise NotFound("snapshot", name, world.snapshots)
    note(world, SnapshotDropped(name))


def moment(world: World, name: str, quota: Quota | None = None) -> Moment:
    """Return the snapshot of a name, the BEGINNING, NOW, or the moment of an ENTRY, whose copy counts in the `quota`.

    Raises:
        NotFound: there is none.
        OutOfReach: the entry is too long ago.
    """
    if name.startswith(ENTRY):
        from emulator.kernel.moments import moment_of_entry

        return moment_of_entry(world, name, quota)
    if name == NOW:
        return Moment(world.settle(), world)
    if name == BEGINNING and world.beginning is not None:
        return world.beginning
    if name not in world.snapshots:
        raise NotFound("snapshot", name, (BEGINNING, *world.snapshots))
    return world.snapshots[name]


def restore(world: World, name: str) -> None:
    """Go back to a snapshot, to that of an ENTRY or to the BEGINNING, the journal too; the snapshots are kept.

    Raises:
        NotFound: there is none of that name.
        OutOfReach: the entry is too long ago.
    """
    if name == BEGINNING:
        return world.reset()
    if name == NOW:
        raise NotFound("snapshot", name, (BEGINNING, *world.snapshots))
    moment = world.moment(name)
    note(world)
    world.take_over(moment.world, moment.at)
    return note(world, Restored(name))


def undo(world: World, exchanges: int) -> None:
    """Undo the newest exchanges and all that happened since the first of them, to which the clock goes back.

    Costs what changed in that time, not what there is. The rate of the clock stays.

    Raises:
        Conflict: there are not so many, or what they replaced is not remembered any more.
    """
    newest = world.journal.newest_exchanges(exchanges)
    if len(newest) < exchanges:
        raise Conflict(f"the journal has {len(newest)} exchanges, so {exchanges} cannot be undone")
    n, first = newest[-1]
    savepoint = first.savepoint
    if not world.history.reaches(savepoint.commits):
        raise Conflict(f"exchange {n} cannot be undone: the history does not reach back that far")
    note(world)
    world.go_back_to(savepoint)
    note(world, savepoint)


def go_back_to(world: World, savepoint: Savepoint) -> None:
    """Undo all that was committed after a point that the history reaches, and go on from its instant."""
    for commit in world.history.truncate_from(savepoint.commits):
        world.revert(commit.changed_resources, commit.counters)
    world.journal.truncate_from(savepoint.entries + 1)
    world.clock = world.clock.starting_at(savepoint.at)


def take_over(world: World, other: World, at: datetime) -> None:
    """Become a copy of another world as it was at an instant; id, rules, seed and snapshots stay."""
    world.copy_resources(other)
    world.copy_records(other)
    world.clock = other.clock.starting_at(at)


def note(world: World, deed: Deed | None = None) -> None:
    """Tell whoever keeps this world what was done with it that is more than a commit; without a deed, that one follows."""
    if world.keeper is not None:
        world.keeper.note(world, deed)
