"""JSON whose decimals are exact: never through binary floating point."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import orjson

LONGEST_DECIMAL = 400
"""Digits to which a decimal is written out; one that would be longer keeps its exponent."""


def _dump_decimal(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        if abs(value.adjusted()) > LONGEST_DECIMAL:
            return orjson.Fragment(str(value))
        digits = format(value, "f")  # whatever the precision of the caller's decimal context
        return orjson.Fragment(digits.rstrip("0").removesuffix(".") if "." in digits else digits)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


dump: Callable[[Any], bytes] = partial(orjson.dumps, default=_dump_decimal)
"""Return a JSON value as bytes; decimals exactly as they are, never through binary floating point."""
