"""The fields of `given`: one table a resource, from which its schema, its reading and its showing all follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.limits import MOST_RESOURCES
from emulator.kernel.time import format_instant, parse_instant


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Field:
    """How one attribute of a resource is written: its JSON Schema, and the way from and to the written value.

    One that is of the `past` is an instant that must have come.
    """

    schema: Mapping[str, Any]
    read: Callable[[Any], Any] = _same
    show: Callable[[Any], Any] = _same
    past: bool = False


Fields = Mapping[str, Field]
"""Attribute name → field. The attribute's name is also the key in `given`."""

TEXT = Field({"type": "string"})
FLAG = Field({"type": "boolean"})
MOST = 1_000_000_000
"""The greatest count there is: at one a second it is over in 32 years."""

COUNT = Field({"type": "integer", "minimum": 0, "maximum": MOST})
ORDINAL = Field({"type": "integer", "minimum": 1, "maximum": MOST})
INSTANT = Field({"type": "string", "format": "date-time"}, parse_instant, format_instant)
PAST = Field(INSTANT.schema, INSTANT.read, INSTANT.show, past=True)
UTC_INSTANT = Field({"type": "string", "format": "utc-date-time"}, partial(parse_instant, zone="Z"), format_instant)
"""An instant of a vendor that prints its own without a zone: such a text is UTC, any other RFC 3339."""

UTC_PAST = Field(UTC_INSTANT.schema, UTC_INSTANT.read, UTC_INSTANT.show, past=True)
AMOUNT = Field({"type": "number", "minimum": 0}, lambda value: Decimal(str(value)))
TEXTS = Field({"type": "array", "items": {"type": "string"}}, tuple, list)
TEXT_MAP = Field({"type": "object", "additionalProperties": {"type": "string"}}, dict, dict)


def one_of(*values: str) -> Field:
    """A field that holds one of some words."""
    return Field({"enum": list(values)})


def list_of(fields: Fields, make: Callable[..., Any]) -> Field:
    """A field that holds a list of smaller things, each described by fields of its own, all of them required."""
    items = {**schema_of(fields), "required": list(fields)}
    return Field(
        {"type": "array", "items": items},
        lambda value: tuple(make(**load_fields(fields, item)) for item in value),
        lambda value: [dump_fields(fields, item) for item in value],
    )


def schema_of(fields: Fields, **more: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of an object that has these fields, `more` properties, and no others."""
    properties = {name: dict(field.schema) for name, field in fields.items()} | {name: dict(it) for name, it in more.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def many_of(fields: Fields, **more: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a list of such objects, each of which may stand for several by `repeat`."""
    repeat = {"type": "integer", "minimum": 1, "maximum": MOST_RESOURCES}
    return {"type": "array", "items": schema_of(fields, repeat=repeat, **more)}


def load_fields(fields: Fields, written: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that a written object sets."""
    return {name: fields[name].read(value) for name, value in written.items() if name in fields}


def refuse_future(fields: Fields, written: Mapping[str, Any], now: datetime, *path: str | int) -> None:
    """Lets an object pass that is written at this path and speaks of nothing that has not happened yet.

    Raises:
        BadInput: it does, with each instant of the past that has not come.
    """
    past = [name for name in written if name in fields and fields[name].past]
    early = [
        Problem(f"{written[name]!r} has not come yet: it is {format_instant(now)}", (*path, name))
        for name in past
        if fields[name].read(written[name]) > now
    ]
    if early:
        raise BadInput(early)


class Gathered:
    """The problems of several parts of a state, so that one part's do not hide another's."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    @contextmanager
    def part(self, *path: str | int) -> Iterator[None]:
        """Keep what is wrong with a part that stands at this path, and go on."""
        try:
            yield
        except BadInput as error:
            self.problems += below(error, *path)

    def refuse(self) -> None:
        """Refuse the state where anything was wrong.

        Raises:
            BadInput: it was, with every problem.
        """
        if self.problems:
            raise BadInput(self.problems)


def below(error: BadInput, *path: str | int) -> list[Problem]:
    """The problems of a part that stands at this path."""
    return [Problem(it.message, (*path, *it.path)) for it in error.problems]


def instant(at: datetime) -> str:
    """An instant in UTC with milliseconds, as SerpWow and Stripe write it. Evidence: serpwow-envelope-2, stripe-encoding-1."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def dump_fields(fields: Fields, resource: Any) -> dict[str, Any]:
    """The written object of a resource; what is None is left out."""
    values = {name: getattr(resource, name) for name in fields}
    return {name: fields[name].show(value) for name, value in values.items() if value is not None}
