"""The numbers of an account's destinations, of which none is given twice, and the ids made of them."""

from __future__ import annotations

from collections.abc import Container

from emulator.sdk import View, base62
from emulator.vendors.stripe.destinations.model import LOG, Destination
from emulator.vendors.stripe.events.model import log_of


def next_number(view: View, owner: str) -> int:
    """Return the number of the next destination of an account; that of a deleted one is not given again."""
    newest = max((it.n for it in view.group(Destination, "owner", owner)), default=0)
    return max(newest + 1, log_of(view, LOG + owner).next)


def with_id(view: View, owner: str, n: int, taken: Container[str] = (), step: int = 1) -> tuple[int, str]:
    """Return a number from `n` on, by steps, and the id that it alone decides, which no destination has and is not `taken`."""
    while (id := f"ed_test_61{base62(view.digest(f'{LOG}{owner}/{n}'), 42)}") in taken or view.find(Destination, id):
        n += step
    return n, id
