"""What the PostgreSQL engine does beside what every one does: one server at a time, broken connections, words for refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from emulator.cli.serve import _resumed
from emulator.kernel.limits import Limits
from emulator.store.kept_worlds import KeptWorlds
from emulator.store.port import Ahead, Append, Overtaken, Record, StoreUnavailable
from emulator.store.postgres import PostgresEngine
from emulator.store.postgres_connection import MIGRATIONS, MISNUMBERED, SETTINGS, Place
from emulator.vendors import VENDORS
from tests.store.engines import contents, keep_image, postgres_url
from tests.store.postgres import cluster
from tests.support.loading import load_value


@pytest.fixture
def url(tmp_path: Path) -> str:
    return postgres_url(tmp_path)


@pytest.fixture
def engine(url: str) -> Iterator[PostgresEngine]:
    engine = PostgresEngine(url)
    yield engine
    engine.close()


@pytest.fixture
def admin() -> Iterator[psycopg.Connection]:
    with psycopg.connect(cluster().url, autocommit=True) as connection:
        yield connection


def schema(url: str) -> sql.Identifier:
    return sql.Identifier(Place(url).schema)


def backend(engine: PostgresEngine) -> int:
    assert engine._link is not None
    return engine._link.info.backend_pid


def test_a_second_server_is_refused_and_told_who_has_the_schema(
    engine: PostgresEngine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SETTINGS, "lock_timeout", "1ms")
    with pytest.raises(StoreUnavailable) as refused:
        PostgresEngine(url)
    port, name = cluster().port, Place(url).schema
    assert str(refused.value) == (
        f"the store postgresql://127.0.0.1:{port}/postgres?schema={name} is in use by {engine.name} at 127.0.0.1, backend"
        f" {backend(engine)}: one server at a time has a schema; stop that, or name another with ?schema=NAME"
    )


def test_a_schema_is_free_once_its_server_has_ended(engine: PostgresEngine, url: str) -> None:
    engine.append([Append("a", 1, b"1")])
    engine.close()
    again = PostgresEngine(url)
    assert contents(again) == {"a": (1, None, {1: b"1"})}
    again.close()


def test_servers_with_schemas_of_their_own_share_a_database(engine: PostgresEngine, url: str) -> None:
    other = PostgresEngine(f"{url}2")
    other.append([Append("a", 1, b"other")])
    assert engine.list() == {}
    other.close()


def test_what_a_broken_connection_was_told_is_refused_and_the_next_call_makes_another(
    engine: PostgresEngine, admin: psycopg.Connection
) -> None:
    engine.append([Append("a", 1, b"1")])
    admin.execute("SELECT pg_terminate_backend(%s, 5000)", (backend(engine),))
    with pytest.raises(StoreUnavailable, match="terminating connection due to administrator command"):
        engine.append([Append("a", 2, b"2")])
    assert contents(engine) == {"a": (1, None, {1: b"1"})}
    engine.append([Append("a", 2, b"2")])
    assert engine.list() == {"a": 2}


def test_a_former_connection_that_the_database_still_has_is_ended_before_anything_is_read(engine: PostgresEngine) -> None:
    engine.append([Append("a", 1, b"1")])
    former, engine._link = engine._link, None  # as where the network between has failed
    assert engine.list() == {"a": 1}
    assert former is not None
    with pytest.raises(psycopg.OperationalError):
        former.execute("SELECT 1")


def test_an_image_goes_on_over_a_new_connection(engine: PostgresEngine, admin: psycopg.Connection) -> None:
    engine.append([Append("a", 1, b"1")])
    steps = engine.keep_image("a", 1, [b"p", b"q"])
    next(steps)
    admin.execute("SELECT pg_terminate_backend(%s, 5000)", (backend(engine),))
    with pytest.raises(StoreUnavailable):
        engine.probe()
    assert [*steps] == [None]
    while engine.tidy():
        pass
    assert contents(engine) == {"a": (1, [b"p", b"q"], {})}


def test_a_database_that_stops_is_refused_by_name_and_has_all_once_it_is_back(engine: PostgresEngine) -> None:
    engine.append([Append("a", 1, b"1")])
    for how in ("fast", "immediate"):
        cluster().stop(how)
        try:
            with pytest.raises(StoreUnavailable):
                engine.probe()
            with pytest.raises(StoreUnavailable, match=f"port {cluster().port} failed: Connection refused") as refused:
                engine.probe()
        finally:
            cluster().start()
        assert "secret" not in str(refused.value)
        engine.probe()
        assert contents(engine) == {"a": (1, None, {1: b"1"})}


def change_behind(admin: psycopg.Connection, url: str, *statements: str) -> None:
    admin.execute(sql.SQL("SET search_path = {}").format(schema(url)))
    for statement in statements:
        admin.execute(statement.encode())


def test_what_another_program_has_appended_is_found_out(engine: PostgresEngine, url: str, admin: psycopg.Connection) -> None:
    engine.append([Append("a", 1, b"1"), Append("b", 1, b"1"), Append("b", 2, b"2")])
    change_behind(
        admin, url, "INSERT INTO records SELECT key, 2, 'theirs' FROM worlds WHERE id = 'a'",
        "DELETE FROM records WHERE n = 2 AND owner = (SELECT key FROM worlds WHERE id = 'b')",
    )  # fmt: skip
    with pytest.raises(Overtaken) as overtaken:
        engine.append([Append("c", 1, b"1"), Append("a", 2, b"ours")])
    assert overtaken.value.tail == (Record(2, b"theirs"),)
    with pytest.raises(Ahead):
        engine.append([Append("b", 3, b"3")])
    assert engine.list() == {"a": 2, "b": 1}
    engine.append([Append("a", 3, b"3")])


def test_of_two_that_append_the_same_at_once_one_does_it_and_none_waits_for_ever(engine: PostgresEngine, url: str) -> None:
    rounds = 200

    def append_all(worlds: tuple[str, ...]) -> int:
        kept = 0
        with psycopg.connect(cluster().url, autocommit=True) as connection:
            connection.execute(sql.SQL("SET search_path = {}").format(schema(url)))
            for n in range(1, rounds + 1):
                ids = [it.encode() for it in worlds]
                try:
                    connection.execute("SELECT append(%s, %s, %s)", (ids, [n] * len(ids), ids))
                    kept += 1
                except psycopg.Error as error:
                    if error.sqlstate != MISNUMBERED:
                        raise
        return kept

    with ThreadPoolExecutor() as pool:
        kept = sum(pool.map(append_all, [("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a")]))
    engine.close()
    again = PostgresEngine(url)
    assert again.list() == dict.fromkeys("abc", kept)
    assert [n for n, _ in again.read("a")] == [*range(1, kept + 1)]
    again.close()


def test_records_that_nobody_reads_at_once_are_read_in_pages(engine: PostgresEngine) -> None:
    bodies = [b"x" * 400_000] * 7 + [b"y"] * 2_500 + [b"z" * 3_000_000]
    engine.append([Append("a", n, body) for n, body in enumerate(bodies, 1)])
    assert [body for _, body in engine.read("a")] == bodies
    keep_image(engine, "a", 1_000, b"all")
    while engine.tidy():
        pass
    assert [n for n, _ in engine.read("a")] == [*range(1_001, len(bodies) + 1)]


def test_tables_of_a_later_release_are_refused(engine: PostgresEngine, url: str, admin: psycopg.Connection) -> None:
    engine.close()
    change_behind(admin, url, f"UPDATE about SET version = {len(MIGRATIONS) + 1}")
    with pytest.raises(StoreUnavailable, match="was written by a later release of batch-emulator: its version is 2"):
        PostgresEngine(url)


def test_a_schema_of_another_program_is_refused_and_left_alone(url: str, admin: psycopg.Connection) -> None:
    admin.execute(sql.SQL("CREATE SCHEMA {}").format(schema(url)))
    change_behind(admin, url, "CREATE TABLE worlds (theirs text)")
    with pytest.raises(StoreUnavailable, match="is a schema of another program: name another with"):
        PostgresEngine(url)
    assert admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").fetchall() == [("worlds",)]


REFUSED = {
    "{wrong}": 'password authentication failed for user "tester"',
    "{url}_of_nobody": 'database "postgres_of_nobody" does not exist',
    "postgresql://tester:secret@127.0.0.1:1/postgres": "port 1 failed: Connection refused",
}


@pytest.mark.parametrize("place", REFUSED)
def test_a_database_that_cannot_be_used_is_refused_with_what_to_do_and_without_the_password(place: str) -> None:
    url = cluster().url
    with pytest.raises(StoreUnavailable) as refused:
        PostgresEngine(place.format(url=url, wrong=url.replace("secret", "hidden")))
    assert REFUSED[place] in str(refused.value)
    assert not re.search(r"secret|hidden|word@|%40", str(refused.value))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("more", ["", "&password=secret%40word"])
def test_worlds_that_go_on_are_told_without_the_password(url: str, more: str, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        with closing(KeptWorlds(PostgresEngine(url + more), VENDORS, Limits())) as kept:
            _resumed(kept, url + more, None, False, False, [load_value({"title": "A job"}, VENDORS)], None, Limits())
    said = capsys.readouterr().err
    assert (
        said == f"1 world goes on from postgresql://127.0.0.1:{cluster().port}/postgres?schema={Place(url).schema}: default\n"
    )


def test_a_user_who_may_not_make_a_schema_is_told_so(url: str, admin: psycopg.Connection) -> None:
    admin.execute("DROP ROLE IF EXISTS reader")
    admin.execute("CREATE ROLE reader LOGIN PASSWORD 'p'")
    with pytest.raises(StoreUnavailable, match="this user lacks a right: GRANT CREATE ON DATABASE"):
        PostgresEngine(url.replace("tester:secret%40word", "reader:p"))


def test_a_standby_that_can_only_be_read_is_refused_until_it_is_the_primary(engine: PostgresEngine) -> None:
    engine.append([Append("a", 1, b"1")])
    assert engine._link is not None
    engine._link.execute("SET default_transaction_read_only = on")
    with pytest.raises(StoreUnavailable, match="it can only be read: name the primary, not a standby"):
        engine.append([Append("a", 2, b"2")])
    engine._link.execute("SET default_transaction_read_only = off")
    engine.append([Append("a", 2, b"2")])
