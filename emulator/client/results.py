"""What a handle is told about the past: explanations, the ledger, differences and rehearsed answers, typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from emulator.client.amounts import exact, exact_totals, is_amount
from emulator.client.names import expect_quantity
from emulator.kernel.time import parse_instant

EVERY = "limit=1000000000"
"""In a query: every difference there is."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why something went as it did; as text it is for people. `told` is all of it, as the control plane tells it."""

    text: str
    told: Mapping[str, Any]

    @classmethod
    def read(cls, shown: Mapping[str, Any]) -> Explanation:
        """The explanation as the control plane shows it."""
        return cls(shown["text"], shown)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is otherwise, `at` a place of the vendor's `given`; as text it is for people.

    `added` and `removed` are the thing, `changed` its fields that differ, each as (before, after); two of the three are None.
    """

    vendor: str
    at: str
    id: str | None
    added: Any
    removed: Any
    changed: Mapping[str, tuple[Any, Any]] | None
    text: str

    @classmethod
    def read(cls, shown: Mapping[str, Any]) -> Difference:
        """The difference as the control plane shows it."""
        vendor, at, changed = shown["vendor"], shown["at"], shown.get("changed")
        added, removed = (exact(vendor, shown.get(name), at) for name in ("added", "removed"))
        fields = None if changed is None else {name: _pair(vendor, f"{at}.{name}", it) for name, it in changed.items()}
        return cls(vendor, at, shown["id"], added, removed, fields, shown["text"])

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Commit:
    """What one exchange did, or, where `exchange` is None, time or a controller. `totals` are in the vendor's units."""

    exchange: int | None
    why: str
    at: datetime
    totals: Mapping[str, Any]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An exchange as it truly ended: whether its effect was committed, and whether the client got the whole answer.

    `delivered` is None while it is still being sent, and where nobody can know.
    """

    n: int
    operation: str
    status: int
    committed: bool
    delivered: bool | None


@dataclass(frozen=True, slots=True)
class LedgerPicture:
    """A ledger at one moment, as the control plane shows it."""

    complete: bool
    commits: tuple[Commit, ...]
    exchanges: tuple[Outcome, ...]
    totals: Mapping[str, Any]

    @classmethod
    def read(cls, shown: Mapping[str, Any]) -> LedgerPicture:
        """Read the ledger as the control plane shows it."""
        commits = tuple(
            Commit(it["exchange"], it["why"], parse_instant(it["at"]), exact_totals(it["totals"]), read_differences(it))
            for it in shown["commits"]
        )
        outcomes = tuple(Outcome(**it) for it in shown["exchanges"])
        return cls(shown["complete"], commits, outcomes, exact_totals(shown["totals"]))


class Ledger:
    """The ledger: what truly took effect. Every read asks the world anew; `picture()` returns a ledger that stays as it is."""

    def __init__(self, ask: Callable[..., Any], kept: LedgerPicture | None = None) -> None:
        self._ask = ask
        self._kept = kept

    def picture(self) -> Ledger:
        """Return the ledger as it is now, whatever happens later."""
        return Ledger(self._ask, self._now())

    @property
    def complete(self) -> bool:
        """Tell whether all of it is remembered."""
        return self._now().complete

    @property
    def commits(self) -> tuple[Commit, ...]:
        """Every commit, in order."""
        return self._now().commits

    @property
    def exchanges(self) -> tuple[Outcome, ...]:
        """Every exchange as it truly ended, in order."""
        return self._now().exchanges

    @property
    def totals(self) -> Mapping[str, Any]:
        """By vendor, what moved in all and which states went to which."""
        return self._now().totals

    def _now(self) -> LedgerPicture:
        return LedgerPicture.read(self._ask("GET", f"/ledger?{EVERY}")) if self._kept is None else self._kept

    def __repr__(self) -> str:
        told = self._now()
        known = "" if told.complete else ", not all that there were"
        kept = ", a picture that stays as it is" if told is self._kept else ""
        return f"<Ledger of {len(told.commits)} commits and {len(told.exchanges)} exchanges{known}{kept}>"

    def moved(self, vendor: str, field: str) -> Any:
        """By how much a quantity such as `account.credits_used` moved in all, after minus before; 0 where it did not.

        An amount of money is a Decimal, a count an int.

        What appears was nothing before, and what disappears is nothing afterwards. Ids and limits are no quantities.

        Raises:
            NotFound: there is no such vendor, or no such quantity in its state.
        """
        expect_quantity(vendor, field)
        nothing = Decimal(0) if is_amount(vendor, field) else 0
        return self.totals.get(vendor, {}).get("moved", {}).get(field, nothing)


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a request would be answered, and what it would change. It did not happen.

    `delivered` is whether the client would get the whole answer; a fault may keep it from it. `world` is the id of the world
    that the request would reach by its credential, which may be another than the one that was asked.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: Any
    delivered: bool | None
    world: str
    differences: tuple[Difference, ...]
    explanation: Explanation

    @classmethod
    def read(cls, shown: Mapping[str, Any]) -> DryRun:
        """The rehearsal as the control plane shows it."""
        headers = tuple((name, value) for name, value in shown["headers"])
        differences, explanation = read_differences(shown), Explanation.read(shown["explanation"])
        return cls(shown["status"], headers, shown["body"], shown["delivered"], shown["world"], differences, explanation)


def _pair(vendor: str, place: str, values: Mapping[str, Any]) -> tuple[Any, Any]:
    return exact(vendor, values["before"], place), exact(vendor, values["after"], place)


def read_differences(shown: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The differences in something that the control plane shows."""
    return tuple(Difference.read(it) for it in shown["differences"])
