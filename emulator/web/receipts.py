"""Receipts of answers: an answer goes out once what happened is kept, and where that cannot be, one of ours in its place."""

from __future__ import annotations

from asyncio import Future, get_running_loop
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from emulator.kernel.errors import EmulatorError
from emulator.kernel.keeping import Receipts
from emulator.kernel.resource import structs
from emulator.kernel.world import World
from emulator.web.guard import PREFIX
from emulator.web.response import OutgoingResponse, emulator_error

if TYPE_CHECKING:
    from emulator.store.receipt import Receipt

STORE_UNAVAILABLE = "store-unavailable"


class WorldReceipt(NamedTuple):
    """The receipt of what happened in the world of this id."""

    receipt: Receipt
    world: str

    @property
    def failure(self) -> NotKept | None:
        """The error that whoever waited hears, now that it is over; None where all is kept."""
        error = self.receipt.error_of(self.world)
        return None if error is None else NotKept.because(error)


class NotKept(EmulatorError):
    """Nothing can be kept at present, or what a request did could not be: it has no effect."""

    @classmethod
    def because(cls, reason: str) -> NotKept:
        """Return what whoever asked for something hears."""
        again = f"send it again once GET {PREFIX}/ready answers 200"
        return cls(f"this has not happened, since the store cannot keep it: {reason}; {again}")


def expect_store(keeper: Receipts) -> None:
    """Make sure that what a request does can be kept, before it does anything.

    Raises:
        NotKept: it cannot.
    """
    if (reason := keeper.refusal) is not None:
        raise NotKept.because(reason)


def unavailable(error: NotKept) -> OutgoingResponse:
    """Return what a vendor's client hears in place of an answer that is not kept."""
    return emulator_error(503, STORE_UNAVAILABLE, str(error))


def receipt_of(world: World, keeper: Receipts | None) -> WorldReceipt | None:
    """Return the receipt that a keeper has of what happened in a world, or to it; None where all is kept."""
    receipt = None if keeper is None else keeper.receipt
    return None if receipt is None else WorldReceipt(receipt, world.id)


def own_receipt(world: World) -> WorldReceipt | None:
    """Return the receipt of what has happened in a world whose lock the caller holds; None where all is kept."""
    receipt = None if world.keeper is None else world.keeper.handed_on()
    return None if receipt is None else WorldReceipt(receipt, world.id)


def with_receipt(response: OutgoingResponse, world: World) -> OutgoingResponse:
    """Return the response of a world whose lock the caller holds with the receipt that it has to wait for.

    Where nothing must be waited for, return what goes out.
    """
    found = own_receipt(world)
    if found is None:
        return response
    response = structs.replace(response, receipt=found)
    return once_over(response) if found.receipt.is_over else response


def once_over(response: OutgoingResponse) -> OutgoingResponse:
    """Return what goes out now that the receipt of a response is over: the response, or that it could not be kept."""
    error = None if response.receipt is None else response.receipt.failure
    return structs.replace(response, receipt=None) if error is None else unavailable(error)


async def is_kept(world: World) -> bool:
    """Wait until what happened in a world is kept; return False where it could not be."""
    found = receipt_of(world, world.keeper)
    if found is None:
        return True
    await until_over(found.receipt)
    return found.failure is None


async def until_over(receipt: Receipt) -> None:
    """Wait in asyncio until a receipt is over. Whoever is cancelled meanwhile cancels nothing but this wait."""
    loop = get_running_loop()
    over: Future[None] = loop.create_future()
    receipt.then(loop, partial(_settle, over))
    await over


def _settle(over: Future[None]) -> None:
    if not over.done():
        over.set_result(None)
