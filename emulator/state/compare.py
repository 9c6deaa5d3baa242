"""What differs: an expectation beside what was there, said with the path to each difference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from emulator.kernel.quantities import parse_instant

ABRIDGED = 120


def differences(expected: Any, actual: Any, path: str = "", by_id: bool = False) -> Iterator[str]:
    """Where `actual` does not hold `expected`.

    Objects may hold more than was expected; lists may not, unless `by_id` is set and what was expected of them has ids: then
    these are things of a state, whose instants may be written in more than one way.
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            if key not in actual:
                yield f"{path or 'the body'} has no {key!r}"
            else:
                yield from differences(value, actual[key], f"{path}.{key}".lstrip("."), by_id)
    elif isinstance(expected, list) and isinstance(actual, list):
        yield from _list_differences(expected, actual, path, by_id)
    elif not _same(expected, actual) and not (by_id and _same_instant(expected, actual)):
        yield f"{path or 'the body'} is {abridge(actual)}, not {abridge(expected)}"


def count_differences(expected: Any, actual: Any) -> int:
    """Return how many differences there are, without saying them: a body's list has no ids."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return sum(count_differences(value, actual[key]) if key in actual else 1 for key, value in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return 1
        return sum(count_differences(left, right) for left, right in zip(expected, actual, strict=True))
    return 0 if _same(expected, actual) else 1


def exact_difference(expected: Any, actual: Any) -> Iterator[str]:
    """Yield where two values differ in anything at all, the order of keys and the text of numbers included."""
    if _ordered(expected) == _ordered(actual):
        return
    found = [*differences(expected, actual), *_unexpected(expected, actual)] or [*_respelt(expected, actual)]
    yield from found or [f"the keys are in another order: {abridge(actual)}, not {abridge(expected)}"]


def _unexpected(expected: Any, actual: Any, path: str = "") -> Iterator[str]:
    """Yield the keys that `actual` has and `expected` has not."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in actual.items():
            if key in expected:
                yield from _unexpected(expected[key], value, f"{path}.{key}".lstrip("."))
            else:
                yield f"{path or 'the body'} has {key!r} ({abridge(value)}), which is not expected"
    elif isinstance(expected, list) and isinstance(actual, list):
        for index, (left, right) in enumerate(zip(expected, actual, strict=False)):
            yield from _unexpected(left, right, f"{path}[{index}]")


def _respelt(expected: Any, actual: Any, path: str = "") -> Iterator[str]:
    """Yield the numbers of equal values that are written in another way, such as 1.50 for 1.5."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            yield from _respelt(value, actual[key], f"{path}.{key}".lstrip("."))
    elif isinstance(expected, list):
        for index, (left, right) in enumerate(zip(expected, actual, strict=True)):
            yield from _respelt(left, right, f"{path}[{index}]")
    elif isinstance(expected, (int, Decimal)) and spelt(expected) != spelt(actual):
        yield f"{path or 'the body'} is written {spelt(actual)}, not {spelt(expected)}"


def _list_differences(expected: list[Any], actual: list[Any], path: str, by_id: bool) -> Iterator[str]:
    if by_id and expected and all(isinstance(item, dict) and "id" in item for item in expected):
        known = {item.get("id"): item for item in actual if isinstance(item, dict)}
        for item in expected:
            if item["id"] not in known:
                yield f"{path} has no {item['id']!r}"
            else:
                yield from differences(item, known[item["id"]], f"{path}[{item['id']}]", by_id)
    elif len(expected) != len(actual):
        yield f"{path or 'the body'} has {len(actual)} items, not {len(expected)}"
    else:
        for index, (left, right) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(left, right, f"{path}[{index}]", by_id)


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


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, _ordered(part)) for key, part in value.items()]
    if isinstance(value, list):
        return [_ordered(part) for part in value]
    return spelt(value)


def spelt(value: Any) -> str:
    """A value as JSON spells it."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(str(key), ensure_ascii=False)}: {spelt(part)}' for key, part in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(spelt, value))}]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False, default=str)


def abridge(value: Any) -> str:
    """A value as text, cut where it grows long; a text in the quotes that all messages have."""
    text = repr(value) if isinstance(value, str) else spelt(value)
    return text if len(text) <= ABRIDGED else text[: ABRIDGED - 1] + "…"
