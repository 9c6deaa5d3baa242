"""A world on its way into a file: a copy of it at one instant, written in pieces while the world goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from emulator.contract.fixtures import version
from emulator.kernel.budget import Quota
from emulator.kernel.clock import wall_now
from emulator.kernel.past import BEGINNING
from emulator.kernel.world import World
from emulator.sdk.vendor import Vendors
from emulator.store.covering import covered, own_stand_ins
from emulator.store.file import KIND, Header, written
from emulator.store.image import FORMAT, ImageWriter
from emulator.store.values import Values
from emulator.text.stand_ins import StandIns

PROGRAM = "batch-emulator"


def exported(
    world: World, vendors: Vendors, values: Values, quota: Quota, *, secrets: bool = False, about: str = ""
) -> Callable[[], Iterator[bytes]]:
    """Return a function that yields the pieces of the file of a world as it is now. Only this call needs the world's lock.

    The copy counts in a quota. Where the file has no `secrets`, stand-ins are in their places.
    """
    world.settle()
    twin = world.copy(quota)
    twin.beginning = world.moment(BEGINNING)
    twin.snapshots = dict(world.snapshots)
    twin.journal.mark_undelivered()
    header = Header(FORMAT, KIND, version(), wall_now(), PROGRAM, world.id, secrets, about)

    def image() -> Iterator[bytes]:
        return ImageWriter(twin, values).lines()

    def pieces() -> Iterator[bytes]:
        return written(header, image() if secrets else covered(image, StandIns(own_stand_ins(twin, vendors))))

    return pieces
