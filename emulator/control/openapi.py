"""The OpenAPI 3.1 document of both planes, made from what the vendors declare, their fixtures and the control routes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from emulator.contract.evidence import KINDS, load_evidence
from emulator.contract.fixtures import fixtures_of, load_fixture, version
from emulator.control import delivery_models, journal_models, ledger_models, models, overview_models, rule_models
from emulator.control.app import ROUTES
from emulator.control.bodies import request_schemas
from emulator.control.models import WORLD_ID
from emulator.control.record import COMPONENTS, COUNT, TEXT, Schema, object_schema, ref, schema_of
from emulator.control.route import ControlRoute
from emulator.kernel.resource import Struct
from emulator.scenario.document import JsonObject
from emulator.scenario.schema import scenario_schema, step_schema
from emulator.scenario.state_schema import closed, state_schema, with_kept_ids
from emulator.sdk.vendor import Operation, Vendor
from emulator.store.file import FILE_TYPE
from emulator.web.guard import PREFIX, is_open

Json = dict[str, Any]

EMPTY, ANY = "empty", "any"
OR_NOTHING = "-or-nothing"
"""The end of the name of a schema of responses that have no body unless an assumption says so."""

SUFFIX = ".schema.json"
TOKEN = "emulator.control-token"  # noqa: S105  the scheme's name
JSON_TYPE, PROBLEM_TYPE, YAML_TYPE = "application/json", "application/problem+json", "application/yaml"

HEADERS: JsonObject = {
    "Emulator-Exchange": {"description": "The world, and the number of the journal entry.", "schema": {"type": "string"}},
    "Emulator-Basis": {
        "description": "How sure we are of this answer. Where a fault or the scenario gave it, that is not said.",
        "schema": {"enum": list(KINDS)},
    },
    "Emulator-Error": {
        "description": "On failures of ours; beside a vendor's own 404 for a path that no operation here has; "
        "and beside a vendor's refusal of a request whose body is compressed.",
        "required": True,
        "schema": {"type": "string"},
    },
}
FIELD_ERROR = closed({"pointer": TEXT, "file": TEXT, "line": COUNT, "column": COUNT, "detail": TEXT}, "pointer", "detail")
PROBLEM = {
    "type": "object",
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "errors": {"type": "array", "items": FIELD_ERROR},
    },
    "required": ["type", "title", "status", "detail"],
}
ERROR = closed({"type": {"const": "emulator_error"}, "code": TEXT, "message": TEXT}, "type", "code", "message")
FAILURE = closed({"message": TEXT, "error": ERROR}, "message", "error")
PROVENANCE = {name: {"$ref": f"#/components/headers/{name}"} for name in ("Emulator-Exchange", "Emulator-Basis")}


class Fixtures(Struct, frozen=True):
    """The published shapes of a vendor: by operation the schema of each status, the request, and the schemas themselves."""

    vendor: str
    replies: Mapping[str, Mapping[int, str]]
    requests: JsonObject
    schemas: JsonObject

    def request_of(self, operation: str) -> JsonObject:
        """Return the request of an operation: `body`, `media`, `optional`, `query`, `path`; `open` if it wants no key."""
        request: JsonObject = self.requests["operations"].get(operation, {})
        return request

    def ref(self, schema: str) -> Json:
        """Return a reference to one of the schemas."""
        return {"$ref": f"{COMPONENTS}{self.vendor}.{schema}"}

    @property
    def parameter_schemas(self) -> set[str]:
        """The schemas of queries, paths and headers, which stand where they are used."""
        requests = [self.requests, *self.requests["operations"].values()]
        return {it[place] for it in requests for place in ("query", "path", "headers") if place in it}


def document(vendors: Mapping[str, Vendor]) -> Json:
    """Return the document, always the same for the same vendors."""
    all_fixtures = [_load(vendor) for vendor in vendors.values()]
    paths: dict[str, Json] = {}
    for vendor, fixtures in zip(vendors.values(), all_fixtures, strict=True):
        for operation in vendor.operations:
            path = (operation.mounts or vendor.mounts)[0] + operation.path
            paths.setdefault(path, {})[operation.method.lower()] = _operation(vendor, operation, path, fixtures)
    for route in ROUTES:
        paths.setdefault(address(route), {})[route.method.lower()] = _control(route)
    paths["/"] = {"get": {**paths[PREFIX]["get"], "operationId": "emulator.get.root", "security": []}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "batch-emulator",
            "version": version(),
            "description": "Vendors of batches at their native paths, and the control plane.",
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "tags": [*(_tag(vendor) for vendor in vendors.values()), {"name": "emulator", "description": "The control plane."}],
        "paths": paths,
        "components": {
            "schemas": {
                f"{it.vendor}.{name}": _as_component(schema, it.vendor, name)
                for it in all_fixtures
                for name, schema in it.schemas.items()
                if name not in it.parameter_schemas
            }
            | {f"emulator.{name}": it for name, it in components(vendors).items()},
            "responses": _responses(),
            "headers": dict(HEADERS),
            "securitySchemes": {
                **{f"{it.vendor}.{name}": scheme for it in all_fixtures for name, scheme in it.requests["security"].items()},
                TOKEN: {"type": "http", "scheme": "bearer", "description": "Where the server was given one."},
            },
        },
    }


def components(vendors: Mapping[str, Vendor]) -> dict[str, Schema]:
    """Return the named schemas of the control plane: request bodies, scenarios and records."""
    own = {
        "scenario": scenario_schema(vendors, titled=False),
        "step-state": with_kept_ids(state_schema(vendors.values())),
        "step": step_schema(vendors.values()),
        **request_schemas(vendors),
    }
    named = [
        it
        for module in (models, rule_models, delivery_models, journal_models, ledger_models, overview_models)
        for it in vars(module).values()
        if getattr(it, "component", None)
    ]
    return {
        **{name: _with_components(schema) for name, schema in own.items()},
        **{record.component: object_schema(record) for record in named},
        "entry": schema_of(journal_models.AnyEntry),
        "explanation": schema_of(journal_models.AnyExplanation),
        "problem": PROBLEM,
        "failure": FAILURE,
    }


def _with_components(schema: Schema) -> Schema:
    """Return a schema that refers to components in place of its own definitions."""
    whole = {key: it for key, it in schema.items() if key not in ("$schema", "$defs")}
    located: Schema = json.loads(json.dumps(whole).replace('"#/$defs/', f'"{COMPONENTS}emulator.'))
    return located


def address(route: ControlRoute) -> str:
    """Return the path of a control route, its parameters as OpenAPI writes them."""
    return PREFIX + re.sub(r":\w+}", "}", route.path)


def _load(vendor: Vendor) -> Fixtures:
    replies = load_fixture(vendor, "replies.yaml")
    requests = load_fixture(vendor, "requests.yaml", {"security": {}, "operations": {}})
    files = sorted((fixtures_of(vendor) / "schemas").glob(f"*{SUFFIX}"))
    schemas = {it.name.removesuffix(SUFFIX): json.loads(it.read_bytes()) for it in files}
    return Fixtures(vendor.name, replies, requests, schemas)


def _tag(vendor: Vendor) -> Json:
    kinds = [entry.kind for entry in load_evidence(vendor).values()]
    return {
        "name": vendor.name,
        "x-emulator-mounts": list(vendor.mounts),
        "x-emulator-basis": {kind: kinds.count(kind) for kind in KINDS},
        "x-emulator-assumptions": {it.id: it.default for it in vendor.assumptions},
    }


def _operation(vendor: Vendor, operation: Operation, path: str, fixtures: Fixtures) -> Json:
    request = fixtures.request_of(operation.name)
    is_open = request.get("open", False)
    described = fixtures.schemas[request["path"]]["properties"] if "path" in request else {}
    parameters = [*_path_parameters(path, **described), *_parameters(fixtures, request.get("query"), "query")]
    if not is_open:
        parameters += _parameters(fixtures, fixtures.requests.get("headers"), "header")
    statuses = fixtures.replies.get(operation.name, {})
    return {
        "operationId": operation.name,
        "tags": [vendor.name],
        "parameters": parameters,
        **({"requestBody": _request_body(fixtures, request)} if "body" in request else {}),
        "responses": {
            **{str(status): _reply(fixtures, status, name, vendor.media_type) for status, name in sorted(statuses.items())},
            **({"404": _not_found(fixtures, statuses[404], vendor.media_type)} if "{world}" in path else {}),
            "default": {"$ref": "#/components/responses/failure"},
        },
        "security": [] if is_open else [{f"{vendor.name}.{scheme}": []} for scheme in fixtures.requests["security"]],
    }


def _request_body(fixtures: Fixtures, request: JsonObject) -> Json:
    media = {} if request["body"] == ANY else {"schema": fixtures.ref(request["body"])}
    return {"required": not request.get("optional", False), "content": dict.fromkeys(request.get("media", (JSON_TYPE,)), media)}


def _reply(fixtures: Fixtures, status: int, schema: str, media_type: str) -> Json:
    reply: Json = {"description": HTTPStatus(status).phrase, "headers": PROVENANCE}
    if schema == EMPTY or schema.endswith(OR_NOTHING):
        return reply
    return reply | {"content": {"*/*": {}} if schema == ANY else {media_type: {"schema": fixtures.ref(schema)}}}


def _not_found(fixtures: Fixtures, schema: str, media_type: str) -> Json:
    """Return the vendor's 404, or ours where the path names no world."""
    reply = _reply(fixtures, 404, schema, media_type)
    content = reply.get("content", {media_type: {"schema": ref("failure")}})
    found = {media: {"schema": {"anyOf": [it["schema"], ref("failure")]}} for media, it in content.items()}
    return {"description": reply["description"], "content": found}


