"""6DOT50 over a socket, as a client in any language meets it, and what scenarios cannot say: that summaries always add up."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.kernel.errors import BadInput
from emulator.kernel.time import format_instant
from emulator.kernel.world import World as KernelWorld
from emulator.scenario.state import apply_state
from emulator.sdk.exact_json import dump
from emulator.vendors import VENDORS
from emulator.vendors.sixdot50.machine import BATCH, CANCEL
from emulator.vendors.sixdot50.model import Batch, Payment, Summary
from emulator.vendors.sixdot50.requests.validation import is_same
from emulator.vendors.sixdot50.responses.renderers import show_batch
from emulator.vendors.sixdot50.state.rules import FITTING
from tests.support.loading import load_value
from tests.support.server import Live
from tests.support.sixdot50 import ID, OTHER_ID, PAYEE, STRANGER, ask_for_token, batch, client_of, payment, sample, state_of

LONG_AGO = "2024-12-31T00:00:00Z"


def test_the_published_cancel_is_answered_to_the_letter(live: Live) -> None:
    world = live.load(state_of(batch("DRAFT", payment(repeat=185), createdAt="2022-06-14T06:26:43.473Z")))
    with client_of(world) as client:
        reply = client.post(f"/batches/{ID}/cancel")
    assert (reply.status_code, reply.content) == (200, sample("cancel"))
    assert reply.headers["content-type"] == "application/json; charset=utf-8"


def test_a_cancel_is_noted_with_the_change_of_every_payment(live: Live) -> None:
    world = live.load(state_of(batch("DRAFT", payment(repeat=185))))
    with client_of(world) as client:
        client.post(f"/batches/{ID}/cancel")
    changes = world.journal()[-1]["changes"]
    assert [change["resource"] for change in changes] == ["batch"] + ["payment"] * 185
    assert {(change["from"], change["to"]) for change in changes} == {("DRAFT", "CANCELLED")}
    assert {change["evidence"] for change in changes} == {"6dot50-cancel-2", "6dot50-cancel-3"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/accounts", "accounts"),
        ("/batches/statusCodes", "batch-status-codes"),
        ("/payments/statusCodes", "payment-status-codes"),
    ],
)
def test_the_other_published_samples_are_answered_to_the_letter(live: Live, path: str, name: str) -> None:
    account = {"id": "00000000-002c-ec11-ae72-281870000000", "createdAt": "2021-10-13T08:38:16.127Z", "balance": 155794}
    world = live.load(state_of(accounts=[account]))
    with client_of(world) as client:
        assert client.get(path).content == sample(name)


@pytest.mark.parametrize("other", [{"secret": "wrong"}, {"secret": "wrøng"}])
def test_a_made_key_has_one_secret(live: Live, other: dict[str, str]) -> None:
    reply = ask_for_token(live.load(state_of()), **other)
    assert (reply.status_code, reply.content) == (200, sample("token-refused"))


def test_a_token_is_a_jwt_whose_first_claim_names_the_key(live: Live) -> None:
    world = live.load(state_of())
    head, claims, _ = ask_for_token(world).json()["token"].split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"alg": "HS256", "typ": "JWT"}
    claims_of_token = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert next(iter(claims_of_token.items())) == ("id", world.sixdot50["key"])
    assert claims_of_token["exp"] - claims_of_token["iat"] == 15 * 60


@pytest.mark.parametrize(("choice", "first_is_good"), [("live", True), ("die", False)])
def test_two_tokens_of_one_instant_are_two(live: Live, choice: str, first_is_good: bool) -> None:
    world = live.load(state_of(batch()) | {"assume": {"6dot50.older-tokens": choice}})
    first, second = (ask_for_token(world).json()["token"] for _ in range(2))
    assert first != second
    requests = [
        httpx.get(f"{world.sixdot50['url']}/batches/{ID}", headers={"Authorization": f"Bearer {token}"}).status_code
        for token in (first, second)
    ]
    assert requests == [200 if first_is_good else 401, 200]


def test_expired_tokens_are_forgotten_when_a_new_one_is_given_out(live: Live) -> None:
    world = live.load(state_of())
    for _ in range(3):
        ask_for_token(world)
        world.advance("16m")
    ask_for_token(world)
    assert len(world.state()["6dot50"]["tokens"]) == 1


def test_a_token_picks_its_world(live: Live) -> None:
    one, two = live.load(state_of(batch())), live.load(state_of(batch("CLOSED")))
    with client_of(one) as first, client_of(two) as second:
        assert first.post(f"/batches/{ID}/cancel").status_code == 200
        assert second.post(f"/batches/{ID}/cancel").status_code == 400


def test_a_token_whose_text_was_changed_is_no_good(live: Live) -> None:
    world = live.load(state_of(batch()))
    token = ask_for_token(world).json()["token"]
    reply = httpx.get(world.sixdot50["url"] + "/batches", headers={"Authorization": f"Bearer {token}x"})
    assert reply.status_code == 401


def test_a_reset_forgets_tokens(live: Live) -> None:
    world = live.load(state_of(batch()))
    with client_of(world) as client:
        assert client.get("/batches").status_code == 200
        live.control.post(f"/_emulator/worlds/{world.id}/reset")
        assert client.get("/batches").status_code == 401


def test_the_cancel_of_an_empty_batch_names_the_assumption_that_it_rests_on(live: Live) -> None:
    world = live.load(state_of(batch()))
    with client_of(world) as client:
        client.post(f"/batches/{ID}/cancel")
    exchange = world.journal()[-1]
    assert (exchange["evidence"], exchange["assumption"]) == ("6dot50-cancel-9", "6dot50.empty-cancel")


@pytest.mark.parametrize("status", ["OPEN", "CLOSED", "CANCELLED"])
def test_a_refused_cancel_changes_nothing(live: Live, status: str) -> None:
    world = live.load(state_of(batch(status, payment(msisdn=STRANGER), payment())))
    with client_of(world) as client:
        before = client.get(f"/batches/{ID}").content, client.get(f"/batches/{ID}/payments").content
        reply = client.post(f"/batches/{ID}/cancel")
        assert (reply.status_code, reply.json()["errorCode"]) == (400, "0")
        assert reply.json()["message"]
        assert (client.get(f"/batches/{ID}").content, client.get(f"/batches/{ID}/payments").content) == before
    assert world.journal()[-3]["changes"] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/batches/{ID}/cancel", 405),
        ("DELETE", "/authentication/getToken", 405),
        ("GET", "/nothing", 404),
        ("POST", "/batches/not-a-guid/cancel", 400),
        ("POST", f"/batches/{{{ID}}}/cancel", 400),
        ("POST", f"/batches/{OTHER_ID}/cancel", 404),
        ("POST", f"/BATCHES/{ID.upper()}/CANCEL/", 200),
    ],
)
def test_paths_and_methods_are_told_apart(live: Live, method: str, path: str, status: int) -> None:
    with client_of(live.load(state_of(batch()))) as client:
        assert client.request(method, path).status_code == status


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"key": 1, "secret": "s"}', b"\xff"])
def test_what_is_not_a_key_and_a_secret_is_refused(live: Live, body: bytes) -> None:
    reply = httpx.post(live.url + "/za/pay/authentication/getToken", content=body)
    assert (reply.status_code, reply.json()["errorCode"]) == (400, "2")


@pytest.mark.parametrize("token", ["a", "a.b.c", "a.e30.c", "a.WzFd.c", "..", "a.eyJpZCI6N30.c"])
def test_a_text_that_is_no_token_gets_401(live: Live, token: str) -> None:
    reply = httpx.get(live.url + "/za/pay/batches", headers={"Authorization": f"Bearer {token}"})
    assert (reply.status_code, reply.content) == (401, b"")


@pytest.mark.parametrize(
    ("amount", "text"),
    [(100, b"100"), ("100.00", b"100"), ("0.10", b"0.1"), ("99.95", b"99.95"), ("99999999999999.99", b"99999999999999.99")],
)
def test_an_amount_is_written_without_a_binary_float_in_between(live: Live, amount: Any, text: bytes) -> None:
    with client_of(live.load(state_of(batch("DRAFT", payment(amount))))) as client:
        assert b'"amount":' + text + b"," in client.get(f"/batches/{ID}/payments").content
        assert b'"cancelledAmount":' + text + b"," in client.post(f"/batches/{ID}/cancel").content


def test_payments_follow_a_batch_that_is_set_to_another_state(live: Live) -> None:
    world = live.load(state_of(batch("DRAFT", payment(), payment(msisdn=STRANGER)), members=[PAYEE]))
    world.set({"6dot50": {"batches": [{"id": ID, "status": "OPEN"}]}})
    assert [payment["status"] for payment in world.state()["6dot50"]["batches"][0]["payments"]] == ["SETTLED", "PENDING"]
    world.advance("60d")
    after = world.state()["6dot50"]["batches"][0]
    assert (after["status"], [payment["status"] for payment in after["payments"]]) == ("CLOSED", ["SETTLED", "CANCELLED"])


def test_the_state_that_is_shown_brings_about_the_same_state(live: Live) -> None:
    world = live.load(
        state_of(
            batch("OPEN", payment("0.1"), payment(7, msisdn=STRANGER, referralAmount="0.25")),
            members=[PAYEE],
            organisation={"referrals": True},
        )
    )
    state = world.state()["6dot50"]
    again = live.load({"clock": {"start": "2026-03-09T20:55:31Z"}, "given": {"6dot50": json.loads(dump(state))}})
    assert again.state()["6dot50"] == state


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        ({"batches": [batch("DRAFT", payment("1.005"))]}, "100 or 99.95"),
        ({"batches": [batch("DRAFT", payment(1.005))]}, "more than two decimals"),
        ({"batches": [batch("DRAFT", {"msisdn": PAYEE})]}, "a new payment needs 'amount'"),
        ({"batches": [batch("DRAFT", payment(msisdn="0821231234"))]}, "international"),
        ({"batches": [{"id": "12"}]}, "a GUID"),
        (
            {"organisation": {"referrals": False}, "batches": [batch("DRAFT", payment(referralMsisdn=STRANGER))]},
            "batches/0/payments/0: a payment has a referral only where organisation.referrals is true",
        ),
        (
            {"batches": [batch("DRAFT", payment(id=OTHER_ID)), {"id": OTHER_ID, "payments": [payment(id=OTHER_ID)]}]},
            "is in another batch too",
        ),
        ({"batches": [{"id": OTHER_ID}, {"id": OTHER_ID.upper()}]}, "/batches/1/id: the id '7C2C1A0A.*is given twice"),
        (
            {"batches": [batch("CANCELLED", payment(status="DRAFT"))]},
            "0/status: .* CANCELLED is CANCELLED or PENDING or .* not DRAFT",
        ),
        ({"batches": [batch("CLOSED", payment(), payment(status="PENDING"))]}, "1/status: .* is SETTLED or CANCELLED, not"),
        ({"batches": [batch("CLOSED", payment(status="DRAFT"))]}, "SETTLED or CANCELLED, not DRAFT"),
        ({"batches": [batch("OPEN", payment(), payment(status="DRAFT"))]}, "is PENDING or SETTLED or CANCELLED, not DRAFT"),
        ({"batches": [batch("OPEN")]}, "batches/0/status: a batch is OPEN as long as a payment of it is PENDING"),
        ({"batches": [batch("OPEN", payment(status="SETTLED"))]}, "OPEN as long as a payment"),
        ({"batches": [batch("OPEN", payment())], "members": [PAYEE]}, "OPEN as long as a payment"),
        ({"batches": [batch("OPEN", payment(status="PENDING"))], "members": [PAYEE]}, f"{PAYEE} is a member, who has not"),
        ({"batches": [batch("OPEN", payment(), since=LONG_AGO)]}, "0/since: nobody fetched this payment by 2025-03-01T"),
        ({"batches": [batch(externalId="a"), {"id": OTHER_ID, "externalId": "a"}]}, "1/externalId: another batch has"),
        ({"batches": [{"repeat": 2, "externalId": "a"}]}, "batches/0/externalId: another batch has"),
        ({"batches": [batch("DRAFT", payment(settledAt=LONG_AGO))]}, "0/payments/0/settledAt: a payment that is DRAFT was not"),
        (
            {"batches": [batch("CANCELLED", payment(settledAt=LONG_AGO))]},
            "0/settledAt: a payment that is CANCELLED was not paid",
        ),
        ({"batches": [batch("CLOSED", payment(isMember=False))]}, "0/isMember: a payment that is SETTLED was paid to a member"),
        (
            {"batches": [batch("CLOSED", payment(), accountId=OTHER_ID)]},
            f"0/accountId: there is no account with the id {OTHER_ID}",
        ),
        ({"batches": [{"repeat": 9}, batch("DRAFT", payment(repeat=2, externalId="a"))]}, "1/payments/0/externalId: another"),
    ],
)
def test_a_state_that_cannot_be_is_refused(fragment: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        load_value({"title": "A test", "given": {"6dot50": fragment}}, VENDORS)


def test_an_organisation_whose_payments_have_referrals_keeps_the_capability(live: Live) -> None:
    world = live.load(state_of(batch("DRAFT", payment(referralAmount=1)), organisation={"referrals": True}))
    with pytest.raises(AssertionError, match="referral, which it can have only where"):
        world.set({"6dot50": {"organisation": {"referrals": False}}})


def test_every_batch_that_cannot_be_is_told_at_once() -> None:
    batches = [{"repeat": 3}, batch("OPEN"), {"id": OTHER_ID, "status": "CLOSED", "payments": [payment(status="DRAFT")] * 2}]
    with pytest.raises(BadInput) as excinfo:
        world_of({"batches": batches})
    assert [problem.pointer for problem in excinfo.value.problems] == [
        "/given/6dot50/batches/1/status",
        "/given/6dot50/batches/2/payments/0/status",
        "/given/6dot50/batches/2/payments/1/status",
    ]


@pytest.mark.parametrize(
    ("choice", "second"),
    [({"6dot50.batch-external-ids": "living"}, "a"), ({"6dot50.external-id-case": "minded"}, "A")],
)
def test_two_batches_share_an_external_id_where_that_is_assumed(choice: dict[str, str], second: str) -> None:
    batches = [batch("CANCELLED", externalId="a"), {"id": OTHER_ID, "externalId": second}]
    assert load_value({"title": "A test", "assume": choice, "given": {"6dot50": {"batches": batches}}}, VENDORS)


def test_what_a_batch_is_made_of_has_been_so_since_when_the_batch_is() -> None:
    since, waiting = "2025-12-01T00:00:00Z", payment(msisdn=STRANGER)
    state: Any = {"batches": [batch("OPEN", payment(), waiting, since=since)], "members": [PAYEE]}
    world = world_of(state)
    settled_payment, pending_payment = world.store.group(Payment.kind)
    assert {
        format_instant(instant)
        for instant in (settled_payment.settled_at, settled_payment.created_at, pending_payment.since)
        if instant is not None
    } == {since}
    world.advance_by(timedelta(days=60 - 31))
    assert [payment.status for payment in world.store.group(Payment.kind)] == ["SETTLED", "CANCELLED"]


def test_a_payee_who_is_still_registering_is_waited_for() -> None:
    state = {"batches": [batch("OPEN", payment())], "registering": [PAYEE]}
    claims_of_token = {"title": "A test", "timing": {"6dot50.registration": "1h"}, "given": {"6dot50": state}}
    world = load_value(claims_of_token, VENDORS).world(VENDORS, "test")
    assert [(payment.status, payment.is_member) for payment in world.store.group(Payment.kind)] == [("PENDING", False)]
    world.advance_by(timedelta(hours=1))
    assert [(payment.status, payment.is_member) for payment in world.store.group(Payment.kind)] == [("SETTLED", True)]


def test_who_is_given_as_a_member_is_one_however_long_registrations_take(live: Live) -> None:
    batches = [batch("CLOSED", payment()), {"id": OTHER_ID, "payments": [payment(10)]}]
    state = state_of(*batches, members=[PAYEE], accounts=[{"balance": 10}])
    world = live.load({**state, "timing": {"6dot50.registration": "3s"}})
    with client_of(world) as client:
        assert client.get(f"/members/{PAYEE}/exists").json() == {"exists": True}
        assert [it["isMember"] for it in client.get(f"/batches/{OTHER_ID}/payments").json()] == [True]
        assert client.post(f"/batches/{OTHER_ID}/submit").json()["statusCode"] == "CLOSED"
        world.set({"6dot50": {"members": [STRANGER]}})
        assert client.get(f"/members/{STRANGER}/exists").json() == {"exists": False}
        shown = world.state()["6dot50"]
        assert (shown["members"], shown["registering"]) == ([PAYEE], [STRANGER])
        world.advance("3s")
        assert client.get(f"/members/{STRANGER}/exists").json() == {"exists": True}


def test_a_settled_payment_that_is_set_back_was_never_paid(live: Live) -> None:
    world = live.load(state_of(batch("CLOSED", payment(id=OTHER_ID))))
    back = {"id": ID, "status": "DRAFT", "payments": [{"id": OTHER_ID, "status": "DRAFT"}]}
    world.set({"6dot50": {"batches": [back]}})
    with client_of(world) as client:
        shown = client.get(f"/payments/{OTHER_ID}").json()
    assert (shown["statusCode"], "settledAt" in shown) == ("DRAFT", False)


def test_a_batch_that_waits_for_nobody_any_more_is_not_left_open() -> None:
    world = world_of({"batches": [batch("OPEN", payment(id=OTHER_ID))]})
    batch_state: dict[str, Any] = {"id": ID, "payments": [{"id": OTHER_ID, "status": "SETTLED"}]}
    with pytest.raises(BadInput, match="OPEN as long as"):
        apply_state(world, VENDORS, {"6dot50": {"batches": [batch_state]}}, "set")
    apply_state(world, VENDORS, {"6dot50": {"batches": [batch_state | {"status": "CLOSED"}]}}, "set")
    assert [batch.status for batch in world.store.group(Batch.kind)] == ["CLOSED"]


def test_a_payment_does_not_move_to_another_batch() -> None:
    world = world_of({"batches": [batch("DRAFT", payment(id=OTHER_ID))]})
    with pytest.raises(BadInput, match=f"is in the batch {ID}"):
        apply_state(world, VENDORS, {"6dot50": {"batches": [{"payments": [payment(id=OTHER_ID)]}]}}, "set")


def world_of(state: dict[str, Any]) -> KernelWorld:
    return load_value({"title": "A test", "given": {"6dot50": state}}, VENDORS).world(VENDORS, "test")


cents = st.integers(0, 10**14)
statuses = st.sampled_from(["DRAFT", "PENDING", "SETTLED", "CANCELLED"])
payees = st.sampled_from([PAYEE, STRANGER])


def given_as(status: str) -> st.SearchStrategy[tuple[str, list[tuple[int, str, str]]]]:
    """A batch in this status with payments that it can have, where the stranger is a member."""
    fates = statuses if status == "DRAFT" else st.sampled_from(FITTING[status])
    payments = st.tuples(cents, fates, payees).filter(lambda payment: payment[1:] != ("PENDING", STRANGER))
    waiting = [(1, "PENDING", PAYEE)] if status == "OPEN" else []
    return st.lists(payments, max_size=12).map(lambda drawn: (status, drawn + waiting))


def payment_state(amount: int, status: str, payee: str) -> dict[str, Any]:
    return {"msisdn": payee, "amount": f"{amount // 100}.{amount % 100:02}", "status": status}


def totals(payments: list[Payment]) -> dict[str, int]:
    """Return the sum of the payments by their status, in cents."""
    found = dict.fromkeys(("DRAFT", "PENDING", "SETTLED", "CANCELLED"), 0)
    for row in payments:
        found[row.status] += int(row.amount * 100)
    return found


@given(st.sampled_from(list(FITTING)).flatmap(given_as), st.booleans(), st.sampled_from([0, 59, 60]))
def test_a_summary_always_adds_up(drawn: tuple[str, list[tuple[int, str, str]]], cancelled: bool, days: int) -> None:
    status, given = drawn
    world = world_of({"members": [STRANGER], "batches": [batch(status, *(payment_state(*payment) for payment in given))]})
    if cancelled:
        with world.transaction("cancel") as tx:
            tx.ask(BATCH, ID, CANCEL)
    world.advance_by(timedelta(days=days))
    found: list[Payment] = world.store.group(Payment.kind, "batch", ID)
    summary, by_status = Summary.of(found), totals(found)
    assert summary.payments.amount * 100 == sum(amount for amount, _, _ in given) == sum(by_status.values())
    assert summary.payments.count == len(given) == len(found)
    assert summary.settled.amount * 100 == by_status["SETTLED"]
    assert summary.cancelled.amount * 100 == by_status["CANCELLED"]


@given(st.lists(cents, max_size=40))
def test_a_cancel_moves_the_whole_amount_to_the_cancelled_and_not_a_cent_more(given: list[int]) -> None:
    world = world_of({"batches": [batch("DRAFT", *(payment_state(amount, "DRAFT", PAYEE) for amount in given))]})
    with world.transaction("cancel") as tx:
        body = show_batch(tx, tx.ask(BATCH, ID, CANCEL).subject or Batch("", tx.now, tx.now, ""))
    summary = json.loads(dump(body["summary"]), parse_float=Decimal)
    assert summary["cancelledAmount"] == summary["paymentsAmount"] == Decimal(sum(given)) / 100
    assert summary["cancelledCount"] == summary["paymentsCount"] == len(given)


class Unfolded(str):
    """A text that may not be folded."""

    def casefold(self) -> str:
        raise AssertionError


@pytest.mark.parametrize("choice", ["ignored", "minded"])
def test_names_of_one_group_are_not_folded_again(choice: str) -> None:
    world = load_value({"title": "Case", "assume": {"6dot50.external-id-case": choice}}, VENDORS, "case").world(VENDORS, "case")
    with world.transaction("a look") as tx:
        assert is_same(tx, Unfolded("A"), Unfolded("a")) == (choice == "ignored")


@pytest.mark.parametrize(("listed", "status"), [(["an-open-sesame"], 200), ([], 401)])
def test_a_token_that_a_scenario_gives_picks_its_world_where_it_is_listed(live: Live, listed: list[str], status: int) -> None:
    scenario = {"credentials": {"6dot50": listed}, "given": {"6dot50": {"tokens": [{"token": "an-open-sesame"}]}}}
    made = httpx.post(f"{live.url}/_emulator/worlds", json={"scenario": scenario, "claim": True})
    try:
        asked = httpx.get(f"{live.url}/za/pay/batches", headers={"Authorization": "Bearer an-open-sesame"})
    finally:
        httpx.delete(f"{live.url}/_emulator/worlds/{made.json()['id']}")
    assert (made.status_code, asked.status_code) == (201, status)
