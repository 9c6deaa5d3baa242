"""The account, and its error logs: the real-time requests of the last three days that ended in a 500."""

from __future__ import annotations

from datetime import timedelta
from operator import attrgetter

from emulator.sdk import Answer, Request, Transaction, is_in
from emulator.vendors.serpwow.assumptions.answers import ACCOUNT_STATUS, DEFAULT_ORDER, EMPTY_PAGES, LOG_PARAMETERS, LOG_TERM
from emulator.vendors.serpwow.machine.effects import account_of
from emulator.vendors.serpwow.model.account import ErrorLog
from emulator.vendors.serpwow.requests.admission import acting_account
from emulator.vendors.serpwow.requests.printed import with_unprinted_values
from emulator.vendors.serpwow.requests.queries import OF_TEN, folding, sorted_page

LOG_LIFETIME = timedelta(days=3)
"""Time for which an error is listed after its last occurrence. Evidence: serpwow-kept-1."""


def get_account(tx: Transaction, _request: Request) -> Answer:
    account = account_of(tx, acting_account(tx))
    return Answer("account", "serpwow-account-1", account, None if account.components else ACCOUNT_STATUS)


def list_error_logs(tx: Transaction, request: Request) -> Answer:
    term = request.query.get("search_term", "")
    own = tx.group(ErrorLog, "owner", acting_account(tx))
    found = [log for log in own if tx.now < log.date + LOG_LIFETIME and _matches(tx, log, term)]
    keys = {name: attrgetter(name) for name in ("date", "count")}
    page = sorted_page(tx, request.query, found, keys, "date")
    evidence = "serpwow-errorlogs-6" if found else "serpwow-errorlogs-1"
    answer = page.with_order(
        with_unprinted_values(request.query, OF_TEN, Answer("error_logs", evidence, page, page.assumption))
    )
    if term:
        answer = answer.resting_on(("serpwow-errorlogs-8", "serpwow-find-1"), LOG_TERM)
    if len(found) > 1 and "sort_by" not in request.query:
        answer = answer.resting_on(("serpwow-errorlogs-7",), DEFAULT_ORDER)
    return answer.resting_on((), LOG_PARAMETERS) if found else answer.resting_on(("serpwow-empty-2",), EMPTY_PAGES)


def _matches(tx: Transaction, log: ErrorLog, term: str) -> bool:
    """Return whether the parameters of a log have a term. Evidence: serpwow-errorlogs-4 and serpwow-errorlogs-8."""
    fold, first = folding(tx), int(tx.choice(LOG_TERM) == "values")
    return not term or any(is_in(term, text, fold) for pair in log.public_parameters for text in pair[first:])
