"""The pages that are made from tables are what the tables say today, and the scenarios together prove every fact."""

from __future__ import annotations

import pytest

from emulator.contract.evidence import load_evidence
from emulator.reports.support_matrix import coverage, not_emulated
from emulator.scenario.loader import load_text
from emulator.server.app import library
from emulator.vendors import VENDORS
from tests.pages.generated import CHECKED, PARTS, checked, part_of, played_answers, results, traces
from tests.support.loading import LIBRARY


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


def test_every_fact_of_the_stop_and_cancel_pages_is_proved_by_a_scenario() -> None:
    of_pages = [trace for trace in traces().values() if trace.evidence.page]
    assert {trace.evidence.page for trace in of_pages} == {"serpwow-stop", "serpwow-stopall", "stripe-cancel", "6dot50-cancel"}
    assert [trace.evidence.id for trace in of_pages if not trace.scenarios] == []


def test_a_scenario_proves_what_it_relies_on_or_what_no_playing_can() -> None:
    reached = {id for result in results().values() for id in result.evidence}
    vendors = {id: vendor.name for vendor in VENDORS.values() for id in load_evidence(vendor)}
    for name, result in results().items():
        called = {vendors.get(id) for id in result.evidence}
        for id in LIBRARY.get(name).content.get("proves", ()):
            assert id in result.evidence or (id not in reached and vendors[id] in called), (name, id)
