"""The meaning of each key of a scenario file, in its JSON Schema, where an editor shows it beside the key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from emulator.contract.fixtures import load_fixture
from emulator.kernel.time import format_duration
from emulator.scenario.schema import scenario_schema
from emulator.sdk.vendor import Vendor

GRAMMAR = {
    "title": "What the scenario is about: a full sentence in the present tense.",
    "format": "Version of the grammar that the file is written in. Default 1, the only one.",
    "proves": "Ids of evidence that the scenario proves and no row of a machine can show.",
    "clock": "The clock of the world.",
    "clock.start": "Instant at which it starts. Default 2026-01-01T00:00:00Z; of a clock that runs, now.",
    "clock.rate": "frozen, real, or how many virtual seconds pass in a real one. Default frozen.",
    "seed": "Number that decides every id that is made. Default 0.",
    "provenance": "Whether responses say in headers which world and exchange they come from. Default true.",
    "credentials": "Credentials by which clients pick the world, by vendor. Default any that no other world lists.",
    "assume": "Choices where the vendors publish nothing.",
    "timing": "How long things take.",
    "given": "The state at the beginning, by vendor.",
    "faults": "Failures that are injected into requests.",
    "faults[].at": "Which requests: an operation, a vendor, or * for all.",
    "faults[].id": "Only requests whose path names this resource.",
    "faults[].where": "The moment of a request at which the fault strikes.",
    "faults[].do": "What it does.",
    "faults[].times": "How often it strikes. Default without end.",
    "faults[].after": "How many requests pass before it begins. Default 0.",
    "faults[].every": "Strikes at every nth request. Default 1.",
    "faults[].probability": "Probability with which it strikes, above 0. Default 1.",
    "faults[].between": "Two instants between which it strikes.",
    "faults[].for": "How long from now on it strikes. Default without end.",
    "faults[].status": "Status of the response, with `do: status`.",
    "faults[].body": "Body of the response, with `do: status`: a text as it is; anything else as JSON.",
    "faults[].json": "Body of the response as JSON, in place of `body`.",
    "faults[].retry_after": "Value of the header Retry-After.",
    "faults[].delay": "How long a response is delayed, or `next`: until the next change by itself.",
    "faults[].clock": "Clock that a delay is measured by.",
    "faults[].pace": "Time between two bytes, with `do: dribble`.",
    "replies": "Responses word for word, in place of the vendor's.",
    "replies[].at": "The operation that answers so.",
    "replies[].times": "How many requests are answered so. Default without end.",
    "replies[].status": "HTTP status.",
    "replies[].headers": "Headers, by name.",
    "replies[].body": "Body: a text as it is; anything else as JSON.",
    "replies[].json": "Body as JSON, in place of `body`.",
    "timeline": "What happens by itself.",
    "timeline[].after": "How long after the beginning.",
    "timeline[].set": "Changes of the state, by vendor.",
    "steps": "What proves the scenario, one after the other; each has one of send, advance, set and expect_state.",
    "steps[].send": "A request: METHOD /path?query. {name} stands for what a step before kept.",
    "steps[].headers": "Headers of the request, by name.",
    "steps[].json": "Body of the request, as JSON.",
    "steps[].body": "Body of the request, as text.",
    "steps[].get": "What must come back; the other word for `expect`.",
    "steps[].get.status": "HTTP status.",
    "steps[].get.json": "Part of the JSON body; all of it with `exactly: true`.",
    "steps[].get.text": "The whole body, as text.",
    "steps[].get.headers": "Headers, by name.",
    "steps[].get.exactly": "Whether the body has nothing besides `json`. Default false.",
    "steps[].get.fails": "True: no whole response comes back.",
    "steps[].capture": "Values of the response by the names under which later steps use them: dotted paths of its JSON.",
    "steps[].expect": "What must come back.",
    "steps[].expect.status": "HTTP status.",
    "steps[].expect.json": "Part of the JSON body; all of it with `exactly: true`.",
    "steps[].expect.text": "The whole body, as text.",
    "steps[].expect.headers": "Headers, by name.",
    "steps[].expect.exactly": "Whether the body has nothing besides `json`. Default false.",
    "steps[].expect.fails": "True: no whole response comes back.",
    "steps[].keep": "Values of the response for later steps; the other word for `capture`.",
    "steps[].advance": "Time that passes: a duration, or one of by, to and until.",
    "steps[].advance.by": "A duration.",
    "steps[].advance.to": "An instant.",
    "steps[].advance.until": "next: the next change by itself; idle: until nothing more happens by itself.",
    "steps[].set": "Changes of the state, by vendor.",
    "steps[].expect_state": "What the state must hold, by vendor.",
    "steps[].see": "What the state must hold, by vendor; the other word for `expect_state`.",
}
"""Keys of the grammar by their paths; [] stands for each item of a list."""


class DescribedField(NamedTuple):
    """One key of a schema: its path, its own schema, and what it means, which is empty where nothing is said of it."""

    path: str
    schema: Mapping[str, Any]
    description: str


def state_fields(vendor: Vendor) -> Iterator[DescribedField]:
    """Yield each field of a vendor's state with what the fixture `state.yaml` says of it."""
    descriptions = load_fixture(vendor, "state.yaml", {})
    for path, schema in fields_of(vendor.state.schema):
        yield DescribedField(path, schema, descriptions.get(path, ""))


def fields_of(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the path and the schema of each key below a schema."""
    for way in (schema, *schema.get("anyOf", ())):
        for name, part in way.get("properties", {}).items():
            below = f"{path}.{name}" if path else name
            yield below, part
            yield from fields_of(part, below)
        if "items" in way:
            yield from fields_of(way["items"], f"{path}[]")


def described_schema(vendors: Mapping[str, Vendor]) -> dict[str, Any]:
    """Return the JSON Schema of scenario files with a description of each key, for editors and people."""
    schema = _described(scenario_schema(vendors), GRAMMAR | dict(_of_vendors(vendors)))
    states = schema["$defs"]["state"]["properties"]
    for name, vendor in vendors.items():
        states[name] = _described(vendor.state.schema, load_fixture(vendor, "state.yaml", {}))
    return schema


def _of_vendors(vendors: Mapping[str, Vendor]) -> Iterator[tuple[str, str]]:
    for name, vendor in vendors.items():
        yield f"credentials.{name}", "Credentials of this vendor by which clients pick the world."
        for assumption in vendor.assumptions:
            yield f"assume.{assumption.id}", f"{assumption.question} Default {assumption.default}."
        for wait in vendor.settable_timers:
            default = vendor.timers[wait].default
            usual = "never" if default is None else "varies" if callable(default) else format_duration(default)
            yield f"timing.{wait}", f"How long it takes; never: without end. Default {usual}."


def _described(schema: Mapping[str, Any], descriptions: Mapping[str, str], path: str = "", way: bool = False) -> dict[str, Any]:
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
