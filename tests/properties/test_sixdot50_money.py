"""6DOT50's law of money: whatever is asked and however time jumps, every cent is in an account, held for a payee, or paid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from emulator.contract.validator import ResponseValidator
from emulator.kernel.world import World
from emulator.scenario.state import apply_state
from emulator.sdk.exact_json import dump
from emulator.sdk.request import read_request
from emulator.sdk.response import Response
from emulator.vendors import VENDORS
from emulator.vendors.sixdot50.model import Account, Batch, Payment, Summary, cost
from emulator.web.pipeline import carry_out
from tests.support.loading import load_value

VENDOR = VENDORS["6dot50"]
OPERATIONS = {operation.name.removeprefix("6dot50."): operation for operation in VENDOR.operations}
JUDGE = ResponseValidator(VENDORS.values())
PAYEES = ["27821231234", "27829990000", "27825550000"]
UNKNOWN = "00000000-0000-4000-8000-000000000000"

cents = st.integers(-1, 30_000).map(lambda number: Decimal(number) / 100)
amounts = st.one_of(cents, cents, cents, st.sampled_from([Decimal("0.1"), Decimal("1e2"), Decimal("1.999")]))
names = st.one_of(st.none(), st.sampled_from(["a", "b", "A", "c"]))
picks = st.integers(0, 6)
payment_bodies = st.builds(
    lambda **fields: {name: value for name, value in fields.items() if value is not None},
    msisdn=st.sampled_from([*PAYEES, "0"]) | st.sampled_from(PAYEES),
    amount=amounts,
    externalId=names,
    referralAmount=st.none() | st.sampled_from([Decimal("0.05"), Decimal(3)]),
    referralMsisdn=st.none() | st.sampled_from(PAYEES),
)


class Payouts(RuleBasedStateMachine):
    """One organisation's life, asked in-process through its operations, each reply held against its schema."""

    assume: ClassVar[Mapping[str, str]] = {}

    @initialize(deposit=st.integers(0, 100_000) | st.just(100_000), referrals=st.booleans())
    def begin(self, deposit: int, referrals: bool) -> None:
        state = {"accounts": [{"balance": str(Decimal(deposit) / 100)}], "organisation": {"referrals": referrals}}
        scenario = load_value({"title": "A test", "assume": dict(self.assume), "given": {"6dot50": state}}, VENDORS)
        self.world: World = scenario.world(VENDORS, "test")
        self.deposited = Decimal(deposit) / 100
        self.paid_and_gone = Decimal(0)

    def ask(self, name: str, body: Any = None, **parameters: str) -> Response:
        """Return the response to a request; a refusal must have changed nothing."""
        operation = OPERATIONS[name]
        before = self.shown()
        call = read_request(operation.method, operation.path, body=b"" if body is None else dump(body))
        call.parameters = parameters
        with self.world.transaction(name) as tx:
            answer = carry_out(VENDOR, tx, call, operation)
            reply = VENDOR.renderers[answer.name](tx, call, answer.subject)
            JUDGE("6dot50", operation.name, reply.status, b"" if reply.body is None else dump(reply.body))
        if reply.status >= 400 or operation.method == "GET":
            assert self.shown() == before
        return reply

    def shown(self) -> Any:
        with self.world.transaction("look") as tx:
            return VENDOR.state.dump(tx)

    def batch(self, pick: int) -> str:
        batches = [batch.id for batch in self.world.store.group(Batch.kind)]
        return batches[-1 - pick] if pick < len(batches) else batches[0] if batches else UNKNOWN

    def payment(self, pick: int) -> str:
        payments = [payment.id for payment in self.world.store.group(Payment.kind)]
        return payments[-1 - pick] if pick < len(payments) else payments[0] if payments else UNKNOWN

    @rule(external_id=names, name=st.sampled_from(["March", "", None]))
    def create(self, external_id: str | None, name: str | None) -> None:
        self.ask("batches.create", {"name": name or "March", "externalId": external_id})

    @rule(pick=picks, name=st.none() | st.just("April"), external_id=names)
    def update(self, pick: int, name: str | None, external_id: str | None) -> None:
        self.ask("batches.update", {"name": name, "externalId": external_id}, id=self.batch(pick))

    @rule(pick=picks)
    def fill_and_submit(self, pick: int) -> None:
        payments = [{"msisdn": payee, "amount": Decimal("10.01")} for payee in PAYEES]
        self.ask("batches.addPayments", {"clearExisting": False, "payments": payments}, id=self.batch(pick))
        self.ask("batches.submit", id=self.batch(pick))

    @rule(pick=picks, clear=st.booleans(), payments=st.lists(payment_bodies, min_size=1, max_size=4))
    def add(self, pick: int, clear: bool, payments: list[dict[str, Any]]) -> None:
        self.ask("batches.addPayments", {"clearExisting": clear, "payments": payments}, id=self.batch(pick))

    @rule(
        payees=st.lists(st.sampled_from(PAYEES), min_size=1, max_size=3),
        amount=st.integers(1, 9_000),
        is_submitted=st.booleans(),
    )
    def a_good_batch(self, payees: list[str], amount: int, is_submitted: bool) -> None:
        id = self.ask("batches.create", {"name": "Good"}).body["id"]
        payments = [{"msisdn": payee, "amount": Decimal(amount) / 100, "referralAmount": 1} for payee in payees]
        assert self.ask("batches.addPayments", {"clearExisting": False, "payments": payments}, id=id).status == 200
        if is_submitted:
            self.ask("batches.submit", id=id)

    @rule(pick=picks)
    def submit(self, pick: int) -> None:
        self.ask("batches.submit", id=self.batch(pick))

    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        self.ask("batches.cancel", id=self.batch(pick))

    @rule(pick=picks)
    def delete(self, pick: int) -> None:
        self.ask("payments.delete", id=self.payment(pick))

    @rule(pick=picks)
    def look(self, pick: int) -> None:
        for name in ("accounts.list", "batches.list", "batches.statusCodes", "payments.statusCodes"):
            self.ask(name)
        for name in ("batches.get", "batches.payments"):
            self.ask(name, id=self.batch(pick))
        self.ask("payments.get", id=self.payment(pick))
        self.ask("members.exists", msisdn=PAYEES[pick % 3])

    @rule(amount=st.integers(1, 50_000))
    def a_deposit_arrives(self, amount: int) -> None:
        deposit = Decimal(amount) / 100
        apply_state(self.world, VENDORS, {"6dot50": {"accounts": [{"deposit": str(deposit)}]}}, "deposit")
        self.deposited += deposit

    @rule(payee=st.sampled_from(PAYEES))
    @precondition(lambda self: len(self.shown()["members"]) < 2)
    def a_payee_registers(self, payee: str) -> None:
        apply_state(self.world, VENDORS, {"6dot50": {"members": [payee]}}, "register")

    @rule(pick=picks)
    def somebody_else_deletes_a_batch(self, pick: int) -> None:
        if (id := self.batch(pick)) != UNKNOWN:
            self.delete_as_somebody_else({"id": id, "deleted": True}, self.world.store.group(Payment.kind, "batch", id))

    @rule(pick=picks)
    def somebody_else_deletes_a_payment(self, pick: int) -> None:
        payment: Payment | None = self.world.store.find(Payment.kind, self.payment(pick))
        if payment is not None:
            deleted = {"id": payment.batch_id, "payments": [{"id": payment.id, "deleted": True}]}
            self.delete_as_somebody_else(deleted, [payment])

    def delete_as_somebody_else(self, deleted: dict[str, Any], payments: list[Payment]) -> None:
        with self.world.transaction("count") as tx:
            self.paid_and_gone += sum(cost(tx, payment) for payment in payments if payment.status == "SETTLED")
        apply_state(self.world, VENDORS, {"6dot50": {"batches": [deleted]}}, "somebody else")
        assert not {it.id for it in payments} & {it.id for it in self.world.store.group(Payment.kind)}

    @rule(payee=st.sampled_from(PAYEES))
    def a_member_leaves(self, payee: str) -> None:
        shown = self.shown()
        if payee in shown["members"] + shown["registering"]:
            apply_state(self.world, VENDORS, {"6dot50": {"members": [{"msisdn": payee, "deleted": True}]}}, "somebody else")
            assert self.ask("members.exists", msisdn=payee).body == {"exists": False}

    @rule(hours=st.sampled_from([1, 24 * 20, 24 * 61]))
    def time_jumps(self, hours: int) -> None:
        self.world.advance_by(timedelta(hours=hours))

    @invariant()
    def no_cent_is_made_or_lost(self) -> None:
        with self.world.transaction("count") as tx:
            (account,) = tx.group(Account)
            paid_cents = sum(cost(tx, payment) for payment in tx.group(Payment) if payment.status == "SETTLED")
            paid_cents += self.paid_and_gone
            held_cents = sum(cost(tx, payment) for payment in tx.group(Payment) if payment.status == "PENDING")
        kept_cents = held_cents if self.assume.get("6dot50.submitted-money") == "held" else 0
        assert account.available_balance + held_cents + paid_cents == self.deposited
        assert account.balance + held_cents + paid_cents - kept_cents == self.deposited
        assert account.available_balance >= 0

    @invariant()
    def summaries_add_up_and_states_agree(self) -> None:
        for batch in self.world.store.group(Batch.kind):
            payments: list[Payment] = self.world.store.group(Payment.kind, "batch", batch.id)
            statuses = {payment.status for payment in payments}
            assert ("PENDING" in statuses) == (batch.status == "OPEN")
            assert (
                statuses
                <= {
                    "DRAFT": {"DRAFT"},
                    "OPEN": {"PENDING", "SETTLED", "CANCELLED"},
                    "CLOSED": {"SETTLED", "CANCELLED"},
                    "CANCELLED": {"CANCELLED"},
                }[batch.status]
            )
            summary = Summary.of(payments)
            waiting = sum(payment.amount for payment in payments if payment.status in ("DRAFT", "PENDING"))
            assert summary.payments.amount == waiting + summary.settled.amount + summary.cancelled.amount

    @invariant()
    def time_runs_forward(self) -> None:
        assert [*self.world.history] == sorted(self.world.history, key=lambda commit: commit.at)

    @invariant()
    def external_ids_stay_unique(self) -> None:
        for kind in (Batch.kind, Payment.kind):
            external_ids = [item.external_id for item in self.world.store.group(kind) if item.external_id is not None]
            assert len(external_ids) == len(set(external_ids))

    def teardown(self) -> None:
        if hasattr(self, "world"):
            state = json.loads(dump(self.shown()), parse_float=Decimal)
            start = self.world.clock.now().isoformat().replace("+00:00", "Z")
            scenario = {"title": "A test", "clock": {"start": start}, "assume": dict(self.assume), "given": {"6dot50": state}}
            again = load_value(scenario, VENDORS).world(VENDORS, "again")
            with again.transaction("look") as tx:
                assert json.loads(dump(VENDOR.state.dump(tx)), parse_float=Decimal) == state


class PayoutsThatHold(Payouts):
    assume: ClassVar[Mapping[str, str]] = {"6dot50.submitted-money": "held", "6dot50.referral-money": "apart"}


BRIEF = settings(max_examples=80, stateful_step_count=30)


@pytest.mark.parametrize("life", [Payouts, PayoutsThatHold])
def test_no_cent_is_made_or_lost_whatever_the_order_of_requests_and_jumps(life: type[Payouts]) -> None:
    run_state_machine_as_test(life, settings=BRIEF)
