"""The table of the samples of the vendors' pages: each scenario compares a whole reply, its keys and numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.loading import LIBRARY

PAGE = (Path(__file__).parents[2] / "docs" / "what-works.md").read_text("utf-8")
SECTION = PAGE.partition("## The samples of the vendors' pages\n")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| \[[^]]+\]\((https://[^)]+)\) \| `([^`]+)` \|", SECTION, re.MULTILINE)


def test_the_stop_pages_of_serpwow_are_in_the_table() -> None:
    assert {"serpwow/sample-of-stop", "serpwow/sample-of-stop-all"} <= {scenario for _, scenario in ROWS}


@pytest.mark.parametrize(("page", "scenario"), ROWS)
def test_the_scenario_of_a_sample_compares_all_of_a_reply(page: str, scenario: str) -> None:
    steps = LIBRARY.get(scenario).content["steps"]
    assert any(step.get("get", {}).get("exactly") and step["get"]["json"] for step in steps), page
