"""List batches: filters, order and pages. Evidence: 6dot50-list-1 to 6dot50-list-5."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from emulator.kernel.transaction import Transaction
from emulator.vendors.sixdot50.assumptions import BAD_PAGING, STATUS_CASE, UNKNOWN_STATUS
from emulator.vendors.sixdot50.machine import BATCH_STATES
from emulator.vendors.sixdot50.model import SELF, Batch
from emulator.vendors.vendor import Answer

MOST = 1000


def list_batches(tx: Transaction, query: Mapping[str, str]) -> Answer:
    """The batches of the page that the query asks for, newest first; or what is wrong with the query."""
    query = {name.lower(): value for name, value in query.items()}
    for name in ("skip", "take"):
        if not _is_count(query.get(name, "0")):
            if tx.choice(BAD_PAGING.id) == "400":
                return Answer("bad_value", "6dot50-list-5", (name, query[name]), BAD_PAGING.id)
            del query[name]
    status = query.get("statuscode", "")
    unknown = bool(status) and status.upper() not in BATCH_STATES
    if unknown and tx.choice(UNKNOWN_STATUS.id) == "400":
        return Answer("bad_value", "6dot50-list-6", ("statusCode", status), UNKNOWN_STATUS.id)
    decided = UNKNOWN_STATUS.id if unknown else STATUS_CASE.id if status != status.upper() else None
    return Answer("batches", "6dot50-list-1", _page(_matching(tx, query), query), decided)


def _matching(tx: Transaction, query: Mapping[str, str]) -> list[Batch]:
    """The batches that pass the filters, newest first, those of one instant by their ids."""
    status, external_id = query.get("statuscode"), query.get("externalid")
    if status and tx.choice(STATUS_CASE.id) == "no":
        status = status.upper()
    ours: Iterable[Batch] = tx.group(Batch.kind, "owner", SELF)
    found = (
        batch
        for batch in ours
        if (not status or batch.status == status) and (not external_id or batch.external_id == external_id)
    )
    return sorted(sorted(found, key=lambda batch: batch.id), key=lambda batch: batch.created_at, reverse=True)


def _page(batches: list[Batch], query: Mapping[str, str]) -> list[Batch]:
    skip = int(query.get("skip", 0))
    return batches[skip : skip + int(query.get("take", MOST))]


def _is_count(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) is not None
