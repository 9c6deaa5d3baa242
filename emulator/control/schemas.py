"""What control routes answer, as JSON Schemas that may name each other as #/components/schemas/...."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from emulator.control.bodies import WORLD_ID
from emulator.scenario.faults import fault_schema
from emulator.scenario.grammar import scenario_schema, state_schema
from emulator.scenario.schema_types import DURATION, INSTANT
from emulator.sdk.vendor import Vendors

Schema = Mapping[str, Any]

COMPONENTS = "#/components/schemas/"
ANYTHING: Schema = {}
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
OBJECT: Schema = {"type": "object"}


def ref(name: str) -> Schema:
    """One of the schemas below, or the scenario, state or fault that the vendors make up."""
    return {"$ref": f"{COMPONENTS}emulator.{name}"}


def optional(schema: Schema) -> Schema:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def list_of(schema: Schema) -> Schema:
    """Any number of these."""
    return {"type": "array", "items": schema}


def map_of(schema: Schema) -> Schema:
    """An object that has these under names of any kind."""
    return {"type": "object", "additionalProperties": schema}


def object_of(left_out: Iterable[str] = (), **properties: Schema) -> Schema:
    """An object that has all of these and nothing else, but for those that may be left out."""
    required = [name for name in properties if name not in left_out]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_CHANGE = {
    "at": INSTANT,
    "vendor": TEXT,
    "resource": TEXT,
    "id": TEXT,
    "from": TEXT,
    "to": TEXT,
    "why": TEXT,
    "evidence": optional(TEXT),
}
_BASIS: Schema = {"enum": ["documented", "observed", "inferred"]}
_EXCHANGE = {
    "at": INSTANT,
    "operation": TEXT,
    "method": TEXT,
    "target": TEXT,
    "answer": TEXT,
    "evidence": TEXT,
    "also": list_of(TEXT),
    "assumption": optional(TEXT),
    "basis": optional(_BASIS),
    "status": {"type": "integer"},
    "request": object_of(headers=list_of(list_of(TEXT)), body=ANYTHING),
    "reply": ANYTHING,
    "delivered": optional(FLAG),
    "faults": list_of(object_of(id=TEXT, where=TEXT, do=TEXT, place=optional(TEXT))),
    "changes": list_of(ref("change")),
}
_FACT: Schema = object_of(evidence=TEXT, kind=_BASIS, source=TEXT, says=TEXT)
_CITED: Schema = optional(_FACT)
_ROW: Schema = object_of(
    **{"in": TEXT},
    resource=TEXT,
    id=TEXT,
    cause=TEXT,
    to=TEXT,
    answer=optional(TEXT),
    effect=optional(TEXT),
    condition=optional(TEXT),
    because=_CITED,
    passed_over=list_of(object_of(condition=optional(TEXT), answer=optional(TEXT))),
)
_UNMATCHED: Schema = object_of(
    n=COUNT,
    method=TEXT,
    target=TEXT,
    status={"type": "integer"},
    error=optional(TEXT),
    world=optional(TEXT),
    operation=optional(TEXT),
    credential=optional(TEXT),
    unread=FLAG,
    hint=optional(TEXT),
)
_EXPLAINED: Mapping[str, Schema] = {
    "n": COUNT,
    "type": {"const": "exchange"},
    **_EXCHANGE,
    "world": TEXT,
    "vendor": TEXT,
    "credential": optional(TEXT),
    "because": _CITED,
    "also": list_of(_FACT),
    "scripted": optional(TEXT),
    "rows": list_of(_ROW),
    "assumptions": list_of(object_of(id=TEXT, choice=TEXT, default=TEXT, question=TEXT, reason=TEXT)),
    "differences": optional(list_of(ref("difference"))),
    "rest": COUNT,
    "held": optional(TEXT),
    "newer": optional(_UNMATCHED),
    "would_work": list_of(TEXT),
    "text": TEXT,
}
DIFFERENCES: Mapping[str, Schema] = {"differences": list_of(ref("difference")), "rest": COUNT}
"""A page of differences, and how many follow."""

_TOTALS: Schema = map_of(object_of(moved=map_of(NUMBER), states=map_of(map_of(map_of(NUMBER)))))
_PLACE = {"pointer": TEXT, "line": COUNT, "column": COUNT, "detail": TEXT}

SCHEMAS: Mapping[str, Schema] = {
    "index": object_of(
        name=TEXT,
        version=TEXT,
        vendors=list_of(object_of(name=TEXT, url=TEXT)),
        worlds=optional(list_of(object_of(id=TEXT, url=TEXT))),
        links=map_of(TEXT),
    ),
    "health": object_of(status={"const": "ok"}, version=TEXT),
    "scenario-summary": object_of(("title", "problems"), name=TEXT, title=TEXT, problems=list_of(TEXT)),
    "vendor": object_of(
        name=TEXT,
        mounts=list_of(TEXT),
        operations=list_of(object_of(name=TEXT, method=TEXT, path=TEXT)),
        machines=list_of(object_of(kind=TEXT, states=list_of(TEXT), rows=list_of(OBJECT))),
        waits=map_of(object_of(default=TEXT, source=TEXT)),
        assumptions=list_of(object_of(id=TEXT, question=TEXT, choices=list_of(TEXT), default=TEXT, reason=TEXT)),
        evidence=list_of(object_of(id=TEXT, kind=_BASIS, source=TEXT, says=TEXT)),
    ),
    "clock": object_of(
        ("behind",),
        now=INSTANT,
        rate={"anyOf": [{"enum": ["frozen", "real"]}, {"type": "number"}]},
        next=optional(INSTANT),
        behind=DURATION,
    ),
    "world": object_of(id=WORLD_ID, seed=COUNT, clock=ref("clock"), credentials=map_of(map_of(TEXT))),
    "change": object_of(**_CHANGE),
    "entry": {
        "oneOf": [
            object_of(n=COUNT, type={"const": "change"}, **_CHANGE),
            object_of(n=COUNT, type={"const": "exchange"}, **_EXCHANGE),
        ]
    },
    "difference": object_of(
        ("added", "removed", "changed"),
        vendor=TEXT,
        at=TEXT,
        id=optional(TEXT),
        added=ANYTHING,
        removed=ANYTHING,
        changed=map_of(object_of(before=ANYTHING, after=ANYTHING)),
        text=TEXT,
    ),
    "explanation": {
        "oneOf": [
            object_of(n=COUNT, type={"const": "change"}, **_CHANGE, world=TEXT, because=_CITED, text=TEXT),
            object_of(**_EXPLAINED),
        ]
    },
    "ledger": object_of(
        complete=FLAG,
        commits=list_of(object_of(exchange=optional(COUNT), why=TEXT, at=INSTANT, totals=_TOTALS, **DIFFERENCES)),
        exchanges=list_of(
            object_of(n=COUNT, operation=TEXT, status={"type": "integer"}, committed=FLAG, delivered=optional(FLAG))
        ),
        totals=_TOTALS,
    ),
    "rehearsal": object_of(
        status={"type": "integer"},
        headers=list_of(list_of(TEXT)),
        body=ANYTHING,
        world=TEXT,
        delivered=optional(FLAG),
        faults=_EXCHANGE["faults"],
        changes=list_of(ref("change")),
        **DIFFERENCES,
        explanation=ref("explanation"),
    ),
    "verdict": object_of(ok=FLAG, failures=list_of(object_of(at=TEXT, message=TEXT, exchanges=list_of(COUNT)))),
    "moment": object_of(name=TEXT, at=INSTANT),
    "changed": object_of(**DIFFERENCES),
    "comparison": object_of(**{"from": ref("moment")}, to=ref("moment"), **DIFFERENCES),
    "pending": object_of(at=INSTANT, vendor=TEXT, resource=TEXT, id=TEXT, timer=TEXT),
    "unmatched": _UNMATCHED,
    "place": object_of(clock=ref("clock"), journal=COUNT),
    "held": object_of(
        method=TEXT, target=TEXT, operation=TEXT, since=INSTANT, until=optional(INSTANT), fault=_EXCHANGE["faults"]["items"]
    ),
    "fault": object_of(id=TEXT, fault=OBJECT, seen=COUNT, struck=COUNT, left=optional(COUNT), place=optional(TEXT)),
    "problem": {
        "type": "object",
        "properties": {
            "type": TEXT,
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": TEXT,
            "errors": list_of(object_of(("line", "column"), **_PLACE)),
        },
        "required": ["type", "title", "status", "detail"],
    },
    "failure": object_of(message=TEXT, error=object_of(type={"const": "emulator_error"}, code=TEXT, message=TEXT)),
}


def sent(vendors: Vendors) -> dict[str, Schema]:
    """What is sent in the grammar of scenarios, by the name under which a route says so."""
    return {"state": state_schema(vendors.values()), "new-fault": fault_schema(vendors.values())}


def followed(schema: Schema, known: Mapping[str, Schema]) -> Schema:
    """The schema itself, or the one that it names."""
    reference: str | None = schema.get("$ref")
    return schema if reference is None else known[reference.removeprefix(f"{COMPONENTS}emulator.")]


def components(vendors: Vendors) -> dict[str, Schema]:
    """Every schema that others may name, by its name: those above, and what these vendors make up."""
    scenario = {key: it for key, it in scenario_schema(vendors, titled=False).items() if key not in ("$schema", "$defs")}
    local = json.dumps(scenario).replace('"#/$defs/', f'"{COMPONENTS}emulator.')
    return {"scenario": json.loads(local), **sent(vendors), **SCHEMAS}
