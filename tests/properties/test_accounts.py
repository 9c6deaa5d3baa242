"""What one account of a vendor does is nothing to another one in the same world: that lives as if it were alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator import Emulator, EmulatorServer

LIMIT = 400
BUCKET = {
    "name": "N",
    "type": "s3",
    "enabled": True,
    "s3_access_key_id": "k",
    "s3_secret_access_key": "s",
    "s3_bucket_name": "b",
}
MINUTELY = {"schedule_type": "minutes", "schedule_minutes": "every_minute"}
STATUSES = ("idle", "queued", "running", "queued", "running", "running", "queued")
JOB_STATUSES = ("ready_for_upload", "validating", "in_progress", "cancelling", "complete")
PAYEE = "27821231234"
HEADERS = {"Stripe-Version": "2026-03-25.preview", "Idempotency-Key": "same"}
ENDPOINT = {"http_method": "post", "path": "/v1/customers/:customer"}


def batches_of(account: str) -> list[dict[str, Any]]:
    """Return batches in every status, more than there are slots, which are uploaded to the destinations of both accounts."""
    common = {"account": account, "searches": 10, "destination_ids": ["AAAAAAA", "BBBBBBB"]}
    batches = [{"id": f"{account}{n}", "status": status, **common} for n, status in enumerate(STATUSES)]
    return [*batches, {"id": f"{account}s", **common, "searches": 1, **MINUTELY}]


def jobs_of(account: str) -> list[dict[str, Any]]:
    ids = {status: f"batchv2_{account}{status.replace('_', '')}" for status in JOB_STATUSES}
    return [{"id": id, "account": f"acct_{account}", "status": status} for status, id in ids.items()]


def guid(account: str, n: int = 0) -> str:
    return f"{account * 8}-b00f-4e77-8175-25309315{n:04}"


def payouts_of(organisation: str) -> list[dict[str, Any]]:
    """Return batches in draft with a member and another as payees, each with the same externalId as one of the other's."""
    payees = [(PAYEE, 30), ("27829999999", 20)]
    return [
        {
            "id": guid(organisation, n),
            "organisation": organisation,
            "externalId": f"X{n}",
            "payments": [
                {"id": guid(organisation, 10 * n + 5 + m), "msisdn": it, "amount": of} for m, (it, of) in enumerate(payees)
            ],
        }
        for n in range(2)
    ]


def scenario_of(*active: str) -> dict[str, Any]:
    """Return a scenario with two accounts of each vendor, of which the active ones have something."""
    serpwow = {
        "accounts": [{"id": id, "credits_limit": LIMIT} for id in "ab"],
        "destinations": [{"id": id.upper() * 7, "account": id} for id in active],
        "error_logs": [{"id": f"log-{id}", "account": id} for id in active],
        "batches": [batch for id in active for batch in batches_of(id)],
    }
    stripe = {
        "accounts": [{"id": f"acct_{id}"} for id in "ab"],
        "batch_jobs": [job for id in active for job in jobs_of(id)],
        "event_destinations": [{"id": f"ed_{id}", "account": f"acct_{id}", "signing_secret": "whsec_x"} for id in active],
    }
    pay = {
        "organisations": [{"id": id} for id in "ab"],
        "members": [PAYEE],
        "accounts": [{"id": guid(id, 99), "organisation": id, "balance": 100} for id in "ab"],
        "batches": [batch for id in active for batch in payouts_of(id)],
    }
    return {"clock": {"start": "2026-03-30T23:59:50Z"}, "given": {"serpwow": serpwow, "stripe": stripe, "6dot50": pay}}


SCENARIO, ALONE = scenario_of("a", "b"), scenario_of("b")


class Call(NamedTuple):
    """A request of a client that has the keys of the first account of each vendor; it knows the ids of both."""

    method: str
    path: str
    json: Any = None


