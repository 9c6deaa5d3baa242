"""SerpWow without HTTP in between: worlds of a state, and requests whose replies are judged."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from emulator.contract.validator import ResponseValidator
from emulator.kernel.exchange import Change
from emulator.kernel.resource import structs
from emulator.kernel.world import World
from emulator.scenario.scenario import Scenario
from emulator.sdk.exact_json import dump, load
from emulator.sdk.request import read_request
from emulator.sdk.response import Pieces, Response
from emulator.vendors import VENDORS
from emulator.web.pipeline import carry_out
from emulator.web.routes import Routes

SERPWOW = VENDORS["serpwow"]
ROUTES = Routes([SERPWOW])
JUDGE = ResponseValidator(VENDORS.values())
BUCKET = {
    "type": "oss",
    "enabled": True,
    "oss_access_key": "a",
    "oss_secret_key": "s",
    "oss_bucket_name": "b",
    "oss_region_id": "oss-eu-central-1",
}


def world_of(state: dict[str, Any], **scenario: Any) -> World:
    return Scenario("test", "", {"title": "A test", "given": {"serpwow": state}, **scenario}).world(VENDORS, "test")


def send(world: World, method: str, target: str, json: Any = None) -> tuple[Response, list[Change]]:
    """Answer a request without HTTP in between; return the validated response, and the changes that it made."""
    path, query = urlsplit(target).path, urlsplit(target).query
    route = ROUTES.find(method, path)
    assert route is not None
    assert route.operation is not None, target
    body = b"" if json is None else dump(json)
    call = read_request(
        method, path, f"api_key=demo&{query}", [(b"host", b"here"), (b"content-type", b"application/json")], body
    )
    call.parameters = route.parameters
    with world.transaction(route.operation.name) as tx:
        answer = SERPWOW.admit(tx, call, route.operation) or carry_out(SERPWOW, tx, call, route.operation)
        reply = SERPWOW.renderers[answer.name](tx, call, answer.subject)
        if isinstance(reply.body, bytes):
            reply = structs.replace(reply, body=load(reply.body))
        content = b"" if isinstance(reply.body, Pieces) else dump(reply.body)
        JUDGE("serpwow", route.operation.name, reply.status, content)
        return reply, list(tx.changes)
