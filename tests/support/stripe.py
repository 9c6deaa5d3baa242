"""Stripe without HTTP in between: worlds of batch jobs, and requests to them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from emulator.kernel.world import World
from emulator.sdk.request import Request, read_request
from emulator.sdk.response import Response
from emulator.vendors.stripe import STRIPE
from emulator.web.pipeline import carry_out
from tests.support.loading import load_value

ID = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
START = "2026-03-09T20:55:31Z"
OPERATIONS = {operation.name: operation for operation in STRIPE.operations}
COUNTS = ("success_count", "failure_count", "validated_count")
Written = dict[str, Any]


def world_of(*jobs: Written, **more: Any) -> World:
    scenario = {"title": "A test", "clock": {"start": START}, "given": {"stripe": {"batch_jobs": list(jobs)}}, **more}
    return load_value(scenario, {"stripe": STRIPE}).world({"stripe": STRIPE}, "test")


def state_of(world: World) -> list[Written]:
    with world.transaction("look") as tx:
        jobs: list[Written] = STRIPE.state.dump(tx)["batch_jobs"]
        return jobs


def request_of(verb: str, id: str = ID, key: str = "") -> Request:
    headers = [(b"idempotency-key", key.encode())] if key else []
    call = read_request(
        "POST", f"/v2/core/batch_jobs/{id}/{verb}", headers=[(b"stripe-version", b"2026-03-25.preview"), *headers]
    )
    call.parameters, call.operation_name = {"id": id}, f"stripe.batch_jobs.{verb}"
    return call


def send(world: World, verb: str, key: str = "") -> Response:
    call = request_of(verb, key=key)
    with world.transaction(verb, call) as tx:
        answer = carry_out(STRIPE, tx, call, OPERATIONS[f"stripe.batch_jobs.{verb}"])
        return STRIPE.renderers[answer.name](tx, call, answer.subject)


@st.composite
def working_jobs(draw: st.DrawFn) -> Written:
    rows = draw(st.integers(0, 300))
    failing = draw(st.integers(0, rows))
    job = {"id": ID, "rows": rows, "failing_rows": failing, "maximum_rps": draw(st.integers(1, 100))}
    if draw(st.booleans()):
        rows = max(rows, 1)
        return job | {"rows": rows, "status": "validating", "validated_count": draw(st.integers(0, rows))}
    success, failure = draw(st.integers(0, rows - failing)), draw(st.integers(0, failing))
    return job | {"status": "in_progress", "success_count": success, "failure_count": failure}


DURATIONS = st.integers(0, 20_000).map(lambda n: f"{n}ms")
TIMINGS = st.fixed_dictionaries({}, optional={"stripe.validation": DURATIONS, "stripe.processing": DURATIONS})


def list_events(world: World, query: str) -> Response:
    call = read_request("GET", "/v2/core/events", query, [(b"stripe-version", b"2026-03-25.preview")])
    with world.transaction("list") as tx:
        answer = carry_out(STRIPE, tx, call, OPERATIONS["stripe.events.list"])
        return STRIPE.renderers[answer.name](tx, call, answer.subject)
