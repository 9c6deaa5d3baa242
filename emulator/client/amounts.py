"""Amounts of money in a vendor's state, exact: each is a Decimal, also where it happens to be whole."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from emulator.scenario.document import JsonObject
from emulator.vendors import VENDORS


def is_amount(vendor: str, at: str) -> bool:
    """Tell whether a dotted place of the vendor's state holds an amount."""
    return _is_amount(_schema_at(vendor, at))


def exact(vendor: str, value: Any, at: str = "") -> Any:
    """Return a value that stands at a place of the vendor's state, with its amounts as Decimals."""
    return _exact(value, _schema_at(vendor, at))


def exact_totals(totals: JsonObject) -> JsonObject:
    """Return the totals of a ledger by vendor, with their amounts as Decimals."""
    exactly: dict[str, Any] = {}
    for vendor, of in totals.items():
        moved = {place: exact(vendor, amount, place) for place, amount in of["moved"].items()}
        states = {place: {ways: exact(vendor, it, place) for ways, it in by.items()} for place, by in of["states"].items()}
        exactly[vendor] = {"moved": moved, "states": states}
    return exactly


def _exact(value: Any, schema: JsonObject) -> Any:
    if _is_amount(schema):
        return Decimal(value) if isinstance(value, int) else value
    if isinstance(value, list):
        return [_exact(part, schema.get("items", schema)) for part in value]
    if isinstance(value, dict):
        known = schema.get("items", schema).get("properties", {})
        return {name: _exact(part, known.get(name, {})) for name, part in value.items()}
    return value


def _is_amount(schema: JsonObject) -> bool:
    """Tell whether the values that fit a schema are amounts: numbers that need not be whole."""
    return "number" in (schema.get("type"), *schema.get("type", ()))


def _schema_at(vendor: str, at: str) -> JsonObject:
    """Return the schema of the value at a dotted place; indexes in it count for nothing."""
    schema: JsonObject = VENDORS[vendor].state.schema if vendor in VENDORS else {}
    for name in filter(None, re.sub(r"\[[^\]]*\]?", "", at).split(".")):
        schema = schema.get("items", schema).get("properties", {}).get(name, {})
    return schema
