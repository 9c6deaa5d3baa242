"""The contents of a world at a moment: counted by status, listed in pages, one by one, and as numbers over time."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Emulator
from emulator.client.server import ControlError
from emulator.control.census import Censuses
from emulator.kernel.errors import EmulatorError
from emulator.kernel.world import World
from emulator.scenario.scenario import Scenario
from emulator.scenario.state import apply_state
from emulator.vendors import VENDORS

BATCHES = [{"id": f"B{n}", "name": f"Red {n}", "status": "queued" if n % 2 else "idle", "searches": 5} for n in range(6)]
STATE = {"serpwow": {"batches": BATCHES}, "stripe": {"batch_jobs": [{"id": "J1", "status": "in_progress", "rows": 100}]}}


@pytest.fixture
def told(emulator: Emulator) -> Emulator:
    """A world in which B1 was stopped by entry 1 and B3 by entry 2, and an hour passed."""
    emulator.load({"given": STATE, "timing": {"serpwow.queue": "30m"}})
    for id in ("B1", "B3"):
        call(emulator, f"/live/batches/{id}/stop")
    emulator.ask("POST", "/clock/advance", {"by": "1h"})
    return emulator


def call(emulator: Emulator, path: str) -> int:
    with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        return client.get(path, params={"api_key": emulator.serpwow.api_key}).status_code


def batches(emulator: Emulator, at: str = "now") -> dict[str, int]:
    kinds = emulator.ask("GET", f"/overview?at={at}")["vendors"]["serpwow"]["kinds"]
    counts: dict[str, int] = next(it["by_status"] for it in kinds if it["kind"] == "batch")
    return counts


def test_an_overview_counts_by_status_at_each_moment(told: Emulator) -> None:
    counts = {at: batches(told, at) for at in ("beginning", "entry/1", "entry/2")}
    assert counts == {
        "beginning": {"idle": 3, "queued": 3},
        "entry/1": {"idle": 4, "queued": 2},
        "entry/2": {"idle": 5, "queued": 1},
    }
    state = told.ask("GET", "/state")["serpwow"]["batches"]
    assert batches(told) == Counter(it["status"] for it in state)


def test_an_overview_has_the_numbers_of_a_moment(told: Emulator) -> None:
    overviews = [told.ask("GET", f"/overview?at={at}") for at in ("beginning", "entry/1", "entry/2")]
    assert [it["vendors"]["serpwow"]["numbers"]["credits_remaining"] for it in overviews] == [14985, 14990, 14995]
    assert [(it["entry"], it["oldest"]) for it in overviews] == [(0, 1), (1, 1), (2, 1)]
    assert overviews[0]["vendors"]["stripe"]["numbers"]["rows"] == 100


def test_a_kind_names_its_machine_and_its_place_in_the_state(told: Emulator) -> None:
    kinds = {it["kind"]: (it["machine"], it["place"]) for it in told.ask("GET", "/overview")["vendors"]["6dot50"]["kinds"]}
    assert kinds["payment"] == ("6dot50.payment", "batches.payments")
    assert kinds["token"] == (None, "tokens")


def test_the_machines_of_an_overview_are_those_of_its_vendor(told: Emulator) -> None:
    for vendor, own in told.ask("GET", "/overview")["vendors"].items():
        machines = {it.kind for it in VENDORS[vendor].machines}
        assert {it["machine"] for it in own["kinds"] if it["machine"]} == machines


PATCHES = st.sampled_from(
    [
        {"serpwow": {"batches": [{"id": "B0", "status": "running"}]}},
        {"serpwow": {"batches": [{"id": "B0", "deleted": True}]}},
        {"serpwow": {"batches": [{"id": "NEW", "status": "queued", "searches": 2}]}},
        {"serpwow": {"account": {"credits_limit": 900}}},
        {"6dot50": {"accounts": [{"name": "Acme", "balance": "10.50"}]}},
        {"stripe": {"batch_jobs": [{"id": "J1", "status": "complete", "rows": 100}]}},
    ]
)
ACTS = st.one_of(PATCHES, st.integers(1, 4000), st.sampled_from(["keep", "back", "beginning"]))


def act(world: World, deed: Any) -> None:
    with suppress(EmulatorError):
        if isinstance(deed, int):
            world.advance_by(timedelta(seconds=deed))
        elif isinstance(deed, dict):
            apply_state(world, VENDORS, deed, "set by control")
        elif deed == "keep":
            world.snapshot("kept")
        else:
            world.restore("kept" if deed == "back" and "kept" in world.snapshots else "beginning")


@given(st.lists(ACTS, max_size=12))
def test_what_is_counted_commit_by_commit_is_what_is_counted_anew(deeds: list[Any]) -> None:
    world = Scenario("a", "", {"given": STATE}).world(VENDORS, "a")
    kept = Censuses(VENDORS)
    for deed in deeds:
        act(world, deed)
        counted, anew = kept.of(world), Censuses(VENDORS).of(world)
        assert {kind: counted.by_status(kind) for kind in counted.counts} == {
            kind: anew.by_status(kind) for kind in anew.counts
        }
        assert counted.sums == anew.sums


def ids(page: dict[str, Any]) -> list[str]:
    return [it["id"] for it in page["resources"]]


def test_pages_of_resources_follow_each_other_to_the_end(told: Emulator) -> None:
    first = told.ask("GET", "/resources?vendor=serpwow&kind=batch&limit=4")
    second = told.ask("GET", f"/resources?vendor=serpwow&kind=batch&limit=4&after={first['after']}")
    assert ids(first) + ids(second) == [f"B{n}" for n in range(6)]
    assert (first["total"], second["total"], second["after"]) == (6, 6, None)


def test_pages_go_on_from_one_kind_to_the_next(told: Emulator) -> None:
    found, after = [], ""
    while True:
        page = told.ask("GET", f"/resources?limit=3{after}")
        found += ids(page)
        if page["after"] is None:
            break
        after = f"&after={page['after']}"
    assert (len(found), found.count("J1"), len(found)) == (page["total"], 1, len(set(found)) + found.count("self") - 1)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=queued&at=entry/1", ["B3", "B5"]),
        ("status=queued&at=beginning", ["B1", "B3", "B5"]),
        ("text=RED 3", ["B3"]),
        ("text=b4", ["B4"]),
        ("text=nothing", []),
        ("kind=batch_job", ["J1"]),
        ("kind=batch&vendor=6dot50", []),
    ],
)
def test_resources_are_chosen_by_status_kind_text_and_moment(told: Emulator, query: str, found: list[str]) -> None:
    assert ids(told.ask("GET", f"/resources?{query.replace(' ', '%20')}")) == found


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("vendor=serpwov", "no vendor is called 'serpwov'; did you mean 'serpwow'"),
        ("kind=bach", "no kind is called 'bach'; did you mean 'batch'"),
        ("status=quewed", "no status is called 'quewed'; did you mean 'queued'"),
        ("after=nowhere", "no page of these resources ends at 'nowhere'"),
        ("vendor=stripe&after=serpwow.batch:1", "no page of these resources ends"),
        ("limit=201", "limit is at most 200, and this is 201"),
        ("limit=0", "limit must be a whole number of at least 1"),
        ("at=entry/99", "no entry 99"),
        ("at=never", "no snapshot is called 'never'"),
    ],
)
def test_a_wish_for_what_there_is_not_is_refused(told: Emulator, query: str, reason: str) -> None:
    with pytest.raises(ControlError, match=reason):
        told.ask("GET", f"/resources?{query}")


def test_a_resource_has_its_fields_its_way_and_what_is_next(told: Emulator) -> None:
    found = told.ask("GET", "/resources/serpwow/batch/B1?at=beginning")
    assert (found["status"], found["place"], found["given"]["name"], found["way"]) == ("queued", "batches", "Red 1", [])
    queue = next(it for it in found["next"] if it["timer"] == "serpwow.queue")
    assert (queue["to"], queue["evidence"]) == ("running", "serpwow-queue-1")
    (step,) = told.ask("GET", "/resources/serpwow/batch/B1")["way"]
    assert (step["n"], step["from"], step["to"], step["why"]) == (1, "queued", "idle", "serpwow.batches.stop")


def test_a_resource_is_shown_as_the_state_writes_it(told: Emulator) -> None:
    (job,) = told.ask("GET", "/state")["stripe"]["batch_jobs"]
    assert told.ask("GET", "/resources/stripe/batch_job/J1")["given"] == job


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("serpwov/batch/B1", "no vendor is called"),
        ("serpwow/bach/B1", "did you mean 'batch'"),
        ("serpwow/batch/B99", "no serpwow batch is called 'B99'"),
    ],
)
def test_a_resource_that_there_is_not_is_not_found(told: Emulator, path: str, reason: str) -> None:
    with pytest.raises(ControlError, match=reason):
        told.ask("GET", f"/resources/{path}")


def test_a_payment_is_shown_as_a_part_of_its_batch(emulator: Emulator) -> None:
    payment = {"id": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "msisdn": "27821231234", "amount": 100}
    emulator.load({"given": {"6dot50": {"batches": [{"name": "Wages", "status": "DRAFT", "payments": [payment]}]}}})
    found = emulator.ask("GET", f"/resources/6dot50/payment/{payment['id']}")
    assert found["place"].startswith("batches[")
    assert (found["place"].endswith("].payments"), found["given"]["amount"]) == (True, Decimal(100))


def test_a_token_is_nowhere_to_be_read(emulator: Emulator) -> None:
    secret = "opensesameopensesame"
    token = {"token": secret, "key": "k", "expiresAt": "2030-01-01T00:00:00Z"}
    emulator.load({"given": {"6dot50": {"tokens": [token]}}})
    page = emulator.ask("GET", "/resources?kind=token")
    assert ids(page) == ["open…"]
    assert ids(emulator.ask("GET", "/resources?text=sesame")) == []
    assert secret not in str(emulator.ask("GET", f"/resources/6dot50/token/{secret}"))


def test_numbers_have_a_point_wherever_they_changed(told: Emulator) -> None:
    series = {it["name"]: it["points"] for it in told.ask("GET", "/numbers")["series"]}
    values = [it["value"] for it in series["credits_remaining"]]
    assert values[:3] == [14985, 14990, 14995]
    assert [it["n"] for it in series["credits_remaining"]][:3] == [0, 1, 2]
    assert [it["value"] for it in series["rows"]] == [100, 100]


def test_every_point_of_a_number_is_its_value_at_that_moment(told: Emulator) -> None:
    for series in told.ask("GET", "/numbers")["series"]:
        for point in series["points"][1:]:
            numbers = told.ask("GET", f"/overview?at=entry/{point['n']}")["vendors"][series["vendor"]]["numbers"]
            assert numbers[series["name"]] == point["value"], series


def test_numbers_with_too_many_points_say_that_some_are_left_out(told: Emulator) -> None:
    whole, few = told.ask("GET", "/numbers"), told.ask("GET", "/numbers?limit=2")
    assert (whole["thinned"], few["thinned"]) == (False, True)
    points, ends = ({it["name"]: it["points"] for it in page["series"]}["credits_used"] for page in (whole, few))
    assert ends == [points[0], points[-1]]


def test_the_state_of_a_moment_is_the_one_that_was_shown_then(emulator: Emulator) -> None:
    emulator.load({"given": STATE})
    before = emulator.ask("GET", "/state")
    call(emulator, "/live/batches/B0/start")
    then = emulator.ask("GET", "/state")
    call(emulator, "/live/batches/B0/stop")
    now = emulator.ask("GET", "/state")
    assert [emulator.ask("GET", f"/state?at={at}") for at in ("beginning", "entry/1", "entry/2", "now")] == [
        before,
        then,
        now,
        now,
    ]


def test_a_world_goes_back_to_an_entry_and_on_from_one_in_another_world(emulator: Emulator) -> None:
    emulator.load({"given": STATE})
    for id in ("B1", "B3", "B5"):
        call(emulator, f"/live/batches/{id}/stop")
    fork = emulator.ask("POST", "/fork", {"at": "entry/1"})["id"]
    emulator.ask("POST", "/restore", {"name": "entry/2"})
    assert batches(emulator) == {"idle": 5, "queued": 1}
    assert "B3" in [it["id"] for it in emulator.ask("GET", "/diff?from=entry/1&to=now")["differences"]]
    assert emulator.ask("GET", "/journal")["last"] == 2
    with httpx.Client(transport=emulator.transport(), base_url=f"http://127.0.0.1/_emulator/worlds/{fork}") as client:
        (serpwow, *_) = client.get("/overview").json()["vendors"].values()
    assert {"idle": 4, "queued": 2} in [it["by_status"] for it in serpwow["kinds"]]


def test_a_moment_that_is_too_long_ago_says_where_it_ends(emulator: Emulator) -> None:
    emulator.load({"given": STATE})
    call(emulator, "/live/batches/B1/stop")
    emulator.ask("DELETE", "/journal")
    call(emulator, "/live/batches/B3/stop")
    with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1/_emulator/worlds") as client:
        refusal = client.get(f"/{emulator.id}/overview?at=entry/1")
    assert (refusal.status_code, refusal.json()["oldest"]) == (409, 2)
    assert batches(emulator, "entry/2") == {"idle": 5, "queued": 1}
