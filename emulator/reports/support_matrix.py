"""The support of each vendor: its operations with their answers, how sure each is, and what is not emulated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from emulator.contract.evidence import KINDS
from emulator.contract.fixtures import load_fixture
from emulator.scenario.player import PlayResult
from emulator.sdk.vendor import Operation, Vendor
from emulator.vendors import VENDORS

Answers = dict[str, dict[str, set[str]]]
"""Operation → basis → answers."""


def answers(played: Mapping[str, PlayResult]) -> Answers:
    """Return what every operation answered while the scenarios were played."""
    found: Answers = {}
    for operation, answer, basis in chain.from_iterable(it.answers for it in played.values()):
        if basis is not None:
            found.setdefault(operation, {}).setdefault(basis, set()).add(answer)
    return found


def coverage(found: Answers) -> list[str]:
    """Return the page as lines of Markdown."""
    return [line for vendor in VENDORS.values() for line in _vendor(vendor, found)]


def request_of(vendor: Vendor, operation: Operation) -> str:
    """Return the method of an operation, and its path at its first mount."""
    return f"{operation.method} `{(operation.mounts or vendor.mounts)[0]}{operation.path}`"


def _vendor(vendor: Vendor, found: Answers) -> Iterator[str]:
    yield f"### {vendor.name}"
    yield ""
    yield f"| operation | request | {' | '.join(KINDS)} |"
    yield "| --- | --- | --- | --- | --- |"
    for operation in vendor.operations:
        kinds = found.get(operation.name, {})
        cells = (_cell(kinds.get(kind, ())) for kind in KINDS)
        yield f"| `{operation.name}` | {request_of(vendor, operation)} | {' | '.join(cells)} |"
    yield ""
    yield "Not emulated:"
    yield ""
    yield from (f"* {sentence}" for sentence in not_emulated(vendor))
    yield ""


def not_emulated(vendor: Vendor) -> list[str]:
    """Return what a vendor publishes and we leave out, in sentences."""
    sentences: list[str] = load_fixture(vendor, "not_emulated.yaml", [])
    return sentences


def _cell(answers: Iterable[str]) -> str:
    return ", ".join(sorted(answers)) or "-"
