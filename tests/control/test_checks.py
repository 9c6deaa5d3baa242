"""Scenarios checked as somebody writes them: each mistake with its line, whatever the text is, and nothing made of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from emulator.control import bodies
from emulator.control.bodies import LONG_TEXT, whole_document
from emulator.control.http import HttpRequest
from emulator.kernel.errors import Problem
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web.event_loop import READINGS, in_reading_thread
from emulator.web.requests import IncomingBody
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


def test_a_long_text_is_read_beside_the_loop_and_counts_as_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = list[int]()

    async def noting(*arguments: Any) -> Any:
        texts.append(len(text))
        return await in_reading_thread(*arguments)

    monkeypatch.setattr(bodies, "in_reading_thread", noting)
    monkeypatch.setattr(IncomingBody, "count_value", lambda _, value: texts.append(value["document"].value["title"]))
    text = f"title: A\n{'#' * LONG_TEXT}"
    with ThreadedServer(create_app(worlds_of([]))) as server:
        httpx.post(f"{server.url}/_emulator/check", content=text, timeout=None).raise_for_status()
    assert texts == [len(text), "A"]


def test_few_long_texts_are_read_at_a_time() -> None:
    reading, most = set[object](), list[int]()

    def read(token: object) -> None:
        reading.add(token)
        while not most and len(reading) < READINGS:
            pass
        most.append(len(reading))
        reading.discard(token)

    async def read_many() -> None:
        await asyncio.gather(*(in_reading_thread(read, object()) for _ in range(4 * READINGS)))

    asyncio.run(read_many())
    assert max(most) == READINGS


def test_what_is_no_yaml_leaves_its_mistakes_and_not_what_was_read() -> None:
    body = whole_document("title: [", HttpRequest({"headers": [], "query_string": b""}, {}))
    assert [type(it) for it in body["mistakes"]] == [Problem]
