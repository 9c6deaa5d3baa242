"""JSON Schema errors as problems that a person can act on: what is wrong, and the nearest word that would be right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache, partial
from heapq import nsmallest
from itertools import islice
from types import MappingProxyType
from typing import Any

import orjson
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from emulator.kernel.errors import MAX_PROBLEMS, Problem, truncate
from emulator.kernel.time import parse_instant
from emulator.scenario.choices import MANY, choices_of, told_choices
from emulator.scenario.document import JsonObject, Path, Places
from emulator.scenario.duration_mistakes import duration_mistake
from emulator.scenario.unknown_keys import KeyAdvice
from emulator.sdk.durations import is_duration
from emulator.state.compare import abridge
from emulator.text.checkpoint import checkpoint
from emulator.text.nearest import hint
from emulator.text.redact import redact_text
from emulator.text.secrets import is_secret

TYPES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
"""The words for JSON Schema's types in messages."""

WORDS = {
    "const": "{value} is not {bound}",
    "minimum": "{value} is less than the minimum of {bound}",
    "maximum": "{value} is greater than the maximum of {bound}",
    "exclusiveMinimum": "{value} is not more than {bound}",
    "exclusiveMaximum": "{value} is not less than {bound}",
    "minLength": "{value} has fewer than {bound} characters",
    "maxLength": "{value} has more than {bound} characters",
    "minItems": "{value} has fewer than {bound} items",
    "maxItems": "{value} has more than {bound} items",
    "uniqueItems": "{value} has an item twice",
    "minProperties": "{value} has fewer than {bound} keys",
    "maxProperties": "{value} has more than {bound} keys",
    "pattern": "{value} does not match '{bound}'",
}
"""Messages by keyword; jsonschema's own words differ between its versions."""

MOST = 10_000
"""Errors after which no more are looked for."""

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or bool(parse_instant(value))


@FORMATS.checks("utc-date-time", raises=ValueError)
def _is_instant_or_utc(value: object) -> bool:
    """Tell whether it is an instant, or one without a zone, which is UTC where this format is."""
    return not isinstance(value, str) or bool(parse_instant(value, zone="Z"))


def _fits_pattern(_: Any, pattern: str, value: object, schema: JsonObject) -> Iterator[ValidationError]:
    """A `$` at the end is the very end, as JSON Schema has it; Python's own would let a line break follow.

    A text that is too long for the schema is refused for that, and not searched.
    """
    exact = f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern
    if isinstance(value, str) and len(value) <= schema.get("maxLength", len(value)) and not re.search(exact, value):
        yield ValidationError("pattern")


def _has_all(_: Any, names: list[str], value: object, schema: JsonObject) -> Iterator[ValidationError]:
    """An error for each key that is missing, in our own words: jsonschema names the key in its message only."""
    if isinstance(value, dict):
        of = schema.get("properties", {})
        missing = (f"{name!r} is missing{told_choices(of.get(name, {}))}" for name in names if name not in value)
        yield from map(ValidationError, missing)


def _has_no_others(validator: Any, others: Any, value: object, schema: JsonObject) -> Iterator[ValidationError]:
    """One error for all unknown keys, named elsewhere: jsonschema sorts them, and nobody else has a turn meanwhile."""
    if others is not False or "patternProperties" in schema:
        yield from Draft202012Validator.VALIDATORS["additionalProperties"](validator, others, value, schema)
    elif isinstance(value, dict) and any(name not in schema.get("properties", {}) for name in value):
        yield ValidationError("has unknown keys")


def _is_unique(_: Any, wanted: bool, value: object, __: Any) -> Iterator[ValidationError]:
    """An error for plain items that are there twice; of others, jsonschema compares each with each, which may take days."""
    plain = [it for it in value if not isinstance(it, (dict, list))] if wanted and isinstance(value, list) else []
    if len(set(plain)) < len(plain):
        yield ValidationError("uniqueItems")


