"""What would have worked: for an id, a credential, a path or a state that did not, the nearest one that does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from emulator.kernel.journal import Exchange, Step
from emulator.kernel.machine import ABSENT, Machine, On
from emulator.kernel.world import World
from emulator.vendors.vendor import Vendor
from emulator.web.redact import redact
from emulator.web.routes import Routes

LOOKED_AT = 10_000
"""Among how many names the nearest is looked for at most."""

FAILED = 400
"""The least status of a refusal."""


def hints(world: World, vendor: Vendor, routes: Routes, exchange: Exchange) -> list[str]:
    """The nearest things that would have worked, each as a sentence; nothing for an exchange that was not refused."""
    if exchange.status < FAILED:
        return []
    return [
        *_of_credential(world, vendor, exchange),
        *_of_path(vendor, routes, exchange),
        *(hint for step in exchange.steps[-1:] for hint in _of_step(world, step)),
        *_of_parameters(world, vendor, routes, exchange),
    ]


def _of_credential(world: World, vendor: Vendor, exchange: Exchange) -> Iterator[str]:
    if world.accepts(vendor.name, exchange.credential):
        return
    accepted = world.rules.credentials.get(vendor.name)
    if exchange.credential is None:
        yield "the request carries no credential"
    if accepted:
        near = nearest_of(exchange.credential or "", sorted(accepted))
        yield f"this world takes {len(accepted)} {vendor.name} credentials; the nearest is {redact(near or '')}"


def _of_path(vendor: Vendor, routes: Routes, exchange: Exchange) -> Iterator[str]:
    path = exchange.target.partition("?")[0]
    route = routes.find(exchange.method, path)
    if route is not None and route.operation is not None:
        return
    if route is not None and route.verbs:
        yield f"this path can be asked with {' or '.join(route.verbs)}"
        return
    known = {
        f"{operation.method} {mount}{operation.path}": None
        for operation in vendor.operations
        for mount in operation.mounts or vendor.mounts
    }
    yield f"the nearest operation is {nearest_of(f'{exchange.method} {path}', known)}"


def _of_step(world: World, step: Step) -> Iterator[str]:
    """Of the row that was taken last: where there is no such resource, or it is in another state than would have done."""
    machine = world.rules.machines[step.kind]
    if step.row.state == ABSENT:
        yield from _of_id(world, step.kind, step.id)
    elif states := _states_that_move(machine, step):
        working = " or ".join(states)
        yield f"{step.row.cause} does something where a {_noun(step.kind)} is {working}; this one was {step.row.state}"


def _states_that_move(machine: Machine, step: Step) -> list[str]:
    moving = (row for row in machine.rows if row.cause == step.row.cause and (row.to != row.state or row.effect is not None))
    return list(dict.fromkeys(row.state for row in moving if row.state not in (ABSENT, step.row.state)))


def _of_id(world: World, kind: str, id: str) -> Iterator[str]:
    known = [resource.id for resource in world.store.all(kind)]
    near = nearest_of(id, known)
    if near is None:
        yield f"there is no {_noun(kind)} at all in this world"
    elif id not in known:
        yield f"there is no {_noun(kind)} {id!r}; the nearest is {near!r}"


def _of_parameters(world: World, vendor: Vendor, routes: Routes, exchange: Exchange) -> Iterator[str]:
    """For ids that the vendor looked up itself, so that no row speaks of them."""
    route = routes.find(exchange.method, exchange.target.partition("?")[0])
    if route is None or exchange.steps:
        return
    kinds = [machine.kind for machine in vendor.machines if any(isinstance(row.cause, On) for row in machine.rows)]
    for name, value in route.parameters.items():
        if name != "id" or any(world.store.find(kind, value) is not None for kind in kinds):
            continue
        ids = [resource.id for kind in kinds for resource in world.store.all(kind)]
        if near := nearest_of(value, ids):
            yield f"nothing has the id {value!r}; the nearest is {near!r}"


def nearest_of(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to `name`, however far it is; None when none is known."""
    names = [it for _, it in zip(range(LOOKED_AT), known, strict=False)]
    close = get_close_matches(name, names, n=1, cutoff=0.0)
    return close[0] if close else None


def _noun(kind: str) -> str:
    return kind.partition(".")[2].replace("_", " ")
