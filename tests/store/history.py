"""What clients of a store saw, beside what is read from it afterwards: whether both can be true.

A client notes each attempt before it makes it, and its outcome once it hears of it. Bodies are unique, so that a record tells whose
it is. Where a client is killed with the store, its attempts without an outcome stay unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import count
from math import inf
from typing import NamedTuple


class Outcome(Enum):
    """What a client heard of an attempt: it is kept; it is not, and never will be; or nothing that decides it."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Wish(NamedTuple):
    """A record that a client wanted to be kept, with its number where the client chose it."""

    world: str
    body: bytes
    n: int | None = None


@dataclass(eq=False)
class Attempt:
    """Records that were to be kept together, the outcome, and when it began and was over, in the order of all such events."""

    wishes: tuple[Wish, ...]
    began: int
    ended: float = inf
    outcome: Outcome = Outcome.UNKNOWN


Found = Mapping[str, Sequence[tuple[int, bytes]]]
"""The records of each world, as they are read afterwards."""


class History:
    """Attempts of clients, which may note them from any thread."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self._events = count(1)

    def begin(self, *wishes: Wish) -> Attempt:
        """Note an attempt before it is made."""
        attempt = Attempt(wishes, next(self._events))
        self.attempts.append(attempt)
        return attempt

    def end(self, attempt: Attempt, outcome: Outcome) -> None:
        """Note what was heard of an attempt. One that is unknown may still come true at any time later."""
        attempt.outcome = outcome
        attempt.ended = inf if outcome is Outcome.UNKNOWN else next(self._events)

    def outcomes(self) -> Counter[Outcome]:
        """Return how many attempts had each outcome."""
        return Counter(attempt.outcome for attempt in self.attempts)

    def contradictions(self, found: Found) -> list[str]:
        """Return what of the records that were found cannot be, after what clients saw; none where all is right."""
        return [
            *(line for world, records in found.items() for line in _misnumbered(world, records)),
            *self._of_attempts(found),
            *self._of_records(found),
        ]

    def _of_attempts(self, found: Found) -> Iterator[str]:
        """Yield of each attempt what is wrong with its records: all are there, once, or none."""
        times = {world: Counter(body for _, body in records) for world, records in found.items()}
        for attempt in self.attempts:
            kept = [times.get(wish.world, Counter())[wish.body] for wish in attempt.wishes]
            for wish, here in zip(attempt.wishes, kept, strict=True):
                if here > 1:
                    yield f"{_name(wish)} is there {here} times"
                if here == 0 and attempt.outcome is Outcome.ACKNOWLEDGED:
                    yield f"{_name(wish)} was acknowledged and is lost"
                if here and attempt.outcome is Outcome.REFUSED:
                    yield f"{_name(wish)} was refused and is there"
            if attempt.outcome is Outcome.UNKNOWN and any(kept) and not all(kept):
                yield f"of {', '.join(map(_name, attempt.wishes))} a part is there, and the rest is not"

    def _of_records(self, found: Found) -> Iterator[str]:
        """Yield of each record what is wrong with it: it is somebody's, at its number, and after what was over before it began."""
        wished = {(wish.world, wish.body): (attempt, wish.n) for attempt in self.attempts for wish in attempt.wishes}
        for world, records in found.items():
            latest, latest_body = 0, b""
            for n, body in records:
                attempt, own = wished.get((world, body), (None, None))
                if attempt is None:
                    yield f"{_name(Wish(world, body))} is there as number {n}, and nobody wanted it"
                    continue
                if own not in (None, n):
                    yield f"{_name(Wish(world, body))} is there as number {n}, and should be number {own}"
                if attempt.ended < latest:
                    yield f"{_name(Wish(world, body))} was over before {latest_body!r} began, and comes after it"
                if attempt.began > latest:
                    latest, latest_body = attempt.began, body


def _misnumbered(world: str, records: Sequence[tuple[int, bytes]]) -> Iterator[str]:
    numbers = [n for n, _ in records]
    if numbers != [*range(1, len(numbers) + 1)]:
        yield f"the records of {world!r} are numbered {', '.join(map(str, numbers))}"


def _name(wish: Wish) -> str:
    return f"{wish.body!r} of {wish.world!r}"
