"""Interference with a receiver at each of the notifications that it gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from emulator.client.exploration import Intrusion
from emulator.kernel.delivery_faults import EFFECTS
from emulator.scenario.document import JsonObject
from emulator.vendors import VENDORS

if TYPE_CHECKING:
    from emulator.client.emulator import Emulator

WAYS: tuple[tuple[str, JsonObject], ...] = (
    ("comes twice", {"do": "duplicate"}),
    ("comes an hour late", {"do": "delay", "delay": "1h"}),
    ("comes again, since its answer is lost", {"do": "lose-response"}),
)
"""Faults that `explore` lays on a notification, each with its name. A receiver that crashes loses its answer, too."""

OVERTAKEN: tuple[str, JsonObject] = ("comes after the next one", {"do": "reorder"})


@dataclass(frozen=True, slots=True)
class Owed:
    """A notification that the undisturbed receiver got: the how-manieth of its event, and whether another one follows."""

    operation: str
    event: str
    earlier: int
    is_followed: bool

    def intrusion(self, way: str, fault: JsonObject) -> Intrusion:
        """Return what comes in its way."""
        effect: dict[str, Any] = {"at": self.operation, "event": self.event, **fault, "after": self.earlier, "times": 1}
        return Intrusion(f"{self.event} #{self.earlier + 1} {way}", effect)


def received(emulator: Emulator) -> Iterator[Owed]:
    """Yield the notifications that receivers of the handle got, in the order in which they arose."""
    names = {outbox.of.kind.partition(".")[0]: outbox.name for vendor in VENDORS.values() for outbox in vendor.outboxes}
    got = [it for it in emulator.deliveries if it.attempts]
    seen, left = Counter[str](), Counter(it.url for it in got)
    for it in got:
        left[it.url] -= 1
        yield Owed(names[it.vendor], it.event, seen[it.event], left[it.url] > 0)
        seen[it.event] += 1


def by_delivery(owed: Sequence[Owed]) -> list[Intrusion]:
    """Return what can come in the way of each notification."""
    return [it.intrusion(*way) for it in owed for way in (*WAYS, *([OVERTAKEN] if it.is_followed else []))]


def pairs_of(intrusions: Sequence[Intrusion]) -> Iterator[tuple[Intrusion, Intrusion]]:
    """Yield every two of these that can happen together: a notification is struck once when it is made."""
    for first, second in combinations(intrusions, 2):
        one, other = dict(first.fault or {}), dict(second.fault or {})
        is_same = all(one[name] == other[name] for name in ("at", "event", "after"))
        if not is_same or EFFECTS[one["do"]].point != EFFECTS[other["do"]].point:
            yield first, second
