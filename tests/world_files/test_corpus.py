"""Every file that a format's first version wrote is read, shown, and goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import Emulator, EmulatorServer
from tests.world_files.corpus import FOLDER, outcomes

FILES = sorted(FOLDER.glob("format-*/*.world.gz"))


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        yield server


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_of_the_corpus_is_read(server: EmulatorServer, path: Path) -> None:
    journals = json.loads((path.parent / "journals.json").read_text("utf-8"))
    with Emulator.open(path, server=server, id="corpus") as emulator:
        journal = emulator.ask("GET", "/journal")
        assert outcomes(journal) == journals[path.name.removesuffix(".world.gz")]
        assert [it["name"] for it in emulator.ask("GET", "/snapshots")["snapshots"]] == ["end"]
        assert all(emulator.ask("GET", f"/journal/{it['n']}/explain") for it in journal["entries"])
        assert emulator.diff("end") == ()
        emulator.undo()
        emulator.restore("end")
        emulator.clock.advance("1d")
        emulator.reset()


def test_there_is_a_corpus() -> None:
    assert len(FILES) >= 8
