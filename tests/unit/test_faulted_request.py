"""A request among faults: a fault that is removed at the last moment spares it, and what it sent is not kept for longer."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, MutableMapping, Sequence
from threading import Event, Thread
from typing import Any, TypeVar

import pytest

from emulator.kernel.faults import Fault
from emulator.kernel.limits import Limits
from emulator.kernel.revision import Revision
from emulator.kernel.world import World
from emulator.sdk.request import Request, read_request
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
    """A client that gives up at once, which notes how much is kept for its request while a fault holds it up."""

    def __init__(self) -> None:
        self.kept: list[int] = []
        self.others: list[Sequence[object]] = []

    async def pause(self, request: HeldRequest, seconds: float) -> bool:  # noqa: ARG002
        self._note(request.request)
        return False

    async def hang(self, request: HeldRequest, seconds: float) -> None:  # noqa: ARG002
        self._note(request.request)

    def _note(self, request: Request) -> None:
        body = request.call.read("body") if request.call else {}
        self.kept.append(max(len(request.body), len(body or ())))
        self.others.append(request.in_flight)


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


class AbandoningLanes(NoLanes):
    """Lanes in which a caller is cancelled while a thread works for it."""

    def __init__(self) -> None:
        self.has_begun, self.may_end = Event(), Event()

    async def run(self, world: World, function: Callable[[], T], is_long: bool, is_known_long: bool = False) -> T:  # noqa: ARG002
        self.thread = Thread(target=function)
        self.thread.start()
        self.has_begun.wait()
        raise CancelledError

    def work(self, _world: World) -> tuple[()]:
        self.has_begun.set()
        self.may_end.wait()
        return ()


class Play:
    """A request that makes a batch, in a world with one fault."""

    def __init__(self, fault: dict[str, Any], lanes: NoLanes | None = None) -> None:
        content = {"title": "A", "faults": [{"at": "serpwow.batches.create", "match": {"body": {"name": "A batch"}}, **fault}]}
        self.world = load_value(content, VENDORS).world(VENDORS, "w", None)
        self.connection, self.held = NotingConnection(), HeldRequests()
        request = read_request("POST", "/live/batches", "api_key=k", [(b"content-type", b"application/json")], BODY)
        route = Routes(VENDORS.values()).find(request.method, request.path)
        assert route is not None
        route.apply(request)
        self.delays = FaultDelays(self.held, self.world, request, self.connection, 1, lanes)
        pipeline = Pipeline(self.held, None, Limits(), quota_for_answers(Limits()))
        self._request = FaultedRequest(pipeline, self.world, request, self.delays)

    def answer(self) -> OutgoingResponse:
        response = run_sync(self._request.answer())
        assert response is not None
        return response

    def answer_and_send(self) -> None:
        async def send(_message: MutableMapping[str, Any]) -> None:
            pass

        response = self.answer()
        if response.faults:
            run_sync(send_with_faults(response, self.delays, self.connection, send))


@pytest.mark.parametrize("do", [{"do": "drop"}, {"do": "reset"}, {"do": "status", "status": 503}], ids=str)
@pytest.mark.parametrize("where", ["before-auth", "before-commit"])
def test_a_fault_that_waits_for_nothing_strikes_and_fails_in_one_turn(do: dict[str, Any], where: str) -> None:
    lanes = RemovingLanes()
    play = Play({"where": where, **do}, lanes)
    play.answer()
    assert (lanes.turns, len(play.world.journal), play.world.store.size("serpwow.batch")) == (1, 1, 0)


def test_a_fault_that_is_removed_while_its_request_waits_for_its_lane_spares_it() -> None:
    play = Play({"where": "before-commit", "do": "hang"}, RemovingLanes())
    response = play.answer()
    assert (response.status, response.faults, response.length > 0) == (200, (), True)
    assert play.world.store.size("serpwow.batch") == 1


def test_a_request_is_cancelled_while_a_thread_works_on_it_which_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    lanes = AbandoningLanes()
    play = Play({"where": "before-commit", "do": "hang"}, lanes)
    monkeypatch.setattr(play.held, "in_flight", lanes.work)
    with pytest.raises(CancelledError):
        play.answer()
    lanes.may_end.set()
    lanes.thread.join()


HELD: list[tuple[dict[str, Any], int]] = [
    ({"where": "before-auth", "do": "delay", "delay": "1s", "clock": "real"}, len(BODY)),
    ({"where": "before-commit", "do": "delay", "delay": "1s", "clock": "real"}, len(BODY)),
    ({"where": "before-commit", "do": "hang"}, len(BODY)),
    ({"where": "after-commit", "do": "delay", "delay": "1s", "clock": "real"}, 0),
    ({"where": "after-commit", "do": "hang"}, 0),
]


@pytest.mark.parametrize(("fault", "size"), HELD, ids=lambda it: it["where"] + it["do"] if isinstance(it, dict) else "")
def test_the_body_of_a_request_that_is_held_up_is_kept_until_it_takes_effect_and_no_longer(
    fault: dict[str, Any], size: int
) -> None:
    play = Play(fault)
    play.answer_and_send()
    assert set(play.connection.kept) == {size}


@pytest.mark.parametrize("fault", [fault for fault, _ in HELD], ids=lambda it: it["where"] + it["do"])
def test_a_request_that_is_held_up_keeps_none_of_those_that_were_held_up_before(fault: dict[str, Any]) -> None:
    play = Play(fault)
    world = play.world
    before = Fault(id="f", since=world.clock.now(), at=("serpwow",), where="before-commit", do="hang")
    with play.held.hold(world, HeldRequest(read_request("GET", "/"), before, world.clock.now(), Revision.of(world))):
        play.answer_and_send()
    assert play.connection.others
    assert not any(play.connection.others)
