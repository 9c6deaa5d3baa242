"""The keeper of a world: whoever records what happens in it, so that it outlives the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from emulator.kernel.world import World


class Keeper(Protocol):
    """Records what happens in one world, each time that the world's lock is released.

    `receipt` is that of the newest records, None where all are kept: an answer goes out once it is over. One that failed stays
    until the world is as its records have it. `refusal` says why nothing can be kept at present, None where it can: a request
    is refused then before it has any effect. Event loops read both, so neither waits for anything.
    """

    @property
    def receipt(self) -> Any | None: ...

    @property
    def refusal(self) -> str | None: ...

    def note(self, world: World, deed: Any) -> None:
        """Note what is about to happen to a world and is more than a commit: it goes back, or a moment is kept."""
