"""The engine of SQLite: one file, one process, and what is said where either cannot be."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from emulator.store.port import Append, Engine, StoreUnavailable
from emulator.store.sqlite import SqliteEngine
from tests.store.disks import make_read_only, small_disk
from tests.store.engines import contents, keep_image

HOLD = """
import sys
from emulator.store.port import Append
from emulator.store.sqlite import SqliteEngine
engine = SqliteEngine(sys.argv[1])
engine.append([Append("a", 1, b"of a child")])
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "worlds.db"


@contextmanager
def held(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Have another process use a file, and kill it at the end."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline().strip() == b"open"
            yield child
        finally:
            child.kill()


def append(engine: Engine, world: str, n: int, body: bytes = b"x") -> None:
    engine.append([Append(world, n, body)])


def test_a_file_in_use_by_another_process_is_refused_until_that_is_killed(path: Path) -> None:
    with held(path) as child:
        pid = f" (pid {child.pid})" if sys.platform == "linux" else ""
        with pytest.raises(StoreUnavailable) as refused:
            SqliteEngine(str(path))
        expected = f"the store {path} is in use by another process{pid}: stop that, or name another file"
        assert str(refused.value) == expected
    with closing(SqliteEngine(str(path))) as engine:
        assert contents(engine) == {"a": (1, None, {1: b"of a child"})}


def test_a_file_in_use_by_this_process_is_refused_and_stays_in_use(path: Path) -> None:
    with closing(SqliteEngine(str(path))) as engine:
        append(engine, "a", 1)
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match=r"is in use by (this process already|another process): "):
                SqliteEngine(str(path))
        append(engine, "a", 2)
    with closing(SqliteEngine(str(path))) as engine:
        assert engine.list() == {"a": 2}


def another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE customers (name TEXT)")
        database.commit()


def another_program_that_says_so(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA application_id = 42")


def a_later_release(path: Path) -> None:
    SqliteEngine(str(path)).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 7")


UNUSABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (Path.mkdir, "is a folder: name a file, such as {path}/worlds.db"),
    "text": (
        lambda path: path.write_bytes(b"no database at all " * 100),
        "cannot be used: it is no database of SQLite: name another",
    ),
    "tables": (another_program, "is a database of another program: name another file"),
    "an application's": (another_program_that_says_so, "is a database of another program: name another file"),
    "later": (
        a_later_release,
        "was written by a later release of batch-emulator: its version is 7, and this release reads those up to 1;",
    ),
}


@pytest.mark.parametrize("unusable", UNUSABLE)
def test_what_is_no_file_of_worlds_is_refused_and_stays_as_it_is(path: Path, unusable: str) -> None:
    make, message = UNUSABLE[unusable]
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreUnavailable) as refused:
        SqliteEngine(str(path))
    assert str(refused.value).startswith(
        f"the store {path} {message.format(path=path)}".replace("/worlds.db/", f"/worlds.db{os.sep}")
    )
    assert [file.name for file in path.parent.iterdir()] == ["worlds.db"]
    assert before == (path.read_bytes() if path.is_file() else None)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "worlds.db"
    with pytest.raises(StoreUnavailable) as refused:
        SqliteEngine(str(path))
    assert str(refused.value) == f"the store {path} cannot be made: there is no folder {path.parent}; make it first"


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="a system without /dev/null")
def test_a_device_is_refused() -> None:
    with pytest.raises(StoreUnavailable, match="the store /dev/null is no ordinary file: name another"):
        SqliteEngine("/dev/null")


def test_an_empty_file_is_one_without_worlds(path: Path) -> None:
    path.touch()
    with closing(SqliteEngine(str(path))) as engine:
        assert engine.list() == {}


READ_ONLY = "it may not be written: give this user the right to write it and its folder, or name another file"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_may_not_be_written_is_refused(path: Path) -> None:
    SqliteEngine(str(path)).close()
    path.chmod(0o444)
    with pytest.raises(StoreUnavailable) as refused:
        SqliteEngine(str(path))
    assert str(refused.value) == f"the store {path} cannot be used: {READ_ONLY}"


