"""A request that real time holds up, while somebody resets, takes back, copies or drops its world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from emulator.client.transport import InProcess
from emulator.kernel.errors import Conflict
from emulator.kernel.exchange import Savepoint
from emulator.kernel.resource import structs
from emulator.server.app import create_app, worlds_of
from emulator.web.connection import CONNECTION_KEY, App, InProcessConnection, Receive, Scope, Send
from emulator.web.held_requests import HeldRequest
from tests.support.toy import exchange, kitchen

WORLD = "/_emulator/worlds/w"
BATCHES = {"serpwow": {"batches": [{"id": "B1", "status": "queued", "searches": 10}]}}
SCENARIO = {"title": "A world to be taken back", "given": BATCHES}
STOP = "/live/batches/B1/stop?api_key=k"
HELD_UP = {"at": "serpwow.batches.stop", "do": "delay", "delay": "1s", "clock": "real", "times": 1}

Handler = Callable[[httpx.Client], httpx.Response]


class Meanwhile(InProcessConnection):
    """Real time in which something is done, in place of passing."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act = act

    async def pause(self, request: HeldRequest, seconds: float) -> bool:  # noqa: ARG002
        self._act()
        return True


def while_held_up(app: App, act: Callable[[], Any]) -> httpx.Client:
    """A client whose every wait is used to do something else."""

    async def held_up(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {CONNECTION_KEY: Meanwhile(act)}}, receive, send)

    return httpx.Client(transport=InProcess(held_up), base_url="http://localhost", headers={"Emulator-World": "w"})


def stopped_while(act: Handler, where: str) -> tuple[httpx.Response, httpx.Client]:
    """Stop a batch while an action changes its world; return the response, and who did the action."""
    app = create_app(worlds_of([]))
    control = httpx.Client(transport=InProcess(app), base_url="http://localhost")
    control.post("/_emulator/worlds", json={"id": "w", "scenario": SCENARIO}).raise_for_status()
    control.post(f"{WORLD}/snapshots", json={"name": "before"})
    control.get("/live/account?api_key=k", headers={"Emulator-World": "w"})
    control.post(f"{WORLD}/faults", json={**HELD_UP, "where": where}).raise_for_status()
    with while_held_up(app, lambda: act(control).raise_for_status()) as client:
        return client.get(STOP), control


TAKEN_BACK: dict[str, Handler] = {
    "reset": lambda control: control.post(f"{WORLD}/reset"),
    "another scenario": lambda control: control.post(f"{WORLD}/reset", json={"scenario": SCENARIO}),
    "restore": lambda control: control.post(f"{WORLD}/restore", json={"name": "before"}),
    "restore the beginning": lambda control: control.post(f"{WORLD}/restore", json={"name": "beginning"}),
    "undo": lambda control: control.post(f"{WORLD}/undo"),
    "delete": lambda control: control.delete(WORLD),
}


@pytest.mark.parametrize("where", ["before-auth", "before-commit"])
@pytest.mark.parametrize("act", TAKEN_BACK.values(), ids=TAKEN_BACK)
def test_what_is_under_way_while_its_world_is_taken_back_has_not_happened(act: Handler, where: str) -> None:
    reply, control = stopped_while(act, where)
    assert (reply.status_code, reply.headers["emulator-error"]) == (503, "world-gone")
    assert "emulator-exchange" not in reply.headers
    if (world := control.get(f"{WORLD}/state")).status_code != 404:
        assert world.json()["serpwow"]["batches"][0]["status"] == "queued"
        assert control.get(f"{WORLD}/journal").json()["entries"] == []
        assert control.post(f"{WORLD}/undo").status_code == 409


KEPT: dict[str, Handler] = {
    "snapshot": lambda control: control.post(f"{WORLD}/snapshots", json={"name": "now-then"}),
    "fork": lambda control: control.post(f"{WORLD}/fork", json={"id": "twin"}),
    "advance": lambda control: control.post(f"{WORLD}/clock/advance", json={"by": "1s"}),
    "another world": lambda control: control.post("/_emulator/worlds/default/reset"),
}


@pytest.mark.parametrize("where", ["before-auth", "before-commit"])
@pytest.mark.parametrize("act", KEPT.values(), ids=KEPT)
def test_what_is_under_way_goes_on_where_its_past_stays(act: Handler, where: str) -> None:
    reply, control = stopped_while(act, where)
    assert reply.json()["request_info"]["success"]
    assert control.get(f"{WORLD}/state").json()["serpwow"]["batches"][0]["status"] == "idle"


def deliveries(control: httpx.Client, world: str) -> list[bool | None]:
    entries = control.get(f"/_emulator/worlds/{world}/journal?operation=serpwow.batches.stop").json()["entries"]
    return [entry["delivered"] for entry in entries if entry["type"] == "exchange"]


def test_an_answer_that_is_under_way_is_not_delivered_in_a_snapshot_or_a_fork() -> None:
    deliveries_seen: list[list[bool | None]] = []

    def act(control: httpx.Client) -> httpx.Response:
        deliveries_seen.append(deliveries(control, "w"))
        KEPT["snapshot"](control).raise_for_status()
        return KEPT["fork"](control)

    reply, control = stopped_while(act, "after-commit")
    assert reply.status_code == 200
    deliveries_seen += [deliveries(control, "w"), deliveries(control, "twin")]
    control.post(f"{WORLD}/restore", json={"name": "now-then"})
    assert [*deliveries_seen, deliveries(control, "w")] == [[None], [True], [False], [False]]


def test_an_exchange_that_began_later_than_anything_that_was_is_not_undone() -> None:
    world = kitchen()
    exchange(world, "heat", "k1")
    ((n, newest),) = world.journal.newest_exchanges(1)
    world.journal.truncate_from(n)
    world.journal.add(structs.replace(newest, savepoint=Savepoint(newest.at, 0, world.history.count + 1)))
    with pytest.raises(Conflict):
        world.undo(1)
