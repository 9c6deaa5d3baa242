"""Files of worlds that are read for ever. `python -m tests.world_files.corpus FOLDER` writes those of a new format."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from emulator.client.in_process import InProcessClient
from emulator.scenario.client import Client, Headers, ReceivedResponse
from emulator.scenario.player import play
from emulator.server.app import create_app, worlds_of
from emulator.store.file import ENDING
from emulator.store.image import FORMAT
from tests.support.loading import LIBRARY

FOLDER = Path(__file__).parent
SCENARIOS = (
    "first-run",
    "serpwow/destinations",
    "serpwow/one-accounts-key-is-revoked",
    "stripe/an-endpoint-is-down-for-a-day",
    "stripe/somebody-else-deletes-a-destination",
    "stripe/two-accounts-use-one-idempotency-key",
    "6dot50/a-key-has-the-secret-that-is-given-to-it",
    "6dot50/a-payout-lives-from-draft-to-closed",
)
WORLD = re.compile(rb"/_emulator/worlds/[^/]+")


class Collector:
    """A client that keeps the file of a world before that is dropped, and what its journal tells."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.file = b""
        self.told: list[Any] = []

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        if method == "DELETE" and WORLD.fullmatch(target):
            self._client.send("POST", target + b"/snapshots", (), b'{"name":"end"}')
            self.told = outcomes(json.loads(self._client.send("GET", target + b"/journal").content))
            self.file = self._client.send("GET", target + b"/export?about=a+file+that+is+read+for+ever").content
        return self._client.send(method, target, headers, content)


def outcomes(journal: Any) -> list[Any]:
    """Return what a journal tells of each entry, as far as no version will tell it otherwise."""
    return [[it["n"], it.get("operation") or it["id"], it.get("status") or it.get("to")] for it in journal["entries"]]


def write(folder: Path) -> None:
    """Write the files, and what is in their journals."""
    client, told = InProcessClient(create_app(worlds_of([]))), {}
    for name in SCENARIOS:
        collector = Collector(client)
        play(LIBRARY.get(name), collector)
        (folder / f"{name.replace('/', '-')}{ENDING}").write_bytes(collector.file)
        told[name.replace("/", "-")] = collector.told
    (folder / "journals.json").write_text(
        "{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(it)}" for n, it in told.items()) + "\n}\n"
    )


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER / f"format-{FORMAT}"
    target.mkdir(parents=True, exist_ok=True)
    write(target)
