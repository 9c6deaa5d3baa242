"""The world of every scenario, its steps played, is the same world once it was a file."""

from __future__ import annotations

import json
import re
from gzip import decompress
from typing import Any

import pytest

from emulator.client.in_process import InProcessClient
from emulator.kernel.limits import Limits
from emulator.scenario.client import Client, Headers, ReceivedResponse
from emulator.scenario.player import play
from emulator.server.app import create_app, worlds_of
from tests.support.loading import LIBRARY

WORLDS = "/_emulator/worlds"
SIGNATURE = re.compile(rb"t=\d+(,v[01]=[0-9a-f]{64})+")
"""A signature of Stripe, of the second in which it is looked at."""

MOST_EXPLAINED = 30
PATHS = ("/journal", "/ledger", "/diff", "/state", "/snapshots", "/faults", "/replies", "/timeline", "/deliveries")


class Traveller:
    """A client that sends a world through files before it is dropped, and looks at what comes out of them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.files: list[bytes] = []
        self.seen: list[dict[str, Any]] = []
        self.failed: list[bytes] = []

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        if method != "DELETE" or not target.startswith(WORLDS.encode() + b"/"):
            return self._client.send(method, target, headers, content)
        world = target.rpartition(b"/")[2].decode()
        redacted, whole = self._export(world), self._export(world, "?secrets=true")
        self.seen.append(self._look_and_undo(world))
        dropped = self._client.send(method, target, headers, content)
        self._open(world, whole)
        self.seen.append(self._look_and_undo(world))
        self._client.send("DELETE", target)
        self._open("other", redacted)
        again = self._export("other")
        self._open(world, again)
        self.files = [redacted, self._export(world)]
        for id in ("other", world):
            self._client.send("DELETE", f"{WORLDS}/{id}".encode())
        return dropped

    def _export(self, world: str, query: str = "") -> bytes:
        answer = self._client.send("GET", f"{WORLDS}/{world}/export{query}".encode())
        self._expect(200, answer)
        return answer.content

    def _open(self, id: str, file: bytes) -> None:
        self._expect(201, self._client.send("POST", f"{WORLDS}/import?id={id}".encode(), (), file))

    def _expect(self, status: int, answer: ReceivedResponse) -> None:
        if answer.status != status:
            self.failed.append(answer.content)

    def _look_and_undo(self, world: str) -> dict[str, Any]:
        journal = self._read(world, "/journal")
        numbers = [it["n"] for it in journal["entries"]][:MOST_EXPLAINED]
        seen = {path: self._read(world, path) for path in [*PATHS, *(f"/journal/{n}/explain" for n in numbers)]}
        self._client.send("POST", f"{WORLDS}/{world}/undo".encode(), (), b'{"exchanges":1}')
        return seen | {"undone": self._read(world, "/state")}

    def _read(self, world: str, path: str) -> Any:
        told = self._client.send("GET", f"{WORLDS}/{world}{path}".encode()).content
        return json.loads(SIGNATURE.sub(b"SIGNATURE", told))


@pytest.fixture(scope="module")
def client() -> Client:
    limits = Limits(memory=2_000_000_000)  # what the values of a long history share, those of a file have each
    return InProcessClient(create_app(worlds_of([], limits=limits), limits=limits))


def image(file: bytes) -> list[bytes]:
    """Return the lines of a file behind its header."""
    return decompress(file).split(b"\n")[1:]


@pytest.mark.parametrize("name", LIBRARY.names())
def test_a_world_that_was_a_file_is_the_same_world(client: Client, name: str) -> None:
    traveller = Traveller(client)
    play(LIBRARY.get(name), traveller)
    assert traveller.failed == []
    before, after = traveller.seen
    assert after == before
    first, last = map(image, traveller.files)
    assert last == first
