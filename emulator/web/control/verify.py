"""Verifying what a client asked: how often, in which order, with which bodies; what fails names the nearest miss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.journal import Exchange
from emulator.kernel.limits import Limits
from emulator.kernel.words import hint
from emulator.kernel.world import World
from emulator.scenario.grammar import HEADERS
from emulator.web.control.exact import Unreadable, exactly
from emulator.web.control.misses import WISHES, has_id, is_form, misses
from emulator.web.control.under_way import UnderWay
from emulator.web.held import Held
from emulator.web.routes import Routes

Exchanges = Sequence[tuple[int, Exchange]]

OPERATION = {"type": "string", "minLength": 1}
VERIFY = {
    "type": "object",
    "properties": {
        "called": {
            "type": "array",
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
        "order": {"type": "array", "items": OPERATION},
        "never": {"type": "array", "items": OPERATION},
    },
    "additionalProperties": False,
    "minProperties": 1,
    "examples": [{"called": [{"at": "serpwow.batches.stop", "times": 1}]}],
}
"""A verification: each operation `called` at least once or exactly `times`, for the resource `id`, with a query, headers and a
body that hold `query`, `headers` and `json`; these in this `order`, others perhaps between them; and these `never`."""


def verify(
    world: World, wanted: Mapping[str, Any], operations: Sequence[str], routes: Routes, held: Sequence[Held] = ()
) -> dict[str, Any]:
    """Whether the clients asked what they should have, and every way in which they did not.

    A request that a fault has `held` up before it took effect counts as asked only where it should never be.

    Raises:
        BadInput: the verification could match nothing, or the journal has not kept all that it would have to look at.
    """
    _refuse_the_meaningless(world, wanted, operations, routes)
    asked = [(entry.n, entry.event) for entry in world.journal.since(0) if isinstance(entry.event, Exchange)]
    under_way = UnderWay.of(held)
    failures = [
        *(failure for item in wanted.get("called", ()) for failure in _called(asked, item, routes, under_way)),
        *_order(asked, wanted.get("order", ()), under_way),
        *(failure for operation in wanted.get("never", ()) for failure in _never(asked, operation, under_way)),
    ]
    return {"ok": not failures, "failures": failures}


def _refuse_the_meaningless(world: World, wanted: Mapping[str, Any], operations: Sequence[str], routes: Routes) -> None:
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
    problems += list(_incomparable(world, wanted))
    problems += [
        Problem(f"the path of {item['at']} names no resource, so no call of it has an id", ("called", index, "id"))
        for index, item in enumerate(wanted.get("called", ()))
        if "id" in item and item["at"] in operations and not has_id(item["at"], routes)
    ]
    if problems or not named:
        raise BadInput(problems or [Problem("this verification names no operation, and so could not fail")])


def _incomparable(world: World, wanted: Mapping[str, Any]) -> Iterator[Problem]:
    """A body that cannot be read whole might be the one that is looked for, or not."""
    named = {item["at"]: index for index, item in enumerate(wanted.get("called", ())) if "json" in item}
    for n, event in world.journal.since(0):
        if isinstance(event, Exchange) and event.operation in named and (reason := _reason_not_to_compare(n, event)):
            yield Problem(reason, ("called", named[event.operation], "json"))


def _reason_not_to_compare(n: int, exchange: Exchange) -> str | None:
    if exchange.cut:
        return f"the journal kept a part of the body of exchange {n}: {Limits.more('journal_bytes')}"
    if is_form(exchange):
        return None
    try:
        exactly(exchange.request)
    except Unreadable as reason:
        return f"the body of exchange {n} cannot be compared: {reason}"
    except ValueError:
        return None  # no JSON is an answer, too
    return None


def _called(asked: Exchanges, wanted: Mapping[str, Any], routes: Routes, under_way: UnderWay) -> Iterator[dict[str, Any]]:
    at, times = wanted["at"], wanted.get("times")
    tries = [(n, misses(exchange, wanted, routes)) for n, exchange in asked if exchange.operation == at]
    fitting = [n for n, missed in tries if not missed.distance]
    if len(fitting) == times or (times is None and fitting):
        return
    message = f"{at} was {_so_often(len(fitting), times, _like(wanted))}"
    told = under_way.told(at)
    if fitting:
        yield _failure(at, f"{message}: {_exchanges(fitting)}{told and '; '}{told}", fitting)
    elif told:
        yield _failure(at, f"{message}; {told}", [])
    elif tries:
        n, missed = min(tries, key=lambda it: it[1].distance)
        yield _failure(at, f"{message}; the nearest is exchange {n}, where {'; '.join(missed.told)}", [n])
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


def _order(asked: Exchanges, wanted: Sequence[str], under_way: UnderWay) -> Iterator[dict[str, Any]]:
    """The first operation that did not come after those before it."""
    since, former = 0, None
    for operation in wanted:
        later = [n for n, exchange in asked if exchange.operation == operation and n > since]
        if not later:
            earlier = [n for n, exchange in asked if exchange.operation == operation]
            after = f" after {former} (exchange {since})" if former else ""
            nearby = f"only before that: {_exchanges(earlier)}" if earlier else _what_was(asked, under_way)
            yield _failure(operation, f"{operation} was not called{after}; {nearby}", earlier)
            return
        since, former = later[0], operation


def _never(asked: Exchanges, operation: str, under_way: UnderWay) -> Iterator[dict[str, Any]]:
    found = [n for n, exchange in asked if exchange.operation == operation]
    if found:
        yield _failure(
            operation, f"{operation} was called {_times(len(found))}, and never should be: {_exchanges(found)}", found
        )
    elif told := under_way.told(operation):
        yield _failure(operation, f"{operation} was called, and never should be; {told}", [])


def _failure(at: str, message: str, exchanges: list[int]) -> dict[str, Any]:
    return {"at": at, "message": message, "exchanges": exchanges}


def _what_was(asked: Exchanges, under_way: UnderWay) -> str:
    called = dict.fromkeys(exchange.operation for _, exchange in asked)
    told = under_way.told()
    if called:
        return f"what was called is {', '.join(called)}{told and '; '}{told}"
    return told or "nothing was called, or not since the journal was cleared"


def _exchanges(numbers: Sequence[int]) -> str:
    return f"exchange{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
