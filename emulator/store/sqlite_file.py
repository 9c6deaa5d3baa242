"""The file of the SQLite engine: opened for this process alone, and what is said where that, or a write, fails."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from emulator.store.port import StoreUnavailable

APPLICATION = 0x62656D75
"""What SQLite's `application_id` is in our files: "bemu"."""

VERSION = 1
"""The version of SCHEMA, SQLite's `user_version`. A release reads those up to its own."""

SCHEMA = """
    CREATE TABLE worlds (key INTEGER PRIMARY KEY, id TEXT UNIQUE);
    CREATE TABLE records (owner INTEGER NOT NULL, n INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (owner, n));
    CREATE TABLE images (key INTEGER PRIMARY KEY, world INTEGER UNIQUE, n INTEGER NOT NULL);
    CREATE TABLE pieces (owner INTEGER NOT NULL, n INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (owner, n));
"""
"""A world that is dropped has no id any more, and an image that is not whole yet, or replaced, no world: their rows stay until
all that belongs to them is deleted."""

SETTINGS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "fullfsync": "ON",
    "checkpoint_fullfsync": "ON",
    "wal_autocheckpoint": "1000",
    "journal_size_limit": "8388608",
    "temp_store": "MEMORY",
}
"""Pragmas by which a commit is on the disk before it returns: on a Mac that takes `fullfsync`. The log is moved into the file
when it has 1,000 pages of 4 KiB, and is cut to 8 MiB where a large write made it longer."""

REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full: make room there, and it goes on by itself",
    sqlite3.SQLITE_NOTADB: "it is no database of SQLite: name another file, or one that does not exist yet",
    sqlite3.SQLITE_READONLY: "it may not be written: give this user the right to write it and its folder, or name another file",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: this user must be allowed to read and write it and its folder",
    sqlite3.SQLITE_PERM: "it cannot be opened: this user must be allowed to read and write it and its folder",
    sqlite3.SQLITE_CORRUPT: "it is damaged: put back a copy of it, or name another file",
    sqlite3.SQLITE_IOERR: "the disk fails: see what the system says of it; it goes on by itself once the disk can be written",
}
"""What a primary error code of SQLite means, and what to do."""


def open_database(path: str) -> sqlite3.Connection:
    """Open the file for this process alone, made where there is none; other processes are refused until it is closed.

    Raises:
        StoreUnavailable: it cannot be opened, is in use, or holds something else.
    """
    check_place(path)
    _make_private(path)
    with refusals(path):
        database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            _prepare(database, path)
        except BaseException:
            database.close()
            raise
    return database


def check_place(path: str) -> None:
    """Check that a file can stand there, which SQLite would say of no reason.

    Raises:
        StoreUnavailable: that is a folder, or in none.
    """
    folder = os.path.dirname(path)
    if os.path.isdir(path):
        raise StoreUnavailable(f"the store {path} is a folder: name a file, such as {os.path.join(path, 'worlds.db')}")
    if not os.path.isdir(folder):
        raise StoreUnavailable(f"the store {path} cannot be made: there is no folder {folder}; make it first")
    if os.path.exists(path) and not os.path.isfile(path):
        raise StoreUnavailable(f"the store {path} is no ordinary file: name another")
    if os.path.exists(path) and not os.access(path, os.W_OK):
        raise StoreUnavailable(f"the store {path} cannot be used: {REASONS[sqlite3.SQLITE_READONLY]}")


def _make_private(path: str) -> None:
    """Make the file where there is none, for its owner alone, since it has credentials; SQLite's log beside it is like it."""
    with suppress(OSError):  # SQLite says why
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


@contextmanager
def refusals(path: str) -> Iterator[None]:
    """Turn errors of SQLite into a refusal that says what to do.

    Raises:
        StoreUnavailable: SQLite failed.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the store {path} {_reason(path, error)}") from error
    except UnicodeDecodeError as error:  # of a message of SQLite that shows what it read
        raise StoreUnavailable(f"the store {path} cannot be used: {REASONS[sqlite3.SQLITE_CORRUPT]}") from error


def _reason(path: str, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"is in use by {_holder(path)}: stop that, or name another file"
    return f"cannot be used: {REASONS.get(code & 0xFF, str(error))} ({getattr(error, 'sqlite_errorname', 'SQLite')})"


def _holder(path: str) -> str:
    """Return in words who has locked a file, with its process id where Linux tells it."""
    try:
        file = os.stat(path)
        with open("/proc/locks", encoding="ascii") as locks:
            held = [line.split() for line in locks if " POSIX " in line and " WRITE " in line]
    except OSError:
        return "another process"
    at = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
    pids = [int(pid) for *_, pid, place, _, _ in held if place == at]
    if not pids:
        return "another process"
    return "this process already" if pids[0] == os.getpid() else f"another process (pid {pids[0]})"


def _prepare(database: sqlite3.Connection, path: str) -> None:
    """Lock the file, set what holds for this connection, and make the tables where there are none."""
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    _is_new(database, path)  # before anything is written to what may be another's
    for name, value in SETTINGS.items():
        database.execute(f"PRAGMA {name} = {value}").fetchall()
    if _asked(database, "journal_mode") != "wal":
        raise StoreUnavailable(f"the store {path} cannot be used: its file system allows no write-ahead log")
    database.execute("BEGIN IMMEDIATE")
    if _is_new(database, path):
        for statement in SCHEMA.split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION}")
        database.execute(f"PRAGMA user_version = {VERSION}")
    database.execute("COMMIT")


def _is_new(database: sqlite3.Connection, path: str) -> bool:
    """Return whether there is nothing in the file yet.

    Raises:
        StoreUnavailable: it is another program's, or of a later release.
    """
    application, version = (_asked(database, pragma) for pragma in ("application_id", "user_version"))
    if application == APPLICATION and version > VERSION:
        raise StoreUnavailable(
            f"the store {path} was written by a later release of batch-emulator: its version is {version}, and this release"
            f" reads those up to {VERSION}; use that release, or name another file"
        )
    is_empty = database.execute("SELECT 1 FROM sqlite_master").fetchone() is None
    if application != APPLICATION and not (is_empty and application == 0):
        raise StoreUnavailable(f"the store {path} is a database of another program: name another file")
    return is_empty


def _asked(database: sqlite3.Connection, pragma: str) -> Any:
    return database.execute(f"PRAGMA {pragma}").fetchone()[0]
