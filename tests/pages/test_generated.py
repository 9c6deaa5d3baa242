"""The pages that are made from tables are what the tables say today."""

from __future__ import annotations

import pytest

from emulator.reports.support_matrix import coverage, not_emulated
from emulator.scenario.loader import load_text
from emulator.server.app import library
from emulator.vendors import VENDORS
from tests.pages.generated import CHECKED, PARTS, checked, part_of, played_answers


@pytest.mark.parametrize(("page", "name"), PARTS)
def test_a_generated_page_is_up_to_date(page: str, name: str) -> None:
    assert part_of(page, name) == PARTS[page, name]().strip(), "write it anew: make pages"


@pytest.mark.parametrize("name", CHECKED)
def test_a_checked_scenario_is_what_its_file_says(name: str) -> None:
    assert CHECKED[name].read_bytes() == checked(name), "write it anew: make pages"
    (read, kept) = load_text(library().path(name).read_text("utf-8"), VENDORS, "as read", ""), library().get(name)
    assert (repr(kept.content), kept.lines) == (repr(read.content), read.lines)


def test_every_operation_is_on_the_page_and_gave_an_answer() -> None:
    assert "| none |" not in part_of("what-works.md", "operations")
    lines = coverage(played_answers())
    for vendor in VENDORS.values():
        for operation in vendor.operations:
            (line,) = [line for line in lines if line.startswith(f"| `{operation.name}` |")]
            assert not line.endswith("| - | - | - |"), operation.name


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_page_says_what_is_not_emulated(vendor: str) -> None:
    sentences = not_emulated(VENDORS[vendor])
    assert sentences
    assert all(sentence.endswith(".") for sentence in sentences)
