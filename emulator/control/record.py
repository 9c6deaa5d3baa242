"""Records: the JSON objects of the control API as classes, from which their schemas, their JSON and their readers are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, partial
from types import UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    Self,
    TypeVar,
    Union,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
)
from typing import get_type_hints as hints_of

from emulator.kernel.time import format_instant, parse_instant
from emulator.scenario.schema import INSTANT
from emulator.scenario.state_schema import closed

Schema = Mapping[str, Any]
Convert = Callable[[Any], Any]
T = TypeVar("T")

COMPONENTS = "#/components/schemas/"
LEFT_OUT = "left out"
LeftOut = Annotated[T | None, LEFT_OUT]
"""A field that is left out of the JSON where it is None."""

COUNT: Schema = {"type": "integer", "minimum": 0}
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
PLAIN: Mapping[Any, Schema] = {
    str: TEXT,
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    datetime: INSTANT,
    Any: {},
}


class As:
    """A note that a type has this JSON Schema: `Annotated[int, As(COUNT)]`."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema


Count = Annotated[int, As(COUNT)]


class Key(str):
    """The name of a field in JSON where Python cannot have it, such as `from`: `Annotated[str, Key("from")]`."""


@dataclass_transform(frozen_default=True)
class Record:
    """A JSON object: a frozen class whose annotated fields are its members, in order.

    Its `__match_args__` are what patterns and its repr name: the fields, where a subclass does not choose.
    One with a `component` is a named schema of the OpenAPI document; the schema of any other stands where it is used. Type
    checkers see a dataclass. It is none, since to make sixty of them takes longer than the rest of a start.
    """

    component: ClassVar[str | None] = None
    fields: ClassVar[tuple[str, ...]] = ()
    known: ClassVar[frozenset[str]] = frozenset()
    required: ClassVar[frozenset[str]] = frozenset()
    __match_args__: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, component: str | None = None) -> None:
        cls.component = component
        bases = [it for it in reversed(cls.__mro__) if issubclass(it, Record) and it is not Record]
        cls.fields = tuple(dict.fromkeys(name for it in bases for name in it.__annotations__))
        cls.known = frozenset(cls.fields)
        cls.__match_args__ = vars(cls).get("__match_args__", cls.fields)  # type: ignore[misc]  # it is no dataclass
        cls.required = frozenset(name for name in cls.fields if not hasattr(cls, name))

    def __init__(self, *values: Any, **named: Any) -> None:
        self.__dict__.update(zip(self.fields, values, strict=False), **named)
        if len(values) == len(self.fields) and not named:
            return
        names = self.__dict__.keys()
        is_whole = len(names) == len(self.fields) or self.required <= names
        if len(values) + len(named) != len(names) or not is_whole or not names <= self.known:
            raise TypeError(f"{type(self).__name__} has the fields {', '.join(self.fields)}, each of them once")

    @classmethod
    def of(cls, thing: object, **fields: Any) -> Self:
        """Return the record of a thing, whose attributes are the fields that are not given."""
        return cls(**{name: getattr(thing, name) for name in cls.fields if name not in fields}, **fields)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self.fields))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__match_args__)})"


class RecordField(NamedTuple):
    """A field of a record: its name, its key in JSON, its type, and whether it is left out where it is None."""

    name: str
    key: str
    hint: Any
    left_out: bool


@cache
def members(record: Any) -> tuple[RecordField, ...]:
    """Return the fields of a record in order; those whose names begin with an underscore are no part of its JSON."""
    hints = hints_of(record, include_extras=True)
    return tuple(_member(name, hints[name]) for name in record.fields if not name.startswith("_"))


def _member(name: str, hint: Any) -> RecordField:
    notes = getattr(hint, "__metadata__", ())
    key = next((str(it) for it in notes if isinstance(it, Key)), name)
    return RecordField(name, key, _without_none(hint) if LEFT_OUT in notes else hint, LEFT_OUT in notes)


def _without_none(hint: Any) -> Any:
    return Union[tuple(it for it in get_args(get_args(hint)[0]) if it is not type(None))]  # noqa: UP007  made of a tuple


