"""The list of batches: filters, order and pages. Evidence: 6dot50-list-1 to 6dot50-list-13."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, pairwise
from operator import attrgetter

from emulator.sdk import Answer, Request, Transaction
from emulator.vendors.sixdot50.assumptions.requests import (
    BAD_PAGING,
    EMPTY_FILTER,
    SKIP_ALONE,
    STATUS_CASE,
    TAKE_NOTHING,
    UNKNOWN_STATUS,
)
from emulator.vendors.sixdot50.machine import BATCH_STATES
from emulator.vendors.sixdot50.model import SELF, Batch
from emulator.vendors.sixdot50.requests.queries import assumption_of_repetition, flaws_of_repetition, values_of
from emulator.vendors.sixdot50.requests.validation import INVALID, Flaw, assumption_of_namesakes, is_same, refuse

MAX_TAKE = 1000

MAX_INT = 2**31 - 1
"""The most that an int of 32 bits holds. Evidence: 6dot50-list-5."""

Query = Mapping[str, str]


def list_batches(tx: Transaction, request: Request) -> Answer:
    """Return the batches of the page that the query asks for, newest first."""
    values = values_of(request)
    query = {name: found[0] for name, found in values.items()}
    refuse(tx, [*flaws_of_repetition(tx, values), *_flaws(tx, query)])
    ignored = _malformed(query)
    if _wants_nothing(query) and tx.choice(TAKE_NOTHING.id) == "everything":
        ignored = [*ignored, "take"]
    page = _page(tx, {name: value for name, value in query.items() if name not in ignored})
    status, external_id = query.get("statuscode"), query.get("externalid")
    decided = _assumption(query, len(page)) or assumption_of_namesakes(tx, external_id) or assumption_of_repetition(values)
    facts = {
        "6dot50-list-8": bool(status and external_id),
        "6dot50-list-10": any(one.created_at == other.created_at for one, other in pairwise(page)),
        "6dot50-list-12": "" in (status, external_id),
        "6dot50-list-13": decided == SKIP_ALONE.id,
    }
    return Answer("batches", "6dot50-list-1", page, decided, tuple(id for id, holds in facts.items() if holds))


def _flaws(tx: Transaction, query: Query) -> Iterator[Flaw]:
    """Yield the flaws of the query, as far as it is assumed that they are refused."""
    if tx.choice(BAD_PAGING.id) == "400":
        yield from (Flaw(INVALID, name, query[name], "6dot50-list-5", BAD_PAGING.id) for name in _malformed(query))
    if _wants_nothing(query) and tx.choice(TAKE_NOTHING.id) == "400":
        yield Flaw(INVALID, "take", query["take"], "6dot50-list-9", TAKE_NOTHING.id)
    if _is_unknown(query) and tx.choice(UNKNOWN_STATUS.id) == "400":
        yield Flaw(INVALID, "statusCode", query["statuscode"], "6dot50-list-6", UNKNOWN_STATUS.id)


def _malformed(query: Query) -> list[str]:
    return [name for name in ("skip", "take") if name in query and not _is_count(query[name])]


def _wants_nothing(query: Query) -> bool:
    return _is_count(query.get("take", "")) and int(query["take"]) == 0


def _is_unknown(query: Query) -> bool:
    status = query.get("statuscode", "")
    return status != "" and status.upper() not in BATCH_STATES


def _assumption(query: Query, found: int) -> str | None:
    """Return the assumption by which the query is read, if there is one, given how many batches it found."""
    if _malformed(query):
        return BAD_PAGING.id
    if _wants_nothing(query):
        return TAKE_NOTHING.id
    if "" in (query.get("statuscode"), query.get("externalid")):
        return EMPTY_FILTER.id
    if "skip" in query and "take" not in query and found >= MAX_TAKE:
        return SKIP_ALONE.id
    status = query.get("statuscode", "")
    return UNKNOWN_STATUS.id if _is_unknown(query) else STATUS_CASE.id if status != status.upper() else None


def _page(tx: Transaction, query: Query) -> list[Batch]:
    """Return the batches of the page that pass the filters, newest first; of one instant, the last to come first."""
    most = MAX_INT if "skip" in query and tx.choice(SKIP_ALONE.id) == "all" else MAX_TAKE
    skip, take = int(query.get("skip", 0)), int(query.get("take", most))
    status, external_id = query.get("statuscode"), query.get("externalid")
    if "" in (status, external_id) and tx.choice(EMPTY_FILTER.id) == "nothing":
        return []
    if status and tx.choice(STATUS_CASE.id) == "ignored":
        status = status.upper()
    if not external_id:
        by_creation = tx.sorted_group(Batch.kind, "by creation", SELF, *([status] if status else ()))
        return [*islice(by_creation.reversed(skip), take)]
    named: Iterable[Batch] = tx.group(Batch.kind, "called", SELF, external_id.casefold())
    found = [it for it in named if is_same(tx, it.external_id, external_id) and (not status or it.status == status)]
    return sorted(found, key=attrgetter("created_at"))[::-1][skip : skip + take]


def _is_count(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) is not None and int(text) <= MAX_INT
