"""The account object, with the credits used in the last months, and the objects of its error logs."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from urllib.parse import urlencode

from emulator.sdk import JsonDict, Request, Transaction, View, instant
from emulator.vendors.serpwow.assumptions.answers import ACCOUNT_STATUS, LOG_PARAMETERS
from emulator.vendors.serpwow.destinations.model import DESTINATION_LIMIT, Destination
from emulator.vendors.serpwow.model.account import Account, ErrorLog, next_monthly, platform_of
from emulator.vendors.serpwow.model.batches import BATCH_LIMIT, Batch

MONTHS = 3
MONTH_NAMES = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]

ENGINE_URL = "https://www.{engine}.com/search?"
API_URL = "https://api.serpwow.com/live/search?"
"""The addresses of a log without its own: that of the engine takes `q`, that of the API all parameters but the key."""


def render_account(tx: Transaction, request: Request, account: Account) -> JsonDict:
    return {
        "api_key": request.query["api_key"],
        **_fields(account, "name", "email", "plan"),
        "timezone": account.timezone_label or account.timezone,
        **_fields(account, "credits_used", "credits_limit", "credits_remaining"),
        "credits_reset_at": instant(next_monthly(account.credits_reset_at, tx.now)),
        **render_usage(tx.size(Destination, "owner", account.id), DESTINATION_LIMIT, "destinations_"),
        **render_usage(tx.size(Batch, "owner", account.id), BATCH_LIMIT, "batches_"),
        **_fields(account, "account_balance_usd", "overage_allowed", "overage_enabled", "overage_limit"),
        "status": _platform_status(tx, account),
        "usage_history": list(usage_history(account.usage, tx.now)),
    }


def _fields(account: Account, *names: str) -> JsonDict:
    return {name: getattr(account, name) for name in names}


def render_usage(used: int, limit: int, prefix: str = "") -> dict[str, int]:
    """Return how many resources of a kind are used, allowed and left."""
    return {f"{prefix}used": used, f"{prefix}limit": limit, f"{prefix}available": max(limit - used, 0)}


def _platform_status(tx: Transaction, account: Account) -> list[dict[str, str]]:
    """Return the status of each component, and of the API where none is known or it is down. Evidence: serpwow-account-8."""
    components = [{"component": part.component, "status": part.status} for part in account.components]
    if platform_of(tx).status == "down":
        components.append({"component": "API", "status": "major_outage"})
    elif not components and tx.choice(ACCOUNT_STATUS) == "api":
        components.append({"component": "API", "status": "operational"})
    return components


def usage_history(usage: Mapping[str, int], now: datetime) -> Iterator[JsonDict]:
    """Yield this month and the ones before it, newest first. Evidence: serpwow-account-4."""
    today = now.date()
    for back in range(MONTHS):
        months = today.year * 12 + today.month - 1 - back
        yield _usage_of_month(usage, months // 12, months % 12 + 1, today)


def _usage_of_month(usage: Mapping[str, int], year: int, month: int, today: date) -> JsonDict:
    current = (year, month) == (today.year, today.month)
    last = today.day if current else monthrange(year, month)[1]
    per_day = {str(day): usage.get(date(year, month, day).isoformat(), 0) for day in range(1, last + 1)}
    return {
        "month": MONTH_NAMES[month - 1],
        "year": year,
        "month_number": month,
        "is_current_month": current,
        "credits_total_for_month": sum(per_day.values()),
        "credits_total_per_day": per_day,
    }


def render_error_log(view: View, log: ErrorLog) -> JsonDict:
    """Return the Error Log object, in the order of the page. Evidence: serpwow-errorlogs-5 and serpwow-errorlogs-6."""
    parameters = dict(log.public_parameters)
    engine = ENGINE_URL.format(engine=parameters.get("engine", "google")) + urlencode({"q": parameters.get("q", "")})
    engine_url = log.engine_url or parameters.get("url") or engine
    as_printed = view.choice(LOG_PARAMETERS) == "thumbnail"
    return {
        "id": log.id,
        "engine_url": engine_url,
        "api_url": re.sub(r"(?<=[?&])api_key=[^&]*&?", "", log.api_url or API_URL + urlencode(parameters)),
        "date": instant(log.date),
        "count": str(log.count),
        **({"parameters": engine_url, "thumbnail": parameters} if as_printed else {"parameters": parameters}),
        "result": log.result or {"request_info": {"success": False, "message": log.message}},
    }
