"""List Batches: filters, order and pages. Evidence: serpwow-list-1 to serpwow-list-4."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from emulator.vendors.serpwow.model import Batch

PRIORITIES = ("lowest", "low", "normal", "high", "highest")
STATUSES = ("idle", "queued", "running")
NEVER = datetime.min.replace(tzinfo=UTC)


class Page(NamedTuple):
    """One page of the batches that passed the filters; `total` counts all of them."""

    number: int
    pages: int
    total: int
    batches: list[Batch]


Test = Callable[[Batch], bool]

SORT_KEYS: dict[str, Callable[[Batch], Any]] = {
    "name": lambda batch: batch.name,
    "created_at": lambda batch: batch.created_at,
    "last_run": lambda batch: batch.last_run or NEVER,
    "priority": lambda batch: PRIORITIES.index(batch.priority),
    "status": lambda batch: batch.status,
}


def page_of(batches: Iterable[Batch], query: Mapping[str, str], now: datetime) -> Page:
    """The page that the query asks for.

    Raises:
        ValueError: a parameter has a value that is not among those published.
    """
    number = _whole_number(query, "page", 1)
    size = _whole_number(query, "page_size", 25, most=1000)
    key = SORT_KEYS[_one_of(query, "sort_by", tuple(SORT_KEYS), "name")]
    descending = _one_of(query, "sort_direction", ("ascending", "descending"), "ascending") == "descending"
    tests = list(_tests(query, now))
    found = sorted((batch for batch in batches if all(test(batch) for test in tests)), key=key, reverse=descending)
    start = (number - 1) * size
    return Page(number, -(-len(found) // size), len(found), found[start : start + size])


def _tests(query: Mapping[str, str], now: datetime) -> Iterable[Test]:
    status = _one_of(query, "status", ("all", *STATUSES), "all")
    if status != "all":
        yield lambda batch: batch.status == status
    search_type = _one_of(query, "search_type", tuple(_SEARCHES), "contains")
    if term := query.get("search_term"):
        yield _SEARCHES[search_type](term)
    if _flag(query, "only_with_results"):
        yield lambda batch: batch.results_count(now) > 0
    if _flag(query, "only_without_results"):
        yield lambda batch: batch.results_count(now) == 0
    if destination := query.get("destination_id"):
        yield lambda batch: destination in batch.destination_ids
    yield from _before_and_after(query, "created", lambda batch: batch.created_at)
    yield from _before_and_after(query, "last_run", lambda batch: batch.last_run)


def _before_and_after(query: Mapping[str, str], name: str, when: Callable[[Batch], datetime | None]) -> Iterable[Test]:
    before, after = _instant(query, f"{name}_before"), _instant(query, f"{name}_after")
    if before is not None:
        yield lambda batch: (at := when(batch)) is not None and at < before
    if after is not None:
        yield lambda batch: (at := when(batch)) is not None and at > after


def _contains(term: str) -> Test:
    words = re.sub(r"[^0-9a-z]+", " ", term.lower()).split()
    return lambda batch: all(word in f"{batch.name}\n{batch.id}".lower() for word in words)


_SEARCHES: dict[str, Callable[[str], Test]] = {
    "contains": _contains,
    "starts_with": lambda term: lambda batch: batch.name.lower().startswith(term.lower()),
    "ends_with": lambda term: lambda batch: batch.name.lower().endswith(term.lower()),
    "exact": lambda term: lambda batch: batch.name == term,
}


def _whole_number(query: Mapping[str, str], name: str, default: int, most: int = 1_000_000) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise ValueError(f"{name} must be a whole number from 1 to {most}")
    return int(text)


def _one_of(query: Mapping[str, str], name: str, values: tuple[str, ...], default: str) -> str:
    value = query.get(name, default)
    if value not in values:
        raise ValueError(f"{name} must be one of {', '.join(values)}")
    return value


def _flag(query: Mapping[str, str], name: str) -> bool:
    return _one_of(query, name, ("true", "false"), "false") == "true"


def _instant(query: Mapping[str, str], name: str) -> datetime | None:
    if name not in query:
        return None
    try:
        instant = datetime.fromisoformat(query[name])
    except ValueError:
        raise ValueError(f"{name} must be an ISO 8601 timestamp") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
