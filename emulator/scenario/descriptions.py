"""The meaning of each key of a scenario file, in its JSON Schema, where an editor shows it beside the key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path

from emulator.contract.fixtures import load_fixture
from emulator.kernel.accounts import ONE_ACCOUNT
from emulator.kernel.machine import Timer
from emulator.scenario.accounts import own_credentials
from emulator.scenario.document import JsonDict, JsonObject
from emulator.scenario.schema import scenario_schema
from emulator.scenario.state_schema import with_kept_ids, written_state
from emulator.sdk.vendor import Vendor

REVOKING = ("timeline[].revoke", "steps[].revoke")
"""The keys under which credentials are revoked."""


@cache
def grammar() -> dict[str, str]:
    """Return the meaning of each key of the grammar by its path; [] stands for each item of a list."""
    import yaml

    meanings: dict[str, str] = yaml.safe_load(Path(__file__).with_name("grammar.yaml").read_text("utf-8"))
    return meanings


def described_schema(vendors: Mapping[str, Vendor]) -> JsonDict:
    """Return the JSON Schema of scenario files with a description of each key, for editors and people."""
    meanings = grammar() | dict(_of_vendors(vendors))
    schema = _described(scenario_schema(vendors), meanings)
    schema["$defs"] = {**schema["$defs"], "step": _described(schema["$defs"]["step"], meanings, "steps[]")}
    schema["$defs"]["new-fault"] = schema["properties"]["faults"]["items"]
    schema["$defs"]["new-reply"] = schema["properties"]["replies"]["items"]
    states = schema["$defs"]["state"]["properties"]
    for name, vendor in vendors.items():
        states[name] = _described(written_state(vendor), dict(_of_state(vendor)))
    schema["$defs"]["step-state"] = with_kept_ids(schema["$defs"]["state"])
    return schema


def _of_state(vendor: Vendor) -> Iterator[tuple[str, str]]:
    for place, deletable in vendor.deletable.items():
        path, names = "".join(f".{part}[]" for part in place.split(".")).lstrip("."), " or ".join(deletable.names)
        yield from ((f"{path}.{name}", "What names it, where it is deleted.") for name in deletable.names)
        yield (
            f"{path}.deleted",
            f"In a change: true where somebody else deletes it; beside it stands {names} alone.",
        )
    for path, meaning in load_fixture(vendor, "state.yaml", {}).items():
        yield path, meaning
        if vendor.accounts and path.startswith(before := f"{vendor.accounts.one}."):
            yield f"{vendor.accounts.several}[].{path.removeprefix(before)}", meaning
        if path.endswith(".timing"):
            yield from ((f"{path}.{name}", _of_timer(timer)) for name, timer in vendor.settable_timers.items())


def _of_timer(timer: Timer) -> str:
    return f"Duration of this timer; never: without end. Default {timer.default_text}."


def _of_vendors(vendors: Mapping[str, Vendor]) -> Iterator[tuple[str, str]]:
    for vendor in vendors.values():
        own = next(iter(own_credentials(vendor, ONE_ACCOUNT)))
        yield f"credentials.{vendor.name}", "Credentials of this vendor by which clients pick the world."
        for place in REVOKING:
            yield f"{place}.{vendor.name}", f"Credentials of this vendor; {own} is the world's own."
        for place, field in product(("credentials", *REVOKING), vendor.make_credentials("0" * 64).fields):
            yield f"{place}.{vendor.name}[].{field}", f"The {field} of a credential that is given with all its fields."
        for assumption in vendor.assumptions:
            yield f"assume.{assumption.id}", f"{assumption.question} Default {assumption.default}."
        for name, timer in vendor.settable_timers.items():
            yield f"timing.{name}", _of_timer(timer)
        for outbox in vendor.outboxes:
            yield f"timing.{outbox.ladder}", "Times before each further attempt to deliver; none for a single attempt."


def _described(schema: JsonObject, descriptions: Mapping[str, str], path: str = "", way: bool = False) -> JsonDict:
    described = dict(schema)
    if path in descriptions and not way:
        form = schema.get("description")
        described["description"] = descriptions[path] + (f" Written as {form}." if form and "pattern" in schema else "")
    if "properties" in schema:
        before = f"{path}." if path else ""
        described["properties"] = {
            name: _described(part, descriptions, before + name) for name, part in schema["properties"].items()
        }
    if "items" in schema:
        described["items"] = _described(schema["items"], descriptions, f"{path}[]")
    if "anyOf" in schema:
        described["anyOf"] = [_described(part, descriptions, path, way=True) for part in schema["anyOf"]]
    return described


WRITTEN_OUT = frozenset({"$schema", "format", "include", "parameters"})
"""Keys at the top whose values no parameter can stand for."""

PARAMETER = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*\}", "description": "a parameter, such as ${searches}"}


def editor_schema(vendors: Mapping[str, Vendor]) -> JsonDict:
    """Return the described schema of files as they are before parameters are filled in: one may stand for any value."""
    schema = described_schema(vendors)
    top = {key: part if key in WRITTEN_OUT else _or_parameter(part) for key, part in schema["properties"].items()}
    definitions = {name: _with_parameters(part) for name, part in schema["$defs"].items()}
    return {**schema, "properties": top, "$defs": definitions}


def _with_parameters(schema: JsonObject) -> JsonDict:
    """Return a schema in whose parts parameters may stand."""
    changed = dict(schema)
    if "properties" in schema:
        changed["properties"] = {name: _or_parameter(part) for name, part in schema["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            changed[key] = _or_parameter(schema[key])
    return changed


def _or_parameter(schema: JsonObject) -> JsonDict:
    if not schema.keys() - {"type", "description"} and schema.get("type", "string") == "string":
        return dict(schema)  # any text, or anything
    about = {"description": schema["description"]} if "description" in schema else {}
    return {**about, "anyOf": [_with_parameters(schema), PARAMETER]}
