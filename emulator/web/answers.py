"""What a vendor says to a request, worded: at once, or in the two steps between which a fault may strike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from emulator.kernel.faults import Fault
from emulator.kernel.plan import Scripted
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.sdk.vendor import Answer, Call, Operation, Reply
from emulator.web.routes import Route

SCRIPTED = "scripted"
FAILED = "failed"
PLAIN_TEXT = "text/plain; charset=utf-8"

Told = tuple[Answer, Reply]


def answer_to(tx: Transaction, route: Route, call: Call) -> Told:
    """The answer to a request, and its wording."""
    refused = refusal(tx, route, call)
    return _worded(tx, route, call, refused) if refused else act_upon(tx, route, call)


def refusal(tx: Transaction, route: Route, call: Call) -> Answer | None:
    """The answer to a request that gets no further; None where it is acted upon."""
    operation = route.operation
    if operation is None:
        return route.vendor.astray(tx, call, route.verbs)
    return None if _scripted(tx, operation) else route.vendor.admit(tx, call, operation)


def would_refuse(world: World, route: Route, call: Call) -> bool:
    """Tell whether a request gets no further. Nothing happens."""
    tx = world.transaction(route.name)
    try:
        return refusal(tx, route, call) is not None
    finally:
        tx.roll_back()


def act_upon(tx: Transaction, route: Route, call: Call) -> Told:
    """The answer to a request that was not refused."""
    operation = route.operation
    assert operation is not None  # noqa: S101  without one, it was refused
    if scripted := _scripted(tx, operation):
        return _say(tx, scripted[0])
    return _worded(tx, route, call, route.vendor.ground(tx, call, operation, operation.act(tx, call)))


def failure(tx: Transaction, route: Route, call: Call, fault: Fault) -> Reply:
    """The failure that a fault brings about, in the words that the fault gives, or else in the vendor's own."""
    code = fault.code or 500
    reply = _as_written(code, fault.body) if fault.body is not None else route.vendor.failure(tx, call, code)
    if fault.retry_after is None:
        return reply
    seconds = math.ceil(fault.retry_after.total_seconds())  # the header counts whole ones
    return reply._replace(headers={**reply.headers, "retry-after": str(seconds)})


def _scripted(tx: Transaction, operation: Operation) -> list[Scripted]:
    return tx.group(Scripted.kind, "for", operation.name)


def _worded(tx: Transaction, route: Route, call: Call, answer: Answer) -> Told:
    return answer, route.vendor.wordings[answer.name](tx, call, answer.subject)


def _say(tx: Transaction, scripted: Scripted) -> Told:
    """A reply that the scenario gives word for word."""
    tx.put(scripted.said())
    return Answer(SCRIPTED, scripted.place), _as_written(scripted.status_code, scripted.body, scripted.headers)


def _as_written(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a reply with a body that somebody wrote: a text as it is, anything else as JSON; an empty text is no body."""
    if not isinstance(body, str):
        return Reply(status, body, headers or {})
    if not body:
        return Reply(status, None, headers or {})
    return Reply(status, body.encode("utf-8", "replace"), {"content-type": PLAIN_TEXT, **(headers or {})})
