"""The OpenAPI document is valid, whole and the same every time; what it says is what is served."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import openapi_spec_validator
import pytest
import yaml
from jsonschema import Draft202012Validator

from emulator.client.connections import ask
from emulator.contract.fixtures import fixtures_folder
from emulator.control.app import ROUTES
from emulator.control.negotiation import EVENTS_TYPE
from emulator.control.openapi import address, document
from emulator.control.record import from_json, to_json
from emulator.control.route import ControlRoute
from emulator.sdk.vendor import Operation, Vendor
from emulator.server.app import create_app, worlds_of
from emulator.vendors import VENDORS
from emulator.web.guard import PREFIX
from tests.support.loading import LIBRARY
from tests.support.server import Live

DOCUMENT: dict[str, Any] = document(VENDORS)
OPERATIONS = [(vendor, operation) for vendor in VENDORS.values() for operation in vendor.operations]


def parts(value: Any, key: str) -> Iterator[Any]:
    """Everything that stands under this key, however deep."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        for part in value.values():
            yield from parts(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from parts(part, key)


def test_the_document_is_valid_openapi() -> None:
    openapi_spec_validator.validate(DOCUMENT)


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_every_schema_is_a_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def test_every_reference_leads_somewhere() -> None:
    for reference in (reference for reference in parts(DOCUMENT, "$ref") if isinstance(reference, str)):
        place: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step.replace("~1", "/").replace("~0", "~")]


@pytest.mark.parametrize(("vendor", "operation"), OPERATIONS, ids=lambda value: value.name)
def test_every_operation_is_in_it_with_every_reply_it_can_give(vendor: Vendor, operation: Operation) -> None:
    path = (operation.mounts or vendor.mounts)[0] + operation.path
    operation_object = DOCUMENT["paths"][path][operation.method.lower()]
    replies = yaml.safe_load((fixtures_folder() / vendor.name / "replies.yaml").read_text("utf-8"))
    assert operation_object["operationId"] == operation.name
    assert set(operation_object["responses"]) == {*map(str, replies[operation.name]), "default"}
    names = [parameter["name"] for parameter in operation_object["parameters"] if parameter["in"] == "path"]
    assert names == re.findall(r"{(\w+)}", operation.path)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_control_route_is_in_it(route: ControlRoute) -> None:
    operation_object = DOCUMENT["paths"][address(route)][route.method.lower()]
    assert operation_object["summary"] == route.summary
    assert ("requestBody" in operation_object) == (route.body is not None or route.as_file)
    assert [parameter["name"] for parameter in operation_object["parameters"] if parameter["in"] == "query"] == list(
        route.query
    )


@pytest.mark.parametrize(("method", "end"), [("get", ""), ("post", "/submit"), ("post", "/cancel")])
def test_the_404_of_an_unknown_payout_has_a_body(method: str, end: str) -> None:
    assert "content" in DOCUMENT["paths"]["/za/pay/batches/{id}" + end][method]["responses"]["404"]


