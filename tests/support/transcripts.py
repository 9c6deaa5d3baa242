"""Record what every scenario of the library makes the emulator answer, so that two versions can be compared.

    python -m tests.support.transcripts > before.txt

Each scenario is played in a server of its own; then its world is looked at in every way. The text is the same each time:
where `diff before.txt after.txt` shows a line, a client or a tester gets something else than before.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from emulator.client.in_process import InProcessClient
from emulator.scenario.client import Client, Headers, NoResponse, ReceivedResponse
from emulator.scenario.player import play
from emulator.scenario.scenario import Scenario
from emulator.server.app import library

VIEWS = ("journal", "ledger", "diff", "state", "clock", "faults")
BESIDES = (("GET", "/"), ("GET", "/_emulator/openapi.json"), ("GET", "/_emulator/scenarios"), ("GET", "/_emulator/worlds"))


class Recorder:
    """A client that writes down what it asks and hears, and looks at a world before it is dropped."""

    def __init__(self, client: Client) -> None:
        self.lines: list[str] = []
        self._client = client

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        if method == "DELETE" and target.startswith(b"/_emulator/worlds/") and target.count(b"/") == 3:
            for view in (*VIEWS, *(f"journal/{n}/explain" for n in self._exchanges(target))):
                self._ask("GET", target + f"/{view}".encode(), ((b"accept", b"text/plain"),))
                self._ask("GET", target + f"/{view}".encode())
        return self._ask(method, target, headers, content)

    def _exchanges(self, world: bytes) -> Iterator[int]:
        journal = json.loads(self._client.send("GET", world + b"/journal?limit=1000").content)
        yield from (entry["n"] for entry in journal["entries"] if entry["type"] == "exchange")

    def _ask(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        self.lines.append(f"> {method} {target.decode('latin-1')} {headers!r} {content!r}")
        try:
            response = self._client.send(method, target, headers, content)
        except NoResponse as error:
            self.lines.append(f"! {error}")
            raise
        self.lines.append(f"< {response.status} {response.headers!r}")
        self.lines += [f"  {line!r}" for line in response.content.splitlines(keepends=True)]
        return response


def transcript(scenario: Scenario) -> list[str]:
    """Play a scenario in a server of its own; return every request and response as lines."""
    recorder = Recorder(InProcessClient())
    result = play(scenario, recorder)
    return [*recorder.lines, *(f"difference: {difference}" for difference in result.differences)]


def main() -> None:
    scenarios = library()
    for name in sorted(scenarios.names()):
        sys.stdout.write("\n".join((f"== {name}", *transcript(scenarios.get(name)), "")))
    for method, path in BESIDES:
        response = InProcessClient().send(method, path.encode())
        sys.stdout.write(f"== {path}\n< {response.status} {response.headers!r}\n  {response.content!r}\n")


if __name__ == "__main__":
    main()
