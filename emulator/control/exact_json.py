"""JSON as somebody else wrote it, read exactly: numbers never pass through binary floating point."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson

from emulator.scenario.strict_json import depth_of
from emulator.text.redact import DEEPEST

MOST_DIGITS = 4_000
"""Digits of a number; Python reads no whole number of more than 4,300."""


class Unreadable(Exception):
    """JSON which a vendor may read, and we do not: it is nested too deep, or has a number beyond all bounds."""


def exactly(content: bytes) -> Any:
    """The value of a body, nested no deeper than it could be shown; None where there is none.

    Raises:
        ValueError: it is not JSON.
        Unreadable: it is, but cannot be read exactly.
    """
    if not content:
        return None
    text = content.decode()
    if "\\u" in text:
        orjson.loads(content)  # half a character is none
    try:
        value = json.loads(text, parse_float=Decimal, parse_int=_integer, parse_constant=_no_number)
    except (RecursionError, ArithmeticError):
        orjson.loads(content)  # what is not JSON is that first of all
        raise Unreadable("it is nested too deep, or has a number beyond all bounds") from None
    if text.count("[") + text.count("{") > DEEPEST and depth_of(value) > DEEPEST:
        raise Unreadable(f"it is nested more than {DEEPEST} deep")
    return value


def _integer(text: str) -> int | Decimal:
    """A whole number; one of more than 64 bits could not be written down again but as a decimal.

    One that has more digits than Python reads would make what shows it unreadable.
    """
    if len(text) > MOST_DIGITS:
        raise ArithmeticError
    return int(text) if len(text) < 19 else Decimal(text)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")
