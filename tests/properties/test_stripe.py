"""Batch jobs keep their promises about counts, whatever the instants at which somebody looks."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.client.transport import InProcess
from emulator.contract.fixtures import fixtures_folder
from emulator.kernel.errors import BadInput
from emulator.kernel.world import World
from emulator.sdk.request import read_request
from emulator.server.app import create_app, worlds_of
from emulator.vendors import VENDORS
from emulator.vendors.stripe import STRIPE
from emulator.vendors.stripe.assumptions.jobs import OTHER_ACCOUNT
from emulator.vendors.stripe.model.jobs import Job
from emulator.vendors.stripe.requests.idempotency import LIFETIME, IdempotencyRecord
from emulator.web.pipeline import carry_out
from tests.support.loading import load_value
from tests.support.stripe import (
    COUNTS,
    ID,
    OPERATIONS,
    START,
    TIMINGS,
    Written,
    list_events,
    request_of,
    send,
    state_of,
    working_jobs,
    world_of,
)

NEW = b'{"metadata": {}, "endpoint": {"http_method": "post", "path": "/v1/customers/:customer"}}'


def everything_of(world: World) -> Written:
    with world.transaction("look") as tx:
        return STRIPE.state.dump(tx)


JUMPS = st.lists(st.integers(0, 5_000_000).map(lambda n: timedelta(microseconds=n)), max_size=20)


@given(working_jobs(), TIMINGS, JUMPS)
def test_counts_only_grow_and_fit_the_rows_and_are_exact_in_the_end(
    job: Written, timing: Written, jumps: list[timedelta]
) -> None:
    world = world_of(job, timing=timing)
    looks = [state_of(world)[0]]
    for jump in jumps:
        world.advance_by(jump)
        looks.append(state_of(world)[0])
    for earlier, later in pairwise(looks):
        assert all(earlier[count] <= later[count] for count in COUNTS)
    assert all(look["success_count"] + look["failure_count"] <= job["rows"] for look in looks)
    assert all(look["failure_count"] <= job["failing_rows"] and look["validated_count"] <= job["rows"] for look in looks)
    world.advance_until_idle()
    (final_job,) = state_of(world)
    assert final_job["status"] == "complete"
    assert (final_job["success_count"], final_job["failure_count"]) == (
        job["rows"] - job["failing_rows"],
        job["failing_rows"],
    )


@given(working_jobs(), TIMINGS, JUMPS)
def test_one_jump_equals_many_with_a_look_after_each(job: Written, timing: Written, jumps: list[timedelta]) -> None:
    once, often = world_of(job, timing=timing), world_of(job, timing=timing)
    changes = []
    for jump in jumps:
        changes += often.advance_by(jump)
        send(often, "retrieve")
        state_of(often)
    assert once.advance_by(sum(jumps, timedelta())) == changes
    assert everything_of(once) == everything_of(often)
    assert send(once, "retrieve") == send(often, "retrieve")


@given(working_jobs(), JUMPS, st.integers(0, 5_000_000))
def test_a_cancel_freezes_the_counts_that_were_reached(job: Written, jumps: list[timedelta], after: int) -> None:
    world = world_of(job)
    world.advance_by(sum(jumps, timedelta()))
    (before,) = state_of(world)
    reply = send(world, "cancel")
    assert reply.status == (400 if before["status"] == "complete" else 200)
    world.advance_by(timedelta(seconds=1, microseconds=after))
    (later,) = state_of(world)
    assert later["status"] == ("complete" if before["status"] == "complete" else "canceled")
    assert [later[count] for count in COUNTS[:2]] == [before[count] for count in COUNTS[:2]]


@given(working_jobs(), JUMPS)
def test_a_dumped_state_can_be_loaded(job: Written, jumps: list[timedelta]) -> None:
    world = world_of(job)
    world.advance_by(sum(jumps, timedelta()))
    state = state_of(world)
    again = world_of(*state, clock={"start": world.clock.now().isoformat()})
    assert state_of(again) == state


def test_a_billion_rows_are_counted_exactly() -> None:
    world = world_of({"id": ID, "status": "in_progress", "rows": 10**9, "failing_rows": 1}, timing={"stripe.processing": "20h"})
    world.advance_by(timedelta(hours=10))
    assert send(world, "retrieve").body["status_details"] == {
        "in_progress": {"success_count": str(5 * 10**8), "failure_count": "0"}
    }
    world.advance_by(timedelta(hours=10))
    assert state_of(world)[0]["success_count"] == 10**9 - 1


def in_progress(**job: Any) -> Written:
    return {"id": ID, "status": "in_progress", **job}


IMPOSSIBLE: list[tuple[Written, str]] = [
    (in_progress(rows=10, success_count=11), "rows"),
    (in_progress(rows=10, success_count=6, failure_count=5), "rows"),
    (in_progress(rows=10, failing_rows=11), "failing_rows"),
    (in_progress(rows=10, failing_rows=5, success_count=6), "success_count"),
    (in_progress(failing_rows=5, failure_count=6), "failing_rows"),
    (in_progress(rows=10, validated_count=11), "validated_count"),
    ({"id": ID, "status": "validating", "rows": 10, "invalid_row": 11}, "invalid_row"),
    ({"id": ID, "status": "validating", "invalid_row": 5, "validated_count": 5}, "validated_count"),
    ({"id": ID, "status": "validating", "success_count": 1}, "status"),
    ({"id": ID, "status": "validating", "skip_validation": True}, "skip_validation"),
    ({"id": ID, "status": "complete", "rows": 10, "success_count": 3, "failure_count": 5}, "rows"),
    (in_progress(error="The disk is full"), "error"),
    (in_progress(created="2026-03-09T20:55:31Z", since="2026-03-09T20:55:30Z"), "since"),
]


@pytest.mark.parametrize(("job", "pointer"), IMPOSSIBLE)
def test_a_job_whose_numbers_do_not_fit_is_refused_with_its_place(job: Written, pointer: str) -> None:
    with pytest.raises(BadInput) as excinfo:
        world_of(job)
    assert [problem.path[-1] for problem in excinfo.value.problems] == [pointer]


def test_every_impossible_job_is_named_at_once() -> None:
    jobs = [{**job, "id": f"job_{place}"} for place, (job, _) in enumerate(IMPOSSIBLE)]
    with pytest.raises(BadInput) as excinfo:
        world_of(*jobs)
    assert len(excinfo.value.problems) == len(IMPOSSIBLE)


def test_a_change_that_does_not_fit_the_job_that_is_there_is_refused() -> None:
    world = world_of(in_progress(rows=10))
    with pytest.raises(BadInput) as excinfo, world.transaction("set") as tx:
        list(STRIPE.state.load(tx, {"batch_jobs": [{"id": ID, "success_count": 11}]}))
    assert [problem.path for problem in excinfo.value.problems] == [("batch_jobs", 0, "rows")]


def test_idempotency_keys_do_not_pile_up() -> None:
    world = world_of({"id": ID, "status": "canceled"})
    for n in range(100):
        send(world, "cancel", f"key-{n}")
        world.advance_by(LIFETIME / 3)
    with world.transaction("look") as tx:
        assert tx.size(IdempotencyRecord) <= 4


def test_a_key_is_recognized_however_deeply_the_body_is_nested() -> None:
    create = {"endpoint": {"http_method": "post", "path": "/v1/customers/:customer"}, "metadata": {}, "skip_validation": False}
    bodies = [json.dumps(create), '{"metadata":' + "[" * 300 + "]" * 300 + "}"]
    headers = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview", "Idempotency-Key": "once"}
    with httpx.Client(transport=InProcess(create_app(worlds_of([]))), base_url="http://127.0.0.1", headers=headers) as client:
        assert [client.post("/v2/core/batch_jobs", content=body).status_code for body in bodies] == [200, 409]


def test_a_failed_request_forgets_its_key() -> None:
    world = world_of({"id": ID, "status": "in_progress"})

    def fail_after_the_cancel() -> None:
        with world.transaction("cancel") as tx:
            carry_out(STRIPE, tx, request_of("cancel", key="once"), OPERATIONS["stripe.batch_jobs.cancel"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_the_cancel()
    with world.transaction("look") as tx:
        assert tx.find(IdempotencyRecord, "once") is None
        assert tx.find(Job, ID).status == "in_progress"  # type: ignore[union-attr]


SAMPLES: list[tuple[str, Written]] = [
    ("cancel-accepted", in_progress(created=START, rows=100, success_count=30, failure_count=5)),
    (
        "cancel-canceled",
        {"id": ID, "status": "canceled", "created": START, "success_count": 30, "failure_count": 5, "output_size": 2048},
    ),
]


@pytest.mark.parametrize(("name", "job"), SAMPLES)
def test_a_cancel_answers_like_the_published_sample(name: str, job: Written) -> None:
    sample = json.loads((fixtures_folder() / "stripe" / "samples" / f"{name}.json").read_text(encoding="utf-8"))
    world = world_of(job, clock={"start": "2026-03-09T21:05:31Z"}, assume={"stripe.livemode": "omit"})
    body = send(world, "cancel").body
    if name == "cancel-canceled":
        link = body["status_details"]["canceled"]["output_file"]["download_url"]
        link["url"] = "https://stripeusercontent.com/files/download/..."
    assert body == sample
    assert list(body) == list(sample)


DAY_AGO = "2026-03-08T20:55:31Z"


@pytest.mark.parametrize(
    ("job", "timing", "since_when"),
    [
        (
            {"status": "in_progress", "since": DAY_AGO},
            {},
            "2026-03-08T20:55:41Z: give its counts, or a since after 2026-03-09T20:55:21Z",
        ),
        ({"status": "in_progress", "since": DAY_AGO, "success_count": 3}, {"stripe.processing": "1h"}, "2026-03-08T21:55:31Z"),
        ({"status": "in_progress", "fails_at": DAY_AGO, "since": DAY_AGO, "rows": 10**8}, {}, "2026-03-08T20:55:31Z"),
        ({"status": "validating", "since": DAY_AGO}, {}, "2026-03-08T20:55:36Z: give a since after 2026-03-09T20:55:26Z"),
        ({"status": "cancelling", "since": DAY_AGO}, {}, "2026-03-08T20:55:32Z"),
        ({"created": DAY_AGO}, {}, "2026-03-08T21:00:31Z"),
    ],
)
def test_a_job_that_would_begin_in_another_status_is_refused(job: Written, timing: Written, since_when: str) -> None:
    with pytest.raises(BadInput, match=re.escape(f"is so no longer after {since_when}")) as excinfo:
        world_of(job, timing=timing)
    assert [problem.pointer for problem in excinfo.value.problems] == ["/given/stripe/batch_jobs/0/since"]


@pytest.mark.parametrize(
    ("job", "timing"),
    [
        ({"status": "in_progress", "since": DAY_AGO, "success_count": 3}, {"stripe.timeout": "48h"}),
        ({"status": "in_progress", "since": "2026-03-09T20:55:22Z"}, {}),
        ({"status": "cancelling", "since": DAY_AGO}, {"stripe.drain": "never"}),
        ({"status": "complete", "since": DAY_AGO}, {}),
        ({"created": DAY_AGO, "since": START}, {}),
    ],
)
def test_a_job_with_a_past_begins_in_its_given_status(job: Written, timing: Written) -> None:
    (begun,) = state_of(world_of(job, timing=timing))
    assert begun["status"] == job.get("status", "ready_for_upload")


@pytest.mark.parametrize(
    "query",
    [
        "created=nonsense",
        "created[foo]=1",
        "created[gt][0]=2026-03-09T20:55:31Z",
        "created[gt]=",
        "object_id[0]=zzz",
        "limit[]=5",
        "types[x]=a",
        "page[0]=after_1",
    ],
)
def test_a_parameter_of_the_events_that_is_malformed_is_refused(query: str) -> None:
    assert list_events(world_of(), query).status == 400


def test_a_page_after_nothing_is_empty() -> None:
    world = world_of()
    create = read_request("POST", "/v2/core/batch_jobs", headers=[(b"stripe-version", b"2026-03-25.preview")], body=NEW)
    with world.transaction("create") as tx:
        carry_out(STRIPE, tx, create, OPERATIONS["stripe.batch_jobs.create"])
    assert len(list_events(world, "").body["data"]) == 2
    assert list_events(world, "page=after_0").body["data"] == []


@pytest.mark.parametrize(("choice", "status"), [("unknown", 404), ("403", 403)])
def test_what_is_another_accounts_names_the_assumption_that_hides_it(choice: str, status: int) -> None:
    world = world_of({"id": ID, "owner": "acct_other"}, assume={"stripe.other-account": choice})
    with world.transaction("retrieve") as tx:
        answer = carry_out(STRIPE, tx, request_of("retrieve"), OPERATIONS["stripe.batch_jobs.retrieve"])
        reply = STRIPE.renderers[answer.name](tx, request_of("retrieve"), answer.subject)
    assert (reply.status, answer.evidence, answer.assumption) == (status, "stripe-owner-1", OTHER_ACCOUNT)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"request": "k", "idempotency_key": "k"}, "'k' is not of the form req_..."),
        ({"request": "req_1"}, "has its request and its idempotency_key"),
        ({"idempotency_key": "k"}, "has its request and its idempotency_key"),
    ],
)
def test_an_impossible_event_is_refused(event: dict[str, str], message: str) -> None:
    event_state = {"type": "v2.core.batch_job.created", "object_id": ID, **event}
    with pytest.raises(BadInput, match=re.escape(message)):
        load_value({"title": "A", "given": {"stripe": {"events": [event_state]}}}, VENDORS)
