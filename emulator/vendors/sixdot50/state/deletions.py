"""The parts of 6DOT50's state that somebody else can delete. Money that waits for a payee goes back to where it came from."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.sdk import Ask, Deletable, Removal, View
from emulator.vendors.sixdot50.machine import BATCH, CONCLUDE
from emulator.vendors.sixdot50.model import Account, Batch, Member, Payment, Token, refund


def remove_payments(view: View, batch: Batch) -> Iterator[Account | Removal]:
    """Remove the payments of a batch that is deleted."""
    for payment in view.group(Payment, "batch", batch.id):
        yield from _return_money(view, payment)
        yield Removal(payment)


def remove_and_conclude(view: View, payment: Payment) -> Iterator[Account | Removal | Ask]:
    """Remove a payment, and let its batch conclude if it was the last that waited."""
    yield from _return_money(view, payment)
    yield Removal(payment)
    yield Ask(BATCH, payment.batch_id, CONCLUDE)


def _return_money(view: View, payment: Payment) -> Iterator[Account]:
    if payment.status == "PENDING":
        yield from refund(view, payment)


MEMBER = Deletable(Member, {"msisdn": "id", "id": "id"})
DELETABLE = {
    "batches": Deletable(Batch, {"id": "id", "name": "name", "externalId": "external_id"}, remove_payments),
    "batches.payments": Deletable(
        Payment, {"id": "id", "externalId": "external_id", "msisdn": "msisdn"}, remove_and_conclude, "batch_id"
    ),
    "members": MEMBER,
    "registering": MEMBER,
    "tokens": Deletable(Token, {"token": "id"}),
}
