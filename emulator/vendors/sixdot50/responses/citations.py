"""The facts and the assumption that an answer rests on beside its row: how its request was read, and what its body shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from emulator.sdk import Answer, Assumption, Operation, Request, Transaction
from emulator.vendors.sixdot50.assumptions.batches import CANCELLED_REFERRALS, REVERSED_PAYMENTS, SUBMITTED_MONEY
from emulator.vendors.sixdot50.assumptions.requests import (
    ABSENT_VALUES,
    DELETED_FIELDS,
    FRACTIONS,
    SINGULAR_PATH,
    WRITTEN_INSTANTS,
)
from emulator.vendors.sixdot50.model import ALL, CURRENCY, Account, Batch, Payment, organisation_of
from emulator.vendors.sixdot50.requests.admission import GUID, JSON, SINGULAR, check_media_type
from emulator.vendors.sixdot50.requests.bodies import BODY, PAYMENT, content_of
from emulator.vendors.sixdot50.requests.queries import PARAMETERS
from emulator.vendors.sixdot50.requests.tokens import GET_TOKEN, acting_organisation
from emulator.vendors.sixdot50.requests.validation import MAX_FLAWS
from emulator.vendors.sixdot50.responses.renderers import rounded

PROPERTIES = frozenset((*BODY, *PAYMENT))
SCHEMES = ("Bearer", "bearer")
"""The scheme as the pages write it. Evidence: 6dot50-auth-2."""

CANCELLED = "6dot50-cancel-2"
"""The evidence of a cancel that succeeds, whose sample leaves out the externalId."""

_PAID_FROM_AN_ACCOUNT = ("submitted", "small_float", "no_purse")


def cite(tx: Transaction, request: Request, operation: Operation, answer: Answer) -> Answer:
    """Return the answer with the facts, and with the assumption where it names none yet."""
    is_singular = operation.other_paths and SINGULAR.search(request.path)
    decisive = None if answer.assumption else _decisive(tx, answer) or (SINGULAR_PATH if is_singular else None)
    shown = _shown(tx, answer)
    facts = (
        *_facts_of_body(tx, answer, shown),
        *_facts_of_path(request, operation),
        *_facts_of_names(tx, request, operation),
        *_facts_of_header(request, operation),
    )
    return answer.resting_on(facts, decisive)


def _shown(tx: Transaction, answer: Answer) -> list[Any]:
    """Return the batches and payments that the body of an answer shows as they are read."""
    if answer.name == "payments":
        return tx.group(Payment, "batch", answer.subject.id)
    if answer.name in ("batch", "payment", "deleted", "submitted"):
        return [answer.subject]
    return list(answer.subject) if answer.name == "batches" else []


def _facts_of_body(tx: Transaction, answer: Answer, shown: list[Any]) -> Iterator[str]:
    """Yield the facts behind the fields that only some answers of a name have."""
    if answer.name == "deleted":
        yield "6dot50-delete-4" if tx.choice(DELETED_FIELDS) == "shown" else "6dot50-delete-5"
    if answer.name == "invalid":
        yield from dict.fromkeys(flaw.evidence for flaw in answer.subject[1:])
        if len(answer.subject) > MAX_FLAWS:
            yield "6dot50-error-9"
    if answer.name in _PAID_FROM_AN_ACCOUNT and _needs_a_choice(tx):
        yield "6dot50-money-4"
    if answer.name == "payments":
        yield "6dot50-payments-2"
    if FRACTIONS in tx.consulted:
        yield "6dot50-decimal-5"
    stored = [at for resource in shown for at in _instants_of(resource, settled=answer.name != "deleted")]
    if answer.name in ("created", "changed") and tx.choice(WRITTEN_INSTANTS) != "stored":
        yield "6dot50-instant-6"
    if any(isinstance(it, Payment) and it.settled_at is not None for it in shown) and answer.name != "deleted":
        yield "6dot50-instant-7"
    if REVERSED_PAYMENTS in tx.consulted:
        yield "6dot50-summary-7"
        if CANCELLED_REFERRALS in tx.consulted:
            yield "6dot50-reversal-4"
    if any(rounded(at).microsecond % 10_000 == 0 for at in stored):
        yield "6dot50-instant-2"


def _needs_a_choice(tx: Transaction) -> bool:
    """Return whether another account might pay. Evidence: 6dot50-money-4."""
    own = acting_organisation(tx)
    accounts = tx.size(Account, ALL, own)
    return accounts > 1 or tx.size(Account, "currency", own, CURRENCY) < accounts


def _instants_of(shown: Batch | Payment, settled: bool) -> list[datetime]:
    if isinstance(shown, Payment) and settled and shown.settled_at is not None:
        return [shown.created_at, shown.settled_at]
    return [shown.created_at]


def _decisive(tx: Transaction, answer: Answer) -> Assumption | None:
    """Return the first assumption that was asked about: it is asked about only where its other choice gives another answer.

    The sample of a cancelled batch shows our default of what stands for an absent value.
    """
    printed = answer.evidence == CANCELLED and tx.choice(ABSENT_VALUES) == ABSENT_VALUES.default
    beside = (SUBMITTED_MONEY, ABSENT_VALUES) if printed else (SUBMITTED_MONEY,)
    return next((it for it in tx.consulted if it not in beside), None)


def _facts_of_path(request: Request, operation: Operation) -> Iterator[str]:
    path = request.path.removesuffix("/")
    if path != request.path:
        yield "6dot50-path-3"
    expected = operation.path.split("/")[1:]
    actual = path.split("/")[-len(expected) :]
    if operation.other_paths and SINGULAR.search(path):
        yield "6dot50-path-4"
    prefix = path.removesuffix("/".join(actual))
    named = zip(actual, expected, strict=True)
    if prefix != prefix.lower() or any(one not in (other, "batch") for one, other in named if not other.startswith("{")):
        yield "6dot50-input-1"
    if any(id != id.lower() and GUID.fullmatch(id.lower()) for id in request.parameters.values()):
        yield "6dot50-id-1"


def _facts_of_names(tx: Transaction, request: Request, operation: Operation) -> Iterator[str]:
    if request.query_string and operation.name == "6dot50.batches.list":
        yield from _respelt([name for name, _ in parse_qsl(request.query_string)], PARAMETERS)
    known = {name.lower() for name in PARAMETERS} if operation.name == "6dot50.batches.list" else set[str]()
    if {name.lower() for name in request.query} - known:
        yield "6dot50-input-2"
    if request.body and check_media_type in operation.checks:
        content = content_of(request)
        if content != request.body:
            yield "6dot50-media-4"
        names = _names_in(content)
        yield from _respelt(names, PROPERTIES)
        pays_referrers = organisation_of(tx, acting_organisation(tx)).referrals
        if not pays_referrers and any(name.lower().startswith("referral") for name in names):
            yield "6dot50-referral-1"
    elif request.body or ("content-type" in request.headers and request.media_type != JSON):
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
