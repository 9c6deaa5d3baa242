"""Scenarios checked as somebody writes them: each mistake with its line, whatever the text is, and nothing made of it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.support.server import Live

SOUND = "title: A\ngiven:\n  serpwow:\n    batches:\n      - {id: B1, status: queued, searches: 10}\n"


def checked(live: Live, text: str, **headers: str) -> Any:
    reply = httpx.post(f"{live.url}/_emulator/check", content=text, headers={"content-type": "application/yaml", **headers})
    assert reply.status_code == 200, reply.text
    return reply.json()


def worlds(live: Live) -> list[str]:
    return [it["id"] for it in live.control.get("/_emulator/worlds").json()["worlds"]]


def test_a_sound_scenario_has_no_mistake_and_makes_no_world(live: Live) -> None:
    before = worlds(live)
    assert checked(live, SOUND) == {"mistakes": [], "warnings": [], "untold": 0}
    assert worlds(live) == before


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        (SOUND.replace("queued", "quewed"), 5, 26, "did you mean 'queued'"),
        (SOUND.replace("batches", "batch"), 4, 5, "did you mean"),
        ("title: A\n  given: [\n", 2, 8, ""),
        ("title: A\ntitle: B\n", 2, 1, "title"),
        ("- a\n", 1, 1, ""),
    ],
)
def test_a_mistake_has_its_line_and_column(live: Live, text: str, line: int, column: int, message: str) -> None:
    (mistake, *_) = checked(live, text)["mistakes"]
    assert (mistake["line"], message in mistake["message"]) == (line, True), mistake
    assert mistake["column"] == column


def test_json_is_checked_with_lines_as_well(live: Live) -> None:
    text = json.dumps({"title": "A", "given": {"serpwow": {"batches": [{"id": "B1", "status": "quewed"}]}}}, indent=2)
    (mistake,) = checked(live, text, **{"content-type": "application/json"})["mistakes"]
    assert (mistake["line"], "did you mean 'queued'" in mistake["message"]) == (8, True)


def test_what_can_have_no_effect_is_a_warning(live: Live) -> None:
    job = "{status: complete, rows: 3, timing: {stripe.drain: 2s}}"
    found = checked(live, f"title: A\ngiven:\n  stripe:\n    batch_jobs: [{job}]\n")
    (warning,) = found["warnings"]
    assert (found["mistakes"], warning["line"]) == ([], 4)
    assert warning["message"] == "nothing that is complete waits for stripe.drain"


def test_a_body_beyond_its_bound_is_refused(live: Live) -> None:
    reply = httpx.post(f"{live.url}/_emulator/check", content="a" * 1_000_001)
    assert reply.status_code == 413
