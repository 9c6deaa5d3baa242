"""The fields of a form or a query as values, and as the kinds of value that somebody expects."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

DEEPEST = 20
"""Pairs of brackets in a name that are looked into; one that has more is only there as it was sent."""

_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)
_INDEX = re.compile(r"[0-9]{1,9}", re.ASCII)
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")


def form_fields(text: str) -> dict[str, Any]:
    """Return the fields of a form or a query, all of them text: `a[b]=1` in an object, `a[]=1` and repeated names in a list.

    What has brackets is there under its own name, too.
    """
    fields: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        _put(fields, [name], value)
        if 0 < name.count("[") <= DEEPEST and _BRACKETS.search(name):
            _put(fields, [name.partition("[")[0], *_BRACKETS.findall(name)], value)
    return {name: _in_lists(value) for name, value in fields.items()}


def _put(fields: dict[str, Any], keys: list[str], value: str) -> None:
    """Put a value where its keys lead; an empty key, as in `a[]`, is the next index."""
    for key in keys[:-1]:
        inner = fields.setdefault(key or str(len(fields)), {})
        if not isinstance(inner, dict):  # a name that had a value of its own goes deeper, too: nobody can mean that
            return
        fields = inner
    last = keys[-1] or str(len(fields))
    known = fields.get(last)
    fields[last] = value if known is None else [*(known if isinstance(known, list) else [known]), value]


def _in_lists(value: Any) -> Any:
    """Make lists of the objects whose keys are indexes."""
    if not isinstance(value, dict):
        return value
    parts = {key: _in_lists(part) for key, part in value.items()}
    return [parts[key] for key in sorted(parts, key=int)] if all(map(_INDEX.fullmatch, parts)) else parts


def as_wanted(wanted: Any, sent: Any) -> Any:
    """Return what was sent as text, read as the kind that is wanted where it can be: `"true"` as true, `"5"` as 5."""
    if isinstance(wanted, dict) and isinstance(sent, dict):
        return {key: as_wanted(wanted.get(key, part), part) for key, part in sent.items()}
    if isinstance(wanted, list) and not isinstance(sent, dict):
        items = sent if isinstance(sent, list) else _joined(sent, len(wanted))
        return [as_wanted(wanted[index] if index < len(wanted) else part, part) for index, part in enumerate(items)]
    if not isinstance(sent, str):
        return sent
    if isinstance(wanted, bool):
        return {"true": True, "1": True, "false": False, "0": False}.get(sent.lower(), sent)
    if isinstance(wanted, (int, Decimal)) and _NUMBER.fullmatch(sent):
        return Decimal(sent)
    return None if wanted is None and sent in ("", "null") else sent


def _joined(sent: Any, wanted: int) -> list[Any]:
    """Return the items of a text such as `1,3`, where not a single one is wanted; else the text as the only item."""
    return sent.split(",") if isinstance(sent, str) and wanted > 1 and "," in sent else [sent]
