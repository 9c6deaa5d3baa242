"""Ledgers: things numbered in the order in which they came, the oldest of which are forgotten, so that none is searched for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from emulator.sdk import IndexKey, Metered, View

DROPPED_AT_ONCE = 2
"""How many outdated things make room when one is added: more than one, so that the ledger shrinks."""


@dataclass(frozen=True, slots=True)
class Ledger(Metered):
    """The numbers of the oldest thing and of the next. `id` says what they are."""

    id: str
    since: datetime
    oldest: int = 1
    next: int = 1
    status: str = "kept"
    kind: ClassVar[str] = "stripe.ledger"

    def index(self) -> tuple[IndexKey, ...]:
        return ()

    def entered(self, forgotten: int = 0) -> Ledger:
        """The ledger once one more thing is entered, and some of the oldest are forgotten."""
        return replace(self, oldest=self.oldest + forgotten, next=self.next + 1)


def ledger_of(view: View, id: str) -> Ledger:
    """The ledger of that name, new if nothing was entered yet."""
    return view.find(Ledger.kind, id) or Ledger(id, view.now)
