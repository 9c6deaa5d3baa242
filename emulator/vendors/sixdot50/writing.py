"""What clients write: batches, their changes, and the payments that they add. All of a call comes true, or none of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from emulator.sdk import Answer, Handler, Request, Transaction
from emulator.vendors.sixdot50.assumptions import (
    EMPTY_EXTERNAL_ID,
    EMPTY_UPDATE,
    MISSING_CLEAR_EXISTING,
    NO_PAYMENTS,
    NULL_EXTERNAL_ID,
)
from emulator.vendors.sixdot50.assumptions_of_calls import CHECK_ORDER, WRONG_TYPE
from emulator.vendors.sixdot50.bodies import Properties, of_object, properties
from emulator.vendors.sixdot50.grounds import resting
from emulator.vendors.sixdot50.ids import GUID, new_id
from emulator.vendors.sixdot50.machine import ADD, BATCH, CREATE, DELETE, PAYMENT, UPDATE, is_member
from emulator.vendors.sixdot50.model import Batch, Payment
from emulator.vendors.sixdot50.typed import flaws_of_payment_types, flaws_of_types
from emulator.vendors.sixdot50.validation import (
    ADDITION_TYPES,
    BATCH_TYPES,
    INVALID,
    MISSING,
    Flaw,
    assumption_of_namesakes,
    flaws_of_external_id,
    flaws_of_name,
    flaws_of_payments,
    to_the_cent,
    with_referrals,
)

UNREADABLE = Answer("unreadable", "6dot50-error-2")

Wish = Callable[[Transaction, Batch], str | None]
"""Does what was asked to a batch that takes it; names the assumption that it rested on, if there was one."""

Read = Callable[[Transaction, Properties, str], Wish | Answer]
"""Reads what is asked of the batch with that id, or refuses it."""


def create_batch(tx: Transaction, request: Request) -> Answer:
    """A new batch in draft."""
    given = properties(request)
    if given is None:
        return resting(tx, UNREADABLE)
    if mistyped := list(flaws_of_types(given, BATCH_TYPES)):
        return refused(tx, mistyped)
    name, external_id = given.get("name"), given.get("externalid")
    flaws = [*flaws_of_name(tx, name), *flaws_of_external_id(tx, external_id)]
    if flaws:
        return refused(tx, flaws)
    assumption = EMPTY_EXTERNAL_ID.id if external_id == "" else assumption_of_namesakes(tx, external_id)
    batch = Batch(new_id(tx, Batch.kind), tx.now, tx.now, str(name), external_id=external_id or None)
    return resting(tx, Answer.of(tx.ask(BATCH, batch.id, CREATE, new=batch))._replace(assumption=assumption))


def refused(tx: Transaction, flaws: list[Flaw]) -> Answer:
    """The refusal of what has these flaws; it rests on what the first of them does."""
    if flaws[0].assumption == WRONG_TYPE.id and tx.choice(WRONG_TYPE.id) == "2":
        return resting(tx, UNREADABLE._replace(assumption=WRONG_TYPE.id))
    return resting(tx, Answer("invalid", flaws[0].evidence, flaws, flaws[0].assumption))


def _write(command: str, read: Read) -> Handler:
    """What is asked is read, the batch says whether it may be, and only then is it done."""

    def act(tx: Transaction, request: Request) -> Answer:
        id = request.parameters["id"].lower()
        if not GUID.fullmatch(id):
            return resting(tx, Answer("malformed_id", "6dot50-id-2"))
        given = properties(request)
        wish = UNREADABLE if given is None else read(tx, given, id)
        taken = tx.ask(BATCH, id, command)
        answer = Answer.of(taken)
        if taken.resource is None or answer.name not in ("changed", "added"):
            return resting(tx, _first(tx, wish, answer) if isinstance(wish, Answer) else answer)
        if isinstance(wish, Answer):
            return resting(tx, wish)
        assumption = wish(tx, taken.resource)
        return resting(tx, answer._replace(subject=tx.find(Batch.kind, id), assumption=assumption))

    return act


def _first(tx: Transaction, body: Answer, batch: Answer) -> Answer:
    """Of two refusals the one that comes first."""
    return (body if tx.choice(CHECK_ORDER.id) == "body" else batch)._replace(assumption=CHECK_ORDER.id)


def _read_update(tx: Transaction, given: Properties, id: str) -> Wish | Answer:
    if mistyped := list(flaws_of_types(given, BATCH_TYPES)):
        return refused(tx, mistyped)
    changes, assumption = _changes(tx, given)
    flaws = [*(flaws_of_name(tx, changes["name"]) if "name" in changes else ())]
    flaws += flaws_of_external_id(tx, given.get("externalid"), own=id)
    assumption = assumption or assumption_of_namesakes(tx, changes.get("external_id"), own=id)
    if not changes and tx.choice(EMPTY_UPDATE.id) == "400":
        flaws = [Flaw(MISSING, name, None, "6dot50-update-3", EMPTY_UPDATE.id) for name in ("name", "externalId")]

    def change(tx: Transaction, batch: Batch) -> str | None:
        tx.put(replace(batch, **changes))
        return assumption

    return refused(tx, flaws) if flaws else change


def _changes(tx: Transaction, given: Properties) -> tuple[Mapping[str, Any], str | None]:
    """What an update sets, and the assumption that this rests on."""
    changes: dict[str, Any] = {} if given.get("name") is None else {"name": given["name"]}
    if given.get("externalid"):
        changes["external_id"] = given["externalid"]
    elif given.get("externalid") == "":
        return changes, EMPTY_EXTERNAL_ID.id
    elif "externalid" in given:
        cleared = {"external_id": None} if tx.choice(NULL_EXTERNAL_ID.id) == "cleared" else {}
        return changes | cleared, NULL_EXTERNAL_ID.id
    return changes, None if changes else EMPTY_UPDATE.id


@dataclass(frozen=True, slots=True)
class _Addition:
    """Payments to be added to a batch, and whether those that are there go."""

    clear: bool
    payments: list[Properties]

    def __call__(self, tx: Transaction, batch: Batch) -> str | None:
        if self.clear:
            for payment in tx.group(Payment.kind, "batch", batch.id):
                tx.ask(PAYMENT, payment.id, DELETE)
        referrals = with_referrals(tx)
        for written in self.payments:
            new = _payment(tx, batch, written, referrals)
            tx.ask(PAYMENT, new.id, ADD, new=new)
        return None


def _read_payments(tx: Transaction, given: Properties, id: str) -> Wish | Answer:
    listed = given.get("payments")
    listed = listed if isinstance(listed, list) else []
    if mistyped := [*flaws_of_types(given, ADDITION_TYPES), *flaws_of_payment_types(listed)]:
        return refused(tx, mistyped)
    payments = [it for it in map(of_object, listed) if it is not None]
    clear = given.get("clearexisting") is True
    flaws = [*_flaws_of_list(tx, given), *flaws_of_payments(tx, id, clear, payments)]
    return refused(tx, flaws) if flaws else _Addition(clear, payments)


def _flaws_of_list(tx: Transaction, given: Properties) -> list[Flaw]:
    flaws = []
    if given.get("clearexisting") is None and tx.choice(MISSING_CLEAR_EXISTING.id) == "400":
        flaws.append(Flaw(MISSING, "clearExisting", None, "6dot50-add-6", MISSING_CLEAR_EXISTING.id))
    if given.get("payments") is None:
        flaws.append(Flaw(MISSING, "payments", None, "6dot50-add-6"))
    elif not given["payments"] and tx.choice(NO_PAYMENTS.id) == "400":
        flaws.append(Flaw(INVALID, "payments", None, "6dot50-add-12", NO_PAYMENTS.id))
    return flaws


def _payment(tx: Transaction, batch: Batch, written: Properties, referrals: bool) -> Payment:
    return Payment(
        new_id(tx, Payment.kind),
        tx.now,
        tx.now,
        batch.id,
        written["msisdn"],
        to_the_cent(written["amount"]),
        firstname=written.get("firstname"),
        lastname=written.get("lastname"),
        external_id=written.get("externalid") or None,
        is_member=is_member(tx, written["msisdn"]),
        referral_amount=to_the_cent(written["referralamount"])
        if referrals and written.get("referralamount") is not None
        else None,
        referral_msisdn=written.get("referralmsisdn") if referrals else None,
    )


update_batch = _write(UPDATE, _read_update)
add_payments = _write(ADD, _read_payments)
