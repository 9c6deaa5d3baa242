"""List Batches: filters, order and pages. Evidence: serpwow-list-1 to serpwow-list-9."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

from emulator.sdk import View
from emulator.vendors.serpwow.assumptions_of_calls import (
    LIST_BAD_PARAMETER,
    LIST_BEYOND_END,
    LIST_NEVER_RUN,
    LIST_NEVER_RUN_FILTER,
    LIST_PRIORITY_ORDER,
    WITHOUT_RESULTS,
)
from emulator.vendors.serpwow.bodies import Unfit
from emulator.vendors.serpwow.flags import flag_of
from emulator.vendors.serpwow.model import SELF, Batch
from emulator.vendors.serpwow.slots import PRIORITIES

STATUSES = ("idle", "queued", "running")
NEVER = datetime.min.replace(tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)

Test = Callable[[Batch], bool]

SORT_KEYS: dict[str, Callable[[Batch], Any]] = {
    "name": lambda batch: batch.name,
    "created_at": lambda batch: batch.created_at,
    "last_run": lambda batch: batch.last_run or NEVER,
    "priority": lambda batch: PRIORITIES.index(batch.priority),
    "status": lambda batch: batch.status,
}
RANKINGS = {"name": "by name", "created_at": "by creation"}
"""The orders in which batches are kept, by the group in which that is."""

SORT_ASSUMPTIONS = {"priority": LIST_PRIORITY_ORDER.id, "last_run": LIST_NEVER_RUN.id}


class Page(NamedTuple):
    """One page of the batches that passed the filters; `total` counts all of them. `assumption` is one that decided.

    `tied` tells whether some of them have the same place in the order that was asked for.
    """

    number: int
    pages: int
    total: int
    batches: list[Batch]
    assumption: str | None = None
    tied: bool = False


class WantedPage(NamedTuple):
    """Which page of a list is wanted, and in which order."""

    number: int
    size: int
    sort_by: str
    descending: bool

    def pages(self, total: int) -> int:
        """How many pages so many items fill."""
        return -(-total // self.size)

    @property
    def first(self) -> int:
        """The index of the page's first item."""
        return (self.number - 1) * self.size

    def cut(self, found: list[Any]) -> list[Any]:
        """The page itself."""
        return found[self.first : self.first + self.size]


def page_of(query: Mapping[str, str], view: View) -> Page:
    """The page of the account's batches that the query asks for.

    Raises:
        Unfit: a parameter has a value that is not among those published, or the page lies beyond the last.
    """
    try:
        wanted = page_wanted(query, tuple(SORT_KEYS), "name", _whole_number(query, "page_size", 25, most=1000))
        status = _one_of(query, "status", ("all", *STATUSES), "all")
        tests = list(_tests(query, view))
    except Unfit as unfit:
        if view.choice(LIST_BAD_PARAMETER.id) == "refuse":
            raise
        rest = {name: value for name, value in query.items() if name != unfit.parameter}
        return page_of(rest, view)._replace(assumption=LIST_BAD_PARAMETER.id)
    group = (SELF,) if status == "all" else (SELF, status)
    if not tests and wanted.sort_by in RANKINGS:
        return _read(view, wanted, group)
    found = [batch for batch in view.group(Batch.kind, "owner", *group) if all(test(batch) for test in tests)]
    assumption = _about_page(wanted, len(found), view) or _about_results(query, group, view)
    found.sort(key=_sort_key(wanted.sort_by, view), reverse=wanted.descending)
    return _page(wanted, len(found), wanted.cut(found), assumption)


def _page(wanted: WantedPage, total: int, batches: list[Batch], assumption: str | None) -> Page:
    keys = [SORT_KEYS[wanted.sort_by](batch) for batch in batches]
    return Page(wanted.number, wanted.pages(total), total, batches, assumption, len({*keys}) < len(keys))


def _read(view: View, wanted: WantedPage, group: tuple[str, ...]) -> Page:
    """A page of a list that is kept in the order wanted, so that no other page costs anything."""
    sorted_group = view.sorted_group(Batch.kind, RANKINGS[wanted.sort_by], *group)
    assumption = _about_page(wanted, len(sorted_group), view)
    batches = (sorted_group.descending if wanted.descending else sorted_group.ascending)(wanted.first)
    return _page(wanted, len(sorted_group), [*islice(batches, wanted.size)], assumption)


