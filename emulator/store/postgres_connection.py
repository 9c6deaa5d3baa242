"""The connection of the PostgreSQL engine: its schema is this server's alone for as long as it lasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from secrets import token_hex
from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from emulator.kernel.errors import BadInput
from emulator.store.port import StoreUnavailable

FORM = "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with %40 for an @ in its parts, and parameters of libpq behind a ?"
SCHEMA = "batch_emulator"

DEFAULTS: dict[str, Any] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""Parameters that a URL need not name: a server that is gone is found out within seconds (the second in milliseconds)."""

SETTINGS = {
    "synchronous_commit": "on",
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "10s",
    "tcp_keepalives_interval": "5s",
    "tcp_keepalives_count": "3",
}
"""Settings of the session by which a commit is durable before it returns, nothing waits for ever, and the database soon finds
out that a server is gone whose machine died, and gives its schema to the next."""

MIGRATIONS = (
    """
    CREATE TABLE about (version integer NOT NULL);
    INSERT INTO about VALUES (0);
    CREATE TABLE worlds (key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id bytea UNIQUE);
    CREATE TABLE records (owner bigint, n bigint, body bytea NOT NULL, PRIMARY KEY (owner, n));
    CREATE TABLE images (key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, world bigint UNIQUE, n bigint NOT NULL);
    CREATE TABLE pieces (owner bigint, n bigint, body bytea NOT NULL, PRIMARY KEY (owner, n));
    CREATE FUNCTION append(ids bytea[], numbers bigint[], bodies bytea[]) RETURNS SETOF worlds LANGUAGE plpgsql AS $append$
    DECLARE
        expected record;
        place record;
    BEGIN
        FOR expected IN SELECT u.id, min(u.n) AS n FROM unnest(ids, numbers) AS u(id, n) GROUP BY u.id ORDER BY u.id LOOP
            IF expected.n = 1 THEN
                INSERT INTO worlds (id) VALUES (expected.id) ON CONFLICT DO NOTHING;
            END IF;
            PERFORM FROM worlds WHERE id = expected.id FOR UPDATE;
            SELECT greatest(coalesce((SELECT max(n) FROM records WHERE owner = worlds.key), 0),
                coalesce((SELECT n FROM images WHERE world = worlds.key), 0)) AS newest INTO place
                FROM worlds WHERE id = expected.id;
            IF place.newest IS DISTINCT FROM expected.n - 1 THEN
                RAISE EXCEPTION 'a world has come to another number' USING ERRCODE = 'BE001';
            END IF;
        END LOOP;
        INSERT INTO records SELECT worlds.key, u.n, u.body FROM unnest(ids, numbers, bodies) AS u(id, n, body)
            JOIN worlds ON worlds.id = u.id;
        RETURN QUERY SELECT * FROM worlds WHERE id = ANY (ids);
    END $append$;
    """,
)
"""Statements that make the tables of each version out of the former one's. Ids are bytes: text of PostgreSQL has no NUL."""

MISNUMBERED = "BE001"
"""The error that `append` raises where a world is not where its records are."""

REASONS = {
    "42501": "this user lacks a right: GRANT CREATE ON DATABASE ... TO it lets it make the schema",
    "53100": "its disk is full: make room there, and it goes on by itself",
    "25006": "it can only be read: name the primary, not a standby, and see its default_transaction_read_only",
}
"""Meanings of errors by their SQLSTATE, with what to do. Those of connecting have none, and say enough themselves."""


class Place:
    """The database and the schema that a URL names: libpq's own, with `schema=NAME` among its parameters.

    Raises:
        BadInput: it is no such URL.
    """

    def __init__(self, url: str) -> None:
        address, mark, query = url.partition("?")
        parameters = [it for it in query.split("&") if it]
        schemas = [unquote(it.removeprefix("schema=")) for it in parameters if it.startswith("schema=")]
        self.schema = schemas[-1] if schemas else SCHEMA
        rest = "&".join(it for it in parameters if not it.startswith("schema="))
        try:
            self.parameters = DEFAULTS | conninfo_to_dict(address + (mark + rest if rest else ""))
        except (psycopg.Error, ValueError):  # whose words may have the password in them
            raise BadInput.at(f"this is no URL of PostgreSQL: {FORM}") from None
        if not self.schema or "\0" in self.schema:
            raise BadInput.at(f"schema= names no schema: leave it out for {SCHEMA}")

    def __str__(self) -> str:
        """Return where it is, without the password."""
        host, port, name = (self.parameters.get(it) for it in ("host", "port", "dbname"))
        schema = "" if self.schema == SCHEMA else f"?schema={self.schema}"
        return f"postgresql://{host or ''}{f':{port}' if port else ''}/{name or ''}{schema}"

    @property
    def lock(self) -> int:
        """The number of the advisory lock that whoever uses the schema holds."""
        return int.from_bytes(blake2b(f"batch-emulator {self.schema}".encode(), digest_size=8).digest(), signed=True)


