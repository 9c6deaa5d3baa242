"""An engine that keeps worlds in a schema of PostgreSQL, for one server at a time.

A call is one transaction at most, and a group of records one round trip: a function of the schema compares and appends. Where
the connection breaks, the next call makes another. The schema is this engine's for as long as a connection lasts, and a new
connection ends the former one before anything is read: what was sent over that has happened by then, or never will.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from emulator.store.port import Append, Record
from emulator.store.postgres_connection import MISNUMBERED, Place, engine_name, open_connection, refusals
from emulator.store.tables import PAGE, TRIAL, TablesEngine

MOST_READ = 1_000
"""Records that are read at a time, at most."""


class PostgresEngine(TablesEngine):
    """Worlds in the database and schema of a URL. The database knows its connections by its `name`.

    Raises:
        BadInput: it is no URL of PostgreSQL.
        StoreUnavailable: the database is not reached, the schema is in use, or holds something else.
    """

    GREATEST = "greatest"

    def __init__(self, url: str) -> None:
        super().__init__()
        self._at = Place(url)
        self.name = engine_name()
        self._link: psycopg.Connection | None = None
        with self._refusals():
            self._forgotten = deque(self._leftovers())

    def probe(self) -> None:
        with self._transaction():  # of an image that nobody has; the next probe writes there again
            self._rows("DELETE FROM pieces WHERE owner = 0")
            self._rows("INSERT INTO pieces VALUES (0, 0, ?)", (bytes(TRIAL),))

    def close(self) -> None:
        if self._link is not None:
            self._link.close()

    def _connect(self) -> psycopg.Connection:
        """Return the connection, a new one where there is none that works: then nothing is known any more."""
        if self._link is None or self._link.closed:
            self._places.clear()
            self._link = open_connection(self._at, self.name)
        return self._link

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> Sequence[tuple[Any, ...]]:
        cursor = self._connect().cursor(binary=True)
        cursor.execute(statement.replace("?", "%s").encode(), values)
        return [] if cursor.description is None else cursor.fetchall()

    def _inserted(self, statement: str, value: object) -> int:
        ((key,),) = self._rows(f"{statement} RETURNING key", (value,))
        return int(key)

    def _insert(self, appends: Sequence[Append]) -> Mapping[str, int]:
        ids, numbers, bodies = zip(*((self._id(world), n, body) for world, n, body in appends), strict=True)
        with self._refusals():
            try:
                rows = self._rows("SELECT id, key FROM append(?, ?, ?)", ([*ids], [*numbers], [*bodies]))
            except psycopg.Error as error:
                if error.sqlstate != MISNUMBERED:
                    raise
                self._places.clear()
                self._check(appends)
                raise
        return {id.decode(): key for id, key in rows}

    def _page(self, key: int, after: int) -> Sequence[Record]:
        return [
            Record(n, body)
            for n, body in self._rows(
                """SELECT n, body FROM (
                    SELECT n, body, sum(length(body)) OVER (ORDER BY n) - length(body) AS before
                    FROM (SELECT n, body FROM records WHERE owner = ? AND n > ? ORDER BY n LIMIT ?) AS next
                ) AS page WHERE before < ? ORDER BY n""",
                (key, after, MOST_READ, PAGE),
            )
        ]

    def _id(self, world: str) -> bytes:
        return world.encode()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._refusals(), self._connect().transaction():
            yield

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        with refusals(self._at):
            yield
