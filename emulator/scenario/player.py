"""Play the steps of a scenario against a server, in-process or over the network, and report every difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from emulator.scenario.accounts import placeholders
from emulator.scenario.client import (
    Client,
    NoResponse,
    NotAnEmulator,
    ReceivedResponse,
    fits,
    raw_headers,
    raw_target,
    read_answer,
    read_refusal,
)
from emulator.scenario.deliveries import is_expected, shown_in_a_line, unexpected
from emulator.scenario.document import JsonDict, JsonObject
from emulator.scenario.expected_reply import json_of, reply_differences
from emulator.scenario.scenario import Scenario
from emulator.scenario.schema import PLACEHOLDER
from emulator.scenario.steps import Step
from emulator.scenario.unused import Left, idle_parts
from emulator.sdk.exact_json import dump
from emulator.state.compare import differences, safe_text
from emulator.text.escape import escaped
from emulator.text.redact import redact_text

CONTROL = "/_emulator"

MAX_FILLED_SIZE = 16_000_000
"""Characters that a step may send or expect once its placeholders are filled; what is kept may hold what was kept before."""

WORLD = {"id": str, "credentials": {...: {...: str | dict}}}
CHANGE = {"evidence": str | None}
EXCHANGE = CHANGE | {"operation": str, "answer": str, "basis": str | None, "also": [str], "changes": [CHANGE]}
JOURNAL = {"dropped": int, "entries": [{"type": str}]}
FAULTS = {"faults": [{"id": str, "seen": int, "struck": int, "fault": dict}]}
TIMELINE = {"timeline": [{"id": str, "event": dict, "due": str | None, "seen": int, "happened": int}]}
LEDGER = {"complete": bool, "commits": [{"why": str}]}
REPLIES = {"replies": [{"id": str, "seen": int, "struck": int, "reply": dict}]}
LAID = {"id": str}
DIFFERENCES = {"differences": [dict]}
"""The shapes of what is read of answers."""

PATHS_OF_RULES = {"fault": "/faults", "reply": "/replies"}
"""The paths at which the control plane takes what steps lay, by their verbs."""


@dataclass(frozen=True, slots=True)
class StepDifference:
    """One way in which a step did not go as the scenario says."""

    place: str
    message: str

    def __str__(self) -> str:
        return escaped(f"{self.place}: {self.message}")


@dataclass(frozen=True, slots=True)
class PlayResult:
    """The result of playing a scenario: its differences, the evidence that it relied on, and the answers of each operation.

    An answer is (operation, answer, basis).
    """

    differences: list[StepDifference]
    evidence: frozenset[str] = frozenset()
    answers: frozenset[tuple[str, str, str | None]] = frozenset()


class StepFailed(Exception):
    """A request to the control plane failed, so that the rest of the scenario cannot be played."""


def play(scenario: Scenario, client: Client) -> PlayResult:
    """Make a world of the scenario on the server that `client` speaks to, play its steps there, and drop the world.

    Raises:
        NoResponse: the control plane of that server does not answer.
    """
    response = client.send("POST", f"{CONTROL}/worlds".encode(), (), dump({"scenario": scenario.content, "claim": False}))
    if response.status != 201:
        return PlayResult(
            [StepDifference(scenario.source, f"the server refuses the scenario: {redact_text(read_refusal(response))}")]
        )
    world = read_answer(response, WORLD)
    world_path = _path_of(world["id"])
    try:
        player = StepPlayer(client, world["id"], world["credentials"])
        differences = [*player.play(scenario.steps)]
        seen = client.send("GET", f"{world_path}/journal".encode())
        journal = read_answer(seen, JOURNAL)
        left = _left(client, world_path, player, journal["entries"], "timeline" in scenario.content)
    finally:
        client.send("DELETE", world_path.encode())
    entries = journal["entries"]
    exchanges = [it for it in entries if it["type"] == "exchange"]
    if not fits(exchanges, [EXCHANGE]):
        raise NotAnEmulator(seen)
    answers = {(it["operation"], it["answer"], it["basis"]) for it in exchanges}
    if scenario.steps and not differences and not journal["dropped"]:
        differences = [StepDifference(*it) for it in idle_parts(scenario, left)]
    return PlayResult(differences, frozenset(_evidence(entries)), frozenset(answers))


def _left(client: Client, world_path: str, player: StepPlayer, entries: list[JsonDict], has_timeline: bool) -> Left:
    """Return what the steps have left of a world."""

    def read(part: str, shape: Any) -> Any:
        return read_answer(client.send("GET", f"{world_path}/{part}".encode()), shape)

    ledger = read("ledger", LEDGER) if has_timeline else {}
    return Left(
        read("faults", FAULTS)["faults"],
        read("replies", REPLIES)["replies"],
        read("timeline", TIMELINE)["timeline"],
        entries,
        ledger["commits"] if ledger.get("complete") else None,
        player.laid,
        player.sets,
    )


def _path_of(world: str) -> str:
    return f"{CONTROL}/worlds/{quote(world, safe='', errors='replace')}"


def _evidence(entries: list[JsonDict]) -> Iterator[str]:
    for entry in entries:
        yield from entry.get("also", ())
        for cited in (entry, *entry.get("changes", ())):
            if fact := cited.get("evidence"):
                yield fact


class StepPlayer:
    """One playing of one scenario: the client, the world it plays in, and what the steps kept.

    `laid` are the steps that laid a fault or a reply, by its id, and `sets` the places of those that set something, with
    whether that ever changed anything.
    """

    def __init__(self, client: Client, world: str, credentials: Mapping[str, Mapping[str, Any]]) -> None:
        self._client = client
        self._world, self._world_path = world, _path_of(world)
        self._captured = placeholders(credentials)
        self._missing: set[str] = set()
        self.laid: dict[str, Step] = {}
        self.sets: dict[str, bool] = {}
        self._filled_size = 0

    def play(self, steps: list[Step]) -> Iterator[StepDifference]:
        for step in steps:
            try:
                found = list(self._play_step(step))
            except StepFailed as mismatch:
                yield StepDifference(step.place, f"{step.repetition}{mismatch}")
                return
            for message in found:
                yield StepDifference(step.place, step.repetition + message)

    def _play_step(self, step: Step) -> Iterator[str]:
        action, self._filled_size = step.content, 0
        if missing := next((name for name in sorted(self._missing) if f"{{{name}}}" in str(action)), None):
            raise StepFailed(f"this step needs {{{missing}}}, which could not be kept: it and those after it were not played")
        if step.verb == "send":
            expected = self._fill(action.get("get", {}))
            try:
                reply = self._send(action)
            except NoResponse as error:
                if "fails" not in expected:
                    yield f"no complete answer came back: {redact_text(str(error))}"
                return
            if "fails" in expected:
                yield f"a complete answer came back, and none was expected: status {reply.status}, {safe_text(reply.text)}"
            if "get" not in action and (code := reply.header("Emulator-Error")):
                yield REACHED_NOBODY.format(code)
            yield from reply_differences(expected, reply)
            yield from self._capture(action.get("keep", {}), reply)
        elif step.verb == "advance":
            jump = action["advance"]
            self._control("POST", "/clock/advance", jump if isinstance(jump, dict) else {"by": jump})
        elif step.verb == "set":
            found = self._control("PATCH", "/state", self._fill(action["set"]), DIFFERENCES)
            self.sets[step.place] = self.sets.get(step.place, False) or bool(found["differences"])
        elif step.verb == "revoke":
            self._control("POST", "/timeline", {"after": 0, "revoke": action["revoke"]})
        elif step.verb in PATHS_OF_RULES:
            laid = self._control("POST", PATHS_OF_RULES[step.verb], self._fill(action[step.verb]), LAID)
            self.laid[laid["id"]] = step
        elif step.verb == "expect_delivery":
            yield from self._missing_deliveries(self._fill(action["expect_delivery"]))
        else:
            state = self._control("GET", "/state")
            for message in differences(self._fill(action["see"]), state, by_id=True):
                yield f"in the state, {message}"

    def _missing_deliveries(self, wanted: JsonObject) -> Iterator[str]:
        deliveries = self._control("GET", "/deliveries")["deliveries"]
        event, status, times = wanted["event"], wanted.get("status"), wanted.get("times", 1)
        count = sum(is_expected(it, wanted) for it in deliveries)
        if count != times:
            yield unexpected(event, status, times, count, map(shown_in_a_line, deliveries), in_a_line=True)

    def _send(self, action: JsonObject) -> ReceivedResponse:
        method, _, target = self._fill(action["send"]).partition(" ")
        headers = {"Emulator-World": self._world} | self._fill(action.get("headers", {}))
        content: bytes | None = None
        if "json" in action:
            headers.setdefault("Content-Type", "application/json")
            content = dump(self._fill(action["json"]))
        elif "body" in action:
            content = self._fill(action["body"]).encode()
        try:
            path, host = raw_target(target)
            raw = raw_headers(({"Host": host} if host else {}) | headers)
        except ValueError as error:
            raise StepFailed(f"{redact_text(f'{method} {target}')} cannot be sent: {redact_text(str(error))}") from None
        return self._client.send(method, path, raw, content)

    def _control(self, method: str, path: str, body: Any = None, shape: Any = dict) -> Any:
        content = None if body is None else dump(body)
        reply = self._client.send(method, f"{self._world_path}{path}".encode(), (), content)
        if reply.status >= 300:
            raise StepFailed(f"this step was refused, and those after it were not played: {redact_text(read_refusal(reply))}")
        return read_answer(reply, shape)

    def _capture(self, wanted: Mapping[str, str], reply: ReceivedResponse) -> Iterator[str]:
        for name, path in wanted.items():
            value = _at(json_of(reply), path)
            if value is None:
                self._missing.add(name)
                yield f"nothing can be kept as {name!r}: the answer has no {redact_text(path)!r}"
            else:
                self._missing.discard(name)
                self._captured[name] = str(value)

    def _fill(self, value: Any) -> Any:
        """Return a value with every {name} that is known replaced by what was kept under it.

        Raises:
            StepFailed: that would be longer than MAX_FILLED_SIZE.
        """
        if isinstance(value, dict):
            return {key: self._fill(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._fill(part) for part in value]
        if isinstance(value, str):
            self._filled_size += sum(len(self._captured.get(name, "")) for name in PLACEHOLDER.findall(value))
            if self._filled_size > MAX_FILLED_SIZE:
                raise StepFailed(f"its placeholders come to more than {MAX_FILLED_SIZE} characters, and it was not played")
            return PLACEHOLDER.sub(lambda found: self._captured.get(found[1], found[0]), value)
        return value


def _at(value: Any, path: str) -> Any:
    """Return the value at a dotted path; None where there is none."""
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isascii() and part.isdecimal() and len(part) < 10:
            value = next(iter(value[int(part) :]), None)
        else:
            return None
    return value


REACHED_NOBODY = "this request reached no operation ({}): write in `expect` what it is to hear, or mend its path"
