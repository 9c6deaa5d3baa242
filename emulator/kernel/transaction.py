"""Transactions: all or nothing. They take the rows of machines, and remember what was replaced, to take it back."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from math import inf
from typing import TYPE_CHECKING, Any

from emulator.kernel.accounts import ONE_ACCOUNT, Accounts
from emulator.kernel.assumption import Assumption
from emulator.kernel.clock import FROZEN
from emulator.kernel.consequences import Consequence, Revocation
from emulator.kernel.errors import TakesLong, TooMany
from emulator.kernel.exchange import AppliedRow, Change
from emulator.kernel.history import Commit, ResourceChange
from emulator.kernel.limits import ASGI, Limits
from emulator.kernel.machine import ABSENT, Answer, Ladder, Machine, R, Resource, Row, Timer, Timing
from emulator.kernel.resource import replace
from emulator.kernel.room import admit_resources, make_room, make_room_for
from emulator.kernel.sorted_pages import SortedGroup
from emulator.kernel.store import MANY, Key
from emulator.text.checkpoint import WORK

if TYPE_CHECKING:
    from emulator.kernel.world import World


class Transaction:
    """One cause at one instant, acting on one world. Use it as a context manager: an exception rolls it back.

    One `by_time` may exceed the bound of resources, but uses no reserve of memory. `context` is the request, if any,
    which the kernel never reads; `changes` are states left and entered, `applied_rows` the rows, `replaced` what was before,
    `consulted` the assumptions read and the choices in force, `attempt` a delivery attempted and its kind's name, `unread` how
    much groups still give.
    """

    __slots__ = (
        "_by_time", "_counters", "_first", "_newest", "_numbers", "_uncharged", "_world", "applied_rows", "attempt", "changes",
        "consulted", "context", "now", "replaced", "seed", "unread", "why", "world_id",
    )  # fmt: skip

    def __init__(self, world: World, now: datetime, why: str, by_time: bool = False, context: Any = None) -> None:
        self._world, self.world_id, self.seed, self._by_time = world, world.id, world.seed, by_time
        self.replaced: dict[Key, Any | None] = {}
        self._newest: dict[Key, Any | None] = {}
        self._uncharged: dict[Key, Resource] = {}
        self._numbers: dict[Key, int] = {}
        self._counters: dict[str, int | None] = {}
        self.now, self.why, self.context, self.unread, self._first = now, why, context, inf, world.journal.last
        self.attempt: tuple[str, Any] | None = None
        self.changes: list[Change] = []
        self.applied_rows: list[AppliedRow] = []
        self.consulted: dict[Assumption, str] = {}

    def __enter__(self) -> Transaction:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        world = self._world
        if kind is None and self._uncharged:
            self._charge_or_roll_back()
        if kind is not None:
            self.roll_back()
        elif self.replaced or self._counters:
            changed, last = self.changed_resources(), world.journal.last
            world.history.add(Commit(self.now, self.why, self._first, last, changed, self._counters))
        world.store.settle(MANY)
        if world.quota.over:
            make_room(world)

    def charge(self) -> None:
        """Charge what was put, as it is now, however often that was, or raise TooMany."""
        uncharged, quota, self._uncharged = self._uncharged, self._world.quota, {}
        for key, resource in uncharged.items():
            before = quota.bytes
            quota.charge(resource, self.replaced[key])
            size = quota.bytes - before
            if quota.over:
                make_room_for(self._world, resource, size, self._by_time, self.replaced)

    def _charge_or_roll_back(self) -> None:
        try:
            self.charge()
        except BaseException:
            self.roll_back()
            raise

    def changed_resources(self) -> tuple[ResourceChange, ...]:
        """Return every resource that was put or removed, as it was before and as it is now."""
        newest, numbers = self._newest, self._numbers
        return tuple([ResourceChange(*key, before, newest[key], numbers.get(key)) for key, before in self.replaced.items()])

    def find(self, of: type[R], id: str) -> R | None:
        """Return the resource of a type and id, as `Store.find` does; `group`, `sorted_group`, `first` and `size` ask it."""
        table = self._world.store.tables.get(of.kind)
        return None if table is None else table.pages[hash(id) & table.mask].get(id)

    def group(self, of: type[R], *key: Hashable) -> list[R]:
        self.read(self._world.store.size(of.kind, *key))
        return self._world.store.group(of.kind, *key)

    def read(self, parts: int) -> None:
        """Count resources, or so many pages of long texts, as read; raise TakesLong where they are too many."""
        self.unread -= parts
        if self.unread < 0:
            raise TakesLong

    def sorted_group(self, of: type[Resource], *key: Hashable) -> SortedGroup:
        return self._world.store.sorted_group(of.kind, *key)

    def first(self, of: type[R], *key: Hashable) -> R | None:
        return self._world.store.first(of.kind, *key)

    def size(self, of: type[Resource], *key: Hashable) -> int:
        return self._world.store.size(of.kind, *key)

    def has(self, of: type[Resource]) -> bool:
        """Return whether there is any resource of a type."""
        return bool(self._world.store.tables.get(of.kind))

    def choice(self, assumption: Assumption) -> str:
        """Return the choice of an assumption that is in force in this world."""
        self.consulted[assumption] = choice = self._world.rules.choices[assumption.id]
        return choice

    def length(self, timer: Timer, resource: Any) -> timedelta | None:
        """Return how long a timer runs for a resource in this world; None for ever."""
        return length_of(timer, resource, self._world.rules.timing)

    def ladder(self, name: str) -> Ladder | None:
        """Return the times before further attempts that this world's scenario sets under a name; None where it sets none."""
        return self._world.rules.ladders.get(name)

    def carrier(self, url: str | None) -> str:
        """Return how a notification to a URL travels."""
        return ASGI if url in self._world.receivers else self._world.rules.carrier

    def accepts(self, vendor: str, credential: str | None) -> bool:
        """Return whether a vendor in this world accepts a credential, which nobody has revoked."""
        accepted, revoked = self._world.rules.credentials.get(vendor), self._world.store.tables.get(Revocation.kind)
        is_known = bool(credential) and (accepted is None or credential in accepted)
        return is_known and (revoked is None or revoked.get(f"{vendor}/{credential}") is None)

    def listed_credential(self, vendor: str, credential: str) -> Mapping[str, str] | None:
        """Return the fields that this world's scenario gives to a credential, none to most; None where it does not list it."""
        return (self._world.rules.credentials.get(vendor) or {}).get(credential)

    def accounts(self, vendor: str) -> Accounts:
        """Return the accounts of a vendor in this world."""
        return self._world.rules.accounts.get(vendor, ONE_ACCOUNT)

    def digest(self, purpose: str) -> bytes:
        """Return 32 bytes that only the seed and the purpose decide."""
        return digest(self.seed, purpose)

    def mint(self, purpose: str) -> bytes:
        """Return 32 bytes for a new id: the seed, the purpose and a counter of it decide them."""
        before = (counters := self._world.counters).get(purpose)
        self._counters.setdefault(purpose, before)
        counters[purpose] = number = (before or 0) + 1
        return digest(self.seed, f"{purpose}/{number}")

    def admit(self, resources: int, like: Resource | None = None) -> None:
        """Make sure that the world has room for so many more resources, in a new world `like` this one, or raise TooMany."""
        admit_resources(self._world.quota, resources, None if len(self._world.history) else like)

    def put(self, resource: Resource, evidence: str | None = None) -> None:
        """Add or replace a resource. Where a machine governs it, note a change of its status, which rests on the evidence."""
        if WORK.pause is not None:
            WORK.pause()
        rules, store, key = self._world.rules, self._world.store, (resource.kind, resource.id)
        self.replaced.setdefault(key, old := store.put(resource))
        self._newest[key] = self._uncharged[key] = resource
        if old is None and not self._by_time and len(store) > (capacity := rules.limits.resources):
            raise TooMany(f"this world holds {capacity} resources, and no more are allowed: {Limits.more('resources')}")
        if (machine := rules.machines.get(key[0])) is not None:
            before, status = ABSENT if old is None else old.status, resource.status
            if status not in machine.by_timer:
                raise KeyError(status)
            if status != before:
                self.changes.append(Change(self.now, *key, before, status, self.why, evidence))
        if len(self._uncharged) > MANY:
            self.charge()

    def remove(self, resource: Resource, evidence: str | None = None) -> None:
        """Remove a resource, and note that where a machine governs it."""
        store, key = self._world.store, (resource.kind, resource.id)
        if (old := store.find(*key)) is not None:
            if self.replaced.setdefault(key, old) is not None:
                self._numbers.setdefault(key, store.number(*key))
            store.remove(*key)
            self._newest[key] = None
            self._uncharged.pop(key, None)
            if key[0] in self._world.rules.machines:
                self.changes.append(Change(self.now, *key, old.status, ABSENT, self.why, evidence))

    def ask(self, machine: Machine, id: str, command: str, new: Resource | None = None) -> Answer:
        """Let a resource take the row of a command, and return its answer about the resource as it is then.

        `new` is the value where the row leads out of absence. The table is total, so there always is a row.
        """
        kind, resource = machine.kind, self._world.store.find(machine.kind, id)
        row = self._first_that_applies(machine.by_command[ABSENT if resource is None else resource.status, command], resource)
        self.take(kind, id, row, resource or new)
        now = self._newest.get((kind, id), resource)
        return Answer(row.answer or "", row.evidence, now, row.assume.assumption if row.assume else None, (), row)

    def expire(self, machine: Machine, resource: Resource, timer: Timer) -> Row:
        """Let a resource take the row of a timer that has run out, and return it."""
        for it, rows in machine.by_timer[resource.status]:
            if it is timer:
                row = self._first_that_applies(rows, resource)
                self.take(machine.kind, resource.id, row, resource)
                return row
        raise AssertionError(f"{timer} does not run in this state")

    def roll_back(self) -> None:
        """Restore the world as it was before."""
        self._world.revert(self.changed_resources(), self._counters)
        self.replaced, self._newest, self._uncharged, self._numbers, self._counters = {}, {}, {}, {}, {}
        self.changes, self.applied_rows = [], []

    def _first_that_applies(self, rows: tuple[Row, ...], resource: Any | None) -> Row:
        """Return the first of some rows whose conditions hold; a row without conditions is the last."""
        for row in rows:
            assume = row.assume
            if (row.when is None or row.when(self, resource)) and (
                assume is None or self.choice(assume.assumption) == assume.choice
            ):
                return row
        raise AssertionError("a table is total")

    def take(self, kind: str, id: str, row: Row, resource: Any) -> None:
        """Let a resource take a row: note it, move the resource, and let the consequences follow."""
        self.applied_rows.append(AppliedRow(kind, id, row))
        if row.to == ABSENT != row.state:
            self.remove(resource, row.evidence)
        elif row.to != row.state:
            self.put(resource := replace(resource, status=row.to, since=self.now), row.evidence)
        if row.effect is not None:
            self.follow(row.effect(self, resource))

    def follow(self, consequences: Iterable[Any]) -> None:
        """Put each value, and let each Consequence take place, before the next is made."""
        for it in consequences:
            if isinstance(it, Consequence):
                it.take_place(self)
            else:
                self.put(it)


