"""A scenario that is a value is written as people write one, and is read back to the same value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from emulator.client.json_encoding import plain
from emulator.scenario.layout import WIDTH, to_yaml
from emulator.scenario.loader import load_text
from emulator.scenario.strict_yaml import parse
from emulator.vendors import VENDORS
from tests.support.loading import LIBRARY

ODD_TEXTS = [
    "on",
    "0123",
    "1:30",
    "2026-03-09T20:55:31Z",
    "~",
    "{a}",
    "x: y",
    "",
    " z ",
    "1e3",
    "yes",
    "a #b",
    "a:",
    "-",
    "...",
]
LINES = st.lists(st.text(" #:-{}'\"az\té\u2028", max_size=60), max_size=4).map("\n".join)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**9), 10**9),
        st.decimals(min_value=-1000, max_value=1000, places=2),
        st.sampled_from(ODD_TEXTS),
        LINES,
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc-_.0129", min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["value", "given", "steps"]), VALUES))
def test_what_is_written_is_read_back(scenario: dict[str, Any]) -> None:
    document = parse(to_yaml(scenario))
    assert document.problems == []
    assert (document.value or {}) == scenario


@given(LINES | st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(ODD_TEXTS))
def test_a_text_is_that_text_to_readers_of_yaml_1_1_too(text: str) -> None:
    written = to_yaml({"value": text, "among": [{"others": text}]})
    assert yaml.safe_load(written) == {"value": text, "among": [{"others": text}]}


@given(LINES)
def test_a_text_keeps_its_meaning_where_escapes_stand_for_letters(text: str) -> None:
    written = to_yaml({"value": text, "among": [{"others": text}]})
    assert parse(written.encode("ascii", "backslashreplace").decode()).value == {"value": text, "among": [{"others": text}]}


@pytest.mark.parametrize("name", LIBRARY.names())
def test_a_shipped_scenario_is_read_back(name: str) -> None:
    content = LIBRARY.get(name).content
    assert load_text(to_yaml(content), VENDORS, name, "written").content == content


def test_a_step_has_a_line_for_each_of_its_keys() -> None:
    step = {"send": "POST /v2/core/batch_jobs", "headers": {"Authorization": "Bearer {stripe.api_key}"}, "get": {"status": 401}}
    scenario = {"title": "A job", "given": {"stripe": {"platform": {"status": "up"}}}, "steps": [step, {"advance": "30s"}]}
    assert to_yaml(scenario) == (
        "title: A job\n"
        "given:\n"
        "  stripe:\n"
        "    platform: {status: up}\n"
        "steps:\n"
        "  - send: POST /v2/core/batch_jobs\n"
        '    headers: {Authorization: "Bearer {stripe.api_key}"}\n'
        "    get: {status: 401}\n"
        "  - advance: 30s\n"
    )


def test_what_does_not_fit_on_a_line_stands_below_its_key() -> None:
    batches = [{"id": f"B{number}", "status": "queued", "name": "A batch with a name"} for number in range(4)]
    lines = to_yaml({"given": {"serpwow": {"batches": batches}}}).splitlines()
    assert lines[:4] == [
        "given:",
        "  serpwow:",
        "    batches:",
        "      - {id: B0, status: queued, name: A batch with a name}",
    ]
    assert max(map(len, lines)) <= WIDTH


def test_a_file_that_is_uploaded_is_written_line_by_line() -> None:
    body = '{"id":"req_1","params":{"name":"Jenny"}}\n{"id":"req_2","params":{"name":"Jenny"}}\n'
    assert to_yaml({"body": body}).splitlines() == ["body: |", *(f"  {line}" for line in body.splitlines())]


def test_what_python_has_of_its_own_is_written_as_a_scenario_has_it() -> None:
    value = {"for": timedelta(seconds=90), "after": 0.00001, "at": datetime(2026, 3, 9, 20, 55, 31, tzinfo=UTC)}
    assert parse(to_yaml(plain(value))).value == {"for": "1m30s", "after": Decimal("0.00001"), "at": "2026-03-09T20:55:31Z"}


def test_decimals_stay_exact() -> None:
    text = to_yaml({"title": "x", "amount": Decimal("0.10")})
    assert "amount: 0.10" in text
    with pytest.raises(Exception, match="unknown key 'amount'"):
        load_text(text, VENDORS, "x", "x")
