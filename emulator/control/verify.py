"""Verifying what a client asked: how often, in which order, with which bodies; what fails names the nearest miss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.control.misses import WISHES, distance, has_id, leaves, misses, said, work
from emulator.control.sent import Sent
from emulator.control.under_way import UnderWay
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.journal import Exchange
from emulator.kernel.limits import Limits
from emulator.kernel.world import World
from emulator.scenario.grammar import HEADERS
from emulator.text.nearest import hint
from emulator.web.held_requests import HeldRequest
from emulator.web.routes import Routes

Asked = Sequence[Sent]

MOST_CALLS = 200
"""Calls that one verification may look for."""

MOST_IN_ORDER = 1_000
"""Operations that it may name in order, or never."""

MOST_COMPARED = 1_000_000
"""Values that it may compare."""

OPERATION = {"type": "string", "minLength": 1}
VERIFY = {
    "type": "object",
    "properties": {
        "called": {
            "type": "array",
            "maxItems": MOST_CALLS,
            "items": {
                "type": "object",
                "properties": {
                    "at": OPERATION,
                    "times": {"type": "integer", "minimum": 0},
                    "id": {"type": "string", "description": "a resource that the path names"},
                    "query": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "array"]}},
                    "headers": HEADERS,
                    "json": {},
                },
                "required": ["at"],
                "additionalProperties": False,
            },
        },
        "order": {"type": "array", "items": OPERATION, "maxItems": MOST_IN_ORDER},
        "never": {"type": "array", "items": OPERATION, "maxItems": MOST_IN_ORDER},
    },
    "additionalProperties": False,
    "minProperties": 1,
    "examples": [{"called": [{"at": "serpwow.batches.stop", "times": 1}]}],
}
"""A verification: each operation `called` at least once or exactly `times`, for the resource `id`, with a query, headers and a
body that hold `query`, `headers` and `json`; these in this `order`, others perhaps between them; and these `never`."""


def verify(
    world: World, wanted: Mapping[str, Any], operations: Sequence[str], routes: Routes, held: Sequence[HeldRequest] = ()
) -> dict[str, Any]:
    """Whether the clients asked what they should have, and every way in which they did not.

    A request that a fault has `held` up before it took effect counts as asked only where it should never be.

    Raises:
        BadInput: the verification could match nothing, or the journal has not kept all that it would have to look at.
    """
    entries = ((entry.n, entry.event) for entry in world.journal.since(0))
    asked = [Sent(n, event, routes) for n, event in entries if isinstance(event, Exchange)]
    _refuse_the_meaningless(world, wanted, asked, operations, routes)
    _refuse_too_much(wanted, asked)
    under_way = UnderWay.of(held)
    failures = [
        *(failure for item in wanted.get("called", ()) for failure in _called(asked, item, under_way)),
        *_order(asked, wanted.get("order", ()), under_way),
        *(failure for operation in wanted.get("never", ()) for failure in _never(asked, operation, under_way)),
    ]
    return {"ok": not failures, "failures": failures}


def _refuse_the_meaningless(
    world: World, wanted: Mapping[str, Any], asked: Asked, operations: Sequence[str], routes: Routes
) -> None:
    if world.journal.lost:
        lost = f"the journal dropped {world.journal.lost} entries to make room for newer ones: clear it earlier, or keep more"
        lost += f": {Limits.more('journal')}"
        raise BadInput([Problem(lost)])
    named: list[tuple[tuple[str | int, ...], str]] = []
    named += [(("called", index, "at"), item["at"]) for index, item in enumerate(wanted.get("called", ()))]
    named += [((part, index), it) for part in ("order", "never") for index, it in enumerate(wanted.get(part, ()))]
    problems = [
        Problem(f"no operation is called {name!r}{hint(name, operations)}", path)
        for path, name in named
        if name not in operations
    ]
    problems += list(_incomparable(asked, wanted))
    problems += [
        Problem(f"the path of {item['at']} names no resource, so no call of it has an id", ("called", index, "id"))
        for index, item in enumerate(wanted.get("called", ()))
        if "id" in item and item["at"] in operations and not has_id(item["at"], routes)
    ]
    if problems or not named:
        raise BadInput(problems or [Problem("this verification names no operation, and so could not fail")])


def _incomparable(asked: Asked, wanted: Mapping[str, Any]) -> Iterator[Problem]:
    """A body that cannot be read whole might be the one that is looked for, or not."""
    named = {item["at"]: index for index, item in enumerate(wanted.get("called", ())) if "json" in item}
    for sent in asked:
        if sent.exchange.operation in named and (reason := sent.incomparable):
            yield Problem(reason, ("called", named[sent.exchange.operation], "json"))


def _refuse_too_much(wanted: Mapping[str, Any], asked: Asked) -> None:
    """Refuse what would compare more than MOST_COMPARED values, before anything is compared."""
    compared = 0
    for item in wanted.get("called", ()):
        single = leaves(item)
        compared += sum(single + work(sent, item) for sent in asked if sent.exchange.operation == item["at"])
    if compared > MOST_COMPARED:
        cure = "verify fewer calls at once, or clear the journal earlier"
        raise BadInput.at(f"this compares {compared} values, and {MOST_COMPARED} is the most: {cure}", "called")


def _called(asked: Asked, wanted: Mapping[str, Any], under_way: UnderWay) -> Iterator[dict[str, Any]]:
    at, times = wanted["at"], wanted.get("times")
    tries = [(sent.n, misses(sent, wanted)) for sent in asked if sent.exchange.operation == at]
    fitting = [n for n, missed in tries if not distance(missed)]
    if len(fitting) == times or (times is None and fitting):
        return
    message = f"{at} was {_so_often(len(fitting), times, _like(wanted))}"
    told = under_way.told(at)
    if fitting:
        yield _failure(at, f"{message}: {_exchanges(fitting)}{told and '; '}{told}", fitting)
    elif told:
        yield _failure(at, f"{message}; {told}", [])
    elif tries:
        n, missed = min(tries, key=lambda it: distance(it[1]))
        yield _failure(at, f"{message}; the nearest is exchange {n}, where {said(missed)}", [n])
    else:
        yield _failure(at, f"{message}; {_what_was(asked, under_way)}", [])


def _like(wanted: Mapping[str, Any]) -> str:
    """Return what is wanted of a call beside its operation, in a word."""
    named = [name for name in WISHES if name in wanted]
    words = {"json": "body", "headers": "headers" if len(wanted.get("headers", ())) > 1 else "header"}
    return f" with that {' and '.join(words.get(name, name) for name in named)}" if named else ""


def _so_often(count: int, wanted: int | None, like: str) -> str:
    if count and wanted == 0:
        return f"called{like} {_times(count)}, and never should be"
    if count:
        return f"called{like} {_times(count)}, not {_times(wanted or 0)}"
    return f"never called{like}" + ("" if wanted is None else f", and should have been called {_times(wanted)}")


def _order(asked: Asked, wanted: Sequence[str], under_way: UnderWay) -> Iterator[dict[str, Any]]:
    """The first operation that did not come after those before it."""
    since, former = 0, None
    for operation in wanted:
        later = [sent.n for sent in asked if sent.exchange.operation == operation and sent.n > since]
        if not later:
            earlier = [sent.n for sent in asked if sent.exchange.operation == operation]
            after = f" after {former} (exchange {since})" if former else ""
            nearby = f"only before that: {_exchanges(earlier)}" if earlier else _what_was(asked, under_way)
            yield _failure(operation, f"{operation} was not called{after}; {nearby}", earlier)
            return
        since, former = later[0], operation


def _never(asked: Asked, operation: str, under_way: UnderWay) -> Iterator[dict[str, Any]]:
    found = [sent.n for sent in asked if sent.exchange.operation == operation]
    if found:
        yield _failure(
            operation, f"{operation} was called {_times(len(found))}, and never should be: {_exchanges(found)}", found
        )
    elif told := under_way.told(operation):
        yield _failure(operation, f"{operation} was called, and never should be; {told}", [])


def _failure(at: str, message: str, exchanges: list[int]) -> dict[str, Any]:
    return {"at": at, "message": message, "exchanges": exchanges}


def _what_was(asked: Asked, under_way: UnderWay) -> str:
    called = dict.fromkeys(sent.exchange.operation for sent in asked)
    told = under_way.told()
    if called:
        return f"what was called is {', '.join(called)}{told and '; '}{told}"
    return told or "nothing was called, or not since the journal was cleared"


def _exchanges(numbers: Sequence[int]) -> str:
    return f"exchange{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
