"""A quick look at whether a value fits a JSON Schema, which nearly all do; whatever else takes the long way.

The long way, `emulator.scenario.validation`, takes as long to import as a start takes, and is for those who made a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Any

from emulator.kernel.errors import Problem
from emulator.kernel.time import parse_instant
from emulator.scenario.document import JsonObject, Places
from emulator.text.checkpoint import checkpoint

Check = Callable[[Any, Any, JsonObject, JsonObject], bool]
"""Tells whether a value keeps to the bound of a keyword, in a schema, of a root."""

NUMBER = (int, float, Decimal)

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": NUMBER,
    "boolean": (bool,),
    "null": (type(None),),
}


def problems_in(value: Any, schema: JsonObject, places: Places = MappingProxyType({})) -> Iterator[Problem]:
    """Yield every way in which the value does not fit the schema, in the order of the `places` at which its parts stand."""
    if not fits(value, schema, schema):
        from emulator.scenario import validation

        yield from validation.problems_in(value, schema, places)


def fits(value: Any, schema: JsonObject, root: JsonObject) -> bool:
    """Tell whether a value surely fits a part of the schema `root`; of what is doubtful, this says that it does not."""
    for word, bound in schema.items():
        if word not in NOTES and not (word in CHECKS and CHECKS[word](value, bound, schema, root)):
            return False
    return True


def _has_type(value: Any, names: str | list[str], _schema: JsonObject, _root: JsonObject) -> bool:
    checkpoint()
    return type(value) in TYPES[names] if isinstance(names, str) else any(type(value) in TYPES[name] for name in names)


def _is_one_of(value: Any, choices: list[Any], _schema: JsonObject, _root: JsonObject) -> bool:
    return any(value == choice and type(value) is type(choice) for choice in choices)


def _matches(value: Any, pattern: str, schema: JsonObject, _root: JsonObject) -> bool:
    if not isinstance(value, str):
        return True
    exact = f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern
    return len(value) <= schema.get("maxLength", len(value)) and re.search(exact, value) is not None


def _has_format(value: Any, name: str, _schema: JsonObject, _root: JsonObject) -> bool:
    if isinstance(value, str) and name in ZONES:
        try:
            parse_instant(value, zone=ZONES[name])
        except ValueError:
            return False
    return True


def _fit_properties(value: Any, parts: JsonObject, _schema: JsonObject, root: JsonObject) -> bool:
    if isinstance(value, dict):
        for name, part in value.items():
            if name in parts and not fits(part, parts[name], root):
                return False
    return True


def _fit_others(value: Any, others: Any, schema: JsonObject, root: JsonObject) -> bool:
    known = schema.get("properties", {})
    rest = [part for name, part in value.items() if name not in known] if isinstance(value, dict) else []
    return not rest or (isinstance(others, dict) and all(fits(part, others, root) for part in rest))


def _fits_definition(value: Any, reference: str, _schema: JsonObject, root: JsonObject) -> bool:
    definition = root.get("$defs", {}).get(reference.removeprefix("#/$defs/"))
    return definition is not None and fits(value, definition, root)


def _each_fits(kind: type[list[Any]] | type[dict[Any, Any]]) -> Check:
    """Return the check that each item of a list, or each name of an object, fits a schema."""
    return lambda value, schema, _, root: not isinstance(value, kind) or all(fits(it, schema, root) for it in value)


def _bounds(kind: Any, compare: Callable[[Any, Any], bool], size: Callable[[Any], Any] = lambda it: it) -> Check:
    """Return the check that a value of a kind, or its size, compares with a bound as it should."""
    return lambda value, bound, _schema, _root: not isinstance(value, kind) or compare(size(value), bound)


NOTES = frozenset({"$schema", "$defs", "title", "description", "default", "examples"})
"""Keywords that refuse nothing."""

ZONES = {"date-time": "", "utc-date-time": "Z"}
"""The zone of an instant that names none, by format."""

CHECKS: dict[str, Check] = {
    "type": _has_type,
    "enum": _is_one_of,
    "const": lambda value, only, schema, root: _is_one_of(value, [only], schema, root),
    "pattern": _matches,
    "format": _has_format,
    "minimum": _bounds(NUMBER, ge),
    "maximum": _bounds(NUMBER, le),
    "exclusiveMinimum": _bounds(NUMBER, gt),
    "exclusiveMaximum": _bounds(NUMBER, lt),
    "minLength": _bounds(str, ge, len),
    "maxLength": _bounds(str, le, len),
    "minItems": _bounds(list, ge, len),
    "maxItems": _bounds(list, le, len),
    "minProperties": _bounds(dict, ge, len),
    "maxProperties": _bounds(dict, le, len),
    "uniqueItems": lambda value, *_: not isinstance(value, list) or len({*map(repr, value)}) == len(value),
    "required": lambda value, names, *_: not isinstance(value, dict) or all(name in value for name in names),
    "properties": _fit_properties,
    "additionalProperties": _fit_others,
    "propertyNames": _each_fits(dict),
    "items": _each_fits(list),
    "anyOf": lambda value, schemas, _, root: any(fits(value, it, root) for it in schemas),
    "$ref": _fits_definition,
}
