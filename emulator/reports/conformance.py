"""The conformance of a vendor: named checks of the promises that every vendor keeps. Each lists what is missing, and where."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.client import REQUEST_ENTITY_TOO_LARGE
from typing import Any
from unittest.mock import patch

from emulator.client.in_process import InProcessClient
from emulator.client.json_encoding import decode
from emulator.contract.evidence import KINDS, load_evidence, load_wordings
from emulator.contract.fixtures import load_fixture
from emulator.kernel.assumption import Assumption
from emulator.kernel.machine import ABSENT, EVERY, Row
from emulator.kernel.transaction import Transaction
from emulator.reports.evidence_trace import rows_taken
from emulator.scenario.client import Headers, ReceivedResponse
from emulator.scenario.player import CONTROL, play
from emulator.scenario.scenario import Scenario
from emulator.scenario.state_schema import written_state
from emulator.sdk.exact_json import dump
from emulator.sdk.vendor import Vendor
from emulator.server.app import library
from emulator.state.compare import exact_difference
from emulator.vendors import VENDORS

Unreachable = Collection[tuple[str, str, str]]
"""Rows that no client can reach, as (kind of resource, state as the table writes it, cause)."""


class NotConformant(AssertionError):
    """A vendor breaks a promise; the message has a line for each place."""


@dataclass(frozen=True)
class Check:
    """One promise of a vendor. Call it to check it; it is a test's parameter with `ids=str`."""

    promise: str
    find: Callable[[], Iterator[str]] = field(repr=False)

    def __str__(self) -> str:
        return self.promise

    def __call__(self) -> None:
        """Check the promise.

        Raises:
            NotConformant: it is broken.
        """
        if found := list(self.find()):
            raise NotConformant("\n".join([f"{self.promise}, but:", *found]))


def checks(vendor: Vendor, unreachable: Unreachable = ()) -> list[Check]:
    """Return the checks of a vendor, which share one playing of its scenarios."""
    return [
        Check("the vendor is registered", lambda: _unregistered(vendor)),
        Check("every answer of a row has a renderer", lambda: _without_renderer(vendor)),
        Check("every fact that is cited is in evidence.yaml", lambda: _unknown_facts(vendor)),
        Check("every fact has a kind and a source", lambda: _unfit_facts(vendor)),
        Check("every fact is cited or proved by a scenario", lambda: _unused_facts(vendor)),
        Check("every choice that a row names exists", lambda: _unknown_choices(vendor)),
        Check("every choice of an assumption is played by a scenario", lambda: _unplayed_choices(vendor)),
        Check("every operation has its responses in replies.yaml", lambda: _unknown_responses(vendor)),
        Check("every scenario plays as it says", lambda: iter(_played(vendor.name).differences)),
        Check("every row is walked by a scenario", lambda: _unwalked(vendor, unreachable)),
        Check("whatever can be deleted stands in a list of the state", lambda: _undeletable(vendor)),
        Check("the accounts that a world can tell apart stand in a list of the state", lambda: _untold_accounts(vendor)),
        Check("the state can be loaded again", lambda: iter(_played(vendor.name).changed)),
    ]


def _unregistered(vendor: Vendor) -> Iterator[str]:
    if VENDORS.get(vendor.name) is not vendor:
        yield f"no entry point of the group batch_emulator.vendors leads to {vendor.name!r}: name it, and install the package"


def _without_renderer(vendor: Vendor) -> Iterator[str]:
    sent = {outbox.of.kind for outbox in vendor.outboxes}  # only controllers and receivers hear of their rows
    for kind, row in _rows(vendor):
        if row.answer and kind not in sent and row.answer not in vendor.renderers:
            yield f"{_label(kind, row)}: Vendor.renderers has no {row.answer!r}"
    named = {name for assumption in vendor.assumptions for name in assumption.decides} | {*vendor.unauthenticated}
    yield from (f"Vendor.renderers has no {name!r}" for name in sorted(named - {*vendor.renderers}))


