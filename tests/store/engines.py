"""The engines that keep one contract, each at a place of its own that can be opened again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from emulator.store.memory import MemoryEngine
from emulator.store.port import Engine
from emulator.store.postgres import PostgresEngine
from emulator.store.sqlite import SqliteEngine
from tests.store.postgres import cluster

Opened = Callable[[], Engine]
"""Opens the engine at its place."""

ENGINES: dict[str, Callable[[Path], Opened]] = {
    "memory": lambda _: MemoryEngine,
    "sqlite": lambda folder: lambda: SqliteEngine(str(folder / "worlds.db")),
    "postgres": lambda folder: partial(PostgresEngine, postgres_url(folder)),
}


def postgres_url(folder: Path) -> str:
    """Return the URL of a schema for what is in a folder."""
    return cluster().schema(str(folder))


LASTING = [name for name in ENGINES if name != "memory"]
"""Those that have everything again when they are opened again."""


def keep_image(engine: Engine, world: str, n: int, *pieces: bytes) -> None:
    """Keep an image at once."""
    for _ in engine.keep_image(world, n, pieces):
        pass


def contents(engine: Engine) -> dict[str, tuple[int, list[bytes] | None, dict[int, bytes]]]:
    """Return all that an engine tells: of each world its newest number, the pieces of its image, and its records."""
    return dict(_contents(engine))


def _contents(engine: Engine) -> Iterator[tuple[str, tuple[int, list[bytes] | None, dict[int, bytes]]]]:
    for world, newest in engine.list().items():
        image = engine.newest_image(world)
        yield world, (newest, None if image is None else [*image.pieces], dict(engine.read(world)))
