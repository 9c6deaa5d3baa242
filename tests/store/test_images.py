"""Images of the worlds of a server: so many that opening a world costs what it has, and no more of them at a time than one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from threading import Event

import pytest

from emulator.kernel.limits import Limits
from emulator.server.app import worlds_of
from emulator.store import kept_worlds
from emulator.store.kept_worlds import KeptWorlds
from emulator.store.memory import MemoryEngine
from emulator.store.port import Append
from emulator.vendors import VENDORS
from tests.support.loading import load_value
from tests.support.waiting import wait_until


class Held(MemoryEngine):
    """An engine whose writes wait while it is held, and that counts the images that are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.images, self.free = 0, Event()

    def append(self, appends: Sequence[Append]) -> None:
        self.free.wait()
        super().append(appends)

    def keep_image(self, world: str, n: int, pieces: Iterable[bytes]) -> Iterator[None]:
        self.images += 1
        return super().keep_image(world, n, pieces)


def test_no_image_of_a_world_is_begun_while_one_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_worlds, "RECORDS", 2)
    engine = Held()
    with closing(KeptWorlds(engine, VENDORS, Limits())) as kept:
        worlds = worlds_of([load_value({"title": "A world"}, VENDORS)])
        kept.watch(worlds, ())

        def act(times: int) -> None:
            for n in range(times):
                with worlds.default.lock:
                    worlds.default.snapshot(f"s{n}")

        act(10)
        assert engine.images == 1
        engine.free.set()
        wait_until(lambda: kept.ids() and engine.newest_image("default"))
        act(10)
        wait_until(lambda: kept.ids() and engine.images == 2)