def _unknown_facts(vendor: Vendor) -> Iterator[str]:
    cited = {row.evidence: _label(kind, row) for kind, row in _rows(vendor)}
    cited |= {timer.source: timer.name for timer in vendor.timers.values() if timer.source != "invented"}
    cited |= {id: f"wordings.yaml: {answer}" for answer, ids in load_wordings(vendor).items() for id in ids}
    cited |= {id: "an answer or a scenario" for id in sorted(_played(vendor.name).evidence) if id.startswith(f"{vendor.name}-")}
    known = load_evidence(vendor)
    yield from (f"{place}: evidence.yaml has no {id!r}" for id, place in cited.items() if id not in known)


def _unfit_facts(vendor: Vendor) -> Iterator[str]:
    for fact in load_evidence(vendor).values():
        if not fact.id.startswith(f"{vendor.name}-"):
            yield f"{fact.id}: the id must begin with '{vendor.name}-'"
        if fact.kind not in KINDS:
            yield f"{fact.id}: the kind is {fact.kind!r}, and must be one of {', '.join(KINDS)}"
        if (fact.source == "unpublished") != (fact.kind == "inferred"):
            yield f"{fact.id}: an inferred fact has the source 'unpublished', and no other fact has it"


def _unused_facts(vendor: Vendor) -> Iterator[str]:
    used = {row.evidence for _, row in _rows(vendor)} | {timer.source for timer in vendor.timers.values()}
    used |= _played(vendor.name).evidence
    yield from (f"{id}: no row and no scenario relies on it" for id in load_evidence(vendor) if id not in used)


def _unknown_choices(vendor: Vendor) -> Iterator[str]:
    choices = {it.id: it.choices for it in vendor.assumptions}
    for kind, row in _rows(vendor):
        if row.assume and row.assume.choice not in choices.get(row.assume.assumption.id, ()):
            yield f"{_label(kind, row)}: {row.assume.assumption.id} has no choice {row.assume.choice!r}"


def _undeletable(vendor: Vendor) -> Iterator[str]:
    for place in vendor.deletable:
        schema = written_state(vendor)
        for part in place.split("."):
            schema = schema.get("properties", {}).get(part, {}).get("items", {})
        if "deleted" not in schema.get("properties", {}):
            yield f"Vendor.deletable: the schema of the state has no list {place!r}"


def _untold_accounts(vendor: Vendor) -> Iterator[str]:
    words, parts = vendor.accounts, vendor.state.schema.get("properties", {})
    if words is not None and "id" not in parts.get(words.several, {}).get("items", {}).get("properties", {}):
        yield f"Vendor.accounts: the schema of the state has no list {words.several!r} of accounts with an id"


def _unplayed_choices(vendor: Vendor) -> Iterator[str]:
    for it in vendor.assumptions:
        unplayed = [
            choice for choice in it.choices if choice != it.default and (it.id, choice) not in _played(vendor.name).assumed
        ]
        yield from (f"{it.id}: no scenario with `assume: {{{it.id}: {choice!r}}}` asks for it" for choice in unplayed)


def _unknown_responses(vendor: Vendor) -> Iterator[str]:
    known = load_fixture(vendor, "replies.yaml")
    names = [operation.name for operation in vendor.operations]
    yield from (f"{name}: name its statuses and their schemas" for name in names if not known.get(name))
    yield from (f"{name}: there is no such operation" for name in known if name not in (*names, f"{vendor.name}.astray"))


def _unwalked(vendor: Vendor, unreachable: Unreachable) -> Iterator[str]:
    walked, sent = _played(vendor.name).walked, [it.machine for it in vendor.outboxes]  # these are the same for all vendors
    for machine in (it for it in vendor.machines if it not in sent):
        for row in machine.table:
            known = (machine.kind, row.state, str(row.cause)) in unreachable
            if not known and not any(kind == machine.kind and _stands_for(row, it) for kind, it in walked):
                yield f"{_label(machine.kind, row)}: no scenario takes this row"


