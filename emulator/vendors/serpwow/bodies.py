"""The parameters of Create and Update, and the values that are published for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from emulator.sdk import Transaction
from emulator.vendors.serpwow.assumptions_of_calls import HOURLY_SCHEDULE, INCOMPLETE_SCHEDULE, UNKNOWN_DESTINATION
from emulator.vendors.serpwow.flags import flag_of
from emulator.vendors.serpwow.model import Batch, Destination
from emulator.vendors.serpwow.schedules import EVERY, TYPES
from emulator.vendors.serpwow.slots import PRIORITIES


class Unfit(ValueError):
    """A request that cannot be carried out as it was written: 400, with this reason. Evidence: serpwow-body-7.

    `parameter` is the one of the query that is wrong, where it could be left out.
    """

    def __init__(
        self, message: str, evidence: str = "serpwow-body-7", assumption: str | None = None, parameter: str | None = None
    ) -> None:
        super().__init__(message)
        self.evidence, self.assumption, self.parameter = evidence, assumption, parameter


class Parameter(NamedTuple):
    """One parameter of Create and Update: where it lies in a batch, and how its value is read."""

    part: str | None
    attribute: str
    read: Callable[[str, Any], Any]


def text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Unfit(f"{name} must be a text that is not empty")
    return value


def optional_text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Unfit(f"{name} must be a text")
    return value or None


def email(name: str, value: Any) -> str | None:
    """Return an e-mail address, or several that are joined by commas. Evidence: serpwow-body-8."""
    address = optional_text(name, value)
    if address is not None and not all(re.fullmatch(r"\s*[^@\s]+@[^@\s]+\s*", it) for it in address.split(",")):
        raise Unfit(f"{name} must be an e-mail address", "serpwow-body-8")
    return address


def url(name: str, value: Any) -> str | None:
    address = optional_text(name, value)
    if address is not None and not address.startswith(("http://", "https://")):
        raise Unfit(f"{name} must be a URL")
    return address


def flag(name: str, value: Any) -> bool:
    read = flag_of(value)
    if read is None:
        raise Unfit(f"{name} must be true or false", "serpwow-body-3")
    return read


def one_of(values: tuple[str, ...]) -> Callable[[str, Any], str]:
    def read(name: str, value: Any) -> str:
        if value not in values:
            raise Unfit(f"{name} must be one of {', '.join(values)}")
        return str(value)

    return read


def texts(name: str, value: Any) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise Unfit(f"{name} must be a list")
    if isinstance(value, list) and any("," in item for item in items):
        raise Unfit(f"{name} must be a list, or joined by commas, and is both")
    return tuple(item.strip() for item in items if item.strip())


def joined(name: str, value: Any) -> str | None:
    """Return a list as it is kept, joined by commas; None where it is empty."""
    return ",".join(texts(name, value)) or None


def numbers(least: int, most: int) -> Callable[[str, Any], tuple[int, ...]]:
    def read(name: str, value: Any) -> tuple[int, ...]:
        items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
        return tuple(sorted({_number(name, item, least, most) for item in items if item != ""}))

    return read


def _number(name: str, value: Any, least: int, most: int) -> int:
    written = value.strip() if isinstance(value, str) else value
    if isinstance(written, str) and written.isascii() and written.isdigit() and len(written) < 4:
        written = int(written)
    if isinstance(written, bool) or not isinstance(written, int) or not least <= written <= most:
        raise Unfit(f"{name} must be whole numbers from {least} to {most}")
    return written


PARAMETERS = {
    "name": Parameter(None, "name", text),
    "enabled": Parameter(None, "enabled", flag),
    "priority": Parameter(None, "priority", one_of(PRIORITIES)),
    "destination_ids": Parameter(None, "destination_ids", texts),
    "schedule_type": Parameter("schedule", "type", one_of(TYPES)),
    "schedule_days_of_month": Parameter("schedule", "days_of_month", numbers(1, 31)),
    "schedule_days_of_week": Parameter("schedule", "days_of_week", numbers(0, 6)),
    "schedule_hours": Parameter("schedule", "hours", numbers(0, 23)),
    "schedule_minutes": Parameter("schedule", "minutes", one_of(tuple(EVERY))),
    "notification_email": Parameter("notifications", "email", email),
    "notification_webhook": Parameter("notifications", "webhook", url),
    "notification_as_json": Parameter("notifications", "as_json", flag),
    "notification_as_jsonlines": Parameter("notifications", "as_jsonlines", flag),
    "notification_as_csv": Parameter("notifications", "as_csv", flag),
    "notification_csv_fields": Parameter("notifications", "csv_fields", joined),
}

HOURLY = "hourly"
"""A schedule that pages name, and for which none prints a value. Evidence: serpwow-schedule-8."""

FLAGS = tuple(name for name, parameter in PARAMETERS.items() if parameter.read is flag)


def read_parameters(written: Mapping[str, Any]) -> dict[str | None, dict[str, Any]]:
    """What the parameters set: part of a batch (None for the batch itself) → attribute → value. Others are ignored.

    Raises:
        Unfit: a value is not among those published.
    """
    read: dict[str | None, dict[str, Any]] = {None: {}, "schedule": {}, "notifications": {}}
    for name, value in written.items():
        if (parameter := PARAMETERS.get(name)) is not None:
            read[parameter.part][parameter.attribute] = parameter.read(name, value)
    return read


def with_hourly_spelt_out(tx: Transaction, written: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters with an hourly schedule as one by minutes.

    Raises:
        Unfit: hourly is assumed to be no value of schedule_type.
    """
    if written.get("schedule_type") != HOURLY:
        return written
    if tx.choice(HOURLY_SCHEDULE.id) == "refuse":
        raise Unfit(f"schedule_type must be one of {', '.join(TYPES)}", "serpwow-schedule-8", HOURLY_SCHEDULE.id)
    return {**written, "schedule_type": "minutes", "schedule_minutes": "every_hour"}


def refuse_unfit(tx: Transaction, batch: Batch) -> None:
    """Holds a batch as it would become against what is assumed of all batches.

    Raises:
        Unfit: it could not be.
    """
    if tx.choice(INCOMPLETE_SCHEDULE.id) == "refuse" and not batch.schedule.complete:
        message = f"schedule_type {batch.schedule.type} needs more scheduling parameters"
        raise Unfit(message, "serpwow-schedule-4", INCOMPLETE_SCHEDULE.id)
    if tx.choice(UNKNOWN_DESTINATION.id) == "refuse":
        for id in batch.destination_ids:
            if tx.find(Destination.kind, id) is None:
                raise Unfit(f"Destination with ID '{id}' was not found", "serpwow-destinations-6", UNKNOWN_DESTINATION.id)
