"""The records of what happened in a world: journal, explanations, differences, ledger, dry runs and verifications."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from emulator.contract.evidence import KINDS
from emulator.control.record import NUMBER, As, Count, Key, LeftOut, Record, ref

Basis = Annotated[str, As({"enum": list(KINDS)})]
Number = Annotated[Any, As(NUMBER)]


class Change(Record, component="change"):
    """A resource that went from one state to another; `why` is the cause."""

    at: datetime
    vendor: str
    resource: str
    id: str
    source: Annotated[str, Key("from")]
    to: str
    why: str
    evidence: str | None


class FaultHit(Record):
    """A fault that struck an exchange or a delivery: where, what it did, and the line of the scenario that has it."""

    id: str
    where: str
    do: str
    place: str | None

    def __str__(self) -> str:
        return f"{self.do} {self.where} ({self.place or self.id})"


class SentRequest(Record):
    """The headers of a request in order, and its body: a JSON value, a text, or None. Credentials are redacted."""

    headers: tuple[tuple[str, ...], ...]
    body: Any


class ChangeNumber(Record):
    """The number of a journal entry that is a change."""

    n: Count
    type: Literal["change"]


class ChangeEntry(Change, ChangeNumber):
    """A journal entry: a change that time or a controller made."""


class Exchange(Record):
    """A journal entry: a request and its response, and the changes that it made.

    `status` is 0 where no response came back at all. `delivered` is whether the client was sent the vendor's own response,
    whole; None while it is still being sent, and where nobody can know: the client had closed its side of the connection, or
    the server was killed.
    """

    n: Count
    type: Literal["exchange"]
    at: datetime
    operation: str
    method: str
    answer: str
    evidence: str
    also: tuple[str, ...]
    assumption: str | None
    basis: Basis | None
    status: int
    changes: tuple[Change, ...]
    faults: tuple[FaultHit, ...]
    delivered: bool | None
    target: str
    request: SentRequest
    reply: Any


class AttemptEntry(Record):
    """A journal entry: the `number`th attempt to make a delivery, the receiver's answer or an error, and its changes."""

    n: Count
    type: Literal["attempt"]
    at: datetime
    operation: str
    id: str
    event: str
    event_id: str | None
    number: Count
    url: str | None
    request: SentRequest
    status: int | None
    reply: Any
    error: str | None
    faults: tuple[FaultHit, ...]
    changes: tuple[Change, ...]


AnyEntry = ChangeEntry | Exchange | AttemptEntry
Entry = Annotated[AnyEntry, As(ref("entry"))]


class JournalPage(Record):
    """Entries of a journal, the oldest first; `last` is the number of the newest, `dropped` how many made room."""

    last: Count
    dropped: Count
    entries: tuple[Entry, ...]


class Pair(Record):
    """A field before and after."""

    before: Any
    after: Any


class Difference(Record, component="difference"):
    """One thing that differs, `at` a place of the vendor's state; one of `added`, `removed` and `changed` is there."""

    vendor: str
    at: str
    id: str | None
    added: LeftOut[Any]
    removed: LeftOut[Any]
    changed: LeftOut[dict[str, Pair]]
    text: str


class Differences(Record, component="changed"):
    """A page of differences, and how many follow."""

    differences: tuple[Difference, ...]
    rest: Count


class Fact(Record):
    """A fact that an answer rests on, with its source."""

    evidence: str
    kind: Basis
    source: str
    says: str


class SkippedRow(Record):
    """A row of the same state and cause that was not taken, since its condition did not hold."""

    condition: str | None
    answer: str | None


class Row(Record):
    """A row that a resource took, and the rows before it that it did not."""

    resource: str
    id: str
    state: Annotated[str, Key("in")]
    cause: str
    to: str
    answer: str | None
    effect: str | None
    condition: str | None
    because: Fact | None
    passed_over: tuple[SkippedRow, ...]


class Choice(Record):
    """An assumption that decided an answer, and the choice of this world."""

    id: str
    choice: str
    default: str
    question: str
    reason: str


class Unmatched(Record, component="unmatched"):
    """A request that reached no world, or the default one: `world` is what it reached; `error` is ours, if any.

    `hint` is what was probably meant.
    """

    n: Count
    method: str
    target: str
    status: int
    error: str | None
    world: str | None
    operation: str | None
    credential: str | None
    hint: str | None


class UnmatchedRequests(Record):
    """The requests since a world was made that reached no world, or the default one."""

    unmatched: tuple[Unmatched, ...]


class RuleVerdict(Record):
    """A fault or a reply of the world that stands where something came: whether it `struck`, and why, or why not."""

    id: str
    place: str | None
    struck: bool
    why: str


class ChangeNumberInWorld(ChangeNumber):
    """The number of a change, and its world."""

    world: str


class ExplainedChange(Change, ChangeNumberInWorld):
    """A change explained; `faults` struck the delivery or the attempt that it is about, `rules` are all that stand there."""

    because: Fact | None
    faults: tuple[FaultHit, ...]
    rules: tuple[RuleVerdict, ...]
    text: str


class ExplainedExchange(Exchange):
    """An exchange explained, as values and as a `text` to read."""

    also: tuple[Fact, ...]  # type: ignore[assignment]  # the facts in place of their ids
    held: str | None
    world: str
    vendor: str
    credential: str | None
    account: LeftOut[str]
    because: Fact | None
    scripted: str | None
    rules: tuple[RuleVerdict, ...]
    rows: tuple[Row, ...]
    assumptions: tuple[Choice, ...]
    differences: tuple[Difference, ...] | None
    rest: Count
    newer: Unmatched | None
    would_work: tuple[str, ...]
    text: str


AnyExplanation = ExplainedChange | ExplainedExchange
Explanation = Annotated[AnyExplanation, As(ref("explanation"))]


class DryRun(Record, component="rehearsal"):
    """The response to a request that was not carried out, and what it would change in the `world` that it would reach."""

    status: int
    headers: tuple[tuple[str, ...], ...]
    body: Any
    world: str
    delivered: bool | None
    faults: tuple[FaultHit, ...]
    changes: tuple[Change, ...]
    differences: tuple[Difference, ...]
    rest: Count
    explanation: Explanation


class Sent(Record, component="sent"):
    """The response to a request, and `n`, its journal entry in the world; None where it reached another world or none.

    `status` is 0 where no answer came; `error` says how the line was cut, or that the client gave up.
    """

    status: int
    headers: tuple[tuple[str, ...], ...]
    body: Any
    n: Count | None
    error: str | None


class VerificationFailure(Record):
    """A way in which a verification fails."""

    at: str
    message: str
    exchanges: tuple[Count, ...]


class Verdict(Record, component="verdict"):
    """The outcome of a verification."""

    ok: bool
    failures: tuple[VerificationFailure, ...]
