"""Forms in every style that clients write: read whole and in order, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emulator.vendors.serpwow.requests.forms import MAX_DEPTH, MAX_FIELDS, BadForm, read_form

SCHEMAS = Path(__file__).parents[2] / "fixtures" / "serpwow" / "schemas"
names = st.text(st.characters(exclude_characters="[]{", exclude_categories=["Cs"]), min_size=1, max_size=8)
keys = names.filter(lambda name: not name.isdigit())
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
items = st.lists(texts, min_size=2, max_size=30)
objects = st.recursive(
    texts, lambda part: st.lists(part, min_size=1, max_size=4) | st.dictionaries(keys, part, min_size=1), max_leaves=8
)


def http_build_query(name: str, value: Any) -> list[tuple[str, str]]:
    """The fields that PHP's function of this name makes of a value."""
    if isinstance(value, str):
        return [(name, value)]
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    return [field for key, part in parts for field in http_build_query(f"{name}[{key}]", part)]


@given(names, items)
def test_a_list_is_read_whole_and_in_order_in_every_style(name: str, values: list[str]) -> None:
    for form in (
        [(name, value) for value in values],
        [(f"{name}[]", value) for value in values],
        [(f"{name}[{index}]", value) for index, value in enumerate(values)],
        [(f"{name}[{index}]", value) for index, value in enumerate(values)][::-1],
        [(f"{name}[{index * 3 + 7}]", value) for index, value in enumerate(values)],
    ):
        assert read_form(urlencode(form)) == {name: values}
        assert read_form(urlencode(form, safe="[]", quote_via=quote)) == {name: values}


@given(st.dictionaries(names, objects, max_size=4))
def test_what_http_build_query_writes_is_read_back(form: dict[str, Any]) -> None:
    fields = [field for name, value in form.items() for field in http_build_query(name, value)]
    assume(all(name.count("[") <= MAX_DEPTH for name, _ in fields))
    assert read_form(urlencode(fields)) == form


@given(st.text(st.sampled_from("ab01[]=&%+{é\x00,"), max_size=30))
def test_any_text_is_read_with_all_its_values_or_refused(text: str) -> None:
    try:
        form = read_form(text)
    except BadForm:
        return
    assert len(list(leaves(form))) == len([part for part in text.split("&") if part])


def leaves(value: Any) -> Any:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from leaves(part)


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ("a=1&a[]=2", "a has a value of its own"),
        ("a[0]=1&a[0]=2", "a[0] is there 2 times"),
        ("a[0]=1&a[]=2", "a mixes a[] with other brackets"),
        ("a[0]=1&a[x]=2", "a mixes indexes with names"),
        ("a[0]=1&a[00]=2", "a mixes indexes with names"),
        ("a[][q]=1", "a[] is followed by other brackets"),
        ("a[=1", "'a[' is not the name of a parameter: its brackets do not match"),
        ("a[0]b=1", "its brackets do not match"),
        ("=1", "'' is not the name of a parameter"),
        ("%7B%22a%22%3A1%7D", "is it JSON?"),
        ("%5B1%5D", "is it JSON?"),
        ("a=%FF", "not encoded in UTF-8"),
        ("a" + "[x]" * (MAX_DEPTH + 1) + "=1", "more than 5 pairs of brackets"),
        ("a" + "[x]" * 100_000 + "=1", "more than 5 pairs of brackets"),
        ("&".join(["a=1"] * (MAX_FIELDS + 1)), "more than 50000 fields"),
    ],
    ids=lambda text: text[:30],
)
def test_a_form_that_would_lose_a_value_is_refused(form: str, complaint: str) -> None:
    with pytest.raises(BadForm) as excinfo:
        read_form(form)
    assert complaint in str(excinfo.value)


def test_a_huge_index_takes_no_room() -> None:
    assert read_form("a[999999999]=2&a[3]=1") == {"a": ["1", "2"]}


@given(st.text(max_size=40), st.integers(0, 30_005))
def test_a_long_value_is_decoded_as_a_short_one_is(text: str, before: int) -> None:
    value = "x" * before + text * 3
    assert read_form(urlencode({"q": value})) == {"q": value}


@pytest.mark.parametrize(("schema", "flag"), [("batch", "enabled"), ("destination", "enabled"), ("search", "include_html")])
def test_the_schema_of_a_body_has_the_flags_that_http_build_query_makes(schema: str, flag: str) -> None:
    properties = json.loads((SCHEMAS / f"{schema}-parameters.schema.json").read_text())["properties"]
    assert {"0", "1"} <= {*properties[flag]["enum"][2:]}
