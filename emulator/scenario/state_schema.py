"""The JSON Schemas of a state by vendor as people write it: at the beginning of a world, in a change, and in a step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from emulator.scenario.document import JsonDict, JsonObject
from emulator.sdk.state import Deletable
from emulator.sdk.vendor import Vendor

DELETED = {"const": True, "description": "true: it is gone"}


def credentials_schema(vendor: Vendor) -> JsonObject:
    """The JSON Schema of the credentials by which clients pick a world: texts, or all their fields where there are several."""
    names = [*vendor.make_credentials("0" * 64).fields]
    fields = closed({name: {"type": "string", "minLength": 1} for name in names}, *names)
    item: JsonObject = {"type": "string"} if len(names) == 1 else {**fields, "type": ["string", "object"]}
    return {"type": "array", "items": {**item, "minLength": 1}, "maxItems": 1_000}


def state_schema(vendors: Iterable[Vendor]) -> JsonObject:
    """The JSON Schema of a state by vendor: of `given`, of `set` and `see`, and of PATCH /state."""
    return closed({vendor.name: written_state(vendor) for vendor in vendors})


def written_state(vendor: Vendor) -> JsonObject:
    """The JSON Schema of a vendor's state as people write it: accounts list their credentials, and resources can be deleted."""
    schema = given_state(vendor)
    for place, deletable in vendor.deletable.items():
        schema = _with_deletion(schema, place.split("."), deletable)
    return schema


def given_state(vendor: Vendor) -> JsonObject:
    """The JSON Schema of a vendor's state at the beginning of a world, where each of its accounts may list credentials."""
    schema, name = vendor.state.schema, vendor.accounts.several if vendor.accounts else ""
    properties = schema.get("properties", {})
    if (items := properties.get(name, {}).get("items")) is None:
        return schema
    items = {**items, "properties": {**items.get("properties", {}), "credentials": credentials_schema(vendor)}}
    return {**schema, "properties": {**properties, name: {**properties[name], "items": items}}}


def _with_deletion(schema: JsonObject, place: Sequence[str], deletable: Deletable) -> JsonObject:
    """The schema of an object with a list in whose items, found at a place below it, one can be deleted."""
    name, *below = place
    properties = schema.get("properties", {})
    items = properties.get(name, {}).get("items")
    if items is None:
        return schema  # the conformance kit says so
    items = _with_deletion(items, below, deletable) if below else _deletable(items, deletable)
    return {**schema, "properties": {**properties, name: {**properties[name], "items": items}}}


def _deletable(item: JsonObject, deletable: Deletable) -> JsonObject:
    """The schema of an item that may say that a resource is deleted, in whose place a text may stand if it is one."""
    if "properties" not in item:
        names = dict.fromkeys(deletable.names, item)
        return {**item, **closed({**names, "deleted": DELETED}, "deleted"), "type": ["string", "object"]}
    required = {"anyOf": [{"required": item["required"]}, {"required": ["deleted"]}]} if "required" in item else {}
    kept = {key: part for key, part in item.items() if key != "required"}
    return {**kept, **required, "properties": {**item["properties"], "deleted": DELETED}}


def with_kept_ids(schema: JsonObject) -> JsonDict:
    """Return the schema of a state in a step, in which what a step before kept, as `{name}`, may stand for a GUID."""
    kept = {key: _with_kept_ids(part) for key, part in schema.items()}
    if schema.get("format") != "uuid":
        return kept
    guid = schema["pattern"].removeprefix("^").removesuffix("$")
    return {key: part for key, part in kept.items() if key != "format"} | {"pattern": rf"^(?:\{{[^{{}}]+\}}|{guid})$"}


def _with_kept_ids(part: Any) -> Any:
    if isinstance(part, list):
        return [_with_kept_ids(it) for it in part]
    return with_kept_ids(part) if isinstance(part, dict) else part


def closed(properties: JsonObject, *required: str, **more: Any) -> JsonObject:
    """Return the JSON Schema of an object that has no other properties."""
    schema = {"type": "object", "properties": dict(properties), "additionalProperties": False, **more}
    return schema | ({"required": list(required)} if required else {})
