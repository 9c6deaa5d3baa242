"""In what a request differs from the one that was wanted: its path's id, its query, its headers and its body."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from emulator.control.fields import as_wanted
from emulator.control.sent import NO_RESOURCE, Sent
from emulator.state.compare import count_differences, differences, header_difference
from emulator.text.redact import redact_text
from emulator.web.routes import Routes

WISHES = ("json", "id", "query", "headers")
"""Expectations of a request beside its operation."""

MOST = 20
"""Differences that are told; of more, how many there are."""

KINDS: Mapping[type, str] = {dict: "an object", list: "a list"}


class Misses(NamedTuple):
    """How far a part of a request is from the expected one, 0 where it matches, and what says in what it differs."""

    distance: int
    say: Callable[[], list[str]]


def misses(sent: Sent, wanted: Mapping[str, Any]) -> list[Misses]:
    """Return every difference. A body that is not there or cannot be read is farther off than one that holds other values."""
    return [*_of_id(sent, wanted), *_of_query(sent, wanted), *_of_headers(sent, wanted), *_of_body(sent, wanted)]


def distance(found: list[Misses]) -> int:
    """Return how far a request is from the expected one."""
    return sum(part.distance for part in found)


def said(found: list[Misses]) -> str:
    """Return the differences in words, the first MOST of them, and how many more there are."""
    lines = [redact_text(line) for part in found for line in part.say()]
    more = [f"and {len(lines) - MOST} more differences"] if len(lines) > MOST else []
    return "; ".join(lines[:MOST] + more)


def work(sent: Sent, wanted: Mapping[str, Any]) -> int:
    """Return about how many values are compared."""
    fields = len(sent.exchange.target) // 20 if "query" in wanted else 0
    fields += len(sent.exchange.request) // 20 if "json" in wanted and sent.is_form else 0
    return 1 + fields


def leaves(value: Any) -> int:
    """Return how many single values are in a value."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(leaves, parts)) or 1


def has_id(operation: str, routes: Routes) -> bool:
    """Tell whether the path of an operation names a resource."""
    return bool({*routes.parameters(operation)} - {*NO_RESOURCE})


def _of_id(sent: Sent, wanted: Mapping[str, Any]) -> Iterator[Misses]:
    if "id" in wanted and not sent.known_as & {wanted["id"], wanted["id"].lower()}:
        named = " and ".join(map(repr, sent.ids)) or "no resource"
        yield _missed(1, f"the path names {named}, not {wanted['id']!r}")


def _of_query(sent: Sent, wanted: Mapping[str, Any]) -> Iterator[Misses]:
    if "query" in wanted:
        yield _compared(wanted["query"], as_wanted(wanted["query"], sent.query), "query")


def _of_headers(sent: Sent, wanted: Mapping[str, Any]) -> Iterator[Misses]:
    for name, value in wanted.get("headers", {}).items():
        actual = sent.headers.get(name.lower())
        if actual is None:
            yield _missed(1, f"there is no header {name}")
        elif actual != value:
            yield _missed(1, header_difference(name, actual, value))


def _of_body(sent: Sent, wanted: Mapping[str, Any]) -> Iterator[Misses]:
    if "json" not in wanted:
        return
    if not sent.exchange.request:
        yield from () if wanted["json"] is None else (_unreadable(wanted, "there is no body"),)
    elif sent.is_form:
        yield _of_value(wanted["json"], as_wanted(wanted["json"], sent.form))
    elif sent.json[0]:
        yield _of_value(wanted["json"], sent.json[1])
    else:
        yield _unreadable(wanted, "the body is not JSON")


def _of_value(wanted: Any, actual: Any) -> Misses:
    """Return the differences of a body; one of another kind is farther off than one of this kind that differs in all."""
    kind, other = KINDS.get(type(wanted)), KINDS.get(type(actual))
    if kind is None or kind == other:
        return _compared(wanted, actual)
    far = leaves(wanted) + 1
    return _missed(far, f"the body is {other}, not {kind}") if other else _compared(wanted, actual)._replace(distance=far)


def _unreadable(wanted: Mapping[str, Any], why: str) -> Misses:
    return _missed(leaves(wanted["json"]) + 2, why)


def _missed(distance: int, why: str) -> Misses:
    return Misses(distance, lambda: [why])


def _compared(wanted: Any, actual: Any, path: str = "") -> Misses:
    """Return the differences of two values, of which secrets are compared and not told."""
    return Misses(count_differences(wanted, actual), lambda: list(differences(wanted, actual, path)))
