"""The fields of `given`: one table for each kind of resource makes its JSON Schema and loads and dumps it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import lru_cache, partial
from itertools import islice, takewhile
from typing import Any

from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.limits import MOST_RESOURCES
from emulator.kernel.resource import Struct
from emulator.kernel.time import format_instant, parse_instant
from emulator.sdk.exact_json import JsonDict, JsonObject
from emulator.text.checkpoint import checkpoint


def _same(value: Any) -> Any:
    return value


class Field(Struct, frozen=True):
    """One attribute of a resource in JSON: its schema, and the functions that read and show its value.

    A field of the `past` is an instant that must have come.
    """

    schema: JsonObject
    read: Callable[[Any], Any] = _same
    show: Callable[[Any], Any] = _same
    past: bool = False


Fields = Mapping[str, Field]
"""Key in `given` → field. The attribute has the same name, in small letters."""

TEXT = Field({"type": "string"})
NAME = Field({"type": "string", "minLength": 1})
"""A text that names something, which an empty one does not."""

FLAG = Field({"type": "boolean"})
MAX_COUNT = 1_000_000_000
"""The greatest count: 32 years of one a second."""

COUNT = Field({"type": "integer", "minimum": 0, "maximum": MAX_COUNT})
ORDINAL = Field({"type": "integer", "minimum": 1, "maximum": MAX_COUNT})
INSTANT = Field({"type": "string", "format": "date-time"}, parse_instant, format_instant)
PAST = Field(INSTANT.schema, INSTANT.read, INSTANT.show, past=True)
UTC_INSTANT = Field({"type": "string", "format": "utc-date-time"}, partial(parse_instant, zone="Z"), format_instant)
"""An instant of a vendor that prints instants without a zone: such a text is UTC, any other is RFC 3339."""

UTC_PAST = Field(UTC_INSTANT.schema, UTC_INSTANT.read, UTC_INSTANT.show, past=True)
AMOUNT = Field({"type": "number", "minimum": 0}, lambda value: Decimal(str(value)))
TEXTS = Field({"type": "array", "items": {"type": "string"}}, tuple, list)


def one_of(*values: str) -> Field:
    """Return a field that holds one of these words."""
    return Field({"enum": list(values)})


def list_of(fields: Fields, make: Callable[..., Any]) -> Field:
    """Return a field that holds a list of objects with these fields, all of them required."""
    items = {**schema_of(fields), "required": list(fields)}
    return Field(
        {"type": "array", "items": items},
        lambda value: tuple(make(**load_fields(fields, item)) for item in value),
        lambda value: [dump_fields(fields, item) for item in value],
    )


def schema_of(fields: Fields, **more: JsonObject) -> JsonDict:
    """Return the JSON Schema of an object that has these fields, `more` properties, and no others."""
    properties = {name: dict(field.schema) for name, field in fields.items()} | {name: dict(it) for name, it in more.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def many_of(fields: Fields, **more: JsonObject) -> JsonDict:
    """Return the JSON Schema of a list of such objects, each of which may stand for several by `repeat`."""
    repeat = {"type": "integer", "minimum": 1, "maximum": MOST_RESOURCES}
    return {"type": "array", "items": schema_of(fields, repeat=repeat, **more)}


@lru_cache(maxsize=1024)
def attribute_of(name: str) -> str:
    """Return the attribute of a field: `created_at` for `createdAt`."""
    return re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", name)


def load_fields(fields: Fields, values: JsonObject, now: datetime | None = None, *path: str | int) -> JsonDict:
    """Return the attributes that a JSON object at this path sets; fields of the past name no instant after `now`.

    Raises:
        BadInput: some do, and each is named.
    """
    checkpoint()
    loaded = {name: fields[name].read(value) for name, value in values.items() if name in fields}
    refuse(
        Problem(f"{values[name]!r} has not come yet: it is {format_instant(now)}", (*path, name))
        for name, value in loaded.items()
        if now is not None and fields[name].past and value > now
    )
    return {attribute_of(name): value for name, value in loaded.items()}


def refuse(problems: Iterable[Problem]) -> None:
    """Refuse a state that has problems.

    Raises:
        BadInput: there are some.
    """
    if found := [*problems]:
        raise BadInput(found)


def times_from(items: Sequence[Any], place: int) -> int:
    """Return how many items in a row, from an index on, are the very same, as those are that `repeat` stands for."""
    return sum(1 for _ in takewhile(lambda it: it is items[place], islice(items, place, None)))


class ProblemCollector:
    """Collects the problems of several parts of a state, so that those of one part do not hide those of another."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    @contextmanager
    def part(self, *path: str | int) -> Iterator[None]:
        """Collect the problems that the block raises about the part at this path, and go on."""
        try:
            yield
        except BadInput as error:
            self.problems += below(error, *path)


def below(error: BadInput, *path: str | int) -> list[Problem]:
    """Return the problems of a part, each below the path of the part."""
    return [Problem(it.message, (*path, *it.path)) for it in error.problems]


@lru_cache(maxsize=1024)
def instant(at: datetime) -> str:
    """Return an instant in UTC with milliseconds. Evidence: serpwow-envelope-2, stripe-encoding-1."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def dump_fields(fields: Fields, resource: Any) -> JsonDict:
    """Return the JSON object of a resource, without the fields that are None."""
    checkpoint()
    values = {name: getattr(resource, attribute_of(name)) for name in fields}
    return {name: fields[name].show(value) for name, value in values.items() if value is not None}
