"""What a vendor says to a request, worded: at once, or in the two steps between which a fault may strike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from emulator.kernel.faults import Fault, ScriptedResponse
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.sdk.request import Request
from emulator.sdk.response import Answer, Response
from emulator.sdk.vendor import Operation
from emulator.web.routes import Route

SCRIPTED = "scripted"
FAILED = "failed"
PLAIN_TEXT = "text/plain; charset=utf-8"

Told = tuple[Answer, Response]


def answer_to(tx: Transaction, route: Route, request: Request) -> Told:
    """The answer to a request, and its wording."""
    refused = refusal(tx, route, request)
    return _worded(tx, route, request, route.vendor.attribute(refused)) if refused else act_upon(tx, route, request)


def refusal(tx: Transaction, route: Route, request: Request) -> Answer | None:
    """The answer to a request that gets no further; None where it is acted upon."""
    operation = route.operation
    if operation is None:
        return route.vendor.unmatched(tx, request, route.verbs)
    return None if _scripted(tx, operation) else route.vendor.admit(tx, request, operation)


def would_refuse(world: World, route: Route, request: Request) -> bool:
    """Tell whether a request gets no further. Nothing happens."""
    tx = world.transaction(route.name)
    try:
        return refusal(tx, route, request) is not None
    finally:
        tx.roll_back()


def act_upon(tx: Transaction, route: Route, request: Request) -> Told:
    """The answer to a request that was not refused."""
    operation = route.operation
    assert operation is not None  # noqa: S101  without one, it was refused
    if scripted := _scripted(tx, operation):
        return _say(tx, scripted[0])
    return _worded(tx, route, request, route.vendor.carry_out(tx, request, operation))


def failure(tx: Transaction, route: Route, request: Request, fault: Fault) -> Response:
    """The failure that a fault brings about, in the words that the fault gives, or else in the vendor's own."""
    code = fault.code or 500
    response = _as_written(code, fault.body) if fault.body is not None else route.vendor.failure_response(tx, request, code)
    if fault.retry_after is None:
        return response
    seconds = math.ceil(fault.retry_after.total_seconds())  # the header counts whole ones
    return response._replace(headers={**response.headers, "retry-after": str(seconds)})


def _scripted(tx: Transaction, operation: Operation) -> list[ScriptedResponse]:
    return tx.group(ScriptedResponse.kind, "for", operation.name)


def _worded(tx: Transaction, route: Route, request: Request, answer: Answer) -> Told:
    return answer, route.vendor.renderers[answer.name](tx, request, answer.subject)


def _say(tx: Transaction, scripted: ScriptedResponse) -> Told:
    """A reply that the scenario gives word for word."""
    tx.put(scripted.said())
    return Answer(SCRIPTED, scripted.place), _as_written(scripted.status_code, scripted.body, scripted.headers)


def _as_written(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return a reply with a body that somebody wrote: a text as it is, anything else as JSON; an empty text is no body."""
    if not isinstance(body, str):
        return Response(status, body, headers or {})
    if not body:
        return Response(status, None, headers or {})
    return Response(status, body.encode("utf-8", "replace"), {"content-type": PLAIN_TEXT, **(headers or {})})
