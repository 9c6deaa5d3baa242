"""The pages that say what works are what playing the scenarios finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.reports.support_matrix import Answers, answers, coverage, not_emulated, overview
from emulator.server.app import library
from emulator.vendors import VENDORS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found() -> Answers:
    return answers(library())


def between(page: str, marker: str) -> str:
    return (ROOT / page).read_text("utf-8").partition(f"<!-- {marker} -->\n")[2].partition(f"<!-- /{marker} -->")[0]


def test_the_page_of_what_works_is_up_to_date(found: Answers) -> None:
    told = "\n".join(coverage(found)).strip()
    assert between("fixtures/README.md", "works").strip() == told, "write it anew: python -m tests.pages.test_coverage"


def test_the_readme_names_every_operation_with_its_evidence(found: Answers) -> None:
    told = "\n".join(overview(found)).strip()
    assert between("README.md", "works").strip() == told, "write it anew: python -m tests.pages.test_coverage"
    assert "| none |" not in between("README.md", "works")


def test_every_operation_is_on_the_page_and_gave_an_answer(found: Answers) -> None:
    lines = coverage(found)
    for vendor in VENDORS.values():
        for operation in vendor.operations:
            (line,) = [line for line in lines if line.startswith(f"| `{operation.name}` |")]
            assert not line.endswith("| - | - | - |"), operation.name


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_not_emulated_is_said(vendor: str) -> None:
    sentences = not_emulated(vendor)
    assert sentences
    assert all(sentence.endswith(".") for sentence in sentences)


def write_anew(page: str, lines: list[str]) -> None:
    """Puts the lines, as they are found now, between a page's markers."""
    before, _, rest = (ROOT / page).read_text("utf-8").partition("<!-- works -->\n")
    after = rest.partition("<!-- /works -->")[2]
    (ROOT / page).write_text(f"{before}<!-- works -->\n" + "\n".join(lines).rstrip() + f"\n<!-- /works -->{after}")


if __name__ == "__main__":
    now = answers(library())
    write_anew("fixtures/README.md", coverage(now))
    write_anew("README.md", overview(now))