def ref(name: str) -> Schema:
    """Return a reference to a component of the OpenAPI document."""
    return {"$ref": f"{COMPONENTS}emulator.{name}"}


def optional(schema: Schema) -> Schema:
    """Return the schema of the same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def schema_of(hint: Any) -> Schema:
    """Return the JSON Schema of a type: a record, a plain value, a list, a map or a union of them."""
    origin, arguments = get_origin(hint), get_args(hint)
    if _is_record(hint):
        return ref(hint.component) if hint.component else object_schema(hint)
    if origin is Annotated:
        return next((it.schema for it in hint.__metadata__ if isinstance(it, As)), None) or schema_of(arguments[0])
    if origin is Literal:
        return {"const": arguments[0]}
    if origin is tuple:
        return {"type": "array", "items": schema_of(arguments[0])}
    if origin is dict:
        return (
            {"type": "object"} if arguments[1] is Any else {"type": "object", "additionalProperties": schema_of(arguments[1])}
        )
    if origin in (Union, UnionType):
        schemas = [schema_of(it) for it in arguments if it is not type(None)]
        return {"oneOf": schemas} if len(schemas) == len(arguments) else optional(*schemas)
    return PLAIN[hint]


def object_schema(record: Any) -> Schema:
    """Return the JSON Schema of a record itself, even where it is a component."""
    fields = members(record)
    return closed({it.key: schema_of(it.hint) for it in fields}, *(it.key for it in fields if not it.left_out))


def to_json(value: Any) -> Any:
    """Return a record as a JSON object; any other value is JSON as it is."""
    if not isinstance(value, Record):
        return value
    json, record = {}, cast(Any, type(value))
    for (name, key, _, left_out), convert in _writers(record):
        part = getattr(value, name)
        if part is not None or not left_out:
            json[key] = part if part is None or convert is None else convert(part)
    return json


def from_json(hint: Callable[..., T], value: Mapping[str, Any]) -> T:
    """Return the record that a JSON object holds, or one of a union of records; unknown members are ignored."""
    convert = _converter(hint, _reader_of, parse_instant, tuple)
    return cast(T, convert(value) if convert else value)


def _read(record: Any, value: Mapping[str, Any]) -> Any:
    fields = {}
    for member, convert in _readers(record):
        part = value.get(member.key)
        fields[member.name] = part if part is None or convert is None else convert(part)
    return record(**fields)


@cache
def _writers(record: Any) -> list[tuple[RecordField, Convert | None]]:
    return [(it, _converter(it.hint, lambda _: to_json, format_instant, list)) for it in members(record)]


@cache
def _readers(record: Any) -> list[tuple[RecordField, Convert | None]]:
    return [(it, _converter(it.hint, _reader_of, parse_instant, tuple)) for it in members(record)]


def _reader_of(hint: Any) -> Convert:
    """Return the reader of a record, or of a union of records, which their `type` tells apart."""
    if _is_record(hint):
        return partial(_read, hint)
    records = {get_args(hints_of(it)["type"])[0]: it for it in get_args(hint)}
    return lambda value: _read(records[value["type"]], value)


def _converter(hint: Any, of_record: Callable[[Any], Convert], of_instant: Convert, many: Convert) -> Convert | None:
    """Return the function that converts a value of a type, None where it stays as it is."""
    origin, arguments = get_origin(hint), [it for it in get_args(hint) if it is not type(None)]
    if hint is datetime:
        return of_instant
    if _is_record(hint) or (origin in (Union, UnionType) and len(arguments) > 1):
        return of_record(hint)
    if origin not in (Annotated, tuple, dict, Union, UnionType):
        return None
    inner = _converter(arguments[1 if origin is dict else 0], of_record, of_instant, many)
    if origin is tuple:
        return many if inner is None else lambda value: many(map(inner, value))
    if origin is dict:
        return inner and (lambda value: {name: inner(part) for name, part in value.items()})
    return inner


def _is_record(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Record)
