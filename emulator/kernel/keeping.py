"""The keeper of a world: whoever records what happens in it, so that it outlives the process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from emulator.kernel.exchange import Savepoint
from emulator.kernel.resource import Struct

if TYPE_CHECKING:
    from emulator.kernel.world import World


class Reset(Struct, frozen=True):
    """A world went back to its beginning."""


class Restored(Struct, frozen=True):
    """A world went back to a moment that has a name."""

    name: str


class SnapshotTaken(Struct, frozen=True):
    """The present was kept as a snapshot."""

    name: str
    at: datetime


class SnapshotDropped(Struct, frozen=True):
    """A snapshot was dropped."""

    name: str


Deed = Reset | Restored | SnapshotTaken | SnapshotDropped | Savepoint
"""A thing done with a world that is more than a commit. A Savepoint is where it went back to."""


class Receipts(Protocol):
    """Tells what is not kept yet, and whether anything can be.

    `receipt` is that of the newest records, None where all are kept: an answer goes out once it is over. One that failed stays
    until the world is as its records have it. `refusal` says why nothing can be kept at present, None where it can: a request
    is refused then before it has any effect. Event loops read both, so neither waits for anything.
    """

    @property
    def receipt(self) -> Any | None: ...

    @property
    def refusal(self) -> str | None: ...


class WorldsKeeper(Receipts, Protocol):
    """Records which worlds there are, and the credentials that pick them."""

    def added(self, world: World, claims: Sequence[tuple[str, str]]) -> None:
        """Keep a world that is new, or in the place of another of its id, and who picks it: vendors and credentials."""

    def dropped(self, world: World) -> None:
        """Forget a world."""


class Keeper(Receipts, Protocol):
    """Records what happens in one world, each time that the world's lock is released."""

    def handed_on(self) -> Any | None:
        """Record what happened until now, and return the receipt of that and all before; None where all is kept.

        The caller holds the world's lock: once that is released, the newest receipt may be that of what others did.
        """

    def note(self, world: World, deed: Deed | None) -> None:
        """Note a deed that was done with a world; None before one is done."""
