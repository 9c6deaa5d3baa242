"""Comparison of an expectation with an actual value: a sentence for each difference, with its path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

from emulator.kernel.time import parse_instant
from emulator.text.guids import fold
from emulator.text.nearest import ALIKE, some
from emulator.text.redact import hide, hides, redact_body, redact_header, redact_text

ABRIDGED = 120

COMPARED_WHOLE = ": an item is found by its 'id', and a list without ids is compared whole"


def differences(
    expected: Any, actual: Any, path: str = "", by_id: bool = False, secret: bool = False, exact: bool = False
) -> Iterator[str]:
    """Yield where `actual` does not hold `expected`; of a secret, as of all below a name of one, no more than its beginning.

    Objects may hold more than was expected, unless `exact` is set; lists may not, unless `by_id` is set and what was expected
    of them has ids: then these are things of a state, whose instants may be written in more than one way. Where it is `exact`,
    equal numbers are written in the same way, too.
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        has = _names_in(actual)
        for key, value in expected.items():
            if key not in actual:
                yield f"{path or 'the body'} has no {redact_text(key)!r}{has}"
                has = ""
            else:
                below = secret or hides(key, expected, actual)
                yield from differences(value, actual[key], _below(path, key), by_id, below, exact)
        for key in actual if exact else ():
            if key not in expected:
                below = secret or hides(key, expected, actual)
                yield f"{path or 'the body'} has {redact_text(key)!r} ({safe_text(actual[key], below)}), which is not expected"
    elif isinstance(expected, list) and isinstance(actual, list):
        yield from _list_differences(expected, actual, path, by_id, secret, exact)
    elif not _same(expected, actual) and not (by_id and _same_instant(expected, actual)):
        yield f"{path or 'the body'} is {_beside(safe_text(actual, secret), safe_text(expected, secret))}"
    elif exact and json_text(expected) != json_text(actual):
        how = "in another way than expected" if secret else f"{json_text(actual)}, not {json_text(expected)}"
        yield f"{path or 'the body'} is written {how}"


def _names_in(value: Mapping[str, Any]) -> str:
    """Return the first names in an object, as a remark behind the first one that it has not."""
    names = [redact_text(name) for name in islice(value, ALIKE)]
    return f" (it has {some(names, len(value))})" if names else " (it is empty)"


def _below(path: str, key: str) -> str:
    return f"{path}.{redact_text(key)}".lstrip(".")


def safe_text(value: Any, secret: bool = False) -> str:
    """Return a value in which no secret can be read as text, cut where it grows long."""
    return abridge(hide(value) if secret else redact_body(value))


def _beside(actual: str, expected: str) -> str:
    return f"{actual}, not {expected}" if actual != expected else f"another than expected: both are shown as {actual}"


def header_difference(name: str, actual: str, expected: str) -> str:
    """Return in what two values of a header differ."""
    values = (repr(redact_header(name, it)) for it in (actual, expected))
    return f"the header {redact_text(name)} is {_beside(*values)}"


