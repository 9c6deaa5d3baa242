"""What each control route takes and answers, as JSON Schemas that may name each other as #/components/schemas/...."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.web.bodies import ADVANCE, CLOCK, DRY_RUN, FORK, MOMENT, NEW_WORLD, RESET, UNDO, WORLD_ID
from emulator.web.verify import VERIFY

Schema = Mapping[str, Any]

COMPONENTS = "#/components/schemas/"
ANYTHING: Schema = {}
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
NUMBER: Schema = {"type": "number"}
OBJECT: Schema = {"type": "object"}


def ref(name: str) -> Schema:
    """One of the schemas below, or the scenario or state that the vendors make up."""
    return {"$ref": f"{COMPONENTS}emulator.{name}"}


def _optional(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _map(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def _object(optional: Iterable[str] = (), **properties: Schema) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_CHANGE = {
    "at": INSTANT,
    "vendor": TEXT,
    "resource": TEXT,
    "id": TEXT,
    "from": TEXT,
    "to": TEXT,
    "why": TEXT,
    "evidence": _optional(TEXT),
}
_BASIS: Schema = {"enum": ["documented", "observed", "inferred"]}
_EXCHANGE = {
    "at": INSTANT,
    "operation": TEXT,
    "method": TEXT,
    "target": TEXT,
    "answer": TEXT,
    "evidence": TEXT,
    "assumption": _optional(TEXT),
    "basis": _BASIS,
    "status": {"type": "integer"},
    "reply": ANYTHING,
    "delivered": _optional(FLAG),
    "faults": _list(_object(id=TEXT, where=TEXT, do=TEXT, place=_optional(TEXT))),
    "changes": _list(ref("change")),
}
_CITED: Schema = _optional(_object(evidence=TEXT, kind=_BASIS, source=TEXT, says=TEXT))
_ROW: Schema = _object(
    **{"in": TEXT},
    resource=TEXT,
    id=TEXT,
    cause=TEXT,
    to=TEXT,
    answer=_optional(TEXT),
    effect=_optional(TEXT),
    condition=_optional(TEXT),
    because=_CITED,
    passed_over=_list(_object(condition=_optional(TEXT), answer=_optional(TEXT))),
)
_EXPLAINED: Mapping[str, Schema] = {
    "n": COUNT,
    "type": {"const": "exchange"},
    **_EXCHANGE,
    "world": TEXT,
    "vendor": TEXT,
    "credential": _optional(TEXT),
    "because": _CITED,
    "scripted": _optional(TEXT),
    "rows": _list(_ROW),
    "assumptions": _list(_object(id=TEXT, choice=TEXT, default=TEXT, question=TEXT, reason=TEXT)),
    "differences": _optional(_list(ref("difference"))),
    "would_work": _list(TEXT),
    "text": TEXT,
}
_TOTALS: Schema = _map(_object(moved=_map(NUMBER), states=_map(_map(_map(NUMBER)))))
_PLACE = {"pointer": TEXT, "line": COUNT, "column": COUNT, "detail": TEXT}

SCHEMAS: Mapping[str, Schema] = {
    "health": _object(status={"const": "ok"}, version=TEXT),
    "scenario-summary": _object(("title", "problems"), name=TEXT, title=TEXT, problems=_list(TEXT)),
    "vendor": _object(
        name=TEXT,
        mounts=_list(TEXT),
        operations=_list(_object(name=TEXT, method=TEXT, path=TEXT)),
        machines=_list(_object(kind=TEXT, states=_list(TEXT), rows=_list(OBJECT))),
        waits=_map(_object(default=TEXT, source=TEXT)),
        assumptions=_list(_object(id=TEXT, question=TEXT, choices=_list(TEXT), default=TEXT, reason=TEXT)),
        evidence=_list(_object(id=TEXT, kind=_BASIS, source=TEXT, says=TEXT)),
    ),
    "clock": _object(now=INSTANT, rate={"anyOf": [{"enum": ["frozen", "real"]}, {"type": "number"}]}, next=_optional(INSTANT)),
    "world": _object(id=WORLD_ID, seed=COUNT, clock=ref("clock"), credentials=_map(_map(TEXT))),
    "change": _object(**_CHANGE),
    "entry": {
        "oneOf": [
            _object(n=COUNT, type={"const": "change"}, **_CHANGE),
            _object(n=COUNT, type={"const": "exchange"}, **_EXCHANGE),
        ]
    },
    "difference": _object(
        ("added", "removed", "changed"),
        vendor=TEXT,
        at=TEXT,
        id=_optional(TEXT),
        added=ANYTHING,
        removed=ANYTHING,
        changed=_map(_object(before=ANYTHING, after=ANYTHING)),
        text=TEXT,
    ),
    "explanation": {
        "oneOf": [
            _object(n=COUNT, type={"const": "change"}, **_CHANGE, world=TEXT, because=_CITED, text=TEXT),
            _object(**_EXPLAINED),
        ]
    },
    "ledger": _object(
        complete=FLAG,
        commits=_list(
            _object(exchange=_optional(COUNT), why=TEXT, at=INSTANT, totals=_TOTALS, differences=_list(ref("difference")))
        ),
        exchanges=_list(
            _object(n=COUNT, operation=TEXT, status={"type": "integer"}, committed=FLAG, delivered=_optional(FLAG))
        ),
        totals=_TOTALS,
    ),
    "rehearsal": _object(
        status={"type": "integer"},
        headers=_list(_list(TEXT)),
        body=ANYTHING,
        world=_optional(TEXT),
        delivered=_optional(FLAG),
        faults=_EXCHANGE["faults"],
        changes=_list(ref("change")),
        differences=_list(ref("difference")),
        explanation=ref("explanation"),
    ),
    "verdict": _object(ok=FLAG, failures=_list(_object(at=TEXT, message=TEXT, exchanges=_list(COUNT)))),
    "moment": _object(name=TEXT, at=INSTANT),
    "comparison": _object(**{"from": ref("moment")}, to=ref("moment"), differences=_list(ref("difference"))),
    "place": _object(clock=ref("clock"), journal=COUNT),
    "fault": _object(id=TEXT, fault=OBJECT, seen=COUNT, struck=COUNT, left=_optional(COUNT), place=_optional(TEXT)),
    "problem": {
        "type": "object",
        "properties": {
            "type": TEXT,
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": TEXT,
            "errors": _list(_object(("line", "column"), **_PLACE)),
        },
        "required": ["type", "title", "status", "detail"],
    },
    "failure": _object(message=TEXT),
}


@dataclass(frozen=True, slots=True)
class Described:
    """A control route in words and schemas. Without an answer its reply is empty; `yaml` bodies are scenarios."""

    summary: str
    answer: Schema | None
    status: int = 200
    body: Schema | None = None
    yaml: bool = False
    query: Mapping[str, Schema] = field(default_factory=dict)


def _or_scenario(body: Schema) -> Schema:
    """The same body, where the scenario may be a whole one."""
    return {**body, "properties": {**body["properties"], "scenario": {"anyOf": [TEXT, ref("scenario")]}}}


_SEED: Mapping[str, Schema] = {"seed": COUNT}
_ENTRIES: Mapping[str, Schema] = {"since": COUNT, "limit": {"type": "integer", "minimum": 1}, "operation": TEXT}
_WORLD = "/worlds/{world}"

DESCRIBED: Mapping[tuple[str, str], Described] = {
    ("GET", "/health"): Described("Is the server up?", ref("health")),
    ("GET", "/ready"): Described("Will the next request succeed?", ref("health")),
    ("GET", "/openapi.json"): Described("This document", OBJECT),
    ("GET", "/scenarios"): Described("The scenarios there are", _object(scenarios=_list(ref("scenario-summary")))),
    ("GET", "/scenarios/{name}"): Described("A scenario", _object(name=TEXT, title=TEXT, scenario=ref("scenario"))),
    ("GET", "/schema"): Described("The JSON Schema of scenario files", OBJECT),
    ("GET", "/vendors"): Described("The vendors", _object(vendors=_list(ref("vendor")))),
    ("GET", "/vendors/{vendor}"): Described("A vendor: operations, machines, assumptions and evidence", ref("vendor")),
    ("GET", "/worlds"): Described("The worlds", _object(worlds=_list(ref("world")))),
    ("POST", "/worlds"): Described(
        "Make a world", ref("world"), 201, _or_scenario(NEW_WORLD), True, {"id": WORLD_ID, **_SEED, "claim": FLAG}
    ),
    ("GET", _WORLD): Described("A world, and what its clients need", ref("world")),
    ("DELETE", _WORLD): Described("Drop a world", None, 204),
    ("POST", f"{_WORLD}/reset"): Described(
        "Back to the beginning, or to that of another scenario", ref("world"), 200, _or_scenario(RESET), True, _SEED
    ),
    ("GET", f"{_WORLD}/state"): Described("The whole state, as `given` is written", ref("state")),
    ("PATCH", f"{_WORLD}/state"): Described("Change a part of the state", ref("state"), body=ref("state")),
    ("GET", f"{_WORLD}/clock"): Described("What time it is", ref("clock")),
    ("PATCH", f"{_WORLD}/clock"): Described("Set the time, forward only, or the rate", ref("clock"), body=CLOCK),
    ("POST", f"{_WORLD}/clock/advance"): Described(
        "Let time pass", _object(now=INSTANT, fired=_list(ref("change"))), body=ADVANCE
    ),
    ("GET", f"{_WORLD}/journal"): Described(
        "What happened", _object(last=COUNT, dropped=COUNT, entries=_list(ref("entry"))), query=_ENTRIES
    ),
    ("DELETE", f"{_WORLD}/journal"): Described("Forget what happened", None, 204),
    ("GET", f"{_WORLD}/journal/{{n}}/explain"): Described("Why an entry went as it did", ref("explanation")),
    ("GET", f"{_WORLD}/ledger"): Described("What really happened", ref("ledger")),
    ("POST", f"{_WORLD}/verify"): Described("Was it called, in this order, or never?", ref("verdict"), body=VERIFY),
    ("POST", f"{_WORLD}/dry-run"): Described("What a request would be answered and change", ref("rehearsal"), body=DRY_RUN),
    ("GET", f"{_WORLD}/snapshots"): Described("The snapshots there are", _object(snapshots=_list(ref("moment")))),
    ("POST", f"{_WORLD}/snapshots"): Described("Keep the present under a name", ref("moment"), 201, MOMENT),
    ("DELETE", f"{_WORLD}/snapshots/{{name}}"): Described("Drop a snapshot", None, 204),
    ("POST", f"{_WORLD}/restore"): Described("Back to a snapshot, or to the beginning", ref("place"), body=MOMENT),
    ("POST", f"{_WORLD}/undo"): Described("Back to before the newest exchanges", ref("place"), body=UNDO),
    ("POST", f"{_WORLD}/fork"): Described("A world of its own that goes on from here", ref("world"), 201, FORK),
    ("GET", f"{_WORLD}/diff"): Described("What is otherwise", ref("comparison"), query={"from": TEXT, "to": TEXT}),
    ("GET", f"{_WORLD}/faults"): Described("The accidents laid over operations", _object(faults=_list(ref("fault")))),
    ("POST", f"{_WORLD}/faults"): Described("Lay an accident, as a scenario writes it", ref("fault"), 201, OBJECT),
    ("DELETE", f"{_WORLD}/faults"): Described("Lift every accident", None, 204),
    ("GET", f"{_WORLD}/faults/{{fault}}"): Described("An accident: how often it struck, and what is left", ref("fault")),
    ("DELETE", f"{_WORLD}/faults/{{fault}}"): Described("Lift an accident", None, 204),
}
