"""The words that faults and replies share: which calls they are for, and the response to these."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from emulator.kernel.calls import KEY, RateLimit
from emulator.kernel.time import parse_duration_at, parse_instant
from emulator.scenario.document import JsonObject
from emulator.sdk.exact_json import dump, load

BODIES = ("body", "json", "text")
"""The keys of a body, of which a response has one at most."""

NO_SKEW = timedelta(0)

COUNTS = ("times", "after", "every")


def rule_fields(fields: JsonObject, now: datetime, place: str, skew: timedelta) -> dict[str, Any]:
    """Return the fields of a rule for calls as it is written, laid at this instant of the vendors, who are so far ahead.

    Raises:
        BadInput: a duration is none.
    """
    begins, ends = (parse_instant(it) + skew for it in fields["between"]) if "between" in fields else (None, None)
    lasts, limit = duration_of(fields, "for"), fields.get("rate_limit")
    return {
        **{name: fields[name] for name in COUNTS if name in fields},
        "since": now,
        "at": tuple(names_of(fields)),
        "of": fields.get("id"),
        "match": _match_of(fields["match"]) if "match" in fields else None,
        "probability": float(fields.get("probability", 1)),
        "begins": begins,
        "ends": ends if lasts is None else now + lasts,
        "limit": limit and _limit_of(limit),
        "place": place,
        "written": fields,
    }


def names_of(fields: JsonObject) -> list[Any]:
    """Return the operations and vendors that a rule is for."""
    at = fields.get("at", [])
    return at if isinstance(at, list) else [at]


def body_of(fields: JsonObject) -> Any:
    """Return the body of a response as it is written: `body` or `text`, or the bytes of `json`; None where there is none."""
    return dump(fields["json"]) if "json" in fields else fields.get("text", fields.get("body"))


def headers_of(fields: JsonObject) -> Mapping[str, str]:
    """Return the headers of a response by their names in lower case."""
    return {name.lower(): value for name, value in fields.get("headers", {}).items()}


def duration_of(fields: JsonObject, key: str) -> timedelta | None:
    """Return the duration under a key; None where there is none.

    Raises:
        BadInput: it is not a duration.
    """
    return parse_duration_at(fields[key], key) if key in fields else None


def _match_of(match: JsonObject) -> JsonObject:
    """Return what a call must hold: names of headers in lower case, and numbers as exact as those of a call."""
    exact: JsonObject = load(dump(match))
    headers = {name.lower(): value for name, value in exact.get("headers", {}).items()}
    return {**exact, "headers": headers} if headers else exact


def _limit_of(limit: JsonObject) -> RateLimit:
    return RateLimit(limit["calls"], parse_duration_at(limit["per"], "rate_limit", "per"), limit.get("of", KEY))
