"""Explanations of changes that no request made: the fact behind a row, and the faults that struck a delivery."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.contract.evidence import load_evidence
from emulator.control import entries
from emulator.control.delivery_verdicts import verdicts_on_delivery
from emulator.control.journal_models import ExplainedChange, Fact, RuleVerdict
from emulator.control.verdicts import fault_line, verdict_line
from emulator.kernel.delivery_faults import ATTEMPT, NOTIFICATION
from emulator.kernel.exchange import Change, DeliveryAttempt, FaultHit
from emulator.kernel.machine import ABSENT
from emulator.kernel.time import format_instant
from emulator.kernel.world import World
from emulator.sdk.delivery import COLLECTED, Delivery
from emulator.sdk.vendor import Vendor, Vendors
from emulator.text.escape import escaped
from emulator.text.redact import redact_text

_POINTS = {ABSENT: NOTIFICATION, COLLECTED: ATTEMPT}
"""The point at which faults strike a delivery that is new, or comes into a status."""


def explained_attempt(world: World, vendors: Vendors, n: int, event: DeliveryAttempt) -> ExplainedChange:
    """Return the explanation of an attempt to deliver: what was sent where, what came of it, and what follows."""
    told, delivery = entries.attempt(n, event), event.delivery
    faults = delivery.attempts[-1].faults
    came = told.error or f"the receiver answered {told.status}"
    about = f"{told.number} of {told.event} {told.event_id or ''} to {told.url}: {came}"
    rules = verdicts_on_delivery(world, vendors, delivery, delivery.attempts[-1].at, ATTEMPT, {it.id for it in faults})
    return _explained(world, vendors, n, event.changes[-1], faults, rules, f"  attempt     {about}")


def explained_change(world: World, vendors: Vendors, n: int, change: Change) -> ExplainedChange:
    """Return the explanation of a change, and of the faults of deliveries that struck there or did not."""
    delivery, point = world.store.find(change.kind, change.id), _POINTS.get(change.to if change.source != ABSENT else ABSENT)
    if not isinstance(delivery, Delivery) or point is None:
        return _explained(world, vendors, n, change, (), ())
    faults = tuple(it for it in delivery.faults if it.where == point)
    rules = verdicts_on_delivery(world, vendors, delivery, change.at, point, {it.id for it in faults})
    return _explained(world, vendors, n, change, faults, rules)


def _explained(
    world: World,
    vendors: Vendors,
    n: int,
    change: Change,
    faults: Sequence[FaultHit],
    rules: Sequence[RuleVerdict],
    about: str = "",
) -> ExplainedChange:
    """Return the explanation of a change with these faults and verdicts; `about` is a line that says more of it."""
    because = fact_of(vendors[change.vendor], change.evidence) if change.vendor in vendors else None
    id = redact_text(change.id)
    text = escaped(f"{n}  {format_instant(change.at)}  {change.kind} {id}: {change.source} -> {change.to}, {change.why}")
    text += f"\n{escaped(about)}" if about else ""
    if because:
        text += f"\n  because     {cited(because)}"
    text += "".join(f"\n{escaped(line)}" for line in (*map(fault_line, faults), *map(verdict_line, rules)))
    told, hits = vars(entries.change(change)), entries.hits(faults)
    return ExplainedChange(n, "change", world.id, **told, because=because, faults=hits, rules=tuple(rules), text=text)


def fact_of(vendor: Vendor, id: str | None) -> Fact | None:
    """Return a fact of a vendor by its id; None where there is none."""
    fact = load_evidence(vendor).get(id or "")
    return None if fact is None else Fact.of(fact, evidence=fact.id)


def cited(fact: Fact) -> str:
    """Return a fact as a text, with its source."""
    return f"{fact.says} [{fact.evidence}, {fact.kind}, {fact.source}]"
