"""One resource at a moment: its fields, the timers that run for it, and its way through the journal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.control.differences import shown
from emulator.control.overview_models import NextRow, ResourceView, WayStep
from emulator.control.resources import shown_id
from emulator.control.route import ControlRequest
from emulator.kernel.errors import NotFound
from emulator.kernel.exchange import Change
from emulator.kernel.journal import Journal
from emulator.kernel.machine import Machine, Row
from emulator.kernel.past import NOW, Moment
from emulator.kernel.store import Key
from emulator.kernel.time import END_OF_TIME
from emulator.kernel.transaction import Transaction, length_of
from emulator.kernel.world import World
from emulator.sdk.json_pieces import Room
from emulator.sdk.vendor import Vendor
from emulator.state.diff import as_given

MAX_STEPS = 200
"""Steps of a way that are shown, the newest."""


def view_of(world: World, request: ControlRequest) -> ResourceView:
    """Return the resource that a request names, at the moment that it asks for.

    Raises:
        NotFound: there is none.
    """
    context, at = request.context, request.http.query_params.get("at", NOW)
    vendor_name, name, id = (request.path_param(part) for part in ("vendor", "kind", "id"))
    if (vendor := context.vendors.get(vendor_name)) is None:
        raise NotFound("vendor", vendor_name, context.vendors)
    moment = context.moment(world, at)
    key = f"{vendor_name}.{name}", id
    resource = _found(moment.world, vendor, name, key)
    given = as_given(moment, key, {vendor_name: vendor})
    steps = [*_way(moment.world.journal, key)]
    return ResourceView(
        vendor_name,
        name,
        shown_id(vendor, resource),
        resource.status,
        resource.since,
        given.at if given else None,
        shown(given.after, Room(context.limits.answer)) if given else None,
        _upcoming(moment, world, resource),
        tuple(steps[-MAX_STEPS:]),
        len(steps),
    )


def _found(world: World, vendor: Vendor, name: str, key: Key) -> Any:
    kinds = [kind.partition(".")[2] for kind in world.store.tables if kind.startswith(f"{vendor.name}.")]
    if name not in kinds:
        raise NotFound(f"kind of resource of {vendor.name} that is there", name, kinds)
    if (resource := world.store.find(*key)) is None:
        raise NotFound(f"{vendor.name} {name}", key[1], ())
    return resource


def _upcoming(moment: Moment, world: World, resource: Any) -> tuple[NextRow, ...]:
    """Return the timers that run for a resource, the earliest first."""
    machine = world.rules.machines.get(resource.kind)
    rows = [] if machine is None else [*_rows(moment, machine, resource)]
    return tuple(sorted(rows, key=lambda it: it.at))


def _rows(moment: Moment, machine: Machine, resource: Any) -> Iterator[NextRow]:
    world, view = moment.world, Transaction(moment.world, moment.at, "look ahead")
    for timer, rows in machine.by_timer[resource.status]:
        length = length_of(timer, resource, world.rules.timing)
        if length is not None and length <= END_OF_TIME - resource.since:
            row = next(it for it in rows if _applies(it, view, resource))
            ends = world.clock.client_time(resource.since + length)
            yield NextRow(ends, timer.name, row.to, row.evidence)


def _applies(row: Row, view: Transaction, resource: Any) -> bool:
    """Tell whether the conditions of a row hold for a resource at an instant."""
    assume = row.assume
    return (row.when is None or row.when(view, resource)) and (
        assume is None or view.choice(assume.assumption) == assume.choice
    )


def _way(journal: Journal, key: Key) -> Iterator[WayStep]:
    """Yield the changes of a resource in a journal."""
    for entry in journal.since(0):
        changes = (entry.event,) if isinstance(entry.event, Change) else entry.event.changes
        for it in changes:
            if (it.kind, it.id) == key:
                yield WayStep(entry.n, it.at, it.source, it.to, it.why, it.evidence)
