"""The parameters of Create and Update Batch, and the values that are valid for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from emulator.sdk import Assumption, InvalidRequest, JsonDict, JsonObject
from emulator.vendors.serpwow.model.batches import PRIORITIES
from emulator.vendors.serpwow.model.schedules import EVERY, TYPES
from emulator.vendors.serpwow.model.searches import boolean, integer

MOST_ITEMS = 1_000
"""Items of a list among the parameters of a batch: an account has 50 destinations, and no call takes more of anything."""


def invalid(
    message: str,
    evidence: str = "serpwow-body-7",
    assumption: Assumption | None = None,
    *,
    place: str | None = None,
    answer: str = "unfit",
) -> InvalidRequest:
    """Return the refusal, a 400, of a request with an invalid value; `place` is the parameter that has it."""
    return InvalidRequest(message, evidence, assumption, place=place, answer=answer)


def text(name: str, value: Any) -> str:
    _check_single(name, value)
    if not isinstance(value, str) or not value.strip():
        raise invalid(f"{name} must be a text that is not empty")
    return value


def optional_text(name: str, value: Any) -> str | None:
    _check_single(name, value)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{name} must be a text")
    return value or None


def email(name: str, value: Any) -> str | None:
    """Return an e-mail address, or several joined by commas. Evidence: serpwow-body-8."""
    addresses = optional_text(name, value)
    several = _at_most(name, addresses.split(",", MOST_ITEMS)) if addresses else ()
    if not all(re.fullmatch(r"\s*[^@\s]+@[^@\s]+\s*", address) for address in several):
        raise invalid(f"{name} must be an e-mail address", "serpwow-body-8")
    return addresses


def url(name: str, value: Any) -> str | None:
    address = optional_text(name, value)
    if address and not re.fullmatch(r"(?i:https?)://[^\s/?#]\S*", address):
        raise invalid(f"{name} must be a URL")
    return address


def flag(name: str, value: Any) -> bool:
    _check_single(name, value)
    read = boolean(value)
    if read is None:
        raise invalid(f"{name} must be true or false", "serpwow-body-3")
    return read


def one_of(values: tuple[str, ...]) -> Callable[[str, Any], str]:
    def read(name: str, value: Any) -> str:
        _check_single(name, value)
        if value not in values:
            raise invalid(f"{name} must be one of {', '.join(values)}")
        return str(value)

    return read


def _check_single(name: str, value: Any) -> None:
    """Refuse a list, as a repeated name makes one, where a single value is read."""
    if isinstance(value, list):
        raise invalid(f"{name} must have a single value")


def json_within(value: Any) -> str:
    """Return the end of a message about a value that is JSON within a text; empty where it is none."""
    return ", and is JSON within a text" if isinstance(value, str) and value.lstrip().startswith(("[", "{")) else ""


def _split(name: str, text: str) -> list[str]:
    """Return the items of a list that is joined by commas."""
    if text.lstrip().startswith("["):
        raise invalid(f"{name} must be a list, or joined by commas{json_within(text)}", "serpwow-body-4")
    return _at_most(name, text.split(",", MOST_ITEMS))


def _at_most(name: str, items: list[Any]) -> list[Any]:
    if len(items) > MOST_ITEMS:
        raise invalid(f"{name} can have at most {MOST_ITEMS} items")
    return items


def _items(name: str, value: Any) -> Any:
    """Return the items of a list, joined by commas or not; what is neither, as it is."""
    return _split(name, value) if isinstance(value, str) else _at_most(name, value) if isinstance(value, list) else value


def texts(name: str, value: Any) -> tuple[str, ...]:
    items = _items(name, value)
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise invalid(f"{name} must be a list of texts, or joined by commas")
    if isinstance(value, list) and any("," in item for item in items):
        raise invalid(f"{name} must be a list, or joined by commas, and is both")
    return tuple(item.strip() for item in items if item.strip())


def joined(name: str, value: Any) -> str | None:
    """Return a list joined by commas; None where it is empty."""
    return ",".join(texts(name, value)) or None


def numbers(least: int, most: int) -> Callable[[str, Any], tuple[int, ...]]:
    def read(name: str, value: Any) -> tuple[int, ...]:
        items = _items(name, value if isinstance(value, (str, list)) else [value])
        return tuple(dict.fromkeys(_number(name, item, least, most) for item in items if item != ""))

    return read


def _number(name: str, value: Any, least: int, most: int) -> int:
    number = integer(value.strip() if isinstance(value, str) else value, -1)
    if not least <= number <= most:
        raise invalid(f"{name} must be whole numbers from {least} to {most}")
    return number


READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "name": text,
    "enabled": flag,
    "priority": one_of(PRIORITIES),
    "destination_ids": texts,
    "schedule_type": one_of(TYPES),
    "schedule_days_of_month": numbers(1, 31),
    "schedule_days_of_week": numbers(0, 6),
    "schedule_hours": numbers(0, 23),
    "schedule_minutes": one_of(tuple(EVERY)),
    "notification_email": email,
    "notification_webhook": url,
    "notification_as_json": flag,
    "notification_as_jsonlines": flag,
    "notification_as_csv": flag,
    "notification_csv_fields": joined,
}
"""Parameter of a batch → the reader of its value."""

PARAMETERS = frozenset((*READERS, "searches", "searches_type"))
"""The parameters of a batch; others are passed over. Evidence: serpwow-body-2."""

FLAGS = tuple(name for name, read in READERS.items() if read is flag)


def read_parameters(parameters: JsonObject) -> JsonDict:
    """Return the values of the parameters of a batch. Others are ignored.

    Raises:
        InvalidRequest: a value is not among those published, or part of a list would be ignored.
    """
    for name in parameters:
        list_name = re.split(r"[.\[]", name, maxsplit=1)[0]
        if list_name != name and list_name in (*READERS, "searches"):
            raise invalid(f"{name} is not read: {list_name} must be a list, joined by commas or repeated", "serpwow-body-4")
    return {name: READERS[name](name, value) for name, value in parameters.items() if name in READERS}
