"""The facts that everything rests on, as fixtures/<vendor>/evidence.yaml and wordings.yaml tell them."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

from emulator.contract.fixtures import load_fixture
from emulator.kernel.resource import Struct
from emulator.sdk.vendor import Vendor

KINDS = ("documented", "observed", "inferred")
"""The kinds of facts, the surest first."""

INFERRED = KINDS[-1]


class Evidence(Struct, frozen=True):
    """One fact: what it says, where it is published, and how it is known.

    `sources` of a documented fact are addresses of the vendor's pages; `page` names the reference page that it stands on,
    where that is one of the four about stop and cancel. `assumption` is one whose default the fact states: it is not so where
    a scenario chooses otherwise.
    """

    id: str
    kind: str
    sources: tuple[str, ...]
    says: str
    page: str | None = None
    assumption: str | None = None

    @property
    def source(self) -> str:
        """The sources in one line."""
        return " and ".join(self.sources)


class Grounds(NamedTuple):
    """The weakest kind of the facts that an answer rests on, and the ids of those beside the one that decided it."""

    basis: str
    also: tuple[str, ...]


@cache
def load_evidence(vendor: Vendor) -> dict[str, Evidence]:
    """Return the evidence of a vendor by id, in the order of the file."""
    return {entry["id"]: _read(**entry) for entry in load_fixture(vendor, "evidence.yaml")}


@cache
def load_wordings(vendor: Vendor) -> dict[str, tuple[str, ...]]:
    """Return the facts that the status, the words and the fields of an answer rest on, by the answer's name."""
    return {name: tuple(ids) for name, ids in load_fixture(vendor, "wordings.yaml", {}).items()}


@lru_cache(maxsize=4096)
def grounds_of(vendor: Vendor, answer: str, evidence: str, also: tuple[str, ...] = (), assumption: object = None) -> Grounds:
    """Return what an answer rests on: the fact or assumption that decided it, the facts of its wording, and `also`.

    The weakest of all of them is its basis.
    """
    beside = tuple(dict.fromkeys((*load_wordings(vendor).get(answer, ()), *also)))
    kinds = [kind_of(vendor, id) for id in (evidence, *beside)] + [INFERRED] * (assumption is not None)
    return Grounds(max(kinds, key=KINDS.index), beside)


def kind_of(vendor: Vendor, id: str) -> str:
    """Documented, observed or inferred; what no published fact bears out is inferred."""
    fact = load_evidence(vendor).get(id)
    return fact.kind if fact else INFERRED


def _read(source: str | list[str], **entry: str) -> Evidence:
    return Evidence(sources=(source,) if isinstance(source, str) else tuple(source), **entry)
