"""A request among faults: a fault that is removed at the last moment spares it, and what it sent is not kept for longer."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any, TypeVar

import pytest

from emulator.kernel.faults import Fault
from emulator.kernel.limits import Limits
from emulator.kernel.world import World
from emulator.sdk.request import read_request
from emulator.vendors import VENDORS
from emulator.web.answers import quota_for_answers
from emulator.web.connection import InstantConnection, run_sync
from emulator.web.delays import FaultDelays
from emulator.web.fault_effects import send_with_faults
from emulator.web.faulted_request import FaultedRequest
from emulator.web.held_requests import HeldRequest, HeldRequests
from emulator.web.lanes import NoLanes
from emulator.web.pipeline import Pipeline
from emulator.web.response import OutgoingResponse
from emulator.web.routes import Routes
from tests.support.loading import load_value

T = TypeVar("T")

BODY = b'{"name": "A batch"}'


class NotingConnection(InstantConnection):
    """A client that gives up at once, which notes how much of its request is kept while a fault holds it up."""

    def __init__(self) -> None:
        self.kept: list[int] = []

    async def pause(self, request: HeldRequest, seconds: float) -> bool:  # noqa: ARG002
        self.kept.append(len(request.request.body))
        return False

    async def hang(self, request: HeldRequest, seconds: float) -> None:  # noqa: ARG002
        self.kept.append(len(request.request.body))


class RemovingLanes(NoLanes):
    """Lanes in which a fault is removed while a request waits for its second turn."""

    def __init__(self) -> None:
        self.turns = 0

    async def run(self, world: World, function: Callable[[], T], is_long: bool, is_known_long: bool = False) -> T:  # noqa: ARG002
        self.turns += 1
        if self.turns == 2:
            with world.transaction("remove the fault") as tx:
                tx.remove(world.store.group(Fault.kind)[0])
        return await super().run(world, function, is_long)


class Play:
    """A request that makes a batch, in a world with one fault."""

    def __init__(self, fault: dict[str, Any], lanes: NoLanes | None = None) -> None:
        content = {"title": "A", "faults": [{"at": "serpwow.batches.create", **fault}]}
        self.world = load_value(content, VENDORS).world(VENDORS, "w", None)
        self.connection, held_requests = NotingConnection(), HeldRequests()
        request = read_request("POST", "/live/batches", "api_key=k", [(b"content-type", b"application/json")], BODY)
        route = Routes(VENDORS.values()).find(request.method, request.path)
        assert route is not None
        route.apply(request)
        self.delays = FaultDelays(held_requests, self.world, request, self.connection, 1, lanes)
        pipeline = Pipeline(held_requests, None, Limits(), quota_for_answers(Limits()))
        self._request = FaultedRequest(pipeline, self.world, request, self.delays)

    def answer(self) -> OutgoingResponse:
        response = run_sync(self._request.answer())
        assert response is not None
        return response


@pytest.mark.parametrize("do", [{"do": "drop"}, {"do": "reset"}, {"do": "hang"}, {"do": "status", "status": 503}], ids=str)
def test_a_fault_that_is_removed_while_its_request_waits_for_its_lane_spares_it(do: dict[str, Any]) -> None:
    play = Play({"where": "before-commit", **do}, RemovingLanes())
    response = play.answer()
    assert (response.status, response.faults, response.length > 0) == (200, (), True)
    assert play.world.store.size("serpwow.batch") == 1


@pytest.mark.parametrize(
    ("fault", "size"),
    [
        ({"where": "before-auth", "do": "delay", "delay": "1s", "clock": "real"}, len(BODY)),
        ({"where": "before-commit", "do": "delay", "delay": "1s", "clock": "real"}, len(BODY)),
        ({"where": "after-commit", "do": "delay", "delay": "1s", "clock": "real"}, 0),
        ({"where": "after-commit", "do": "hang"}, 0),
    ],
    ids=lambda value: value["where"] + value["do"] if isinstance(value, dict) else "",
)
def test_the_body_of_a_request_that_is_held_up_is_kept_until_it_takes_effect_and_no_longer(
    fault: dict[str, Any], size: int
) -> None:
    play = Play(fault)
    response = play.answer()

    async def send(_message: MutableMapping[str, Any]) -> None:
        pass

    if response.faults:
        run_sync(send_with_faults(response, play.delays, play.connection, send))
    assert set(play.connection.kept) == {size}
