"""The lives of the account and its batches: the row that each command and each timer takes in each state."""

from __future__ import annotations

from emulator.sdk import ABSENT, EVERY, SAME, After, Assume, Machine, On, Row
from emulator.vendors.serpwow.assumptions.lifecycle import (
    CREDITS_RESET,
    OTHER_ACCOUNT,
    START_DISABLED,
    START_EMPTY,
    START_QUEUED,
)
from emulator.vendors.serpwow.assumptions.requests import EDIT_QUEUED
from emulator.vendors.serpwow.machine.effects import (
    INACTIVITY,
    PLACE,
    QUEUE,
    RESET,
    RUN,
    SCHEDULE,
    allocate_credits,
    begin_the_run,
    belongs_to_another,
    costs_too_much,
    deliver_results,
    end_run_without_refund,
    exceeds_batch_limit,
    fails_to_stop,
    has_nothing_to_run,
    is_disabled,
    keep_used_credits,
    leave_the_queue,
    plan_the_schedule,
    refund_credits,
    reset_credits,
    skip_a_run,
    take_a_ticket,
)
from emulator.vendors.serpwow.machine.forecast import min_steps
from emulator.vendors.serpwow.machine.queue import has_no_slot, is_outranked
from emulator.vendors.serpwow.model.account import Account
from emulator.vendors.serpwow.model.batches import STATUSES, Batch

NOT_RESET = Assume(CREDITS_RESET, "never")

ACCOUNT = Machine(
    of=Account,
    states=("open",),
    commands=(),
    timers=(RESET,),
    rows=(
        Row("open", After(RESET.name), SAME, None, keep_used_credits, "serpwow-account-7", assume=NOT_RESET),
        Row("open", After(RESET.name), SAME, None, reset_credits, "serpwow-account-7"),
    ),
    entry=("open",),
)

COMMANDS = ("create", "get", "update", "delete", "start", "stop", "stopall")
CREATE, GET, UPDATE, DELETE, START, STOP, STOPALL = map(On, COMMANDS)

AS_BAD_KEY = Assume(OTHER_ACCOUNT, "401")
EMPTY_REFUSED = Assume(START_EMPTY, "refuse")
DISABLED_REFUSED = Assume(START_DISABLED, "refuse")
SECOND_START_IGNORED = Assume(START_QUEUED, "ignore")
EDITABLE_IN_QUEUE = Assume(EDIT_QUEUED, "allow")


def _addressed(cause: On, *rows: Row) -> tuple[Row, ...]:
    """Return the rows of a command that names a batch: these, if the batch exists and belongs to this account."""
    return (
        Row(EVERY, cause, SAME, "bad_key", None, "serpwow-owner-1", belongs_to_another, AS_BAD_KEY),
        Row(EVERY, cause, SAME, "unknown_batch", None, "serpwow-owner-1", belongs_to_another),
        *rows,
        Row(ABSENT, cause, SAME, "unknown_batch", None, "serpwow-unknown-1"),
    )


