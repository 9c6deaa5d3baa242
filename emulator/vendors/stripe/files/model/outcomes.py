"""What becomes of each row of a file: decided by the file and the scenario alone, so that it is the same every time."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import blake2b
from math import ceil, gcd
from typing import Any

import orjson

from emulator.sdk import Shared
from emulator.vendors.stripe.files.model.id_patterns import compile_pattern
from emulator.vendors.stripe.files.model.rows import FAULTS, PATH_NAMES, Rows
from emulator.vendors.stripe.model.versions import Endpoint

FEW = 50_000
"""Rows that are sorted in a moment."""

STRETCH = 1_000_000
"""Bytes that are looked through in a moment."""

_NOT_FINE = re.compile(rb"[^\0]")


@dataclass(frozen=True, slots=True)
class Failure:
    """How a row fails: the status of its answer, and the error in it. Evidence: stripe-results-3."""

    status: int = 400
    code: str | None = "resource_invalid_state"
    message: str = "The request could not be carried out"
    type: str = "invalid_request_error"

    @property
    def error(self) -> dict[str, str]:
        """The error as the first API words it."""
        error = {"message": self.message, "type": self.type}
        return error if self.code is None else error | {"code": self.code}


FAILURES = tuple(Failure(code=None, message=message) for message in FAULTS[1:])
"""How rows fail that are wrong and were not validated; the first is for fault 1. Evidence: stripe-validation-4."""


@dataclass(frozen=True, slots=True)
class Failing:
    """Which rows fail, and how: those of some ids, an even share of all, or those whose id a pattern is found in."""

    ids: tuple[str, ...] | None = None
    share: Fraction | None = None
    pattern: str | None = None
    failure: Failure = Failure()

    def of(self, rows: Rows) -> Iterator[int]:
        """Yield the rows that fail. Those that are wrong fail anyway: of these only an even share is counted."""
        if self.share is not None:
            return self._even(len(rows))
        fine = ((row, rows.record(row)[0][1:-1]) for row in range(len(rows)) if not rows.faults[row])
        if self.pattern is not None:
            found = compile_pattern(self.pattern).matches
            return (row for row, id in fine if found(id))
        ids = frozenset(id.encode() for id in self.ids or ())
        return (row for row, id in fine if id in ids)

    def _even(self, count: int) -> Iterator[int]:
        share = self.share or Fraction()
        return (ceil((n + 1) / share) - 1 for n in range(int(count * share)))


@dataclass(frozen=True, slots=True)
class Order:
    """The order in which rows are processed: not that of the file, but always the same. Evidence: stripe-results-2."""

    count: int
    step: int = 1
    start: int = 0

    @classmethod
    def of(cls, name: str, count: int) -> Order:
        """The order of `count` rows of a job of that name."""
        if count < 2:
            return cls(count)
        digest = blake2b(name.encode(), digest_size=16).digest()
        step = int.from_bytes(digest[:8], "big") % count
        while gcd(step, count) != 1:
            step += 1
        return cls(count, step, 1 + int.from_bytes(digest[8:], "big") % (count - 1))

    def row(self, place: int) -> int:
        """The row that is processed at that place."""
        return (place * self.step + self.start) % self.count

    def place(self, row: int) -> int:
        """The place at which the row is processed."""
        return (row - self.start) * pow(self.step, -1, self.count) % self.count


@dataclass(frozen=True, slots=True)
class Work(Shared):
    """A file's rows and what becomes of them. `outcomes` has 0 for a row that succeeds, or the number of its failure.

    `failed` are the places, in order, at which rows fail; `invalid` is the first row that validation stops at. A row without
    an id goes by its number where rows are `numbered`.
    """

    rows: Rows
    endpoint: Endpoint
    order: Order
    outcomes: bytearray
    failures: tuple[Failure, ...]
    failed: array[int]
    invalid: int | None
    numbered: bool
    sizes: dict[int, int] = field(default_factory=dict, compare=False, repr=False)
    """How many bytes the results of the first so many rows have, where that was worked out before."""

    def id(self, row: int) -> bytes:
        """The row's id as JSON. Evidence: stripe-results-4."""
        id = self.rows.record(row)[0]
        return b'"%d"' % (row + 1) if self.numbered and id == b"null" else id

    def target(self, row: int) -> bytes | None:
        """The value, as JSON, of the path's last placeholder in a row that is right; None where it has no placeholder."""
        placeholders, values = self.endpoint.placeholders, self.rows.record(row)[1]
        if not placeholders:
            return None
        if len(placeholders) == 1:
            return values[1:-1]
        names = self.rows.names[self.rows.shapes[row]]
        return orjson.dumps(orjson.loads(values)[names.index(placeholders[-1])])

    def failures_among(self, processed: int) -> int:
        """How many of the first so many rows fail."""
        return bisect_left(self.failed, processed)


def plan(rows: Rows, endpoint: Endpoint, rules: Sequence[Failing], name: str, numbered: bool = False) -> Work:
    """What becomes of a file's rows in the job of that name."""
    outcomes, order, invalid = bytearray(len(rows)), Order.of(name, len(rows)), None
    for row, fault in faulty(rows, endpoint):
        outcomes[row] = fault
        invalid = row if invalid is None else min(row, invalid)
    for number, rule in enumerate(rules, len(FAILURES) + 1):
        for row in rule.of(rows):
            outcomes[row] = outcomes[row] or number
    failures = FAILURES + tuple(rule.failure for rule in rules)
    return Work(rows, endpoint, order, outcomes, failures, _places(outcomes, order), invalid, numbered)


def _places(outcomes: bytearray, order: Order) -> array[int]:
    """The places, in order, at which rows fail. To sort many would stop every thread meanwhile."""
    if len(outcomes) - outcomes.count(0) > FEW:
        return array("Q", (place for place in range(len(outcomes)) if outcomes[order.row(place)]))
    return array("Q", sorted(map(order.place, _marked(outcomes))))


def _marked(marks: bytearray) -> Iterator[int]:
    """Where something is marked, looked for in stretches, since one look at all of it would stop every thread meanwhile."""
    for start in range(0, len(marks), STRETCH):
        yield from (match.start() for match in _NOT_FINE.finditer(marks, start, start + STRETCH))


def faulty(rows: Rows, endpoint: Endpoint) -> Iterator[tuple[int, int]]:
    """The rows that are wrong, and what is wrong with each."""
    yield from ((row, rows.faults[row]) for row in _marked(rows.faults))
    wanted = frozenset(endpoint.placeholders)
    wrong = {shape for shape, names in enumerate(rows.names) if frozenset(names) != wanted}
    if wrong:
        yield from ((row, PATH_NAMES) for row, shape in enumerate(rows.shapes) if shape in wrong and not rows.faults[row])


def show_failing(rule: Failing) -> dict[str, Any]:
    """A rule as it is written."""
    failure, plain = rule.failure, Failure()
    which: dict[str, Any] = {"ids": list(rule.ids)} if rule.ids is not None else {}
    if rule.share is not None:
        which = {"share": _percent(rule.share)}
    if rule.pattern is not None:
        which = {"pattern": rule.pattern}
    how = {name: getattr(failure, name) for name in ("status", "code", "message", "type")}
    return which | {name: value for name, value in how.items() if value != getattr(plain, name)}


def _percent(share: Fraction) -> str:
    return f"{float(share * 100):.6f}".rstrip("0").rstrip(".") + "%"
