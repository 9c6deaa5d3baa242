"""JSON whose numbers are exact: a number with a fraction never passes through binary floating point."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from json.decoder import JSONArray, JSONObject  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any

import orjson

from emulator.text.checkpoint import checkpoint

JsonObject = Mapping[str, Any]
"""A JSON object that is only read."""

JsonDict = dict[str, Any]
"""A JSON object in the making."""

LONGEST_DECIMAL = 400
"""Digits to which a decimal is written out; one that would be longer keeps its exponent."""

LONG_TEXT = 200_000
"""Characters of a text from which on it is read in Python, where other threads have their turn, and not in one call of C."""

MAX_DIGITS = 4_000
"""Digits of a number; Python reads no whole number of more than 4,300."""


class Unreadable(ValueError):
    """JSON that is nested too deep, or has a number beyond all bounds."""


def digits_of(value: Decimal) -> str:
    """Return a decimal as it is, whatever the precision of the caller's decimal context.

    One of more than LONGEST_DECIMAL digits keeps its exponent: those of 1e999999999 would fill the memory.
    """
    return str(value) if abs(value.adjusted()) > LONGEST_DECIMAL else format(value, "f")


def _dump_decimal(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        digits = digits_of(value)
        is_plain = "." in digits and "E" not in digits
        return orjson.Fragment(digits.rstrip("0").removesuffix(".") if is_plain else digits)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


dump: Callable[[Any], bytes] = partial(orjson.dumps, default=_dump_decimal)
"""Return a JSON value as bytes; decimals exactly as they are, never through binary floating point."""


def _parse_int(digits: str) -> int | Decimal:
    """Return a whole number; one of more than 64 bits as a Decimal, since `dump` writes no other."""
    if len(digits) > MAX_DIGITS:
        raise ArithmeticError
    return int(digits) if len(digits) < 19 else Decimal(digits)


def _parse_float(number: str) -> Decimal:
    """Return a decimal. Like `_parse_int` it is no type but a function, at which Python lets other threads have their turn."""
    if len(number) > MAX_DIGITS:
        raise ArithmeticError
    return Decimal(number)


def load(
    content: bytes | str,
    *,
    is_strict: bool = True,
    max_depth: int | None = None,
    parse_int: Callable[[str], Any] = _parse_int,
    parse_float: Callable[[str], Any] = _parse_float,
    object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None,
) -> Any:
    """Return the value of a JSON text in UTF-8, nested at most `max_depth` levels.

    orjson decides what is JSON, since it refuses half characters and NaN, but it reads decimals as floats. Unless the text is
    read strictly, numbers such as 1e999, which it refuses, are JSON.

    Raises:
        Unreadable: it is nested too deep, or has a number beyond all bounds.
        ValueError: it is not JSON.
    """
    text = content if isinstance(content, str) else content.decode()
    if is_strict or "\\u" in text:
        orjson.loads(content)
    try:
        value = _Decoder(
            len(text) > LONG_TEXT,
            parse_float=parse_float,
            parse_int=parse_int,
            parse_constant=_refuse_constant,
            object_pairs_hook=object_pairs_hook,
        ).decode(text)
    except (RecursionError, ArithmeticError):
        orjson.loads(content)
        raise Unreadable("it is nested too deep, or has a number beyond all bounds") from None
    if max_depth is not None and depth_of(value) > max_depth:
        raise Unreadable(f"it is nested more than {max_depth} deep")
    return value


class _Decoder(json.JSONDecoder):
    """A reader of JSON: in C, or in Python, as the standard library does where it has no C."""

    def __init__(self, is_in_python: bool, **options: Any) -> None:
        super().__init__(**options)
        if is_in_python:
            self.parse_object, self.parse_array = _in_turns(JSONObject), _in_turns(JSONArray)
            self.scan_once = py_make_scanner(self)


def _in_turns(parse: Callable[..., Any]) -> Callable[..., Any]:
    def parse_in_turns(*arguments: Any) -> Any:
        checkpoint()
        return parse(*arguments)

    return parse_in_turns


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def depth_of(value: Any) -> int:
    """Return how deep a value is nested, found without recursion."""
    depth, level = -1, [value]
    while level:
        depth += 1
        holders, level = [it for it in level if isinstance(it, (dict, list))], []
        for holder in holders:
            checkpoint()
            level += holder.values() if isinstance(holder, dict) else holder
    return depth
