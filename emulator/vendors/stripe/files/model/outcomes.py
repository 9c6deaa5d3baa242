"""The outcome of each row of a file. The file and the scenario alone decide it, so it is the same every time."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Container, Iterator, Sequence
from fnmatch import fnmatchcase
from fractions import Fraction
from hashlib import blake2b
from math import ceil, gcd
from typing import Any

import orjson

from emulator.sdk import JsonDict, Shared, Struct, checkpoint, field, pack, pattern, structs, unpack, unpack_numbers
from emulator.vendors.stripe.files.model.kept import check_outcomes
from emulator.vendors.stripe.files.model.rows import FAULTS, FINE, OTHER_KEY, OWN_ID, PATH_NAMES, Rows
from emulator.vendors.stripe.model.endpoints import Endpoint

FEW = 50_000
"""Most failing rows to sort in one step: sorting blocks every thread."""

STRETCH = 1_000_000
"""Bytes to search in one step: a search blocks every thread."""

_MARK = pattern(rb"[^\0]")


class Failure(Struct, frozen=True, gc=False):
    """The status and the error of a row that fails. Evidence: stripe-results-3."""

    status: int = 400
    code: str | None = "resource_invalid_state"
    message: str = "The request could not be carried out"
    type: str = "invalid_request_error"

    @property
    def error(self) -> dict[str, str]:
        """The error object of the first API."""
        error = {"message": self.message, "type": self.type}
        return error if self.code is None else error | {"code": self.code}


FAILURES = tuple(Failure(code=None, message=message) for message in FAULTS[1:])
"""The failures of invalid rows that were not validated; the first is that of fault 1. Evidence: stripe-validation-4."""


SELECTORS = ("ids", "share", "pattern")
"""The members of a rule in a state that say which rows fail; each rule has one of them."""


class FailureRule(Struct, frozen=True, gc=False):
    """A rule by which rows fail: those of some ids, an even share of all, or those whose id matches a pattern."""

    ids: tuple[str, ...] | None = None
    share: Fraction | None = None
    pattern: str | None = None
    failure: Failure = Failure()

    @classmethod
    def load(cls, value: JsonDict) -> FailureRule:
        """Return the rule of a state; parts of the error that it leaves out have their defaults."""
        ids = tuple(value["ids"]) if "ids" in value else None
        share = Fraction(value["share"].rstrip("%")) / 100 if "share" in value else None
        failure = Failure(**{name: part for name, part in value.items() if name not in SELECTORS})
        return cls(ids, share, value.get("pattern"), failure)

    def dump(self) -> JsonDict:
        """Return the rule as a state has it, without the parts that have their defaults."""
        share = None if self.share is None else f"{float(self.share * 100):.6f}".rstrip("0").rstrip(".") + "%"
        ids, defaults = None if self.ids is None else list(self.ids), structs.asdict(Failure())
        values = {"ids": ids, "share": share, "pattern": self.pattern, **structs.asdict(self.failure)}
        return {name: value for name, value in values.items() if value != defaults.get(name)}

    def rows_of(self, rows: Rows) -> Iterator[int]:
        """Yield the rows that fail by this rule. Invalid rows fail anyway: only a share counts them in."""
        if self.share is not None:
            return self._even(len(rows), self.share)
        valid = _valid_ids(rows)
        if self.pattern is not None:
            pattern = self.pattern.encode()
            return (row for row, id in valid if fnmatchcase(id, pattern))
        ids = frozenset(id.encode() for id in self.ids or ())
        return (row for row, id in valid if id in ids)

    def _even(self, count: int, share: Fraction) -> Iterator[int]:
        return (ceil((n + 1) / share) - 1 for n in range(int(count * share)))


def _valid_ids(rows: Rows) -> Iterator[tuple[int, bytes]]:
    """Yield the valid rows, each with its id."""
    for row in range(len(rows)):
        checkpoint()
        if not rows.faults[row]:
            yield row, rows.record(row)[0][1:-1]


class Order(Struct, frozen=True, gc=False):
    """The order in which the rows of a job are processed: not that of the file, but always the same.

    Evidence: stripe-results-2.
    """

    count: int
    step: int = 1
    start: int = 0

    @classmethod
    def of(cls, job_id: str, count: int) -> Order:
        """Return the order of `count` rows in a job."""
        if count < 2:
            return cls(count)
        digest = blake2b(job_id.encode(), digest_size=16).digest()
        step = int.from_bytes(digest[:8], "big") % count
        while gcd(step, count) != 1:
            step += 1
        return cls(count, step, 1 + int.from_bytes(digest[8:], "big") % (count - 1))

    def row(self, place: int) -> int:
        """Return the row processed at a place."""
        return (place * self.step + self.start) % self.count

    def place(self, row: int) -> int:
        """Return the place at which a row is processed."""
        return (row - self.start) * pow(self.step, -1, self.count) % self.count


class RowOutcomes(Struct, Shared, frozen=True):
    """The rows of a file and their outcomes: in `outcomes`, 0 for a row that succeeds, or the number of its failure.

    `failed` are the places, in order, at which rows fail; `invalid` is the first invalid row. With `numbered`, a row without
    an id is known by its number. `sizes` caches the bytes of the results of the first so many rows.
    """

    rows: Rows
    endpoint: Endpoint
    order: Order
    outcomes: bytearray
    failures: tuple[Failure, ...]
    failed: array[int]
    invalid: int | None
    numbered: bool
    sizes: dict[int, int] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowOutcomes) and structs.astuple(self)[:-1] == structs.astuple(other)[:-1]

    def kept(self) -> list[Any]:
        """Return the values of which `from_kept` makes equal outcomes."""
        failures = [[it.status, it.code, it.message, it.type] for it in self.failures]
        parts = [structs.astuple(self.endpoint), structs.astuple(self.order), pack(self.outcomes), failures, pack(self.failed)]
        return [self.rows.kept(), *parts, self.invalid, self.numbered]

    @classmethod
    def from_kept(cls, kept: list[Any]) -> RowOutcomes:
        """Return the outcomes of which these are the values; the places are found anew, whatever was kept of them.

        Raises:
            ValueError: the rows of no file have such outcomes.
        """
        rows, endpoint, order, outcomes, failures, failed, invalid, numbered = kept
        all_failures = tuple(Failure(*it) for it in failures)
        parts = Rows.from_kept(rows), Endpoint(*endpoint), Order(*order)
        work = cls(*parts, unpack(outcomes), all_failures, unpack_numbers("Q", failed), invalid, bool(numbered))
        check_outcomes(work)
        return structs.replace(work, failed=_places(work.outcomes, work.order))

    def id(self, row: int) -> bytes:
        """Return the id of a row as JSON. Evidence: stripe-results-4."""
        id = self.rows.record(row)[0]
        return b'"%d"' % (row + 1) if self.numbered and id == b"null" else id

    def target(self, row: int) -> bytes | None:
        """Return, as JSON, a valid row's value of the path's last placeholder, or the id that it asks for; else None."""
        placeholders, values = self.endpoint.placeholders, self.rows.record(row)[1]
        if not self.endpoint.names_target:
            return values[1:-1] or None if self.endpoint.takes_id else None
        if len(placeholders) == 1:
            return values[1:-1]
        names = self.rows.names[self.rows.shapes[row]]
        return orjson.dumps(orjson.loads(values)[names.index(placeholders[-1])])

    def rules_met(self) -> list[int]:
        """Return the indexes of the rules by which rows fail."""
        first = len(FAILURES) + 1
        return [number - first for number in range(first, len(self.failures) + 1) if number in self.outcomes]

    def failures_among(self, processed: int) -> int:
        """Return how many of the rows processed first fail."""
        return bisect_left(self.failed, processed)


def plan(
    rows: Rows, endpoint: Endpoint, rules: Sequence[FailureRule], job_id: str, numbered: bool = False, strict: bool = False
) -> RowOutcomes:
    """Decide the outcomes of the rows of a file in a job; where it is strict, other keys are a fault.

    The file remembers them, for another job in which they are the same.
    """
    asked = endpoint, tuple(rules), strict
    decided = next((answer for known, answer in rows.decided if known == asked), None)
    if decided is None:
        decided = _decide(rows, endpoint, rules, (FINE,) if strict else (FINE, OTHER_KEY))
        rows.decided[:] = [(asked, decided)]
    outcomes, invalid = decided
    order, failures = Order.of(job_id, len(rows)), FAILURES + tuple(rule.failure for rule in rules)
    return RowOutcomes(rows, endpoint, order, outcomes, failures, _places(outcomes, order), invalid, numbered)


def _decide(rows: Rows, endpoint: Endpoint, rules: Sequence[FailureRule], fine: Container[int]) -> tuple[bytearray, int | None]:
    """Return the outcome of each row, and the first invalid row."""
    outcomes, invalid = bytearray(len(rows)), None
    for row, fault in _faults(rows, endpoint, fine):
        outcomes[row] = fault
        invalid = row if invalid is None else min(row, invalid)
    for number, rule in enumerate(rules, len(FAILURES) + 1):
        for row in rule.rows_of(rows):
            outcomes[row] = outcomes[row] or number
    return outcomes, invalid


def _places(outcomes: bytearray, order: Order) -> array[int]:
    """Return, in order, the places at which rows fail; many are found one by one rather than sorted."""
    if len(outcomes) - outcomes.count(0) > FEW:
        return array("Q", (place for place in range(len(outcomes)) if outcomes[order.row(place)]))
    return array("Q", sorted(map(order.place, _marked(outcomes))))


def _marked(marks: bytearray) -> Iterator[int]:
    """Yield the indexes of bytes other than 0, searched in stretches."""
    for start in range(0, len(marks), STRETCH):
        yield from (match.start() for match in _MARK.finditer(marks, start, start + STRETCH))


def _faults(rows: Rows, endpoint: Endpoint, fine: Container[int]) -> Iterator[tuple[int, int]]:
    """Yield the invalid rows, each with its fault; none of `fine` is one."""
    yield from ((row, rows.faults[row]) for row in _marked(rows.faults) if rows.faults[row] not in fine)
    wanted = frozenset(endpoint.placeholders)
    wrong = {shape for shape, names in enumerate(rows.names) if frozenset(names) - {OWN_ID} != wanted}
    if wrong:
        yield from ((row, PATH_NAMES) for row, shape in enumerate(rows.shapes) if shape in wrong and rows.faults[row] in fine)
