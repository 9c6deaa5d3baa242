"""The lives of a SerpWow account and its batches: what each command and each passing of time does to them."""

from __future__ import annotations

from emulator.sdk import ABSENT, EVERY, SAME, After, Assume, Machine, On, Row
from emulator.vendors.serpwow.assumptions import CREDITS_RESET, OTHER_ACCOUNT, START_DISABLED, START_EMPTY, START_QUEUED
from emulator.vendors.serpwow.assumptions_of_calls import EDIT_QUEUED
from emulator.vendors.serpwow.credits import costs_too_much, has_nothing_to_run
from emulator.vendors.serpwow.effects import (
    allocate_credits,
    begin_the_run,
    belongs_to_another,
    deliver_results,
    fails_to_stop,
    is_disabled,
    keep_credits,
    keep_used_credits,
    leave_the_queue,
    plan_the_schedule,
    refund_credits,
    reset_credits,
    skip_a_run,
    there_are_too_many,
)
from emulator.vendors.serpwow.model import Account, Batch
from emulator.vendors.serpwow.repetition import min_steps
from emulator.vendors.serpwow.slots import has_no_place, is_outranked, take_a_ticket
from emulator.vendors.serpwow.waits import INACTIVITY, PLACE, QUEUE, RESET, RUN, SCHEDULE

NOT_RESET = Assume(CREDITS_RESET.id, "never")

ACCOUNT = Machine(
    kind=Account.kind,
    states=("open",),
    commands=(),
    timers=(RESET,),
    rows=(
        Row("open", After(RESET.name), SAME, None, keep_used_credits, "serpwow-account-7", assume=NOT_RESET),
        Row("open", After(RESET.name), SAME, None, reset_credits, "serpwow-account-7"),
    ),
    entry=("open",),
)

CREATE, GET, UPDATE, DELETE, START, STOP, STOPALL = "create", "get", "update", "delete", "start", "stop", "stopall"
STOPPABLE = ("queued", "running")


AS_BAD_KEY = Assume(OTHER_ACCOUNT.id, "401")
EMPTY_REFUSED = Assume(START_EMPTY.id, "refuse")
DISABLED_REFUSED = Assume(START_DISABLED.id, "refuse")
SECOND_START_IGNORED = Assume(START_QUEUED.id, "ignore")
EDITABLE_IN_QUEUE = Assume(EDIT_QUEUED.id, "allow")

BATCH = Machine(
    kind=Batch.kind,
    states=("idle", "queued", "running"),
    commands=(CREATE, GET, UPDATE, DELETE, START, STOP, STOPALL),
    timers=(QUEUE, PLACE, RUN, SCHEDULE, INACTIVITY),
    rows=(
        # in           cause         go to      answer           effect            evidence
        Row(ABSENT, On(CREATE), SAME, "too_many_batches", None, "serpwow-limits-1", there_are_too_many),
        Row(ABSENT, On(CREATE), "idle", "batch", plan_the_schedule, "serpwow-create-1"),
        Row(EVERY, On(CREATE), SAME, "batch", None, "serpwow-create-3"),
        #
        Row(EVERY, On(GET), SAME, "bad_key", None, "serpwow-owner-1", belongs_to_another, AS_BAD_KEY),
        Row(EVERY, On(GET), SAME, "unknown_batch", None, "serpwow-owner-1", belongs_to_another),
        Row(EVERY, On(GET), SAME, "batch", None, "serpwow-get-1"),
        Row(ABSENT, On(GET), SAME, "unknown_batch", None, "serpwow-unknown-1"),
        #
        Row(EVERY, On(UPDATE), SAME, "bad_key", None, "serpwow-owner-1", belongs_to_another, AS_BAD_KEY),
        Row(EVERY, On(UPDATE), SAME, "unknown_batch", None, "serpwow-owner-1", belongs_to_another),
        Row("idle", On(UPDATE), SAME, "batch", None, "serpwow-update-1"),
        Row("queued", On(UPDATE), SAME, "batch", None, "serpwow-update-3", assume=EDITABLE_IN_QUEUE),
        Row("queued", On(UPDATE), SAME, "not_editable", None, "serpwow-update-3"),
        Row("running", On(UPDATE), SAME, "not_editable", None, "serpwow-update-2"),
        Row(ABSENT, On(UPDATE), SAME, "unknown_batch", None, "serpwow-unknown-1"),
        #
        Row(EVERY, On(DELETE), SAME, "bad_key", None, "serpwow-owner-1", belongs_to_another, AS_BAD_KEY),
        Row(EVERY, On(DELETE), SAME, "unknown_batch", None, "serpwow-owner-1", belongs_to_another),
        Row("idle", On(DELETE), ABSENT, "deleted", None, "serpwow-delete-1"),
        Row("queued", On(DELETE), ABSENT, "deleted", leave_the_queue, "serpwow-update-3", assume=EDITABLE_IN_QUEUE),
        Row("queued", On(DELETE), SAME, "not_editable", None, "serpwow-update-3"),
        Row("running", On(DELETE), SAME, "not_editable", None, "serpwow-delete-2"),
        Row(ABSENT, On(DELETE), SAME, "unknown_batch", None, "serpwow-unknown-1"),
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
        Row("queued", After(QUEUE.name), SAME, None, take_a_ticket, "serpwow-slots-1", has_no_place),
        Row("queued", After(QUEUE.name), SAME, None, take_a_ticket, "serpwow-slots-2", is_outranked),
        Row("queued", After(QUEUE.name), "running", None, begin_the_run, "serpwow-queue-1"),
        Row("queued", After(PLACE.name), "running", None, begin_the_run, "serpwow-slots-2"),
        Row("running", After(RUN.name), "idle", None, deliver_results, "serpwow-complete-2"),
        Row("idle", After(SCHEDULE.name), SAME, None, skip_a_run, "serpwow-schedule-3", has_nothing_to_run, EMPTY_REFUSED),
        Row("idle", After(SCHEDULE.name), SAME, None, skip_a_run, "serpwow-schedule-3", costs_too_much),
        Row("idle", After(SCHEDULE.name), "queued", None, allocate_credits, "serpwow-schedule-2"),
        Row("idle", After(INACTIVITY.name), ABSENT, None, None, "serpwow-inactive-1"),
    ),
    entry=("idle", "queued", "running"),
    least=min_steps,
)
