"""An engine that keeps worlds in one file of SQLite, for one process at a time.

A commit is on the disk before it returns (a write-ahead log, `synchronous=FULL`). The one connection also moves the log into
the file, once it has 1,000 pages. What is forgotten counts no more at once. Its room is free after calls of `tidy`, and is
used before the file grows; the file itself does not get smaller. `close` leaves one file, with no log beside it.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

from emulator.store.port import Append, Record, StoreUnavailable
from emulator.store.sqlite_file import open_database, refusals
from emulator.store.tables import PAGE, TRIAL, TablesEngine


class SqliteEngine(TablesEngine):
    """Worlds in the file at an absolute path, which nobody else opens meanwhile.

    Raises:
        StoreUnavailable: the file cannot be opened, is in use, or holds something else.
    """

    GREATEST = "max"

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = os.path.realpath(path)
        self._database = open_database(self._path)
        self._identity = self._identify()
        try:
            with self._refusals():
                self._forgotten = deque(self._leftovers())
        except StoreUnavailable:
            self._database.close()
            raise

    def probe(self) -> None:
        with self._transaction():  # of an image that nobody has; the next probe writes there again
            self._rows("INSERT OR REPLACE INTO pieces VALUES (0, 0, zeroblob(?))", (TRIAL,))

    def close(self) -> None:
        self._database.close()

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> Sequence[tuple[Any, ...]]:
        return self._database.execute(statement, values).fetchall()

    def _inserted(self, statement: str, value: object) -> int:
        return self._database.execute(statement, (value,)).lastrowid or 0

    def _insert(self, appends: Sequence[Append]) -> Mapping[str, int]:
        with self._transaction():
            worlds = dict.fromkeys(append.world for append in appends)
            keys = {world: self._place(world).key or self._make_world(world) for world in worlds}
            rows = [(keys[world], n, body) for world, n, body in appends]
            self._database.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)
        return keys

    def _page(self, key: int, after: int) -> Sequence[Record]:
        page, size = [], 0
        with closing(self._database.cursor()) as rows:  # which stays open no longer, or it would hold up the log
            rows.execute("SELECT n, CAST(body AS BLOB) FROM records WHERE owner = ? AND n > ? ORDER BY n", (key, after))
            for n, body in rows:
                page.append(Record(n, body))
                size += len(body)
                if size >= PAGE:
                    break
        return page

    def _refusals(self) -> AbstractContextManager[None]:
        return refusals(self._path)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._identify() != self._identity:
            raise StoreUnavailable(f"the store {self._path} was moved or replaced: put it back, or start the server again")
        try:
            with self._refusals():
                self._database.execute("BEGIN IMMEDIATE")
                yield
                self._database.execute("COMMIT")
        except BaseException:
            with self._refusals():
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
            raise

    def _identify(self) -> tuple[int, int] | None:
        try:
            file = os.stat(self._path)
        except OSError:
            return None
        return file.st_dev, file.st_ino
