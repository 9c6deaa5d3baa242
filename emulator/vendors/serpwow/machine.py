"""The life of a SerpWow batch, and what each step does to the account's credits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from emulator.kernel.assumption import Assumption
from emulator.kernel.machine import ABSENT, EVERY, SAME, After, Assume, Machine, On, Row, View, Wait
from emulator.vendors.serpwow.model import SELF, Account, Batch, ResultSet

GET, START, STOP, STOPALL = "get", "start", "stop", "stopall"
STOPPABLE = ("queued", "running")

UNKNOWN_BATCH = Assumption(
    "serpwow.unknown-batch",
    "Which status does an unknown batch id get?",
    ("400", "404"),
    "400",
    "404 is published for a wrong path or verb, 400 for a request that is wrong for a reason given in the body.",
)
START_QUEUED = Assumption(
    "serpwow.start-queued",
    "What does a start do to a batch that is queued already?",
    ("refuse", "ignore"),
    "refuse",
    "A second allocation would leave it open what a stop gives back, and silence would hide the mistake.",
)
START_EMPTY = Assumption(
    "serpwow.start-empty",
    "Can a batch without searches be started?",
    ("refuse", "allow"),
    "refuse",
    "Such a run costs nothing and yields nothing.",
)
LAST_RUN = Assumption(
    "serpwow.last-run",
    "When does last_run change?",
    ("running", "queued"),
    "running",
    "It is the date of the last run, and a batch that was stopped in the queue has not run.",
)
PARTIAL_RESULTS = Assumption(
    "serpwow.partial-results",
    "Does stopping a running batch leave a result set?",
    ("discard", "keep"),
    "discard",
    "A result set is published as the product of a batch that completes.",
)


def belongs_to_another(_: View, batch: Batch) -> bool:
    return batch.owner != SELF


def fails_to_stop(_: View, batch: Batch) -> bool:
    return batch.fails_to_stop


def has_nothing_to_run(_: View, batch: Batch) -> bool:
    return batch.credits_required == 0


def costs_too_much(view: View, batch: Batch) -> bool:
    return batch.credits_required > _account(view).credits_remaining


def allocate_credits(view: View, batch: Batch) -> Iterable[Account | Batch]:
    yield from _charge(view, batch, batch.credits_required)
    started = view.now if view.choice(LAST_RUN.id) == "queued" else batch.last_run
    yield replace(batch, allocated=batch.credits_required, last_run=started)


def refund_credits(view: View, batch: Batch) -> Iterable[Account | Batch]:
    yield from _charge(view, batch, -batch.allocated)
    yield replace(batch, allocated=0)


def note_the_run(view: View, batch: Batch) -> Iterable[Batch]:
    yield replace(batch, last_run=view.now)


def keep_credits(view: View, batch: Batch) -> Iterable[Batch]:
    if view.choice(PARTIAL_RESULTS.id) == "keep":
        yield from deliver_results(view, batch)
    else:
        yield replace(batch, allocated=0)


def deliver_results(view: View, batch: Batch) -> Iterable[Batch]:
    started = batch.last_run or view.now
    result_set = ResultSet(batch.next_result_set_id, started, view.now, batch.searches)
    kept = tuple(old for old in batch.result_sets if old.available(view.now))
    number = batch.next_result_set_id + 1
    yield replace(batch, allocated=0, result_sets=(*kept, result_set), next_result_set_id=number)


def _charge(view: View, batch: Batch, credits: int) -> Iterable[Account]:
    """The account with some credits more used, or given back; only ours is kept."""
    if batch.owner == SELF:
        account = _account(view)
        yield replace(account, credits_used=account.credits_used + credits)


def _account(view: View) -> Account:
    account = view.find(Account.kind, SELF)
    assert isinstance(account, Account)  # noqa: S101  the given state always holds one
    return account


AS_404 = Assume(UNKNOWN_BATCH.id, "404")

BATCH = Machine(
    kind=Batch.kind,
    states=("idle", "queued", "running"),
    commands=(GET, START, STOP, STOPALL),
    waits=(
        Wait("serpwow.queue", timedelta(seconds=2), "invented"),
        Wait("serpwow.run", timedelta(seconds=10), "serpwow-results-2"),
    ),
    rows=(
        # in           cause                   go to      answer             effect             evidence
        Row(EVERY, On(GET), SAME, "unknown_batch_404", None, "serpwow-owner-1", belongs_to_another, AS_404),
        Row(EVERY, On(GET), SAME, "unknown_batch", None, "serpwow-owner-1", belongs_to_another),
        Row(EVERY, On(GET), SAME, "batch", None, "serpwow-get-1"),
        Row(ABSENT, On(GET), SAME, "unknown_batch_404", None, "serpwow-unknown-1", assume=AS_404),
        Row(ABSENT, On(GET), SAME, "unknown_batch", None, "serpwow-unknown-1"),
        #
        Row(EVERY, On(START), SAME, "unknown_batch_404", None, "serpwow-owner-1", belongs_to_another, AS_404),
        Row(EVERY, On(START), SAME, "unknown_batch", None, "serpwow-owner-1", belongs_to_another),
        Row(
            "idle",
            On(START),
            SAME,
            "nothing_to_run",
            None,
            "serpwow-start-5",
            has_nothing_to_run,
            Assume(START_EMPTY.id, "refuse"),
        ),
        Row("idle", On(START), SAME, "no_credits", None, "serpwow-start-2", costs_too_much),
        Row("idle", On(START), "queued", "started", allocate_credits, "serpwow-start-1"),
        Row("queued", On(START), SAME, "started", None, "serpwow-start-4", assume=Assume(START_QUEUED.id, "ignore")),
        Row("queued", On(START), SAME, "not_startable", None, "serpwow-start-4"),
        Row("running", On(START), SAME, "not_startable", None, "serpwow-start-3"),
        Row(ABSENT, On(START), SAME, "unknown_batch_404", None, "serpwow-unknown-1", assume=AS_404),
        Row(ABSENT, On(START), SAME, "unknown_batch", None, "serpwow-unknown-1"),
        #
        Row(EVERY, On(STOP), SAME, "unknown_batch_404", None, "serpwow-owner-1", belongs_to_another, AS_404),
        Row(EVERY, On(STOP), SAME, "unknown_batch", None, "serpwow-owner-1", belongs_to_another),
        Row("queued", On(STOP), SAME, "stop_failed", None, "serpwow-stop-6", fails_to_stop),
        Row("queued", On(STOP), "idle", "stopped", refund_credits, "serpwow-stop-2"),
        Row("running", On(STOP), SAME, "stop_failed", None, "serpwow-stop-6", fails_to_stop),
        Row("running", On(STOP), "idle", "stopped", keep_credits, "serpwow-stop-3"),
        Row("idle", On(STOP), SAME, "not_stoppable", None, "serpwow-stop-4"),
        Row(ABSENT, On(STOP), SAME, "unknown_batch_404", None, "serpwow-unknown-1", assume=AS_404),
        Row(ABSENT, On(STOP), SAME, "unknown_batch", None, "serpwow-unknown-1"),
        #
        Row("queued", On(STOPALL), SAME, "stop_failed", None, "serpwow-stopall-6", fails_to_stop),
        Row("queued", On(STOPALL), "idle", "stopped", refund_credits, "serpwow-stopall-3"),
        Row("running", On(STOPALL), SAME, "stop_failed", None, "serpwow-stopall-6", fails_to_stop),
        Row("running", On(STOPALL), "idle", "stopped", keep_credits, "serpwow-stopall-4"),
        Row("idle", On(STOPALL), SAME, "not_stoppable", None, "serpwow-stopall-7"),
        Row(ABSENT, On(STOPALL), SAME, "unknown_batch", None, "serpwow-unknown-1"),
        #
        Row("queued", After("serpwow.queue"), "running", None, note_the_run, "serpwow-queue-1"),
        Row("running", After("serpwow.run"), "idle", None, deliver_results, "serpwow-complete-1"),
    ),
    entry=("idle", "queued", "running"),
)
