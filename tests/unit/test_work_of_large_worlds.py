"""The work of large worlds: what is refused is not begun, what is repeated is read once, and what is far away costs nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from emulator.client.in_process import InProcessClient
from emulator.kernel.budget import Budget
from emulator.kernel.errors import TooMany
from emulator.kernel.limits import Limits
from emulator.scenario.client import ReceivedResponse
from emulator.scenario.document import Document
from emulator.scenario.loader import load_document
from emulator.server.app import create_app, worlds_of
from emulator.vendors import VENDORS
from emulator.vendors.serpwow import state as serpwow_state
from tests.support.loading import load_value
from tests.support.toy import HEAT, KETTLE, STOP, kitchen
from tests.support.work import calls_of

BATCH = {"status": "queued", "searches": 1}
RICH = {"account": {"credits_limit": 10**9}}
WAITING = {"serpwow.queue": "never"}


def many_batches(count: int) -> dict[str, Any]:
    return {"title": "T", "timing": WAITING, "given": {"serpwow": {**RICH, "batches": [{"repeat": count, **BATCH}]}}}


def many_payments(count: int) -> dict[str, Any]:
    payments = [{"repeat": count, "msisdn": "27821231234", "amount": 1}]
    return {"title": "T", "given": {"6dot50": {"batches": [{"name": "March", "payments": payments}]}}}


def long_timeline(count: int) -> dict[str, Any]:
    changes = ({"serpwow": {"account": {"credits_limit": n}}} for n in range(count))
    return {"title": "T", "timeline": [{"after": f"{n + 1}h", "set": change} for n, change in enumerate(changes)]}


def growth(work: Callable[[int], object], few: int) -> float:
    """Return how many times more calls the second doubling of a size adds than the first: 2 where the cost is linear."""
    work(few)  # what is made once for all is made
    once, twice, four_times = (calls_of(lambda size=size: work(size)) for size in (few, 2 * few, 4 * few))  # type: ignore[misc]
    return (four_times - twice) / (twice - once)


@pytest.mark.parametrize("scenario", [many_batches, many_payments, long_timeline])
def test_the_work_of_loading_grows_with_what_is_loaded(scenario: Callable[[int], dict[str, Any]]) -> None:
    assert growth(lambda size: load_value(scenario(size), VENDORS), 150) < 2.2


@pytest.mark.parametrize(("scenario", "most"), [(many_batches, 700), (many_payments, 700)])
def test_a_resource_that_is_repeated_takes_few_calls(scenario: Callable[[int], dict[str, Any]], most: int) -> None:
    load_value(scenario(100), VENDORS)
    few, many = (calls_of(lambda size=size: load_value(scenario(size), VENDORS)) for size in (100, 300))  # type: ignore[misc]
    assert (many - few) / 200 < most


@pytest.mark.parametrize("scenario", [many_batches, many_payments])
def test_a_scenario_without_room_is_refused_before_it_is_made(scenario: Callable[[int], dict[str, Any]]) -> None:
    def load_without_room(count: int) -> None:
        with pytest.raises(TooMany, match="has no room"):
            load_document(Document(scenario(count)), VENDORS, budget=Budget.of(Limits(memory=1_200 * count)))

    load_without_room(1_000)
    few, many = calls_of(lambda: load_without_room(2_000)), calls_of(lambda: load_without_room(4_000))
    assert (many - few) / 2_000 < 10, "each is counted, and none is made"


@pytest.mark.parametrize(
    ("request_of", "reason"),
    [
        ({"id": "there"}, "there is a world 'there' already"),
        ({"scenario": {**many_batches(5), "credentials": {"serpwow": ["taken"]}}}, "picks the world 'there' already"),
        ({"scenario": many_batches(1_001)}, "this world holds 1000 resources, and would have 1"),
    ],
    ids=["id", "credential", "resources"],
)
def test_a_world_that_cannot_be_is_refused_before_it_is_made(
    request_of: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(resources=1_000)
    client = InProcessClient(create_app(worlds_of([], None, limits), limits=limits))

    def make(body: dict[str, Any]) -> ReceivedResponse:
        content = json.dumps(body).encode()
        return client.send("POST", b"/_emulator/worlds", ((b"content-type", b"application/json"),), content)

    make({"id": "there", "scenario": {"title": "T", "credentials": {"serpwow": ["taken"]}}})
    monkeypatch.setattr(serpwow_state, "load_batch", None)
    response = make({"scenario": many_batches(5), **request_of})
    assert response.status >= 400
    assert reason in response.content.decode()


def test_a_change_costs_the_same_however_many_resources_the_agenda_has() -> None:
    def change(count: int) -> int:
        world = kitchen(count)

        def stop_and_heat() -> None:
            with world.transaction("a pair of changes") as tx:
                tx.ask(KETTLE, "7", STOP)
                tx.ask(KETTLE, "7", HEAT)

        return calls_of(stop_and_heat)

    few, many = change(40), change(4_000)
    assert many <= few + 20


def test_a_jump_costs_the_same_however_long_the_timeline_is() -> None:
    def jump(count: int) -> int:
        world = load_value(long_timeline(count), VENDORS).world(VENDORS, "w")
        world.advance_by(timedelta(hours=1))
        return calls_of(lambda: world.advance_by(timedelta(hours=1)))

    jump(10)
    few, many = jump(100), jump(400)
    assert many <= few + 40
