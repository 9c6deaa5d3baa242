"""The operations that write batches and their payments. All of a request takes effect, or none of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from emulator.sdk import Answer, Handler, InvalidRequest, JsonDict, Request, Transaction, guid, mint_id, replace, structs
from emulator.vendors.sixdot50.assumptions.batches import (
    EMPTY_UPDATE,
    MISSING_CLEAR_EXISTING,
    NO_PAYMENTS,
    NULL_EXTERNAL_ID,
)
from emulator.vendors.sixdot50.assumptions.requests import CHECK_ORDER
from emulator.vendors.sixdot50.machine import ADD, BATCH, CLEAR, CREATE, PAYMENT, UPDATE, is_member
from emulator.vendors.sixdot50.model import Addition, Batch, Payment, organisation_of
from emulator.vendors.sixdot50.requests import bodies
from emulator.vendors.sixdot50.requests.admission import id_of
from emulator.vendors.sixdot50.requests.bodies import Properties, of_object, payments_in
from emulator.vendors.sixdot50.requests.tokens import acting_organisation
from emulator.vendors.sixdot50.requests.validation import (
    INVALID,
    MISSING,
    TAKEN,
    Flaw,
    flaws_of_external_id,
    flaws_of_name,
    flaws_of_payments,
    read_body,
    refuse,
    to_the_cent,
)

Change = Callable[[Batch], Any]
"""Makes the change, and returns what its answer shows."""

Read = Callable[[Transaction, Request], Change]
"""Reads the change that a request wants, or raises InvalidRequest."""


def create_batch(tx: Transaction, request: Request) -> Answer:
    """Create a batch in draft."""
    body = read_body(tx, request, bodies.BATCH)
    name, external_id = body.get("name"), body.get("externalid")
    refuse(tx, [*flaws_of_name(tx, name), *flaws_of_external_id(tx, external_id)])
    id, owner = mint_id(tx, Batch, guid), acting_organisation(tx)
    batch = Batch(id, tx.now, tx.now, str(name), external_id=external_id or None, owner=owner)
    return tx.ask(BATCH, batch.id, CREATE, new=batch)


def _write(command: str, read: Read) -> Handler:
    """Return a handler that reads a change, asks the batch whether it may be, and only then makes it."""

    def handle(tx: Transaction, request: Request) -> Answer:
        change, refusal = None, None
        try:
            change = read(tx, request)
        except InvalidRequest as error:
            refusal = error.answer
        answer = tx.ask(BATCH, id_of(request), command)
        if answer.name not in ("changed", "added"):
            return _first(tx, refusal, answer) if refusal else answer
        if change is None:
            return refusal or answer
        return structs.replace(answer, subject=change(answer.subject))

    return handle


def _first(tx: Transaction, of_body: Answer, of_batch: Answer) -> Answer:
    """Return that of two refusals which comes first. Evidence: 6dot50-error-8."""
    choice = tx.choice(CHECK_ORDER)
    is_well_formed = of_body.name == "invalid" and all(flaw.evidence in TAKEN for flaw in of_body.subject)
    is_first = choice == "body" or (choice == "form" and not is_well_formed)
    return structs.replace(of_body if is_first else of_batch, assumption=CHECK_ORDER)


def _read_update(tx: Transaction, request: Request) -> Change:
    body, own = read_body(tx, request, bodies.BATCH), id_of(request)
    changes = _changes(tx, body)
    flaws = [*(flaws_of_name(tx, changes["name"]) if "name" in changes else ())]
    flaws += flaws_of_external_id(tx, body.get("externalid"), own)
    if not changes and tx.choice(EMPTY_UPDATE) == "400":
        flaws = [Flaw(MISSING, name, None, "6dot50-update-3", EMPTY_UPDATE) for name in ("name", "externalId")]
    refuse(tx, flaws)

    def update(batch: Batch) -> Batch:
        changed = replace(batch, **changes)
        tx.put(changed)
        return changed

    return update


def _changes(tx: Transaction, body: Properties) -> JsonDict:
    """Return the attributes that an update sets."""
    changes: JsonDict = {} if body.get("name") is None else {"name": body["name"]}
    if body.get("externalid"):
        changes["external_id"] = body["externalid"]
    elif "externalid" in body and body["externalid"] is None and tx.choice(NULL_EXTERNAL_ID) == "cleared":
        changes["external_id"] = None
    return changes


def _read_addition(tx: Transaction, request: Request) -> Change:
    body = read_body(tx, request, bodies.ADDITION)
    payments = [fields for fields in map(of_object, payments_in(body)) if fields is not None]
    clear = body.get("clearexisting") is True
    refuse(tx, chain(_flaws_of_list(tx, body), flaws_of_payments(tx, id_of(request), clear, payments)))

    def add(batch: Batch) -> Addition:
        for old in tx.group(Payment, "batch", batch.id) if clear else ():
            tx.ask(PAYMENT, old.id, CLEAR)
        referrals = organisation_of(tx, batch.owner).referrals
        added = [_payment(tx, batch, fields, referrals) for fields in payments]
        for new in added:
            tx.ask(PAYMENT, new.id, ADD, new=new)
        return Addition(batch, added)

    return add


def _flaws_of_list(tx: Transaction, body: Properties) -> Iterator[Flaw]:
    if body.get("clearexisting") is None and tx.choice(MISSING_CLEAR_EXISTING) == "400":
        yield Flaw(MISSING, "clearExisting", None, "6dot50-add-6", MISSING_CLEAR_EXISTING)
    if body.get("payments") is None:
        yield Flaw(MISSING, "payments", None, "6dot50-add-6")
    elif not body["payments"] and tx.choice(NO_PAYMENTS) == "400":
        yield Flaw(INVALID, "payments", None, "6dot50-add-12", NO_PAYMENTS)


def _payment(tx: Transaction, batch: Batch, fields: Properties, referrals: bool) -> Payment:
    msisdn = fields["msisdn"].removeprefix("+")
    amount, referrer = (fields.get(name) if referrals else None for name in ("referralamount", "referralmsisdn"))
    return Payment(
        mint_id(tx, Payment, guid),
        tx.now,
        tx.now,
        batch.id,
        msisdn,
        to_the_cent(fields["amount"]),
        firstname=fields.get("firstname"),
        lastname=fields.get("lastname"),
        external_id=fields.get("externalid") or None,
        is_member=is_member(tx, msisdn),
        referral_amount=None if amount is None else to_the_cent(amount),
        referral_msisdn=referrer and referrer.removeprefix("+"),
    )


update_batch = _write(UPDATE, _read_update)
add_payments = _write(ADD, _read_addition)