def test_a_file_on_a_disk_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1_000_000) as disk:
        path = disk / "worlds.db"
        SqliteEngine(str(path)).close()
        make_read_only(disk)
        with pytest.raises(StoreUnavailable) as refused:
            SqliteEngine(str(path))
        assert str(refused.value) == f"the store {path} cannot be used: {READ_ONLY}"
        with pytest.raises(
            StoreUnavailable, match="cannot be opened: this user must be allowed to read and write it and its folder"
        ):
            SqliteEngine(str(disk / "new.db"))


@pytest.mark.skipif(sys.platform == "win32", reason="a file in use is not moved there")
def test_a_file_that_is_moved_away_while_in_use_takes_no_more_records(path: Path) -> None:
    with closing(SqliteEngine(str(path))) as engine:
        append(engine, "a", 1)
        aside = path.rename(path.with_name("aside.db"))
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="was moved or replaced: put it back, or start the server again"):
                append(engine, "a", 2)
        aside.rename(path)
        append(engine, "a", 2)
        assert engine.list() == {"a": 2}


def read_all(path: Path) -> None:
    with closing(SqliteEngine(str(path))) as engine:
        contents(engine)


@pytest.mark.parametrize("part", [0.0, 0.5], ids=["all of it", "the end of it"])
def test_a_damaged_file_is_said_to_be_damaged(path: Path, part: float) -> None:
    with closing(SqliteEngine(str(path))) as engine:
        engine.append([Append("a", n, bytes(1_000)) for n in range(1, 100)])
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(begin := max(4096, int(size * part)))
        file.write(b"\xff" * (size - begin))
    for _ in range(2):
        with pytest.raises(
            StoreUnavailable,
            match=f"the store {re.escape(str(path))} cannot be used: it is damaged: put back a copy of it, or name",
        ):
            read_all(path)


def test_a_file_whose_tables_are_no_text_is_said_to_be_damaged(path: Path) -> None:
    with closing(SqliteEngine(str(path))) as engine:
        append(engine, "a", 1)
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE images (key", b"CREATE TABLE images \xffkey"))
    with pytest.raises(StoreUnavailable, match=f"the store {re.escape(str(path))} cannot be used: it is damaged: put back"):
        read_all(path)


CALLS: dict[str, Callable[[Engine], object]] = {
    "append": lambda engine: append(engine, "a", 2),
    "append to another world": lambda engine: append(engine, "new", 1),
    "read": lambda engine: [*engine.read("a")],
    "keep_image": lambda engine: keep_image(engine, "a", 1, b"x"),
    "newest_image": lambda engine: engine.newest_image("a"),
    "list": lambda engine: engine.list(),
    "drop": lambda engine: engine.drop("a"),
    "tidy": lambda engine: engine.tidy(),
    "probe": lambda engine: engine.probe(),
}


@pytest.mark.parametrize("call", CALLS)
def test_whatever_sqlite_cannot_do_is_a_store_that_is_unavailable(path: Path, call: str) -> None:
    engine = SqliteEngine(str(path))
    append(engine, "a", 1)
    append(engine, "b", 1)
    engine.drop("b")
    engine._database.close()
    with pytest.raises(
        StoreUnavailable, match=f"the store {re.escape(str(path))} cannot be used: Cannot operate on a closed database"
    ):
        CALLS[call](engine)


def fill(engine: Engine, size: int = 20_000) -> int:
    """Append until no more can be kept, and return the number of the last record that is."""
    n = 0
    with suppress(StoreUnavailable):
        while True:
            append(engine, "a", n + 1, bytes(size))
            n += 1
    return n


FULL = "cannot be used: the disk is full: make room there, and it goes on by itself (SQLITE_FULL)"


def test_a_full_disk_keeps_what_it_had_and_takes_more_once_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1_000_000) as disk:
        (ballast := disk / "ballast").write_bytes(bytes(400_000))
        engine = SqliteEngine(str(disk / "worlds.db"))
        last = fill(engine)
        before = contents(engine)
        assert last > 10
        assert len(before["a"][2]) == last
        attempts: list[Callable[[], None]] = [
            lambda: append(engine, "a", last + 1, bytes(100_000)),
            lambda: keep_image(engine, "a", last, bytes(100_000)),
            engine.probe,
        ]
        for attempt in attempts:
            with pytest.raises(StoreUnavailable) as refused:
                attempt()
            assert str(refused.value) == f"the store {disk / 'worlds.db'} {FULL}"
            assert contents(engine) == before
        ballast.unlink()
        engine.probe()
        append(engine, "a", last + 1, bytes(100_000))
        engine.close()
        with closing(SqliteEngine(str(disk / "worlds.db"))) as engine:
            assert engine.list() == {"a": last + 1}


