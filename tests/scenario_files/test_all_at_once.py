"""Every contradiction is told at once, in the order of the file, once nothing else is wrong there; mistakes of JSON are placed."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.kernel.errors import BadInput
from emulator.scenario.loader import load_file, load_text
from emulator.vendors import VENDORS

CREDITS, TWICE = "credits_limit is 5, but 9 credits are used", "the id 'A' is given twice"


def mistakes_in(text: str) -> list[tuple[int | None, str]]:
    with pytest.raises(BadInput) as excinfo:
        load_text(text, VENDORS, "story", "story.yaml")
    return [(problem.line, problem.message) for problem in excinfo.value.problems]


@pytest.mark.parametrize(
    ("lines", "mistakes"),
    [
        (
            [
                "  serpwow:",
                "    account: {credits_limit: 5, credits_used: 9}",
                "    batches:",
                "      - {id: A}",
                "      - {id: A}",
            ],
            [(7, TWICE)],
        ),
        (
            [
                "  serpwow:",
                "    batches:",
                "      - {id: B, status: running, since: '2025-01-01T00:00:00Z'}",
                "      - {id: C, created_at: '2030-01-01T00:00:00Z'}",
                "    account: {credits_limit: 5, credits_used: 9}",
                "    error_logs: [{id: E, date: '2030-01-01T00:00:00Z'}]",
            ],
            [(5, "leaves this status at"), (6, "has not come yet"), (7, CREDITS), (8, "has not come yet")],
        ),
        (
            [
                "  serpwow:",
                "    account: {credits_limt: 5}",
                "    batches:",
                "      - {id: A, called_at: '2025-01-01T00:00:00Z'}",
            ],
            [(4, "credits_limit")],
        ),
        (
            [
                "  stripe:",
                "    batch_jobs:",
                "      - {status: validating, since: '2025-01-01T00:00:00Z'}",
                "      - {status: complete, created: '2030-01-01T00:00:00Z'}",
                "    event_destinations: [{created: '2030-01-01T00:00:00Z'}]",
            ],
            [(5, "is so no longer"), (6, "has not come yet"), (7, "has not come yet")],
        ),
        (
            [
                "  6dot50:",
                "    accounts: [{name: A, createdAt: '2030-01-01T00:00:00Z'}]",
                "    batches: [{status: DRAFT, createdAt: '2030-01-01T00:00:00Z'}]",
            ],
            [(4, "has not come yet"), (5, "has not come yet")],
        ),
    ],
)
def test_contradictions_are_told_once_nothing_else_is_wrong_with_a_vendor(
    lines: list[str], mistakes: list[tuple[int, str]]
) -> None:
    mistakes_found = mistakes_in("\n".join(["title: A story", "given:", *lines]))
    assert [line for line, _ in mistakes_found] == [line for line, _ in mistakes], mistakes_found
    for (_, message), (_, part) in zip(mistakes_found, mistakes, strict=True):
        assert part in message


@pytest.mark.parametrize(
    ("lines", "places"),
    [
        (['{"title": "A",', ' "seed": 1,', ' "seed": 2,', ' "clok": {}}'], [(3, 2), (4, 10)]),
        (['{"title": "A",', ' "seed": 12345678901234567890123}'], [(2, 10)]),
        (['{"title": "1e999 in a text",', ' "seed": 1e999}'], [(2, 10)]),
    ],
)
def test_mistakes_of_json_are_placed(tmp_path: Path, lines: list[str], places: list[tuple[int, int]]) -> None:
    (tmp_path / "story.json").write_text("\n".join(lines))
    with pytest.raises(BadInput) as excinfo:
        load_file(tmp_path / "story.json", VENDORS)
    assert [(problem.line, problem.column) for problem in excinfo.value.problems] == places, excinfo.value.lines()
