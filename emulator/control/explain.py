"""Why an exchange went as it did: world, operation, row, evidence, assumptions, what changed, and what would have worked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.contract.evidence import Evidence, load_evidence
from emulator.control.hints import hints
from emulator.control.pages import PAGE, page
from emulator.control.serializers import change_to_json, entry_to_json
from emulator.kernel.errors import EmulatorError, NotFound
from emulator.kernel.faults import STATUS
from emulator.kernel.history import ResourceChange
from emulator.kernel.journal import MAX_APPLIED_ROWS, AppliedRow, Change, Entry, Exchange, Journal, outcome
from emulator.kernel.machine import Row
from emulator.kernel.time import format_instant
from emulator.kernel.world import World
from emulator.sdk.vendor import Vendor, Vendors
from emulator.state.diff import commit_differences
from emulator.text.escape import escaped
from emulator.text.redact import redact_text
from emulator.text.secrets import redact
from emulator.web.held_requests import HeldRequest
from emulator.web.pipeline import LEAST_REFUSAL, SCRIPTED
from emulator.web.response import WORLD_HEADER
from emulator.web.routes import Routes
from emulator.web.unmatched import Unmatched

Explained = dict[str, Any]

SPOKEN = 10
"""How many rows and differences are told in words; the values tell all."""

NOT_DELIVERED = "no: the client did not get the whole answer"
STILL_SENDING = "unknown: the answer is still being sent, or the client had closed its side of the connection before it"

UNPLACED = "a reply of the scenario, which has no file"


def explain(
    world: World,
    vendors: Vendors,
    routes: Routes,
    n: int,
    newer: Unmatched | None = None,
    held: HeldRequest | None = None,
    limit: int = PAGE,
) -> Explained:
    """The explanation of the journal's entry of that number, as values and as a `text` to read.

    `newer` is the newest request of all, where it did not reach this world; `held` is the request of the entry, while a fault
    holds it up. Of the differences, those within the limit are shown, and the others counted.

    Raises:
        NotFound: there is no such entry, or not any more.
    """
    entry = entry_of(world, n)
    if isinstance(entry.event, Change):
        return _of_change(world, vendors, entry.n, entry.event)
    commit = world.history.of(n)
    known_touched = (
        commit.changed_resources if commit else () if world.history.reaches(entry.event.checkpoint.commits) else None
    )
    told = _of_exchange(world, vendors, routes, entry.n, entry.event, known_touched, held, limit)
    if newer is None:
        return told
    return {**told, "newer": newer.show(), "text": f"{told['text']}\n{escaped(_of_newer(world, newer))}"}


class NoEntry(NotFound):
    """The journal has no entry of that number, or not any more, or no exchange where no number is given."""

    def __init__(self, journal: Journal, n: int | None = None) -> None:
        wanted = "no entry of an exchange" if n is None else f"no entry {n}"
        if n is not None and (newer := journal.successor(n)):
            wanted += f" any more: a fault held this request up, and when it was taken away it went on as entry {newer}"
        here = f"it has {oldest.n} to {journal.last}" if (oldest := next(journal.since(0), None)) else "it is empty"
        EmulatorError.__init__(self, f"this journal has {wanted}: {here}")


def entry_of(world: World, n: int) -> Entry:
    """The journal's entry of that number.

    Raises:
        NotFound: there is no such entry, or not any more.
    """
    entry = world.journal.entry(n)
    if entry is None:
        raise NoEntry(world.journal, n)
    return entry


def _of_exchange(
    world: World,
    vendors: Vendors,
    routes: Routes,
    n: int,
    exchange: Exchange,
    changed_resources: Sequence[ResourceChange] | None,
    held: HeldRequest | None,
    limit: int,
) -> Explained:
    """The explanation of an exchange; `changed_resources` is None where it is forgotten."""
    vendor = vendors[exchange.operation.partition(".")[0]]
    differences = None if changed_resources is None else commit_differences(world, vendors, changed_resources, exchange.at)
    told = {
        **entry_to_json(Entry(n, exchange)),
        **({"delivered": None} if held else {}),
        "held": held.fault.id if held else None,
        "world": world.id,
        "vendor": vendor.name,
        "credential": redact(exchange.credential) if exchange.credential else None,
        "because": _cited(vendor.name, exchange.evidence),
        "also": [fact for id in exchange.also if (fact := _cited(vendor.name, id))],
        "scripted": (exchange.evidence or UNPLACED) if exchange.answer == SCRIPTED else None,
        "rows": [_row(world, step) for step in exchange.applied_rows],
        "assumptions": list(_assumptions(world, vendor, exchange)),
        **({"differences": None, "rest": 0} if differences is None else page(differences, limit)),
        "newer": None,
        "would_work": [redact_text(hint) for hint in hints(world, vendor, routes, exchange)],
    }
    return {**told, "text": "\n".join(map(escaped, _lines(told, _picked(routes, exchange))))}


def _of_newer(world: World, newer: Unmatched) -> str:
    reached = f"reached the world {newer.world}" if newer.world else f"reached no world ({newer.error})"
    request = f"{newer.method} {redact_text(newer.target)} -> {newer.status}"
    return f"  newer       {request} came after this and {reached}: see /_emulator/worlds/{world.id}/unmatched"


def _of_change(world: World, vendors: Vendors, n: int, change: Change) -> Explained:
    because = _cited(change.vendor, change.evidence) if change.vendor in vendors else None
    text = escaped(f"{n}  {format_instant(change.at)}  {change.kind} {change.id}: {change.source} -> {change.to}, {change.why}")
    if because:
        text += f"\n  because     {_fact(because)}"
    return {"n": n, "type": "change", "world": world.id, **change_to_json(change), "because": because, "text": text}


def _cited(vendor: str, id: str | None) -> dict[str, str] | None:
    """The fact of that id, with its source."""
    fact: Evidence | None = load_evidence(vendor).get(id or "")
    return None if fact is None else {"evidence": fact.id, "kind": fact.kind, "source": fact.source, "says": fact.says}


def _row(world: World, step: AppliedRow) -> dict[str, Any]:
    row, machine = step.row, world.rules.machines[step.kind]
    return {
        "resource": step.kind,
        "id": redact_text(step.id),
        "in": row.state,
        "cause": str(row.cause),
        "to": row.to,
        "answer": row.answer,
        "effect": row.effect.__name__ if row.effect else None,
        "condition": _condition(row),
        "because": _cited(step.kind.partition(".")[0], row.evidence),
        "passed_over": [{"condition": _condition(it), "answer": it.answer} for it in machine.skipped_rows(row)],
    }


def _condition(row: Row) -> str | None:
    """The guard and the assumption that a row depends on."""
    guard = [row.when.__name__] if row.when else []
    choice = [f"{row.assume.assumption}={row.assume.choice}"] if row.assume else []
    return " and ".join(guard + choice) or None


def _assumptions(world: World, vendor: Vendor, exchange: Exchange) -> Iterator[dict[str, Any]]:
    """Those that the answer names, that a row depended on, or that somebody asked about on the way."""
    rows = [
        row for step in exchange.applied_rows for row in (step.row, *world.rules.machines[step.kind].skipped_rows(step.row))
    ]
    named = {exchange.assumption, *exchange.consulted, *(row.assume.assumption for row in rows if row.assume)}
    for it in vendor.assumptions:
        if it.id in named:
            choice = world.rules.choices[it.id]
            yield {"id": it.id, "choice": choice, "default": it.default, "question": it.question, "reason": it.reason}


def _lines(told: Mapping[str, Any], picked: str) -> Iterator[str]:
    """The explanation for people; `picked` says how the request found its world."""
    basis = f" [{told['basis']}]" if told["basis"] else ""
    came_back = "still held up" if told["held"] and not told["status"] else outcome(told["status"], told["answer"])
    yield f"{told['n']}  {told['at']}  {told['method']} {told['target']} -> {came_back}{basis}"
    yield f"  world       {told['world']}, {picked}"
    yield f"  operation   {told['operation']}"
    for row in told["rows"][:SPOKEN]:
        yield from _row_lines(row, told)
    if len(told["rows"]) > SPOKEN:
        least = "at least " if len(told["rows"]) == MAX_APPLIED_ROWS else ""
        yield f"  row         and {least}{len(told['rows']) - SPOKEN} more"
    if told["because"]:
        yield f"  because     {_fact(told['because'])}"
    yield from (f"  also        {_fact(fact)}" for fact in told["also"])
    if told["scripted"]:
        yield f"  scripted    {told['scripted']}"
    for fault in told["faults"]:
        place = f", from {fault['place']}" if fault["place"] else ""
        yield f"  fault       {fault['id']}: {fault['do']} {fault['where']}{place}"
    yield from (f"  assuming    {it['id']} = {it['choice']}: {it['question']}" for it in told["assumptions"])
    if told["differences"] is None:
        yield "  changed     unknown: the history does not reach back that far"
    for it in (told["differences"] or ())[:SPOKEN]:
        yield f"  changed     {it['text']}"
    if more := max(len(told["differences"] or ()) - SPOKEN, 0) + told["rest"]:
        yield f"  changed     and {more:,} more"
    if told["differences"] == []:
        yield "  changed     nothing"
    if told["delivered"] is not True:
        held = (
            f"not yet: {told['held']} holds it up; DELETE /_emulator/worlds/{told['world']}/faults/{told['held']} lets it go on"
        )
        yield f"  delivered   {held if told['held'] else NOT_DELIVERED if told['delivered'] is False else STILL_SENDING}"
    yield from (f"  hint        {hint}" for hint in told["would_work"])


def _row_lines(row: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[str]:
    """A row for people. A row that allows what a check refused before did not decide the answer."""
    decided = row["answer"] == told["answer"] or not _is_refused_by_the_vendor(told)
    answer = f"answers {row['answer']}" if decided else f"would have answered {row['answer']}"
    yield f"  row         {row['resource']} {row['id']}: {row['in']} --{row['cause']}--> {row['to']}, {answer}"
    if row["condition"]:
        yield f"              taken because {row['condition']}"
    yield from (f"              not taken: if {it['condition']}, answers {it['answer']}" for it in row["passed_over"])
    if decided and row["because"] and row["because"] != told["because"]:
        yield f"              because {_fact(row['because'])}"


def _is_refused_by_the_vendor(told: Mapping[str, Any]) -> bool:
    return bool(told["status"] >= LEAST_REFUSAL) and all(fault["do"] != STATUS for fault in told["faults"])


def _picked(routes: Routes, exchange: Exchange) -> str:
    """How a request found its world."""
    if any(name == WORLD_HEADER for name, _ in exchange.headers):
        return "named by the header Emulator-World"
    route = routes.find(exchange.method, exchange.target.partition("?")[0])
    if route is not None and "world" in route.parameters:
        return "named by the path"
    if exchange.credential:
        return f"picked by the credential {redact(exchange.credential)}"
    return "since the request carries no credential that picks another"


def _fact(cited: Mapping[str, str]) -> str:
    return f"{cited['says']} [{cited['evidence']}, {cited['kind']}, {cited['source']}]"
