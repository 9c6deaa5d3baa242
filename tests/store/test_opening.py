"""URLs of stores: what they open, and what is said of all others."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from emulator.kernel.errors import BadInput
from emulator.store.opening import engine_of
from emulator.store.port import StoreUnavailable


def test_memory_is_no_store() -> None:
    assert engine_of("memory:") is None


@pytest.mark.parametrize(
    "url", ["sqlite:worlds.db", "sqlite:./worlds.db", "sqlite:{folder}/worlds.db", "sqlite://{folder}/worlds.db"]
)
def test_a_file_is_named_from_the_working_directory_or_from_the_root(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    engine = engine_of(url.format(folder=tmp_path))
    assert engine is not None
    engine.close()
    assert [file.name for file in tmp_path.iterdir()] == ["worlds.db"]


@pytest.mark.parametrize("name", ["a b.db", "%41.db", "ä.db", "file:x.db", "#1", "~"])
def test_a_name_is_taken_as_it_stands(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = engine_of(f"sqlite:{name}")
    assert engine is not None
    engine.close()
    assert [file.name for file in tmp_path.iterdir()] == [name]


WRITE = (
    "write sqlite:FILE for a file, such as sqlite:worlds.db, postgresql://USER@HOST/DATABASE for a database,"
    " or memory: to keep nothing beyond the process"
)
FORM = "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with %40 for an @ in its parts, and parameters of libpq behind a ?"
WRONG = {
    "": f"'' is no URL of a store: {WRITE}",
    "worlds.db": f"'worlds.db' is no URL of a store: {WRITE}",
    "C:\\worlds.db": f"'C:\\\\worlds.db' is no URL of a store: {WRITE}",
    "sqlite": f"'sqlite' is no URL of a store: {WRITE}",
    "sqlite:": f"'sqlite:' names no file: {WRITE}",
    "sqlite::memory:": f"'sqlite::memory:' names no file: {WRITE}",
    "sqlite:///": f"'sqlite:///' names no file: {WRITE}",
    "sqlite:a\0b": f"'sqlite:a\\x00b' names no file: {WRITE}",
    "sqlite://worlds.db": f"sqlite://worlds.db names a host, and a file is on this machine: {WRITE}",
    "sqlite:worlds.db?mode=ro": "sqlite:worlds.db?mode=ro has options, and there are none: leave out what begins with ?",
    "sqllite:worlds.db": f"there is no store sqllite:; did you mean 'sqlite'?; {WRITE}",
    "memory:worlds": f"nothing follows memory: in the URL of a store, and 'worlds' does; {WRITE}",
    "mysql://me:secret@host/worlds": f"there is no store mysql:; known: memory, sqlite, postgresql; {WRITE}",
    "postgresql://me:sec%ret@host/worlds": f"this is no URL of PostgreSQL: {FORM}",
    "postgresql://me:secret@host/worlds?colour=red": f"this is no URL of PostgreSQL: {FORM}",
    "postgresql://host/worlds?schema=": "schema= names no schema: leave it out for batch_emulator",
}


@pytest.mark.parametrize("url", WRONG)
def test_another_url_is_refused_with_what_may_be_written(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as refused:
        engine_of(url)
    assert str(refused.value) == WRONG[url]
    assert [*tmp_path.iterdir()] == []


def test_postgresql_without_its_driver_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [it for it in sys.modules if it.partition(".")[0] == "psycopg" or it.startswith("emulator.store.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(BadInput, match=r"a store in PostgreSQL needs psycopg: install batch-emulator\[postgres\]"):
        engine_of("postgresql://host/worlds")


def test_a_file_that_cannot_be_opened_is_refused_by_its_engine(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="is a folder"):
        engine_of(f"sqlite:{tmp_path}")
