"""The facts that everything rests on, as fixtures/<vendor>/evidence.yaml tells them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml

from emulator.data import fixtures_folder

KINDS = ("documented", "observed", "inferred")
"""How sure we are of a fact, surest first."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact: what it says, where it is published, and how it is known. `page` names the reference page it stands on."""

    id: str
    kind: str
    source: str
    says: str
    page: str | None = None


def load_evidence(vendor: str) -> dict[str, Evidence]:
    """The evidence of a vendor by id, in the order of the file."""
    text = (fixtures_folder() / vendor / "evidence.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = [Evidence(**entry) for entry in yaml.load(text, Loader=loader)]  # noqa: S506  both loaders are safe ones
    return {entry.id: entry for entry in entries}


def basis(vendors: Iterable[str]) -> Mapping[str, str]:
    """Evidence id → documented, observed or inferred, for all these vendors."""
    return {id: entry.kind for vendor in vendors for id, entry in load_evidence(vendor).items()}
