"""List batches: filters, order and pages. Evidence: 6dot50-list-1 to 6dot50-list-5."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from operator import attrgetter

from emulator.kernel.transaction import Transaction
from emulator.vendors.sixdot50.assumptions_of_calls import BAD_PAGING, STATUS_CASE, UNKNOWN_STATUS
from emulator.vendors.sixdot50.machine import BATCH_STATES
from emulator.vendors.sixdot50.model import SELF, Batch
from emulator.vendors.sixdot50.validation import INVALID, Flaw, is_same
from emulator.vendors.sixdot50.writing import refused
from emulator.vendors.vendor import Answer, Call

MOST = 1000


def list_batches(tx: Transaction, call: Call) -> Answer:
    """The batches of the page that the query asks for, newest first; or what is wrong with the query."""
    query = {name.lower(): value for name, value in call.query.items()}
    bad = [name for name in ("skip", "take") if name in query and not _is_count(query[name])]
    if bad and tx.choice(BAD_PAGING.id) == "400":
        return refused(tx, [Flaw(INVALID, name, query[name], "6dot50-list-5", BAD_PAGING.id) for name in bad])
    status = query.get("statuscode", "")
    unknown = bool(status) and status.upper() not in BATCH_STATES
    if unknown and tx.choice(UNKNOWN_STATUS.id) == "400":
        return refused(tx, [Flaw(INVALID, "statusCode", status, "6dot50-list-6", UNKNOWN_STATUS.id)])
    page = _page(tx, {name: value for name, value in query.items() if name not in bad})
    also = ("6dot50-list-8",) if status and query.get("externalid") else ()
    return Answer("batches", "6dot50-list-1", page, _decided(bool(bad), unknown, status != status.upper()), also)


def _decided(badly_paged: bool, unknown: bool, oddly_written: bool) -> str | None:
    if badly_paged:
        return BAD_PAGING.id
    return UNKNOWN_STATUS.id if unknown else STATUS_CASE.id if oddly_written else None


def _page(tx: Transaction, query: Mapping[str, str]) -> list[Batch]:
    """The batches of the page that pass the filters, newest first; of one instant, those that came last."""
    skip, take = int(query.get("skip", 0)), int(query.get("take", MOST))
    status, external_id = query.get("statuscode"), query.get("externalid")
    if status and tx.choice(STATUS_CASE.id) == "ignored":
        status = status.upper()
    if not external_id:
        ranking = tx.ranking(Batch.kind, "by creation", SELF, *([status] if status else ()))
        return [*islice(ranking.reversed(skip), take)]
    called: Iterable[Batch] = tx.group(Batch.kind, "called", SELF, external_id.casefold())
    same = (it for it in called if is_same(tx, it.external_id, external_id))
    found = [it for it in same if not status or it.status == status]
    return sorted(found, key=attrgetter("created_at"))[::-1][skip : skip + take]


def _is_count(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) is not None
