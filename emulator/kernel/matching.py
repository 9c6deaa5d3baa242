"""Matching: whether the parts of a request hold what is wanted of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.kernel.errors import Path
from emulator.text.checkpoint import checkpoint

UNREAD: Any = object()
"""The body of a call whose body is not read yet: it may hold anything."""


class Fields(dict[str, list[str]]):
    """The texts of a query, of headers or of a form: every value of each name."""


def first_mismatch(value: Any, wanted: Any, path: Path = ()) -> Path | None:
    """Return where a value first does not hold what is wanted; None where it holds all.

    An object holds an object whose names it has, and a list the items that it has among its own in that order; the fields of
    a query, of headers or of a form hold a text that is one of the values of its name.
    """
    checkpoint()
    if value is UNREAD:
        return None
    if isinstance(value, Fields):
        return _first_missing_field(value, wanted, path)
    if isinstance(wanted, Mapping):
        missing = (_mismatch_at(value, name, part, (*path, name)) for name, part in wanted.items())
        return next(filter(None, missing), None) if isinstance(value, Mapping) else path
    if isinstance(wanted, list):
        left = iter(value if isinstance(value, list) else ())
        lost = ((*path, at) for at, part in enumerate(wanted) if not _is_among(left, part))
        return next(lost, None) if isinstance(value, list) else path
    return None if value == wanted and isinstance(value, bool) == isinstance(wanted, bool) else path


def _is_among(left: Iterator[Any], wanted: Any) -> bool:
    """Tell whether one of the items that are left holds what is wanted; those up to it are not left any more."""
    return any(first_mismatch(it, wanted) is None for it in left)


def _mismatch_at(value: Mapping[str, Any], name: str, wanted: Any, path: Path) -> Path | None:
    return first_mismatch(value[name], wanted, path) if name in value else path


def _first_missing_field(fields: Fields, wanted: Any, path: Path) -> Path | None:
    if not isinstance(wanted, Mapping):
        return path
    return next(((*path, name) for name, text in wanted.items() if _as_text(text) not in fields.get(name, ())), None)


def _as_text(value: Any) -> str:
    """Return a number, true or false as they stand in a query."""
    return value if isinstance(value, str) else str(value).lower()
