"""An idempotency key is in use while the first request that has it is held up before it takes effect."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from emulator import Emulator, EmulatorServer
from tests.support.waiting import wait_until

CREATE, CANCEL = "/v2/core/batch_jobs", "/v2/core/batch_jobs/batchv2_a/cancel"
OPERATIONS = {CREATE: "stripe.batch_jobs.create", CANCEL: "stripe.batch_jobs.cancel"}
BODIES: dict[str, dict[str, Any]] = {
    CREATE: {"endpoint": {"http_method": "post", "path": "/v1/customers/:customer"}, "metadata": {}, "skip_validation": False},
    CANCEL: {},
}
JOBS = [{"id": "batchv2_a", "status": "in_progress", "rows": 1000}]


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        yield server


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def world(server: EmulatorServer, **assume: str) -> Emulator:
    choices = {f"stripe.{name.replace('_', '-')}": choice for name, choice in assume.items()}
    return Emulator({"assume": choices, "given": {"stripe": {"batch_jobs": JOBS}}}, server=server)


def post(emulator: Emulator, path: str, key: str = "once", **headers: str) -> httpx.Response:
    usual = {
        "Authorization": f"Bearer {emulator.stripe.api_key}",
        "Stripe-Version": "2026-03-25.preview",
        "Idempotency-Key": key,
    }
    return httpx.post(f"{emulator.stripe.url}{path}", headers=usual | headers, json=BODIES[path], timeout=None)


def hold(emulator: Emulator, pool: ThreadPoolExecutor, path: str, where: str = "before-commit") -> Future[httpx.Response]:
    """A request that is held up."""
    emulator.faults.add(at=OPERATIONS[path], where=where, do="delay", delay="5m", clock="real", times=1)
    answer = pool.submit(post, emulator, path)
    wait_until(emulator.faults.held, lambda: not answer.done())
    return answer


@pytest.mark.parametrize("path", [CREATE, CANCEL])
@pytest.mark.parametrize("code", ["idempotency_error", "idempotency_key_in_use"])
def test_a_key_in_use_is_refused_until_its_first_request_has_taken_effect(
    server: EmulatorServer, pool: ThreadPoolExecutor, path: str, code: str
) -> None:
    assume = {} if code == "idempotency_error" else {"idempotency_key_in_use": code}
    with world(server, **assume) as emulator:
        first = hold(emulator, pool, path)
        response = post(emulator, path)
        assert (response.status_code, response.json()["error"]["code"]) == (409, code)
        assert response.headers["emulator-basis"] == "inferred"
        emulator.faults.clear()
        assert first.result().status_code == 200
        assert post(emulator, path).json()["id"] == first.result().json()["id"]


@pytest.mark.parametrize(
    ("key", "headers"), [("another", {}), ("once", {"Stripe-Context": "acct_theirs"})], ids=["other key", "other account"]
)
def test_another_key_or_account_is_not_in_its_way(
    server: EmulatorServer, pool: ThreadPoolExecutor, key: str, headers: dict[str, str]
) -> None:
    with world(server) as emulator:
        first = hold(emulator, pool, CREATE)
        assert post(emulator, CREATE, key, **headers).status_code == 200
        emulator.faults.clear()
        assert first.result().status_code == 200


def test_the_same_key_of_another_operation_is_not_in_use(server: EmulatorServer, pool: ThreadPoolExecutor) -> None:
    with world(server) as emulator:
        first = hold(emulator, pool, CREATE)
        assert post(emulator, CANCEL).status_code == 200
        emulator.faults.clear()
        assert first.result().status_code == 200


def test_a_request_whose_effect_is_there_is_answered_again_though_its_first_answer_is_held_up(
    server: EmulatorServer, pool: ThreadPoolExecutor
) -> None:
    with world(server) as emulator:
        first = hold(emulator, pool, CREATE, "after-commit")
        again = post(emulator, CREATE)
        emulator.faults.clear()
        assert (again.status_code, again.json()["id"]) == (200, first.result().json()["id"])


def test_both_requests_are_carried_out_in_turn_where_that_is_assumed(server: EmulatorServer, pool: ThreadPoolExecutor) -> None:
    with world(server, idempotency_key_in_use="execute") as emulator:
        first = hold(emulator, pool, CREATE)
        second = post(emulator, CREATE)
        emulator.faults.clear()
        assert (second.status_code, second.json()["id"]) == (200, first.result().json()["id"])


def test_a_key_is_free_again_once_the_request_that_used_it_is_given_up(server: EmulatorServer) -> None:
    with world(server) as emulator:
        emulator.faults.add(at=OPERATIONS[CREATE], where="before-commit", do="drop", times=1)
        with pytest.raises(httpx.RemoteProtocolError):
            post(emulator, CREATE)
        assert post(emulator, CREATE).status_code == 200
