"""The port of an engine: where the records of worlds are kept, durably, and read again.

A record is what came of something that happened in a world, in bytes that an engine does not read. The records of a world are
numbered 1, 2, 3 and so on. An image is all of a world after one of them, so that nobody need read those up to it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from emulator.kernel.errors import EmulatorError


class Append(NamedTuple):
    """A record that is to be kept, of a world, and the number that it must get: the one after the world's newest."""

    world: str
    n: int
    body: bytes


class Record(NamedTuple):
    """A record that is kept."""

    n: int
    body: bytes


class Image(NamedTuple):
    """All of a world after its record `n`, in the pieces that it was kept in, which are read one by one."""

    n: int
    pieces: Iterable[bytes]


class Misnumbered(EmulatorError):
    """The number of a record, or of an image, is not the one that its world has come to; nothing was kept."""

    def __init__(self, world: str, message: str) -> None:
        super().__init__(message)
        self.world = world


class Overtaken(Misnumbered):
    """Another writer was there first. `tail` are the world's records from the number on that was to be the new one.

    Where some of these were forgotten after an image of the world, `tail` begins later: then only the image tells the rest.
    """

    def __init__(self, world: str, n: int, tail: Sequence[Record]) -> None:
        super().__init__(world, f"there is a record {n} of the world {world!r} already, which another writer has kept")
        self.tail = tuple(tail)


class Ahead(Misnumbered):
    """The world has not come to that number, as where another writer has dropped it."""

    def __init__(self, world: str, n: int, newest: int) -> None:
        super().__init__(world, f"the world {world!r} has not come to number {n}: its newest record is {newest}")


class StoreUnavailable(EmulatorError):
    """Nothing can be kept at present, or read. The message says why, and what to do.

    Where it comes of `append` itself, it is unknown whether the records are kept: all of them are, or none.
    """


class Engine(Protocol):
    """Keeps records and images of worlds. Its calls block, and are made by one thread at a time.

    Whatever a call returned from is durable: no end of the process, and none of the machine, takes it back. Each may raise
    `StoreUnavailable`, and may be made again after it.
    """

    def append(self, appends: Sequence[Append]) -> None:
        """Keep records, of one world or several: all of them, or none. A world comes into being with its record 1.

        Raises:
            Overtaken: a world has a record of that number already.
            Ahead: a world has none yet of the number before it.
        """

    def read(self, world: str, after: int = 0) -> Iterator[Record]:
        """Yield the records of a world beyond a number that are not forgotten, in order; none where there is no such world."""

    def keep_image(self, world: str, n: int, pieces: Iterable[bytes]) -> Iterator[None]:
        """Keep an image of a world after record `n` in place of its former one, and forget the records up to `n`.

        This goes on by a piece each time that the iterator is asked, and counts once that has ended. Until then the former
        image and all records are there, and other calls may be made in between. It comes to nothing where there is an image
        after a later record by then, or the world was dropped. A world comes into being with the image after its record 0.

        Raises:
            Ahead: the world has not come to that record.
        """

    def newest_image(self, world: str) -> Image | None:
        """Return the image of a world, None where none was kept."""

    def list(self) -> dict[str, int]:
        """Return the number of the newest record of each world, forgotten or not, by id; 0 where none has been yet."""

    def drop(self, world: str) -> None:
        """Forget a world, its records and its image, if there is one: a later one of that id begins with record 1."""

    def tidy(self) -> bool:
        """Free a little of the room of what is forgotten, in a few milliseconds; return whether there is more to free."""

    def probe(self) -> None:
        """Write something that means nothing, durably: it raises `StoreUnavailable` where nothing can be kept."""

    def close(self) -> None:
        """Give back what the engine holds of the machine. It is not called any more after this."""


def check_numbers(
    appends: Iterable[Append], newest_of: Callable[[str], int], tail_of: Callable[[str, int], Iterable[Record]]
) -> dict[str, int]:
    """Return the newest number of each world once these records are kept; `tail_of` gives those from a number on.

    Raises:
        Overtaken: a world has a record of that number already.
        Ahead: a world has none yet of the number before it.
    """
    newest: dict[str, int] = {}
    for world, n, _ in appends:
        before = newest[world] if world in newest else newest_of(world)
        if n <= before:
            raise Overtaken(world, n, [*tail_of(world, n)])
        if n > before + 1:
            raise Ahead(world, n, before)
        newest[world] = n
    return newest