TABLES = {"about", "worlds", "records", "images", "pieces"}

HOLDERS = """SELECT application_name, host(client_addr), pid FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objid = %s AND classid = %s AND objsubid = 1
    AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
"""Query for the holders of an advisory lock of this database, by the two halves of its number."""


@contextmanager
def refusals(place: Place) -> Iterator[None]:
    """Turn errors of PostgreSQL into a refusal that says what to do.

    Raises:
        StoreUnavailable: PostgreSQL failed, or was not reached.
    """
    try:
        yield
    except psycopg.Error as error:
        raise StoreUnavailable(f"the store {place} cannot be used: {_reason(error)}") from error


def _reason(error: psycopg.Error) -> str:
    state, said = error.sqlstate or "", " ".join(str(error).split())
    return f"{REASONS[state]} ({said})" if state in REASONS else said or type(error).__name__


def open_connection(place: Place, name: str) -> psycopg.Connection:
    """Return a connection that has the schema to itself, whose tables are those of this release.

    `name` is that of the engine. A former connection of the same name may still have the schema, as where only the network
    between has failed: it is ended first, so that nothing which it was told happens any more.

    Raises:
        StoreUnavailable: the database is not reached, the schema is in use, or holds something else.
    """
    with refusals(place):
        connection = psycopg.connect(**place.parameters, application_name=name, autocommit=True)
        try:
            for setting, value in SETTINGS.items():
                connection.execute(sql.SQL("SET {} = {}").format(sql.Identifier(setting), sql.Literal(value)))
            _take(connection, place, name)
            _migrate(connection, place)
        except BaseException:
            connection.close()
            raise
    return connection


def engine_name() -> str:
    """Return a name for an engine, by which its connections are known among those of the database."""
    return f"batch-emulator {token_hex(6)}"


def _take(connection: psycopg.Connection, place: Place, name: str) -> None:
    """Take the schema's lock, and wait for who has just ended; the database gives it back when this connection ends."""
    for holder, _, pid in _holders(connection, place):
        if holder == name:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", (place.lock,))
    except psycopg.errors.LockNotAvailable:
        raise StoreUnavailable(_in_use(place, _holders(connection, place))) from None


def _holders(connection: psycopg.Connection, place: Place) -> Sequence[tuple[str, str | None, int]]:
    """Return the names, hosts and backends of those who hold the schema's lock: one, or none."""
    return connection.execute(HOLDERS, (place.lock & 0xFFFFFFFF, place.lock >> 32 & 0xFFFFFFFF)).fetchall()


def _in_use(place: Place, holders: Sequence[tuple[str, str | None, int]]) -> str:
    who = ", ".join(f"{name or 'another program'} at {host or 'this machine'}, backend {pid}" for name, host, pid in holders)
    return (
        f"the store {place} is in use by {who or 'another server'}: one server at a time has a schema;"
        " stop that, or name another with ?schema=NAME"
    )


def _migrate(connection: psycopg.Connection, place: Place) -> None:
    """Make the tables, or bring those of an earlier release to what this one reads."""
    schema = sql.Identifier(place.schema)
    with connection.transaction():
        if not connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (place.schema,)).fetchall():
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
        connection.execute(sql.SQL("SET search_path = {}, pg_temp").format(schema))
        for number, statements in enumerate(MIGRATIONS[_version(connection, place) :], _version(connection, place) + 1):
            connection.execute(statements)
            connection.execute("UPDATE about SET version = %s", (number,))


def _version(connection: psycopg.Connection, place: Place) -> int:
    """Return the version of the tables, 0 where there are none.

    Raises:
        StoreUnavailable: they are another program's, or of a later release.
    """
    tables = {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")}
    if not tables:
        return 0
    if not tables >= TABLES:
        raise StoreUnavailable(f"the store {place} is a schema of another program: name another with ?schema=NAME")
    ((version,),) = connection.execute("SELECT version FROM about").fetchall()
    if version > len(MIGRATIONS):
        raise StoreUnavailable(
            f"the store {place} was written by a later release of batch-emulator: its version is {version}, and this release"
            f" reads those up to {len(MIGRATIONS)}; use that release, or name another schema with ?schema=NAME"
        )
    return int(version)