def _path_parameters(path: str, **described: Json) -> list[Json]:
    schemas = {"world": WORLD_ID, **described}
    return [
        {"name": name, "in": "path", "required": True, "schema": schemas.get(name, {"type": "string", "minLength": 1})}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _parameters(fixtures: Fixtures, schema: str | None, place: str) -> list[Json]:
    """Return the properties of an object as parameters of the query or the header."""
    if schema is None:
        return []
    described = fixtures.schemas[schema]
    return [
        {"name": name, "in": place, "required": name in described.get("required", ()), "schema": it}
        for name, it in described["properties"].items()
    ]


def _control(route: ControlRoute) -> Json:
    answer: Json = {"description": HTTPStatus(route.status).phrase}
    if route.raw:
        answer["content"] = {route.raw: {} if route.raw == FILE_TYPE else {"schema": TEXT}}
    elif route.answer is not None:
        answer["content"] = {JSON_TYPE: {"schema": route.schema}, **{it: {"schema": TEXT} for it in route.forms}}
    path = address(route)
    query = [{"name": name, "in": "query", "schema": schema} for name, schema in route.query.items()]
    return {
        "operationId": ".".join(["emulator", route.method.lower(), *re.findall(r"\w+", path.removeprefix(PREFIX))]),
        "summary": route.summary,
        "tags": ["emulator"],
        "parameters": [*_path_parameters(path), *query],
        **({"requestBody": _control_body(route.body, route.yaml)} if route.body is not None else {}),
        **({"requestBody": {"required": True, "content": {FILE_TYPE: {}}}} if route.as_file else {}),
        "responses": {str(route.status): answer, "default": {"$ref": "#/components/responses/problem"}},
        "security": [] if is_open(path) else [{}, {TOKEN: []}],
    }


def _control_body(schema: JsonObject, yaml: bool) -> Json:
    """Return a request body in JSON or YAML, in which a whole scenario may stand as a member, or be the YAML."""
    if not yaml:
        return {"required": False, "content": {it: {"schema": schema} for it in (JSON_TYPE, YAML_TYPE)}}
    scenario = {"anyOf": [TEXT, ref("scenario")]}
    whole = {**schema, "properties": {**schema["properties"], "scenario": scenario}}
    return {"required": False, "content": {JSON_TYPE: {"schema": whole}, YAML_TYPE: {"schema": ref("scenario")}}}


def _responses() -> Json:
    emulator_error = {"Emulator-Error": {"$ref": "#/components/headers/Emulator-Error"}}
    return {
        "problem": {"description": "What is wrong, by field.", "content": {PROBLEM_TYPE: {"schema": ref("problem")}}},
        "failure": {
            "description": "A failure of ours, which no client should take for the vendor's.",
            "headers": emulator_error,
            "content": {JSON_TYPE: {"schema": ref("failure")}},
        },
    }


def _as_component(value: Any, vendor: str, name: str) -> Any:
    """Return a schema of the fixtures, whose references to files and into itself lead to components."""
    if isinstance(value, list):
        return [_as_component(it, vendor, name) for it in value]
    if not isinstance(value, dict):
        return value
    component = {key: _as_component(it, vendor, name) for key, it in value.items() if key not in ("$schema", "$id")}
    if isinstance(reference := value.get("$ref"), str):
        file, _, pointer = reference.partition("#")
        component["$ref"] = f"{COMPONENTS}{vendor}.{file.removesuffix(SUFFIX) or name}{pointer}"
    return component
