"""A world: everything that can change, behind one clock. It catches up with time before anybody looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock
from typing import Any

from emulator.kernel.agenda import Agenda
from emulator.kernel.clock import Clock
from emulator.kernel.errors import BadInput, Conflict, MachineError, TooMany
from emulator.kernel.journal import CAPACITY, Change, Journal
from emulator.kernel.machine import Machine
from emulator.kernel.store import Resource, Store
from emulator.kernel.transaction import Transaction

IDLE_LIMIT = 100_000
"""How many changes `advance_until_idle` allows before it says that this world never comes to rest."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What never changes in a world.

    `timing` holds the lengths that replace those of waits, None for ever; `choices` the choice in force of every
    assumption; `credentials` what each vendor accepts in this world, None (or no entry) for anything; `provenance`
    whether data-plane replies say where they come from; `capacity` how many resources there may be, and `journal` how
    many entries are kept.
    """

    machines: Mapping[str, Machine]
    timing: Mapping[str, timedelta | None] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    provenance: bool = True
    capacity: int = 1_100_000
    journal: int = CAPACITY


class World:
    """Resources, clock, agenda, counters and journal under one set of rules. Everything a client can see comes from here.

    Whoever uses a world from more than one thread holds its `lock` meanwhile.
    """

    def __init__(self, id: str, rules: Rules, clock: Clock, seed: int = 0) -> None:
        self.id = id
        self.rules = rules
        self.seed = seed
        self.clock = clock
        self.store = Store()
        self.agenda = Agenda()
        self.journal = Journal(rules.journal)
        self.counters: dict[str, int] = {}
        self.choices = rules.choices
        self.lock = RLock()
        self._beginning: World | None = None
        self._began = clock.now()

    def accepts(self, vendor: str, credential: str | None) -> bool:
        """Whether a vendor in this world takes a credential."""
        accepted = self.rules.credentials.get(vendor)
        return bool(credential) and (accepted is None or credential in accepted)

    def settle(self) -> datetime:
        """Lets everything that is due by now happen, each at its own due instant, and returns the present."""
        now = self.clock.now()
        self._catch_up(now)
        return now

    def transaction(self, why: str) -> Transaction:
        """The one way to change the world: catches up with time, then opens a transaction at the present instant."""
        return Transaction(self, self.settle(), why)

    def advance_to(self, instant: datetime) -> list[Change]:
        """Jumps to an instant and returns what happened on the way, in order.

        Raises:
            TimeRunsForward: the instant has passed.
        """
        self.settle()
        self.clock.advance_to(instant)
        return self._catch_up(instant)

    def advance_by(self, duration: timedelta) -> list[Change]:
        """Jumps ahead by a duration that is not negative."""
        return self.advance_to(self.clock.now() + duration)

    def advance_to_next(self) -> list[Change]:
        """Jumps to the next instant at which anything but upkeep happens by itself; stays where it is when nothing will."""
        upcoming = self.next_due()
        return [] if upcoming is None else self.advance_to(max(upcoming, self.clock.now()))

    def advance_until_idle(self) -> list[Change]:
        """Jumps from one event to the next until nothing but upkeep happens by itself.

        Raises:
            Conflict: the world does not come to rest within IDLE_LIMIT changes.
        """
        fired: list[Change] = []
        while self.next_due() is not None:
            fired += self.advance_to_next()
            if len(fired) > IDLE_LIMIT:
                raise Conflict(f"{len(fired)} changes, and this world is still not at rest: it seems to repeat for ever")
        return fired

    def next_due(self) -> datetime | None:
        """The instant of the next thing but upkeep that happens by itself, or None."""
        self.settle()
        first = self.agenda.first_event()
        return None if first is None else first[0]

    def put(self, resource: Resource, number: int | None = None) -> Any | None:
        """Adds or replaces a resource and enters its next due instant in the agenda. Only a Transaction calls this."""
        if len(self.store) >= self.rules.capacity and self.store.find(resource.kind, resource.id) is None:
            raise TooMany(f"this world holds {self.rules.capacity} resources, and no more are allowed")
        old = self.store.put(resource, number)
        machine = self.rules.machines.get(resource.kind)
        if machine is not None:
            due = machine.due(resource, self.rules.timing)
            key = resource.kind, resource.id
            number = self.store.number(*key)
            self.agenda.set(key, number, due[0], due[1].upkeep) if due else self.agenda.set(key, number, None)
        return old

    def remove(self, kind: str, id: str) -> Any | None:
        """Takes a resource out, and out of the agenda. Only a Transaction calls this."""
        self.agenda.set((kind, id), 0, None)
        return self.store.remove(kind, id)

    def begin(self) -> None:
        """Declares the present state the beginning, to which `reset` returns; the journal starts here."""
        self._began = self.settle()
        self.journal = Journal(self.rules.journal)
        self._beginning = self.copy()

    def spawn(self, id: str, rules: Rules) -> World:
        """A world of its own at this one's beginning, under other rules. Both keep the same beginning, so it is made once."""
        twin = World(id, rules, self.clock, self.seed)
        twin._beginning, twin._began = self._beginning, self._began
        twin.reset()
        return twin

    def reset(self) -> None:
        """Back to the beginning, every part of it; a clock that runs begins again where it began."""
        beginning = self._beginning
        if beginning is not None:
            self.store, self.agenda, self.journal = beginning.store.copy(), beginning.agenda.copy(), Journal(self.rules.journal)
            self.counters = beginning.counters.copy()
            self.clock = Clock(self._began, beginning.clock.rate, beginning.clock.wall)

    def copy(self) -> World:
        """The same world, to go on apart. Costs the number of resources, not what they hold."""
        twin = World(self.id, self.rules, self.clock.copy(), self.seed)
        twin.store, twin.agenda, twin.journal = self.store.copy(), self.agenda.copy(), self.journal.copy()
        twin.counters = self.counters.copy()
        return twin

    def _catch_up(self, now: datetime) -> list[Change]:
        fired: list[Change] = []
        while (first := self.agenda.first()) is not None and first[0] <= now:
            fired += self._lapse(*first)
        return fired

    def _lapse(self, due: datetime, key: tuple[str, str]) -> list[Change]:
        resource, machine = self.store.find(*key), self.rules.machines[key[0]]
        upcoming = machine.due(resource, self.rules.timing)
        if resource is None or upcoming is None:
            raise AssertionError(f"the agenda speaks of {key}, for which nothing is due")
        _, wait = upcoming
        try:
            with Transaction(self, due, f"after {wait.name}") as transaction:
                row = transaction.lapse(machine, resource, wait).row
                if row.state == row.to and self.agenda.first() == (due, key):
                    raise MachineError(f"after {wait.name}, {key} is due again at once")
        except BadInput as error:
            with Transaction(self, due, f"impossible: {error}") as transaction:
                transaction.remove(*key)
        self.journal.extend(transaction.changes)
        return transaction.changes
