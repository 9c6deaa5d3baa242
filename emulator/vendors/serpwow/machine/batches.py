"""The lives of the account and its batches: the row that each command and each timer takes in each state."""

from __future__ import annotations

from emulator.sdk import ABSENT, EVERY, SAME, Assume, Machine, Row
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
    stop_as_one_of_all,
    take_a_ticket,
)
from emulator.vendors.serpwow.machine.forecast import min_steps
from emulator.vendors.serpwow.machine.queue import has_no_slot, is_outranked
from emulator.vendors.serpwow.machine.rounds import BEGUN, DELIVERED, STARTED, rounds
from emulator.vendors.serpwow.model.account import Account
from emulator.vendors.serpwow.model.batches import STATUSES, Batch
from emulator.vendors.serpwow.webhooks import keeps_failed_webhooks, kept_failed_webhooks

NOT_RESET = Assume(CREDITS_RESET, "never")

ACCOUNT = Machine(
    of=Account,
    states=("open",),
    commands=(),
    timers=(RESET,),
    rows=(
        Row("open", RESET, SAME, None, "serpwow-account-7", keep_used_credits, assume=NOT_RESET),
        Row("open", RESET, SAME, None, "serpwow-account-7", reset_credits),
    ),
    entry=("open",),
)

COMMANDS = ("create", "get", "update", "delete", "start", "stop", "stopall")
CREATE, GET, UPDATE, DELETE, START, STOP, STOPALL = COMMANDS

AS_BAD_KEY = Assume(OTHER_ACCOUNT, "401")
EMPTY_REFUSED = Assume(START_EMPTY, "refuse")
DISABLED_REFUSED = Assume(START_DISABLED, "refuse")
SECOND_START_IGNORED = Assume(START_QUEUED, "ignore")
EDITABLE_IN_QUEUE = Assume(EDIT_QUEUED, "allow")


def _addressed(command: str, *rows: Row) -> tuple[Row, ...]:
    """Return the rows of a command that names a batch: these, if the batch exists and belongs to this account."""
    return (
        Row(EVERY, command, SAME, "bad_key", "serpwow-owner-1", when=belongs_to_another, assume=AS_BAD_KEY),
        Row(EVERY, command, SAME, "unknown_batch", "serpwow-owner-1", when=belongs_to_another),
        *rows,
        Row(ABSENT, command, SAME, "unknown_batch", "serpwow-unknown-1"),
    )


BATCH = Machine(
    of=Batch,
    states=STATUSES,
    commands=COMMANDS,
    timers=(QUEUE, PLACE, RUN, SCHEDULE, INACTIVITY),
    rows=(
        # in           cause         go to      answer           evidence            effect
        Row(ABSENT, CREATE, SAME, "too_many_batches", "serpwow-limits-1", when=exceeds_batch_limit),
        Row(ABSENT, CREATE, "idle", "batch", "serpwow-create-1", plan_the_schedule),
        Row(EVERY, CREATE, SAME, "batch", "serpwow-create-3"),
        *_addressed(
            GET,
            Row(EVERY, GET, SAME, "batch", "serpwow-get-1"),
        ),
        *_addressed(
            UPDATE,
            Row("idle", UPDATE, SAME, "batch", "serpwow-update-1"),
            Row("queued", UPDATE, SAME, "batch", "serpwow-update-3", assume=EDITABLE_IN_QUEUE),
            Row("queued", UPDATE, SAME, "not_editable", "serpwow-update-3"),
            Row("running", UPDATE, SAME, "not_editable", "serpwow-update-2"),
        ),
        *_addressed(
            DELETE,
            Row("idle", DELETE, SAME, "webhooks_failed", "serpwow-delete-3", when=keeps_failed_webhooks),
            Row("idle", DELETE, ABSENT, "deleted", "serpwow-delete-4", when=kept_failed_webhooks),
            Row("idle", DELETE, ABSENT, "deleted", "serpwow-delete-1"),
            Row("queued", DELETE, SAME, "webhooks_failed", "serpwow-delete-3", None, keeps_failed_webhooks, EDITABLE_IN_QUEUE),
            Row("queued", DELETE, ABSENT, "deleted", "serpwow-update-3", leave_the_queue, assume=EDITABLE_IN_QUEUE),
            Row("queued", DELETE, SAME, "not_editable", "serpwow-update-3"),
            Row("running", DELETE, SAME, "not_editable", "serpwow-delete-2"),
        ),
        *_addressed(
            START,
            Row("idle", START, SAME, "nothing_to_run", "serpwow-start-5", when=has_nothing_to_run, assume=EMPTY_REFUSED),
            Row("idle", START, SAME, "disabled", "serpwow-start-6", when=is_disabled, assume=DISABLED_REFUSED),
            Row("idle", START, SAME, "no_credits", "serpwow-start-2", when=costs_too_much),
            Row("idle", START, "queued", "started", "serpwow-start-1", allocate_credits),
            Row("queued", START, SAME, "started", "serpwow-start-4", assume=SECOND_START_IGNORED),
            Row("queued", START, SAME, "not_startable", "serpwow-start-4"),
            Row("running", START, SAME, "not_startable", "serpwow-start-3"),
        ),
        *_addressed(
            STOP,
            Row("queued", STOP, SAME, "stop_failed", "serpwow-stop-6", when=fails_to_stop),
            Row("queued", STOP, "idle", "stopped", "serpwow-stop-2", refund_credits),
            Row("running", STOP, SAME, "stop_failed", "serpwow-stop-6", when=fails_to_stop),
            Row("running", STOP, "idle", "stopped", "serpwow-stop-3", end_run_without_refund),
            Row("idle", STOP, SAME, "not_stoppable", "serpwow-stop-4"),
        ),
        Row("queued", STOPALL, SAME, "stop_failed", "serpwow-stopall-6", when=fails_to_stop),
        Row("queued", STOPALL, "idle", "stopped", "serpwow-stopall-3", stop_as_one_of_all),
        Row("running", STOPALL, SAME, "stop_failed", "serpwow-stopall-6", when=fails_to_stop),
        Row("running", STOPALL, "idle", "stopped", "serpwow-stopall-4", end_run_without_refund),
        Row("idle", STOPALL, SAME, "not_stoppable", "serpwow-stopall-7"),
        Row(ABSENT, STOPALL, SAME, "unknown_batch", "serpwow-unknown-1"),
        Row("queued", QUEUE, SAME, None, "serpwow-slots-1", take_a_ticket, has_no_slot),
        Row("queued", QUEUE, SAME, None, "serpwow-slots-2", take_a_ticket, is_outranked),
        BEGUN,
        Row("queued", PLACE, "running", None, "serpwow-slots-2", begin_the_run),
        DELIVERED,
        Row("idle", SCHEDULE, SAME, None, "serpwow-schedule-3", skip_a_run, has_nothing_to_run, EMPTY_REFUSED),
        Row("idle", SCHEDULE, SAME, None, "serpwow-schedule-3", skip_a_run, costs_too_much),
        STARTED,
        Row("idle", INACTIVITY, ABSENT, None, "serpwow-inactive-1"),
    ),
    entry=STATUSES,
    min_steps=min_steps,
    rounds=rounds,
)
