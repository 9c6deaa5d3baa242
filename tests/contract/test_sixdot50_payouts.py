"""6DOT50's payouts over a socket: exact numbers, atomic additions, what only the outside world does, and state that round-trips."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from emulator.kernel.errors import BadInput
from emulator.sdk.exact_json import dump
from emulator.vendors import VENDORS
from tests.support.loading import load_value
from tests.support.server import Live, World
from tests.support.sixdot50 import ID, OTHER_ID, PAYEE, STRANGER, batch, client_of, payment, sample, state_of


def add_payments(client: httpx.Client, *payments: dict[str, Any], clear: bool = False) -> httpx.Response:
    return client.post(f"/batches/{ID}/payments", json={"clearExisting": clear, "payments": list(payments)})


def money_of(world: World) -> Any:
    account = world.state()["6dot50"]["accounts"][0]
    return account["balance"], account["availableBalance"]


def test_a_payout_as_the_published_process_has_it(live: Live) -> None:
    world = live.load(state_of(accounts=[{"balance": 500}], members=[PAYEE]))
    with client_of(world) as client:
        response = client.post("/batches", json={"name": "Test Batch 1", "externalId": "testbatch1"})
        assert list(response.json()) == ["id", "name", "externalId", "statusCode", "createdAt"]
        assert (response.status_code, response.json()["createdAt"]) == (200, "2026-03-09T20:55:31Z")
        home = f"/batches/{response.json()['id']}"
        body = {"clearExisting": False, "payments": [payment(250), payment(250, msisdn=STRANGER)]}
        assert client.post(f"{home}/payments", json=body).json()["summary"]["paymentsCount"] == 2
        answer = client.post(f"{home}/submit").json()
        assert [payment["statusCode"] for payment in answer["payments"]] == ["SETTLED", "PENDING"]
        assert {**client.get(home).json(), "payments": client.get(f"{home}/payments").json()} == answer
        world.set({"6dot50": {"members": [STRANGER]}})
        assert client.get(home).json()["statusCode"] == "CLOSED"
    assert money_of(world) == (0, 0)


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ({"balance": 1}, "The account that pays for the batch has insufficient funds"),
        ({"active": False, "balance": 500}, "There is no active account that pays for batches"),
    ],
)
def test_an_account_that_does_not_pay_is_of_no_help(live: Live, first: dict[str, Any], message: str) -> None:
    """The second one has the funds: the answer says nothing of it, and names the fact that it does not pay."""
    second = {"name": "B", "shortName": "B1", "balance": 500, "currencyCode": "DZAR" if first.get("active", True) else "DUSD"}
    world = live.load(state_of(batch("DRAFT", payment(100)), accounts=[{"name": "A", "shortName": "A1", **first}, second]))
    with client_of(world) as client:
        reply = client.post(f"/batches/{ID}/submit")
    assert (reply.status_code, reply.json()["message"], reply.headers["emulator-basis"]) == (400, message, "inferred")
    assert "6dot50-money-4" in next(it for it in reversed(world.journal()) if it["type"] == "exchange")["also"]


def test_the_published_deletion_is_answered_to_the_letter(live: Live) -> None:
    sample_body = json.loads(sample("deleted-payment"))
    one = payment(250, id=sample_body["id"], firstname="Test", lastname="User 1", createdAt="2022-11-16T14:08:52.127Z")
    world = live.load(state_of({**batch("DRAFT", one), "id": sample_body["batchId"]}, members=[PAYEE]))
    with client_of(world) as client:
        assert client.delete(f"/payments/{sample_body['id']}").content == sample("deleted-payment")


def test_an_update_looks_like_the_published_one(live: Live) -> None:
    sample_body = json.loads(sample("update"))
    world = live.load(state_of({**batch(createdAt="2022-12-13T12:29:39.633299Z"), "id": sample_body["id"]}))
    with client_of(world) as client:
        reply = client.put(
            f"/batches/{sample_body['id']}", json={"name": sample_body["name"], "externalId": "testbatch1up"}
        ).json()
    assert list(reply) == list(sample_body)
    assert {**reply, "createdAt": ""} == {**sample_body, "createdAt": ""}
    assert sample_body["createdAt"].startswith(reply["createdAt"].rstrip("Z"))


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0.1", b"0.1"), ("1e2", b"100"), ("1E+2", b"100"), ("7.50", b"7.5"), ("900719925474099.31", b"900719925474099.31")],
)
def test_an_amount_is_read_without_a_binary_float_in_between(live: Live, amount: str, text: bytes) -> None:
    body = f'{{"clearExisting": true, "payments": [{{"msisdn": "{PAYEE}", "amount": {amount}}}]}}'
    with client_of(live.load(state_of(batch()))) as client:
        reply = client.post(f"/batches/{ID}/payments", content=body)
        assert b'"paymentsAmount":' + text + b"," in reply.content
        assert b'"amount":' + text + b"," in client.get(f"/batches/{ID}/payments").content


@pytest.mark.parametrize("amount", ["1.999", "0", "-0.0", "-1", "1e15", "1e-400", "0.001", "1e308", "9" * 300])
def test_an_amount_that_is_not_money_is_a_bad_value(live: Live, amount: str) -> None:
    body = f'{{"clearExisting": true, "payments": [{{"msisdn": "{PAYEE}", "amount": {amount}}}]}}'
    with client_of(live.load(state_of(batch()))) as client:
        (flaw,) = client.post(f"/batches/{ID}/payments", content=body).json()["validationErrors"]
    assert (flaw["index"], flaw["errorCode"], flaw["fieldName"]) == ("0", "106", "payments[0].amount")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"clearExisting": true, "payments": {}}',
        b'{"clearExisting": 1, "payments": []}',
        b'{"clearExisting": true, "payments": [7]}',
        b'{"clearExisting": true, "payments": [{"msisdn": 27821231234, "amount": 1}]}',
        b'{"clearExisting": true, "payments": [{"msisdn": "27821231234", "amount": NaN}]}',
        b'{"clearExisting": true, "payments": [{"msisdn": "27821231234", "amount": 1e999}]}',
        b'{"clearExisting": true, "payments": [{"msisdn": "27821231234", "amount": 1e-99999999999999999999}]}',
        b'{"clearExisting": true, "payments": [{"msisdn": "27821231234", "amount": ' + b"9" * 9000 + b"}]}",
        b'{"clearExisting": true, "payments": [{"msisdn": "27821231234", "amount": 1.' + b"0" * 9000 + b"}]}",
        b'{"clearExisting": true, "payments": [{"msisdn": "27821231234", "amount": 1, "firstname": "\\ud800"}]}',
        b'{"clearExisting": true, "payments": ' + b"[" * 1000 + b"]" * 1000 + b"}",
        b"\xff",
    ],
)
def test_a_body_that_cannot_be_read_is_refused_and_adds_nothing(live: Live, body: bytes) -> None:
    with client_of(live.load(state_of(batch("DRAFT", payment())))) as client:
        reply = client.post(f"/batches/{ID}/payments", content=body)
        assert (reply.status_code, reply.json()["errorCode"]) == (400, "2")
        assert client.get(f"/batches/{ID}").json()["summary"]["paymentsCount"] == 1


def test_payments_are_added_all_or_none(live: Live) -> None:
    world = live.load(state_of(batch("DRAFT", payment(5, externalId="old"))))
    with client_of(world) as client:
        before = world.state()
        response = add_payments(client, payment(1), payment(1, msisdn="+27821231234"), {"amount": 0}, clear=True)
        assert response.status_code == 400
        assert [(error["index"], error["fieldName"]) for error in response.json()["validationErrors"]] == [
            ("0", "payments[1].msisdn"),
            ("1", "payments[2].msisdn"),
            ("2", "payments[2].amount"),
        ]
        assert world.state() == before
        assert add_payments(client, payment(7, externalId="old"), clear=True).json()["summary"]["paymentsAmount"] == 7
    assert [entry["changes"][0]["to"] for entry in world.journal()[-1:]] == ["absent"]


def test_a_submit_that_races_a_cancel_has_one_winner(live: Live) -> None:
    world = live.load(state_of(batch("DRAFT", payment(1)), accounts=[{"balance": 1}]))
    with client_of(world) as client:
        first, second = client.post(f"/batches/{ID}/cancel"), client.post(f"/batches/{ID}/submit")
    assert (first.status_code, second.status_code) == (200, 400)
    assert money_of(world) == (1, 1)


def test_batches_of_one_instant_are_listed_newest_first(live: Live) -> None:
    with client_of(live.load(state_of())) as client:
        ids = [client.post("/batches", json={"name": name}).json()["id"] for name in "abcdef"]
        assert [batch["id"] for batch in client.get("/batches").json()] == ids[::-1]
        assert [batch["id"] for batch in client.get("/batches?skip=1&take=2").json()] == ids[4:2:-1]


def test_a_batch_made_in_a_state_of_the_same_seed_gets_an_id_of_its_own(live: Live) -> None:
    world = live.load(state_of())
    with client_of(world) as client:
        first = client.post("/batches", json={"name": "first"}).json()["id"]
    state = json.loads(dump(world.state()["6dot50"]))
    again = live.load({"clock": {"start": "2026-03-09T20:55:31Z"}, "given": {"6dot50": state}})
    with client_of(again) as client:
        assert client.post("/batches", json={"name": "second"}).json()["id"] != first
        assert len(client.get("/batches").json()) == 2


@pytest.mark.parametrize(
    "number", ["0821231234", "+27821231234", "%2B27821231234", "2782", "27821231234567890", "ann", "٢٧٨٢١٢٣١٢٣٤"]
)
def test_what_is_not_a_number_is_not_looked_up(live: Live, number: str) -> None:
    with client_of(live.load(state_of())) as client:
        assert client.get(f"/members/{number}/exists").status_code == 400


@pytest.mark.parametrize(
    "path", ["/batch/statusCodes", f"/batch/{ID}/cancel", "/payments", f"/batches/{ID}/payments/1", "/members"]
)
def test_a_path_that_the_vendor_does_not_have_is_refused(live: Live, path: str) -> None:
    with client_of(live.load(state_of(batch()))) as client:
        assert (client.get(path).status_code, client.get(path).content) == (404, b"")


def test_a_deposit_goes_to_the_account_that_is_named(live: Live) -> None:
    accounts = [{"name": "A", "shortName": "A1", "balance": 1}, {"name": "B", "shortName": "B1", "currencyCode": "DUSD"}]
    world = live.load(state_of(accounts=accounts))
    world.set({"6dot50": {"accounts": [{"name": "B", "deposit": "0.10"}, {"shortName": "B1", "deposit": 5}, {"deposit": 2}]}})
    balances = [
        (account["name"], account["balance"], account["availableBalance"]) for account in world.state()["6dot50"]["accounts"]
    ]
    assert balances == [("A", 3, 3), ("B", Decimal("5.1"), Decimal("5.1"))]


def test_an_account_is_not_found_by_a_name_that_two_have(live: Live) -> None:
    world = live.load(state_of(accounts=[{"id": ID}, {"id": OTHER_ID}]))
    with pytest.raises(AssertionError, match=f"2 accounts have the name 'AcmeCorp': give an id, such as {ID} or {OTHER_ID}"):
        world.set({"6dot50": {"accounts": [{"name": "AcmeCorp", "balance": 9}]}})


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        ({"accounts": [{"name": "Nobody", "deposit": 1}]}, "needs an account that is there"),
        ({"accounts": [{"deposit": Decimal("0.001")}]}, "more than two decimals"),
    ],
)
def test_a_deposit_that_cannot_arrive_is_refused(fragment: dict[str, Any], message: str) -> None:
    scenario = {"title": "A test", "given": {"6dot50": fragment}}
    with pytest.raises(BadInput, match=message):
        load_value(scenario, VENDORS).world(VENDORS, "test")


def test_a_state_with_everything_in_it_brings_about_the_same_state(live: Live) -> None:
    world = live.load(
        state_of(
            batch("DRAFT", payment("0.1", referralAmount="0.25"), payment(7, msisdn=STRANGER), externalId="one"),
            {"id": OTHER_ID, "name": "Theirs", "owner": "Other Ltd", "payments": [payment(1)]},
            accounts=[{"balance": 100}, {"name": "Closed", "active": False}],
            members=[PAYEE],
            organisation={"referrals": True},
            platform={"status": "operational"},
        )
    )
    with client_of(world) as client:
        assert client.post(f"/batches/{ID}/submit").json()["statusCode"] == "OPEN"
        client.post("/batches", json={"name": "Another", "externalId": "two"})
    world.advance("1h")
    state = world.state()["6dot50"]
    again = live.load({"clock": {"start": "2026-03-09T21:55:31Z"}, "given": {"6dot50": json.loads(dump(state))}})
    assert again.state()["6dot50"] == state
    again.advance("60d")
    assert money_of(again) == (Decimal("99.65"), Decimal("99.65"))


@pytest.mark.parametrize(
    ("count", "message"),
    [(500, "Validation error"), (501, "Validation error: these are the first 1000, and there are more")],
)
def test_a_refusal_names_a_thousand_flaws_at_most_and_says_so(live: Live, count: int, message: str) -> None:
    with client_of(live.load(state_of(batch()))) as client:
        response = client.post(f"/batches/{ID}/payments", json={"clearExisting": False, "payments": [{}] * count})
    assert (response.status_code, len(response.json()["validationErrors"])) == (400, 1_000)
    assert response.json()["message"] == message
