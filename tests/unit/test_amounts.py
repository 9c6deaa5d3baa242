"""Money in the handle is exact: no amount passes through binary floating point, on its way in or out."""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Emulator, EmulatorServer
from emulator.client.amounts import is_amount
from emulator.client.json_encoding import decode, encode
from tests.support.server import Live

BATCH = "f945d71c-b00f-4e77-8175-253093157a2f"
PAYMENTS = [
    {"msisdn": "27821231234", "amount": Decimal("0.10")},
    {"msisdn": "27821231235", "amount": Decimal("0.20")},
    {"msisdn": "27821231236", "amount": 100},
]
GIVEN = {
    "6dot50": {
        "accounts": [{"name": "AcmeCorp", "balance": Decimal("155794.00")}],
        "batches": [{"id": BATCH, "name": "Test", "payments": PAYMENTS}],
    },
    "serpwow": {"account": {"account_balance_usd": Decimal("19.99")}},
}


@pytest.fixture(params=["in this process", "elsewhere"])
def emulator(request: pytest.FixtureRequest, live: Live) -> Iterator[Emulator]:
    with (
        EmulatorServer(None if request.param == "in this process" else live.url) as server,
        Emulator({"given": GIVEN}, server=server) as emulator,
    ):
        yield emulator


def all_decimals(amounts: list[Any]) -> bool:
    return all(type(amount) is Decimal for amount in amounts)


def test_amounts_of_the_state_are_decimals_whole_or_not(emulator: Emulator) -> None:
    amounts = [payment["amount"] for payment in emulator.sixdot50.batch(BATCH).payments]
    assert amounts == [Decimal("0.1"), Decimal("0.2"), Decimal(100)]
    account = emulator.sixdot50.account("AcmeCorp")
    assert account.balance == account.availableBalance == 155794
    usd = emulator.serpwow.account.account_balance_usd
    assert usd == Decimal("19.99")
    assert all_decimals([*amounts, account.balance, account.availableBalance, usd])
    assert amounts[0] + amounts[1] == Decimal("0.3")


def test_amounts_that_moved_are_decimals_and_counts_are_not(emulator: Emulator) -> None:
    emulator.snapshot("before")
    emulator.state.change({"6dot50": {"accounts": [{"name": "AcmeCorp", "deposit": Decimal("0.30")}]}})
    ledger, (difference,) = emulator.ledger, emulator.diff("before")
    moves = ledger.moved("6dot50", "accounts.balance"), ledger.moved("6dot50", "batches.payments.amount")
    assert moves == (Decimal("0.3"), 0)
    assert difference.changed is not None
    assert difference.changed["balance"] == (Decimal("155794"), Decimal("155794.3"))
    assert all_decimals(
        [*moves, *difference.changed["balance"], ledger.commits[-1].totals["6dot50"]["moved"]["accounts.balance"]]
    )
    assert type(ledger.moved("serpwow", "account.credits_used")) is int


def test_what_a_cancel_adds_up_is_exact_in_body_and_ledger(emulator: Emulator) -> None:
    credentials = {"key": emulator.sixdot50.key, "secret": emulator.sixdot50.secret}
    with httpx.Client(base_url=emulator.sixdot50.url) as client:
        token = client.post("/authentication/getToken", json=credentials).json()["token"]
        client.post(f"/batches/{BATCH}/cancel", headers={"Authorization": f"Bearer {token}"}).raise_for_status()
    (exchange,) = emulator.journal.exchanges("6dot50.batches.cancel")
    assert exchange.reply["summary"]["cancelledAmount"] == Decimal("100.3")
    sums = emulator.ledger.totals["6dot50"]["states"]["batches.payments"]["DRAFT -> CANCELLED"]
    assert sums == {"count": 3, "amount": Decimal("100.3")}
    assert all_decimals([sums["amount"], exchange.reply["summary"]["cancelledAmount"]])
    assert type(sums["count"]) is int
    emulator.undo()
    rehearsal = emulator.dry_run("POST", f"/za/pay/batches/{BATCH}/cancel", headers={"Authorization": f"Bearer {token}"})
    assert rehearsal.body["summary"]["cancelledAmount"] == Decimal("100.3")


def test_what_appears_has_exact_amounts(emulator: Emulator) -> None:
    emulator.state.change({"6dot50": {"batches": [{"name": "New", "payments": [{"msisdn": "27821231237", "amount": 7}]}]}})
    (difference,) = emulator.diff()
    assert all_decimals([difference.added["payments"][0]["amount"]])


@pytest.mark.parametrize("precision", [3, 28])
def test_the_decimal_context_of_a_test_changes_no_amount(emulator: Emulator, precision: int) -> None:
    with decimal.localcontext(prec=precision):
        emulator.state.change({"6dot50": {"accounts": [{"name": "AcmeCorp", "deposit": Decimal("1234.56")}]}})
        assert emulator.sixdot50.account("AcmeCorp").balance == Decimal("157028.56")
        assert emulator.ledger.moved("6dot50", "accounts.balance") == Decimal("1234.56")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2) | st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_goes_out_and_comes_back_exactly(amount: Decimal) -> None:
    assert decode(encode({"amount": amount}))["amount"] == amount


@pytest.mark.parametrize(
    ("vendor", "place", "amount"),
    [
        ("6dot50", "accounts.balance", True),
        ("6dot50", "batches.payments.amount", True),
        ("6dot50", "batches[f945].payments[1].referralAmount", True),
        ("serpwow", "account.account_balance_usd", True),
        ("serpwow", "account.credits_used", False),
        ("stripe", "batch_jobs.rows", False),
        ("6dot50", "batches.payments.amount.x", False),
        ("nobody", "accounts.balance", False),
    ],
)
def test_an_amount_is_a_number_of_a_vendors_state_that_need_not_be_whole(vendor: str, place: str, amount: bool) -> None:
    assert is_amount(vendor, place) is amount
