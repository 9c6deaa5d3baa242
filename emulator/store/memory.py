"""An engine that keeps nothing beyond the process: what others are compared with, and what tests of a writer run on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from emulator.store.port import Ahead, Append, Image, Record, check_numbers


class _World:
    """The records of one world after the one at which its image was made, and that image."""

    def __init__(self) -> None:
        self.image: Image | None = None
        self.forgotten = 0
        self.bodies: list[bytes] = []

    @property
    def newest(self) -> int:
        return self.forgotten + len(self.bodies)

    def records(self, after: int) -> list[Record]:
        """Return the records beyond a number."""
        after = max(after, self.forgotten)
        return [Record(n, body) for n, body in enumerate(self.bodies[after - self.forgotten :], after + 1)]

    def take(self, image: Image) -> None:
        """Put an image in place of the former one, unless that is later."""
        if image.n >= self.forgotten:
            del self.bodies[: image.n - self.forgotten]
            self.image, self.forgotten = image, image.n


class MemoryEngine:
    """Worlds in a dictionary."""

    def __init__(self) -> None:
        self._worlds: dict[str, _World] = {}

    def append(self, appends: Sequence[Append]) -> None:
        check_numbers(appends, self._newest, lambda world, n: self.read(world, n - 1))
        for world, _, body in appends:
            self._worlds.setdefault(world, _World()).bodies.append(body)

    def read(self, world: str, after: int = 0) -> Iterator[Record]:
        yield from self._worlds[world].records(after) if world in self._worlds else ()

    def keep_image(self, world: str, n: int, pieces: Iterable[bytes]) -> Iterator[None]:
        if n > self._newest(world):
            raise Ahead(world, n, self._newest(world))
        of, kept = self._worlds.get(world), []
        for piece in pieces:
            kept.append(piece)
            yield
        if of is None or of is self._worlds.get(world):
            self._worlds.setdefault(world, _World()).take(Image(n, kept))

    def newest_image(self, world: str) -> Image | None:
        return self._worlds[world].image if world in self._worlds else None

    def list(self) -> dict[str, int]:
        return {id: world.newest for id, world in self._worlds.items()}

    def drop(self, world: str) -> None:
        self._worlds.pop(world, None)

    def tidy(self) -> bool:
        return False

    def probe(self) -> None:
        """Nothing stands in the way of memory."""

    def close(self) -> None:
        self._worlds.clear()

    def _newest(self, world: str) -> int:
        return self._worlds[world].newest if world in self._worlds else 0