def page_wanted(query: Mapping[str, str], sort_by: tuple[str, ...], default: str, size: int) -> WantedPage:
    """What a query asks of a list of that page size.

    Raises:
        Unfit: a parameter has a value that is not among those published.
    """
    descending = _one_of(query, "sort_direction", ("ascending", "descending"), "ascending") == "descending"
    return WantedPage(_whole_number(query, "page", 1), size, _one_of(query, "sort_by", sort_by, default), descending)


def _about_page(wanted: WantedPage, total: int, view: View) -> str | None:
    """The assumption that decides about a page of so many batches.

    Raises:
        Unfit: the page lies beyond the last.
    """
    return about_the_end(wanted, total, view) or SORT_ASSUMPTIONS.get(wanted.sort_by)


def about_the_end(wanted: WantedPage, total: int, view: View) -> str | None:
    """Return the assumption that decides about a page beyond the last of a list of so many, None of any other page.

    Raises:
        Unfit: the page lies beyond the last, where that is assumed to be refused.
    """
    last = max(wanted.pages(total), 1)
    if wanted.number <= last:
        return None
    if view.choice(LIST_BEYOND_END.id) == "refuse":
        raise Unfit(f"page must be at most {last}", "serpwow-list-6", LIST_BEYOND_END.id)
    return LIST_BEYOND_END.id


def _about_results(query: Mapping[str, str], group: tuple[str, ...], view: View) -> str | None:
    """The assumption about batches without results, where there is one that ran and has none."""
    if not _flag(query, "only_without_results"):
        return None
    batches = view.group(Batch.kind, "owner", *group)
    return WITHOUT_RESULTS.id if any(it.last_run and not it.results_count(view.now) for it in batches) else None


def _sort_key(name: str, view: View) -> Callable[[Batch], Any]:
    if name == "priority" and view.choice(LIST_PRIORITY_ORDER.id) == "highest":
        return lambda batch: -PRIORITIES.index(batch.priority)
    if name == "last_run" and view.choice(LIST_NEVER_RUN.id) == "last":
        return lambda batch: batch.last_run or FOREVER
    return SORT_KEYS[name]


def _tests(query: Mapping[str, str], view: View) -> Iterable[Test]:
    search_type = _one_of(query, "search_type", tuple(_SEARCHES), "contains")
    if term := query.get("search_term"):
        yield _SEARCHES[search_type](term)
    if _flag(query, "only_with_results"):
        yield lambda batch: batch.results_count(view.now) > 0
    if _flag(query, "only_without_results"):
        never_run = view.choice(WITHOUT_RESULTS.id) == "never-run"
        yield lambda batch: batch.last_run is None if never_run else batch.results_count(view.now) == 0
    if destination := query.get("destination_id"):
        yield lambda batch: destination in batch.destination_ids
    never = NEVER if view.choice(LIST_NEVER_RUN_FILTER.id) == "included" else None
    yield from _before_and_after(query, "created", lambda batch: batch.created_at)
    yield from _before_and_after(query, "last_run", lambda batch: batch.last_run or never)


def _before_and_after(query: Mapping[str, str], name: str, when: Callable[[Batch], datetime | None]) -> Iterable[Test]:
    before, after = _instant(query, f"{name}_before"), _instant(query, f"{name}_after")
    if before is not None:
        yield lambda batch: (at := when(batch)) is not None and at < before
    if after is not None:
        yield lambda batch: (at := when(batch)) is not None and at > after


def _contains(term: str) -> Test:
    words = re.sub(r"[\W_]+", " ", term.lower()).split()
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
        raise _bad(name, f"a whole number from 1 to {most}")
    return int(text)


def _one_of(query: Mapping[str, str], name: str, values: tuple[str, ...], default: str) -> str:
    value = query.get(name, default)
    if value not in values:
        raise _bad(name, f"one of {', '.join(values)}")
    return value


def _flag(query: Mapping[str, str], name: str) -> bool:
    read = flag_of(query.get(name, "false"))
    if read is None:
        raise _bad(name, "true or false")
    return read


def _instant(query: Mapping[str, str], name: str) -> datetime | None:
    if name not in query:
        return None
    try:
        instant = datetime.fromisoformat(query[name].upper())
    except ValueError:
        raise _bad(name, "an ISO 8601 timestamp") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _bad(parameter: str, wanted: str) -> Unfit:
    return Unfit(f"{parameter} must be {wanted}", "serpwow-list-5", LIST_BAD_PARAMETER.id, parameter)
