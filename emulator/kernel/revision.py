"""A point in the history of a world, to ask later whether what came before it was undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.kernel.history import HistoryMark
from emulator.kernel.resource import Struct

if TYPE_CHECKING:
    from emulator.kernel.world import World


class Revision(Struct, frozen=True):
    """A point in the history of a world: its epoch, and the mark in its history."""

    epoch: int
    mark: HistoryMark

    @classmethod
    def of(cls, world: World) -> Revision:
        """Return the present one of a world."""
        return cls(world.epoch, world.history.mark())

    def is_kept(self, world: World) -> bool:
        """Tell whether the world still has this point in its history, whatever was undone after it."""
        return world.epoch == self.epoch and world.history.has(self.mark)
