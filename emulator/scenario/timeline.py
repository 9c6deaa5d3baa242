"""The timeline as people write it, in scenarios and on the control plane: read, and added to a world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from emulator.kernel.consequences import Revoke
from emulator.kernel.errors import Problem
from emulator.kernel.exchange import Change
from emulator.kernel.time import END_OF_TIME, format_duration, parse_duration
from emulator.kernel.timeline import IMPOSSIBLE, Happen, Reaction, TimelineEvent
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.scenario.accounts import credential_in, own_credentials
from emulator.scenario.calls import NO_SKEW, rule_fields
from emulator.scenario.document import JsonObject
from emulator.scenario.resources import resources_in
from emulator.scenario.state import read_state
from emulator.sdk.vendor import Vendor, Vendors


def add_event_to(
    tx: Transaction, world: World, vendors: Vendors, fields: JsonObject, place: str, start: datetime | None = None
) -> TimelineEvent | Reaction:
    """Add an event that fits the schema to a world, in a transaction that is open, under an id of its own.

    Its time is counted from the start, by default from now.
    """
    tx.mint("timeline")
    number = world.counters["timeline"]
    read = _read_reaction if "after_call" in fields else _read_planned
    event = read(vendors, fields, number, start or tx.now, place)
    tx.put(event)
    return event


def impossible_events(changes: Iterable[Change]) -> Iterator[Problem]:
    """Yield why events of a scenario's timeline contradicted what the world had become when they were due."""
    for change in changes:
        _, is_impossible, why = change.why.partition(IMPOSSIBLE)
        if change.kind == TimelineEvent.kind and is_impossible:
            path = ("timeline", number_of(change.id) - 1, "set")
            yield from (Problem(f"{IMPOSSIBLE}: {line}", path) for line in why.removeprefix(": ").splitlines())


def id_of(number: int) -> str:
    """Return the id of the event that was arranged as this one of all."""
    return f"timeline-{number}"


def number_of(id: str) -> int:
    """Return the number of the event that has this id."""
    return int(id.rpartition("-")[2])


def _read_planned(vendors: Vendors, fields: JsonObject, number: int, now: datetime, place: str) -> TimelineEvent:
    after, id = parse_duration(fields["after"]), id_of(number)
    at, happen = now + min(after, END_OF_TIME - now), happening(vendors, fields, place)
    return TimelineEvent(id, place, now, at, happen, f"after {format_duration(after)} ({place or id})", written=fields)


def _read_reaction(vendors: Vendors, fields: JsonObject, number: int, now: datetime, place: str) -> Reaction:
    calls = {**fields, "at": [*dict.fromkeys(listed(fields["after_call"]))]}
    return Reaction(
        **rule_fields(calls, now, place, NO_SKEW) | {"written": fields},
        id=id_of(number),
        number=number,
        happen=happening(vendors, fields, place),
        statuses=tuple(listed(fields.get("status", ()))),
        wait=parse_duration(fields["wait"]) if "wait" in fields else timedelta(),
        size=resources_in(fields.get("set"), vendors),
    )


def listed(value: Any) -> list[Any]:
    """Return the items of a list; of anything else, itself alone."""
    return [*value] if isinstance(value, (list, tuple)) else [value]


def happening(vendors: Vendors, fields: JsonObject, place: str) -> Happen:
    """Return the function that says what an event comes to."""
    return partial(_happen, vendors, fields, place)


def _happen(vendors: Vendors, fields: JsonObject, place: str, tx: Transaction) -> Iterator[Any]:
    """Yield what an event comes to.

    Raises:
        BadInput: it contradicts what the world has become.
    """
    for name, listed in fields.get("revoke", {}).items():
        for item in listed:
            yield Revoke(name, _credential_of(tx, vendors[name], item), place)
    yield from read_state(tx, vendors, fields.get("set", {}))


def _credential_of(tx: Transaction, vendor: Vendor, item: str | JsonObject) -> str:
    text, accounts = str(credential_in(vendor, item)), tx.accounts(vendor.name)
    account = own_credentials(vendor, accounts).get(text)
    return vendor.credentials_by_account(tx.world_id, tx.seed, accounts)[account].credential if account else text
