"""Explanations, differences, dry runs and the ledger, as a test reads them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from emulator.client.amounts import exact, exact_totals, is_amount
from emulator.control import journal_models, ledger_models
from emulator.control.ledger_models import Outcome
from emulator.control.record import Record, from_json
from emulator.kernel.errors import NotFound
from emulator.kernel.resource import Struct
from emulator.scenario.amounts import is_quantity
from emulator.scenario.document import JsonObject
from emulator.vendors import VENDORS

EVERY = "limit=1000000000"
"""In a query: every difference there is."""


class Explanation(Struct, frozen=True):
    """The reasons of an exchange or a change: `text` for people, and `told`, all of it as the control plane shows it."""

    text: str
    told: JsonObject

    def __str__(self) -> str:
        return self.text


class Difference(journal_models.Difference):
    """One thing that differs, `at` a place of the vendor's `given`; its text is for people. Amounts are Decimals.

    `added` and `removed` are the thing, `changed` its fields that differ, each as (before, after); two of the three are None.
    """

    added: Any
    removed: Any
    changed: dict[str, Any] | None

    def __init__(self, **fields: Any) -> None:
        vendor, at, changed = fields["vendor"], fields["at"], fields["changed"]
        for name in ("added", "removed"):
            fields[name] = exact(vendor, fields[name], at)
        if changed is not None:
            fields["changed"] = {name: _exact_pair(vendor, f"{at}.{name}", **pair) for name, pair in changed.items()}
        super().__init__(**fields)

    def __str__(self) -> str:
        return self.text


def _exact_pair(vendor: str, at: str, before: Any, after: Any) -> tuple[Any, Any]:
    return exact(vendor, before, at), exact(vendor, after, at)


class _WithTotals(Record):
    """A record with totals by vendor, in the vendor's units; amounts are Decimals."""

    totals: dict[str, Any]

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields | {"totals": exact_totals(fields["totals"])})


class Commit(_WithTotals, ledger_models.Commit):
    """The changes of one exchange, or, where `exchange` is None, of time or a controller."""

    __match_args__ = ("exchange", "why", "at", "totals", "differences")

    differences: tuple[Difference, ...]


class LedgerPicture(_WithTotals, ledger_models.Ledger):
    """A ledger at one moment."""

    commits: tuple[Commit, ...]


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
        """Every exchange and its outcome, in order."""
        return self._now().exchanges

    @property
    def totals(self) -> JsonObject:
        """By vendor, what moved in all and which states went to which."""
        return self._now().totals

    def _now(self) -> LedgerPicture:
        return self._kept or from_json(LedgerPicture, self._ask("GET", f"/ledger?{EVERY}"))

    def __repr__(self) -> str:
        now = self._now()
        known = "" if now.complete else ", not all that there were"
        kept = ", a picture that stays as it is" if now is self._kept else ""
        return f"<Ledger of {len(now.commits)} commits and {len(now.exchanges)} exchanges{known}{kept}>"

    def moved(self, vendor: str, field: str) -> Any:
        """Return the change of a quantity such as `account.credits_used` in all, after minus before; 0 without one.

        An amount of money is a Decimal, a count an int.

        What appears was nothing before, and what disappears is nothing afterwards. Ids and limits are no quantities.

        Raises:
            NotFound: there is no such vendor, or no such quantity in its state.
        """
        expect_quantity(vendor, field)
        nothing = Decimal(0) if is_amount(vendor, field) else 0
        return self.totals.get(vendor, {}).get("moved", {}).get(field, nothing)


class DryRun(journal_models.DryRun):
    """The response to a request that did not happen, and what it would change.

    `delivered` is whether the client would get the whole response; a fault may keep it from it. `world` is the id of the world
    that the request would reach by its credential, which may be another than the one that was asked.
    """

    __match_args__ = ("status", "headers", "body", "delivered", "world", "differences", "explanation")

    differences: tuple[Difference, ...]
    explanation: Any

    def __init__(self, **fields: Any) -> None:
        explanation = fields["explanation"]
        super().__init__(**fields | {"explanation": Explanation(explanation["text"], explanation)})


def read_differences(answer: JsonObject) -> tuple[Difference, ...]:
    """Return the differences in something that the control plane shows."""
    return tuple(from_json(Difference, it) for it in answer["differences"])


def expect_quantity(vendor: str, place: str) -> None:
    """Make sure that there is such a quantity, so that a misspelt one is not taken for one that did not move.

    Raises:
        NotFound: there is no such vendor, or no such quantity in its state.
    """
    if vendor not in VENDORS:
        raise NotFound("vendor", vendor, VENDORS)
    quantities = VENDORS[vendor].state.quantities
    if not is_quantity(place, quantities):
        raise NotFound(f"quantity of {vendor}", place, sorted(it for it in quantities if not it.endswith("*")))
