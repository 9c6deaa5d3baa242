"""The queries of requests: parameters of one value, arrays in each spelling, and pages of lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from emulator.sdk import InvalidRequest, Request

DEFAULT_LIMIT, LARGEST_LIMIT = 20, 100
"""Items of a page. Evidence: stripe-list-2."""

PAGED = frozenset(("limit", "page"))

ARRAYS = frozenset(("include", "types"))
"""The parameters that are arrays."""

_ELEMENT = re.compile(r"(?<!\w)(\w++)\[\d*+\]", re.ASCII)
"""An element of an array, with or without an index."""

_PAGE = re.compile(r"(?P<side>after|before)_(?P<number>[0-9]{1,15})(_[0-9a-f]{8})?")


def invalid(message: str, evidence: str = "stripe-list-3", assumption: str | None = None) -> InvalidRequest:
    """Return the exception that refuses fields or parameters of a request; the message is for the client."""
    return InvalidRequest(message, evidence, assumption, answer="invalid_fields")


class Query(NamedTuple):
    """The parameters of a query: those of one value, and the values of each array in order."""

    single: dict[str, str]
    arrays: dict[str, list[str]]


class QuerySpec(NamedTuple):
    """The parameters that an operation accepts."""

    single: frozenset[str] = frozenset()
    arrays: frozenset[str] = frozenset()

    def read(self, request: Request) -> Query:
        """Return the parameters of a request.

        An array is spelled `name=a&name=b`, `name[]=a&name[]=b` or `name[0]=a&name[1]=b`. Evidence: stripe-list-5.

        Raises:
            InvalidRequest: a parameter is unknown, or one of a single value is there twice.
        """
        query = Query({}, {name: [] for name in self.arrays})
        for key, value in pairs_of(request):
            element = _ELEMENT.fullmatch(key)
            if (name := element[1] if element else key) in self.arrays:
                query.arrays[name].append(value)
            elif key not in self.single:
                raise invalid(f"Unknown field: {key}")
            elif key in query.single:
                raise invalid(f"The field {key} is given more than once")
            else:
                query.single[key] = value
        return query


NO_QUERY = QuerySpec()


def check_no_query(_tx: object, request: Request) -> None:
    """Refuse a query. Evidence: stripe-list-3."""
    NO_QUERY.read(request)


def pairs_of(request: Request) -> list[tuple[str, str]]:
    """Return the names and values of a query, in order."""
    return parse_qsl(request.query_string, keep_blank_values=True)


def values_of(request: Request, array: str) -> list[str]:
    """Return the values of an array in the query, however it is spelled."""
    return [value for name, value in pairs_of(request) if name.partition("[")[0] == array]


class Window(NamedTuple):
    """The page of a list that a request asks for: `limit` items on one side of the item of a number, None for the first."""

    limit: int
    side: str
    number: int | None

    @classmethod
    def read(cls, query: Query) -> Window:
        """Return the window of a query.

        Raises:
            InvalidRequest: the limit or the page is not valid.
        """
        limit, page = query.single.get("limit", str(DEFAULT_LIMIT)), query.single.get("page")
        if not (limit.isascii() and limit.isdecimal() and len(limit) < 16 and 1 <= int(limit) <= LARGEST_LIMIT):
            raise invalid(f"The field limit must be an integer from 1 to {LARGEST_LIMIT}")
        if page is None:
            return cls(int(limit), "after", None)
        if (match := _PAGE.fullmatch(page)) is None:
            raise invalid("The field page is not one that this list gave")
        return cls(int(limit), match["side"], int(match["number"]))


class Page(NamedTuple):
    """A part of a list, and the URLs of the parts on either side of it."""

    items: Sequence[Any]
    next: str | None
    previous: str | None


def page_url(request: Request, page: str) -> str:
    """Return the URL of another page of a list: below the API's root, with the filters of this request.

    Evidence: stripe-list-4.
    """
    path = request.path[request.path.index("/v2/") :]
    filters = [(name, value) for name, value in pairs_of(request) if name != "page"]
    return f"{path}?{urlencode([*filters, ('page', page)])}"
