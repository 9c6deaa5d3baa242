"""Problems of faults and replies that their schema cannot see: they mean nothing, or no call can ever be one of theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol

from emulator.kernel.calls import EVERYTHING, CallRule
from emulator.kernel.clock import Clock
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.time import format_instant
from emulator.scenario.calls import names_of
from emulator.scenario.checks.deliveries import plane_problems
from emulator.scenario.checks.responses import response_problems
from emulator.scenario.document import Item, JsonObject, Path
from emulator.scenario.faults import read_fault
from emulator.scenario.replies import read_reply
from emulator.scenario.schema import PLACEHOLDER
from emulator.sdk.vendor import Vendor, Vendors

OF_A_LINK = {"world", "token", "file"}
"""Parameters of a path that are no id of a resource."""


class Read(Protocol):
    """Reads a rule as it is written."""

    def __call__(self, fields: JsonObject, id: str, now: datetime, *, skew: timedelta) -> CallRule: ...


def fault_problems(fault: JsonObject, vendors: Vendors, clock: Clock, path: Path = ()) -> Iterator[Problem]:
    """Yield the reasons for which a fault that fits the schema means nothing, or can never strike if it is added now."""
    problems = [*plane_problems(fault, fault, vendors, path)]
    yield from problems
    yield from () if problems else _problems(read_fault, fault, vendors, clock, path)


def reply_problems(reply: JsonObject, vendors: Vendors, clock: Clock, path: Path = ()) -> Iterator[Problem]:
    """Yield the reasons for which a reply that fits the schema means nothing, or can never be given if it is added now."""
    return _problems(read_reply, reply, vendors, clock, path)


def fault_problems_beside_others(item: Item, vendors: Vendors) -> Iterator[Problem]:
    """Yield the problems of the valid parts of a fault that does not fit the schema."""
    yield from plane_problems(item.valid, item.value, vendors, item.path)
    yield from problems_beside_others(item, vendors)


def problems_beside_others(item: Item, vendors: Vendors) -> Iterator[Problem]:
    """Yield the problems of the valid parts of a fault or a reply that does not fit the schema."""
    yield from problems_of_target(item.valid, vendors, item.path)
    yield from response_problems(item.valid, item.path)


def _problems(read: Read, fields: JsonObject, vendors: Vendors, clock: Clock, path: Path) -> Iterator[Problem]:
    yield from problems_beside_others(Item(path, fields, fields), vendors)
    now = clock.now()
    try:
        ends = read(fields, "check", now, skew=clock.skew).ends
    except BadInput as error:
        yield from (Problem(it.message, (*path, *it.path)) for it in error.problems)
    else:
        if ends is not None and ends <= now and "for" in fields:
            yield Problem("what lasts no time never strikes", (*path, "for"))
        elif ends is not None and ends <= now:
            yield Problem(f"it has ended before it is added, at {format_instant(clock.client_time(now))}", (*path, "between"))


def problems_of_target(fields: JsonObject, vendors: Vendors, path: Path) -> Iterator[Problem]:
    """Yield the words for whose sake no call can ever be meant: an id that no path names, a body that nobody reads whole."""
    names, everyone = names_of(fields), tuple(vendors.values())
    if "id" in fields and names and without_ids(*everyone).issuperset(names):
        paths = f"the path of {names[0]} names" if len(names) == 1 else f"the paths of {' and '.join(names)} name"
        yield Problem(f"{paths} no resource, so nothing with an 'id' is ever for it", (*path, "id"))
    if "body" in fields.get("match", {}) and names and _with_readers(*everyone).issuperset(names):
        why = f"the body of {names[0]} is read as it arrives, and never looked at as a whole: match its query or its headers"
        yield Problem(why, (*path, "match", "body"))


def names_for_nothing(names: Sequence[str], fields: JsonObject, vendors: Vendors, path: Path) -> Iterator[Problem]:
    """Yield each name of a list, at `path`, by which no call is meant that the others do not mean, too."""
    everyone, others = tuple(vendors.values()), {*names}
    for index, name in enumerate(names):
        wider = others & {EVERYTHING, name.partition(".")[0]} - {name}
        if wider:
            yield Problem(
                f"{sorted(wider)[0]!r} in the same list stands for it, too: leave out one of them", (*path, index), is_idle=True
            )
        elif "id" in fields and name in without_ids(*everyone) and not without_ids(*everyone).issuperset(names):
            yield Problem(f"the path of {name} names no resource, so no call of it has this 'id'", (*path, index), is_idle=True)


@cache
def without_ids(*vendors: Vendor) -> frozenset[str]:
    """Return the operations whose path names no resource."""
    operations = (it for vendor in vendors for it in vendor.operations)
    return frozenset(it.name for it in operations if {*PLACEHOLDER.findall(it.path)} <= OF_A_LINK)


@cache
def _with_readers(*vendors: Vendor) -> frozenset[str]:
    """Return the operations whose body is read as it arrives."""
    return frozenset(it.name for vendor in vendors for it in vendor.operations if it.reader)
