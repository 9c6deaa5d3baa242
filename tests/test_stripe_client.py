"""The unmodified Stripe client over a real socket."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.conftest import Live, World

ID = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
START = {"start": "2026-03-09T20:55:31Z"}
ENDED = ("complete", "validation_failed", "batch_failed", "timeout", "upload_timeout")


def client_of(world: World) -> stripe.StripeClient:
    return stripe.StripeClient(world.stripe["api_key"], base_addresses={"api": world.stripe["url"]})


def named_job(error: stripe.StripeError) -> Any:
    return getattr(error.error, "batch_job_id", None)


def one_job(**job: Any) -> dict[str, Any]:
    return {"clock": START, "given": {"stripe": {"batch_jobs": [{"id": ID, **job}]}}}


@pytest.mark.parametrize("status", ["ready_for_upload", "validating", "in_progress", "cancelling"])
def test_a_cancel_is_accepted_before_the_job_has_ended(live: Live, status: str) -> None:
    world = live.load(one_job(status=status))
    client = client_of(world)
    job = client.v2.core.batch_jobs.cancel(ID)
    assert (job.id, job.object, job.status, job.livemode) == (ID, "v2.core.batch_job", "cancelling", False)
    assert job.maximum_rps == 10
    world.advance("1s")
    assert client.v2.core.batch_jobs.retrieve(ID).status == "canceled"


def test_a_cancel_of_a_canceled_job_has_its_results_as_integers(live: Live) -> None:
    world = live.load("stripe/cancel-canceled")
    job = client_of(world).v2.core.batch_jobs.cancel(ID)
    assert job.status == "canceled"
    canceled = job.status_details.canceled  # type: ignore[union-attr]
    assert (canceled.success_count, canceled.failure_count) == (30, 5)  # type: ignore[union-attr]
    assert canceled.output_file.size == 2048  # type: ignore[union-attr]
    assert canceled.output_file.download_url.expires_at == "2026-03-09T22:05:31.000Z"  # type: ignore[union-attr]


@pytest.mark.parametrize("status", ENDED)
def test_a_cancel_of_a_job_that_has_ended_raises_what_the_client_knows(live: Live, status: str) -> None:
    world = live.load(one_job(status=status))
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client_of(world).v2.core.batch_jobs.cancel(ID)
    error = refused.value
    assert (error.http_status, error.code) == (400, "batch_api_non_cancellable_job")
    assert named_job(error) == ID
    assert error.request_id is not None
    assert error.request_id.startswith("req_")
    assert world.state()["stripe"]["batch_jobs"][0]["status"] == status


@pytest.mark.parametrize("call", ["cancel", "retrieve"])
def test_an_unknown_job_raises_what_the_client_knows(live: Live, call: str) -> None:
    client = client_of(live.load({}))
    with pytest.raises(stripe.InvalidRequestError) as refused:
        getattr(client.v2.core.batch_jobs, call)("batchv2_none")
    error = refused.value
    assert (error.http_status, error.code) == (404, "batch_job_not_found")
    assert named_job(error) == "batchv2_none"


def test_a_bad_key_raises_an_authentication_error(live: Live) -> None:
    world = live.load(one_job(status="in_progress") | {"credentials": {"stripe": ["sk_test_good"]}})
    with pytest.raises(stripe.AuthenticationError) as refused:
        client_of(world).v2.core.batch_jobs.cancel(
            ID, options={"api_key": "sk_test_bad", "headers": {"Emulator-World": world.id}}
        )
    assert refused.value.http_status == 401
    assert world.state()["stripe"]["batch_jobs"][0]["status"] == "in_progress"


def test_counts_grow_as_integers_while_the_clock_is_advanced(live: Live) -> None:
    world = live.load(one_job(status="in_progress", rows=100, failing_rows=10))
    client = client_of(world)
    seen = []
    for _ in range(4):
        progress = client.v2.core.batch_jobs.retrieve(ID).status_details.in_progress  # type: ignore[union-attr]
        seen.append((progress.success_count, progress.failure_count))  # type: ignore[union-attr]
        world.advance("2s")
    assert seen == [(0, 0), (18, 2), (36, 4), (54, 6)]
    world.advance("2s")
    job = client.v2.core.batch_jobs.retrieve(ID)
    assert job.status == "complete"
    complete = job.status_details.complete  # type: ignore[union-attr]
    assert (complete.success_count, complete.failure_count) == (90, 10)  # type: ignore[union-attr]
    assert complete.output_file.size == 8500  # type: ignore[union-attr]


def test_a_key_that_is_used_again_cancels_once_and_shows_the_job_as_it_is_now(live: Live) -> None:
    world = live.load(one_job(status="in_progress", rows=100, success_count=30, failure_count=5))
    client = client_of(world)
    first = client.v2.core.batch_jobs.cancel(ID, options={"idempotency_key": "once"})
    world.advance("1s")
    again = client.v2.core.batch_jobs.cancel(ID, options={"idempotency_key": "once"})
    assert (first.status, again.status) == ("cancelling", "canceled")
    assert again.last_response.idempotency_key == "once"  # type: ignore[union-attr]
    assert first.last_response.request_id != again.last_response.request_id  # type: ignore[union-attr]


def test_a_key_that_is_used_for_another_job_raises_an_idempotency_error(live: Live) -> None:
    jobs = [{"id": "first", "status": "in_progress"}, {"id": "second", "status": "in_progress"}]
    client = client_of(live.load({"given": {"stripe": {"batch_jobs": jobs}}}))
    client.v2.core.batch_jobs.cancel("first", options={"idempotency_key": "once"})
    with pytest.raises(stripe.IdempotencyError) as refused:
        client.v2.core.batch_jobs.cancel("second", options={"idempotency_key": "once"})
    assert (refused.value.http_status, refused.value.code) == (409, "idempotency_error")


def test_a_client_that_retries_survives_an_answer_that_says_busy(live: Live) -> None:
    busy = {"at": "stripe.batch_jobs.cancel", "times": 1, "status": 503, "body": {"error": {"message": "busy"}}}
    world = live.load(one_job(status="in_progress") | {"replies": [busy]})
    job = client_of(world).v2.core.batch_jobs.cancel(ID, options={"max_network_retries": 1})
    assert job.status == "cancelling"
