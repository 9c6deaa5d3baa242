"""Queries: parameters with a single value each, lists of columns, and the page and order of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from emulator.sdk import (
    Answer,
    Assumption,
    InvalidRequest,
    JsonDict,
    Request,
    Sortable,
    Struct,
    Transaction,
    View,
    instant_from_iso,
    pattern,
)
from emulator.vendors.serpwow.assumptions.answers import DEFAULT_ORDER, LETTER_CASE, NAME_ORDER
from emulator.vendors.serpwow.assumptions.requests import (
    FIXED_PAGE_SIZE,
    LIST_BAD_PARAMETER,
    LIST_BEYOND_END,
    REPEATED_PARAMETER,
    TIED_BATCHES,
)
from emulator.vendors.serpwow.model.searches import boolean, integer
from emulator.vendors.serpwow.requests.forms import BadForm, read_form
from emulator.vendors.serpwow.requests.printed import FORCE, check_printed_values
from emulator.vendors.serpwow.requests.validation import invalid, joined

API_KEY = "api_key"

_PAGED = frozenset(("page", "page_size", "sort_by", "sort_direction", "search_term"))
CSV_FIELDS = "csv_fields"
PARAMETERS = {
    "serpwow.batches.list": _PAGED.union(
        ("status", "search_type", "destination_id", "only_with_results", "only_without_results"),
        ("created_before", "created_after", "last_run_before", "last_run_after"),
    ),
    "serpwow.batches.delete": frozenset((FORCE,)),
    "serpwow.searches.list": frozenset(("q", "custom_id")),
    "serpwow.results.csv": frozenset((CSV_FIELDS,)),
    "serpwow.errorlogs.list": _PAGED,
    "serpwow.destinations.list": _PAGED,
}
"""The parameters that an operation reads beside the key. Evidence: serpwow-list-21."""

OF_TEN = _PAGED - {"page_size"}
"""The parameters of the lists that have ten items to a page."""

SINGLE = frozenset[str]().union(*PARAMETERS.values()) - {CSV_FIELDS}
"""The parameters with one value each, of lists and of a deletion. Unpublished ones are ignored, however often they come."""

MAX_NUMBER = 1_000_000
LONG_QUERY = 200
"""Characters beyond which it is not remembered whether a query is plain."""

PAGE = 4_096
"""Letters of a page of a long name."""


_END_OF_DAY = pattern(r"(?<=[T ])24(?=(:?00){0,2}([.,]0+)?(Z|[+-]|$))")
_SIGNS = pattern(r"[%+{\[\]]")


def check_single_values(tx: Transaction, request: Request) -> None:
    """Refuse a query that gives a parameter several values. Evidence: serpwow-query-1.

    Raises:
        InvalidRequest: it does, or it cannot be read whole.
    """
    if is_plain(request):
        return
    for name, value in _read_query(request).items():
        if name in SINGLE and not isinstance(value, str) and not _last_counts(tx, request, name, value):
            raise invalid(f"{name} must have a single value", "serpwow-query-1", REPEATED_PARAMETER)


def is_plain(request: Request) -> bool:
    """Return whether a query has a few names, each once, and nothing encoded or in brackets."""
    text = request.query_string
    return _is_plain(text) if len(text) <= LONG_QUERY else _is_plain.__wrapped__(text)


@lru_cache(maxsize=500)
def _is_plain(query: str) -> bool:
    names = [part.partition("=")[0] for part in query.split("&")]
    return len(SINGLE) >= len(names) == len({*names}) and "" not in names and not _SIGNS.search(query)


def csv_fields_of(request: Request) -> str | None:
    """Return the columns that a query names in any style, joined by commas; None where it names none.

    Raises:
        InvalidRequest: the list cannot be read whole.
    """
    fields = _read_query(request).get(CSV_FIELDS)
    return None if fields is None else joined(CSV_FIELDS, fields)


def _last_counts(tx: Transaction, request: Request, name: str, values: Any) -> bool:
    """Return whether the last of several values can stand for all; no list looks up one in brackets."""
    if name not in request.query:
        return False
    choice = tx.choice(REPEATED_PARAMETER)
    return choice == "last" or (choice == "refuse" and all(value == values[0] for value in values))


def _read_query(request: Request) -> JsonDict:
    try:
        return read_form(request.query_string)
    except BadForm as error:
        raise invalid(f"The query cannot be read: {error}", "serpwow-query-1") from None


class PageQuery(Struct, frozen=True, gc=False):
    """The page of a list that a query asks for, and its order."""

    number: int
    size: int
    sort_by: str
    descending: bool

    @property
    def first(self) -> int:
        """The index of the page's first item."""
        return (self.number - 1) * self.size

    def pages(self, total: int) -> int:
        """Return the number of pages of a list."""
        return -(-total // self.size)

    def slice(self, items: list[Any]) -> list[Any]:
        """Return the items of the page."""
        return items[self.first : self.first + self.size]

    def around(self, items: list[Any]) -> list[Any]:
        """Return the items of the page, and those just before and after it."""
        return items[max(self.first - 1, 0) : self.first + self.size + 1]

    def check_end(self, view: View, total: int, answer: str = "unfit") -> Assumption | None:
        """Return the assumption that decides about a page beyond the last one; None for any other page.

        Raises:
            InvalidRequest: such a page is assumed to be refused.
        """
        last = max(self.pages(total), 1)
        if self.number <= last:
            return None
        if view.choice(LIST_BEYOND_END) == "refuse":
            raise invalid(f"page must be at most {last}", "serpwow-list-6", LIST_BEYOND_END, answer=answer)
        return LIST_BEYOND_END


class Page(NamedTuple):
    """One page of the items that passed the filters; `total` counts all of them. `assumption` is one that decided.

    `places` are the sort keys of its items and of those just before and after it, None where they are in no order.
    """

    query: PageQuery
    total: int
    items: list[Any]
    assumption: Assumption | None = None
    places: list[Any] | None = None

    @property
    def pages(self) -> int:
        return self.query.pages(self.total)

    def with_order(self, answer: Answer) -> Answer:
        """Return the answer with the facts about the order that its items have. Evidence: serpwow-list-15, serpwow-list-17."""
        places = self.places or []
        if self.query.sort_by == "name" and (self.total > len(places) or _mixes_capitals(places, self.query.descending)):
            answer = answer.resting_on(("serpwow-list-17",), NAME_ORDER)
        return answer.resting_on(("serpwow-list-15",), TIED_BATCHES) if len({*places}) < len(places) else answer


def _mixes_capitals(names: list[str], descending: bool) -> bool:
    """Return whether sorted names would be in another order if capitals did not matter."""
    pairs = pairwise(reversed(names) if descending else names)
    return any(one != other and not Sortable(one, str.lower) < Sortable(other, str.lower) for one, other in pairs)


def name_of(view: View) -> Callable[[Any], Sortable]:
    """Return the sort key for names; long ones are read, and count, page by page."""
    fold = str if view.choice(NAME_ORDER) == "heeded" else str.lower

    def key(item: Any) -> Sortable:
        view.read(len(item.name) // PAGE)
        return Sortable(item.name, fold)

    return key


def sorted_page(
    view: View, query: Mapping[str, str], items: list[Any], keys: Mapping[str, Callable[[Any], Any]], default: str
) -> Page:
    """Return the page that a query asks for, of ten items as a rule; `keys` are the sort keys by the value of sort_by.

    Raises:
        InvalidRequest: a parameter has a value that is not among those published, or the page is assumed to be refused.
    """
    try:
        heeds_size = query.get("page_size", "10") != "10" and view.choice(FIXED_PAGE_SIZE) == "yes"
        size = read_number(query, "page_size", 10, most=1000) if heeds_size else 10
        wanted = read_page(query, tuple(keys), default, size)
        check_printed_values(view, query, OF_TEN)
    except InvalidRequest as error:
        rest = without_bad_parameter(view, query, error)
        return sorted_page(view, rest, items, keys, default)._replace(assumption=LIST_BAD_PARAMETER)
    places = None
    if "sort_by" in query or view.choice(DEFAULT_ORDER) == "sorted":
        oldest_first = view.choice(TIED_BATCHES) == "oldest"
        items = sorted(items[:: 1 if oldest_first else -1], key=keys[wanted.sort_by], reverse=wanted.descending)
        places = [getattr(item, wanted.sort_by) for item in wanted.around(items)]
    elif wanted.descending:
        items.reverse()
    return Page(wanted, len(items), wanted.slice(items), wanted.check_end(view, len(items)), places)


def without_bad_parameter(view: View, query: Mapping[str, str], error: InvalidRequest) -> Mapping[str, str]:
    """Return the query of a list without the parameter that an error is about, where such are assumed to be ignored.

    Raises:
        InvalidRequest: they are refused. Evidence: serpwow-list-5.
    """
    if view.choice(LIST_BAD_PARAMETER) == "refuse":
        raise invalid(str(error), "serpwow-list-5", LIST_BAD_PARAMETER, answer="bad_list_parameter") from None
    return {name: value for name, value in query.items() if name != error.place}


def is_searched(_find: Callable[[str, str], Any], request: Request) -> bool:
    """Return whether a list looks for a term in its items, whose texts may be long."""
    return any(request.query.get(name) for name in ("search_term", "q", "custom_id"))


def folding(view: View) -> Callable[[str], str]:
    """Return the function that makes texts alike in which a term is looked for. Evidence: serpwow-find-1."""
    return str.lower if view.choice(LETTER_CASE) == "ignored" else str


def read_page(query: Mapping[str, str], sort_by: tuple[str, ...], default: str, size: int) -> PageQuery:
    """Return the page that a query asks for, of a list with this page size.

    Raises:
        InvalidRequest: a parameter has a value that is not among those published.
    """
    descending = read_one_of(query, "sort_direction", ("ascending", "descending"), "ascending") == "descending"
    return PageQuery(read_number(query, "page", 1), size, read_one_of(query, "sort_by", sort_by, default), descending)


def read_number(query: Mapping[str, str], name: str, default: int, most: int = MAX_NUMBER) -> int:
    number = integer(query.get(name, default), 0)
    if not 1 <= number <= most:
        raise _invalid_parameter(name, f"a whole number from 1 to {most}")
    return number


def read_one_of(query: Mapping[str, str], name: str, values: tuple[str, ...], default: str) -> str:
    value = query.get(name, default)
    if value not in values:
        raise _invalid_parameter(name, f"one of {', '.join(values)}")
    return value


def read_flag(query: Mapping[str, str], name: str) -> bool:
    value = boolean(query.get(name, "false"))
    if value is None:
        raise _invalid_parameter(name, "true or false")
    return value


def read_instant(query: Mapping[str, str], name: str) -> datetime | None:
    """Return an instant; its hour may be 24, which is the end of the day. Evidence: serpwow-list-18."""
    if name not in query:
        return None
    text, ends_day = _END_OF_DAY.subn("00", query[name].upper())
    try:
        instant = instant_from_iso(text) + timedelta(days=ends_day)
    except (ValueError, OverflowError):
        raise _invalid_parameter(name, "an ISO 8601 timestamp") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _invalid_parameter(name: str, expected: str) -> InvalidRequest:
    return invalid(f"{name} must be {expected}", place=name)
