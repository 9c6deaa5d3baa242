"""An engine on four tables, which every database of SQL has in the same way; each says how it connects, inserts and reads.

A world that is dropped has no id any more, and an image that is not whole yet, or replaced, no world: their rows stay until
calls of `tidy` have deleted all that belongs to them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import count
from typing import Any, ClassVar, NamedTuple

from emulator.store.port import Ahead, Append, Image, Record, check_numbers

PAGE = 1_000_000
"""Bytes, about, that are read at a time, and that one call of `tidy` frees; a larger record is one by itself."""

MOST_ROWS = 500
"""Rows that one call of `tidy` deletes, at most."""

TRIAL = 65_536
"""Bytes that a probe writes: where there is room for these, there is for most groups of records."""

ALL = 2**63 - 1
"""A number beyond all."""

NEWEST = """{greatest}(coalesce((SELECT max(n) FROM records WHERE owner = worlds.key), 0),
    coalesce((SELECT n FROM images WHERE world = worlds.key), 0))"""
"""The number of the newest record of a world, forgotten or not."""


class Place(NamedTuple):
    """The key of a world in the tables, 0 where it is not there, and the number of its newest record."""

    key: int = 0
    newest: int = 0


class Forgotten(NamedTuple):
    """Rows of a table that belong to an owner, and are forgotten up to a number; with the last of them the owner, if one of
    `owners`."""

    rows: str
    owner: int
    to: int = ALL
    owners: str = ""


class TablesEngine(ABC):
    """Keeps worlds in tables. Parameters of statements are written `?`."""

    GREATEST: ClassVar[str]
    """The function that returns the greatest of its arguments."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._forgotten: deque[Forgotten] = deque()

    @abstractmethod
    def _rows(self, statement: str, values: Sequence[Any] = ()) -> Sequence[tuple[Any, ...]]:
        """Execute a statement, and return the rows that it gives."""

    @abstractmethod
    def _inserted(self, statement: str, value: object) -> int:
        """Insert a row, and return its key."""

    @abstractmethod
    def _page(self, key: int, after: int) -> Sequence[Record]:
        """Return the next records of a world, as many as PAGE holds."""

    @abstractmethod
    def _insert(self, appends: Sequence[Append]) -> Mapping[str, int]:
        """Insert records, whose numbers are right as far as is known, and return the keys of their worlds.

        Raises:
            Misnumbered: somebody else has changed one of the worlds.
        """

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[None]:
        """Write what is executed within, durably: all of it, or none.

        Raises:
            StoreUnavailable: it could not be written.
        """

    @abstractmethod
    def _refusals(self) -> AbstractContextManager[None]:
        """Turn errors of the database into a refusal that says what to do.

        Raises:
            StoreUnavailable: the database failed.
        """

    def _id(self, world: str) -> str | bytes:
        """Return the id of a world as it stands in the tables."""
        return world

    def append(self, appends: Sequence[Append]) -> None:
        with self._refusals():
            newest = self._check(appends)
        keys = self._insert(appends) if newest else {}
        self._places.update({world: Place(keys[world], n) for world, n in newest.items()})

    def read(self, world: str, after: int = 0) -> Iterator[Record]:
        with self._refusals():
            key = self._place(world).key
            after = max(after, *(n for _, n in self._images_of(key)), 0)
            while page := self._page(key, after):
                yield from page
                after = page[-1].n

    def keep_image(self, world: str, n: int, pieces: Iterable[bytes]) -> Iterator[None]:
        with self._refusals():
            place = self._place(world)
        if n > place.newest:
            raise Ahead(world, n, place.newest)
        with self._transaction():
            image = self._inserted("INSERT INTO images (n) VALUES (?)", n)
        forgotten: Sequence[Forgotten] = [Forgotten("pieces", image, owners="images")]
        try:
            for number, piece in enumerate(pieces, 1):
                with self._transaction():
                    self._rows("INSERT INTO pieces VALUES (?, ?, ?)", (image, number, piece))
                yield
            with self._transaction():
                replaced = self._put_in_place(world, place.key, n, image)
            forgotten = forgotten if replaced is None else replaced
        finally:
            self._forgotten.extend(forgotten)

    def newest_image(self, world: str) -> Image | None:
        with self._refusals():
            for image, n in self._images_of(self._place(world).key):
                return Image(n, self._pieces(image))
        return None

    def list(self) -> dict[str, int]:
        with self._refusals():
            rows = self._rows(f"SELECT id, {self._newest} FROM worlds WHERE id IS NOT NULL")  # noqa: S608
            return {id if isinstance(id, str) else id.decode(): n for id, n in rows}

    def drop(self, world: str) -> None:
        with self._refusals():
            key = self._place(world).key
            images = self._images_of(key)
        if not key:
            return
        with self._transaction():
            self._rows("UPDATE worlds SET id = NULL WHERE key = ?", (key,))
            self._rows("UPDATE images SET world = NULL WHERE world = ?", (key,))
        self._places.pop(world, None)
        self._forgotten.append(Forgotten("records", key, owners="worlds"))
        self._forgotten.extend(Forgotten("pieces", image, owners="images") for image, _ in images)

    def tidy(self) -> bool:
        if self._forgotten:
            rows, owner, to, owners = self._forgotten[0]
            with self._transaction():
                end = self._end_of_some(rows, owner, to)
                self._rows(f"DELETE FROM {rows} WHERE owner = ? AND n <= ?", (owner, end))  # noqa: S608
                if end == to and owners:
                    self._rows(f"DELETE FROM {owners} WHERE key = ?", (owner,))  # noqa: S608
            if end == to:
                self._forgotten.popleft()
        return bool(self._forgotten)

    @property
    def _newest(self) -> str:
        return NEWEST.format(greatest=self.GREATEST)

    def _check(self, appends: Sequence[Append]) -> dict[str, int]:
        return check_numbers(appends, lambda world: self._place(world).newest, lambda world, n: self.read(world, n - 1))

    def _place(self, world: str) -> Place:
        place = self._places.get(world)
        if place is None:
            found = self._rows(f"SELECT key, {self._newest} FROM worlds WHERE id = ?", (self._id(world),))  # noqa: S608
            if not found:
                return Place()
            place = self._places[world] = Place(*found[0])
        return place

    def _make_world(self, world: str) -> int:
        return self._inserted("INSERT INTO worlds (id) VALUES (?)", self._id(world))

    def _images_of(self, key: int) -> Sequence[tuple[int, int]]:
        """Return the key and the number of the image of a world, if it has one; SQLite may have something else for a number."""
        return [
            (image, n if isinstance(n, int) else 0)
            for image, n in self._rows("SELECT key, n FROM images WHERE world = ?", (key,))
        ]

    def _pieces(self, image: int) -> Iterator[bytes]:
        for n in count(1):
            with self._refusals():
                found = self._rows("SELECT body FROM pieces WHERE owner = ? AND n = ?", (image, n))
            if not found:
                return
            yield found[0][0]

    def _put_in_place(self, world: str, former_key: int, n: int, image: int) -> Sequence[Forgotten] | None:
        """Make an image that of its world; return what is forgotten for it, or None where it is of no use any more."""
        key = self._place(world).key
        former = self._images_of(key)
        if (former_key and key != former_key) or any(n < newest for _, newest in former):
            return None
        key = key or self._make_world(world)
        self._rows("UPDATE images SET world = NULL WHERE world = ?", (key,))
        self._rows("UPDATE images SET world = ? WHERE key = ?", (key, image))
        return [Forgotten("records", key, n), *(Forgotten("pieces", old, owners="images") for old, _ in former)]

    def _end_of_some(self, rows: str, owner: int, to: int) -> int:
        """Return up to which number rows can be deleted in a short time: `to` where these are all."""
        size = 0
        statement = f"SELECT n, length(body) FROM {rows} WHERE owner = ? AND n <= ? ORDER BY n LIMIT ?"  # noqa: S608
        found = self._rows(statement, (owner, to, MOST_ROWS))
        for n, length in found:
            size += length
            if size >= PAGE:
                return int(n)
        return int(found[-1][0]) if len(found) == MOST_ROWS else to

    def _leftovers(self) -> Iterator[Forgotten]:
        """Yield what was forgotten, or never came to be, when the database was closed."""
        for (world,) in self._rows("SELECT key FROM worlds WHERE id IS NULL"):
            yield Forgotten("records", world, owners="worlds")
        for (image,) in self._rows("SELECT key FROM images WHERE world IS NULL"):
            yield Forgotten("pieces", image, owners="images")
        for world, n in self._rows("SELECT world, n FROM images WHERE world IS NOT NULL"):
            yield Forgotten("records", world, n)
