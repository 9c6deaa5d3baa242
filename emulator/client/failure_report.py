"""The story of a world, for the report of a test that failed: requests, responses with their reasons, and changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from emulator.client.deliveries import Delivery
from emulator.client.delivery_report import attempt_lines, deliveries_left
from emulator.client.emulator import Emulator
from emulator.client.faults import Fault
from emulator.client.journal import Attempt, Change, Exchange, Journal
from emulator.client.replies import Reply
from emulator.client.report_sections import connection_advice, requests_held, under_way, unmatched_requests
from emulator.contract.evidence import Evidence, load_evidence
from emulator.kernel.errors import EmulatorError
from emulator.kernel.exchange import outcome
from emulator.kernel.time import format_instant, format_offset
from emulator.scenario.document import JsonObject
from emulator.text.escape import escaped
from emulator.vendors import VENDORS

SHOWN = 50
"""The newest entries, at most, that the story shows; entries on one line count as one."""

HINTED = 5
"""The newest refused requests, at most, that the story shows with what would have worked."""

REFUSED = 400
"""The statuses from here on refuse a request."""

MANY = 3
"""More changes than this that are alike share a line."""


class Part(NamedTuple):
    """The lines that tell of some entries of the journal, of one instant."""

    at: datetime
    entries: int
    lines: list[str]


def failure_report(emulator: Emulator, replay: str | None = None, error: BaseException | None = None) -> str:
    """Return the story, and what replays it, if anything; `error` is what the test failed with.

    It is told whatever happened: where the server is gone, it says that.
    """
    try:
        return "\n".join(map(escaped, _lines(emulator, replay, error)))
    except Exception as failure:
        return _untold(failure)


def failure_report_if_any(
    emulator: Emulator, replay: str | None = None, error: BaseException | None = None, alone: bool = False
) -> str | None:
    """Return the story of a world in which something has happened; None for another, or one that does not answer.

    It names the requests that missed the world where that was `alone` in the test.
    """
    try:
        return (
            failure_report(emulator, replay, error)
            if emulator.journal or (alone and any(unmatched_requests(emulator)))
            else None
        )
    except EmulatorError:
        return None
    except Exception as failure:
        return _untold(failure)


def _untold(failure: Exception) -> str:
    """Return what stands in place of a story: the report of a failure must not fail."""
    return escaped(f"the story cannot be told: {failure}")


def _lines(emulator: Emulator, replay: str | None, error: BaseException | None) -> Iterator[str]:
    journal = emulator.journal.picture()
    skew = f", the vendors' clocks {format_offset(it)}" if (it := emulator.clock.skew) else ""
    yield f"world {emulator.id}, seed {emulator.seed}, clock {format_instant(emulator.clock.now)}{skew}"
    if isinstance(emulator.scenario, (str, Path)):
        yield f"scenario {emulator.scenario}"
    deliveries = [*emulator.deliveries]
    parts = list(_parts(journal, {it.id: it for it in deliveries}))
    if hidden := journal.dropped + sum(it.entries for it in parts[:-SHOWN]):
        yield f"({hidden} earlier entries are left out)"
    for number, (day, of_day) in enumerate(groupby(parts[-SHOWN:], key=lambda it: it.at.date())):
        if number:
            yield f"  {day}"
        yield from (line for it in of_day for line in it.lines)
    yield from (f"  {_name_of_fault(it)} never struck" for it in emulator.faults.list() if not it.struck)
    yield from (f"  {_name_of_reply(it)} was never given" for it in emulator.replies.list() if not it.struck)
    yield from (f"  {line}" for line in deliveries_left(emulator, deliveries))
    waiting = (it for it in emulator.timeline.list() if "after_call" in it.event and not it.happened)
    yield from (f"  {it.place or it.id} never happened: it follows {it.event['after_call']}" for it in waiting)
    held = requests_held(emulator)
    yield from under_way(emulator, held)
    reached = bool(held or journal.exchanges()) or journal.dropped > 0
    if emulator.explored is not None:
        yield "explored, in worlds of their own:"
        yield from (f"  {line}" for line in emulator.explored.summary())
    elif not reached:
        yield "no request reached this world"
    yield from unmatched_requests(emulator)
    yield from connection_advice(emulator, error, reached or emulator.explored is not None)
    if replay is not None:
        yield f"replay: {replay}"


def _parts(journal: Journal, deliveries: Mapping[str, Delivery]) -> Iterator[Part]:
    """Yield the parts of the journal's story: changes at one instant may share a line."""
    hints = _hints(journal)
    for moment, entries in groupby(journal, key=lambda it: it.at.replace(microsecond=0) if isinstance(it, Change) else None):
        if moment is None:
            for it in entries:
                if isinstance(it, Exchange):
                    yield Part(it.at, 1, [*_exchange(it), *hints.get(it.n, ())])
                elif isinstance(it, Attempt):
                    yield Part(it.at, 1, [*attempt_lines(it, deliveries.get(it.id)), *_changed(it)])
        else:
            changes = [it for it in entries if isinstance(it, Change)]
            yield from (Part(moment, n, [f"      {moment:%H:%M:%S}  {line}"]) for n, line in _folded(changes))


