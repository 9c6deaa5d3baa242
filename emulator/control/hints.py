"""What would have worked: for an id, a credential, a path, a body or a state that did not, the nearest that does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import orjson

from emulator.kernel.faults import STATUS
from emulator.kernel.journal import AppliedRow, Exchange
from emulator.kernel.machine import ABSENT, Machine
from emulator.kernel.world import World
from emulator.sdk.request import Request
from emulator.sdk.vendor import Operation, Vendor
from emulator.text.nearest import TYPO, near, some
from emulator.text.secrets import redact
from emulator.web.pipeline import FAILED, LEAST_REFUSAL
from emulator.web.requests import content_coding
from emulator.web.routes import Routes
from emulator.web.unmatched import intended_path, intended_vendor, misplaced_key

LOOKED_AT = 10_000
"""Among how many names the nearest is looked for at most."""


def hints(world: World, vendor: Vendor, routes: Routes, exchange: Exchange) -> list[str]:
    """Return what would have worked, each as a sentence; of what was not refused, only what was not read."""
    coding = list(_of_coding(exchange))
    if exchange.status < LEAST_REFUSAL:
        return [*coding, *_advice(world, vendor, exchange)]
    if exchange.answer == FAILED:
        return list(_of_fault(exchange))
    if coding:
        return coding + list(_of_fault(exchange))
    request = _call_of(exchange)
    if other := intended_vendor(routes, request, vendor):
        return [*_of_fault(exchange), other]
    path = [own] if (own := intended_path(routes, request)) else [*_of_path(vendor, routes, exchange)]
    if exchange.answer in vendor.unauthenticated:
        return [*_of_credential(world, vendor, exchange), *path, *_advice(world, vendor, exchange)]
    return [
        *_of_fault(exchange),
        *path,
        *_of_fixed_name(vendor, routes, exchange),
        *(hint for step in exchange.applied_rows[-1:] for hint in _of_step(world, step, exchange)),
        *_of_parameters(world, vendor, routes, exchange),
        *_of_body(vendor, exchange),
        *_advice(world, vendor, exchange),
    ]


def _of_coding(exchange: Exchange) -> Iterator[str]:
    """Yield a hint where the body was compressed, which explains what follows from it."""
    if coding := content_coding(exchange.headers, exchange.request):
        yield f"the body is compressed (Content-Encoding: {coding}), and nothing here decodes it: send it as it is"


def _advice(world: World, vendor: Vendor, exchange: Exchange) -> Iterator[str]:
    """What the vendor itself can say of the request as it was."""
    with world.transaction("look") as tx:
        yield from vendor.advise(tx, _call_of(exchange), exchange.answer)


def _call_of(exchange: Exchange) -> Request:
    path, _, query = exchange.target.partition("?")
    return Request(exchange.method, path, query, exchange.headers, exchange.request)


def _of_fault(exchange: Exchange) -> Iterator[str]:
    """A failure that a fault brought about says nothing of what was asked."""
    for fault in exchange.faults[-1:]:
        if fault.do != STATUS:
            continue
        if exchange.answer == FAILED:
            effect = "nothing was done; "
        else:
            effect = "it took effect; " if any(_does_something(step) for step in exchange.applied_rows) else ""
        yield f"{effect}the {exchange.status} comes from {fault.id}"


def _of_credential(world: World, vendor: Vendor, exchange: Exchange) -> Iterator[str]:
    if exchange.credential is not None or vendor.unauthenticated[exchange.answer]:
        yield "the credential was not accepted"
    else:
        yield misplaced_key(vendor, _call_of(exchange)) or "the request carries no credential"
    if accepted := world.rules.credentials.get(vendor.name):
        yield f"this world accepts {len(accepted)} {vendor.name} credentials; {_nearby_credential(exchange, accepted)}"


def _nearby_credential(exchange: Exchange, accepted: Iterable[str]) -> str:
    if close := near(exchange.credential or "", sorted(accepted)):
        return f"the nearest is {redact(close[0])}"
    return f"none is like it: {some(sorted({redact(it) for it in accepted}))}"


def _of_path(vendor: Vendor, routes: Routes, exchange: Exchange) -> Iterator[str]:
    """A path that has other verbs may be meant for one that is spelt almost so: where its last segment could be any id."""
    path = exchange.target.partition("?")[0]
    route = routes.find(exchange.method, path)
    if route is not None and route.operation is not None:
        return
    known = _addresses(vendor)
    if route is not None and route.verbs:
        siblings = [] if _is_fixed(path, known) else _siblings(path, exchange.method, known)
        own = f"this path takes {' or '.join(route.verbs)}"
        yield f"{exchange.method} works at {' or '.join(siblings)}" if siblings else own
    else:
        close = near(f"{exchange.method} {path}", (f"{verb} {it}" for verb, it in known))
        listed = f"{vendor.name} has no such path here; GET /_emulator/vendors/{vendor.name} lists its operations"
        yield f"the nearest operation is {' or '.join(close)}" if close else listed


def _of_fixed_name(vendor: Vendor, routes: Routes, exchange: Exchange) -> Iterator[str]:
    """An id that is almost the name of an operation, such as `stop-all`, may be meant for that."""
    path = exchange.target.partition("?")[0]
    route = routes.find(exchange.method, path)
    if route is None or route.operation is None or not route.operation.path.endswith("}"):
        return
    siblings = {it.rpartition("/")[2]: it for it in _siblings(path, exchange.method, _addresses(vendor))}
    for name in near(path.rpartition("/")[2], siblings, TYPO):
        yield f"{exchange.method} {siblings[name]} is an operation of its own"


def _addresses(vendor: Vendor) -> Mapping[tuple[str, str], Operation]:
    """Method and path of every operation, at each of its mounts."""
    operations = ((mount, it) for it in vendor.operations for mount in it.mounts or vendor.mounts)
    return {(it.method, mount + it.path): it for mount, it in operations}


def _is_fixed(path: str, known: Iterable[tuple[str, str]]) -> bool:
    """Whether the last segment of a path is the name of something, and not an id."""
    return path.rpartition("/")[2].lower() in {address.rpartition("/")[2].lower() for _, address in known}


def _siblings(path: str, method: str, known: Iterable[tuple[str, str]]) -> list[str]:
    """The addresses of a method that differ from a path in its last segment, which they name."""
    own = path.lower().split("/")
    return [it for verb, it in known if verb == method and it[-1] != "}" and _fit(own[:-1], it.lower().split("/")[:-1])]


def _fit(segments: Sequence[str], pattern: Sequence[str]) -> bool:
    same = (written.startswith("{") or written == actual for actual, written in zip(segments, pattern, strict=False))
    return len(segments) == len(pattern) and all(same)


def _of_step(world: World, step: AppliedRow, exchange: Exchange) -> Iterator[str]:
    """Of the row that was taken last: where there is no such resource, or it is in another state than would have done."""
    machine = world.rules.machines[step.kind]
    if step.row.state == ABSENT:
        yield from _of_id(world, step.kind, step.id)
    elif step.row.answer == exchange.answer and not _does_something(step) and (states := _states_that_move(machine, step)):
        working = " or ".join(states)
        yield f"{step.row.cause} works where a {_noun(step.kind)} is {working}; this one was {step.row.state}"


def _does_something(step: AppliedRow) -> bool:
    return step.row.to != step.row.state or step.row.effect is not None


def _states_that_move(machine: Machine, step: AppliedRow) -> list[str]:
    moving = (row for row in machine.rows if row.cause == step.row.cause and (row.to != row.state or row.effect is not None))
    return list(dict.fromkeys(row.state for row in moving if row.state not in (ABSENT, step.row.state)))


def _of_id(world: World, kind: str, id: str) -> Iterator[str]:
    if world.store.find(kind, id) is not None:
        return
    known = [resource.id for resource in islice(world.store.sorted_group(kind).ascending(), LOOKED_AT)]
    if not known:
        yield f"this world has no {_noun(kind)}"
    elif close := near(id, known):
        yield f"there is no {_noun(kind)} {id!r}; the nearest is {' or '.join(map(repr, close))}"
    else:
        shown = some([*map(repr, known)], world.store.size(kind))
        yield f"there is no {_noun(kind)} {id!r}; this world has {shown}"


def _of_parameters(world: World, vendor: Vendor, routes: Routes, exchange: Exchange) -> Iterator[str]:
    """For ids that the vendor looked up itself, so that no row speaks of them."""
    route = routes.find(exchange.method, exchange.target.partition("?")[0])
    if route is None or route.operation is None or exchange.applied_rows:
        return
    for name, value in route.parameters.items():
        kind = _kind_of(world, vendor, route.operation, name)
        if kind and world.store.find(kind, value) is None and world.store.find(kind, value.lower()) is None:
            yield from _of_id(world, kind, value)


def _kind_of(world: World, vendor: Vendor, operation: Operation, parameter: str) -> str | None:
    """The kind of what a parameter of the path names, which stands before it: `/batches/{id}`."""
    plural = operation.path.partition(f"/{{{parameter}}}")[0].rpartition("/")[2]
    kinds = (*(machine.kind for machine in vendor.machines), *world.store.kinds())
    nouns = {it.partition(".")[2]: it for it in kinds if it.partition(".")[0] == vendor.name}
    return next((kind for noun, kind in nouns.items() if plural in (f"{noun}s", f"{noun}es")), None)


def _of_body(vendor: Vendor, exchange: Exchange) -> Iterator[str]:
    """A body that was sent as JSON, by its content type or for want of one, and is none."""
    types = [value.partition(b";")[0].strip().lower() for name, value in exchange.headers if name.lower() == b"content-type"]
    if exchange.cut or not exchange.request or types[-1:] not in ([], [b"application/json"]):
        return
    try:
        orjson.loads(exchange.request)
    except ValueError as error:
        yield f"{vendor.name} reads JSON here, and the body is not JSON: {error}"


def _noun(kind: str) -> str:
    return kind.partition(".")[2].replace("_", " ")
