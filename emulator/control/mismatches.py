"""The mismatches between a recorded request and the expected one: the id in its path, its query, headers and body."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from emulator.control.recorded_request import NO_RESOURCE, RecordedRequest, coerce
from emulator.scenario.document import JsonObject
from emulator.state.compare import count_differences, differences, header_difference
from emulator.text.redact import redact_text
from emulator.web.routes import Routes

EXPECTATIONS = ("json", "id", "query", "headers")
"""Keys of an expected request beside its operation."""

MAX_TEXTS = 20
"""Differences in a message, which counts the others."""

KINDS: Mapping[type, str] = {dict: "an object", list: "a list"}


class Mismatch(NamedTuple):
    """A part of a request that differs: how far it is from the expected one, 0 where it matches, and its differences."""

    distance: int
    texts: Callable[[], list[str]]


def mismatches(request: RecordedRequest, expected: JsonObject) -> list[Mismatch]:
    """Return every mismatch. A body that is absent or unreadable is farther off than one with other values."""
    parts = (_id_mismatches, _query_mismatches, _header_mismatches, _body_mismatches)
    return [it for part in parts for it in part(request, expected)]


def distance(found: list[Mismatch]) -> int:
    """Return how far a request is from the expected one."""
    return sum(part.distance for part in found)


def text_of(found: list[Mismatch]) -> str:
    """Return the differences in words, the first MAX_TEXTS of them, and how many more there are."""
    lines = [redact_text(line) for part in found for line in part.texts()]
    more = [f"and {len(lines) - MAX_TEXTS} more differences"] if len(lines) > MAX_TEXTS else []
    return "; ".join(lines[:MAX_TEXTS] + more)


def compared_values(request: RecordedRequest, expected: JsonObject) -> int:
    """Return about how many values of a request are compared."""
    fields = len(request.exchange.target) // 20 if "query" in expected else 0
    fields += len(request.exchange.request) // 20 if "json" in expected and (request.is_form or request.folds_names) else 0
    return 1 + fields


def leaves(value: Any) -> int:
    """Return how many single values are in a value."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(leaves, parts)) or 1


def has_id(operation: str, routes: Routes) -> bool:
    """Tell whether the path of an operation has the id of a resource."""
    return bool({*routes.parameters(operation)} - {*NO_RESOURCE})


def _id_mismatches(request: RecordedRequest, expected: JsonObject) -> Iterator[Mismatch]:
    if "id" in expected and not request.has_id(expected["id"]):
        ids = " and ".join(map(repr, request.ids)) or "no resource"
        yield _mismatch(1, f"the path names {ids}, not {expected['id']!r}")


def _query_mismatches(request: RecordedRequest, expected: JsonObject) -> Iterator[Mismatch]:
    if "query" in expected:
        query = _named(request, expected["query"], request.query)
        yield _compared(expected["query"], coerce(query, expected["query"]), "query")


def _header_mismatches(request: RecordedRequest, expected: JsonObject) -> Iterator[Mismatch]:
    for name, value in expected.get("headers", {}).items():
        actual = request.headers.get(name.lower())
        if actual is None:
            yield _mismatch(1, f"there is no header {name}")
        elif actual != value:
            yield _mismatch(1, header_difference(name, actual, value))


def _body_mismatches(request: RecordedRequest, expected: JsonObject) -> Iterator[Mismatch]:
    if "json" not in expected:
        return
    json = expected["json"]
    if not request.exchange.request:
        if json is not None:
            yield _mismatch(leaves(json) + 2, "there is no body")
    elif request.is_form:
        yield _value_mismatch(json, coerce(request.form, json))
    elif request.json[0]:
        yield _value_mismatch(json, _named(request, json, request.json[1]))
    else:
        yield _mismatch(leaves(json) + 2, "the body is not JSON")


def _named(request: RecordedRequest, expected: Any, actual: Any) -> Any:
    """Return what was sent with its names as they are expected, where the vendor takes names in any case."""
    if not request.folds_names:
        return actual
    if isinstance(expected, dict) and isinstance(actual, dict):
        wanted = {name.lower(): name for name in expected}
        named = {wanted.get(name.lower(), name): value for name, value in actual.items()}
        return {name: _named(request, expected.get(name), value) for name, value in named.items()}
    if isinstance(expected, list) and isinstance(actual, list):
        return [_named(request, *pair) for pair in zip(expected, actual, strict=False)] + actual[len(expected) :]
    return actual


def _value_mismatch(expected: Any, actual: Any) -> Mismatch:
    """Compare a body; one of another kind is farther off than one of this kind that differs in all."""
    kind, other = KINDS.get(type(expected)), KINDS.get(type(actual))
    if kind is None or kind == other:
        return _compared(expected, actual)
    far = leaves(expected) + 1
    return _mismatch(far, f"the body is {other}, not {kind}") if other else _compared(expected, actual)._replace(distance=far)


def _mismatch(distance: int, text: str) -> Mismatch:
    return Mismatch(distance, lambda: [text])


def _compared(expected: Any, actual: Any, path: str = "") -> Mismatch:
    """Compare two values; of secrets, no value is in the text."""
    return Mismatch(count_differences(expected, actual), lambda: list(differences(expected, actual, path)))
