"""Queries as clients write them: every parameter of a list is single-valued, but for csv_fields, which is a list."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from emulator.sdk import Answer, Handler, Request, Transaction
from emulator.vendors.serpwow.assumptions_of_bodies import REPEATED_PARAMETER
from emulator.vendors.serpwow.bodies import Unfit, joined
from emulator.vendors.serpwow.forms import BadForm, read_form
from emulator.vendors.serpwow.received import as_read
from emulator.vendors.serpwow.refusals import unfit

SINGLE = frozenset(
    (
        *("page", "page_size", "sort_by", "sort_direction", "status", "search_term", "search_type", "destination_id"),
        *("only_with_results", "only_without_results", "q", "custom_id"),
        *("created_before", "created_after", "last_run_before", "last_run_after"),
    )
)
"""The parameters of the lists that have one value each. Others than the published ones are ignored, however often they come."""

CSV_FIELDS = "csv_fields"
API_KEY = "api_key"


def with_single_values(act: Handler) -> Handler:
    """Return the same operation, once its query is known to give each parameter one value. Evidence: serpwow-query-1."""

    def act_checking(tx: Transaction, request: Request) -> Answer:
        try:
            _refuse_several(tx, request)
        except Unfit as reason:
            return unfit(reason)
        return act(tx, request)

    return as_read(act_checking)


def refusal_of_keys(tx: Transaction, request: Request) -> Answer | None:
    """Return why a query is refused that gives several keys, None where they are one. Evidence: serpwow-query-1."""
    keys = {value for name, value in parse_qsl(request.query_string, keep_blank_values=True) if name == API_KEY}
    if len(keys) < 2 or tx.choice(REPEATED_PARAMETER.id) == "last":
        return None
    return unfit(Unfit(f"{API_KEY} must have a single value", "serpwow-query-1", REPEATED_PARAMETER.id))


def csv_fields_of(request: Request) -> str | None:
    """Return the columns that a query names, joined by commas, however the list is written; None where it names none.

    Raises:
        Unfit: the list cannot be read whole.
    """
    fields = _read(request).get(CSV_FIELDS)
    return None if fields is None else joined(CSV_FIELDS, fields)


def _refuse_several(tx: Transaction, request: Request) -> None:
    for name, value in _read(request).items():
        if name in SINGLE and not isinstance(value, str) and not _has_last(tx, request, name, value):
            raise Unfit(f"{name} must have a single value", "serpwow-query-1", REPEATED_PARAMETER.id)


def _has_last(tx: Transaction, request: Request, name: str, values: Any) -> bool:
    """Tell whether the last of several values can stand for all of them; one in brackets is none that a list looks up."""
    if name not in request.query:
        return False
    return all(value == values[0] for value in values) or tx.choice(REPEATED_PARAMETER.id) == "last"


def _read(request: Request) -> dict[str, Any]:
    try:
        return read_form(request.query_string)
    except BadForm as reason:
        raise Unfit(f"The query cannot be read: {reason}", "serpwow-query-1") from None
