"""The way of every fact: from the page of a vendor, to the rows that rest on it, to the scenarios that prove it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from emulator.client.in_process import InProcessClient
from emulator.contract.evidence import Evidence, load_evidence, load_wordings
from emulator.kernel.machine import Row
from emulator.kernel.transaction import Transaction
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


@contextmanager
def rows_taken() -> Iterator[set[tuple[str, Row]]]:
    """Collect the rows that transactions of this process take, each with its kind of resource."""
    take, rows = Transaction.take, set[tuple[str, Row]]()

    def note(self: Transaction, kind: str, id: str, row: Row, resource: Any | None) -> None:
        rows.add((kind, row))
        take(self, kind, id, row, resource)

    with patch.object(Transaction, "take", note):
        yield rows


def play_each(known: Library) -> Iterator[tuple[str, PlayResult, set[tuple[str, Row]]]]:
    """Play every scenario in this process; yield its name, how it went and, as evidence too, the rows that it took."""
    client = InProcessClient()
    for name in known.names():
        with rows_taken() as rows:
            result = play(known.get(name), client)
        yield name, replace(result, evidence=result.evidence.union(row.evidence for _, row in rows)), rows


def play_all(known: Library) -> dict[str, PlayResult]:
    """Play every scenario in this process; return how each went, by its name."""
    return {name: result for name, result, _ in play_each(known)}


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
    """Return by id of evidence the scenarios that relied on it; where none can, those that name it in `proves`."""
    proofs: dict[str, set[str]] = {}
    relied = {id for it in played.values() for id in it.evidence}
    for name, it in played.items():
        for id in it.evidence.union(set(known.get(name).content.get("proves", ())) - relied):
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
