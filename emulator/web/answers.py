"""What a vendor says to a request, worded: at once, or in the two steps between which a fault may strike."""

from __future__ import annotations

from emulator.kernel.faults import Fault
from emulator.kernel.plan import Scripted
from emulator.kernel.transaction import Transaction
from emulator.vendors.vendor import Answer, Call, Reply
from emulator.web.routes import Route

SCRIPTED = "scripted"
FAILED = "failed"

Told = tuple[Answer, Reply]


def answer_to(tx: Transaction, route: Route, call: Call) -> Told:
    """The answer to a request, and its wording."""
    vendor, operation = route.vendor, route.operation
    if operation is None:
        answer = vendor.astray(tx, call, route.verbs)
    else:
        scripted: list[Scripted] = tx.group(Scripted.kind, "for", operation.name)
        if scripted:
            return _say(tx, scripted[0])
        answer = vendor.admit(tx, call, operation) or operation.act(tx, call)
    return answer, vendor.wordings[answer.name](tx, call, answer.subject)


def lets_in(tx: Transaction, route: Route, call: Call) -> bool:
    """Whether a request gets as far as being acted upon."""
    operation = route.operation
    if operation is None:
        return False
    return bool(tx.group(Scripted.kind, "for", operation.name)) or route.vendor.admit(tx, call, operation) is None


def act_upon(tx: Transaction, route: Route, call: Call) -> Told:
    """The answer to a request that has been let in."""
    operation = route.operation
    if operation is None or tx.group(Scripted.kind, "for", operation.name):
        return answer_to(tx, route, call)
    answer = operation.act(tx, call)
    return answer, route.vendor.wordings[answer.name](tx, call, answer.subject)


def failure(tx: Transaction, route: Route, call: Call, fault: Fault) -> Reply:
    """The failure that a fault brings about, in the words that the fault gives, or else in the vendor's own."""
    code = fault.code or 500
    reply = Reply(code, fault.body) if fault.body is not None else route.vendor.failure(tx, call, code)
    if fault.retry_after is None:
        return reply
    return reply._replace(headers={**reply.headers, "retry-after": str(int(fault.retry_after.total_seconds()))})


def _say(tx: Transaction, scripted: Scripted) -> Told:
    """A reply that the scenario gives word for word."""
    tx.put(scripted.said())
    return Answer(SCRIPTED, scripted.place), Reply(scripted.status_code, scripted.body, scripted.headers)
