"""Receipts of answers: an answer goes out once what happened is kept, and where that cannot be, one of ours in its place."""

from __future__ import annotations

from asyncio import Future, get_running_loop
from functools import partial
from typing import TYPE_CHECKING

from emulator.kernel.errors import EmulatorError
from emulator.kernel.keeping import Keeper
from emulator.kernel.resource import structs
from emulator.web.guard import PREFIX
from emulator.web.response import OutgoingResponse, emulator_error

if TYPE_CHECKING:
    from emulator.store.receipt import Receipt

STORE_UNAVAILABLE = "store-unavailable"


class NotKept(EmulatorError):
    """Nothing can be kept, or what a request did could not be: it has no effect."""

    def __init__(self, reason: str) -> None:
        what_to_do = f"mend that, and send it again once GET {PREFIX}/ready answers 200"
        super().__init__(f"this has not happened, since the store cannot keep it: {reason}; {what_to_do}")


def expect_store(keeper: Keeper) -> None:
    """Make sure that what a request does can be kept, before it does anything.

    Raises:
        NotKept: it cannot.
    """
    if (reason := keeper.refusal) is not None:
        raise NotKept(reason)


def unavailable(error: NotKept) -> OutgoingResponse:
    """Return what a vendor's client hears in place of an answer that is not kept."""
    return emulator_error(503, STORE_UNAVAILABLE, str(error))


def with_receipt(response: OutgoingResponse, keeper: Keeper) -> OutgoingResponse:
    """Return a response with the receipt that it has to wait for, or, where nothing must be waited for, as it goes out."""
    receipt = keeper.receipt
    if receipt is None:
        return response
    response = structs.replace(response, receipt=receipt)
    return once_over(response) if receipt.is_over else response


def once_over(response: OutgoingResponse) -> OutgoingResponse:
    """Return what goes out now that the receipt of a response is over: the response, or that it could not be kept."""
    error = response.receipt.error if response.receipt is not None else None
    return structs.replace(response, receipt=None) if error is None else unavailable(NotKept(error))


async def until_over(receipt: Receipt) -> None:
    """Wait in asyncio until a receipt is over. Whoever is cancelled meanwhile cancels nothing but this wait."""
    loop = get_running_loop()
    over: Future[None] = loop.create_future()
    receipt.then(loop, partial(_settle, over))
    await over


def _settle(over: Future[None]) -> None:
    if not over.done():
        over.set_result(None)
