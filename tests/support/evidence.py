"""The facts of all vendors, and how sure an answer is that rests on some of them."""

from __future__ import annotations

from emulator.contract.evidence import KINDS, load_evidence
from emulator.vendors import VENDORS

FACTS = {id: fact for vendor in VENDORS.values() for id, fact in load_evidence(vendor).items()}


def weakest(ids: list[str], assumption: str | None) -> str:
    """Return how sure an answer is that rests on these facts, and on an assumption if there is one."""
    kinds = ["inferred" if assumption else "documented", *(FACTS[id].kind for id in ids)]
    return next(kind for kind in reversed(KINDS) if kind in kinds)
