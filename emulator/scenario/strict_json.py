"""JSON without its surprises: no key twice, bounded, numbers with a fraction exact, and the place of what is wrong."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from typing import Any

from emulator.kernel.errors import BadInput, Problem
from emulator.scenario.document import MARK, MAX_BYTES, MAX_DEPTH, Document, JsonObject
from emulator.sdk.exact_json import depth_of, load

MAX_DIGITS = 20
MAX_EXPONENT = 308
"""Written out, numbers beyond these would be as long as their exponent says."""
LARGEST = 2**63 - 1


class NotJson(ValueError):
    """A text that is not JSON, or not JSON that is read here; `line` and `column` say where, if that is known."""

    def __init__(self, reason: str, line: int | None = None, column: int | None = None) -> None:
        self.line, self.column = line, column
        super().__init__(reason)


class KeyTwice(NotJson):
    """JSON, but for an object that has a key twice."""


class _BeyondBounds(ValueError):
    """A number that is beyond the bounds."""

    def __init__(self, reason: str, number: str) -> None:
        self.number = number
        super().__init__(reason)


def parse_json(text: str) -> Document:
    """Read a JSON document; what is in it is placed where it stands, as far as YAML finds it there.

    Raises:
        BadInput: it is not JSON, or is larger or deeper than is allowed.
    """
    from emulator.scenario.strict_yaml import parse

    if len(text.encode()) > MAX_BYTES:
        raise BadInput([Problem(f"larger than {MAX_BYTES} bytes", (), 1, 1)])
    try:
        document = Document(read_json(text), has_marks=MARK in text)
    except NotJson as error:
        if isinstance(error, KeyTwice):
            with suppress(BadInput):
                return parse(text)
        raise BadInput([Problem(f"not JSON: {error}", (), error.line or 1, error.column or 1)]) from None
    with suppress(BadInput):
        document.places = parse(text).places
    return document


def read_json(text: str) -> Any:
    """Return the value of a text in JSON.

    Raises:
        NotJson: it is none, has a key twice, is nested too deep, or has a number beyond the bounds.
    """
    try:
        value = load(text, parse_float=_decimal, parse_int=_integer, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise NotJson(error.msg, error.lineno, error.colno) from None
    except NotJson:
        raise
    except _BeyondBounds as error:
        before = text[: text.find(error.number)]
        raise NotJson(str(error), before.count("\n") + 1, len(before) - before.rfind("\n")) from None
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from None
    if depth_of(value) > MAX_DEPTH:
        raise NotJson(f"nested more than {MAX_DEPTH} deep")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> JsonObject:
    value = dict(pairs)
    if len(value) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise KeyTwice(f"the key {next(name for name, count in counts.items() if count > 1)!r} is given twice")
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS or not -LARGEST <= int(text) <= LARGEST:
        raise _BeyondBounds("an integer has more than 64 bits", text)
    return int(text)


def _decimal(text: str) -> Decimal:
    with suppress(ArithmeticError):
        value = Decimal(text)
        if abs(value.adjusted()) <= MAX_EXPONENT:
            return value
    raise _BeyondBounds(f"a number has an exponent beyond {MAX_EXPONENT}", text)