def _has_type(validator: Any, *arguments: Any) -> Iterator[ValidationError]:
    checkpoint()  # at nearly every value
    return Draft202012Validator.VALIDATORS["type"](validator, *arguments)  # type: ignore[no-any-return]


KEYWORDS = {
    "additionalProperties": _has_no_others,
    "pattern": _fits_pattern,
    "required": _has_all,
    "type": _has_type,
    "uniqueItems": _is_unique,
}

Exact: Any = extend(Draft202012Validator, KEYWORDS)  # type: ignore[no-untyped-call]


@cache
def _validator(schema: bytes) -> Any:
    return Exact(orjson.loads(schema), format_checker=FORMATS)


def problems_in(value: Any, schema: JsonObject, places: Places = MappingProxyType({})) -> Iterator[Problem]:
    """Yield every way in which the value does not fit the schema, in the order of the `places` at which its parts stand.

    What is meant is looked for with the first MAX_PROBLEMS of them only, for nobody reads more.
    """
    validator, key_advice = _validator(orjson.dumps(schema)), KeyAdvice(schema)
    by_place = partial(_order, places)
    errors = sorted(islice(validator.iter_errors(value), MOST), key=lambda error: by_place(tuple(error.absolute_path)))
    count = 0
    try:
        for error in errors:
            checkpoint()
            brief = [Problem("does not fit", tuple(error.absolute_path))]
            for problem in _problems_of(error, key_advice, by_place) if count < MAX_PROBLEMS else brief:
                count += 1
                yield problem
    finally:
        _let_go(errors)


def _let_go(errors: list[ValidationError]) -> None:
    """Part errors from those that they are made of, which know them: all of a value would be kept in a cycle."""
    for error in errors:
        parts = [*(error.context or ())]
        for part in parts:
            part.parent = None
        errors += parts


def _order(places: Places, path: Path) -> tuple[tuple[int, int], list[str]]:
    checkpoint()
    return places.get(path, (0, 0)), [str(part) for part in path]


def _unknown(error: ValidationError, key_advice: KeyAdvice, order: Callable[[Path], Any]) -> Iterator[Problem]:
    path, schema, instance = tuple(error.absolute_path), _schema_of(error), error.instance
    assert isinstance(instance, dict)  # noqa: S101  nothing else has properties
    keys = [key for key in instance if key not in schema.get("properties", {})]
    first = dict.fromkeys(nsmallest(MAX_PROBLEMS, keys, key=lambda key: order((*path, key))))
    for count, key in enumerate((*first, *(key for key in keys if key not in first))):
        checkpoint()
        advice = key_advice.advice(path, key, schema, instance[key]) if count < MAX_PROBLEMS else ""
        yield Problem(f"unknown key {abridge(key)}{advice}", (*path, key))


def _problems_of(error: ValidationError, key_advice: KeyAdvice, order: Callable[[Path], Any]) -> Iterator[Problem]:
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        yield from _unknown(error, key_advice, order)
    elif error.validator == "maxProperties" and not _has_too_many_that_are_known(error):
        return
    elif error.validator == "anyOf":
        context, scalar = error.context or (), not isinstance(error.instance, (dict, list))
        likely = [it for it in context if it.validator not in ("type", "enum", "const") or it.path]
        likely += [it for it in context if scalar and (is_duration(_schema_of(it)) or _has_many_choices(it))]
        if likely:
            way = likely[0].relative_schema_path[0]
            for it in likely:
                yield from _problems_of(it, key_advice, order) if it.relative_schema_path[0] == way else ()
        else:
            yield Problem(f"{_shown(error)} is not {_description(error.schema)}{_nearest_choice(error)}", path)
    else:
        yield Problem(_message(error), path)


def _has_many_choices(error: ValidationError) -> bool:
    return error.validator == "enum" and len(choices_of(_schema_of(error))) > MANY


