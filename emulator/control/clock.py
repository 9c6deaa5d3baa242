"""Control routes over a world's clock."""

from __future__ import annotations

from datetime import datetime
from itertools import count

from emulator.control.deliveries import carried, hand_to_holder
from emulator.control.entries import changes_json
from emulator.control.models import Advance, Clock
from emulator.control.route import ControlRequest, Steps, route
from emulator.kernel.advance import expect_nothing_outside
from emulator.kernel.clock import FROZEN, REAL
from emulator.kernel.errors import Conflict
from emulator.kernel.exchange import Change
from emulator.kernel.resource import structs
from emulator.kernel.time import format_duration, format_offset, parse_duration_at, parse_instant
from emulator.kernel.world import World
from emulator.scenario.document import JsonObject
from emulator.scenario.scenario import rate_of
from emulator.scenario.schema import INSTANT, JUMP, RATE
from emulator.scenario.state_schema import closed

CLOCK = closed({"now": INSTANT, "rate": RATE}, minProperties=1, examples=[{"rate": "real"}])
ADVANCE = closed(JUMP, minProperties=1, maxProperties=1, examples=[{"by": "30s"}])

MOST_STOPS = 1_000
"""Instants on the way of one jump at which the server sends notifications, at most."""

TOO_MUCH_SENT = (
    "notifications were sent at {} instants on the way, which is all that one jump may: time stands, so go on from here"
)


def clock_of(world: World) -> Clock:
    """Return the clock of a world as a record."""
    return clock_record(world, world.next_due())  # the world catches up with its clock


def clock_record(world: World, upcoming: datetime | None) -> Clock:
    clock = world.clock
    rate = "frozen" if clock.rate == FROZEN else "real" if clock.rate == REAL else clock.rate
    behind = format_duration(clock.behind) if clock.is_behind else None
    skew = format_offset(clock.skew) if clock.skew else None
    due = upcoming and clock.client_time(upcoming)
    return Clock(clock.client_time(clock.reached), rate, due, behind, clock.because or None, skew)


@route("GET", "/worlds/{world}/clock", "What time it is")
def clock(world: World, _: ControlRequest) -> Clock:
    return clock_of(world)


@route("PATCH", "/worlds/{world}/clock", "Set the time, forward only, or the rate", body=CLOCK, takes_long=True)
def set_clock(world: World, request: ControlRequest) -> Clock:
    if "now" in request.body:
        world.advance_to(world.clock.vendor_time(parse_instant(request.body["now"])))
    if "rate" in request.body:
        world.clock.set_rate(rate_of(request.body["rate"]))
    return clock_of(world)


@route("POST", "/worlds/{world}/clock/advance", "Let time pass", body=ADVANCE, takes_long=True)
def advance(world: World, request: ControlRequest) -> Steps[Advance]:
    """Let time pass, and what is due on the way be sent; what waits to be sent already comes first.

    Where somebody else holds the receiver of what is to be sent, time stands, and that is handed out.
    """
    jump, fired = request.body, list[Change]()
    target = _target(world.settle(), world, jump)
    if request.context.carriers.http.outside(world):
        expect_nothing_outside(world)
    goes_on = yield from carried(world, request)
    outgoing = hand_to_holder(world, request) if goes_on else ()
    for stops in count():
        if not goes_on or outgoing:
            break
        if stops >= MOST_STOPS:
            raise Conflict(TOO_MUCH_SENT.format(MOST_STOPS))
        fired += _jump(world, jump) if not stops or target is None else world.advance_to(max(target, world.clock.reached))
        if not world.outside():
            break
        goes_on = yield from carried(world, request)
        outgoing = hand_to_holder(world, request) if goes_on else ()
        if jump.get("until") == "next":
            break
    now, client_time = world.clock.reached, world.clock.client_time
    if world.clock.skew:
        fired = [structs.replace(it, at=client_time(it.at)) for it in fired]
    to = client_time(max(target, now)) if outgoing and target else None
    return Advance(client_time(now), changes_json(fired), to, outgoing or None)


def _target(now: datetime, world: World, jump: JsonObject) -> datetime | None:
    """Return the instant to which a jump leads, None where it leads to what comes next, or to rest."""
    if "by" in jump:
        return now + parse_duration_at(jump["by"], "by")
    return world.clock.vendor_time(parse_instant(jump["to"])) if "to" in jump else None


def _jump(world: World, jump: JsonObject) -> list[Change]:
    if "by" in jump:
        return world.advance_by(parse_duration_at(jump["by"], "by"))
    if "to" in jump:
        return world.advance_to(world.clock.vendor_time(parse_instant(jump["to"])))
    return world.advance_to_next() if jump["until"] == "next" else world.advance_until_idle()
