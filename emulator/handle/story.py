"""The story of a world, for the report of a test that failed: what was asked, what came back and why, what changed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from emulator.evidence import Evidence, load_evidence
from emulator.handle.emulator import Emulator
from emulator.handle.journal import Exchange

SHOWN = 50
"""How many of the newest entries are told."""


def story(emulator: Emulator, replay: str) -> str:
    """The story, and the command that replays it. It is told whatever happened: where the server is gone, it says that."""
    try:
        return "\n".join(_lines(emulator, replay))
    except Exception as error:  # the report of a failure must not fail
        return f"the story cannot be told: {error}"


def _lines(emulator: Emulator, replay: str) -> Iterator[str]:
    journal = emulator.journal
    yield f"world {emulator.id}, seed {emulator.seed}, clock {emulator.clock.now.isoformat()}"
    if isinstance(emulator.scenario, str):
        yield f"scenario {emulator.scenario}"
    if hidden := journal.dropped + max(len(journal) - SHOWN, 0):
        yield f"({hidden} earlier entries are left out)"
    for entry in journal[-SHOWN:]:
        if isinstance(entry, Exchange):
            yield from _exchange(entry)
        else:
            yield f"      {entry.at:%H:%M:%S}  {entry}"
    if not journal:
        yield "nothing happened in this world: is the client pointed at its URL, with its credential?"
    yield f"replay: {replay}"


def _exchange(exchange: Exchange) -> Iterator[str]:
    asked = f"{exchange.method} {exchange.target}"
    yield f"  {exchange.n:>3} {exchange.at:%H:%M:%S}  {asked} -> {exchange.status or 'nothing'} {exchange.answer}"
    yield from (f"      fault: {fault}" for fault in exchange.faults)
    if not exchange.delivered:
        yield "      the client did not get the vendor's answer"
    if exchange.status >= 400 and not exchange.faults:
        fact = _evidence().get(exchange.evidence)
        yield f"      because: {fact.says if fact else 'the scenario says so'} [{exchange.evidence}, {exchange.basis}]"
    if exchange.assumption:
        yield f"      assuming: {exchange.assumption}"
    yield from (f"      changed: {change}" for change in exchange.changes)


@cache
def _evidence() -> dict[str, Evidence]:
    return {id: fact for vendor in ("serpwow", "stripe", "6dot50") for id, fact in load_evidence(vendor).items()}
