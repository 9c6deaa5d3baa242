"""Amounts of money in a vendor's state, exact: each is a Decimal, also where it happens to be whole."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Any

from emulator.scenario.document import JsonObject
from emulator.vendors import VENDORS

AMOUNT: Any = object()
"""The shape of an amount: a number that need not be whole. That of anything else is its parts with amounts in them, by name."""


def is_amount(vendor: str, at: str) -> bool:
    """Tell whether a dotted place of the vendor's state holds an amount."""
    return _shape_at(vendor, at) is AMOUNT


def exact(vendor: str, value: Any, at: str = "") -> Any:
    """Return a value that stands at a place of the vendor's state, with its amounts as Decimals."""
    return _exact(value, _shape_at(vendor, at))


def exact_totals(totals: JsonObject) -> JsonObject:
    """Return the totals of a ledger by vendor, with their amounts as Decimals."""
    exactly: dict[str, Any] = {}
    for vendor, of in totals.items():
        moved = {place: exact(vendor, amount, place) for place, amount in of["moved"].items()}
        states = {place: {ways: exact(vendor, it, place) for ways, it in by.items()} for place, by in of["states"].items()}
        exactly[vendor] = {"moved": moved, "states": states}
    return exactly


def _exact(value: Any, shape: Any) -> Any:
    if shape is AMOUNT:
        return Decimal(value) if isinstance(value, int) else value
    if not shape:
        return value
    if isinstance(value, list):
        return [_exact(part, shape) for part in value]
    if isinstance(value, dict):
        return {name: _exact(part, shape[name]) if name in shape else part for name, part in value.items()}
    return value


def _shape_at(vendor: str, at: str) -> Any:
    """Return the shape of the value at a dotted place; indexes in it count for nothing."""
    shape = _shape_of_state(vendor)
    for name in filter(None, re.sub(r"\[[^\]]*\]?", "", at).split(".")):
        shape = {} if shape is AMOUNT else shape.get(name, {})
    return shape


@cache
def _shape_of_state(vendor: str) -> Any:
    return _shape(VENDORS[vendor].state.schema) if vendor in VENDORS else {}


def _shape(schema: JsonObject) -> Any:
    """Return the shape of the values that fit a schema; a list has that of its items."""
    types = schema.get("type", ())
    if "number" in ([types] if isinstance(types, str) else types):
        return AMOUNT
    if "items" in schema:
        return _shape(schema["items"])
    return {name: shape for name, part in schema.get("properties", {}).items() if (shape := _shape(part))}
