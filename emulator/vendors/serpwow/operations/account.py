"""The account, and its error logs: the real-time requests of the last three days that ended in a 500."""

from __future__ import annotations

from datetime import timedelta
from operator import attrgetter

from emulator.sdk import Answer, Request, Transaction
from emulator.vendors.serpwow.machine.effects import account_of
from emulator.vendors.serpwow.model.account import ErrorLog
from emulator.vendors.serpwow.requests.queries import sorted_page

LOG_LIFETIME = timedelta(days=3)
"""Time for which an error is listed after its last occurrence. Evidence: serpwow-kept-1."""


def get_account(tx: Transaction, _request: Request) -> Answer:
    return Answer("account", "serpwow-account-1", account_of(tx))


def list_error_logs(tx: Transaction, request: Request) -> Answer:
    term = request.query.get("search_term", "").lower()
    found = [log for log in tx.group(ErrorLog.kind) if tx.now < log.date + LOG_LIFETIME and _matches(log, term)]
    keys = {name: attrgetter(name) for name in ("date", "count")}
    page = sorted_page(tx, request.query, found, keys, "date")
    evidence, also = ("serpwow-errorlogs-6", ()) if found else ("serpwow-errorlogs-1", ("serpwow-empty-2",))
    return Answer("error_logs", evidence, page, page.assumption, also)


def _matches(log: ErrorLog, term: str) -> bool:
    """Return whether the name or the value of a parameter has the term, in any case. Evidence: serpwow-errorlogs-4."""
    return not term or any(term in text.lower() for parameter in log.public_parameters for text in parameter)