def test_nothing_else_is_in_it() -> None:
    addresses = {(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert len(addresses) == len(OPERATIONS) + len(ROUTES) + 1  # the index has two addresses


STOP = "/live/batches/2A6F94BB/stop?api_key=demo"
EXPORT, IMPORT = "/worlds/default/export", "/worlds/import"
FAULT = {"at": "stripe", "where": "before-commit", "do": "drop"}
HOOK = "https://example.com/hook"
OWED = {"event": "batch_resultset_completed", "subject": "2A6F94BB", "url": HOOK, "body": "{}"}
REPLY = {"at": "serpwow.batches.stop", "rate_limit": {"calls": 1, "per": "1m"}, "status": 429}
ASKED: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("GET", "/health", None),
    ("GET", "/stream", None),
    ("GET", "/worlds/default/journal/stream", None),
    ("GET", "/ready", None),
    ("GET", "/openapi.json", None),
    ("GET", "/scenarios", None),
    ("GET", "/scenarios/first-run", None),
    ("GET", "/schema", None),
    ("POST", "/check", {"title": "A", "given": {"serpwow": {"batches": [{"id": "B1", "state": "queued"}]}}}),
    ("GET", "/vendors", None),
    ("GET", "/vendors/stripe", None),
    ("GET", "/worlds", None),
    ("POST", "/worlds", {"id": "mine", "scenario": "serpwow/stopall-23", "seed": 3}),
    ("GET", "/worlds/mine", None),
    ("POST", "/worlds/mine/reset", None),
    ("DELETE", "/worlds/mine", None),
    ("GET", "/worlds/default/state", None),
    ("PATCH", "/worlds/default/state", {"serpwow": {"batches": [{"id": "NEW", "status": "queued", "searches": 1}]}}),
    ("GET", "/worlds/default/clock", None),
    ("GET", "/worlds/default/pending", None),
    ("GET", "/worlds/default/unmatched", None),
    ("PATCH", "/worlds/default/clock", {"now": "2026-03-09T20:55:31.5Z"}),
    ("POST", "/worlds/default/snapshots", {"name": "before"}),
    ("GET", "/worlds/default/snapshots", None),
    ("POST", "/worlds/default/dry-run", {"method": "GET", "url": STOP}),
    ("GET", STOP, None),
    ("GET", STOP, None),
    ("POST", "/worlds/default/clock/advance", {"until": "next"}),
    ("GET", "/worlds/default/journal", None),
    ("GET", "/worlds/default/journal/1", None),
    ("GET", "/worlds/default/journal/3", None),
    ("GET", "/worlds/default/journal/1/explain", None),
    ("GET", "/worlds/default/journal/2/explain", None),
    ("GET", "/worlds/default/journal/3/explain", None),
    ("GET", "/worlds/default/overview?at=entry/1", None),
    ("GET", "/worlds/default/resources?limit=5", None),
    ("GET", "/worlds/default/resources/serpwow/batch/2A6F94BB", None),
    ("GET", "/worlds/default/numbers", None),
    ("GET", "/worlds/default/ledger", None),
    ("GET", "/worlds/default/record", None),
    ("GET", "/worlds/default/journal/last/copy?as=pytest", None),
    ("GET", "/worlds/default/journal/last/copy?as=json", None),
    ("GET", "/worlds/default/diff?from=before", None),
    ("POST", "/worlds/default/verify", {"never": ["serpwow.batches.stop"]}),
    ("POST", "/worlds/default/faults", FAULT),
    ("GET", "/worlds/default/faults", None),
    ("GET", "/worlds/default/held", None),
    (
        "POST",
        "/worlds/default/timeline",
        {"after_call": "serpwow.batches.stop", "set": {"serpwow": {"account": {"name": "A"}}}},
    ),
    ("POST", "/worlds/default/timeline", {"after": "1h", "revoke": {"serpwow": ["demo"]}}),
    ("GET", "/worlds/default/timeline", None),
    ("GET", "/worlds/default/timeline/timeline-1", None),
    ("DELETE", "/worlds/default/timeline/timeline-1", None),
    ("DELETE", "/worlds/default/timeline", None),
    ("GET", "/worlds/default/faults/fault-1", None),
    ("POST", "/worlds/default/dry-run", {"method": "GET", "url": "/v2/core/events", "headers": {"Authorization": "Bearer k"}}),
    ("DELETE", "/worlds/default/faults/fault-1", None),
    ("DELETE", "/worlds/default/faults", None),
    ("POST", "/worlds/default/replies", REPLY),
    ("POST", "/worlds/default/dry-run", {"method": "GET", "url": STOP}),
    ("GET", "/worlds/default/replies", None),
    ("GET", "/worlds/default/replies/reply-1", None),
    ("DELETE", "/worlds/default/replies/reply-1", None),
    ("DELETE", "/worlds/default/replies", None),
    ("POST", "/worlds/default/journal/3/dry-run", {"assume": {"serpwow.unknown-batch": "404"}}),
    ("POST", "/worlds/default/send", {"n": 3}),
    ("POST", "/worlds/default/undo", {"exchanges": 2}),
    ("PUT", "/worlds/default/receivers", {"receivers": [HOOK]}),
    ("GET", "/worlds/default/receivers", None),
    ("POST", "/worlds/default/receivers/claim", {"wait": 0}),
    ("PATCH", "/worlds/default/state", {"serpwow": {"deliveries": [{**OWED, "id": "D1"}, {**OWED, "id": "D2"}]}}),
    ("POST", "/worlds/default/clock/advance", {"by": "1s"}),
    ("POST", "/worlds/default/deliveries/D1/attempts", {"status": 200}),
    ("POST", "/worlds/default/deliveries/D2/attempts", {"error": "cut off"}),
    ("GET", "/worlds/default/journal", None),
    ("GET", "/worlds/default/deliveries?event=batch_resultset_completed&status=delivered", None),
    ("GET", "/worlds/default/deliveries/D1", None),
    ("POST", "/worlds/default/deliveries/D1/resend", None),
    ("POST", "/worlds/default/restore", {"name": "before"}),
    ("DELETE", "/worlds/default/snapshots/before", None),
    ("POST", "/worlds/default/fork", {"id": "twin"}),
    ("GET", EXPORT, None),
    ("POST", IMPORT, None),
    ("DELETE", "/worlds/default/journal", None),
]


def test_every_control_route_answers_as_the_document_says() -> None:
    app = create_app(worlds_of([LIBRARY.get("first-run")]))
    addresses, file = set(), b""
    for method, target, body in ASKED:
        if target == STOP:
            assert ask(app, method, target.encode(), [(b"host", b"localhost")]).status in (200, 400)
            continue
        response = ask(
            app,
            method,
            (PREFIX + target).encode(),
            [(b"host", b"localhost"), (b"accept", b"application/json")],
            file if target == IMPORT else b"" if body is None else json.dumps(body).encode(),
        )
        file = response.content if target == EXPORT else file
        route = route_of(method, target.partition("?")[0])
        addresses.add((method, route.path))
        if route.raw:
            assert response.status == (409 if route.raw == EVENTS_TYPE else route.status), "here a stream would never end"
            continue
        assert response.status == route.status, response.content
        assert response.content.endswith(b"\n") == (route.answer is not None), "a prompt begins a line of its own"
        if route.answer is not None:
            schema = {"components": DOCUMENT["components"], **route.schema}
            answer_body = json.loads(response.content)
            Draft202012Validator(schema).validate(answer_body)
            assert to_json(from_json(route.answer, answer_body)) == answer_body
    assert addresses == {(route.method, route.path) for route in ROUTES}


def route_of(method: str, path: str) -> ControlRoute:
    """The row that answers this; of several, the one with the fewest parameters."""
    fits = (route for route in ROUTES if route.method == method and re.fullmatch(re.sub(r"{[^}]+}", "[^/]+", route.path), path))
    return min(fits, key=lambda route: route.path.count("{"))


@pytest.mark.parametrize("vendor", VENDORS)
def test_requests_are_described_of_operations_that_there_are(vendor: str) -> None:
    descriptions = yaml.safe_load((fixtures_folder() / vendor / "requests.yaml").read_text("utf-8"))["operations"]
    assert set(descriptions) <= {operation.name for operation in VENDORS[vendor].operations}


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))