BATCH = Machine(
    of=Batch,
    states=STATUSES,
    commands=COMMANDS,
    timers=(QUEUE, PLACE, RUN, SCHEDULE, INACTIVITY),
    rows=(
        # in           cause         go to      answer           effect            evidence
        Row(ABSENT, CREATE, SAME, "too_many_batches", None, "serpwow-limits-1", exceeds_batch_limit),
        Row(ABSENT, CREATE, "idle", "batch", plan_the_schedule, "serpwow-create-1"),
        Row(EVERY, CREATE, SAME, "batch", None, "serpwow-create-3"),
        *_addressed(
            GET,
            Row(EVERY, GET, SAME, "batch", None, "serpwow-get-1"),
        ),
        *_addressed(
            UPDATE,
            Row("idle", UPDATE, SAME, "batch", None, "serpwow-update-1"),
            Row("queued", UPDATE, SAME, "batch", None, "serpwow-update-3", assume=EDITABLE_IN_QUEUE),
            Row("queued", UPDATE, SAME, "not_editable", None, "serpwow-update-3"),
            Row("running", UPDATE, SAME, "not_editable", None, "serpwow-update-2"),
        ),
        *_addressed(
            DELETE,
            Row("idle", DELETE, ABSENT, "deleted", None, "serpwow-delete-1"),
            Row("queued", DELETE, ABSENT, "deleted", leave_the_queue, "serpwow-update-3", assume=EDITABLE_IN_QUEUE),
            Row("queued", DELETE, SAME, "not_editable", None, "serpwow-update-3"),
            Row("running", DELETE, SAME, "not_editable", None, "serpwow-delete-2"),
        ),
        *_addressed(
            START,
            Row("idle", START, SAME, "nothing_to_run", None, "serpwow-start-5", has_nothing_to_run, EMPTY_REFUSED),
            Row("idle", START, SAME, "disabled", None, "serpwow-start-6", is_disabled, DISABLED_REFUSED),
            Row("idle", START, SAME, "no_credits", None, "serpwow-start-2", costs_too_much),
            Row("idle", START, "queued", "started", allocate_credits, "serpwow-start-1"),
            Row("queued", START, SAME, "started", None, "serpwow-start-4", assume=SECOND_START_IGNORED),
            Row("queued", START, SAME, "not_startable", None, "serpwow-start-4"),
            Row("running", START, SAME, "not_startable", None, "serpwow-start-3"),
        ),
        *_addressed(
            STOP,
            Row("queued", STOP, SAME, "stop_failed", None, "serpwow-stop-6", fails_to_stop),
            Row("queued", STOP, "idle", "stopped", refund_credits, "serpwow-stop-2"),
            Row("running", STOP, SAME, "stop_failed", None, "serpwow-stop-6", fails_to_stop),
            Row("running", STOP, "idle", "stopped", end_run_without_refund, "serpwow-stop-3"),
            Row("idle", STOP, SAME, "not_stoppable", None, "serpwow-stop-4"),
        ),
        Row("queued", STOPALL, SAME, "stop_failed", None, "serpwow-stopall-6", fails_to_stop),
        Row("queued", STOPALL, "idle", "stopped", refund_credits, "serpwow-stopall-3"),
        Row("running", STOPALL, SAME, "stop_failed", None, "serpwow-stopall-6", fails_to_stop),
        Row("running", STOPALL, "idle", "stopped", end_run_without_refund, "serpwow-stopall-4"),
        Row("idle", STOPALL, SAME, "not_stoppable", None, "serpwow-stopall-7"),
        Row(ABSENT, STOPALL, SAME, "unknown_batch", None, "serpwow-unknown-1"),
        Row("queued", After(QUEUE.name), SAME, None, take_a_ticket, "serpwow-slots-1", has_no_slot),
        Row("queued", After(QUEUE.name), SAME, None, take_a_ticket, "serpwow-slots-2", is_outranked),
        Row("queued", After(QUEUE.name), "running", None, begin_the_run, "serpwow-queue-1"),
        Row("queued", After(PLACE.name), "running", None, begin_the_run, "serpwow-slots-2"),
        Row("running", After(RUN.name), "idle", None, deliver_results, "serpwow-complete-2"),
        Row("idle", After(SCHEDULE.name), SAME, None, skip_a_run, "serpwow-schedule-3", has_nothing_to_run, EMPTY_REFUSED),
        Row("idle", After(SCHEDULE.name), SAME, None, skip_a_run, "serpwow-schedule-3", costs_too_much),
        Row("idle", After(SCHEDULE.name), "queued", None, allocate_credits, "serpwow-schedule-2"),
        Row("idle", After(INACTIVITY.name), ABSENT, None, None, "serpwow-inactive-1"),
    ),
    entry=STATUSES,
    least=min_steps,
)