batches = st.sampled_from([it["id"] for it in SCENARIO["given"]["serpwow"]["batches"]])
jobs = st.sampled_from([it["id"] for it in SCENARIO["given"]["stripe"]["batch_jobs"]])
buckets = st.sampled_from(["AAAAAAA", "BBBBBBB"])
receivers = st.sampled_from(["ed_a", "ed_b"])
calls = st.one_of(
    st.sampled_from([Call("GET", f"/live/{it}") for it in ("batches/stopall", "batches", "account", "errorlogs")]),
    st.builds(
        lambda id, verb: Call("GET", f"/live/batches/{id}/{verb}"), batches, st.sampled_from(["start", "stop", "results"])
    ),
    st.builds(lambda id: Call("PUT", f"/live/batches/{id}", {"name": "Mine", "priority": "highest"}), batches),
    st.builds(lambda id: Call("DELETE", f"/live/batches/{id}?force=true"), batches),
    st.builds(lambda id: Call("DELETE", f"/live/batches/{id}/clear"), batches),
    st.builds(lambda n: Call("POST", "/live/batches", {"name": "New", "searches": [{"q": "x"}] * n}), st.integers(0, 9)),
    st.builds(lambda id, method: Call(method, f"/live/destinations/{id}", BUCKET), buckets, st.sampled_from(["PUT", "DELETE"])),
    st.just(Call("POST", "/live/destinations", BUCKET)),
    st.builds(lambda id: Call("POST", f"/v2/core/batch_jobs/{id}/cancel"), jobs),
    st.just(Call("POST", "/v2/core/batch_jobs", {"metadata": {}, "endpoint": ENDPOINT})),
    st.builds(lambda id: Call("POST", f"/v2/core/event_destinations/{id}", {"name": "Mine"}), receivers),
    st.builds(lambda id: Call("DELETE", f"/v2/core/event_destinations/{id}"), receivers),
    st.builds(lambda id: Call("POST", f"/v2/core/event_destinations/{id}/disable"), receivers),
)
payouts = st.sampled_from([guid(id, n) for id in "ab" for n in range(2)])
calls |= st.one_of(
    st.builds(lambda id, verb: Call("POST", f"/za/pay/batches/{id}/{verb}"), payouts, st.sampled_from(["submit", "cancel"])),
    st.builds(lambda id: Call("PUT", f"/za/pay/batches/{id}", {"name": "Mine", "externalId": "Y"}), payouts),
    st.builds(lambda id: Call("POST", f"/za/pay/batches/{id}/payments", {"clearExisting": True, "payments": []}), payouts),
    st.just(Call("POST", "/za/pay/batches", {"name": "New", "externalId": "Z"})),
)
jumps = st.integers(0, 15) | st.sampled_from([60, 86_400])


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        yield server


def send(emulator: Emulator, call: Call) -> None:
    stripe = {**HEADERS, "Authorization": f"Bearer {emulator.stripe.api_key}"}
    with httpx.Client(transport=emulator.transport(), base_url="http://here") as client:
        if call.path.startswith("/za/pay"):
            pay = {"key": emulator.sixdot50.key, "secret": emulator.sixdot50.secret}
            token = client.post("/za/pay/authentication/getToken", json=pay).json()["token"]
            client.request(call.method, call.path, json=call.json, headers={"Authorization": f"Bearer {token}"})
        elif call.path.startswith("/live"):
            url = httpx.URL(call.path).copy_merge_params({"api_key": emulator.serpwow.api_key})
            client.request(call.method, url, json=call.json)
        else:
            client.request(call.method, call.path, json=call.json, headers=stripe)


def life_of(emulator: Emulator, account: str) -> dict[str, Any]:
    """Return all that the state has of one account of each vendor."""
    of, state = {"serpwow": account, "stripe": f"acct_{account}", "6dot50": account}, emulator.ask("GET", "/state")
    lists = {
        f"{vendor} {part}": [it for it in items if isinstance(it, dict)]
        for vendor in of
        for part, items in state[vendor].items()
        if isinstance(items, list)
    }
    owned = {
        name: [it for it in items if of[name.split()[0]] in (it.get("account"), it.get("organisation"), it.get("id"))]
        for name, items in lists.items()
    }
    return {name: items for name, items in owned.items() if items}


def without_ids(life: dict[str, Any]) -> dict[str, Any]:
    """Return a life without the ids of events, which are made of one sequence for all accounts."""
    return life | {"stripe events": [{**it, "id": None} for it in life.get("stripe events", ())]}


@settings(max_examples=12)
@given(history=st.lists(calls | jumps, max_size=12))
def test_an_account_lives_as_if_it_were_alone_whatever_another_one_does(
    server: EmulatorServer, history: list[Call | int]
) -> None:
    with Emulator(SCENARIO, server=server) as busy, Emulator(ALONE, server=server) as still:
        for step in history:
            if isinstance(step, Call):
                before = life_of(busy, "b")
                send(busy, step)
                assert life_of(busy, "b") == before
            else:
                busy.clock.advance(step)
                still.clock.advance(step)
        assert without_ids(life_of(busy, "b")) == without_ids(life_of(still, "b"))


@settings(max_examples=12)
@given(history=st.lists(calls | jumps, max_size=12))
def test_credits_of_each_account_add_up_in_any_history(server: EmulatorServer, history: list[Call | int]) -> None:
    with Emulator(SCENARIO, server=server) as emulator:
        for step in history:
            send(emulator, step) if isinstance(step, Call) else emulator.clock.advance(step)
            for id in "ab":
                own = emulator.serpwow.as_account(id)
                account, queued = own.account, [it.allocated for it in own.batches if it.status == "queued"]
                assert account.credits_used + account.credits_remaining == LIMIT
                assert 0 <= sum(queued) <= account.credits_used
                assert sum(account.usage.values()) == account.credits_used + account.credits_returned
