"""Forms and queries (`application/x-www-form-urlencoded`) with lists and objects in them, read whole or refused.

Clients write a list as a repeated name (`a=1&a=2`), with brackets (`a[]=1&a[]=2`) or with indexes (`a[0]=1&a[1]=2`), and an
object with the names of its members (`a[0][q]=pizza`), as PHP's http_build_query does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from emulator.sdk import JsonDict, form_fields, pattern

MAX_FIELDS = 50_000
"""Fields of one form: a thousand searches with fifty parameters each."""

MAX_DEPTH = 5
"""Pairs of brackets in one name."""

_NAME = r"[^\[\]{]+(?:\[[^\[\]]*\])*"
_INDEX = pattern(r"0|[1-9][0-9]{0,8}", re.ASCII)


class BadForm(ValueError):
    """A form that cannot be read without loss."""


class _Part:
    """One level of a field: its values, and the parts below each index, name or pair of empty brackets."""

    __slots__ = ("below", "values")

    def __init__(self) -> None:
        self.values: list[str] = []
        self.below: dict[str, _Part] = {}


def read_form(text: str) -> JsonDict:
    """Return the fields of a form or a query: texts, lists and objects, each list in the order of its indexes.

    Raises:
        BadForm: a part would be lost or is ambiguous.
    """
    form = _Part()
    for name, value in _pairs(text):
        if not re.fullmatch(_NAME, name):
            raise BadForm(_bad_name(name))
        _put(form, name.replace("]", "").split("["), value)
    return {name: _value(part, name) for name, part in form.below.items()}


def is_index(key: str) -> bool:
    """Return whether a key is the index of a list."""
    return _INDEX.fullmatch(key) is not None


def _pairs(text: str) -> list[tuple[str, str]]:
    if text.count("&") >= MAX_FIELDS:
        raise BadForm(f"it has more than {MAX_FIELDS} fields")
    try:
        return [(name.decode(), value.decode()) for name, value in form_fields(text)]
    except UnicodeDecodeError:
        raise BadForm("it is not encoded in UTF-8") from None


def _put(part: _Part, keys: list[str], value: str) -> None:
    if len(keys) > MAX_DEPTH + 1:
        raise BadForm(f"{keys[0]} has more than {MAX_DEPTH} pairs of brackets")
    if "" in keys[:-1]:
        raise BadForm(f"{keys[0]}[] is followed by other brackets: number its items, as in {keys[0]}[0]")
    for key in keys:
        below = part.below.get(key)
        if below is None:
            below = part.below[key] = _Part()
        part = below
    part.values.append(value)


def _value(part: _Part, name: str) -> Any:
    if not part.below:
        return part.values[0] if len(part.values) == 1 else part.values
    if part.values:
        raise BadForm(f"{name} has a value of its own, and others in brackets")
    if "" in part.below:
        return _repeated(part.below, name)
    indexes = [key for key in part.below if is_index(key)]
    if not indexes:
        return {key: _value(below, f"{name}[{key}]") for key, below in part.below.items()}
    if len(indexes) < len(part.below):
        raise BadForm(f"{name} mixes indexes with names")
    return [_item(part.below[key], f"{name}[{key}]") for key in sorted(indexes, key=int)]


def _repeated(below: Mapping[str, _Part], name: str) -> list[str]:
    if len(below) > 1:
        raise BadForm(f"{name} mixes {name}[] with other brackets")
    return below[""].values


def _item(part: _Part, name: str) -> Any:
    if len(part.values) > 1:
        raise BadForm(f"{name} is there {len(part.values)} times")
    return _value(part, name)


def _bad_name(name: str) -> str:
    quoted = repr(name if len(name) <= 50 else f"{name[:50]}...")
    if name.startswith("[") or "{" in name:
        return f"{quoted} is not the name of a parameter: is it JSON? Send that as it is, without percent-encoding"
    return f"{quoted} is not the name of a parameter" + (": its brackets do not match" if name else "")
