"""An engine that keeps worlds in one file of SQLite, for one process at a time.

A commit is on the disk before it returns (a write-ahead log, `synchronous=FULL`). The one connection also moves the log into
the file, once it has 1,000 pages. What is forgotten counts no more at once. Its room is free after calls of `tidy`, and is
used before the file grows; the file itself does not get smaller. `close` leaves one file, with no log beside it.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from typing import NamedTuple

from emulator.store.port import Ahead, Append, Image, Record, StoreUnavailable, check_numbers
from emulator.store.sqlite_file import open_database, refusals

PAGE = 1_000_000
"""Bytes, about, that are read at a time, and that one call of `tidy` frees; a larger record is one by itself."""

MOST_ROWS = 500
"""Rows that one call of `tidy` deletes, at most."""

TRIAL = 65_536
"""Bytes that a probe writes: where there is room for these, there is for most groups of records."""

ALL = 2**63 - 1
"""A number beyond all."""

NEWEST = """max(coalesce((SELECT max(n) FROM records WHERE owner = worlds.key), 0),
    coalesce((SELECT n FROM images WHERE world = worlds.key), 0))"""
"""The number of the newest record of a world, forgotten or not."""


class _Place(NamedTuple):
    """The key of a world in the file, 0 where it is not there, and the number of its newest record."""

    key: int = 0
    newest: int = 0


class _Forgotten(NamedTuple):
    """Rows of a table that belong to an owner, and are forgotten up to a number; with the last of them the owner, if one of
    `owners`."""

    rows: str
    owner: int
    to: int = ALL
    owners: str = ""


class SqliteEngine:
    """Worlds in the file at an absolute path, which nobody else opens meanwhile.

    Raises:
        StoreUnavailable: the file cannot be opened, is in use, or holds something else.
    """

    def __init__(self, path: str) -> None:
        self._path = os.path.realpath(path)
        self._database = open_database(self._path)
        self._identity = self._identify()
        self._places: dict[str, _Place] = {}
        try:
            with refusals(self._path):
                self._forgotten = deque(self._leftovers())
        except StoreUnavailable:
            self._database.close()
            raise

    def append(self, appends: Sequence[Append]) -> None:
        with refusals(self._path):
            newest = check_numbers(appends, lambda world: self._place(world).newest, lambda world, n: self.read(world, n - 1))
        with self._transaction():
            keys = {world: self._place(world).key or self._make_world(world) for world in newest}
            rows = [(keys[world], n, body) for world, n, body in appends]
            self._database.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)
        self._places.update({world: _Place(keys[world], n) for world, n in newest.items()})

    def read(self, world: str, after: int = 0) -> Iterator[Record]:
        with refusals(self._path):
            key = self._place(world).key
            after = max(after, *(n for _, n in self._images_of(key)), 0)
            while page := self._page(key, after):
                yield from page
                after = page[-1].n

    def keep_image(self, world: str, n: int, pieces: Iterable[bytes]) -> Iterator[None]:
        with refusals(self._path):
            place = self._place(world)
        if n > place.newest:
            raise Ahead(world, n, place.newest)
        with self._transaction():
            image = self._inserted("INSERT INTO images (n) VALUES (?)", n)
        forgotten: Sequence[_Forgotten] = [_Forgotten("pieces", image, owners="images")]
        try:
            for number, piece in enumerate(pieces, 1):
                with self._transaction():
                    self._database.execute("INSERT INTO pieces VALUES (?, ?, ?)", (image, number, piece))
                yield
            with self._transaction():
                replaced = self._put_in_place(world, place.key, n, image)
            forgotten = forgotten if replaced is None else replaced
        finally:
            self._forgotten.extend(forgotten)

    def newest_image(self, world: str) -> Image | None:
        with refusals(self._path):
            for image, n in self._images_of(self._place(world).key):
                return Image(n, self._pieces(image))
        return None

    def list(self) -> dict[str, int]:
        with refusals(self._path):
            return dict(self._database.execute(f"SELECT id, {NEWEST} FROM worlds WHERE id IS NOT NULL").fetchall())  # noqa: S608

    def drop(self, world: str) -> None:
        with refusals(self._path):
            key = self._place(world).key
            images = self._images_of(key)
        if not key:
            return
        with self._transaction():
            self._database.execute("UPDATE worlds SET id = NULL WHERE key = ?", (key,))
            self._database.execute("UPDATE images SET world = NULL WHERE world = ?", (key,))
        self._places.pop(world, None)
        self._forgotten.append(_Forgotten("records", key, owners="worlds"))
        self._forgotten.extend(_Forgotten("pieces", image, owners="images") for image, _ in images)

    def tidy(self) -> bool:
        if self._forgotten:
            rows, owner, to, owners = self._forgotten[0]
            with self._transaction():
                end = self._end_of_some(rows, owner, to)
                self._database.execute(f"DELETE FROM {rows} WHERE owner = ? AND n <= ?", (owner, end))  # noqa: S608
                if end == to and owners:
                    self._database.execute(f"DELETE FROM {owners} WHERE key = ?", (owner,))  # noqa: S608
            if end == to:
                self._forgotten.popleft()
        return bool(self._forgotten)

    def probe(self) -> None:
        with self._transaction():  # of an image that nobody has; the next probe writes there again
            self._database.execute("INSERT OR REPLACE INTO pieces VALUES (0, 0, zeroblob(?))", (TRIAL,))

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Write what is executed within, durably: all of it, or none.

        Raises:
            StoreUnavailable: it could not be written.
        """
        if self._identify() != self._identity:
            raise StoreUnavailable(f"the store {self._path} was moved or replaced: put it back, or start the server again")
        try:
            with refusals(self._path):
                self._database.execute("BEGIN IMMEDIATE")
                yield
                self._database.execute("COMMIT")
        except BaseException:
            with refusals(self._path):
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
            raise

    def _identify(self) -> tuple[int, int] | None:
        try:
            file = os.stat(self._path)
        except OSError:
            return None
        return file.st_dev, file.st_ino

    def _place(self, world: str) -> _Place:
        place = self._places.get(world)
        if place is None:
            found = self._database.execute(f"SELECT key, {NEWEST} FROM worlds WHERE id = ?", (world,)).fetchone()  # noqa: S608
            if found is None:
                return _Place()
            place = self._places[world] = _Place(*found)
        return place

    def _make_world(self, world: str) -> int:
        return self._inserted("INSERT INTO worlds (id) VALUES (?)", world)

    def _inserted(self, statement: str, value: object) -> int:
        """Insert a row, and return its key."""
        return self._database.execute(statement, (value,)).lastrowid or 0

    def _images_of(self, key: int) -> Sequence[tuple[int, int]]:
        """Return the key and the number of the image of a world, if it has one."""
        return self._database.execute("SELECT key, n FROM images WHERE world = ?", (key,)).fetchall()

    def _page(self, key: int, after: int) -> Sequence[Record]:
        """Return the next records of a world, as many as PAGE holds; no cursor stays open, which would hold up the log."""
        page, size = [], 0
        with closing(self._database.cursor()) as rows:
            rows.execute("SELECT n, body FROM records WHERE owner = ? AND n > ? ORDER BY n", (key, after))
            for n, body in rows:
                page.append(Record(n, body))
                size += len(body)
                if size >= PAGE:
                    break
        return page

    def _pieces(self, image: int) -> Iterator[bytes]:
        statement = "SELECT body FROM pieces WHERE owner = ? AND n = ?"
        for n in count(1):
            with refusals(self._path):
                found = self._database.execute(statement, (image, n)).fetchall()
            if not found:
                return
            yield found[0][0]

    def _put_in_place(self, world: str, former_key: int, n: int, image: int) -> Sequence[_Forgotten] | None:
        """Make an image that of its world; return what is forgotten for it, or None where it is of no use any more."""
        key = self._place(world).key
        former = self._images_of(key)
        if (former_key and key != former_key) or any(n < newest for _, newest in former):
            return None
        key = key or self._make_world(world)
        self._database.execute("UPDATE images SET world = NULL WHERE world = ?", (key,))
        self._database.execute("UPDATE images SET world = ? WHERE key = ?", (key, image))
        return [_Forgotten("records", key, n), *(_Forgotten("pieces", old, owners="images") for old, _ in former)]

    def _end_of_some(self, rows: str, owner: int, to: int) -> int:
        """Return up to which number rows can be deleted in a short time: `to` where these are all."""
        size = 0
        statement = f"SELECT n, length(body) FROM {rows} WHERE owner = ? AND n <= ? ORDER BY n LIMIT ?"  # noqa: S608
        found = self._database.execute(statement, (owner, to, MOST_ROWS)).fetchall()
        for n, length in found:
            size += length
            if size >= PAGE:
                return int(n)
        return int(found[-1][0]) if len(found) == MOST_ROWS else to

    def _leftovers(self) -> Iterator[_Forgotten]:
        """Yield what was forgotten, or never came to be, when the file was closed."""
        for (world,) in self._database.execute("SELECT key FROM worlds WHERE id IS NULL").fetchall():
            yield _Forgotten("records", world, owners="worlds")
        for (image,) in self._database.execute("SELECT key FROM images WHERE world IS NULL").fetchall():
            yield _Forgotten("pieces", image, owners="images")
        for world, n in self._database.execute("SELECT world, n FROM images WHERE world IS NOT NULL").fetchall():
            yield _Forgotten("records", world, n)