def digest(seed: int, purpose: str) -> bytes:
    """Return 32 bytes that only a world's seed and the purpose decide."""
    return blake2b(f"{seed}/{purpose}".encode(), digest_size=32).digest()


def guid(digest: bytes) -> str:
    """Return a random GUID in lower case: an id made from such bytes."""
    digits, variant = digest[:16].hex(), "89ab"[digest[8] >> 4 & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def base62(digest: bytes, count: int) -> str:
    """Return so many letters and digits that stand for such bytes."""
    return b2a_base64(digest, newline=False)[:count].replace(b"+", b"x").replace(b"/", b"Y").decode()


def begin(world: World, why: str, context: Any = None) -> Transaction:
    """Catch up with time, then open a transaction at the present instant, for the request that is its `context`, if one is."""
    at_rest = world.clock.rate == FROZEN and world.store.rests_until(world.clock.base)
    return Transaction(world, world.clock.base if at_rest else world.settle(), why, context=context)


def length_of(timer: Timer, resource: Any, timing: Timing) -> timedelta | None:
    """Return how long a timer runs for a resource; None for ever."""
    if timer.applies is not None and not timer.applies(resource):
        return None
    if timer.portion is not None:
        whole = length_of(timer.portion.of, resource, timing)
        return None if whole is None else timer.portion.length(resource, whole)
    lengths = timing if resource.timing is None else {**timing, **dict(resource.timing)}
    if timer.settable and timer.name in lengths:
        return lengths[timer.name]
    return timer.default if timer.measure is None else timer.measure(resource)
