"""Recordings for tests: what the steps of a scenario do in a world, recorded before that is dropped, with its transcript."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from emulator.client.in_process import InProcessClient
from emulator.scenario.accounts import placeholders
from emulator.scenario.client import Client, Headers, ReceivedResponse
from emulator.scenario.loader import load_text
from emulator.scenario.player import StepDifference, play
from emulator.scenario.scenario import Scenario
from emulator.vendors import VENDORS
from emulator.web.connection import App


class Played(NamedTuple):
    """What came of the steps of a scenario: differences, the recording of the world, and its transcript.

    The transcript has what the journal tells of the vendors' answers and of the changes, but for the world's id and credentials.
    """

    differences: list[StepDifference]
    status: int
    recording: str
    transcript: list[Any]


class Witness:
    """A client that looks at a world before it is dropped."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.status, self.recording, self.transcript = 0, "", list[Any]()

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        if method == "DELETE" and target.startswith(b"/_emulator/worlds/"):
            world = json.loads(self._client.send("GET", target).content)
            answer = self._client.send("GET", target + b"/record")
            self.status, self.recording = answer.status, answer.content.decode()
            journal = self._client.send("GET", target + b"/journal").content.decode()
            self.transcript = [*map(_told, json.loads(_without_credentials(journal, world))["entries"])]
        return self._client.send(method, target, headers, content)


def _without_credentials(text: str, world: Any) -> str:
    for name, value in placeholders(world["credentials"]).items():
        field = name.rpartition(".")[2]
        text = text if field == "url" else text.replace(value, field).replace(value[:4] + "…", "…")
    return text.replace(f"/{world['id']}/", "/WORLD/")


def _told(entry: Any) -> Any:
    if entry["type"] != "exchange":  # what is signed has the second of the machine's clock
        return {name: value for name, value in entry.items() if name not in ("n", "request")}
    faults = [(fault["where"], fault["do"]) for fault in entry["faults"]]
    told = ("at", "operation", "method", "status", "answer", "basis", "delivered", "changes", "reply")
    return {name: entry[name] for name in told} | {"faults": faults}


def played(scenario: Scenario, app: App | None = None) -> Played:
    """Play a scenario on an application, or one of its own, and record what it did."""
    witness = Witness(InProcessClient(app))
    differences = play(scenario, witness).differences
    return Played(differences, witness.status, witness.recording, witness.transcript)


def read(recording: str, name: str = "recording") -> Scenario:
    """Return the scenario that a recording is."""
    return load_text(recording, VENDORS, name, name)


class Copier:
    """A client that takes each exchange of a world away before that is dropped."""

    def __init__(self, client: Client, form: str) -> None:
        self._client, self._form = client, form
        self.texts: list[str] = []

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        if method == "DELETE" and target.startswith(b"/_emulator/worlds/"):
            entries = json.loads(self._client.send("GET", target + b"/journal").content)["entries"]
            places = [b"%s/journal/%d/copy?as=%s" % (target, it["n"], self._form.encode()) for it in entries if "target" in it]
            self.texts += [self._client.send("GET", place).content.decode() for place in places]
        return self._client.send(method, target, headers, content)


def copies_of(scenario: Scenario, form: str) -> list[str]:
    """Play a scenario, and return each exchange of its world in a form."""
    copier = Copier(InProcessClient(None), form)
    play(scenario, copier)
    return copier.texts