def _has_too_many_that_are_known(error: ValidationError) -> bool:
    """Unknown keys are told of by themselves."""
    schema: Any = error.schema
    instance: Any = error.instance
    return "properties" not in schema or len(schema["properties"].keys() & set(instance)) > schema["maxProperties"]


def _message(error: ValidationError) -> str:
    text, schema = _shown(error), _schema_of(error)
    if _is_hidden(error) and (is_duration(schema) or error.validator == "format"):
        return f"{text} does not fit"
    if is_duration(schema):
        return duration_mistake(error.instance, schema, next(reversed(error.absolute_path), ""))
    if error.validator == "enum":
        is_long, choices = _has_many_choices(error), choices_of(schema)
        kind = f"none of the {len(choices)} that there are" if is_long else f"not one of {', '.join(choices)}"
        return f"{text} is {kind}{_nearest_choice(error)}"
    if error.validator == "minProperties" and "properties" in schema:
        least = "one" if schema.get("maxProperties") == 1 else "at least one"
        return f"needs {least} of {', '.join(schema['properties'])}"
    if error.validator == "maxProperties" and "properties" in schema:
        return f"has more than {schema['maxProperties']} of {', '.join(schema['properties'])}"
    if error.validator == "type" and _is_text_in_digits(error.instance, schema):
        return f"expected text, not {text}: put it in quotes"
    if error.validator == "type" and "pattern" in schema and "description" in schema:
        return f"{text} is not of the form {schema['description']}"
    if error.validator == "type":
        return f"expected {_description({'type': schema['type']})}, not {text}"
    if error.validator == "const" and "description" in schema:
        return f"{text} is not {schema['description']}"
    if error.validator == "pattern" and "description" in schema:
        return f"{text} is not of the form {schema['description']}"
    if error.validator == "format":
        return str(error.cause)
    if error.validator == "required":
        return error.message
    if error.validator in ("minLength", "minItems", "minProperties") and error.validator_value == 1:
        return f"{_shown(error, abridge)} is empty, and cannot be"
    words = WORDS.get(str(error.validator), "{value} does not fit")
    return words.format(value=_shown(error, abridge), bound=error.validator_value)


def _is_text_in_digits(value: Any, schema: JsonObject) -> bool:
    """Tell whether a number would fit if it were text."""
    number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    return (
        number
        and "string" in schema["type"]
        and "format" not in schema
        and re.search(schema.get("pattern", ""), str(value)) is not None
    )


def _schema_of(error: ValidationError) -> JsonObject:
    schema: Any = error.schema
    return schema if isinstance(schema, dict) else {}


def _is_hidden(error: ValidationError) -> bool:
    """Tell whether the value stands below the name of a secret, or is a header's."""
    return any(isinstance(part, str) and (part == "headers" or is_secret(part)) for part in error.absolute_path)


def _shown(error: ValidationError, as_text: Callable[[Any], str] | None = None) -> str:
    """Return the value as text in which no secret can be read; of one that may be a secret, only what kind it is."""
    value = error.instance
    if _is_hidden(error) and not isinstance(value, bool):
        return "text" if isinstance(value, str) else "a number" if isinstance(value, (int, float, Decimal)) else _as_text(value)
    return redact_text((as_text or _as_text)(truncate(value) if isinstance(value, str) else value))


def _as_text(value: Any) -> str:
    """A value as it is written, as far as that is short; of others, what they are."""
    if value is None or isinstance(value, (dict, list)):
        return "null" if value is None else "an object" if isinstance(value, dict) else "a list"
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, Decimal) else repr(value)


def _description(schema: Any) -> str:
    """Describe in words the values that fit a schema."""
    if "anyOf" in schema:
        return ", or ".join(_description(it) for it in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " or ".join(choices_of(schema))
    if "description" in schema:
        return str(schema["description"])
    types = schema.get("type", "anything")
    return " or ".join(TYPES.get(it, it) for it in ([types] if isinstance(types, str) else types))


def _nearest_choice(error: ValidationError) -> str:
    return hint(str(error.instance), choices_of(_schema_of(error)), few=0)
