"""The way of every fact: from the page of a vendor, to the rows that rest on it, to the scenarios that prove it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from emulator.client.in_process import InProcessClient
from emulator.contract.evidence import Evidence, load_evidence, load_wordings
from emulator.scenario.library import Library
from emulator.scenario.player import PlayResult, play
from emulator.sdk.vendor import Vendor
from emulator.vendors import VENDORS


@dataclass(frozen=True, slots=True)
class EvidenceTrace:
    """One fact, the rows and the answers' wordings that cite it, and the scenarios whose playing relied on it."""

    evidence: Evidence
    rows: tuple[str, ...]
    answers: tuple[str, ...]
    scenarios: tuple[str, ...]


def play_all(known: Library) -> dict[str, PlayResult]:
    """Play every scenario in this process; return how each went, by its name."""
    client = InProcessClient()
    return {name: play(known.get(name), client) for name in known.names()}


def evidence_traces(known: Library, played: Mapping[str, PlayResult]) -> list[EvidenceTrace]:
    """Trace every fact of every vendor to the scenarios that relied on it while they were played."""
    proofs = _proofs(known, played)
    return [
        EvidenceTrace(
            evidence,
            tuple(_rows_citing(vendor, evidence.id)),
            tuple(name for name, ids in load_wordings(vendor).items() if evidence.id in ids),
            tuple(sorted(proofs.get(evidence.id, ()))),
        )
        for vendor in VENDORS.values()
        for evidence in load_evidence(vendor).values()
    ]


def trace_lines(traces: Iterable[EvidenceTrace]) -> list[str]:
    """Return the traces as lines to read."""
    return [line for trace in traces for line in _lines(trace)]


def _proofs(known: Library, played: Mapping[str, PlayResult]) -> dict[str, set[str]]:
    """Return by id of evidence the scenarios that rely on it: by the journal of their playing, or by their `proves`."""
    proofs: dict[str, set[str]] = {}
    for name, it in played.items():
        for id in {*it.evidence, *known.get(name).content.get("proves", ())}:
            proofs.setdefault(id, set()).add(name)
    return proofs


def _rows_citing(vendor: Vendor, id: str) -> Iterator[str]:
    for machine in vendor.machines:
        for row in machine.rows:
            if row.evidence == id:
                yield f"{machine.kind}: {row.state} --{row.cause}--> {row.to}"


def _lines(trace: EvidenceTrace) -> Iterable[str]:
    evidence = trace.evidence
    yield f"{evidence.id}  [{evidence.kind}]  {evidence.says}"
    yield f"    source    {evidence.source}"
    yield from (f"    row       {row}" for row in trace.rows)
    yield from (f"    answer    {answer}" for answer in trace.answers)
    yield from (f"    scenario  {name}" for name in trace.scenarios)
