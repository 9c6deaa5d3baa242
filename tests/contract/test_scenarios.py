"""Every shipped scenario is a test, in-process and over TCP, and together they prove every fact."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import httpx
import pytest

from emulator.client.http import HttpClient
from emulator.client.in_process import InProcessClient
from emulator.contract.evidence import KINDS, load_evidence
from emulator.kernel.machine import EVERY, Row
from emulator.kernel.transaction import Transaction
from emulator.reports.evidence_trace import EvidenceTrace, evidence_traces, play_all
from emulator.scenario.player import Played, play
from emulator.scenario.scenario import Scenario
from emulator.server.app import library
from emulator.vendors import VENDORS
from emulator.web.guard import PREFIX
from tests.conftest import Live
from tests.support.walking import Walker, walk

LIBRARY = library()
MACHINES = {machine.kind: machine for vendor in VENDORS.values() for machine in vendor.machines}
ROWS = [(machine.kind, row) for machine in MACHINES.values() for row in machine.rows]
NEVER_ASKED = {
    ("serpwow.batch", "idle", "stopall"),
    ("serpwow.batch", "*", "create"),
    ("serpwow.destination", "kept", "create"),
    ("serpwow.batch", "absent", "stopall"),
    ("6dot50.batch", "*", "create"),
    ("6dot50.batch", "absent", "conclude"),
    ("6dot50.payment", "*", "add_payments"),
    ("6dot50.payment", "absent", "submit"),
    ("6dot50.payment", "absent", "cancel"),
    ("6dot50.payment", "absent", "register"),
    ("6dot50.payment", "DRAFT", "register"),
    ("6dot50.payment", "SETTLED", "register"),
    ("6dot50.payment", "CANCELLED", "register"),
}
"""Rows that a total table must have and no client can reach: only effects give these commands, and only where they fit."""


def played(scenario: Scenario, url: str | None = None) -> Played:
    with HttpClient(url) if url else nullcontext(InProcessClient()) as client:
        return play(scenario, client)


@pytest.mark.parametrize("name", LIBRARY.names())
def test_a_scenario_plays_in_process(name: str) -> None:
    assert played(LIBRARY.get(name)).differences == []


@pytest.mark.parametrize("name", LIBRARY.names())
def test_a_scenario_plays_over_tcp(name: str, live: Live) -> None:
    assert played(LIBRARY.get(name), live.url).differences == []


def test_a_scenario_with_steps_is_what_we_ship_and_titles_are_sentences() -> None:
    for name in LIBRARY.names():
        scenario = LIBRARY.get(name)
        assert scenario.steps, name
        assert " " in scenario.title, name
        assert scenario.title[0].isupper() or scenario.title[0].isdigit(), name


@pytest.fixture(scope="module")
def traced() -> list[EvidenceTrace]:
    return evidence_traces(LIBRARY, play_all(LIBRARY))


def test_every_fact_of_the_stop_and_cancel_pages_is_proved_by_a_scenario(traced: list[EvidenceTrace]) -> None:
    pages = {trace.evidence.page for trace in traced if trace.evidence.page}
    assert pages == {"serpwow-stop", "serpwow-stopall", "stripe-cancel", "6dot50-cancel"}
    assert [trace.evidence.id for trace in traced if trace.evidence.page and not trace.scenarios] == []


def test_no_fact_lies_about_unused(traced: list[EvidenceTrace]) -> None:
    sources = {wait.source for vendor in VENDORS.values() for wait in vendor.timers.values()}
    assert [it.evidence.id for it in traced if not it.rows and not it.scenarios and it.evidence.id not in sources] == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_fact_has_a_kind_and_a_source(vendor: str) -> None:
    for evidence in load_evidence(VENDORS[vendor]).values():
        assert evidence.kind in KINDS
        assert evidence.id.startswith(f"{vendor}-")
        assert (evidence.source == "unpublished") == (evidence.kind == "inferred"), evidence.id


def test_every_row_and_wait_cites_a_fact_that_exists() -> None:
    known = {id for vendor in VENDORS.values() for id in load_evidence(vendor)}
    assert {row.evidence for _, row in ROWS} <= known
    sources = {wait.source for vendor in VENDORS.values() for wait in vendor.timers.values()}
    assert sources <= known | {"invented"}


def test_every_answer_of_a_row_is_worded() -> None:
    for vendor in VENDORS.values():
        answers = {row.answer for machine in vendor.machines for row in machine.rows if row.answer}
        assert answers <= set(vendor.renderers)


def test_every_assumption_that_a_row_names_exists_with_that_choice() -> None:
    for vendor in VENDORS.values():
        choices = {it.id: it.choices for it in vendor.assumptions}
        for machine in vendor.machines:
            for row in machine.rows:
                assert row.assume is None or row.assume.choice in choices[row.assume.assumption]


def test_every_choice_of_every_assumption_is_played() -> None:
    assumed: set[tuple[str, str]] = set()
    for name in LIBRARY.names():
        assumed |= {(id, str(choice)) for id, choice in LIBRARY.get(name).written.get("assume", {}).items()}
    others = {
        (it.id, choice)
        for vendor in VENDORS.values()
        for it in vendor.assumptions
        for choice in it.choices
        if choice != it.default
    }
    assert others - assumed == set()


def stands_for(written: Row, row: Row) -> bool:
    """Whether a row is the written one, or one of those that it was short for."""
    same = (written.cause, written.answer, written.effect, written.evidence, written.when, written.assume)
    return written.state in (EVERY, row.state) and same == (
        row.cause,
        row.answer,
        row.effect,
        row.evidence,
        row.when,
        row.assume,
    )


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, Row]]:
    rows: set[tuple[str, Row]] = set()
    take = Transaction._take

    def note(self: Transaction, kind: str, id: str, row: Row, resource: Any) -> Any:
        rows.add((kind, row))
        return take(self, kind, id, row, resource)

    monkeypatch.setattr(Transaction, "_take", note)
    return rows


def test_every_row_of_every_table_is_walked_by_a_scenario(walked: set[tuple[str, Row]]) -> None:
    for name in LIBRARY.names():
        played(LIBRARY.get(name))
    written = [(kind, row) for kind, machine in MACHINES.items() for row in machine.written]
    left = [(kind, row) for kind, row in written if not any(kind == other and stands_for(row, it) for other, it in walked)]
    told = [f"{kind}: {row.state} --{row.cause}--> {row.to} ({row.answer})" for kind, row in left]
    assert [
        it for it, (kind, row) in zip(told, left, strict=True) if (kind, row.state, str(row.cause)) not in NEVER_ASKED
    ] == []


@pytest.mark.parametrize("name", [name for name in LIBRARY.names() if "ten-thousandth" not in name])  # too slow, and no other
def test_the_state_can_be_given_again_at_every_moment_of_the_library(name: str) -> None:
    """What a scenario assumes, and how long things take in it, is its own, and is given with the state."""
    written = LIBRARY.get(name).written
    rules = {key: written[key] for key in ("assume", "timing") if key in written}

    async def look(walker: Walker, request: httpx.Request) -> None:
        if request.url.path.startswith(PREFIX):
            return
        world = f"/worlds/{request.headers['Emulator-World']}"
        given = await walker.ask("GET", f"{world}/state")
        now = (await walker.ask("GET", f"{world}/clock"))["now"]
        scenario = {"title": "Again", "clock": {"start": now}, **rules, "given": given}
        await walker.ask("POST", "/worlds", {"id": "again", "scenario": scenario, "claim": False})
        assert await walker.ask("GET", "/worlds/again/state") == given
        await walker.ask("DELETE", "/worlds/again")

    walk(name, look)
