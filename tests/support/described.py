"""The fields of schemas with their descriptions, and the operations in a table: what pages are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from emulator.contract.evidence import KINDS
from emulator.contract.fixtures import load_fixture
from emulator.reports.support_matrix import Answers, request_of
from emulator.scenario.document import JsonObject
from emulator.scenario.state_schema import given_state
from emulator.sdk.vendor import Vendor
from emulator.vendors import VENDORS


class DescribedField(NamedTuple):
    """One key of a schema: its path, its own schema, and what it means, which is empty where nothing is said of it."""

    path: str
    schema: JsonObject
    description: str


def state_fields(vendor: Vendor) -> Iterator[DescribedField]:
    """Yield each field of a vendor's state with what the fixture `state.yaml` says of it; timers are described elsewhere.

    The fields of one account of several are those of the only one, and described there.
    """
    descriptions, schema, words = load_fixture(vendor, "state.yaml", {}), given_state(vendor), vendor.accounts
    before = f"{words.one}." if words else ""
    only = {
        f"{words.several}[].{path.removeprefix(before)}" for path, _ in fields_of(schema) if words and path.startswith(before)
    }
    for path, part in fields_of(schema):
        if ".timing." not in path and (path in descriptions or path not in only):
            yield DescribedField(path, part, descriptions.get(path, ""))


def fields_of(schema: JsonObject, path: str = "") -> Iterator[tuple[str, JsonObject]]:
    """Yield the path and the schema of each key below a schema."""
    for way in (schema, *schema.get("anyOf", ())):
        for name, part in way.get("properties", {}).items():
            below = f"{path}.{name}" if path else name
            yield below, part
            yield from fields_of(part, below)
        if "items" in way:
            yield from fields_of(way["items"], f"{path}[]")


def overview(found: Answers) -> list[str]:
    """Return a table in Markdown of every operation with the kind of its surest answer."""
    lines = ["| operation | request | surest evidence |", "| --- | --- | --- |"]
    for vendor in VENDORS.values():
        for operation in vendor.operations:
            surest = next(kind for kind in (*KINDS, "none") if kind in found.get(operation.name, {}) or kind == "none")
            lines.append(f"| `{operation.name}` | {request_of(vendor, operation)} | {surest} |")
    return lines
