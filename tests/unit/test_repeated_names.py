"""A name that a JSON object has twice is noticed wherever it stands, and nothing else is taken for one."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.sdk.repeated_names import repeats_a_name

TEXTS = st.text(st.sampled_from('ab": \\\n{,'), max_size=4)
VALUES = st.recursive(
    st.none() | st.integers(0, 3) | TEXTS, lambda it: st.lists(it, max_size=3) | st.dictionaries(TEXTS, it, max_size=3)
)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"a": 1, "\\u0061": 2}',
        '{"a": 1, "b": {"c": 1, "c": {}}}',
        '[{"a": 1}, [{"x": "https://h/", "a": 1, "a": 2}]]',
        '{"a" : 1, "a":2}',
        '{"a"\n: 1, "b": "\\":", "a"\t:2}',
    ],
)
def test_a_name_that_is_there_twice_is_noticed(text: str) -> None:
    assert repeats_a_name(text.encode(), orjson.loads(text))


def test_names_that_are_alike_in_other_capitals_are_told_where_these_do_not_matter() -> None:
    text = b'{"name": "a", "Name": "b"}'
    assert [repeats_a_name(text, orjson.loads(text), fold) for fold in (None, str.lower)] == [False, True]


@given(VALUES, st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]), st.booleans())
def test_a_text_without_repetitions_has_none(value: Any, separators: tuple[str, str], is_ascii: bool) -> None:
    text = json.dumps(value, separators=separators, ensure_ascii=is_ascii).encode()
    assert not repeats_a_name(text, orjson.loads(text))


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=3), VALUES, st.sampled_from([":", " : "]))
def test_any_name_that_is_added_again_is_noticed(value: dict[str, Any], other: Any, colon: str) -> None:
    pairs = [*value.items(), (next(iter(value)), other)]
    text = "{" + ", ".join(f"{json.dumps(name)}{colon}{json.dumps(it)}" for name, it in pairs) + "}"
    assert repeats_a_name(text.encode(), orjson.loads(text))
