"""The list of batches: filters, order and pages. Evidence: 6dot50-list-1 to 6dot50-list-14."""

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
    TAKE_ALONE,
    TAKE_NOTHING,
    UNKNOWN_STATUS,
)
from emulator.vendors.sixdot50.machine import BATCH_STATES
from emulator.vendors.sixdot50.model import Batch
from emulator.vendors.sixdot50.requests.queries import assumption_of_repetition, flaws_of_repetition, values_of
from emulator.vendors.sixdot50.requests.tokens import acting_organisation
from emulator.vendors.sixdot50.requests.validation import INVALID, Flaw, is_same, refuse

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
    if _wants_nothing(query) and tx.choice(TAKE_NOTHING) == "everything":
        ignored = [*ignored, "take"]
    heeded = {name: value for name, value in query.items() if name not in ignored}
    page, has_ties = _page(tx, heeded)
    status, external_id = query.get("statuscode"), query.get("externalid")
    decided = assumption_of_repetition(values)
    facts = {
        "6dot50-list-2": not heeded.keys().isdisjoint(("skip", "take")),
        "6dot50-list-3": bool(status or external_id),
        "6dot50-list-4": bool(status or external_id) and not page,
        "6dot50-list-8": bool(status and external_id),
        "6dot50-list-10": has_ties,
        "6dot50-list-11": decided is not None,
        "6dot50-list-12": "" in (status, external_id),
        "6dot50-list-13": SKIP_ALONE in tx.consulted,
        "6dot50-list-14": TAKE_ALONE in tx.consulted,
    }
    return Answer("batches", "6dot50-list-1", page, decided, tuple(id for id, holds in facts.items() if holds))


def _flaws(tx: Transaction, query: Query) -> Iterator[Flaw]:
    """Yield the flaws of the query, as far as it is assumed that they are refused."""
    malformed = _malformed(query)
    if malformed and tx.choice(BAD_PAGING) == "400":
        yield from (Flaw(INVALID, name, query[name], "6dot50-list-5", BAD_PAGING) for name in malformed)
    if _wants_nothing(query) and tx.choice(TAKE_NOTHING) == "400":
        yield Flaw(INVALID, "take", query["take"], "6dot50-list-9", TAKE_NOTHING)
    if _is_unknown(tx, query) and tx.choice(UNKNOWN_STATUS) == "400":
        yield Flaw(INVALID, "statusCode", query["statuscode"], "6dot50-list-6", UNKNOWN_STATUS)


def _malformed(query: Query) -> list[str]:
    return [name for name in ("skip", "take") if name in query and not _is_count(query[name])]


def _wants_nothing(query: Query) -> bool:
    return _is_count(query.get("take", "")) and int(query["take"]) == 0


def _is_unknown(tx: Transaction, query: Query) -> bool:
    status = query.get("statuscode", "")
    is_minded = status != status.upper() and tx.choice(STATUS_CASE) == "minded"
    return status != "" and (is_minded or status.upper() not in BATCH_STATES)


def _most(tx: Transaction, query: Query) -> int:
    """Return how many batches the page holds at most."""
    wanted = int(query.get("take", MAX_INT if "skip" in query else MAX_TAKE))
    own = acting_organisation(tx)
    if wanted <= MAX_TAKE or {"skip", "take"} <= query.keys() or tx.size(Batch, "by creation", own) <= MAX_TAKE:
        return wanted
    return MAX_TAKE if tx.choice(SKIP_ALONE if "skip" in query else TAKE_ALONE) == "1000" else wanted


def _page(tx: Transaction, query: Query) -> tuple[list[Batch], bool]:
    """Return the batches of the page that pass the filters, newest first; of one instant, the last to come first.

    And whether one of the page is of the same instant as another, or as one beside the page.
    """
    skip, most = int(query.get("skip", 0)), _most(tx, query)
    before = min(skip, 1)
    beside = [*islice(_newest(tx, query, skip - before), before + most + 1)]
    has_ties = any(one.created_at == other.created_at for one, other in pairwise(beside))
    return beside[before : before + most], has_ties


def _newest(tx: Transaction, query: Query, skip: int) -> Iterable[Batch]:
    """Return the batches that pass the filters, newest first, without the first `skip`."""
    status, external_id, own = query.get("statuscode"), query.get("externalid"), acting_organisation(tx)
    if "" in (status, external_id) and tx.choice(EMPTY_FILTER) == "nothing":
        return ()
    if status and status != status.upper() and tx.choice(STATUS_CASE) == "ignored":
        status = status.upper()
    if not external_id:
        return tx.sorted_group(Batch, "by creation", own, *([status] if status else ())).reversed(skip)
    named = tx.group(Batch, "called", external_id.casefold())
    ours = (it for it in named if it.owner == own and is_same(tx, it.external_id, external_id))
    return sorted([it for it in ours if not status or it.status == status], key=attrgetter("created_at"))[::-1][skip:]


def _is_count(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) is not None and int(text) <= MAX_INT