def count_differences(expected: Any, actual: Any) -> int:
    """Return how many differences there are; a body's list has no ids."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return sum(count_differences(value, actual[key]) if key in actual else 1 for key, value in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return 1
        return sum(count_differences(left, right) for left, right in zip(expected, actual, strict=True))
    return 0 if _same(expected, actual) else 1


def exact_difference(expected: Any, actual: Any) -> Iterator[str]:
    """Yield where two values differ in anything at all, the order of keys and the text of numbers included."""
    found = [*differences(expected, actual, exact=True)]
    yield from found
    if not found and json_text(expected) != json_text(actual):
        yield f"the keys are in another order: {safe_text(actual)}, not {safe_text(expected)}"


def _list_differences(
    expected: list[Any], actual: list[Any], path: str, by_id: bool, secret: bool, exact: bool
) -> Iterator[str]:
    if by_id and (gone := [item for item in expected if isinstance(item, dict) and item.get("deleted") is True]):
        yield from _deleted_ones(gone, actual, path, secret)
        expected = [item for item in expected if item not in gone]
        if not expected:
            return
    if by_id and expected and all(isinstance(item, dict) and "id" in item for item in expected):
        yield from _differences_by_id(expected, actual, path, secret, exact)
        return
    written = _with_times(expected, actual) if by_id else [(item, 1) for item in expected]
    if (count := sum(times for _, times in written)) != len(actual):
        found_by = (
            ": an item is found by its 'id', and a list without ids is compared whole" if by_id and _have_ids(actual) else ""
        )
        yield f"{path or 'the body'} has {len(actual)} items, not {count}{found_by}"
        return
    expected = [one for item, times in written for one in [item] * times]
    for index, (left, right) in enumerate(zip(expected, actual, strict=True)):
        yield from differences(left, right, f"{path}[{index}]", by_id, secret or hides(index, expected, actual), exact)


def _differences_by_id(expected: list[Any], actual: list[Any], path: str, secret: bool, exact: bool) -> Iterator[str]:
    known = {_folded(item.get("id")): item for item in actual if isinstance(item, dict)}
    for item in expected:
        id, found = item["id"], known.get(_folded(item["id"]))
        name = hide(id) if secret else redact_body(id)
        if found is None:
            yield f"{path} has no {name!r}"
        else:
            yield from differences({**item, "id": found["id"]}, found, f"{path}[{name}]", True, secret, exact)


def _have_ids(actual: list[Any]) -> bool:
    return any(isinstance(it, dict) and "id" in it for it in actual)


def _with_times(expected: list[Any], actual: list[Any]) -> list[tuple[Any, int]]:
    """Return items without their `repeat`, each with how many things of a state it stands for; some things have a `repeat`."""
    if not _have_ids(actual) or any(isinstance(it, dict) and "repeat" in it for it in actual):
        return [(item, 1) for item in expected]
    return [_without_repeat(item) if isinstance(item, dict) else (item, 1) for item in expected]


def _without_repeat(item: dict[str, Any]) -> tuple[dict[str, Any], int]:
    return {key: value for key, value in item.items() if key != "repeat"}, item.get("repeat", 1)


def _deleted_ones(expected: list[Any], actual: list[Any], path: str, secret: bool) -> Iterator[str]:
    """Yield which things of a state are there although they should be deleted; texts are things, too."""
    for item in expected:
        named = {name: _folded(value) for name, value in item.items() if name != "deleted"}
        for it in actual:
            is_named = all(_folded(it.get(name)) == value for name, value in named.items()) if isinstance(it, dict) else False
            if is_named or it in named.values():
                shown = " and ".join(hide(value) if secret else repr(redact_body(value)) for value in named.values())
                yield f"{path} still has {shown}"


def _folded(id: Any) -> Any:
    return fold(id) if isinstance(id, str) else id


def _same(expected: Any, actual: Any) -> bool:
    numbers = (int, Decimal)
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, numbers) and isinstance(actual, numbers):
        return expected == actual
    return type(expected) is type(actual) and bool(expected == actual)


def _same_instant(expected: Any, actual: Any) -> bool:
    """Tell whether both are one instant; a zone that is left out, where a state may do so, is UTC."""
    try:
        return parse_instant(expected, zone="Z") == parse_instant(actual)
    except (ValueError, TypeError):
        return False


def json_text(value: Any) -> str:
    """Return a value as JSON spells it."""
    return "".join(_spell(value))


def _spell(value: Any) -> Iterator[str]:
    """Yield the text of a value in JSON, bit by bit."""
    if isinstance(value, dict):
        for place, (key, part) in enumerate(value.items()):
            yield f"{', ' if place else '{'}{json.dumps(str(key), ensure_ascii=False)}: "
            yield from _spell(part)
        yield "}" if value else "{}"
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield ", " if place else "["
            yield from _spell(part)
        yield "]" if value else "[]"
    else:
        yield str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False, default=str)


def abridge(value: Any) -> str:
    """Return a value as text of ABRIDGED characters at most; a text in quotes, as in all messages."""
    text = ""
    for bit in [repr(value)] if isinstance(value, str) else _spell(value):
        text += bit
        if len(text) > ABRIDGED:
            return text[: ABRIDGED - 1] + "…"
    return text
