"""Requests that are spelt otherwise than the pages have them, and what their answers rest on for that reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl

import orjson

from emulator.sdk import Answer, Operation, Request, Transaction
from emulator.vendors.sixdot50.ids import GUID
from emulator.vendors.sixdot50.queries import PARAMETERS
from emulator.vendors.sixdot50.tokens import GET_TOKEN
from emulator.vendors.sixdot50.validation import ADDITION_TYPES, BATCH_TYPES, CREDENTIAL_TYPES, PAYMENT_TYPES

PROPERTIES = frozenset((*CREDENTIAL_TYPES, *BATCH_TYPES, *ADDITION_TYPES, *PAYMENT_TYPES))
SCHEMES = ("Bearer", "bearer")
"""The scheme as the pages write it. Evidence: 6dot50-auth-2."""

WITH_BODY = frozenset((("POST", GET_TOKEN), ("POST", "/batches"), ("PUT", "/batches/{id}"), ("POST", "/batches/{id}/payments")))
"""Method and path of each operation that has a body. Evidence: 6dot50-media-2."""


def cite(_tx: Transaction, request: Request, operation: Operation, answer: Answer) -> Answer:
    """Return the answer with the facts by which its request was understood, or part of it ignored."""
    facts = [*_facts_of_path(request, operation), *_facts_of_names(request, operation), *_facts_of_header(request, operation)]
    return answer.resting_on(facts) if facts else answer


def _facts_of_path(request: Request, operation: Operation) -> Iterator[str]:
    path = request.path.removesuffix("/")
    if path != request.path:
        yield "6dot50-path-3"
    expected = operation.path.split("/")
    actual = path.split("/")[-len(expected) + 1 :]
    fixed = [(one, other) for one, other in zip(actual, expected[1:], strict=True) if not other.startswith("{")]
    if any(one != other for one, other in fixed):
        yield "6dot50-input-1"
    if any(id != id.lower() and GUID.fullmatch(id.lower()) for id in request.parameters.values()):
        yield "6dot50-id-1"


def _facts_of_names(request: Request, operation: Operation) -> Iterator[str]:
    if request.query_string and operation.name == "6dot50.batches.list":
        yield from _spelt_otherwise([name for name, _ in parse_qsl(request.query_string)], PARAMETERS)
    if request.body and (operation.method, operation.path) in WITH_BODY:
        yield from _spelt_otherwise(_names_in(request.body), PROPERTIES)
    elif request.body:
        yield "6dot50-cancel-13"


def _spelt_otherwise(names: Iterable[str], published: Iterable[str]) -> Iterator[str]:
    known = {it.lower(): it for it in published}
    if any(known.get(name.lower(), name) != name for name in names):
        yield "6dot50-input-1"


def _names_in(body: bytes) -> set[str]:
    """Return the names of the properties of a body and of the payments in it."""
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
