"""Every shipped scenario is a test, and together they prove every fact. `test_ends_of_scenarios.py` plays them without a socket."""

from __future__ import annotations

import httpx
import pytest

from emulator.contract.evidence import load_evidence
from emulator.reports.evidence_trace import EvidenceTrace, evidence_traces, play_all
from emulator.scenario.player import PlayResult
from emulator.vendors import VENDORS
from emulator.web.guard import PREFIX
from tests.support.loading import LIBRARY
from tests.support.walking import Walker, walk


def test_a_scenario_with_steps_is_what_we_ship_and_titles_are_sentences() -> None:
    for name in LIBRARY.names():
        scenario = LIBRARY.get(name)
        assert scenario.steps, name
        assert " " in scenario.title, name
        assert scenario.title[0].isupper() or scenario.title[0].isdigit(), name


@pytest.fixture(scope="module")
def results() -> dict[str, PlayResult]:
    return play_all(LIBRARY)


def test_every_scenario_plays_in_one_process(results: dict[str, PlayResult]) -> None:
    assert {name: scenario.differences for name, scenario in results.items() if scenario.differences} == {}


@pytest.fixture(scope="module")
def traces(results: dict[str, PlayResult]) -> list[EvidenceTrace]:
    return evidence_traces(LIBRARY, results)


def test_every_fact_of_the_stop_and_cancel_pages_is_proved_by_a_scenario(traces: list[EvidenceTrace]) -> None:
    pages = {trace.evidence.page for trace in traces if trace.evidence.page}
    assert pages == {"serpwow-stop", "serpwow-stopall", "stripe-cancel", "6dot50-cancel"}
    assert [trace.evidence.id for trace in traces if trace.evidence.page and not trace.scenarios] == []


def test_a_scenario_proves_what_it_relies_on_or_what_no_playing_can(results: dict[str, PlayResult]) -> None:
    reached = {id for result in results.values() for id in result.evidence}
    vendors = {id: vendor.name for vendor in VENDORS.values() for id in load_evidence(vendor)}
    for name, result in results.items():
        called = {vendors.get(id) for id in result.evidence}
        for id in LIBRARY.get(name).content.get("proves", ()):
            assert id in result.evidence or (id not in reached and vendors[id] in called), (name, id)


@pytest.mark.parametrize("name", [name for name in LIBRARY.names() if "ten-thousandth" not in name])  # too slow, and no other
def test_the_state_can_be_given_again_at_every_moment_of_the_library(name: str) -> None:
    """What a scenario assumes, and how long things take in it, is its own, and is given with the state."""
    content = LIBRARY.get(name).content
    rules = {key: content[key] for key in ("assume", "timing") if key in content}

    async def look(walker: Walker, request: httpx.Request) -> None:
        if request.url.path.startswith(PREFIX):
            return
        world = f"/worlds/{request.headers['Emulator-World']}"
        state = await walker.ask("GET", f"{world}/state")
        now = (await walker.ask("GET", f"{world}/clock"))["now"]
        scenario = {"title": "Again", "clock": {"start": now}, **rules, "given": state}
        await walker.ask("POST", "/worlds", {"id": "again", "scenario": scenario, "claim": False})
        assert await walker.ask("GET", "/worlds/again/state") == state
        await walker.ask("DELETE", "/worlds/again")

    walk(name, look)
