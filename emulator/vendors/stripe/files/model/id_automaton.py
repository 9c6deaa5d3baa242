"""An automaton over the characters of a row's id, and the table that it becomes: of bounded size, one look-up a character."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from string import ascii_letters, digits

ALPHABET = ascii_letters + digits + "_-"
"""The characters of an id."""

MOST_STATES = 1_000
MOST_STEPS = 10_000
"""The states of an automaton, and the steps that may be spent on making it deterministic."""

TOO_LARGE = "the pattern is too large: write lower counts or fewer branches, or list the ids"

PLAIN, START, END = 1, 2, 4
"""The kinds of edges that take no character: always, only at the start of an id, only at its end."""

_FOUND, _DEAD = -1, -2


class NotAPattern(ValueError):
    """A text that is no pattern for ids; the message says what is wrong, where, and how to write it."""


class Automaton:
    """An automaton that may be in several states at once: a character, an anchor or nothing leads from one to others."""

    def __init__(self) -> None:
        self.steps: list[tuple[frozenset[str], int] | None] = []
        self.free: list[list[tuple[int, int]]] = []
        self._spent = 0

    def add(self) -> int:
        """Add a state and return its number.

        Raises:
            NotAPattern: there are too many.
        """
        if len(self.free) >= MOST_STATES:
            raise NotAPattern(TOO_LARGE)
        self.steps.append(None)
        self.free.append([])
        return len(self.free) - 1

    def spend(self, steps: int) -> None:
        """Count steps of work.

        Raises:
            NotAPattern: there are too many.
        """
        self._spent += steps
        if self._spent > MOST_STEPS:
            raise NotAPattern(TOO_LARGE)

    def closure(self, states: int, kinds: int) -> int:
        """Return the states (bits) that are reached from these ones without a character, by edges of these kinds."""
        found, open_ = states, [*_bits(states)]
        while open_:
            edges = self.free[open_.pop()]
            self.spend(1 + len(edges))
            for kind, target in edges:
                if kind & kinds and not found >> target & 1:
                    found |= 1 << target
                    open_.append(target)
        return found


Build = Callable[[Automaton, int], int]
"""Builds a part of a pattern from a state on, and returns the state in which it ends."""


def take(characters: frozenset[str], automaton: Automaton, start: int) -> int:
    """Build one character of a set."""
    end = automaton.add()
    automaton.steps[start] = characters, end
    return end


def pass_on(kind: int, automaton: Automaton, start: int) -> int:
    """Build an edge that takes no character."""
    end = automaton.add()
    automaton.free[start].append((kind, end))
    return end


def follow(parts: Iterable[Build], automaton: Automaton, start: int) -> int:
    """Build parts one after the other."""
    for part in parts:
        start = part(automaton, start)
    return start


def choose(branches: Iterable[Build], automaton: Automaton, start: int) -> int:
    """Build branches of which one is taken."""
    end = automaton.add()
    for branch in branches:
        automaton.free[branch(automaton, pass_on(PLAIN, automaton, start))].append((PLAIN, end))
    return end


def repeat(part: Build, least: int, most: int | None, automaton: Automaton, start: int) -> int:
    """Build a part `least` to `most` times; `most` None is without a bound."""
    for _ in range(least):
        start = part(automaton, pass_on(PLAIN, automaton, start))
    end = automaton.add()
    automaton.free[start].append((PLAIN, end))
    if most is None:
        begin = pass_on(PLAIN, automaton, start)
        automaton.free[part(automaton, begin)].extend([(PLAIN, begin), (PLAIN, end)])
    for _ in range((most or 0) - least):
        start = part(automaton, pass_on(PLAIN, automaton, start))
        automaton.free[start].append((PLAIN, end))
    return end


class IdPattern:
    """A pattern as a table: one look-up for each character of an id, whatever the pattern is."""

    def __init__(self, classes: bytes, rows: list[list[int]], ends: list[bool]) -> None:
        self._classes, self._rows, self._ends = classes, rows, ends

    def matches(self, id: bytes) -> bool:
        """Tell whether the pattern is found in an id, which is not empty and has the characters of ALPHABET only."""
        rows, state = self._rows, 0
        for character in id.translate(self._classes):
            state = rows[state][character]
            if state < 0:
                return state == _FOUND
        return self._ends[state]


def table_of(automaton: Automaton, end: int) -> IdPattern:
    """Return the table of an automaton that begins in its first state and has found a match in state `end`.

    Raises:
        NotAPattern: it is too large, or matches no id.
    """
    classes, members = _classes(step[0] for step in automaton.steps if step)
    rows, ends = _rows(automaton, members, 1 << end)
    if not any(target == _FOUND or (target >= 0 and ends[target]) for row in rows for target in row):
        raise NotAPattern("the pattern matches no id: an id has letters, digits, - and _ only")
    return IdPattern(classes, rows, ends)


def _classes(sets: Iterable[frozenset[str]]) -> tuple[bytes, list[str]]:
    """Return a table from each character to its class, and a character of each class: no set tells those of a class apart."""
    known = [*dict.fromkeys(sets)]
    alike: dict[tuple[bool, ...], int] = {}
    table, members = bytearray(256), []
    for character in ALPHABET:
        key = tuple(character in it for it in known)
        if key not in alike:
            alike[key] = len(alike)
            members.append(character)
        table[ord(character)] = alike[key]
    return bytes(table), members


def _rows(automaton: Automaton, members: Sequence[str], end: int) -> tuple[list[list[int]], list[bool]]:
    """Return, for each set of states that is reached, where each class of characters leads, and whether an id may end there.

    A search may begin again at each character. Where nothing can be found any more, the rest of an id is not looked at.
    """
    leads = [[*_leads(automaton, state, members)] for state in range(len(automaton.steps))]
    again = automaton.closure(1, PLAIN)
    open_ = [automaton.closure(1, PLAIN | START)]
    numbers, rows, ends = {open_[0]: 0}, list[list[int]](), list[bool]()
    for states in open_:
        targets = [end if states & end else again] * len(members)
        for place, reached in (it for state in _bits(states) for it in leads[state]):
            targets[place] |= reached
            automaton.spend(1)
        for target in targets:
            if target not in numbers and not target & end:
                numbers[target] = len(numbers)
                open_.append(target)
        rows.append([_FOUND if target & end else numbers[target] for target in targets])
        ends.append(bool(automaton.closure(states, PLAIN | END) & end))
        automaton.spend(len(members))
    dead = {number for number, row in enumerate(rows) if {*row} == {number} and not ends[number]}
    return [[_DEAD if target in dead else target for target in row] for row in rows], ends


def _leads(automaton: Automaton, state: int, members: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield which classes lead on from a state, and to which states."""
    if step := automaton.steps[state]:
        reached = automaton.closure(1 << step[1], PLAIN)
        yield from ((place, reached) for place, member in enumerate(members) if member in step[0])


def _bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest
