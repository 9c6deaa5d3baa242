"""The facts that everything rests on, as fixtures/<vendor>/evidence.yaml tells them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

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


@cache
def load_evidence(vendor: str) -> dict[str, Evidence]:
    """The evidence of a vendor by id, in the order of the file."""
    import yaml  # on the first reply: a server starts without it

    text = (fixtures_folder() / vendor / "evidence.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = [Evidence(**entry) for entry in yaml.load(text, Loader=loader)]  # noqa: S506  both loaders are safe ones
    return {entry.id: entry for entry in entries}


def kind_of(vendor: str, id: str) -> str:
    """Documented, observed or inferred; what no published fact bears out is inferred."""
    fact = load_evidence(vendor).get(id)
    return fact.kind if fact else "inferred"
