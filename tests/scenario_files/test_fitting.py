"""The quick look at a value and its JSON Schema passes what is shipped, and nothing in which the long way finds a problem."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from itertools import cycle
from typing import Any

import pytest

from emulator.scenario.document import Path
from emulator.scenario.fitting import fits
from emulator.scenario.schema import scenario_schema
from emulator.scenario.validation import problems_in
from emulator.vendors import VENDORS
from tests.support.loading import LIBRARY

SCHEMA = scenario_schema(VENDORS)
OTHERS = [
    None, True, False, 0, -1, 1, 10**15, 1.5, Decimal("0.5"), "", "x", "a\n", "2026-13-01", "1s", "never", [], {}, ["a", "a"], [[1]], {"x": 1},
]  # fmt: skip


def fit(value: Any, schema: Any = SCHEMA) -> bool:
    return fits(value, schema, schema)


@pytest.mark.parametrize("name", LIBRARY.names())
def test_a_shipped_scenario_fits_at_a_look(name: str) -> None:
    assert fit(LIBRARY.get(name).content)


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*path, key)
        yield from paths(part, (*path, key))


def changed(content: Any, path: Path, other: Any) -> Any:
    value = copy = deepcopy(content)
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = other
    return copy


@pytest.mark.parametrize("name", LIBRARY.names()[::40])
def test_what_the_long_way_refuses_fits_at_no_look(name: str) -> None:
    content, others = dict(LIBRARY.get(name).content), cycle(OTHERS)
    for path in paths(content):
        for _ in range(2):
            value = changed(content, path, next(others))
            assert not (fit(value) and next(problems_in(value, SCHEMA), None)), (path, value)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (1, {"multipleOf": 1}),
        ("a\n", {"pattern": "^a$"}),
        (1, {"enum": [True]}),
        ({"a": 1, "b": 2}, {"properties": {"a": {}}, "additionalProperties": False}),
        ({"a": 1}, {"additionalProperties": True}),
        ({"a": 1}, {"propertyNames": {"pattern": "^b$"}}),
        (1, {"$ref": "elsewhere"}),
    ],
)
def test_what_is_wrong_or_not_known_does_not_fit(value: Any, schema: Any) -> None:
    assert not fit(value, schema)
