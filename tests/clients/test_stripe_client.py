"""The unmodified Stripe client over a real socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
import stripe

from emulator.vendors.stripe.model.versions import WITHOUT_RPS
from tests.support.server import Live, World

ID = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
START = {"start": "2026-03-09T20:55:31Z"}
TYPED = {"stripe.idempotency-error-type": "emit"}
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
    assert getattr(job, "maximum_rps", None) == (10 if stripe.api_version < WITHOUT_RPS else None)
    world.advance("1s")
    assert client.v2.core.batch_jobs.retrieve(ID).status == "canceled"


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:httpx")  # the client hands httpx its certificates the old way
def test_the_client_may_await(live: Live) -> None:
    world = live.load(one_job(status="in_progress"))

    async def cancel() -> str:
        http_client = stripe.HTTPXClient()
        client = stripe.StripeClient(
            world.stripe["api_key"], base_addresses={"api": world.stripe["url"]}, http_client=http_client
        )
        job = await client.v2.core.batch_jobs.cancel_async(ID)
        await http_client.close_async()  # type: ignore[no-untyped-call]
        return job.status

    assert asyncio.run(cancel()) == "cancelling"


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
    with pytest.raises(stripe.InvalidRequestError) as excinfo:
        client_of(world).v2.core.batch_jobs.cancel(ID)
    error = excinfo.value
    assert (error.http_status, error.code) == (400, "batch_api_non_cancellable_job")
    assert named_job(error) == ID
    assert error.request_id is not None
    assert error.request_id.startswith("req_")
    assert world.state()["stripe"]["batch_jobs"][0]["status"] == status


@pytest.mark.parametrize("call", ["cancel", "retrieve"])
def test_an_unknown_job_raises_what_the_client_knows(live: Live, call: str) -> None:
    client = client_of(live.load({}))
    with pytest.raises(stripe.InvalidRequestError) as excinfo:
        getattr(client.v2.core.batch_jobs, call)("batchv2_none")
    error = excinfo.value
    assert (error.http_status, error.code) == (404, "batch_job_not_found")
    assert named_job(error) == "batchv2_none"


def test_a_bad_key_raises_an_authentication_error(live: Live) -> None:
    world = live.load(one_job(status="in_progress") | {"credentials": {"stripe": ["sk_test_good"]}})
    with pytest.raises(stripe.AuthenticationError) as excinfo:
        client_of(world).v2.core.batch_jobs.cancel(
            ID, options={"api_key": "sk_test_bad", "headers": {"Emulator-World": world.id}}
        )
    assert excinfo.value.http_status == 401
    assert world.state()["stripe"]["batch_jobs"][0]["status"] == "in_progress"


def test_counts_grow_as_integers_while_the_clock_is_advanced(live: Live) -> None:
    world = live.load(one_job(status="in_progress", rows=100, failing_rows=10))
    client = client_of(world)
    counts = []
    for _ in range(4):
        progress = client.v2.core.batch_jobs.retrieve(ID).status_details.in_progress  # type: ignore[union-attr]
        counts.append((progress.success_count, progress.failure_count))  # type: ignore[union-attr]
        world.advance("2s")
    assert counts == [(0, 0), (18, 2), (36, 4), (54, 6)]
    world.advance("2s")
    job = client.v2.core.batch_jobs.retrieve(ID)
    assert job.status == "complete"
    complete = job.status_details.complete  # type: ignore[union-attr]
    assert (complete.success_count, complete.failure_count) == (90, 10)  # type: ignore[union-attr]
    assert complete.output_file.size == 9240  # type: ignore[union-attr]


def test_a_key_that_is_used_again_cancels_once_and_shows_the_job_as_it_is_now(live: Live) -> None:
    world = live.load(one_job(status="in_progress", rows=100, success_count=30, failure_count=5))
    client = client_of(world)
    first = client.v2.core.batch_jobs.cancel(ID, options={"idempotency_key": "once"})
    world.advance("1s")
    again = client.v2.core.batch_jobs.cancel(ID, options={"idempotency_key": "once"})
    assert (first.status, again.status) == ("cancelling", "canceled")
    assert again.last_response.idempotency_key == "once"  # type: ignore[union-attr]
    assert first.last_response.request_id != again.last_response.request_id  # type: ignore[union-attr]


@pytest.mark.parametrize(("assume", "error"), [({}, stripe.APIError), (TYPED, stripe.IdempotencyError)])
def test_a_key_that_is_used_for_another_job_raises_an_error_by_its_type(
    live: Live, assume: dict[str, str], error: type[stripe.StripeError]
) -> None:
    jobs = [{"id": "first", "status": "in_progress"}, {"id": "second", "status": "in_progress"}]
    client = client_of(live.load({"given": {"stripe": {"batch_jobs": jobs}}, "assume": assume}))
    client.v2.core.batch_jobs.cancel("first", options={"idempotency_key": "once"})
    with pytest.raises(error) as excinfo:
        client.v2.core.batch_jobs.cancel("second", options={"idempotency_key": "once"})
    assert (excinfo.value.http_status, excinfo.value.json_body["error"]["code"]) == (409, "idempotency_error")  # type: ignore[index]


def test_a_client_that_retries_survives_an_answer_that_says_busy(live: Live) -> None:
    busy = {"at": "stripe.batch_jobs.cancel", "times": 1, "status": 503, "body": {"error": {"message": "busy"}}}
    world = live.load(one_job(status="in_progress") | {"replies": [busy]})
    job = client_of(world).v2.core.batch_jobs.cancel(ID, options={"max_network_retries": 1})
    assert job.status == "cancelling"


CREATE: Any = {
    "endpoint": {"path": "/v1/customers/:customer", "http_method": "post"},
    "metadata": {"run": "1"},
    "skip_validation": False,
}
OCTETS = {"Content-Type": "application/octet-stream"}


def lines_of(count: int) -> bytes:
    rows = ({"id": f"req_{n}", "path_params": {"customer": f"cus_{n}"}, "params": {"name": "Jenny"}} for n in range(count))
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_a_job_lives_its_whole_life(live: Live) -> None:
    failing = [{"ids": ["req_3"], "code": "resource_missing", "status": 404}, {"share": "10%"}]
    world = live.load({"clock": START, "given": {"stripe": {"failing": failing}}})
    client = client_of(world)
    job: Any = client.v2.core.batch_jobs.create(CREATE)
    assert (job.status, job.metadata.run, job.skip_validation) == ("ready_for_upload", "1", False)
    link = job.status_details.ready_for_upload.upload_url
    assert link.expires_at == "2026-03-09T21:00:31.000Z"
    response = httpx.put(link.url, content=lines_of(40), headers=OCTETS)
    assert (response.status_code, response.content) == (200, b"")
    world.advance("2500ms")
    job = client.v2.core.batch_jobs.retrieve(job.id)
    assert (job.status, job.status_details.validating.validated_count) == ("validating", 20)
    world.advance("2500ms")
    world.advance("2s")
    job = client.v2.core.batch_jobs.retrieve(job.id)
    progress = job.status_details.in_progress
    assert progress.success_count + progress.failure_count == 20
    world.advance("2s")
    job = client.v2.core.batch_jobs.retrieve(job.id)
    complete = job.status_details.complete
    assert (job.status, complete.success_count, complete.failure_count) == ("complete", 35, 5)
    results = httpx.get(complete.output_file.download_url.url)
    assert results.headers["content-type"] == complete.output_file.content_type
    assert len(results.content) == complete.output_file.size
    rows = [json.loads(line) for line in results.text.splitlines()]
    assert sorted(row["id"] for row in rows) == sorted(f"req_{n}" for n in range(40))
    assert [row["id"] for row in rows] != [f"req_{n}" for n in range(40)]
    assert {row["id"] for row in rows if row["status"] != 200} == {"req_3", "req_9", "req_19", "req_29", "req_39"}
    assert next(row for row in rows if row["id"] == "req_3")["response"]["error"]["code"] == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError) as excinfo:
        client.v2.core.batch_jobs.cancel(job.id)
    assert excinfo.value.code == "batch_api_non_cancellable_job"


def test_a_create_is_refused_with_what_the_client_knows(live: Live) -> None:
    forbidden = {"unauthorized_endpoints": [{"path": "/v1/promotion_codes"}]}
    client = client_of(live.load({"given": {"stripe": {"account": forbidden}}}))
    refusals = {
        "/v1/charges": "batch_api_unsupported_endpoint",
        "/v1/promotion_codes": "auth_unauthorized_endpoint",
    }
    for path, code in refusals.items():
        endpoint: Any = {"path": path, "http_method": "post"}
        with pytest.raises(stripe.InvalidRequestError) as excinfo:
            client.v2.core.batch_jobs.create(CREATE | {"endpoint": endpoint})
        assert (excinfo.value.http_status, excinfo.value.code) == (400, code)
        assert excinfo.value.json_body["error"]["endpoint"] == {"path": path, "http_method": "post"}  # type: ignore[index]
    with pytest.raises(stripe.InvalidRequestError) as invalid:
        client.v2.core.batch_jobs.create(CREATE | {"maximum_rps": 1000})
    assert invalid.value.code == "invalid_fields"


def test_events_are_fetched_listed_and_lead_to_their_job(live: Live) -> None:
    world = live.load({"clock": START})
    client = client_of(world)
    job: Any = client.v2.core.batch_jobs.create(CREATE, options={"idempotency_key": "mine"})
    client.v2.core.batch_jobs.cancel(job.id)
    world.advance("1s")
    params: Any = {"object_id": job.id, "limit": 1}
    events = list(client.v2.core.events.list(params).auto_paging_iter())  # type: ignore[no-untyped-call]
    words = ["canceled", "updated", "ready_for_upload", "created"]
    assert [event.type for event in events] == [f"v2.core.batch_job.{word}" for word in words]
    event: Any = client.v2.core.events.retrieve(events[-1].id)
    assert event.reason["request"].idempotency_key == "mine"
    assert event.reason["request"].id == job.last_response.request_id
    assert event.fetch_related_object().status == "canceled"
    filter: Any = {"types": ["v2.core.batch_job.updated", "v2.core.batch_job.created"], "created": {"gte": START["start"]}}
    assert len(client.v2.core.events.list(filter).data) == 2


def test_event_destinations_live_their_life(live: Live) -> None:
    client = client_of(live.load({}))
    filter: Any = {
        "name": "Mine",
        "type": "webhook_endpoint",
        "event_payload": "thin",
        "enabled_events": ["v2.core.batch_job.completed"],
        "webhook_endpoint": {"url": "https://example.com/hook"},
        "include": ["webhook_endpoint.signing_secret", "webhook_endpoint.url"],
    }
    destinations = client.v2.core.event_destinations
    destination: Any = destinations.create(filter)
    assert destination.webhook_endpoint.signing_secret.startswith("whsec_")
    assert destination.webhook_endpoint.url == "https://example.com/hook"
    assert destinations.disable(destination.id).status_details.disabled.reason == "user"  # type: ignore[union-attr]
    assert destinations.enable(destination.id).status == "enabled"
    assert destinations.update(destination.id, {"name": "Ours"}).name == "Ours"
    assert [item.id for item in destinations.list().data] == [destination.id]
    ping: Any = destinations.ping(destination.id)
    assert (ping.type, ping.related_object.id) == ("v2.core.event_destination.ping", destination.id)
    assert destinations.delete(destination.id).id == destination.id
    with pytest.raises(stripe.InvalidRequestError) as excinfo:
        destinations.retrieve(destination.id)
    assert (excinfo.value.http_status, excinfo.value.code) == (404, "not_found")


def test_another_context_has_other_jobs(live: Live) -> None:
    client = client_of(live.load({}))
    job = client.v2.core.batch_jobs.create(CREATE, options={"stripe_context": "acct_other"})
    assert client.v2.core.batch_jobs.retrieve(job.id, options={"stripe_context": "acct_other"}).id == job.id
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        client.v2.core.batch_jobs.retrieve(job.id)
    assert unknown.value.code == "batch_job_not_found"


def test_a_limiter_raises_a_rate_limit_error_and_a_lock_is_tried_again(live: Live) -> None:
    world = live.load(one_job(status="in_progress") | {"given": {"stripe": {"platform": {"limiting": "global-rate"}}}})
    with pytest.raises(stripe.RateLimitError) as limited:
        client_of(world).v2.core.batch_jobs.retrieve(ID, options={"max_network_retries": 2})
    assert limited.value.headers["stripe-rate-limited-reason"] == "global-rate"  # type: ignore[index]
    assert len(world.journal()) == 1
    world.set({"stripe": {"platform": {"limiting": "lock-timeout"}}})
    with pytest.raises(stripe.RateLimitError) as excinfo:
        client_of(world).v2.core.batch_jobs.retrieve(ID, options={"max_network_retries": 1})
    assert excinfo.value.request_id is None
    assert len([entry for entry in world.journal() if entry["type"] == "exchange"]) == 3


def test_a_platform_that_is_down_raises_an_api_error(live: Live) -> None:
    world = live.load({"given": {"stripe": {"platform": {"status": "down"}}}})
    with pytest.raises(stripe.APIError) as down:
        client_of(world).v2.core.batch_jobs.create(CREATE)
    assert down.value.http_status == 503
    world.set({"stripe": {"platform": {"status": "operational"}}})
    assert client_of(world).v2.core.batch_jobs.create(CREATE).status == "ready_for_upload"
