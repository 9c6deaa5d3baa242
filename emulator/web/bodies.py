"""What the control plane is sent: read strictly, checked against a schema, refused with the field's name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from starlette.requests import Request

from emulator.kernel.errors import BadInput, Problem
from emulator.scenario.grammar import DURATION, INSTANT, RATE
from emulator.scenario.strict_yaml import MAX_BYTES, MAX_DEPTH
from emulator.scenario.validation import problems_in

YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")
WORLD_ID = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", "description": "letters, digits, - _ ."}

NEW_WORLD = {
    "type": "object",
    "properties": {
        "scenario": {"type": ["string", "object"]},
        "id": WORLD_ID,
        "seed": {"type": "integer", "minimum": 0},
        "claim": {"type": "boolean"},
    },
    "additionalProperties": False,
}
CLOCK = {
    "type": "object",
    "properties": {"now": INSTANT, "rate": RATE},
    "additionalProperties": False,
    "minProperties": 1,
}
ADVANCE = {
    "type": "object",
    "properties": {"by": DURATION, "to": INSTANT, "until": {"enum": ["next", "idle"]}},
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}


def is_yaml(request: Request) -> bool:
    """Whether the body says it is YAML."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() in YAML_TYPES


async def text_of(request: Request) -> str:
    """The body as text.

    Raises:
        BadInput: it is too large, or not UTF-8.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise BadInput([Problem(f"the body is larger than {MAX_BYTES} bytes")])
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BadInput([Problem("the body is not UTF-8")]) from None


async def json_of(request: Request, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The body as a JSON object that fits the schema; numbers with a fraction are exact. An empty body is an empty object.

    Raises:
        BadInput: it is not such an object; every reason at once.
    """
    text = await text_of(request)
    try:
        value = (
            json.loads(text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_unique)
            if text.strip()
            else {}
        )
    except (ValueError, RecursionError) as error:
        raise BadInput([Problem(f"the body is not JSON: {error}")]) from None
    if _depth(value) > MAX_DEPTH:
        raise BadInput([Problem(f"the body is nested more than {MAX_DEPTH} deep")])
    if problems := list(problems_in(value, schema)):
        raise BadInput(problems)
    checked: dict[str, Any] = value
    return checked


def query_number(request: Request, name: str, default: int, least: int = 0) -> int:
    """A whole number from the query.

    Raises:
        BadInput: it is not one, or less than the least allowed.
    """
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 16) or int(text) < least:
        raise BadInput([Problem(f"{name} must be a whole number of at least {least}, not {text!r}", (name,))])
    return int(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key is given twice")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def _depth(value: Any) -> int:
    """How deep a value is nested, found without recursion."""
    depth, level = 0, [value]
    while level := [
        part for it in level if isinstance(it, (dict, list)) for part in (it.values() if isinstance(it, dict) else it)
    ]:
        depth += 1
    return depth