def _hints(journal: Journal) -> dict[int, list[str]]:
    """Return by number what would have worked in place of each of the newest requests that a vendor refused."""
    refused = [it for it in journal.exchanges() if it.status >= REFUSED and not it.faults]
    return {it.n: [f"      hint: {hint}" for hint in _would_work(it)] for it in refused[-HINTED:]}


def _would_work(exchange: Exchange) -> list[str]:
    try:
        hints: list[str] = exchange.explain().told["would_work"]
    except EmulatorError:  # the journal has dropped it since
        return []
    return hints


def _folded(changes: Sequence[Change]) -> Iterator[tuple[int, str]]:
    """Yield a line for each change, in order, and a single one for many that differ in their resource alone."""
    counts = Counter(map(_likeness, changes))
    many = {likeness for likeness, count in counts.items() if count > MANY}
    for it in changes:
        likeness = _likeness(it)
        if likeness in many:
            many.remove(likeness)
            yield counts[likeness], f"{it.vendor}: {counts[likeness]} {_plural(it.resource)} {it.source} -> {it.to} ({it.why})"
        elif counts[likeness] <= MANY:
            yield 1, str(it)


def _likeness(change: Change) -> tuple[str, ...]:
    return change.vendor, change.resource, change.source, change.to, change.why


def _plural(resource: str) -> str:
    return f"{resource}es" if resource.endswith(("ch", "s")) else f"{resource}s"


def _name_of_fault(fault: Fault) -> str:
    where = f" {fault.fault['where']}" if "where" in fault.fault else ""
    return f"{fault.id} ({fault.fault['do']}{where}, {_target(fault.fault)})"


def _name_of_reply(reply: Reply) -> str:
    return f"{reply.id} ({reply.reply['status']}, {_target(reply.reply)})"


def _target(rule: JsonObject) -> str:
    """Return for which calls a fault or a reply is, as far as its names and its id say."""
    names = " and ".join(rule["at"]) if isinstance(rule["at"], list) else rule["at"]
    return f"at {names} of {rule['id']}" if "id" in rule else f"at {names}"


def _exchange(exchange: Exchange) -> Iterator[str]:
    request = f"{exchange.method} {exchange.target}"
    yield f"  {exchange.n:>3} {exchange.at:%H:%M:%S}  {request} -> {outcome(exchange.status, exchange.answer)}"
    yield from (f"      fault: {fault}" for fault in exchange.faults)
    if exchange.delivered is None:
        yield "      whether the client got the answer is unknown: it is still being sent, the client had closed its side, or"
        yield "      the server was killed about then"
    if exchange.delivered is False:
        yield "      the client did not get the vendor's answer"
    if exchange.status >= REFUSED and not exchange.faults:
        fact = _evidence().get(exchange.evidence)
        says, kind = (fact.says, f", {fact.kind}") if fact else ("the scenario says so", "")
        weaker = exchange.basis and exchange.basis != (fact and fact.kind) and not exchange.assumption
        yield f"      because: {says} [{exchange.evidence}{kind}{f'; the answer is {exchange.basis}' if weaker else ''}]"
    if exchange.assumption:
        yield f"      assuming: {exchange.assumption}"
    yield from _changed(exchange)


def _changed(entry: Exchange | Attempt) -> Iterator[str]:
    yield from (f"      changed: {line}" for _, line in _folded(entry.changes))


@cache
def _evidence() -> dict[str, Evidence]:
    return {id: fact for vendor in VENDORS.values() for id, fact in load_evidence(vendor).items()}
