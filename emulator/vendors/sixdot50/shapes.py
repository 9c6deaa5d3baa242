"""The fields of a body that have another type than 6DOT50 takes, which its answer does not name."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from emulator.vendors.sixdot50.bodies import NUMBER, Properties, Types, is_shaped, of_object, properties
from emulator.vendors.sixdot50.validation import BATCH_TYPES, PAYMENT_TYPES
from emulator.vendors.vendor import Call

BODY_TYPES: Types = {"key": str, "secret": str, **BATCH_TYPES, "clearexisting": bool, "payments": list}
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


def misshapen(call: Call) -> Iterator[str]:
    """Yield a line for each field of another type, and what it should be."""
    given = properties(call) or {}
    yield from _misfits(given, BODY_TYPES, "")
    payments = given.get("payments")
    for index, payment in enumerate(payments if isinstance(payments, list) else ()):
        fields = of_object(payment)
        if fields is None:
            yield f"payments[{index}] is {_kind_of(payment)}, and should be an object"
        else:
            yield from _misfits(fields, PAYMENT_TYPES, f"payments[{index}].")


def _misfits(given: Properties, types: Types, place: str) -> Iterator[str]:
    for name, kind in types.items():
        if not is_shaped(given, {name: kind}):
            yield f"{place}{name} is {_kind_of(given[name])}, and should be {TYPES[kind]}"


def _kind_of(value: Any) -> str:
    return KINDS.get(type(value), "null")
