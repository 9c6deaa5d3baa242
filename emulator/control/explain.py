"""Explanations of journal entries: world, operation, row, evidence, assumptions, what changed, and what would have worked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from emulator.contract.evidence import load_evidence
from emulator.control import entries, journal_models
from emulator.control.differences import PAGE_SIZE, page
from emulator.control.explained_changes import cited, explained_attempt, explained_change, fact_of
from emulator.control.hints import Hints
from emulator.control.journal_models import Choice, ExplainedChange, ExplainedExchange, SkippedRow
from emulator.control.trials import decisive
from emulator.control.verdicts import fault_line, verdict_line, verdicts_on
from emulator.kernel.assumption import Assumption
from emulator.kernel.errors import EmulatorError, NotFound
from emulator.kernel.exchange import MAX_APPLIED_ROWS, AppliedRow, Change, DeliveryAttempt, Exchange, outcome
from emulator.kernel.faults import STATUS
from emulator.kernel.journal import Entry, Journal
from emulator.kernel.machine import Row
from emulator.kernel.time import format_duration, format_instant
from emulator.kernel.timeline import Reaction, TimelineEvent
from emulator.kernel.world import World
from emulator.sdk.json_pieces import Room
from emulator.sdk.vendor import Vendor, Vendors
from emulator.state.diff import commit_differences, let_go
from emulator.text.escape import escaped
from emulator.text.redact import redact_text
from emulator.text.secrets import redact
from emulator.web.dry_run import DryRuns
from emulator.web.held_requests import HeldRequest
from emulator.web.response import LEAST_REFUSAL, WORLD_HEADER
from emulator.web.routes import Routes
from emulator.web.scripted_responses import SCRIPTED
from emulator.web.unmatched import Unmatched

MAX_LINES = 10
"""Rows and differences in the text; the values have all."""

NOT_DELIVERED = "no: the client did not get the whole answer"
STILL_SENDING = (
    "unknown: the answer is still being sent, or the client had closed its side of the connection before it, or the server was"
    " killed about then"
)


class NoEntry(NotFound):
    """The journal has no entry of that number, or not any more, or no exchange where there is no number."""

    def __init__(self, journal: Journal, n: int | None = None) -> None:
        missing = "no entry of an exchange" if n is None else f"no entry {n}"
        if n is not None and (newer := journal.successor(n)):
            missing += f" any more: a fault held this request up, and when it was taken away it went on as entry {newer}"
        has = f"it has {oldest.n} to {journal.last}" if (oldest := next(journal.since(0), None)) else "it is empty"
        EmulatorError.__init__(self, f"this journal has {missing}: {has}")


def entry_of(world: World, n: int) -> Entry:
    """Return the journal entry of a number.

    Raises:
        NotFound: there is no such entry, or not any more.
    """
    entry = world.journal.entry(n)
    if entry is None:
        raise NoEntry(world.journal, n)
    return entry


def explain(
    world: World,
    vendors: Vendors,
    routes: Routes,
    runs: DryRuns,
    n: int,
    newer: Unmatched | None = None,
    held: HeldRequest | None = None,
    limit: int = PAGE_SIZE,
) -> ExplainedChange | ExplainedExchange:
    """Return the explanation of a journal entry, as values and as a `text` to read.

    `runs` tries the exchange under other assumptions. `newer` is the newest request of all, where it did not reach this world;
    `held` is the request of the entry, while a fault holds it up. Of the differences, those within the limit are in it, and
    the others counted.

    Raises:
        NotFound: there is no such entry, or not any more.
    """
    event = entry_of(world, n).event
    if isinstance(event, DeliveryAttempt):
        return explained_attempt(world, vendors, n, event)
    if isinstance(event, Change):
        return explained_change(world, vendors, n, event)
    vendor = vendors[event.operation.partition(".")[0]]
    would_work = Hints(world, vendor, routes, event).all()
    assumptions = decisive(world, vendors, runs, n, event, _assumptions_of(world, vendor, event))
    explained = _explained_exchange(world, vendors, routes, n, event, assumptions, held, limit, would_work)
    overruled = _overruled(world, vendor, [event.evidence, *event.also])
    lines = (*_lines(explained, _reason_for_world(routes, event), overruled), *_consequences(world, event))
    text = "\n".join(map(escaped, lines))
    if newer is not None:
        text += f"\n{escaped(_newer_line(world, newer))}"
    return ExplainedExchange(**vars(explained) | {"newer": newer and entries.unmatched(newer), "text": text})


def _explained_exchange(
    world: World,
    vendors: Vendors,
    routes: Routes,
    n: int,
    exchange: Exchange,
    assumptions: Sequence[Assumption],
    held: HeldRequest | None,
    limit: int,
    would_work: list[str],
) -> ExplainedExchange:
    """Return the explanation of an exchange without its text; its differences are None where the history has lost them."""
    vendor = vendors[exchange.operation.partition(".")[0]]
    accounts = world.rules.accounts.get(vendor.name)
    commit = world.history.of(n)
    changed = commit.changed_resources if commit else ()
    is_known = commit is not None or world.history.reaches(exchange.savepoint.commits)
    found = commit_differences(world, vendors, changed, exchange.at) if is_known else []
    differences, rest = page(found, Room(world.rules.limits.answer), limit) if is_known else (None, 0)
    let_go(found)
    beside = [id for id in dict.fromkeys(exchange.also) if not _overruled(world, vendor, [id])]
    facts = {
        "also": tuple(fact for id in beside if id != exchange.evidence and (fact := fact_of(vendor, id))),
        "delivered": None if held else exchange.delivered,
    }
    return ExplainedExchange(
        **vars(entries.exchange(n, exchange)) | facts,
        held=held.fault.id if held else None,
        world=world.id,
        vendor=vendor.name,
        credential=redact(exchange.credential) if exchange.credential else None,
        account=redact_text(accounts.of(exchange.credential)) if accounts else None,
        because=fact_of(vendor, exchange.evidence),
        rules=verdicts_on(world, routes, exchange),
        scripted=exchange.evidence if exchange.answer == SCRIPTED else None,
        rows=tuple(_row(world, vendors, it) for it in exchange.applied_rows),
        assumptions=tuple(Choice.of(it, choice=world.rules.choices[it.id]) for it in assumptions),
        differences=differences,
        rest=rest,
        newer=None,
        would_work=tuple(map(redact_text, would_work)),
        text="",
    )


def _overruled(world: World, vendor: Vendor, facts: Iterable[str]) -> dict[str, str]:
    """Return the assumptions, each with the choice of the world, that facts state otherwise."""
    evidence, defaults = load_evidence(vendor), {it.id: it.default for it in vendor.assumptions}
    named = (evidence[id].assumption for id in facts if id in evidence)
    return {id: choice for id in named if id and (choice := world.rules.choices[id]) != defaults[id]}


def _row(world: World, vendors: Vendors, applied: AppliedRow) -> journal_models.Row:
    row, machine = applied.row, world.rules.machines[applied.kind]
    return journal_models.Row.of(
        row,
        resource=applied.kind,
        id=redact_text(applied.id),
        cause=str(row.cause),
        effect=row.effect.__name__ if row.effect else None,
        condition=_condition(row),
        because=fact_of(vendors[applied.kind.partition(".")[0]], row.evidence),
        passed_over=tuple(SkippedRow(_condition(it), it.answer) for it in machine.skipped_rows(row)),
    )


def _condition(row: Row) -> str | None:
    """Return the guard and the assumption that a row depends on."""
    guard = [row.when.__name__] if row.when else []
    choice = [f"{row.assume.assumption.id}={row.assume.choice}"] if row.assume else []
    return " and ".join(guard + choice) or None


def _assumptions_of(world: World, vendor: Vendor, exchange: Exchange) -> list[Assumption]:
    """Return the assumptions that the answer names, that a row depends on, or that were consulted on the way."""
    machines = world.rules.machines
    rows = [row for it in exchange.applied_rows for row in (it.row, *machines[it.kind].skipped_rows(it.row))]
    names = {exchange.assumption, *exchange.consulted, *(row.assume.assumption.id for row in rows if row.assume)}
    return [it for it in vendor.assumptions if it.id in names]


def _lines(explained: ExplainedExchange, reason: str, overruled: Mapping[str, str]) -> Iterator[str]:
    """Yield the explanation for people; `reason` says how the request found its world.

    `overruled` are assumptions, each with its choice, that its facts state otherwise.
    """
    basis = f" [{explained.basis}]" if explained.basis else ""
    is_waiting = explained.held and not explained.status
    result = "still held up" if is_waiting else outcome(explained.status, explained.answer)
    yield f"{explained.n}  {format_instant(explained.at)}  {explained.method} {explained.target} -> {result}{basis}"
    yield f"  world       {explained.world}, {reason}"
    if explained.account:
        yield f"  account     {explained.account}, as its credential says"
    yield f"  operation   {explained.operation}"
    for row in explained.rows[:MAX_LINES]:
        yield from _row_lines(row, explained)
    if (more := len(explained.rows) - MAX_LINES) > 0:
        yield f"  row         and {'at least ' if len(explained.rows) == MAX_APPLIED_ROWS else ''}{more} more"
    named = [it for it in explained.assumptions if it.id == explained.assumption and it.choice != it.default]
    switched = {**{it.id: it.choice for it in named}, **overruled}
    yield from (f"  because     the scenario assumes {id} = {choice}" for id, choice in switched.items())
    if explained.because:
        yield f"  {'fact' if switched else 'because':<12}{cited(explained.because)}"
    yield from (f"  also        {cited(fact)}" for fact in explained.also)
    if explained.scripted:
        yield f"  scripted    {explained.scripted}"
    yield from map(fault_line, explained.faults)
    yield from map(verdict_line, explained.rules[:MAX_LINES])
    yield from (f"  assuming    {it.id} = {it.choice}: {it.question}" for it in explained.assumptions)
    yield from (f"  changed     {it}" for it in _changed(explained))
    if explained.delivered is not True:
        yield f"  delivered   {_delivery(explained)}"
    yield from (f"  hint        {hint}" for hint in explained.would_work)


def _changed(explained: ExplainedExchange) -> Iterator[str]:
    if explained.differences is None:
        yield "unknown: the history does not reach back that far"
        return
    yield from (it.text for it in explained.differences[:MAX_LINES])
    if more := max(len(explained.differences) - MAX_LINES, 0) + explained.rest:
        yield f"and {more:,} more"
    elif not explained.differences:
        yield "nothing"


def _delivery(explained: ExplainedExchange) -> str:
    if explained.held:
        cure = f"DELETE /_emulator/worlds/{explained.world}/faults/{explained.held} lets it go on"
        return f"not yet: {explained.held} holds it up; {cure}"
    return NOT_DELIVERED if explained.delivered is False else STILL_SENDING


def _row_lines(row: journal_models.Row, explained: ExplainedExchange) -> Iterator[str]:
    """Yield a row for people. A row that allows what a check refused before it did not decide the answer."""
    is_vendors_refusal = explained.status >= LEAST_REFUSAL and all(fault.do != STATUS for fault in explained.faults)
    decided = row.answer == explained.answer or not is_vendors_refusal
    answer = f"{'answers' if decided else 'would have answered'} {row.answer}"
    yield f"  row         {row.resource} {row.id}: {row.state} --{row.cause}--> {row.to}, {answer}"
    if row.condition:
        yield f"              taken because {row.condition}"
    yield from (f"              not taken: if {it.condition}, answers {it.answer}" for it in row.passed_over)
    if decided and row.because and row.because != explained.because:
        yield f"              because {cited(row.because)}"


def _reason_for_world(routes: Routes, exchange: Exchange) -> str:
    """Return how a request found its world."""
    if any(name == WORLD_HEADER for name, _ in exchange.headers):
        return "named by the header Emulator-World"
    route = routes.find(exchange.method, exchange.target.partition("?")[0], exchange.headers)
    if route is not None and "world" in route.parameters:
        return "named by the path"
    if exchange.credential:
        return f"picked by the credential {redact(exchange.credential)}"
    return "since the request carries no credential that picks another"


def _consequences(world: World, exchange: Exchange) -> Iterator[str]:
    """Yield what somebody else does because of a request."""
    for change in exchange.changes:
        reaction: Reaction | None = world.store.find(Reaction.kind, change.id.partition("/")[0])
        if change.kind == TimelineEvent.kind and reaction is not None:
            when = f"{format_duration(reaction.wait)} later" if reaction.wait else "right after it"
            yield f"  then        {change.id}, {when} ({reaction.place or reaction.id})"


def _newer_line(world: World, newer: Unmatched) -> str:
    reached = f"reached the world {newer.world}" if newer.world else f"reached no world ({newer.error})"
    request = f"{newer.method} {redact_text(newer.target)} -> {newer.status}"
    return f"  newer       {request} came after this and {reached}: see /_emulator/worlds/{world.id}/unmatched"
