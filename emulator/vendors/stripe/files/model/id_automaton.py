"""The automaton of a pattern of ids (Glushkov's), and the table that it becomes: bounded in size, one look-up a character.

A position stands for one character of a match; the start and the end of an id count as characters of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from string import ascii_letters, digits
from typing import NamedTuple

ALPHABET = ascii_letters + digits + "_-"
"""The characters of an id."""

START, END = "start", "end"
"""The signs that stand for the start and the end of an id in the characters of a position."""

MOST_POSITIONS = 1_000
MOST_STEPS = 20_000
"""The positions of an automaton, and the steps of work that a pattern may take before it matches anything."""

TOO_LARGE = "the pattern is too large: write lower counts or fewer branches, or list the ids"

_FOUND = -1


class NotAPattern(ValueError):
    """A text that is no pattern for ids; the message says what is wrong, where, and how to write it."""


class Automaton:
    """Positions, each with the characters that it accepts and the positions (as bits) that may follow it."""

    def __init__(self) -> None:
        self.accepts: list[frozenset[str]] = []
        self.follow: list[int] = []
        self._spent = 0

    def add(self, characters: frozenset[str]) -> int:
        """Add a position and return its bit.

        Raises:
            NotAPattern: there are too many.
        """
        if len(self.accepts) >= MOST_POSITIONS:
            raise NotAPattern(TOO_LARGE)
        self.accepts.append(characters)
        self.follow.append(0)
        return 1 << len(self.accepts) - 1

    def connect(self, earlier: int, later: int) -> None:
        """Let each of the later positions follow each of the earlier ones."""
        for position in self.spend_on(earlier):
            self.follow[position] |= later

    def after(self, positions: int) -> int:
        """Return the positions that may follow any of these."""
        return reduce(lambda found, position: found | self.follow[position], self.spend_on(positions), 0)

    def spend_on(self, positions: int) -> Iterator[int]:
        """Yield the numbers of positions, and count a step for each.

        Raises:
            NotAPattern: there were too many steps.
        """
        self._spent += 1 + positions.bit_count()
        if self._spent > MOST_STEPS:
            raise NotAPattern(TOO_LARGE)
        while positions:
            lowest = positions & -positions
            yield lowest.bit_length() - 1
            positions ^= lowest


class Part(NamedTuple):
    """A part of a pattern: the positions (as bits) that may begin and end a match, and whether it matches the empty text."""

    first: int
    last: int
    empty: bool


Build = Callable[[Automaton], Part]
"""Adds the positions of a part of a pattern to an automaton."""

NOTHING = Part(0, 0, True)


def take(characters: frozenset[str], automaton: Automaton) -> Part:
    """Build one character of a set."""
    bit = automaton.add(characters)
    return Part(bit, bit, False)


def join(builds: Iterable[Build], automaton: Automaton) -> Part:
    """Build parts one after the other."""
    return reduce(lambda left, build: _joined(automaton, left, build(automaton)), builds, NOTHING)


def choose(branches: Iterable[Build], automaton: Automaton) -> Part:
    """Build branches of which one is taken."""
    parts = [build(automaton) for build in branches]
    return Part(_union(part.first for part in parts), _union(part.last for part in parts), any(part.empty for part in parts))


def repeat(build: Build, least: int, most: int | None, automaton: Automaton) -> Part:
    """Build a part `least` to `most` times; `most` None is without a bound."""
    whole, copies = NOTHING, max(least, 1) if most is None else most
    for n in range(copies):
        copy = build(automaton)
        if most is None and n == copies - 1:
            automaton.connect(copy.last, copy.first)
        whole = _joined(automaton, whole, copy if n < least else copy._replace(empty=True))
    return whole


def _joined(automaton: Automaton, left: Part, right: Part) -> Part:
    automaton.connect(left.last, right.first)
    first = left.first | right.first if left.empty else left.first
    last = left.last | right.last if right.empty else right.last
    return Part(first, last, left.empty and right.empty)


def _union(sets: Iterable[int]) -> int:
    return reduce(int.__or__, sets, 0)


class IdPattern:
    """A pattern as a table: one look-up for each character of an id, whatever the pattern is."""

    def __init__(self, classes: bytes, rows: list[list[int]], ends: list[bool]) -> None:
        self._classes, self._rows, self._ends = classes, rows, ends

    def matches(self, id: bytes) -> bool:
        """Return whether the pattern is found in an id, which is not empty and has the characters of ALPHABET only."""
        rows, state = self._rows, 0
        for character in id.translate(self._classes):
            state = rows[state][character]
            if state == _FOUND:
                return True
        return self._ends[state]


def table_of(automaton: Automaton, whole: Part) -> IdPattern:
    """Return the table of a whole pattern: a row for each set of positions that a search may have reached.

    Raises:
        NotAPattern: it is too large, or matches no id.
    """
    classes, members = _classes_of(automaton.accepts)
    *masks, at_start, at_end = [
        _union(1 << n for n, characters in enumerate(automaton.accepts) if member in characters)
        for member in (*members, START, END)
    ]
    always = 1 << len(automaton.accepts) if whole.empty else 0
    found = whole.last | always

    def step(reached: int, mask: int) -> int:
        return found if reached & found else (automaton.after(reached) | whole.first) & mask

    def steps(reached: int, mask: int) -> int:
        return reduce(step, [mask] * mask.bit_count(), reached)

    waiting = [steps(always, at_start)]
    numbers, rows, ends = {waiting[0]: 0}, list[list[int]](), list[bool]()
    for reached in waiting:
        targets = [step(reached, mask) for mask in masks]
        for target in targets:
            if target not in numbers and not target & found:
                numbers[target] = len(numbers)
                waiting.append(target)
        rows.append([_FOUND if target & found else numbers[target] for target in targets])
        ends.append(bool(steps(reached, at_end) & found))
    if not any(target == _FOUND or ends[target] for row in rows for target in row):
        raise NotAPattern("the pattern matches no id: an id has letters, digits, - and _ only")
    return IdPattern(classes, rows, ends)


def _classes_of(sets: Iterable[frozenset[str]]) -> tuple[bytes, list[str]]:
    """Return a table from each character to its class, and a member of each class: no set has only some of a class."""
    distinct = [*dict.fromkeys(sets)]
    keys = [tuple(character in characters for characters in distinct) for character in ALPHABET]
    members = dict(zip(reversed(keys), reversed(ALPHABET), strict=True))
    numbers = {key: number for number, key in enumerate(members)}
    return bytes.maketrans(ALPHABET.encode(), bytes(numbers[key] for key in keys)), [*members.values()]
