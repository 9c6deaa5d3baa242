"""Engines by the URL that names the place where worlds are kept."""

from __future__ import annotations

import os

from emulator.kernel.errors import BadInput
from emulator.store.port import Engine
from emulator.text.nearest import hint

MEMORY, SQLITE, POSTGRES = "memory", "sqlite", "postgresql"

FORMS = (
    "write sqlite:FILE for a file, such as sqlite:worlds.db, postgresql://USER@HOST/DATABASE for a database,"
    " or memory: to keep nothing beyond the process"
)
NO_DRIVER = "a store in PostgreSQL needs psycopg: install batch-emulator[postgres]"


def engine_of(url: str) -> Engine | None:
    """Open the engine at a URL: `sqlite:FILE`, also `sqlite:///FILE` for a path from the root, or one of PostgreSQL; None for
    `memory:`.

    A file's name is taken as it stands, without an escape, and is relative to the working directory.

    Raises:
        BadInput: the URL is none of these.
        StoreUnavailable: what it names cannot be opened.
    """
    scheme, colon, place = url.partition(":")
    if not colon or len(scheme) < 2:  # C:\worlds.db is no URL
        raise BadInput.at(f"{url!r} is no URL of a store: {FORMS}")
    if scheme == MEMORY and not place:
        return None
    if scheme == SQLITE:
        path = _path_of(place)
        from emulator.store.sqlite import SqliteEngine  # a server that keeps nothing need not load it

        return SqliteEngine(path)
    if scheme in (POSTGRES, "postgres"):
        return _postgres(url)
    if scheme == MEMORY:
        raise BadInput.at(f"nothing follows memory: in the URL of a store, and {place!r} does; {FORMS}")
    # what follows may hold a password
    raise BadInput.at(f"there is no store {scheme}:{hint(scheme, (MEMORY, SQLITE, POSTGRES))}; {FORMS}")


def shown(url: str) -> str:
    """Return the URL of a store that was opened as people may read it: without a user, a password or parameters."""
    if url.partition(":")[0] not in (POSTGRES, "postgres"):
        return url
    from emulator.store.postgres_connection import Place

    return str(Place(url))


def _postgres(url: str) -> Engine:
    try:
        from emulator.store.postgres import PostgresEngine
    except ImportError:
        raise BadInput.at(NO_DRIVER) from None
    return PostgresEngine(url)


def _path_of(place: str) -> str:
    """Return the absolute path in a URL of SQLite."""
    if place.startswith("//") and not place.startswith("///"):
        raise BadInput.at(f"sqlite:{place} names a host, and a file is on this machine: {FORMS}")
    if not place.strip("/") or place.startswith(":") or "\0" in place:
        raise BadInput.at(f"{'sqlite:' + place!r} names no file: {FORMS}")
    if "?" in place:
        raise BadInput.at(f"sqlite:{place} has options, and there are none: leave out what begins with ?")
    return os.path.abspath("/" + place.lstrip("/") if place.startswith("/") else place)
