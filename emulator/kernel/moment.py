"""Moments: worlds as they were at an instant, and the two that every world has."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from emulator.kernel.budget import Charge
    from emulator.kernel.world import World

BEGINNING, NOW = "beginning", "now"
"""What `World.moment` calls the world as it began and as it is, so that no snapshot can be called that."""


class Moment(NamedTuple):
    """A world as it was at an instant: a copy that nobody changes, whatever its clock says.

    `text` is the charge of what a beginning was read from.
    """

    at: datetime
    world: World
    text: Charge | None = None
