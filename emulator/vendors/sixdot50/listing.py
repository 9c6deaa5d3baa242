"""List batches: filters, order and pages. Evidence: 6dot50-list-1 to 6dot50-list-10."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, pairwise
from operator import attrgetter

from emulator.sdk import Answer, Request, Transaction
from emulator.vendors.sixdot50.assumptions_of_calls import BAD_PAGING, STATUS_CASE, TAKE_NOTHING, UNKNOWN_STATUS
from emulator.vendors.sixdot50.machine import BATCH_STATES
from emulator.vendors.sixdot50.model import SELF, Batch
from emulator.vendors.sixdot50.queries import assumption_of_repetition, flaws_of_repetition, values_of
from emulator.vendors.sixdot50.validation import INVALID, Flaw, assumption_of_namesakes, is_same
from emulator.vendors.sixdot50.writing import refused

MOST = 1000


def list_batches(tx: Transaction, request: Request) -> Answer:
    """The batches of the page that the query asks for, newest first; or what is wrong with the query."""
    values = values_of(request)
    query = {name: it[0] for name, it in values.items()}
    if flaws := [*flaws_of_repetition(tx, values), *_flaws(tx, query)]:
        return refused(tx, flaws)
    skipped_rows = _malformed(query)
    if _wants_nothing(query) and tx.choice(TAKE_NOTHING.id) == "everything":
        skipped_rows = [*skipped_rows, "take"]
    page = _page(tx, {name: value for name, value in query.items() if name not in skipped_rows})
    both = ("6dot50-list-8",) if query.get("statuscode") and query.get("externalid") else ()
    ties = ("6dot50-list-10",) if any(one.created_at == other.created_at for one, other in pairwise(page)) else ()
    empty = ("6dot50-list-12",) if "" in (query.get("statuscode"), query.get("externalid")) else ()
    decided = _decided(query) or assumption_of_namesakes(tx, query.get("externalid")) or assumption_of_repetition(values)
    return Answer("batches", "6dot50-list-1", page, decided, (*both, *ties, *empty))


def _flaws(tx: Transaction, query: Mapping[str, str]) -> Iterator[Flaw]:
    """Yield what is wrong with the query, as far as that is assumed to be refused."""
    if tx.choice(BAD_PAGING.id) == "400":
        yield from (Flaw(INVALID, name, query[name], "6dot50-list-5", BAD_PAGING.id) for name in _malformed(query))
    if _wants_nothing(query) and tx.choice(TAKE_NOTHING.id) == "400":
        yield Flaw(INVALID, "take", query["take"], "6dot50-list-9", TAKE_NOTHING.id)
    if _is_unknown(query) and tx.choice(UNKNOWN_STATUS.id) == "400":
        yield Flaw(INVALID, "statusCode", query["statuscode"], "6dot50-list-6", UNKNOWN_STATUS.id)


def _malformed(query: Mapping[str, str]) -> list[str]:
    return [name for name in ("skip", "take") if name in query and not _is_count(query[name])]


def _wants_nothing(query: Mapping[str, str]) -> bool:
    return _is_count(query.get("take", "")) and int(query["take"]) == 0


def _is_unknown(query: Mapping[str, str]) -> bool:
    status = query.get("statuscode", "")
    return status != "" and status.upper() not in BATCH_STATES


def _decided(query: Mapping[str, str]) -> str | None:
    """The assumption that the page rests on, if there is one."""
    if _malformed(query):
        return BAD_PAGING.id
    if _wants_nothing(query):
        return TAKE_NOTHING.id
    status = query.get("statuscode", "")
    return UNKNOWN_STATUS.id if _is_unknown(query) else STATUS_CASE.id if status != status.upper() else None


def _page(tx: Transaction, query: Mapping[str, str]) -> list[Batch]:
    """The batches of the page that pass the filters, newest first; of one instant, those that came last."""
    skip, take = int(query.get("skip", 0)), int(query.get("take", MOST))
    status, external_id = query.get("statuscode"), query.get("externalid")
    if status and tx.choice(STATUS_CASE.id) == "ignored":
        status = status.upper()
    if not external_id:
        sorted_group = tx.sorted_group(Batch.kind, "by creation", SELF, *([status] if status else ()))
        return [*islice(sorted_group.reversed(skip), take)]
    called: Iterable[Batch] = tx.group(Batch.kind, "called", SELF, external_id.casefold())
    same = (it for it in called if is_same(tx, it.external_id, external_id))
    found = [it for it in same if not status or it.status == status]
    return sorted(found, key=attrgetter("created_at"))[::-1][skip : skip + take]


def _is_count(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) is not None
