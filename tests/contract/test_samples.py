"""The table of the samples of the vendors' pages: each scenario compares a whole reply, its keys and numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.loading import LIBRARY

PAGE = (Path(__file__).parents[2] / "docs" / "what-works.md").read_text("utf-8")
SECTION = PAGE.partition("## The samples of the vendors' pages\n")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| \[[^]]+\]\((https://[^)]+)\) \| `([^`]+)` \|", SECTION, re.MULTILINE)


def test_the_samples_of_every_vendor_are_in_the_table() -> None:
    stops = {"serpwow/sample-of-stop", "serpwow/sample-of-stop-all"}
    cancels = {
        "6dot50/cancel-of-the-documented-batch",
        "stripe/cancel-page-sample-cancelling",
        "stripe/cancel-page-sample-canceled",
    }
    assert stops | cancels <= {scenario for _, scenario in ROWS}


@pytest.mark.parametrize(("page", "scenario"), ROWS)
def test_the_scenario_of_a_sample_compares_all_of_a_reply(page: str, scenario: str) -> None:
    replies = [step.get("get", {}) for step in LIBRARY.get(scenario).content["steps"]]
    assert any(reply.get("text") or (reply.get("exactly") and reply["json"]) for reply in replies), page
