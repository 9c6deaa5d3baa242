"""A world: everything that can change, behind one clock, which it catches up with before anything is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from sys import getsizeof
from typing import Any

from emulator.kernel.advance import TURN_LIMIT, catch_up, catch_up_limit, jump, jump_to_next, jump_until_idle
from emulator.kernel.budget import Budget, Charge, Quota
from emulator.kernel.clock import FROZEN, Clock
from emulator.kernel.errors import Conflict, NotFound, TooMany
from emulator.kernel.history import History, ResourceChange
from emulator.kernel.journal import Change, Journal, Savepoint
from emulator.kernel.limits import Rules
from emulator.kernel.machine import OUTSIDE
from emulator.kernel.resource import Struct
from emulator.kernel.room import FRAME, admit, quota_of_another, size_of_copy
from emulator.kernel.store import MANY, Store
from emulator.kernel.timers import due_instants
from emulator.kernel.transaction import begin
from emulator.kernel.weight import weigh
from emulator.text.checkpoint import TurnLock

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


class World:
    """Resources, clock, agenda, counters and journal under one set of rules. Everything a client can see comes from here.

    `history` holds what the newest transactions replaced, and `snapshots` the moments that somebody wanted kept, by name.
    `before` is what a jump goes back to where it is too much. `epoch` counts how often it was reset or dropped, together with
    whatever was under way.
    `receivers` are the URLs for which a client's process holds an application.
    Whoever uses a world from more than one thread holds its `lock` meanwhile. One with an `origin` has the same resources.
    """

    def __init__(
        self, id: str, rules: Rules, clock: Clock, seed: int = 0, quota: Quota | None = None, origin: World | None = None
    ) -> None:
        self.id = id
        self.rules = rules
        self.seed = seed
        self.clock = clock
        self.store: Store = origin.store.copy() if origin else _empty_store(rules)
        self.journal: Journal = Journal(rules.limits.journal)
        self.history = History(rules.limits.journal)
        self.counters: dict[str, int] = origin.counters.copy() if origin else {}
        self.snapshots: dict[str, Moment] = {}
        self.before: World | None = None
        self.epoch = 0
        self.receivers: frozenset[str] = frozenset()
        self._receivers: Charge | None = None
        self.lock = TurnLock()
        self.quota = quota or Quota(Budget.of(rules.limits))
        self._frame = self.quota.keep(size_of_copy(origin) if origin else FRAME)
        self._beginning: Moment | None = None

    transaction = begin

    def settle(self) -> datetime:
        """Let everything that is due by now happen, each at its own due instant, and return the present.

        Where that is too much for one look at a running clock, the world falls behind, and later looks go on from there.
        """
        clock = self.clock
        if clock.rate == FROZEN and self.store.rests_until(clock.base):
            return clock.base
        catch_up(self, TURN_LIMIT if clock.is_behind else catch_up_limit(self))
        return clock.reached

    def advance_to(self, instant: datetime) -> list[Change]:
        """Jump to an instant and return what happened on the way, in order.

        Raises:
            TimeRunsForward: the instant has passed, or lies beyond END_OF_TIME.
            Conflict: more would happen than one jump may bring about, or the world is behind. It stays where it is.
            TooMany: there is no room for what would happen. It stays where it is.
        """
        return jump(self, lambda clock: clock.advance_to(instant))

    def advance_by(self, duration: timedelta) -> list[Change]:
        """Jump ahead by a duration that is not negative, as `advance_to` does."""
        return jump(self, lambda clock: clock.advance_by(duration))

    def advance_to_next(self) -> list[Change]:
        """Jump to the next instant at which anything but upkeep happens by itself; stay where nothing will.

        Raises:
            Conflict: the world is behind a clock that runs too fast.
            TooMany: there is no room for what would happen. It stays where it is.
        """
        return jump_to_next(self)

    def advance_until_idle(self) -> list[Change]:
        """Jump from one event to the next until nothing but upkeep happens by itself.

        Raises:
            Conflict: that takes more than one jump may bring about, or the world is behind. It stays where it is.
            TooMany: there is no room for what would happen. It stays where it is.
        """
        return jump_until_idle(self)

    def next_due(self) -> datetime | None:
        """Return the instant of the next thing but upkeep that happens by itself, or None."""
        self.settle()
        upcoming = self.store.upcoming(1)
        return upcoming[0][0] if upcoming else None

    def outside(self) -> list[Any]:
        """Return the resources that are with somebody outside, in the order of arrival; until each is back, time stands."""
        store = self.store
        return [it for kind in self.rules.machines if store.size(kind, *OUTSIDE) for it in store.group(kind, *OUTSIDE)]

    def set_receivers(self, urls: frozenset[str]) -> None:
        """Note the URLs for which a client's process holds an application from now on.

        Raises:
            TooMany: there is no room for them.
        """
        size = sum(map(getsizeof, urls), getsizeof(urls))
        if urls:
            admit(self.quota, size, f"a list of {len(urls)} receivers")
        self.receivers, self._receivers = urls, self.quota.keep(size)

    def revert(self, changed_resources: Iterable[ResourceChange], counters: Mapping[str, int | None]) -> None:
        """Restore what was replaced: values, their places in the order of arrival, and counters (None for new ones)."""
        replaced = tuple(changed_resources)
        for it in replaced:
            if it.before is None or it.number is not None:
                self.store.remove(it.kind, it.id)
        for it in replaced:
            if it.before is not None:
                self.store.put(it.before, it.number)
        for purpose, count in counters.items():
            if count is None:
                self.counters.pop(purpose, None)
            else:
                self.counters[purpose] = count
        self.store.settle(MANY)

    def set_beginning(self, source: Any = None, at: datetime | None = None) -> None:
        """Make the present state, read from `source`, the beginning, to which `reset` returns; start journal and history.

        Where the world was settled already, that was `at` an instant: what was put since then is due after the beginning.
        """
        at = self.settle() if at is None else at
        self.journal, self.history = Journal(self.rules.limits.journal), History(self.rules.limits.journal)
        text = weigh(source).own + (weigh(self.rules.parameters).own if self.rules.parameters else 0)
        self._beginning = Moment(at, self.copy(), source, self.quota.keep(text))

    def spawn(self, id: str, rules: Rules) -> World:
        """Return a world at this one's beginning, under other rules. They share the beginning, which is made once."""
        beginning = self.moment(BEGINNING)
        twin = World(id, rules, beginning.clock(), self.seed, quota_of_another(self), beginning.world)
        twin._beginning = beginning
        return twin

    def reset(self) -> None:
        """Go back to the beginning, a running clock too; snapshots are kept."""
        if self._beginning is not None:
            self.epoch += 1
            self._copy_resources(self._beginning.world)
            self.clock = self._beginning.clock()
            self.journal, self.history = Journal(self.rules.limits.journal), History(self.rules.limits.journal)

    def empty(self) -> None:
        """Drop all that the world holds, once nobody can reach it any more. The thread that calls this frees it."""
        self.store, self._beginning, self.snapshots = _empty_store(self.rules), None, {}
        self.journal, self.history = Journal(self.rules.limits.journal), History(self.rules.limits.journal)

    def copy(self, quota: Quota | None = None) -> World:
        """Return a copy without beginning or snapshots; costs the number of pages, not what they hold.

        What it keeps counts where this world's does, or in another `quota`.
        """
        twin = World(self.id, self.rules, self.clock.copy(), self.seed, quota or self.quota, self)
        twin._copy_records(self)
        return twin

    def fork(self, id: str, rules: Rules, seed: int, at: Moment | None = None) -> World:
        """Return a copy as it is, or was `at` a moment, under another id, rules and seed; beginning and snapshots are these."""
        origin, clock = (at.world, at.clock()) if at else (self, self.clock.copy())
        twin = World(id, rules, clock, seed, quota_of_another(origin), origin)
        twin._copy_records(origin)
        twin.journal.mark_undelivered()
        twin._beginning, twin.snapshots = self._beginning, self.snapshots.copy()
        return twin

    def snapshot(self, name: str) -> Moment:
        """Keep the present under a name, in place of its former snapshot.

        Raises:
            Conflict: the name is one that every world has.
            TooMany: there are as many snapshots as there may be, or there is no room for another.
        """
        if name in (BEGINNING, NOW):
            raise Conflict(f"every world has a moment that is called {name!r}: call the snapshot something else")
        if name not in self.snapshots and len(self.snapshots) >= self.rules.limits.snapshots:
            raise TooMany(f"there are {(it := self.rules.limits).snapshots} snapshots at most: {it.more('snapshots')}")
        admit(self.quota, size_of_copy(self), f"the snapshot {name!r}")
        self.snapshots[name] = Moment(self.settle(), self.copy())
        self.snapshots[name].world.journal.mark_undelivered()
        return self.snapshots[name]

    def moment(self, name: str, quota: Quota | None = None) -> Moment:
        """Return the snapshot of a name, the BEGINNING, NOW, or the moment of an ENTRY, whose copy counts in the `quota`.

        Raises:
            NotFound: there is none.
            OutOfReach: the entry is too long ago.
        """
        if name.startswith(ENTRY):
            from emulator.kernel.moments import moment_of_entry

            return moment_of_entry(self, name, quota)
        if name == NOW:
            return Moment(self.settle(), self)
        if name == BEGINNING and self._beginning is not None:
            return self._beginning
        if name not in self.snapshots:
            raise NotFound("snapshot", name, (BEGINNING, *self.snapshots))
        return self.snapshots[name]

    def restore(self, name: str) -> None:
        """Go back to a snapshot, to that of an ENTRY or to the BEGINNING, the journal too; the snapshots are kept.

        Raises:
            NotFound: there is none of that name.
            OutOfReach: the entry is too long ago.
        """
        if name == BEGINNING:
            return self.reset()
        if name == NOW:
            raise NotFound("snapshot", name, (BEGINNING, *self.snapshots))
        moment = self.moment(name)
        return self.take_over(moment.world, moment.at)

    def undo(self, exchanges: int) -> None:
        """Undo the newest exchanges and all that happened since the first of them, to which the clock goes back.

        Costs what changed in that time, not what there is. The rate of the clock stays.

        Raises:
            Conflict: there are not so many, or what they replaced is not remembered any more.
        """
        newest = self.journal.newest_exchanges(exchanges)
        if len(newest) < exchanges:
            raise Conflict(f"the journal has {len(newest)} exchanges, so {exchanges} cannot be undone")
        n, first = newest[-1]
        savepoint = first.savepoint
        if not self.history.reaches(savepoint.commits):
            raise Conflict(f"exchange {n} cannot be undone: the history does not reach back that far")
        for commit in self.history.truncate_from(savepoint.commits):
            self.revert(commit.changed_resources, commit.counters)
        self.journal.truncate_from(savepoint.entries + 1)
        self.clock = self.clock.starting_at(savepoint.at)

    def savepoint(self) -> Savepoint:
        """Return the point at which an exchange would begin now."""
        return Savepoint(self.settle(), self.journal.last, self.history.count)

    def take_over(self, other: World, at: datetime) -> None:
        """Become a copy of another world as it was at an instant; id, rules, seed and snapshots stay."""
        self._copy_resources(other)
        self._copy_records(other)
        self.clock = other.clock.starting_at(at)

    def _copy_resources(self, other: World) -> None:
        self._frame = self.quota.keep(size_of_copy(other))
        self.store, self.counters = other.store.copy(), other.counters.copy()

    def _copy_records(self, other: World) -> None:
        self.journal, self.history = other.journal.copy(), other.history.copy()


def _empty_store(rules: Rules) -> Store:
    return Store(partial(due_instants, rules.machines, rules.timing), rules.machines)
