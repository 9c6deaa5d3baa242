"""What a client sends as JSON: numbers exact, property names in any case. Evidence: 6dot50-input-1 and 6dot50-decimal-4."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import orjson

from emulator.sdk import Request

Properties = Mapping[str, Any]
"""Property name in lower case → value."""

Types = Mapping[str, type | tuple[type, ...]]
"""Property name as it is published → the JSON type of its value."""

NUMBER = (int, Decimal)


def properties(request: Request) -> Properties | None:
    """The properties of the body, None when it is not a JSON object."""
    return of_object(_read(request.body))


def of_object(value: Any) -> Properties | None:
    """The properties of a JSON object by their names in lower case, None when it is not one."""
    return {name.lower(): it for name, it in value.items()} if isinstance(value, dict) else None


def misfits(given: Properties, types: Types) -> Iterator[tuple[str, Any]]:
    """Yield the name and the value of each property that is there, not null, and of another type."""
    for name, kind in types.items():
        if not _is(value := given.get(name.lower()), kind):
            yield name, value


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    return value is None or (isinstance(value, kind) and (kind is bool or not isinstance(value, bool)))


def _read(body: bytes) -> Any:
    """The value, None when there is none. orjson is the stricter judge of what is JSON, but reads decimals as floats."""
    try:
        orjson.loads(body)
        return json.loads(body, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        return None
