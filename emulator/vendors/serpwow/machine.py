"""The life of a SerpWow batch, and what each step does to the account's credits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from emulator.kernel.machine import ABSENT, EVERY, SAME, After, Assume, Machine, On, Row, View, Wait
from emulator.vendors.serpwow.assumptions import (
    LAST_RUN,
    NEXT_RESULT_SET,
    OTHER_ACCOUNT,
    PARTIAL_RESULTS,
    START_DISABLED,
    START_EMPTY,
    START_QUEUED,
)
from emulator.vendors.serpwow.model import SELF, Account, Batch, ResultSet
from emulator.vendors.serpwow.usage import day_of, give_back, spend

GET, START, STOP, STOPALL = "get", "start", "stop", "stopall"
STOPPABLE = ("queued", "running")


def belongs_to_another(_: View, batch: Batch) -> bool:
    return batch.owner != SELF


def fails_to_stop(_: View, batch: Batch) -> bool:
    return batch.fails_to_stop


def has_nothing_to_run(_: View, batch: Batch) -> bool:
    return batch.credits_required == 0


def is_disabled(_: View, batch: Batch) -> bool:
    return not batch.enabled


def costs_too_much(view: View, batch: Batch) -> bool:
    return batch.credits_required > _account(view).credits_remaining


def allocate_credits(view: View, batch: Batch) -> Iterable[Account | Batch]:
    account, credits = _account(view), batch.credits_required
    usage = spend(account.usage, day_of(view.now), credits)
    yield replace(account, credits_used=account.credits_used + credits, usage=usage)
    last_run = view.now if view.choice(LAST_RUN.id) == "queued" else batch.last_run
    yield replace(batch, allocated=credits, allocated_at=view.now, last_run=last_run)


def refund_credits(view: View, batch: Batch) -> Iterable[Account | Batch]:
    """On the day on which they were allocated, so that each day tells what it cost in the end."""
    account = _account(view)
    usage = give_back(account.usage, day_of(batch.allocated_at or view.now), batch.allocated)
    yield replace(account, credits_used=account.credits_used - batch.allocated, usage=usage)
    yield _at_rest(batch)


def begin_the_run(view: View, batch: Batch) -> Iterable[Batch]:
    last_run = view.now if view.choice(LAST_RUN.id) == "running" else batch.last_run
    number = batch.next_result_set_id + (view.choice(NEXT_RESULT_SET.id) == "running")
    yield replace(batch, last_run=last_run, started_at=view.now, next_result_set_id=number)


def keep_credits(view: View, batch: Batch) -> Iterable[Batch]:
    if view.choice(PARTIAL_RESULTS.id) == "keep":
        yield _with_results(view, batch, _searches_done(view, batch))
    else:
        yield _at_rest(batch)


def deliver_results(view: View, batch: Batch) -> Iterable[Batch]:
    yield _with_results(view, batch, batch.searches)


def _with_results(view: View, batch: Batch, searches: int) -> Batch:
    counted_already = view.choice(NEXT_RESULT_SET.id) == "running"
    number = max(batch.next_result_set_id - counted_already, 1)
    result_set = ResultSet(number, batch.started_at or view.now, view.now, searches)
    kept = tuple(old for old in batch.result_sets if old.available(view.now))
    return replace(_at_rest(batch), result_sets=(*kept, result_set), next_result_set_id=number + 1)


def _searches_done(view: View, batch: Batch) -> int:
    """Searches are done at an even pace over the whole of the run."""
    length = view.length(RUN, batch)
    return batch.searches * (view.now - (batch.started_at or view.now)) // length if length else 0


def _at_rest(batch: Batch) -> Batch:
    return replace(batch, allocated=0, allocated_at=None, started_at=None)


def _account(view: View) -> Account:
    account = view.find(Account.kind, SELF)
    assert isinstance(account, Account)  # noqa: S101  the given state always holds one
    return account


QUEUE = Wait("serpwow.queue", timedelta(seconds=2), "invented")
RUN = Wait("serpwow.run", timedelta(seconds=10), "serpwow-results-2")

AS_BAD_KEY = Assume(OTHER_ACCOUNT.id, "401")
EMPTY_REFUSED = Assume(START_EMPTY.id, "refuse")
DISABLED_REFUSED = Assume(START_DISABLED.id, "refuse")
SECOND_START_IGNORED = Assume(START_QUEUED.id, "ignore")

BATCH = Machine(
    kind=Batch.kind,
    states=("idle", "queued", "running"),
    commands=(GET, START, STOP, STOPALL),
    waits=(QUEUE, RUN),
    rows=(
        # in           cause         go to      answer           effect            evidence
        Row(EVERY, On(GET), SAME, "bad_key", None, "serpwow-owner-1", belongs_to_another, AS_BAD_KEY),
        Row(EVERY, On(GET), SAME, "unknown_batch", None, "serpwow-owner-1", belongs_to_another),
        Row(EVERY, On(GET), SAME, "batch", None, "serpwow-get-1"),
        Row(ABSENT, On(GET), SAME, "unknown_batch", None, "serpwow-unknown-1"),
        #
        Row(EVERY, On(START), SAME, "bad_key", None, "serpwow-owner-1", belongs_to_another, AS_BAD_KEY),
        Row(EVERY, On(START), SAME, "unknown_batch", None, "serpwow-owner-1", belongs_to_another),
        Row("idle", On(START), SAME, "nothing_to_run", None, "serpwow-start-5", has_nothing_to_run, EMPTY_REFUSED),
        Row("idle", On(START), SAME, "disabled", None, "serpwow-start-6", is_disabled, DISABLED_REFUSED),
        Row("idle", On(START), SAME, "no_credits", None, "serpwow-start-2", costs_too_much),
        Row("idle", On(START), "queued", "started", allocate_credits, "serpwow-start-1"),
        Row("queued", On(START), SAME, "started", None, "serpwow-start-4", assume=SECOND_START_IGNORED),
        Row("queued", On(START), SAME, "not_startable", None, "serpwow-start-4"),
        Row("running", On(START), SAME, "not_startable", None, "serpwow-start-3"),
        Row(ABSENT, On(START), SAME, "unknown_batch", None, "serpwow-unknown-1"),
        #
        Row(EVERY, On(STOP), SAME, "bad_key", None, "serpwow-owner-1", belongs_to_another, AS_BAD_KEY),
        Row(EVERY, On(STOP), SAME, "unknown_batch", None, "serpwow-owner-1", belongs_to_another),
        Row("queued", On(STOP), SAME, "stop_failed", None, "serpwow-stop-6", fails_to_stop),
        Row("queued", On(STOP), "idle", "stopped", refund_credits, "serpwow-stop-2"),
        Row("running", On(STOP), SAME, "stop_failed", None, "serpwow-stop-6", fails_to_stop),
        Row("running", On(STOP), "idle", "stopped", keep_credits, "serpwow-stop-3"),
        Row("idle", On(STOP), SAME, "not_stoppable", None, "serpwow-stop-4"),
        Row(ABSENT, On(STOP), SAME, "unknown_batch", None, "serpwow-unknown-1"),
        #
        Row("queued", On(STOPALL), SAME, "stop_failed", None, "serpwow-stopall-6", fails_to_stop),
        Row("queued", On(STOPALL), "idle", "stopped", refund_credits, "serpwow-stopall-3"),
        Row("running", On(STOPALL), SAME, "stop_failed", None, "serpwow-stopall-6", fails_to_stop),
        Row("running", On(STOPALL), "idle", "stopped", keep_credits, "serpwow-stopall-4"),
        Row("idle", On(STOPALL), SAME, "not_stoppable", None, "serpwow-stopall-7"),
        Row(ABSENT, On(STOPALL), SAME, "unknown_batch", None, "serpwow-unknown-1"),
        #
        Row("queued", After(QUEUE.name), "running", None, begin_the_run, "serpwow-queue-1"),
        Row("running", After(RUN.name), "idle", None, deliver_results, "serpwow-complete-1"),
    ),
    entry=("idle", "queued", "running"),
)
