"""A world: everything that can change, behind one clock, which it catches up with before anything is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from sys import getsizeof
from typing import Any

from emulator.kernel import past
from emulator.kernel.advance import TURN_LIMIT, catch_up, catch_up_limit, jump, jump_to_next, jump_until_idle
from emulator.kernel.budget import Budget, Charge, Quota
from emulator.kernel.clock import FROZEN, Clock
from emulator.kernel.exchange import Change, Savepoint
from emulator.kernel.history import History, ResourceChange
from emulator.kernel.journal import Journal
from emulator.kernel.keeping import Keeper
from emulator.kernel.limits import Rules
from emulator.kernel.machine import OUTSIDE
from emulator.kernel.past import BEGINNING, Moment
from emulator.kernel.room import FRAME, admit, quota_of_another, size_of_copy
from emulator.kernel.store import MANY, Store
from emulator.kernel.timers import due_instants
from emulator.kernel.transaction import begin
from emulator.text.checkpoint import TurnLock


class World:
    """Resources, clock, agenda, counters and journal under one set of rules. Everything a client can see comes from here.

    `history` holds what the newest transactions replaced, and `snapshots` the moments that somebody wanted kept, by name.
    `before` is what a jump goes back to where it is too much. `epoch` counts how often it was reset or dropped, together with
    whatever was under way.
    It is dropped where no request reaches it for its `ttl` by the machine's clock, if it has one; `reached` is when one did
    that a former server kept, in seconds since 1970.
    `receivers` are the URLs for which a client's process holds an application. `keeper` records what happens, where one does.
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
        self.ttl: timedelta | None = None
        self.reached: float | None = None
        self.receivers: frozenset[str] = frozenset()
        self._receivers: Charge | None = None
        self.lock = TurnLock()
        self.keeper: Keeper | None = None
        self.quota = quota or Quota(Budget.of(rules.limits))
        self._frame = self.quota.keep(size_of_copy(origin) if origin else FRAME)
        self.beginning: Moment | None = None

    transaction = begin
    set_beginning = past.set_beginning
    reset = past.reset
    snapshot = past.snapshot
    keep_moment = past.keep_moment
    drop_snapshot = past.drop_snapshot
    moment = past.moment
    restore = past.restore
    undo = past.undo
    go_back_to = past.go_back_to
    take_over = past.take_over

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

    def spawn(self, id: str, rules: Rules) -> World:
        """Return a world at this one's beginning, under other rules. They share the beginning, which is made once."""
        beginning = self.moment(BEGINNING)
        twin = World(id, rules, beginning.clock(), self.seed, quota_of_another(self), beginning.world)
        twin.beginning = beginning
        return twin

    def empty(self) -> None:
        """Drop all that the world holds, once nobody can reach it any more. The thread that calls this frees it."""
        self.store, self.beginning, self.snapshots = _empty_store(self.rules), None, {}
        self.journal, self.history = Journal(self.rules.limits.journal), History(self.rules.limits.journal)

    def copy(self, quota: Quota | None = None) -> World:
        """Return a copy without beginning or snapshots; costs the number of pages, not what they hold.

        What it keeps counts where this world's does, or in another `quota`.
        """
        twin = World(self.id, self.rules, self.clock.copy(), self.seed, quota or self.quota, self)
        twin.copy_records(self)
        return twin

    def fork(self, id: str, rules: Rules, seed: int, at: Moment | None = None) -> World:
        """Return a copy as it is, or was `at` a moment, under another id, rules and seed; beginning and snapshots are these."""
        origin, clock = (at.world, at.clock()) if at else (self, self.clock.copy())
        twin = World(id, rules, clock, seed, quota_of_another(origin), origin)
        twin.copy_records(origin)
        twin.journal.mark_undelivered()
        twin.beginning, twin.snapshots = self.beginning, self.snapshots.copy()
        return twin

    def savepoint(self) -> Savepoint:
        """Return the point at which an exchange would begin now."""
        return Savepoint(self.settle(), self.journal.last, self.history.count)

    def copy_resources(self, other: World) -> None:
        """Have the resources and counters of another world."""
        self._frame = self.quota.keep(size_of_copy(other))
        self.store, self.counters = other.store.copy(), other.counters.copy()

    def copy_records(self, other: World) -> None:
        """Have the journal and the history of another world."""
        self.journal, self.history = other.journal.copy(), other.history.copy()


def _empty_store(rules: Rules) -> Store:
    return Store(partial(due_instants, rules.machines, rules.timing), rules.machines)
