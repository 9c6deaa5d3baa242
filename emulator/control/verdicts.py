"""Verdicts of faults and replies on an exchange, in words: why each struck, or let it pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice

from emulator.control import journal_models as models
from emulator.control.journal_models import RuleVerdict
from emulator.kernel.calls import EVERYTHING, KEY, Call, CallRule, RateLimit, Verdict, Window
from emulator.kernel.errors import Path
from emulator.kernel.exchange import Exchange, FaultHit
from emulator.kernel.faults import DELAY, Fault
from emulator.kernel.matching import Fields
from emulator.kernel.replies import ScriptedReply, given_reply
from emulator.kernel.time import format_duration, format_instant
from emulator.kernel.world import World
from emulator.sdk.request import read_request
from emulator.text.guids import fold
from emulator.text.redact import redact_header, redact_text
from emulator.web.calls import call_of
from emulator.web.routes import Routes
from emulator.web.scripted_responses import SCRIPTED

MOST_RULES = 20
"""Rules that let a request pass and of which it is told why."""

LABELS = {True: "struck", False: "not struck"}
ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def verdicts_on(world: World, routes: Routes, exchange: Exchange) -> tuple[RuleVerdict, ...]:
    """Return the verdicts on an exchange: of the rules that counted it, and of those that stand there and do not cover it."""
    struck = _struck(exchange)
    counted = [_shown(it.rule, it.rule.id in struck, _why(it, struck)) for it in exchange.verdicts]
    known = {it.rule.id for it in exchange.verdicts}
    return (*counted, *islice(_others(world, routes, exchange, known), MOST_RULES))


def fault_line(fault: models.FaultHit | FaultHit) -> str:
    """Return the line of an explanation that tells of a fault that struck."""
    return f"  fault       {fault.id}: {fault.do} {fault.where}{f', from {fault.place}' if fault.place else ''}"


def verdict_line(rule: RuleVerdict) -> str:
    """Return the line of an explanation that tells of a verdict."""
    place = f" ({rule.place})" if rule.place else ""
    return f"  {LABELS[rule.struck]:<12}{rule.id}{place}: {rule.why}"


def _struck(exchange: Exchange) -> dict[str, str]:
    """Return the ids of the rules that struck an exchange, each with what it does."""
    reply = given_reply(exchange.verdicts)
    return {hit.id: hit.do for hit in exchange.faults} | ({reply.id: SCRIPTED} if reply else {})


def _shown(rule: CallRule, struck: bool, why: str) -> RuleVerdict:
    return RuleVerdict(rule.id, rule.place or None, struck, redact_text(why))


def _why(verdict: Verdict[CallRule], struck: dict[str, str]) -> str:
    rule, window = verdict.rule, verdict.window
    turn = f"this is the {_ordinal(rule.seen)} call that it covers"
    if rule.id in struck or verdict.strikes:
        beyond = f", and {_ordinal(window.calls)} {_in_window(window, rule.limit)}" if window and rule.limit else ""
        return f"{turn}{beyond}" if rule.id in struck else f"{turn}{beyond}, but {_obstacle(struck)}"
    if rule.seen <= rule.after:
        return f"{turn}, and it spares the first {rule.after}"
    if window and rule.limit:
        return f"this is the {_ordinal(window.calls)} {_in_window(window, rule.limit)}"
    if (rule.seen - rule.after) % rule.every:
        return f"{turn}, and it strikes every {_ordinal(rule.every)}{f' after the first {rule.after}' if rule.after else ''}"
    return f"{turn}, and chance spares it, with the probability {rule.probability}"


def _obstacle(struck: dict[str, str]) -> str:
    """Return why a rule whose turn it was did not strike."""
    others = [id for id, do in struck.items() if do != DELAY]
    return f"{others[-1]} comes first" if others else "the vendor does not let this request in"


def _in_window(window: Window, limit: RateLimit) -> str:
    whose = "with this key" if limit.each == KEY else "of anyone"
    return f"call {whose} since {format_instant(window.since)}, of {limit.calls} in {format_duration(limit.per)}"


def _others(world: World, routes: Routes, exchange: Exchange, known: set[str]) -> Iterator[RuleVerdict]:
    """Yield the rules of the world that stand where a request came, and cannot cover it."""
    call = _call(routes, exchange)
    if call is None:
        return
    for rule in (*world.store.group(Fault.kind), *world.store.group(ScriptedReply.kind)):
        stands_there = rule.id not in known and not {call.operation, call.vendor, EVERYTHING}.isdisjoint(rule.at)
        if stands_there and (why := _why_not(rule, call, exchange, world.clock.client_time)):
            yield _shown(rule, False, why)


def _call(routes: Routes, exchange: Exchange) -> Call | None:
    """Return an exchange as the rules saw it, as far as the journal kept it; None where its path leads to no vendor here."""
    path, _, query = exchange.target.partition("?")
    request = read_request(exchange.method, path, query, exchange.headers, exchange.request)
    route = routes.find(exchange.method, path, exchange.headers)
    if route is None:
        return None
    route.apply(request)
    return call_of(request, is_whole=not exchange.cut)


def _why_not(rule: CallRule, call: Call, exchange: Exchange, shown: Callable[[datetime], datetime]) -> str | None:
    """Return why a rule does not cover a call, None where nothing is known that keeps it from it; instants are `shown` so."""
    ids = ", ".join(call.ids)
    if rule.of is not None and fold(rule.of) not in map(fold, call.ids):
        return f"it is for {rule.of}, and the path names {ids or 'no resource'}"
    if rule.begins is not None and exchange.at < rule.begins:
        return f"it begins at {format_instant(shown(rule.begins))}"
    if rule.ends is not None and rule.ends <= exchange.at:
        return f"it ended at {format_instant(shown(rule.ends))}"
    if rule.match is not None and (path := call.mismatch(rule.match)):
        return _mismatch(call, rule, path)
    return f"it has struck {times(rule.struck)}, as often as it may" if rule.is_spent else None


def _mismatch(call: Call, rule: CallRule, path: Path) -> str:
    """Return where a call does not hold what a rule wants, and for a field what it has instead."""
    place, fields = ".".join(map(str, path)), call.read(str(path[0]))
    if not isinstance(fields, Fields) or len(path) != 2 or rule.match is None:
        return f"the call does not hold what its match wants at {place}"
    name, wanted = str(path[1]), rule.match[str(path[0])][path[1]]
    values = " and ".join(repr(redact_header(name, it)) for it in fields.get(name, ()))
    return f"its match wants {place} {redact_header(name, str(wanted))!r}, and the call has {values or 'none'}"


def times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else ENDINGS.get(number % 10, "th")
    return f"{number}{ending}"
