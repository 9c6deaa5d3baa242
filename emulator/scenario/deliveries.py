"""Deliveries as a scenario or a test expects them."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.scenario.document import JsonObject

RECEIVED = ("collected", "delivered")
"""The statuses of deliveries that came to their receivers, or would have."""


def wanted_statuses(status: str | None) -> tuple[str, ...]:
    """Return the statuses of the deliveries that are counted: one, or those of what was received."""
    return RECEIVED if status is None else (status,)


def is_expected(delivery: JsonObject, wanted: JsonObject) -> bool:
    """Tell whether a delivery is one of those that a step expects."""
    about = (delivery["subject"], delivery["destination"], delivery["event_id"])
    is_it = wanted.get("id", about[0]) in about and wanted.get("to", delivery["url"]) == delivery["url"]
    return is_it and delivery["event"] == wanted["event"] and delivery["status"] in wanted_statuses(wanted.get("status"))


def shown_in_a_line(delivery: JsonObject) -> str:
    """Return a delivery in few words."""
    to = delivery["url"] or delivery["destination"]
    return f"{delivery['event']} of {delivery['subject']} to {to} is {delivery['status']}"


def unexpected(event: str, status: str | None, times: int, count: int, there: Iterable[str], in_a_line: bool = False) -> str:
    """Return the message where deliveries of an event are not as many as expected; `there` are all that there are."""
    found = [*there] or ["nothing: no receiver is owed anything"]
    shown = f" {'; '.join(found)}" if in_a_line else "".join(f"\n  {it}" for it in found)
    return f"{event} was to be {status or 'received'} {_often(times)}, and was {_often(count)}. Deliveries:{shown}"


def _often(times: int) -> str:
    return {0: "never", 1: "once"}.get(times, f"{times} times")
