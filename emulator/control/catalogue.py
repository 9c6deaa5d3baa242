"""Control routes over what there is to choose from and to build on: health, the OpenAPI document, scenarios and vendors."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException

from emulator.contract.fixtures import version
from emulator.control.route import Asked, route
from emulator.control.schemas import OBJECT, TEXT, list_of, object_of, ref
from emulator.control.serializers import vendor_to_json
from emulator.kernel.errors import BadInput, NotFound
from emulator.scenario.grammar import scenario_schema


def _health(_: Asked) -> Any:
    return {"status": "ok", "version": version()}


health = route("GET", "/health", "Is the server up?", ref("health"))(_health)
ready = route("GET", "/ready", "Will the next request succeed?", ref("health"))(_health)


@route("GET", "/openapi.json", "This document", OBJECT, takes_long=True)
def openapi(asked: Asked) -> Any:
    from emulator.control.openapi import document

    return document(asked.plane.vendors)


@route("GET", "/scenarios", "The scenarios there are", object_of(scenarios=list_of(ref("scenario-summary"))), takes_long=True)
def scenarios(asked: Asked) -> Any:
    return {"scenarios": [_summary(asked, name) for name in asked.plane.library.names()]}


def _summary(asked: Asked, name: str) -> dict[str, Any]:
    try:
        return {"name": name, "title": asked.plane.library.get(name).title}
    except BadInput as error:
        return {"name": name, "problems": error.lines()}


@route(
    "GET", "/scenarios/{name:path}", "A scenario", object_of(name=TEXT, title=TEXT, scenario=ref("scenario")), takes_long=True
)
def scenario(asked: Asked) -> Any:
    if not (name := asked.named("name")):
        raise HTTPException(404)  # a slash too many after `/scenarios`
    found = asked.plane.library.get(name)
    return {"name": found.name, "title": found.title, "scenario": found.written}


@route("GET", "/schema", "The JSON Schema of scenario files", OBJECT)
def schema(asked: Asked) -> Any:
    return scenario_schema(asked.plane.vendors)


@route("GET", "/vendors", "The vendors", object_of(vendors=list_of(ref("vendor"))), takes_long=True)
def vendors(asked: Asked) -> Any:
    return {"vendors": [vendor_to_json(it) for it in asked.plane.vendors.values()]}


@route("GET", "/vendors/{vendor}", "A vendor: operations, machines, assumptions and evidence", ref("vendor"), takes_long=True)
def vendor(asked: Asked) -> Any:
    name = asked.named("vendor")
    if name not in asked.plane.vendors:
        raise NotFound("vendor", name, asked.plane.vendors)
    return vendor_to_json(asked.plane.vendors[name])
