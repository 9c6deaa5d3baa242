"""The records of a ledger: what truly took effect."""

from __future__ import annotations

from datetime import datetime

from emulator.control.journal_models import Difference, Number
from emulator.control.record import Count, Record


class Totals(Record):
    """By vendor, the amounts by which quantities `moved`, and by place which `states` went to which, with quantities."""

    moved: dict[str, Number]
    states: dict[str, dict[str, dict[str, Number]]]


class Commit(Record):
    """The changes of one exchange, or, where `exchange` is None, of time or a controller."""

    exchange: Count | None
    why: str
    at: datetime
    totals: dict[str, Totals]
    differences: tuple[Difference, ...]
    rest: Count


class Outcome(Record):
    """An exchange as it ended: whether it changed the state, and whether the client got the whole response."""

    n: Count
    operation: str
    status: int
    committed: bool
    delivered: bool | None


class Ledger(Record, component="ledger"):
    """Every commit and every exchange of a world, and what they come to; `complete` where the journal has lost none."""

    complete: bool
    commits: tuple[Commit, ...]
    exchanges: tuple[Outcome, ...]
    totals: dict[str, Totals]
