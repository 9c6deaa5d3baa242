"""A recording plays, and shows no secret: not of a client, of a scenario, or of what a controller did."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator import Emulator
from emulator.recording.credentials import Credentials
from emulator.recording.traffic import record_har
from emulator.vendors import VENDORS
from tests.support.recordings import played, read
from tests.support.traffic import entry, har

SECRET = "S3cr3tZZQ9xyLk"
KEY, STRIPE_KEY, SIGNING = f"{SECRET}-key", f"sk_test_{SECRET}", f"whsec_{SECRET}"
URL = f"https://user:{SECRET}@h.example.com/?token={SECRET}"
SETTINGS = {"s3_access_key_id": f"{SECRET}-id", "s3_secret_access_key": SECRET, "s3_bucket_name": "b"}
SCENARIO: dict[str, Any] = {
    "title": f"A client with {STRIPE_KEY}",
    "credentials": {"serpwow": [KEY], "stripe": [STRIPE_KEY], "6dot50": [{"key": f"{SECRET}-6", "secret": SECRET}]},
    "given": {
        "serpwow": {
            "batches": [{"id": "B1", "notification_webhook": URL}],
            "destinations": [{"id": "D1", "type": "s3", "settings": SETTINGS}],
        },
        "stripe": {
            "batch_jobs": [{"id": "batchv2_A", "status": "in_progress", "metadata": {"password": SECRET}}],
            "event_destinations": [{"id": "ed_1", "signing_secret": SIGNING}],
        },
        "6dot50": {"tokens": [{"token": f"{SECRET}-token", "key": f"{SECRET}-6"}]},
    },
    "faults": [
        {
            "at": "serpwow.account.get",
            "match": {"query": {"api_key": KEY}, "headers": {"Authorization": f"Bearer {SECRET}"}},
            "where": "before-auth",
            "do": "status",
            "status": 503,
            "json": {"token": SECRET, "said": "down"},
        }
    ],
    "replies": [{"at": "serpwow.batches.stopall", "status": 200, "json": {"token": SECRET, "said": "none"}}],
    "timeline": [
        {"after": "2h", "revoke": {"stripe": [STRIPE_KEY]}},
        {"after": "2h", "set": {"6dot50": {"tokens": [{"token": f"{SECRET}-later", "key": f"{SECRET}-6"}]}}},
    ],
}
TEXTS = {
    f"https://user:{SECRET}@h.example.com/": "https://recorded1:recorded2@h.example.com/",
    f"{STRIPE_KEY} is the key": "sk_test_recorded1 is the key",
    "sk_test_": "sk_test_",
    "nothing": "nothing",
    "": "",
}
STRIPE = {"Authorization": f"Bearer {STRIPE_KEY}", "Stripe-Version": "2026-03-25.preview"}


def _send(emulator: Emulator, path: str, *, method: str = "GET", body: Any = None, **headers: str) -> int:
    with httpx.Client(transport=emulator.transport(), base_url="http://here") as client:
        return client.request(
            method, path, json=body, headers={it.replace("_", "-"): headers[it] for it in headers}
        ).status_code


def _live(emulator: Emulator) -> list[int]:
    """Use every secret of the scenario, and others that a controller sets."""
    emulator.state.change({"serpwow": {"destinations": [{"id": "D1", "settings": {"s3_secret_access_key": f"{SECRET}-new"}}]}})
    emulator.replies.add(at="serpwow.batches.start", status=200, match={"query": {"api_key": KEY}}, json={"password": SECRET})
    emulator.timeline.add(after="3h", revoke={"serpwow": [KEY]})
    statuses = [
        _send(emulator, f"/live/account?api_key={KEY}", Authorization=f"Bearer {SECRET}"),
        _send(emulator, f"/live/account?api_key={KEY}"),
        _send(emulator, f"/live/batches/stopall?api_key={KEY}"),
        _send(emulator, f"/live/batches/B1/start?api_key={KEY}"),
        _send(emulator, f"/live/destinations/D1?api_key={KEY}", method="PUT", body=SETTINGS),
        _send(emulator, "/v2/core/batch_jobs/batchv2_A", **STRIPE),
        _send(emulator, "/za/pay/accounts", Authorization=f"Bearer {SECRET}-token", Emulator_World=emulator.id),
        _send(emulator, "/za/pay/authentication/getToken", method="POST", body={"key": f"{SECRET}-6", "secret": SECRET}),
    ]
    emulator.clock.advance("4h")
    return [
        *statuses,
        _send(emulator, "/v2/core/batch_jobs/batchv2_A", **STRIPE),
        _send(emulator, f"/live/account?api_key={KEY}"),
    ]


def test_what_a_scenario_and_a_controller_have_is_hidden_and_the_recording_plays() -> None:
    with Emulator(SCENARIO) as emulator:
        assert _live(emulator) == [503, 200, 200, 200, 200, 200, 200, 200, 401, 401]
        text = emulator.record(title=f"A story of {STRIPE_KEY}")
    assert SECRET[4:] not in text
    again = played(read(text))
    assert again.differences == []
    assert again.recording == text


def test_a_secret_has_the_same_text_in_its_place_everywhere() -> None:
    with Emulator(SCENARIO) as emulator:
        _live(emulator)
        lines = emulator.record().splitlines()
    key = lines[1].partition("serpwow: [")[2].partition("]")[0]
    assert sum(f"api_key={key}" in line for line in lines) == 6
    assert any(f"revoke: {{serpwow: [{key}]}}" in line for line in lines)
    assert any(f"query: {{api_key: {key}}}" in line for line in lines)


@pytest.mark.parametrize("name", [SECRET, f"made by {SECRET}"])
def test_a_secret_that_a_name_tells_is_hidden_where_it_is_one(name: str) -> None:
    """In the name it is a text as any other."""
    batch = {"id": "B1", "name": name, "status": "idle"}
    url = f"https://api.serpwow.com/live/batches/B1?api_key={SECRET}"
    account = {"id": "f945d71c-b00f-4e77-8175-253093157a2f", "name": name, "balance": 1.5}
    accounts = "https://x.6dot50.com/za/pay/accounts"
    text = record_har(
        har(
            entry("GET", url, reply={"request_info": {"success": True}, "batch": batch}),
            entry("GET", accounts, headers={"Authorization": f"Bearer {SECRET}"}, reply=[account]),
        ),
        VENDORS,
    ).recording.text
    shown = [line for line in text.splitlines() if SECRET in line]
    assert shown
    assert all(f"name: {name}" in line for line in shown)


def test_a_secret_of_a_client_is_hidden_that_a_scenario_has_as_a_name() -> None:
    with Emulator({"title": "A", "given": {"serpwow": {"batches": [{"id": "B1", "name": SECRET}]}}}) as emulator:
        _send(emulator, f"/live/batches/B1?api_key={SECRET}")
        _send(emulator, f"/live/batches?api_key={SECRET}", method="POST", body={"name": "n", "password": SECRET})
        text = emulator.record()
    assert all(f"name: {SECRET}" in line for line in text.splitlines() if SECRET in line)
    assert played(read(text)).differences == []


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_keeps_what_is_no_secret_in_it(text: str) -> None:
    assert Credentials({}, lambda _vendor, _credential: True, ()).hide({"name": text}) == {"name": TEXTS[text]}
