"""What an explanation, the journal and a dry run say of an exchange is true: of who answered, of what still waits, of where."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from emulator import Emulator, EmulatorServer
from emulator.client.transport import InProcess
from emulator.kernel.limits import Limits
from emulator.server.app import create_app, worlds_of
from tests.support.held import ANYWHERE, SCENARIO, hold, over_a_socket
from tests.support.loading import LIBRARY

DEFAULT = "/_emulator/worlds/default"
STOP = "serpwow.batches.stop"
TARGET = "/live/batches/CAC8651D/stop?api_key=demo"
STRIPE = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview"}
JOB = {"metadata": {}, "endpoint": {"path": "/v1/customers/:customer", "http_method": "post"}, "skip_validation": False}


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    app = create_app(worlds_of([LIBRARY.get("first-run")]))
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1:8080") as client:
        yield client


def explanation_of(client: httpx.Client, n: int | str = "last") -> Any:
    return client.get(f"{DEFAULT}/journal/{n}/explain").json()


@pytest.mark.parametrize(
    ("request_options", "basis"),
    [
        ({}, "inferred"),
        ({"faults": [{"at": STOP, "where": "before-auth", "do": "status", "status": 503}]}, None),
        ({"faults": [{"at": STOP, "where": "after-commit", "do": "status", "status": 503}]}, None),
        ({"replies": [{"at": STOP, "status": 503}]}, None),
    ],
)
def test_only_an_answer_of_the_vendors_own_has_a_basis_in_the_journal(
    client: httpx.Client, request_options: dict[str, Any], basis: str | None
) -> None:
    client.post(f"{DEFAULT}/reset", json={"scenario": {"title": "A test", **request_options}})
    reply = client.get(TARGET)
    assert reply.headers.get("emulator-basis") == basis
    (entry,) = client.get(f"{DEFAULT}/journal").json()["entries"]
    assert (entry["basis"], explanation_of(client)["basis"]) == (basis, basis)


def test_a_reply_of_a_scenario_that_was_sent_is_placed_in_it(client: httpx.Client) -> None:
    story = f"title: A\ncredentials: {{serpwow: [sent]}}\nreplies:\n  - {{at: {STOP}, status: 503}}\n"
    response = client.post("/_emulator/worlds", content=story, headers={"content-type": "application/yaml"})
    client.get("/live/batches/B/stop?api_key=sent")
    explanation = client.get(f"/_emulator/worlds/{response.json()['id']}/journal/1/explain").json()
    assert explanation["scripted"] == "line 4 of the scenario that was sent"


def test_rows_that_are_left_out_are_counted_as_far_as_they_are_known(client: httpx.Client) -> None:
    client.post("/za/pay/batches/f945d71c-b00f-4e77-8175-253093157a2f/cancel", headers={"Authorization": "Bearer demo"})
    assert "  row         and at least 90 more\n" in explanation_of(client)["text"]


@pytest.mark.parametrize("empty", [{"where": "before-auth"}, None])
def test_an_empty_journal_says_no_more_than_that(client: httpx.Client, empty: Any) -> None:
    if empty:
        client.get(TARGET)
        client.delete(f"{DEFAULT}/journal")
    assert explanation_of(client)["detail"] == "this journal has no entry of an exchange: it is empty"


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"url": "/live/account?api_key=sk_live_1234"}, "/url"),
        ({"url": "/live/account?api_key=sk%5Flive_1234"}, "/url"),
        ({"url": "/v2/core/batch_jobs/x", "headers": {"Authorization": "Bearer sk_live_1234"}}, "/headers"),
    ],
)
def test_a_dry_run_points_at_the_live_key(client: httpx.Client, wish: dict[str, Any], pointer: str) -> None:
    body = client.post(f"{DEFAULT}/dry-run", json={"method": "GET", **wish}).json()
    assert [error["pointer"] for error in body["errors"]] == [pointer]


@pytest.mark.parametrize("where", ANYWHERE)
def test_a_request_that_is_held_up_is_explained_as_such(where: str) -> None:
    with EmulatorServer() as server, Emulator(SCENARIO, server=server) as emulator, ThreadPoolExecutor(1) as pool:
        answer = hold(emulator, pool, over_a_socket, where, "hang")
        explanation = emulator.ask("GET", "/journal/last/explain")
        assert (explanation["delivered"], explanation["held"]) == (None, "fault-1")
        assert "not yet: fault-1 holds it up" in explanation["text"]
        assert not {"no answer", "did not get"} & {part for part in ("no answer", "did not get") if part in explanation["text"]}
        emulator.faults.remove("fault-1")
        assert answer.result().status_code == 200
        explanation = emulator.ask("GET", "/journal/last/explain")
    assert (explanation["delivered"], explanation["held"]) == (True, None)


@pytest.mark.parametrize("encoding", [{}, {"Content-Encoding": "gzip"}])
def test_a_compressed_upload_is_kept_as_it_is_and_named(client: httpx.Client, encoding: dict[str, str]) -> None:
    job = client.post("/v2/core/batch_jobs", json=JOB, headers=STRIPE).json()
    link = job["status_details"]["ready_for_upload"]["upload_url"]["url"]
    headers = {"Content-Type": "application/octet-stream", **encoding}
    response = client.put(link, content=gzip.compress(b'{"id": "a"}\n'), headers=headers)
    assert (response.status_code, "emulator-error" in response.headers) == (200, False)
    assert "the body is compressed (Content-Encoding: gzip), and nothing here decodes it" in explanation_of(client)["text"]
    client.post(f"{DEFAULT}/clock/advance", json={"until": "idle"})
    assert client.get(f"/v2/core/batch_jobs/{job['id']}", headers=STRIPE).json()["status"] == "validation_failed"


def test_the_journal_keeps_the_beginning_of_a_file_that_is_uploaded(client: httpx.Client) -> None:
    job = client.post("/v2/core/batch_jobs", json=JOB, headers=STRIPE).json()
    link = job["status_details"]["ready_for_upload"]["upload_url"]["url"]
    file = b"".join(b'{"id": "row_%d", "path_params": {"customer": "cus_1"}}\n' % row for row in range(1_000))
    client.put(link, content=file, headers={"Content-Type": "application/octet-stream"})
    assert explanation_of(client)["request"]["body"] == file[: Limits().journal_bytes].decode()
    assert "compressed" not in explanation_of(client)["text"]
    client.post(f"{DEFAULT}/clock/advance", json={"until": "idle"})
    details = client.get(f"/v2/core/batch_jobs/{job['id']}", headers=STRIPE).json()["status_details"]
    assert details["complete"]["success_count"] == "1000"