def test_a_full_disk_can_be_left_and_come_back_to(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 600_000) as disk:
        with closing(SqliteEngine(str(disk / "worlds.db"))) as engine:
            last = fill(engine)
        with closing(SqliteEngine(str(disk / "worlds.db"))) as engine:
            assert contents(engine) == {"a": (last, None, {n: bytes(20_000) for n in range(1, last + 1)})}


def test_a_store_with_no_room_for_more_pages_refuses_and_goes_on(path: Path) -> None:
    with closing(SqliteEngine(str(path))) as engine:
        engine._database.execute("PRAGMA max_page_count = 100").fetchall()
        last = fill(engine)
        with pytest.raises(StoreUnavailable) as refused:
            engine.probe()
        assert str(refused.value) == f"the store {path} {FULL}"
        assert contents(engine) == {"a": (last, None, {n: bytes(20_000) for n in range(1, last + 1)})}
        engine._database.execute("PRAGMA max_page_count = 1000").fetchall()
        engine.probe()
        append(engine, "a", last + 1)
        assert engine.list() == {"a": last + 1}


def test_the_room_of_what_is_forgotten_is_used_again(path: Path) -> None:
    with closing(SqliteEngine(str(path))) as engine:
        sizes = []
        for turn in range(6):
            engine.append([Append("a", turn * 200 + n, bytes(5_000)) for n in range(1, 201)])
            keep_image(engine, "a", turn * 200 + 200, bytes(100_000))
            append(engine, f"dropped {turn}", 1, bytes(500_000))
            engine.drop(f"dropped {turn}")
            while engine.tidy():
                pass
            sizes.append(path.stat().st_size)
    assert path.stat().st_size < 3_000_000, sizes


def test_what_was_not_tidied_is_tidied_when_the_file_is_opened_again(path: Path) -> None:
    with closing(SqliteEngine(str(path))) as engine:
        for world in ("kept", "dropped"):
            engine.append([Append(world, n, bytes(100)) for n in range(1, 20)])
            keep_image(engine, world, 5, b"former")
            keep_image(engine, world, 10, b"image")
        engine.drop("dropped")
        next(abandoned := engine.keep_image("kept", 12, [b"x", b"y"]))
    del abandoned
    with closing(SqliteEngine(str(path))) as engine:
        while engine.tidy():
            pass
    with closing(sqlite3.connect(path)) as database:
        rows = {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("worlds", "records", "images", "pieces")
        }
    assert rows == {"worlds": 1, "records": 9, "images": 1, "pieces": 1}


def test_one_file_is_left_when_it_is_closed(path: Path) -> None:
    with closing(SqliteEngine(str(path))) as engine:
        append(engine, "a", 1)
        assert {file.name for file in path.parent.iterdir()} == {"worlds.db", "worlds.db-wal"}
    assert [file.name for file in path.parent.iterdir()] == ["worlds.db"]
