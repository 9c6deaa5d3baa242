"""The pages of lists: which one a request asks for, and the links to those beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from emulator.sdk import Request, Struct, Transaction
from emulator.vendors.stripe.assumptions.jobs import LARGE_LIMIT, PAGE_SIZE
from emulator.vendors.stripe.requests.fields import Query, flaw, invalid, pairs_of

LARGEST_LIMIT = 100
"""Most items of a page. Evidence: stripe-list-2."""

PAGED = frozenset(("limit", "page"))

_PAGE = r"(?P<side>after|before)_(?P<number>[0-9]{1,15})"

FILTERS = "(_[0-9a-f]{8})?"
"""The end of the name of a page of a list that has filters, as a pattern."""


class Window(Struct, frozen=True, gc=False):
    """The page of a list that a request asks for: `limit` items on one side of the item of a number, None for the first."""

    limit: int
    side: str
    number: int | None

    @classmethod
    def read(cls, tx: Transaction, query: Query, marks: str) -> Window:
        """Return the window of a query. `marks` is a pattern of the ends that names of the list's pages have.

        Raises:
            InvalidRequest: the limit or the page is not valid.
        """
        limit, page = query.single.get("limit"), query.single.get("page")
        size = _limit_of(tx, tx.choice(PAGE_SIZE) if limit is None else limit)
        if page is None:
            return cls(size, "after", None)
        if (match := re.fullmatch(_PAGE + marks, page)) is None:
            raise invalid(flaw("page", "Is not one that this list gave"))
        return cls(size, match["side"], int(match["number"]))


def _limit_of(tx: Transaction, text: str) -> int:
    message = flaw("limit", f"Must be an integer from 1 to {LARGEST_LIMIT}")
    if not (text.isascii() and text.isdecimal() and len(text) < 16 and int(text) > 0):
        raise invalid(message)
    if int(text) > LARGEST_LIMIT and tx.choice(LARGE_LIMIT) == "refuse":
        raise invalid(message, "stripe-list-2", LARGE_LIMIT)
    return min(int(text), LARGEST_LIMIT)


class Page(Struct, frozen=True):
    """A part of a list, and the URLs of the parts on either side of it."""

    items: Sequence[Any]
    next: str | None
    previous: str | None

    @classmethod
    def of(cls, found: Sequence[Any], request: Request, window: Window, mark: str) -> Page:
        """Return the page of numbered items in the order in which they are read, one more than its limit if there are more.

        Those of a page before another are read backwards. `mark` is the end of the names of the pages on either side.
        """
        items, more = found[: window.limit], len(found) > window.limit
        follows, precedes = more, "page" in request.query
        if window.side == "before":
            items, follows, precedes = items[::-1], True, more
        return cls(
            items,
            page_url(request, f"after_{items[-1].n}{mark}") if items and follows else None,
            page_url(request, f"before_{items[0].n}{mark}") if items and precedes else None,
        )


def page_url(request: Request, page: str) -> str:
    """Return the URL of another page of a list: below the API's root, with the filters of this request.

    Evidence: stripe-list-4.
    """
    path = request.path[request.path.index("/v2/") :]
    filters = [(name, value) for name, value in pairs_of(request) if name != "page"]
    return f"{path}?{urlencode([*filters, ('page', page)])}"
