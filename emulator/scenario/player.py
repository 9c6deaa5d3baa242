"""Plays the steps of a scenario against a server, in-process or over the wire, and tells every difference."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from emulator.scenario.compare import abridge, differences, exact_difference
from emulator.scenario.scenario import Scenario, Step
from emulator.vendors.vendor import dump

CONTROL = "/_emulator"


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a step did not go as the scenario says."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Played:
    """How a playing went: its differences, the evidence that was relied on, and the answers each operation gave.

    An answer is (operation, answer, basis).
    """

    differences: list[Difference]
    evidence: frozenset[str] = frozenset()
    answers: frozenset[tuple[str, str, str]] = frozenset()


class Mismatch(Exception):
    """A request to the control plane failed, so that the rest of the scenario cannot be played."""


async def play(scenario: Scenario, client: httpx.AsyncClient) -> Played:
    """Makes a world of the scenario on the server that `client` speaks to, plays its steps there, and drops the world."""
    made = await client.post(f"{CONTROL}/worlds", content=dump({"scenario": scenario.written, "claim": False}))
    if made.status_code != 201:
        return Played([Difference(scenario.source, f"the server refuses the scenario: {_detail(made)}")])
    world = made.json()
    here = f"{CONTROL}/worlds/{world['id']}"
    try:
        differences = [it async for it in _Player(client, world["id"], world["credentials"]).play(scenario.steps)]
        journal = (await client.get(f"{here}/journal")).json()
    finally:
        await client.delete(here)
    entries = journal["entries"]
    answers = {(it["operation"], it["answer"], it["basis"]) for it in entries if it["type"] == "exchange"}
    return Played(differences, frozenset(_evidence(entries)), frozenset(answers))


def _evidence(entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        for cited in (entry, *entry.get("changes", ())):
            if cited["evidence"]:
                yield cited["evidence"]


class _Player:
    """One playing of one scenario: the client, the world it plays in, and what the steps kept."""

    def __init__(self, client: httpx.AsyncClient, world: str, credentials: Mapping[str, Mapping[str, str]]) -> None:
        self._client = client
        self._world = world
        self._kept = {f"{vendor}.{name}": text for vendor, fields in credentials.items() for name, text in fields.items()}

    async def play(self, steps: list[Step]) -> AsyncIterator[Difference]:
        for step in steps:
            try:
                found = [message async for message in self._take(step)]
            except Mismatch as mismatch:
                yield Difference(step.place, str(mismatch))
                return
            for message in found:
                yield Difference(step.place, message)

    async def _take(self, step: Step) -> AsyncIterator[str]:
        written = step.written
        if step.verb == "send":
            expected = self._filled(written.get("get", {}))
            try:
                reply = await self._send(written)
            except httpx.TransportError as error:
                if "fails" not in expected:
                    yield f"no complete answer came back ({type(error).__name__}: {error})"
                return
            if "fails" in expected:
                yield f"a complete answer came back, and none was expected: status {reply.status_code}, {abridge(reply.text)}"
            for message in _reply_differences(expected, reply):
                yield message
            for message in self._keep(written.get("keep", {}), reply):
                yield message
        elif step.verb == "advance":
            jump = written["advance"]
            await self._steer("POST", "/clock/advance", jump if isinstance(jump, dict) else {"by": jump})
        elif step.verb == "set":
            await self._steer("PATCH", "/state", written["set"])
        else:
            state = await self._steer("GET", "/state")
            for message in differences(written["see"], state, by_id=True):
                yield f"in the state, {message}"

    async def _send(self, written: Mapping[str, Any]) -> httpx.Response:
        method, _, target = self._filled(written["send"]).partition(" ")
        headers = {"Emulator-World": self._world} | self._filled(written.get("headers", {}))
        content: bytes | None = None
        if "json" in written:
            headers.setdefault("Content-Type", "application/json")
            content = dump(self._filled(written["json"]))
        elif "body" in written:
            content = self._filled(written["body"]).encode()
        try:
            request = self._client.build_request(method, target, headers=headers, content=content)
        except (ValueError, httpx.InvalidURL) as error:
            raise Mismatch(f"{method} {target} cannot be sent: {error}") from None
        return await self._client.send(request)

    async def _steer(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else dump(body)
        reply = await self._client.request(method, f"{CONTROL}/worlds/{self._world}{path}", content=content)
        if not reply.is_success:
            raise Mismatch(f"this step was refused, and those after it were not played: {_detail(reply)}")
        return json.loads(reply.content, parse_float=Decimal)

    def _keep(self, wanted: Mapping[str, str], reply: httpx.Response) -> Iterator[str]:
        for name, path in wanted.items():
            value = _at(_json(reply), path)
            if value is None:
                yield f"nothing can be kept as {name!r}: the answer has no {path!r}"
            self._kept[name] = str(value)

    def _filled(self, value: Any) -> Any:
        """The value with every {name} that is known replaced by what was kept under it."""
        if isinstance(value, dict):
            return {key: self._filled(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._filled(part) for part in value]
        if isinstance(value, str):
            for name, text in self._kept.items():
                value = value.replace(f"{{{name}}}", text)
        return value


def _at(value: Any, path: str) -> Any:
    """What a dotted path leads to; None when it leads nowhere."""
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isascii() and part.isdecimal() and len(part) < 10:
            value = next(iter(value[int(part) :]), None)
        else:
            return None
    return value


def _reply_differences(expected: Mapping[str, Any], reply: httpx.Response) -> Iterator[str]:
    if "status" in expected and reply.status_code != expected["status"]:
        yield f"the status is {reply.status_code}, not {expected['status']}; the body is {abridge(reply.text)}"
    for name, value in expected.get("headers", {}).items():
        if name not in reply.headers:
            yield f"there is no header {name}, which should be {value!r}"
        elif reply.headers[name] != value:
            yield f"the header {name} is {reply.headers[name]!r}, not {value!r}"
    if "text" in expected and reply.text != expected["text"]:
        yield f"the body is {abridge(reply.text)}, not {abridge(expected['text'])}"
    if "json" in expected:
        compare = exact_difference if expected.get("exactly") else differences
        yield from compare(expected["json"], _json(reply))


def _json(reply: httpx.Response) -> Any:
    try:
        return json.loads(reply.content, parse_float=Decimal)
    except ValueError:
        return reply.text


def _detail(reply: httpx.Response) -> str:
    body = _json(reply)
    return str(body.get("detail", body)) if isinstance(body, dict) else abridge(body)
