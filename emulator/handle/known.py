"""The names that a test may use of operations, and of numbers in a vendor's state, so that none is misspelt unheard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.kernel.errors import NotFound
from emulator.vendors import VENDORS

ANY = ".*"
"""At the end of a place: whatever is in it has a name that no schema knows, such as a day."""

NUMBERS = {"integer", "number"}


def expect_operation(name: str) -> None:
    """Makes sure that there is such an operation, so that a misspelt one is not taken for one that was never asked.

    Raises:
        NotFound: no vendor has it.
    """
    known = [operation.name for vendor in VENDORS.values() for operation in vendor.operations]
    if name not in (*known, *(f"{vendor}.astray" for vendor in VENDORS)):
        raise NotFound("operation", name, known)


def expect_number(vendor: str, place: str) -> None:
    """Makes sure that there is such a number, so that a misspelt one is not taken for one that did not move.

    Raises:
        NotFound: there is no such vendor, or no such number in its state.
    """
    if vendor not in VENDORS:
        raise NotFound("vendor", vendor, VENDORS)
    known = list(_numbers(VENDORS[vendor].given.schema, ""))
    if place not in known and not any(it.endswith(ANY) and place.startswith(it.removesuffix("*")) for it in known):
        raise NotFound(f"number of {vendor}", place, known)


def _numbers(schema: Mapping[str, Any], place: str) -> Iterator[str]:
    """The dotted places of all numbers in a schema, indexes left out."""
    types = schema.get("type")
    if NUMBERS & set(types if isinstance(types, list) else [types]):
        yield place
    for part in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from _numbers(part, place)
    for name, part in schema.get("properties", {}).items():
        yield from _numbers(part, f"{place}.{name}".lstrip("."))
    if types == "object" and place and _is_open(schema):
        yield place + ANY


def _is_open(schema: Mapping[str, Any]) -> bool:
    """Whether an object can have numbers under names of its own."""
    more = schema.get("additionalProperties", "properties" not in schema)
    return more is True or (isinstance(more, Mapping) and more.get("type") in NUMBERS)
