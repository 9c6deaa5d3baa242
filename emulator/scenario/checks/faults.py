"""Problems of faults that their schema cannot see: they mean nothing, or can never strike."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from emulator.kernel.clock import Clock
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.time import format_instant
from emulator.scenario.document import JsonObject, Path
from emulator.scenario.faults import read_fault
from emulator.scenario.schema import PLACEHOLDER
from emulator.sdk.vendor import Vendor, Vendors

OF_A_LINK = {"world", "token", "file"}
"""Parameters of a path that are no id of a resource."""


def fault_problems(fault: JsonObject, vendors: Vendors, clock: Clock, path: Path = ()) -> Iterator[Problem]:
    """Yield the reasons for which a fault that fits the schema means nothing, or can never strike if it is added now."""
    yield from missing_target(fault, vendors, path)
    now = clock.now()
    try:
        ends = read_fault(fault, "check", now, skew=clock.skew).ends
    except BadInput as error:
        yield from (Problem(it.message, (*path, *it.path)) for it in error.problems)
    else:
        if ends is not None and ends <= now and "for" in fault:
            yield Problem("a fault that lasts no time never strikes", (*path, "for"))
        elif ends is not None and ends <= now:
            yield Problem(f"it has ended before it is added, at {format_instant(clock.client_time(now))}", (*path, "between"))


def missing_target(fault: JsonObject, vendors: Vendors, path: Path) -> Iterator[Problem]:
    if "id" in fault and fault.get("at") in without_ids(*vendors.values()):
        yield Problem(
            f"the path of {fault['at']} names no resource, so a fault with an 'id' never strikes there", (*path, "id")
        )


@cache
def without_ids(*vendors: Vendor) -> frozenset[str]:
    """Return the operations whose path names no resource."""
    operations = (it for vendor in vendors for it in vendor.operations)
    return frozenset(it.name for it in operations if {*PLACEHOLDER.findall(it.path)} <= OF_A_LINK)
