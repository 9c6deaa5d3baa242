"""Error Logs: the real-time requests that ended in a 500 over the last three days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from emulator.kernel.transaction import Transaction
from emulator.vendors.serpwow.bodies import Unfit
from emulator.vendors.serpwow.listing import WantedPage, page_wanted
from emulator.vendors.serpwow.model import ErrorLog
from emulator.vendors.serpwow.refusals import unfit
from emulator.vendors.vendor import Answer, Call

PAGE_SIZE = 10
KEPT = timedelta(days=3)
"""How long after its last occurrence an error is told. Evidence: serpwow-errorlogs-2."""


class ErrorLogsPage(NamedTuple):
    """One page of the error logs that were asked for."""

    wanted: WantedPage
    total: int
    logs: list[ErrorLog]


def list_error_logs(tx: Transaction, call: Call) -> Answer:
    try:
        wanted = page_wanted(call.query, ("date",), "date", PAGE_SIZE)
    except Unfit as reason:
        return unfit(Unfit(str(reason)))
    term = call.query.get("search_term", "").lower()
    found = [log for log in tx.all(ErrorLog.kind) if tx.now < log.date + KEPT and term in _words(log)]
    found.sort(key=lambda log: log.date, reverse=True)
    return Answer("error_logs", "serpwow-errorlogs-1", ErrorLogsPage(wanted, len(found), wanted.cut(found)))


def show_error_log(log: ErrorLog, date: str) -> dict[str, Any]:
    return {"id": log.id, "date": date, "count": log.count, "request_parameters": dict(log.parameters), "message": log.message}


def _words(log: ErrorLog) -> str:
    return "\n".join((log.id, log.message, *(value for _, value in log.parameters))).lower()
