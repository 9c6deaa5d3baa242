"""The worlds of a server that has a store: what could not be kept has not happened, whichever worlds there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from emulator.kernel.budget import Budget
from emulator.kernel.limits import Limits
from emulator.kernel.resource import structs
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.server.app import worlds_of
from emulator.store import kept_worlds
from emulator.store.kept_worlds import KeptWorlds
from emulator.store.memory import MemoryEngine
from emulator.store.port import Append, StoreUnavailable
from emulator.store.port import Image as KeptImage
from emulator.vendors import VENDORS
from tests.support.loading import load_value
from tests.support.waiting import wait_until

FULL = "the disk is full"
KEY, OTHER = ("serpwow", "a"), ("serpwow", "b")


class Failing(MemoryEngine):
    """An engine that can write for as long as nothing is wrong, and read a world unless that is to fail once."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong = self.reads_wrong = False

    def _check(self) -> None:
        if self.wrong:
            raise StoreUnavailable(FULL)

    def append(self, appends: Sequence[Append]) -> None:
        self._check()
        super().append(appends)

    def drop(self, world: str) -> None:
        self._check()
        super().drop(world)

    def probe(self) -> None:
        self._check()

    def newest_image(self, world: str) -> KeptImage | None:
        if self.reads_wrong:
            self.reads_wrong = False
            raise StoreUnavailable(FULL)
        return super().newest_image(world)

    def close(self) -> None:
        """Keep what there is, for the next server."""


class Server:
    """The worlds of a server on an engine, and what keeps them."""

    def __init__(self, engine: Failing) -> None:
        self.engine, self.kept = engine, KeptWorlds(engine, VENDORS, Limits())
        self.worlds = worlds_of([load_value({"title": "The first"}, VENDORS)])
        self.kept.watch(self.worlds, ())

    def make(self, id: str, title: str = "A world") -> World:
        return load_value({"title": title}, VENDORS).world(VENDORS, id, None, None, Limits(), self.worlds.budget)

    def add(self, id: str = "w") -> World:
        world = self.make(id)
        self.worlds.add(world, [KEY])
        self.kept.ids()  # what was handed on before that is kept, or not, by then
        return world

    def mend(self) -> None:
        """Once it is known that something could not be kept, let the engine write again, and wait until the worlds are what is."""
        wait_until(lambda: self.look() is not None)
        self.engine.wrong = False
        wait_until(lambda: self.look() is None)

    def look(self) -> str | None:
        """Give the writer a turn, and return why nothing can be kept."""
        self.kept.ids()
        return self.kept.refusal


@pytest.fixture
def engine() -> Failing:
    return Failing()


@pytest.fixture
def server(engine: Failing) -> Iterator[Server]:
    server = Server(engine)
    with closing(server.kept):
        yield server


def title_of(world: World) -> str:
    title: str = world.moment("beginning").source["title"]
    return title


def test_a_world_that_could_not_be_dropped_is_there_again_with_its_credentials(server: Server) -> None:
    server.add()
    server.engine.wrong = True
    server.worlds.remove("w")
    receipt = server.kept.receipt
    assert receipt is not None
    receipt.wait()
    assert receipt.error == FULL
    wait_until(lambda: server.look() is None and "w" in server.worlds)
    assert server.worlds.owners[KEY] is server.worlds.get("w")


def test_a_world_that_could_not_be_kept_is_not_there_and_its_credentials_are_free(server: Server) -> None:
    server.engine.wrong = True
    server.add()
    server.mend()
    assert "w" not in server.worlds
    assert KEY not in server.worlds.owners
    server.add()
    assert KEY in server.worlds.owners


def test_a_world_whose_scenario_could_not_be_replaced_has_the_former_one_and_its_credentials(server: Server) -> None:
    old = server.add()
    server.engine.wrong = True
    with old.lock:
        server.worlds.replace(old, server.make("w", "Another"), [OTHER], given_up=[KEY])
    server.mend()
    world = server.worlds.get("w")
    assert title_of(world) == "A world"
    assert (server.worlds.owners.get(KEY), server.worlds.owners.get(OTHER)) == (world, None)


def test_worlds_are_taken_back_again_where_they_could_not_be_read_at_first(server: Server) -> None:
    world = server.add()
    server.engine.wrong, server.engine.reads_wrong = True, True
    with world.lock:
        world.snapshot("lost")
    server.mend()
    assert server.worlds.get("w") is not world
    assert "lost" not in server.worlds.get("w").snapshots


def test_what_fails_after_worlds_were_taken_back_is_taken_back_as_well(server: Server) -> None:
    server.add()
    for name in ("one", "two", "three"):
        server.engine.wrong = True
        world = server.worlds.get("w")
        with world.lock:
            world.snapshot(name)
        assert world.keeper is not None
        server.mend()
        assert not server.worlds.get("w").snapshots


def test_who_put_worlds_back_tells_whoever_sees_to_them(server: Server) -> None:
    told: list[tuple[World, World | None]] = []
    server.worlds.on_put_back = lambda old, new: told.append((old, new))
    world = server.add()
    world.set_receivers(frozenset({"http://a"}))
    server.engine.wrong = True
    with world.lock:
        world.snapshot("lost")
    server.mend()
    assert told == [(world, server.worlds.get("w"))]
    assert server.worlds.get("w").receivers == {"http://a"}


def test_nobody_reaches_a_world_before_it_is_kept(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = []
    added = server.kept.added

    def note(world: World, claims: Sequence[tuple[str, str]]) -> None:
        reached.append((server.worlds.find(world.id), [server.worlds.owners.get(claim) for claim in claims]))
        added(world, claims)

    monkeypatch.setattr(server.kept, "added", note)
    old = server.add()
    server.worlds.replace(old, server.make("w", "Another"), [OTHER])
    assert reached == [(None, [None]), (old, [old, None])]


def test_a_world_has_an_image_after_many_records_however_often_its_server_was_started(
    engine: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_worlds, "RECORDS", 10)
    for start in range(3):
        with closing(KeptWorlds(engine, VENDORS, Limits())) as kept:
            opened = kept.open("default", Budget.of(Limits()))
            worlds = worlds_of([load_value({"title": "The first"}, VENDORS)]) if opened.world is None else Worlds(opened.world)
            kept.watch(worlds, [opened])
            for n in range(4):
                with worlds.default.lock:
                    worlds.default.snapshot(f"{start} {n}")
            if start == 2:
                wait_until(lambda: kept.ids() and engine.newest_image("default"))


def test_what_cannot_be_written_has_not_happened_and_is_in_nobodys_way(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    world = server.add()
    with world.lock, world.transaction("write") as tx:
        tx.put(structs.replace(world.store.group("serpwow.account")[0], name="\ud800"))
    assert server.kept.ids()  # by when it is known
    receipt = world.keeper.receipt if world.keeper else None
    assert receipt is not None
    assert receipt.error.startswith("it cannot be written as a record")
    wait_until(lambda: server.look() is None)
    again = server.worlds.get("w")
    assert (again is world, again.store.group("serpwow.account")[0].name) == (False, "John Smith")
    with again.lock, again.transaction("write") as tx:
        tx.put(structs.replace(again.store.group("serpwow.account")[0], name="Jane", charge=None))
    opened = server.kept.open("w", server.worlds.budget).world
    assert opened is not None
    assert opened.store.group("serpwow.account")[0].name == "Jane"
    assert "what happened in the world 'w' cannot be recorded" in caplog.text
