"""After a cut of power all is there that was acknowledged: at any moment, with what a disk has of what was not synced."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from emulator.store import sqlite_file
from emulator.store.port import Engine, StoreUnavailable
from emulator.store.sqlite import SqliteEngine
from tests.store.history import Attempt, History, Outcome, Wish
from tests.store.power import Disk, Event, traced

ROUNDS = 12

CHILD = """
import json, os, sys
from emulator.store import sqlite_file
from emulator.store.port import Append
from emulator.store.sqlite import SqliteEngine
from emulator.store.writer import Writer

path, settings, rounds = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
sqlite_file.SETTINGS.update(settings)
writer = Writer(SqliteEngine(path))

def say(*words):
    os.write(1, json.dumps(words).encode())

kept = {world: [] for world in "ab"}
for n in range(1, rounds + 1):
    receipts = []
    for world in "ab":
        body = f"{world}{n} ".ljust(1_300 if n % 5 else 10_000, world)
        say("begin", world, n, body)
        receipts.append((world, n, writer.append(Append(world, n, body.encode()))))
        kept[world].append(body)
    for world, n, receipt in receipts:
        receipt.wait()
        assert receipt.error is None
        say("kept", world, n)
    if n % 4 == 0:
        writer.append(Append(f"gone {n}", 1, bytes(20_000))).wait()
        writer.keep_image("a", n, [json.dumps(kept["a"]).encode()]).result()
        writer.drop(f"gone {n}").result()
        say("dropped", f"gone {n}")
writer.close()
"""

OFTEN = {"wal_autocheckpoint": "12"}
"""Has the log moved into the file several times within a short test."""


def run(tmp_path: Path, **settings: str) -> list[Event]:
    (folder := tmp_path / "disk").mkdir()
    return traced(folder, "-c", CHILD, str(folder / "worlds.db"), json.dumps({**OFTEN, **settings}), str(ROUNDS))


class Witness:
    """What was said until now, and held against what is there."""

    def __init__(self) -> None:
        self._history = History()
        self._begun: dict[tuple[str, int], Attempt] = {}
        self._dropped: set[str] = set()

    def hear(self, said: bytes) -> None:
        match json.loads(said):
            case ["begin", world, n, body]:
                self._begun[world, n] = self._history.begin(Wish(world, body.encode(), n))
            case ["kept", world, n]:
                self._history.end(self._begun[world, n], Outcome.ACKNOWLEDGED)
            case ["dropped", world]:
                self._dropped.add(world)

    def contradictions(self, engine: Engine) -> list[str]:
        found = {world: [*records_of(engine, world)] for world in engine.list() if not world.startswith("gone")}
        back = [f"{world} was dropped and is there" for world in engine.list() if world in self._dropped]
        return self._history.contradictions(found) + back


def records_of(engine: Engine, world: str) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a world, those that are forgotten from its image."""
    image = engine.newest_image(world)
    bodies = [] if image is None else json.loads(b"".join(image.pieces))
    yield from enumerate((body.encode() for body in bodies), 1)
    yield from engine.read(world)


def after_cuts(events: list[Event], folder: Path) -> Iterator[str]:
    """Yield what is wrong with the store after a cut of power before each event, with what was synced, and with what chance adds."""
    disk, witness, chance = Disk(), Witness(), Random(5)
    for number, event in enumerate(events):
        as_little = [disk.left()] if event.call in ("say", "sync", "unlink") else []
        for left in (*as_little, disk.left(chance)):
            for wrong in wrongs(left, folder, witness):
                yield f"before event {number}, {event.call} {os.path.basename(event.path)}: {wrong}"
        if event.call == "say":
            witness.hear(event.data)
        disk.apply(event)
    path = next(event.path for event in events if event.path.endswith(".db"))
    assert disk.left()[path] == Path(path).read_bytes(), "strace has not seen all"


def wrongs(files: dict[str, bytes], folder: Path, witness: Witness) -> list[str]:
    """Return what is wrong with a store of these files."""
    folder.mkdir(exist_ok=True)
    for former in folder.iterdir():
        former.unlink()
    for path, content in files.items():
        (folder / os.path.basename(path)).write_bytes(content)
    try:
        with closing(SqliteEngine(str(folder / "worlds.db"))) as engine:
            return witness.contradictions(engine)
    except StoreUnavailable as error:
        return [str(error)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is opened after a cut of power need not outlast the next one."""
    monkeypatch.setitem(sqlite_file.SETTINGS, "synchronous", "OFF")


def test_all_that_was_acknowledged_is_there_after_a_cut_of_power_at_any_moment(tmp_path: Path) -> None:
    events = run(tmp_path)
    assert {event.call for event in events} == {"say", "create", "write", "truncate", "sync", "unlink"}
    assert [*after_cuts(events, tmp_path / "after")] == []


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_it_is_found_that_a_store_loses_what_it_does_not_sync(tmp_path: Path, synchronous: str) -> None:
    wrong = next(after_cuts(run(tmp_path, synchronous=synchronous), tmp_path / "after"))
    assert re.search("was acknowledged and is lost|cannot be used", wrong)
