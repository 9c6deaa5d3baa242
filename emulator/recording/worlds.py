"""A world as a recording: what its scenario began with, and the events that its journal and its history tell."""

from __future__ import annotations

from datetime import datetime
from itertools import takewhile
from operator import itemgetter

from emulator.kernel.clock import DEFAULT_START, FROZEN
from emulator.kernel.errors import Conflict
from emulator.kernel.exchange import Exchange, FaultHit
from emulator.kernel.faults import DELAY, GARBAGE, MID_BODY, Fault
from emulator.kernel.limits import Limits
from emulator.kernel.past import BEGINNING
from emulator.kernel.replies import ScriptedReply
from emulator.kernel.time import format_instant
from emulator.kernel.world import World
from emulator.recording.by_hand import ByHand, breaks, timeline_of
from emulator.recording.events import Call, Event, Passed
from emulator.scenario.document import JsonDict
from emulator.sdk.vendor import Vendors

LOST = "the first {} entries of this journal {}: a recording would begin in the middle; reset the world and record it sooner{}"


def check_whole(world: World) -> None:
    """Check that the journal of a world begins with its beginning.

    Raises:
        Conflict: it lost its first entries, or they were cleared.
    """
    journal = world.journal
    if journal.lost:
        raise Conflict(LOST.format(journal.dropped, "made room for newer ones", f", or {Limits.more('journal')}"))
    if journal.dropped:
        raise Conflict(LOST.format(journal.dropped, "were cleared", ""))


def beginning_of(world: World, vendors: Vendors) -> JsonDict:
    """Return what the world's scenario began with, without what no request brought into play."""
    moment = world.moment(BEGINNING)
    content: JsonDict = dict(moment.source or {})
    by_hand = ByHand(world, vendors)
    content["clock"] = {name: it for name, it in content.get("clock", {}).items() if name != "rate"}
    start = start_of(world)
    if start != DEFAULT_START or moment.world.clock.rate != FROZEN:
        content["clock"].setdefault("start", format_instant(start))
    content["seed"] = moment.world.seed
    content["faults"] = by_hand.rules(Fault, content.get("faults", ()))
    content["replies"] = by_hand.rules(ScriptedReply, content.get("replies", ()))
    content["timeline"] = timeline_of(content, by_hand)
    return {name: it for name, it in content.items() if (it or name == "provenance") and name not in ("steps", "proves")}


def start_of(world: World) -> datetime:
    """Return the instant at which a world began, as its clients' clock shows it."""
    return world.clock.client_time(world.moment(BEGINNING).at)


def events_of(world: World, vendors: Vendors) -> list[Event]:
    """Return what happened in a world, in order, up to now, by its clients' clock.

    Raises:
        Conflict: the journal lost its first entries.
    """
    check_whole(world)
    now = Passed(world.clock.client_time(world.settle()))
    return [*events_until(world, vendors, world.journal.last + 1), now]


def events_until(world: World, vendors: Vendors, n: int) -> list[Event]:
    """Return what clients did in a world up to entry `n`, and controllers before it, in order, as far as the journal has it."""
    by_hand, most = ByHand(world, vendors), world.rules.limits.journal_bytes
    entries = takewhile(lambda it: it.n <= n, world.journal.since(0))
    numbered: list[tuple[int, Event]] = [
        (entry.n, _call(vendors, entry.event, most)._replace(n=entry.n))
        for entry in entries
        if isinstance(entry.event, Exchange)
    ]
    numbered += [(commit.last, it) for commit in world.history if commit.last < n for it in by_hand.done(commit)]
    events = [event for _, event in sorted(numbered, key=itemgetter(0))]
    return [it._replace(at=world.clock.client_time(it.at)) for it in events]


def _call(vendors: Vendors, it: Exchange, most: int) -> Call:
    """Return an exchange of whose bodies the journal kept so many bytes as a call."""
    vendor, loss = vendors[it.operation.partition(".")[0]], breaks(it)
    return Call(
        it.savepoint.at,
        vendor,
        it.operation,
        it.method,
        it.target,
        [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in it.headers],
        it.request,
        it.status,
        it.response,
        it.credential,
        is_let_in=it.answer not in vendor.unauthenticated,
        is_cut=it.cut,
        reply_is_cut=len(it.response) >= most,
        fails=it.status == 0 or (loss is not None and not _is_spoilt(loss, it.response)),
        spoilt=loss is not None,
        moves_clock=any(hit.do == DELAY for hit in it.faults),
    )


def _is_spoilt(hit: FaultHit, reply: bytes) -> bool:
    """Tell whether a fault leaves a reply its length, though not its meaning."""
    return hit.where == MID_BODY and hit.do == GARBAGE and len(reply) > 1
