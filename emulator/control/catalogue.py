"""Control routes over what a server offers: health, the OpenAPI document, scenarios and vendors."""

from __future__ import annotations

from starlette.exceptions import HTTPException

from emulator.contract.evidence import load_evidence
from emulator.contract.fixtures import version
from emulator.control import models
from emulator.control.models import Health, Scenarios, ScenarioSummary, ScenarioText, Vendors
from emulator.control.route import ControlRequest, route
from emulator.kernel.errors import BadInput, NotFound
from emulator.kernel.machine import Machine
from emulator.scenario.descriptions import editor_schema
from emulator.scenario.document import JsonDict
from emulator.sdk.vendor import Vendor
from emulator.web.receipts import NotKept


def _health(_: ControlRequest) -> Health:
    return Health("ok", version())


health = route("GET", "/health", "Is the server up?")(_health)


@route("GET", "/ready", "Will the next request succeed?")
def ready(request: ControlRequest) -> Health:
    keeper = request.context.worlds.keeper
    if keeper is not None and (reason := keeper.refusal) is not None:
        raise NotKept(f"the store cannot keep what happens, and whatever would change something fails: {reason}")
    return _health(request)


@route("GET", "/openapi.json", "This document", takes_long=True, is_fixed=True)
def openapi(request: ControlRequest) -> JsonDict:
    from emulator.control.openapi import document

    return document(request.context.vendors)


@route("GET", "/scenarios", "The scenarios there are", takes_long=True)
def scenarios(request: ControlRequest) -> Scenarios:
    library = request.context.library
    every = [_summary(request, name) for name in library.names()]
    return Scenarios(tuple(it for it in every if not (it.problems and library.is_part(str(library.path(it.name))))))


def _summary(request: ControlRequest, name: str) -> ScenarioSummary:
    try:
        return ScenarioSummary(name, request.context.library.get(name).title, None)
    except BadInput as error:
        return ScenarioSummary(name, None, tuple(error.lines()))


@route("GET", "/scenarios/{name:path}", "A scenario", takes_long=True)
def scenario(request: ControlRequest) -> ScenarioText:
    if not (name := request.path_param("name")):
        raise HTTPException(404)  # a slash too many after `/scenarios`
    found = request.context.library.get(name)
    return ScenarioText(found.name, found.title, dict(found.as_written))


@route("GET", "/schema", "The JSON Schema of scenario files", takes_long=True, is_fixed=True)
def schema(request: ControlRequest) -> JsonDict:
    return editor_schema(request.context.vendors)


@route("GET", "/vendors", "The vendors", takes_long=True, is_fixed=True)
def vendors(request: ControlRequest) -> Vendors:
    return Vendors(tuple(map(_vendor, request.context.vendors.values())))


@route("GET", "/vendors/{vendor}", "A vendor: operations, machines, assumptions and evidence", takes_long=True, is_fixed=True)
def vendor(request: ControlRequest) -> models.Vendor:
    name = request.path_param("vendor")
    if name not in request.context.vendors:
        raise NotFound("vendor", name, request.context.vendors)
    return _vendor(request.context.vendors[name])


def _vendor(vendor: Vendor) -> models.Vendor:
    return models.Vendor(
        vendor.name,
        mounts=tuple(vendor.mounts),
        operations=tuple(map(models.OperationSummary.of, vendor.operations)),
        machines=tuple(map(_machine, vendor.machines)),
        timers={it.name: models.TimerSummary(it.default_text, it.source) for it in vendor.settable_timers.values()},
        assumptions=tuple(map(models.Assumption.of, vendor.assumptions)),
        evidence=tuple(map(models.Evidence.of, load_evidence(vendor).values())),
    )


def _machine(machine: Machine) -> models.Machine:
    rows = [
        {
            "in": row.state,
            "cause": str(row.cause),
            "to": row.to,
            "answer": row.answer,
            "effect": row.effect.__name__ if row.effect else None,
            "when": row.when.__name__ if row.when else None,
            "assume": f"{row.assume.assumption.id}={row.assume.choice}" if row.assume else None,
            "evidence": row.evidence,
        }
        for row in machine.rows
    ]
    return models.Machine(machine.kind, tuple(machine.states), tuple(rows))
