"""The facts and the assumption that an answer rests on beside its row: how its request was read, and what its body shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from emulator.sdk import Answer, Operation, Request, Transaction
from emulator.vendors.sixdot50.assumptions.batches import ADDED_BODY, IS_MEMBER, PAYING_ACCOUNT
from emulator.vendors.sixdot50.assumptions.requests import (
    ABSENT_VALUES,
    BALANCE_TYPE,
    CREATED_STATUS,
    DELETED_FIELDS,
    STORED_INSTANTS,
    WRITTEN_INSTANTS,
    WRITTEN_SUMMARY,
)
from emulator.vendors.sixdot50.model import ALL, CURRENCY, Account, Batch, Payment, organisation_of
from emulator.vendors.sixdot50.requests.admission import GUID, SINGULAR, check_media_type
from emulator.vendors.sixdot50.requests.bodies import BODY, PAYMENT
from emulator.vendors.sixdot50.requests.queries import PARAMETERS
from emulator.vendors.sixdot50.requests.tokens import GET_TOKEN
from emulator.vendors.sixdot50.responses.renderers import is_shown_as_member, rounded

PROPERTIES = frozenset((*BODY, *PAYMENT))
SCHEMES = ("Bearer", "bearer")
"""The scheme as the pages write it. Evidence: 6dot50-auth-2."""

CANCELLED = "6dot50-cancel-2"
"""The evidence of a cancel that succeeds, whose sample leaves out the externalId."""

_WRITTEN = {"created": CREATED_STATUS.id, "changed": None, "added": ADDED_BODY.id}
_UNNAMED = ("external_id", "referral_amount", "referral_msisdn")
"""The attributes of a payment that the page about deletions does not name."""

_PAID_FROM_AN_ACCOUNT = ("submitted", "small_float", "no_purse")
_NAMES = ("firstname", "lastname")


def cite(tx: Transaction, request: Request, operation: Operation, answer: Answer) -> Answer:
    """Return the answer with the facts, and with the assumption where it names none yet."""
    shown = _shown(tx, answer)
    facts = (
        *_facts_of_body(tx, answer, shown),
        *_facts_of_path(request, operation),
        *_facts_of_names(tx, request, operation),
        *_facts_of_header(request, operation),
    )
    return answer.resting_on(facts, None if answer.assumption else _assumption(tx, answer, shown))


def _shown(tx: Transaction, answer: Answer) -> list[Any]:
    """Return the batches and payments that the body of an answer shows as they are read."""
    if answer.name == "payments":
        return tx.group(Payment.kind, "batch", answer.subject.id)
    if answer.name in ("batch", "payment", "deleted", "submitted"):
        return [answer.subject]
    return list(answer.subject) if answer.name == "batches" else []


def _facts_of_body(tx: Transaction, answer: Answer, shown: list[Any]) -> Iterator[str]:
    """Yield the facts behind the fields that only some answers of a name have."""
    if answer.name == "deleted":
        yield "6dot50-delete-4" if tx.choice(DELETED_FIELDS.id) == "shown" else "6dot50-delete-5"
    if answer.name in _PAID_FROM_AN_ACCOUNT and any(it.currency_code != CURRENCY for it in tx.group(Account.kind, *ALL)):
        yield "6dot50-money-4"
    if answer.name == "payments":
        yield "6dot50-payments-2"
    written = [answer.subject.created_at] if answer.name in ("created", "changed") else []
    stored = [at for resource in shown for at in _instants_of(resource, settled=answer.name != "deleted")]
    if any(at.microsecond == 0 for at in written):
        yield "6dot50-instant-6"
    if any(rounded(at).microsecond % 10_000 == 0 for at in stored):
        yield "6dot50-instant-2"


def _instants_of(shown: Batch | Payment, settled: bool) -> list[datetime]:
    if isinstance(shown, Payment) and settled and shown.settled_at is not None:
        return [shown.created_at, shown.settled_at]
    return [shown.created_at]


def _assumption(tx: Transaction, answer: Answer, shown: list[Any]) -> str | None:
    """Return the assumption about a body, which counts only where its other choice would have given another body."""
    if answer.name in _WRITTEN:
        others = (it.id for it in (WRITTEN_SUMMARY, WRITTEN_INSTANTS) if tx.choice(it.id) != it.default)
        return next(others, _WRITTEN[answer.name]) or _about_absent_values(tx, answer, [answer.subject])
    if answer.name == "deleted" and any(getattr(answer.subject, name) is not None for name in _UNNAMED):
        return DELETED_FIELDS.id
    if answer.name == "submitted" and tx.size(Account.kind, *ALL) > 1:
        return PAYING_ACCOUNT.id
    if answer.name == "accounts":
        return BALANCE_TYPE.id
    if any(isinstance(it, Payment) and it.is_member != is_shown_as_member(tx, it) for it in shown):
        return IS_MEMBER.id
    if any(rounded(it.created_at) != it.created_at for it in shown):
        return STORED_INSTANTS.id
    return _about_absent_values(tx, answer, shown)


def _about_absent_values(tx: Transaction, answer: Answer, shown: list[Any]) -> str | None:
    """Return the assumption about absent values, where one is; the sample of a cancelled batch shows our default."""
    if answer.evidence == CANCELLED and tx.choice(ABSENT_VALUES.id) == ABSENT_VALUES.default:
        return None
    optional = _NAMES if answer.name == "deleted" else (*_NAMES, "settled_at", *_UNNAMED)
    return ABSENT_VALUES.id if any(getattr(it, name, "") is None for it in shown for name in optional) else None


def _facts_of_path(request: Request, operation: Operation) -> Iterator[str]:
    path = request.path.removesuffix("/")
    if path != request.path:
        yield "6dot50-path-3"
    expected = operation.path.split("/")[1:]
    actual = path.split("/")[-len(expected) :]
    if operation.other_paths and SINGULAR.search(path):
        yield "6dot50-path-4"
    if any(one not in (other, "batch") for one, other in zip(actual, expected, strict=True) if not other.startswith("{")):
        yield "6dot50-input-1"
    if any(id != id.lower() and GUID.fullmatch(id.lower()) for id in request.parameters.values()):
        yield "6dot50-id-1"


def _facts_of_names(tx: Transaction, request: Request, operation: Operation) -> Iterator[str]:
    if request.query_string and operation.name == "6dot50.batches.list":
        yield from _respelt([name for name, _ in parse_qsl(request.query_string)], PARAMETERS)
    if request.body and check_media_type in operation.checks:
        names = _names_in(request.body)
        yield from _respelt(names, PROPERTIES)
        if not organisation_of(tx).referrals and any(name.lower().startswith("referral") for name in names):
            yield "6dot50-referral-1"
    elif request.body:
        yield "6dot50-cancel-13"


def _respelt(names: Iterable[str], published: Iterable[str]) -> Iterator[str]:
    known = {name.lower(): name for name in published}
    if any(known.get(name.lower(), name) != name for name in names):
        yield "6dot50-input-1"


def _names_in(body: bytes) -> set[str]:
    """Return the names of the properties of a body and of the payments in it, as they are spelt."""
    try:
        value = orjson.loads(body)
    except ValueError:
        return set()
    if not isinstance(value, dict):
        return set()
    payments = next((it for name, it in value.items() if name.lower() == "payments" and isinstance(it, list)), [])
    return {*value, *(name for payment in payments if isinstance(payment, dict) for name in payment)}


def _facts_of_header(request: Request, operation: Operation) -> Iterator[str]:
    scheme = request.headers.get("authorization", "").strip().partition(" ")[0]
    if scheme and scheme not in SCHEMES and operation.path != GET_TOKEN:
        yield "6dot50-auth-7"
