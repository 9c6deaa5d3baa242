"""The server that is killed: a process on one store and one port, started again and again."""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

WITH_RECORDS = "import sys; from emulator.store import kept_worlds; kept_worlds.RECORDS = int(sys.argv.pop(1)); "
SERVE = "from emulator.cli.main import main; main()"


class NotStarted(Exception):
    """The server ended before it listened; its message is what it wrote to standard error."""


class Victim:
    """A server on a store: a file of SQLite, or a URL. It keeps an image of a world after so many `records`, or else as often as it does by itself."""

    def __init__(self, store: Path | str, log: Path, records: int | None = None, *options: str) -> None:
        self.store, self.log = store, log
        self.port = _free_port()
        self.netloc = f"127.0.0.1:{self.port}"
        self.is_dying = True
        self._process: subprocess.Popen[str] | None = None
        program = SERVE if records is None else WITH_RECORDS + SERVE
        given = [] if records is None else [str(records)]
        self._command = [sys.executable, "-c", program, *given, "serve", "--quiet", "--port", str(self.port)]
        self._command += ["--store", f"sqlite:{store}" if isinstance(store, Path) else store, *options]

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    def spawn(self, *options: str) -> None:
        """Start the process, and do not wait until it listens."""
        with self.log.open("a") as log:
            self._process = subprocess.Popen([*self._command, *options], stdout=subprocess.PIPE, stderr=log, text=True)
        self.is_dying = False

    def start(self, *options: str) -> None:
        """Start the process, and wait until it listens.

        Raises:
            NotStarted: it ended before.
        """
        begin = self.log.stat().st_size if self.log.exists() else 0
        self.spawn(*options)
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            self.wait()
            raise NotStarted(self.log.read_bytes()[begin:].decode())

    def refusal(self, *options: str) -> str:
        """Return what it writes to standard error where it is started, and nobody waits for it to serve; it is dead afterwards."""
        with subprocess.Popen([*self._command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.kill()
            return process.communicate()[1]

    def kill(self) -> None:
        """Kill it, whatever it does."""
        self.is_dying = True
        self.process.kill()
        self.wait()

    def stop(self) -> int:
        """Tell it to stop, and return its exit code once it has."""
        self.is_dying = True
        self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Return the exit code once it has ended."""
        self.is_dying = True
        code = self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def bound_files(self, size: int | None) -> None:
        """Let every write of it beyond so many bytes of a file fail; None ends that."""
        hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))

    def files(self) -> dict[str, int]:
        """Return the names and sizes of the files of the store, none where that is a URL."""
        store = self.store
        if not isinstance(store, Path):
            return {}
        return {it.name: it.stat().st_size for it in store.parent.iterdir() if it.name.startswith(store.name)}

    def failures(self) -> list[str]:
        """Return what it wrote of failures of its own."""
        return re.findall(r"Traceback[^\0]{0,2000}", self.log.read_text("utf-8", "replace")) if self.log.exists() else []


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port: int = taken.getsockname()[1]
    return port


def can_bound_files() -> bool:
    """Tell whether writes of another process can be bounded here."""
    return hasattr(resource, "prlimit") and os.name == "posix"
