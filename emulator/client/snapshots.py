"""The past of a world, read and restored: ledger, dry runs, snapshots, undo and differences."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from emulator.client.json_encoding import encode
from emulator.client.results import EVERY, Difference, DryRun, Ledger, read_differences
from emulator.control.record import from_json

NOTHING: Any = object()
"""In place of a JSON body: there is none."""


class SnapshotMixin(ABC):
    """The methods of a handle that read and restore its world's past."""

    @abstractmethod
    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the control plane something about this world."""

    @property
    def ledger(self) -> Ledger:
        """The changes that truly took effect, whatever the clients heard; every read of it asks the world anew."""
        return Ledger(self.ask)

    def dry_run(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: Any = "", json: Any = NOTHING
    ) -> DryRun:
        """Return the response that a request would get now, and what it would change; it changes nothing.

        `url` is a path with its query, or a whole URL; a `body` that is not text is sent as JSON, and so is `json`, in place
        of a body, whatever it is.

        Raises:
            ControlError: no vendor has the path.
            TypeError: both `body` and `json` are given.
        """
        if json is not NOTHING:
            if body != "":
                raise TypeError("a request has one body: give body=... or json=..., not both")
            body = encode(json).decode() if isinstance(json, str) else json
        request = {"method": method, "url": url, "headers": dict(headers or {}), "body": body}
        return from_json(DryRun, self.ask("POST", f"/dry-run?{EVERY}", request))

    def record(self, path: str | Path | None = None, *, title: str | None = None) -> str:
        """Return what clients did in the world as the text of a scenario, which `play` passes; write it to a file, too.

        It begins as the world's scenario does, whose `title` it has unless another is given.

        Raises:
            ControlError: the journal has lost its first entries, or was cleared.
        """
        query = f"?{urlencode({'title': title})}" if title else ""
        text: str = self.ask("GET", f"/record{query}")["scenario"]
        if path is not None:
            Path(path).write_text(text, "utf-8")
        return text

    def snapshot(self, name: str) -> None:
        """Keep the world as it is now under a name, in place of what that named before.

        Raises:
            ControlError: the name is `beginning` or `now`, or there are too many.
        """
        self.ask("POST", "/snapshots", {"name": name})

    def restore(self, name: str) -> None:
        """Go back to a snapshot, or to `beginning`: state, clock, faults, ids, tokens and journal.

        Raises:
            ControlError: there is none of that name.
        """
        self.ask("POST", "/restore", {"name": name})

    def undo(self, exchanges: int = 1) -> None:
        """Take back the newest exchanges and all that happened since the first of them; the clock goes back with them.

        Raises:
            ControlError: there are not so many that are remembered.
        """
        self.ask("POST", "/undo", {"exchanges": exchanges})

    def diff(self, source: str = "beginning", target: str = "now") -> tuple[Difference, ...]:
        """Return the differences between two moments: each a snapshot's name, `beginning` or `now`.

        Raises:
            ControlError: there is no such moment.
        """
        return read_differences(self.ask("GET", f"/diff?{urlencode({'from': source, 'to': target})}&{EVERY}"))