def _stands_for(template: Row, row: Row) -> bool:
    """Tell whether a row is the template itself, or one of those that it is short for."""
    parts = [(it.cause, it.answer, it.effect, it.evidence, it.when, it.assume) for it in (template, row)]
    same_state = row.state != ABSENT if template.state == EVERY else row.state == template.state
    return same_state and parts[0] == parts[1]


def _rows(vendor: Vendor) -> Iterator[tuple[str, Row]]:
    return ((machine.kind, row) for machine in vendor.machines for row in machine.table)


def _label(kind: str, row: Row) -> str:
    return f"{kind}: {row.state} --{row.cause}--> {row.to} ({row.answer})"


@dataclass
class _Playing:
    """The result of playing the scenarios of a vendor: the rows taken, each with its kind; what it relied on; what went wrong.

    `consulted` are the assumptions that a transaction or an answer of the scenario being played asked about.
    """

    walked: set[tuple[str, Row]] = field(default_factory=set)
    consulted: set[str] = field(default_factory=set)
    evidence: set[str] = field(default_factory=set)
    assumed: set[tuple[str, str]] = field(default_factory=set)
    differences: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


@cache
def _played(vendor: str) -> _Playing:
    known, playing = library(), _Playing()
    client = _ReloadingClient(vendor, playing.changed)
    with _recorded(playing), rows_taken() as playing.walked:
        for name in known.names():
            scenario = known.get(name)
            if name.startswith(f"{vendor}/") or vendor in scenario.content.get("given", {}):
                client.scenario = scenario
                playing.consulted.clear()
                played = play(scenario, client)
                playing.evidence |= {*played.evidence, *scenario.content.get("proves", ())}
                assumed = scenario.content.get("assume", {}).items()
                playing.assumed |= {(id, str(choice)) for id, choice in assumed if id in playing.consulted}
                playing.differences += map(str, played.differences)
    return playing


@contextmanager
def _recorded(playing: _Playing) -> Iterator[None]:
    """Record the assumptions that transactions ask about."""
    choose = Transaction.choice

    def note_choice(self: Transaction, assumption: Assumption) -> str:
        playing.consulted.add(assumption.id)
        return choose(self, assumption)

    with patch.object(Transaction, "choice", note_choice):
        yield


class _ReloadingClient(InProcessClient):
    """A client that loads the state of a world into another before the player drops it, and compares the two."""

    scenario: Scenario

    def __init__(self, vendor: str, changed: list[str]) -> None:
        super().__init__()
        self._vendor, self._changed = vendor, changed

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        if method == "DELETE" and target.startswith(f"{CONTROL}/worlds/".encode()):
            self._changed.extend(self._differences(target.decode()))
        return super().send(method, target, headers, content)

    def _differences(self, world: str) -> Iterator[str]:
        place = f"{self.scenario.source}, at the end"
        state, clock = self._read(f"{world}/state"), self._read(f"{world}/clock")
        rules = {key: self.scenario.content[key] for key in ("assume", "timing") if key in self.scenario.content}
        start = {"start": clock["now"]} | ({"skew": clock["skew"]} if clock.get("skew") else {})
        scenario = {"title": "Again", "clock": start, **rules, "given": state}
        body = dump({"id": "again", "scenario": scenario, "claim": False})
        made = super().send("POST", f"{CONTROL}/worlds".encode(), (), body)
        if made.status == REQUEST_ENTITY_TOO_LARGE:
            return
        if made.status != 201:
            yield f"{place}: the state that the codec dumps cannot be loaded: {made.text}"
            return
        again = self._read(f"{CONTROL}/worlds/again/state")
        super().send("DELETE", f"{CONTROL}/worlds/again".encode())
        for difference in exact_difference(state[self._vendor], again[self._vendor]):
            yield f"{place}: {difference}"

    def _read(self, path: str) -> Any:
        return decode(super().send("GET", path.encode()).content)
