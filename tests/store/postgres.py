"""A PostgreSQL of the tests' own: a cluster in a temporary folder, begun when a test first asks for it."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import socket
import subprocess
from functools import cache
from hashlib import blake2b
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest

PLACES = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt")
QUICK = ("fsync=off", "full_page_writes=off", "max_connections=40", "shared_buffers=16MB", "listen_addresses=127.0.0.1")
"""What a cluster that outlives no test can do without."""


def programs() -> Path:
    """Return the folder of PostgreSQL's programs; without one, skip, or fail where POSTGRES_TESTS demands one."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    found_here = [it for place in PLACES for it in sorted(Path(place).glob("*/bin")) if (it / "initdb").exists()]
    if not found_here and os.environ.get("POSTGRES_TESTS") == "required":
        pytest.fail("POSTGRES_TESTS=required, and this machine has no PostgreSQL: apt-get install postgresql")
    if not found_here:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    return found_here[-1]


class Cluster:
    """One PostgreSQL on a port of its own, which can be stopped and begun again."""

    def __init__(self, folder: Path, bin: Path) -> None:
        self._folder, self._bin = folder, bin
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.url = f"postgresql://tester:secret%40word@127.0.0.1:{self.port}/postgres"
        password = folder / "password"
        password.write_text("secret@word\n")
        if self._user:
            shutil.chown(folder, self._user)
            shutil.chown(password, self._user)
        self._run(
            "initdb",
            "-D",
            str(folder / "data"),
            "-U",
            "tester",
            "-A",
            "scram-sha-256",
            f"--pwfile={password}",
            "-N",
            "-E",
            "UTF8",
        )
        self.start()

    def start(self) -> None:
        settings = (*QUICK, f"port={self.port}", f"unix_socket_directories={self._folder}")
        options = " ".join(f"-c {it}" for it in settings)
        self._run(
            "pg_ctl", "-D", str(self._folder / "data"), "-w", "-s", "-l", str(self._folder / "log"), "-o", options, "start"
        )

    def stop(self, how: str = "fast") -> None:
        """End it: `fast`, or `immediate`, as where its machine dies."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", "-s", "-m", how, "stop")

    def schema(self, name: str) -> str:
        """Return the URL of a schema of any name."""
        return f"{self.url}?schema={blake2b(name.encode(), digest_size=16).hexdigest()}"

    def cut(self) -> None:
        """End the connections of all servers."""
        with psycopg.connect(self.url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'batch-emulator %'"
            )

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _user(self) -> str | None:
        """Who it runs as where that may not be us: it refuses root."""
        if os.getuid() != 0:
            return None
        return "postgres" if any(it.pw_name == "postgres" for it in pwd.getpwall()) else "nobody"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments], user=self._user, cwd=self._folder, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


@cache
def cluster() -> Cluster:
    """Return the cluster of this process, which ends with it."""
    bin = programs()
    made = Cluster(Path(mkdtemp(prefix="batch-emulator-postgres-")), bin)
    atexit.register(made.remove)
    return made
