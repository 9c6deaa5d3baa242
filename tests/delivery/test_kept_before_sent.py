"""With a keeper, a notification is posted once it is kept that it goes out, and not where that could not be."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, wait
from datetime import timedelta

import pytest

from emulator.delivery.carrier import HttpCarrier
from emulator.delivery.hosts import Hosts
from emulator.kernel.world import World
from emulator.scenario.state import apply_state
from emulator.vendors import VENDORS
from tests.support.keeping import Keeper, keep
from tests.support.loading import load_value
from tests.support.receiving import Receiver, receiving

JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
FULL = "no space is left for /data/store.db"


class Owing:
    """A world with a keeper that owes a receiver what becomes of a job, and the carrier that posts it."""

    def __init__(self, receiver: Receiver) -> None:
        destination = {"id": "ed_1", "url": receiver.url, "enabled_events": ["v2.core.batch_job.canceled"]}
        job = {"id": JOB, "status": "in_progress", "rows": 1000}
        given = {"stripe": {"batch_jobs": [job], "event_destinations": [destination]}}
        scenario = load_value({"title": "A world that owes", "deliveries": {"carrier": "http"}, "given": given}, VENDORS)
        self.world: World = scenario.world(VENDORS, "w")
        self.keeper: Keeper = keep(self.world)
        self.carrier = HttpCarrier(VENDORS, Hosts([receiver.host]), lambda: "http://localhost", lambda *_: None)

    def send(self) -> list[Future[None]]:
        """Have something happen of which the receiver is told, and return what is outside then."""
        with self.world.lock:
            apply_state(self.world, VENDORS, {"stripe": {"batch_jobs": [{"id": JOB, "status": "cancelling"}]}}, "a test")
            self.world.advance_by(timedelta(hours=1))
            return self.carrier.carry(self.world)

    def send_again(self) -> list[Future[None]]:
        """Send what is under way and not outside."""
        with self.world.lock:
            return self.carrier.carry(self.world)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as receiver:
        yield receiver


@pytest.fixture
def owing(receiver: Receiver) -> Iterator[Owing]:
    owing = Owing(receiver)
    yield owing
    owing.carrier.close()


def test_an_attempt_is_posted_once_it_is_kept_that_it_goes_out(owing: Owing, receiver: Receiver) -> None:
    outside = owing.send()
    receipt = owing.keeper.next_receipt()
    receipt.is_awaited.wait()
    assert receiver.requests == []
    receipt.end()
    wait(outside)
    assert len(outside) == len(receiver.requests) == 1


def test_an_attempt_of_which_that_could_not_be_kept_is_not_posted_but_made_anew_when_it_can(
    owing: Owing, receiver: Receiver
) -> None:
    outside = owing.send()
    receipt = owing.keeper.next_receipt()
    receipt.is_awaited.wait()
    owing.keeper.refusal = FULL
    receipt.end(FULL)
    wait(outside)
    assert (receiver.requests, owing.send_again()) == ([], [])
    owing.keeper.refusal = None
    assert owing.send_again() == []  # the world is not as its records have it
    owing.keeper.receipt = None
    outside = owing.send_again()
    owing.keeper.next_receipt().end()
    wait(outside)
    assert len(outside) == len(receiver.requests) == 1


def test_an_attempt_that_nobody_wants_any_more_when_it_is_kept_is_not_posted(owing: Owing, receiver: Receiver) -> None:
    outside = owing.send()
    receipt = owing.keeper.next_receipt()
    receipt.is_awaited.wait()
    with owing.world.lock:
        owing.world.reset()
    receipt.end()
    wait(outside)
    assert receiver.requests == []
