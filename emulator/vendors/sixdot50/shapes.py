"""The types that fields of a body have and should have, which 6DOT50's answer does not name."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from emulator.sdk import Request
from emulator.vendors.sixdot50.bodies import NUMBER, Properties, Types, misfits, of_object, properties
from emulator.vendors.sixdot50.validation import ADDITION_TYPES, BATCH_TYPES, CREDENTIAL_TYPES, PAYMENT_TYPES

BODY_TYPES: Types = {**CREDENTIAL_TYPES, **BATCH_TYPES, **ADDITION_TYPES}
"""The types of all fields that a body of any operation has."""

TYPES: dict[object, str] = {str: "text", NUMBER: "a number", bool: "true or false", list: "a list"}
KINDS: dict[type, str] = {
    str: "text",
    int: "a number",
    Decimal: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def misshapen(request: Request) -> Iterator[str]:
    """Yield a line for each field of another type, and what it should be."""
    given = properties(request) or {}
    yield from _misfits(given, BODY_TYPES, "")
    payments = given.get("payments")
    for index, payment in enumerate(payments if isinstance(payments, list) else ()):
        fields = of_object(payment)
        if fields is None:
            yield f"payments[{index}] is {_kind_of(payment)}, and should be an object"
        else:
            yield from _misfits(fields, PAYMENT_TYPES, f"payments[{index}].")


def _misfits(given: Properties, types: Types, place: str) -> Iterator[str]:
    for name, value in misfits(given, types):
        yield f"{place}{name} is {_kind_of(value)}, and should be {TYPES[types[name]]}"


def _kind_of(value: Any) -> str:
    return KINDS.get(type(value), "null")
