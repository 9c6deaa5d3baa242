"""A handle's world as a file: written for whoever is to look at it, and opened again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from emulator.client.environment import env
from emulator.client.server import EmulatorServer

if TYPE_CHECKING:
    from typing import Self

    from emulator.client.scenarios import ScenarioLike
    from emulator.scenario.document import JsonObject


class WorldFileMixin(ABC):
    """The methods of a handle that write its world to a file, and make one of a file."""

    _server: EmulatorServer
    _exits: list[Callable[[], object]]
    _folders: Sequence[Path]

    @property
    @abstractmethod
    def id(self) -> str:
        """The world's id."""

    @abstractmethod
    def _attach(self, scenario: ScenarioLike | None, world: JsonObject) -> None:
        """Attach to a world that was made."""

    def export(self, path: str | Path | None = None, *, secrets: bool = False, about: str = "") -> bytes:
        """Return the world as a file, gzip-compressed; write it to a path, too. `about` is told by whoever opens it.

        In the places of credentials and other secrets stand other texts, unless the `secrets` are wanted as they are.

        Raises:
            ControlError: it is larger than an answer may be.
        """
        wanted = {**({"secrets": "true"} if secrets else {}), **({"about": about} if about else {})}
        content = self._server.ask_bytes("GET", f"/worlds/{self.id}/export{'?' if wanted else ''}{urlencode(wanted)}")
        if path is not None:
            Path(path).write_bytes(content)
        return content

    @classmethod
    def open(cls, path: str | Path, *, server: EmulatorServer | None = None, id: str | None = None) -> Self:
        """Return the world of a file as a handle. Its context drops it; where it lives is decided as for any other.

        Raises:
            ControlError: the file is no world, or the id is another world's.
            OSError: the file cannot be read.
        """
        content, emulator = Path(path).read_bytes(), object.__new__(cls)
        emulator._folders, emulator._server = (), server or EmulatorServer(env("EMULATOR_URL"))
        emulator._exits = [] if server else [emulator._server.close]
        try:
            query = f"?{urlencode({'id': id})}" if id else ""
            emulator._attach(None, emulator._server.ask("POST", f"/worlds/import{query}", content))
        except BaseException:
            for end in emulator._exits:
                end()
            raise
        return emulator