def test_what_is_served_and_what_is_printed_is_the_document(live: Live) -> None:
    response = live.control.get(f"{PREFIX}/openapi.json")
    command = [sys.executable, "-m", "emulator", "openapi"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert response.headers["content-type"] == "application/json"
    assert response.json() == json.loads(output) == json.loads(json.dumps(DOCUMENT))
    assert output == json.dumps(DOCUMENT, indent=2) + "\n"


@pytest.mark.parametrize(
    ("operation", "schemes"),
    [
        ("serpwow.batches.stop", [["serpwow.api_key"]]),
        ("stripe.batch_jobs.cancel", [["stripe.bearer"], ["stripe.basic"]]),
        ("6dot50.batches.cancel", [["6dot50.token"]]),
        ("6dot50.authentication.getToken", []),
        ("stripe.files.download", []),
        ("emulator.get.health", []),
        ("emulator.get.root", []),
        ("emulator.get.worlds", [[], ["emulator.control-token"]]),
    ],
)
def test_it_says_which_credential_a_request_wants(operation: str, schemes: list[list[str]]) -> None:
    (operation_object,) = (
        operation_object
        for methods in DOCUMENT["paths"].values()
        for operation_object in methods.values()
        if operation_object["operationId"] == operation
    )
    assert [list(scheme) for scheme in operation_object["security"]] == schemes
    assert {name for scheme in schemes for name in scheme} <= set(DOCUMENT["components"]["securitySchemes"])


@pytest.mark.parametrize(
    ("path", "method", "name", "fit", "unfit"),
    [
        ("/live/batches/{id}", "delete", "force", "true", "yes"),
        ("/live/batches/{id}/searches/{page}", "get", "page", 1, 0),
        ("/live/batches/{id}/searches/{page}", "get", "page", 2, "x"),
    ],
)
def test_it_says_which_values_a_parameter_has(path: str, method: str, name: str, fit: Any, unfit: Any) -> None:
    (schema,) = (it["schema"] for it in DOCUMENT["paths"][path][method]["parameters"] if it["name"] == name)
    assert [Draft202012Validator(schema).is_valid(value) for value in (fit, unfit)] == [True, False]


@pytest.mark.parametrize(
    "operation", [operation for _, operation in OPERATIONS if operation.mounts], ids=lambda operation: operation.name
)
def test_a_link_that_needs_no_credential_is_open_in_the_document_too(operation: Operation) -> None:
    assert DOCUMENT["paths"][operation.mounts[0] + operation.path][operation.method.lower()]["security"] == []


def test_a_generator_finds_it_where_a_browser_would_not(live: Live) -> None:
    response = httpx.get(f"{live.url}{PREFIX}/openapi.json", headers={"Origin": "https://attacker.example"})
    assert response.status_code == 403


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.body is not None], ids=lambda route: f"{route.method} {route.path}"
)
def test_a_body_that_may_be_yaml_is_told_to_be(route: ControlRoute) -> None:
    operation = DOCUMENT["paths"][address(route)][route.method.lower()]
    assert set(operation["requestBody"]["content"]) == {"application/json", "application/yaml"}


@pytest.mark.parametrize("route", [route for route in ROUTES if route.forms], ids=lambda route: f"{route.method} {route.path}")
def test_every_form_of_an_answer_is_in_it(route: ControlRoute) -> None:
    content = DOCUMENT["paths"][address(route)]["get"]["responses"]["200"]["content"]
    assert set(content) == {"application/json", *route.forms}


def test_what_is_told_to_be_yaml_is_read_as_yaml(live: Live) -> None:
    world = live.load("first-run")
    yaml_type = {"content-type": "application/yaml"}
    state = "serpwow: {batches: [{id: NEW, status: idle}]}"
    assert live.control.patch(f"{PREFIX}/worlds/{world.id}/state", content=state, headers=yaml_type).status_code == 200
    assert (
        live.control.post(f"{PREFIX}/worlds/{world.id}/clock/advance", content="by: 1s", headers=yaml_type).status_code == 200
    )
