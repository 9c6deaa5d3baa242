"""Problems of faults of deliveries that their schema cannot see: what strikes calls and what strikes deliveries differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from emulator.kernel.delivery_faults import ATTEMPT, EFFECTS, NOTIFICATION
from emulator.kernel.errors import Problem
from emulator.kernel.faults import DO, DRIBBLE, GARBAGE, HANG, RESET, STATUS, TRUNCATE, WHERE
from emulator.scenario.calls import names_of
from emulator.scenario.document import JsonObject, Path
from emulator.sdk.deliveries import Outbox
from emulator.sdk.vendor import Vendors
from emulator.text.nearest import hint

STRIKES = {NOTIFICATION: "when a notification is made", ATTEMPT: "when an attempt to deliver is made"}
"""The points at which faults of deliveries strike, in words."""

INSTEAD = {
    STATUS: "an attempt fails with do: outage, and a receiver answers as it likes",
    RESET: "an attempt fails with do: outage",
    HANG: "an attempt fails with do: outage",
    TRUNCATE: "a body is changed with do: corrupt",
    GARBAGE: "a body is changed with do: corrupt",
    DRIBBLE: "a delivery comes later with do: delay",
}
"""The advice for effects on calls that deliveries do not have."""


def plane_problems(fault: JsonObject, written: JsonObject, vendors: Vendors, path: Path) -> Iterator[Problem]:
    """Yield the reasons why a fault is neither of calls nor of deliveries; `fault` is what is valid of what is `written`."""
    outboxes = {outbox.name: outbox for vendor in vendors.values() for outbox in vendor.outboxes}
    names, do = names_of(fault), str(fault.get("do"))
    chosen = [outboxes[name] for name in names if name in outboxes]
    if 0 < len(chosen) < len(names):
        yield Problem(f"calls and deliveries have faults of their own: write another one at {chosen[0].name}", (*path, "at"))
    elif chosen:
        yield from _problems_of_deliveries(fault, do, chosen, path)
    elif names:
        yield from _problems_of_calls(fault, written, do, outboxes, path)


def _problems_of_calls(
    fault: JsonObject, written: JsonObject, do: str, outboxes: Mapping[str, Outbox], path: Path
) -> Iterator[Problem]:
    places = " or ".join(outboxes)
    if do in EFFECTS and do not in DO:
        yield Problem(f"{do} strikes deliveries, and no calls: write at: {places}", (*path, "at"))
    elif "where" not in written:
        yield Problem(f"'where' is missing: {', '.join(WHERE[:-1])} or {WHERE[-1]}", path)
    if "event" in fault:
        yield Problem(f"calls have no event; a fault of deliveries is at {places}", (*path, "event"))


def _problems_of_deliveries(fault: JsonObject, do: str, outboxes: Sequence[Outbox], path: Path) -> Iterator[Problem]:
    if (effect := EFFECTS.get(do)) is None:
        if "do" in fault:
            yield Problem(f"{do} strikes calls, and {outboxes[0].name} makes deliveries: {INSTEAD[do]}", (*path, "do"))
        return
    if "where" in fault:
        reason = f"a fault of deliveries has no 'where': {do} strikes {STRIKES[effect.point]}"
        yield Problem(reason, (*path, "where"))
    event = fault.get("event")
    for outbox in outboxes:
        if event is not None and event not in outbox.events:
            yield Problem(f"{outbox.name} has no event {event!r}{hint(event, outbox.events)}", (*path, "event"))
        if effect.signed and outbox.sign is None:
            yield Problem(f"{outbox.name} is not signed, so {do} means nothing there", (*path, "do"))
        if event in outbox.at_once:
            yield Problem(f"{event} is over when it is made: no fault strikes it", (*path, "event"))
        elif effect.point == ATTEMPT and event in outbox.recorded:
            yield Problem(f"{event} is recorded and sent to nobody: there is no attempt for {do} to strike", (*path, "do"))
