"""Where every fact leads: from what a vendor publishes, to the rows that rest on it, to the scenarios that prove it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from emulator.client.in_process import InProcessClient
from emulator.contract.evidence import Evidence, load_evidence, load_wordings
from emulator.scenario.library import Library
from emulator.scenario.player import Played, play
from emulator.sdk.vendor import Vendor
from emulator.vendors import VENDORS


@dataclass(frozen=True, slots=True)
class EvidenceTrace:
    """One fact, the rows and the answers' wordings that cite it, and the scenarios whose playing relied on it."""

    evidence: Evidence
    rows: tuple[str, ...]
    answers: tuple[str, ...]
    scenarios: tuple[str, ...]


def play_all(known: Library) -> dict[str, Played]:
    """How the playing of every scenario went, by name, in this process."""
    client = InProcessClient()
    return {name: play(known.get(name), client) for name in known.names()}


def threads(known: Library) -> list[EvidenceTrace]:
    """Every fact of every vendor. The scenarios are found by playing them, not by asking them."""
    proofs = _proofs(known)
    return [
        EvidenceTrace(
            evidence,
            tuple(_rows_citing(vendor, evidence.id)),
            tuple(name for name, ids in load_wordings(vendor.name).items() if evidence.id in ids),
            tuple(sorted(proofs.get(evidence.id, ()))),
        )
        for vendor in VENDORS.values()
        for evidence in load_evidence(vendor.name).values()
    ]


def trace(known: Library) -> list[str]:
    """The threads as lines to read."""
    return [line for thread in threads(known) for line in _lines(thread)]


def _proofs(known: Library) -> dict[str, set[str]]:
    """Evidence id → names of the scenarios that rely on it: by the journal of their playing, or by what they say they prove."""
    proofs: dict[str, set[str]] = {}
    for name, played in (play_all(known)).items():
        for id in {*played.evidence, *known.get(name).written.get("proves", ())}:
            proofs.setdefault(id, set()).add(name)
    return proofs


def _rows_citing(vendor: Vendor, id: str) -> Iterator[str]:
    for machine in vendor.machines:
        for row in machine.rows:
            if row.evidence == id:
                yield f"{machine.kind}: {row.state} --{row.cause}--> {row.to}"


def _lines(thread: EvidenceTrace) -> Iterable[str]:
    evidence = thread.evidence
    yield f"{evidence.id}  [{evidence.kind}]  {evidence.says}"
    yield f"    source    {evidence.source}"
    yield from (f"    row       {row}" for row in thread.rows)
    yield from (f"    answer    {answer}" for answer in thread.answers)
    yield from (f"    scenario  {name}" for name in thread.scenarios)
