"""Error Logs: the real-time requests that ended in a 500 over the last three days."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple
from urllib.parse import urlencode

from emulator.sdk import Answer, IndexKey, Metered, Request, Transaction
from emulator.vendors.serpwow.bodies import Unfit
from emulator.vendors.serpwow.listing import WantedPage, about_the_end, page_wanted
from emulator.vendors.serpwow.refusals import unfit

PAGE_SIZE = 10
KEPT = timedelta(days=3)
"""Time for which an error is listed after its last occurrence. Evidence: serpwow-kept-1."""

ENGINE_URL = "https://www.google.com/search?"
API_URL = "https://api.serpwow.com/live/search?"
"""The addresses of a log that names none: the engine has got `q`, and the API all parameters but the key."""


@dataclass(frozen=True, slots=True)
class ErrorLog(Metered):
    """A real-time request that ended in a 500, and how often; told until three days after it last did.

    `result` is the JSON that was answered, if it was more than the `message`. Addresses that are None follow from `parameters`.
    """

    id: str
    since: datetime
    date: datetime
    message: str
    count: int = 1
    parameters: tuple[tuple[str, str], ...] = ()
    engine_url: str | None = None
    api_url: str | None = None
    result: Mapping[str, Any] | None = None
    status: str = "kept"
    kind: ClassVar[str] = "serpwow.errorlog"

    def index(self) -> tuple[IndexKey, ...]:
        return ()


class ErrorLogsPage(NamedTuple):
    """One page of the error logs that were asked for."""

    wanted: WantedPage
    total: int
    logs: list[ErrorLog]


def list_error_logs(tx: Transaction, request: Request) -> Answer:
    try:
        wanted = page_wanted(request.query, ("date", "count"), "date", PAGE_SIZE)
    except Unfit as reason:
        return unfit(Unfit(str(reason)))
    term = request.query.get("search_term", "").lower()
    found = [log for log in tx.all(ErrorLog.kind) if tx.now < log.date + KEPT and _speaks_of(log, term)]
    found.sort(key=lambda log: getattr(log, wanted.sort_by), reverse=wanted.descending)
    evidence, also = ("serpwow-errorlogs-6", ()) if found else ("serpwow-errorlogs-1", ("serpwow-empty-2",))
    try:
        beyond = about_the_end(wanted, len(found), tx)
    except Unfit as reason:
        return unfit(reason)
    return Answer("error_logs", evidence, ErrorLogsPage(wanted, len(found), wanted.cut(found)), beyond, also)


def show_error_log(log: ErrorLog, date: str) -> dict[str, Any]:
    """The Error Log object, its properties in the order of the page. Evidence: serpwow-errorlogs-5."""
    parameters = dict(_without_key(log))
    return {
        "id": log.id,
        "engine_url": log.engine_url or ENGINE_URL + urlencode({"q": parameters.get("q", "")}),
        "api_url": re.sub(r"(?<=[?&])api_key=[^&]*&?", "", log.api_url or API_URL + urlencode(parameters)),
        "date": date,
        "count": str(log.count),
        "parameters": parameters,
        "result": log.result or {"request_info": {"success": False, "message": log.message}},
    }


def _speaks_of(log: ErrorLog, term: str) -> bool:
    """Tell whether a parameter has the term, in whichever case, in its name or value. Evidence: serpwow-errorlogs-4."""
    return any(term in word.lower() for parameter in _without_key(log) for word in parameter) or not term


def _without_key(log: ErrorLog) -> list[tuple[str, str]]:
    return [(name, value) for name, value in log.parameters if name != "api_key"]
