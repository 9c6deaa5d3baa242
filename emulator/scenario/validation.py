"""JSON Schema errors as problems that a person can act on: what is wrong, and the nearest word that would be right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from emulator.kernel.errors import Problem, nearest
from emulator.kernel.quantities import parse_instant

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or bool(parse_instant(value))


def _fits_pattern(_: Any, pattern: str, value: object, __: Any) -> Iterator[ValidationError]:
    """A `$` at the end is the very end, as JSON Schema has it; Python's own would let a line break follow."""
    exact = f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern
    if isinstance(value, str) and not re.search(exact, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


Exact: Any = extend(Draft202012Validator, {"pattern": _fits_pattern})  # type: ignore[no-untyped-call]


@cache
def _validator(schema: bytes) -> Any:
    return Exact(orjson.loads(schema), format_checker=FORMATS)


def problems_in(value: Any, schema: Mapping[str, Any]) -> Iterator[Problem]:
    """Every way in which the value does not fit the schema."""
    validator = _validator(orjson.dumps(schema))
    for error in sorted(validator.iter_errors(value), key=lambda error: [str(part) for part in error.absolute_path]):
        yield from _problems_of(error)


def _problems_of(error: ValidationError) -> Iterator[Problem]:
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        schema: Any = error.schema
        known = schema.get("properties", {})
        instance: Any = error.instance
        for key in sorted(set(instance) - set(known)):
            yield Problem(f"unknown key {key!r}{nearest(key, known) or _list(known)}", (*path, key))
    elif error.validator == "anyOf":
        tried = error.context or []
        fitting = [it for it in tried if it.validator != "type"] or tried
        yield from _problems_of(fitting[0])
    else:
        yield Problem(_message(error), path)


def _message(error: ValidationError) -> str:
    shown = error.instance if isinstance(error.instance, (str, int, float, bool)) else type(error.instance).__name__
    wanted: Any = error.validator_value
    schema: Any = error.schema
    if error.validator == "enum":
        choices = [str(choice) for choice in wanted]
        return f"{shown!r} is not one of {', '.join(choices)}{nearest(str(shown), choices)}"
    if error.validator == "type":
        return f"expected {wanted}, not {shown!r}"
    if error.validator == "pattern" and "description" in schema:
        return f"{shown!r} is not of the form {schema['description']}"
    if error.validator == "format":
        return f"{shown!r} is not an instant such as 2026-03-09T20:55:31Z"
    if error.validator == "required":
        return error.message.replace("is a required property", "is missing")
    return error.message


def _list(known: Mapping[str, Any]) -> str:
    return f"; known are {', '.join(known)}" if known else ""
