"""Verification of what clients requested: how often, in which order, with which bodies; a failure names the nearest miss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from emulator.control.journal_models import Verdict, VerificationFailure
from emulator.control.mismatches import EXPECTATIONS, compared_values, distance, has_id, leaves, mismatches, text_of
from emulator.control.recorded_request import RecordedRequest
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.exchange import Exchange
from emulator.kernel.limits import Limits
from emulator.kernel.world import World
from emulator.scenario.document import JsonObject, Path
from emulator.scenario.schema import TEXTS
from emulator.scenario.state_schema import closed
from emulator.text.nearest import hint, some
from emulator.text.redact import redact_text
from emulator.web.held_requests import HeldRequest
from emulator.web.routes import Routes

MAX_CALLS = 200
"""Expected calls of one verification."""

MAX_OPERATIONS = 1_000
"""Operations of its `order`, and of its `never`."""

MAX_COMPARED = 1_000_000
"""Values that it compares."""

OPERATION = {"type": "string", "minLength": 1}
VERIFY = closed(
    {
        "called": {
            "type": "array",
            "maxItems": MAX_CALLS,
            "items": closed(
                {
                    "at": OPERATION,
                    "times": {"type": "integer", "minimum": 0},
                    "id": {"type": "string", "description": "a resource that the path names"},
                    "query": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "array"]}},
                    "headers": TEXTS,
                    "json": {},
                },
                "at",
            ),
        },
        "order": {"type": "array", "items": OPERATION, "maxItems": MAX_OPERATIONS},
        "never": {"type": "array", "items": OPERATION, "maxItems": MAX_OPERATIONS},
    },
    minProperties=1,
    examples=[{"called": [{"at": "serpwow.batches.stop", "times": 1}]}],
)
"""A verification: each operation `called` at least once or exactly `times`, for the resource `id`, with a query, headers and a
body that hold `query`, `headers` and `json`; these in this `order`, others perhaps between them; and these `never`."""


def verify(
    world: World, expected: JsonObject, operations: Sequence[str], routes: Routes, held: Sequence[HeldRequest] = ()
) -> Verdict:
    """Return whether clients sent the expected requests, and every way in which they did not.

    A request that a fault has `held` up before it took effect counts only against `never`.

    Raises:
        BadInput: the verification could match nothing, or the journal has lost entries that it would compare.
    """
    entries = ((entry.n, entry.event) for entry in world.journal.since(0))
    requests = [RecordedRequest(n, event, routes) for n, event in entries if isinstance(event, Exchange)]
    recorded = Recorded(requests, [it for it in held if it.entry is None])
    if world.journal.lost:
        lost = f"the journal dropped {world.journal.lost} entries to make room for newer ones: clear it earlier, or keep more"
        raise BadInput.at(f"{lost}: {Limits.more('journal')}")
    _check_names(expected, recorded, operations, routes)
    _check_size(expected, recorded)
    failures = [
        *(failure for call in expected.get("called", ()) for failure in recorded.check_called(call)),
        *recorded.check_order(expected.get("order", ())),
        *(failure for operation in expected.get("never", ()) for failure in recorded.check_never(operation)),
    ]
    return Verdict(not failures, tuple(failures))


@dataclass(frozen=True)
class Recorded:
    """The requests of a journal, and those that faults hold up, which have no entry yet."""

    requests: Sequence[RecordedRequest]
    held: Sequence[HeldRequest]

    def of(self, operation: str) -> list[RecordedRequest]:
        """Return the requests of an operation."""
        return [it for it in self.requests if it.operation == operation]

    def check_called(self, call: JsonObject) -> Iterator[VerificationFailure]:
        """Yield the failure of an operation that was not called as often as expected."""
        at, times = call["at"], call.get("times")
        compared = [(request.n, mismatches(request, call)) for request in self.of(at)]
        fitting = [n for n, found in compared if not distance(found)]
        if len(fitting) == times or (times is None and fitting):
            return
        message = f"{at} was {_frequency(len(fitting), times, _constraint(call))}"
        if fitting:
            yield self._failure(at, fitting, f"{message}: {_exchanges(fitting)}")
        elif compared:
            n, found = min(compared, key=lambda it: distance(it[1]))
            yield self._failure(at, [n], message, f"the nearest is exchange {n}, where {text_of(found)}")
        else:
            yield self._failure(at, [], message, self._summary())

    def check_order(self, operations: Sequence[str]) -> Iterator[VerificationFailure]:
        """Yield the failure of the first operation that did not come after those before it."""
        since, former = 0, None
        for operation in operations:
            numbers = [it.n for it in self.of(operation)]
            later = next((n for n in numbers if n > since), None)
            if later is None:
                after = f" after {former} (exchange {since})" if former else ""
                nearby = f"only before that: {_exchanges(numbers)}" if numbers else self._summary()
                yield self._failure(operation, numbers, f"{operation} was not called{after}", nearby)
                return
            since, former = later, operation

    def check_never(self, operation: str) -> Iterator[VerificationFailure]:
        """Yield the failure of an operation that was called."""
        numbers = [it.n for it in self.of(operation)]
        if numbers:
            message = f"called {_times(len(numbers))}, and never should be: {_exchanges(numbers)}"
            yield VerificationFailure(operation, f"{operation} was {message}", tuple(numbers))
        elif any(it.request.operation_name == operation for it in self.held):
            yield self._failure(operation, [], f"{operation} was called, and never should be")

    def _failure(self, operation: str, numbers: Sequence[int], *parts: str) -> VerificationFailure:
        """Return a failure with the exchanges that it names; its message ends with the requests that are held up."""
        return VerificationFailure(operation, "; ".join(filter(None, (*parts, self._held_up))), tuple(numbers))

    @cached_property
    def _held_up(self) -> str:
        """The requests that are held up; empty where none are."""
        lines = [f"{it.request.method} {redact_text(it.request.target)} ({it.fault.do} {it.fault.where})" for it in self.held]
        return f"under way, and not counted until a fault lets it take effect: {some(lines)}" if lines else ""

    def _summary(self) -> str:
        """Name the operations that were called."""
        called = dict.fromkeys(it.operation for it in self.requests)
        nothing = "" if self.held else "nothing was called, or not since the journal was cleared"
        return f"what was called is {', '.join(called)}" if called else nothing


def _check_names(expected: JsonObject, recorded: Recorded, operations: Sequence[str], routes: Routes) -> None:
    """Check that every expectation can be met and can fail.

    Raises:
        BadInput: an operation is unknown, has no id, or has a body that cannot be compared; or there is no operation at all.
    """
    calls = [*enumerate(expected.get("called", ()))]
    names: list[tuple[Path, str]] = [(("called", index, "at"), it["at"]) for index, it in calls]
    names += [((part, index), it) for part in ("order", "never") for index, it in enumerate(expected.get(part, ()))]
    problems = [
        Problem(f"no operation is called {name!r}{hint(name, operations)}", path)
        for path, name in names
        if name not in operations
    ]
    bodies = {it["at"]: index for index, it in calls if "json" in it}
    problems += [
        Problem(reason, ("called", bodies[it.operation], "json"))
        for it in recorded.requests
        if it.operation in bodies and (reason := it.incomparable)
    ]
    problems += [
        Problem(f"the path of {it['at']} names no resource, so no call of it has an id", ("called", index, "id"))
        for index, it in calls
        if "id" in it and it["at"] in operations and not has_id(it["at"], routes)
    ]
    if problems or not names:
        raise BadInput(problems or [Problem("this verification names no operation, and so could not fail")])


def _check_size(expected: JsonObject, recorded: Recorded) -> None:
    """Check, before anything is compared, that not more than MAX_COMPARED values are.

    Raises:
        BadInput: there are more.
    """
    compared = 0
    for call in expected.get("called", ()):
        size = leaves(call)
        compared += sum(size + compared_values(it, call) for it in recorded.of(call["at"]))
    if compared > MAX_COMPARED:
        cure = "verify fewer calls at once, or clear the journal earlier"
        raise BadInput.at(f"this compares {compared} values, and {MAX_COMPARED} is the most: {cure}", "called")


def _constraint(call: JsonObject) -> str:
    """Return what a call must have beside its operation, as ` with that body and header`."""
    headers = "headers" if len(call.get("headers", ())) > 1 else "header"
    words = [{"json": "body", "headers": headers}.get(name, name) for name in EXPECTATIONS if name in call]
    return f" with that {' and '.join(words)}" if words else ""


def _frequency(count: int, expected: int | None, constraint: str) -> str:
    if count and expected == 0:
        return f"called{constraint} {_times(count)}, and never should be"
    if count:
        return f"called{constraint} {_times(count)}, not {_times(expected or 0)}"
    return f"never called{constraint}" + ("" if expected is None else f", and should have been called {_times(expected)}")


def _exchanges(numbers: Sequence[int]) -> str:
    return f"exchange{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
