"""Machines: what every cause does in every state of one kind of resource, as a table that refuses to have a gap."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, NamedTuple, Protocol

from emulator.kernel.errors import MachineError
from emulator.kernel.sorted_pages import SortedGroup

ABSENT = "absent"
"""The state of a resource that is not there: an unknown id, a thing not yet created, a thing removed."""

EVERY = "*"
"""In a row's first column: every state of a resource that is there."""

SAME = "="
"""In a row's third column: the state it is in."""


@dataclass(frozen=True, slots=True)
class On:
    """A client's wish."""

    command: str

    def __str__(self) -> str:
        return self.command


@dataclass(frozen=True, slots=True)
class After:
    """What time alone does, once the wait of that name is over."""

    wait: str

    def __str__(self) -> str:
        return f"after {self.wait}"


Cause = On | After


class View(Protocol):
    """What rows may look at when they decide: the world at one instant, read only. Ids are minted from its seed.

    `context` is the request that is carried out, None where time alone acts."""

    @property
    def now(self) -> datetime: ...
    @property
    def context(self) -> Any: ...
    def find(self, kind: str, id: str) -> Any | None: ...
    def group(self, kind: str, *key: Hashable) -> list[Any]: ...
    def sorted_group(self, kind: str, *key: Hashable) -> SortedGroup: ...
    def size(self, kind: str, *key: Hashable) -> int: ...
    def choice(self, assumption: str) -> str: ...
    def mint(self, purpose: str) -> bytes: ...
    def admit(self, resources: int) -> None: ...
    def length(self, wait: Timer, resource: Any) -> timedelta | None: ...


@dataclass(frozen=True, slots=True)
class Ask:
    """An effect's request that another resource take the row of a command."""

    machine: Machine
    id: str
    command: str


Guard = Callable[[View, Any], bool]
"""A named pure function of the view and the resource before the row: does this row hold?"""

Effect = Callable[[View, Any], Iterable[Any]]
"""A named pure function of the view and the resource as the row leaves it: the values and the Asks that follow from it."""


Least = Callable[[View, datetime, int], int]
"""The fewest steps that the resources of a kind take by themselves until an instant, in a world without plans of a scenario
in that time. Beyond the last argument, counting may end."""


Progress = Callable[["View", Any], Any]
"""What of a resource looks otherwise as time passes, at the instant of the view, although nothing happens to it."""


@dataclass(frozen=True, slots=True)
class Assume:
    """The row holds only where this choice of this assumption is in force."""

    assumption: str
    choice: str


class Portion(NamedTuple):
    """The length of a wait that ends while another is not over, as a function of the resource and the length of the other."""

    of: Timer
    length: Callable[[Any, timedelta], timedelta | None]


@dataclass(frozen=True, slots=True)
class Timer:
    """A named stretch of time that begins when a resource enters its state.

    `default` is its length, None for ever; where there is a `measure`, that reads the length from the resource instead. A
    scenario may set another, unless it is not `settable`: then it ends at an instant that the resource itself holds. `source`
    is the evidence id behind the length, or the word "invented". `applies`, where given, says which resources wait at all.
    `upkeep` is something that the vendor does besides, such as tidying up: nobody waits for its end. One that is a `portion` of
    another is not settable, and is never over where the other is not.
    """

    name: str
    default: timedelta | None
    source: str
    measure: Callable[[Any], timedelta | None] | None = None
    applies: Callable[[Any], bool] | None = None
    settable: bool = True
    upkeep: bool = False
    portion: Portion | None = None

    def length(self, resource: Any, timing: Mapping[str, timedelta | None]) -> timedelta | None:
        """How long this resource waits; None for ever."""
        if self.applies is not None and not self.applies(resource):
            return None
        if self.portion is not None:
            whole = self.portion.of.length(resource, timing)
            return None if whole is None else self.portion.length(resource, whole)
        if self.settable and self.name in timing:
            return timing[self.name]
        return self.default if self.measure is None else self.measure(resource)


@dataclass(frozen=True, slots=True)
class Row:
    """In a state, a cause leads to a state, an answer and an effect, because of some evidence.

    A machine sets `decided_by`: the assumption by which the row is taken, its own or that of an earlier row which holds
    under the same condition but for another choice.
    """

    state: str
    cause: Cause
    to: str
    answer: str | None
    effect: Effect | None
    evidence: str
    when: Guard | None = None
    assume: Assume | None = None
    decided_by: str | None = None

    @property
    def conditional(self) -> bool:
        """Whether the row can decline, so that a later one is needed."""
        return self.when is not None or self.assume is not None

    def holds(self, view: View, resource: Any) -> bool:
        """Whether the row applies to this resource now."""
        if self.assume is not None and view.choice(self.assume.assumption) != self.assume.choice:
            return False
        return self.when is None or self.when(view, resource)


@dataclass(frozen=True, eq=False)
class Machine:
    """The states of one kind of resource and its rows.

    Among rows of one state and cause the first that holds is taken; the last of them is unconditional. `written` are the
    rows as they stand in the table, `rows` the same with EVERY and SAME replaced by what they stand for. `entry` are the
    states in which a resource may come into the world other than by a row, which is what a scenario's `given` does. Where
    resources can repeat themselves without end, `least` counts ahead, so that a jump over too much is refused at once.

    Raises:
        MachineError: on construction, naming every gap, duplicate, unknown name, dead row and unreachable state.
    """

    kind: str
    states: tuple[str, ...]
    commands: tuple[str, ...]
    timers: tuple[Timer, ...]
    rows: tuple[Row, ...]
    entry: tuple[str, ...]
    least: Least | None = None
    progress: Progress | None = None
    written: tuple[Row, ...] = field(init=False, repr=False)
    _asked: dict[tuple[str, str], tuple[Row, ...]] = field(init=False, repr=False)
    _timed: dict[str, tuple[tuple[Timer, tuple[Row, ...]], ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "written", self.rows)
        object.__setattr__(self, "rows", tuple(_spelt_out(self.rows, self.states)))
        faults = list(_faults(self))
        if faults:
            raise MachineError(f"{self.kind}: " + "; ".join(faults))
        by_cause = _by_cause(self.rows)
        asked = {(state, cause.command): rows for (state, cause), rows in by_cause.items() if isinstance(cause, On)}
        timed = {
            state: tuple(
                (wait, by_cause[state, After(wait.name)]) for wait in self.timers if (state, After(wait.name)) in by_cause
            )
            for state in self.states
        }
        object.__setattr__(self, "_asked", asked)
        object.__setattr__(self, "_timed", timed)

    def ask(self, view: View, resource: Any | None, command: str) -> Row:
        """The row that a command takes; the table is total, so there always is one."""
        state = ABSENT if resource is None else resource.status
        return _first_that_holds(self._asked[state, command], view, resource)

    def skipped_rows(self, row: Row) -> tuple[Row, ...]:
        """The rows of the same state and cause that stand before this one, and did not hold if it was taken."""
        rivals = (it for it in self.rows if it.state == row.state and it.cause == row.cause)
        return tuple(takewhile(lambda it: it is not row, rivals))

    def due(self, resource: Any, timing: Mapping[str, timedelta | None], upkeep: bool = True) -> tuple[datetime, Timer] | None:
        """The earliest thing that time alone does to the resource, or None; ties go to the wait declared first.

        Without `upkeep` it is the earliest thing but that.
        """
        first: tuple[datetime, Timer] | None = None
        for wait, _ in self._timed[resource.status]:
            if wait.upkeep and not upkeep:
                continue
            length = wait.length(resource, timing)
            if length is not None and (first is None or resource.since + length < first[0]):
                first = resource.since + length, wait
        return first

    def expire(self, view: View, resource: Any, wait: Timer) -> Row:
        """The row that is taken when a wait is over."""
        rows = next(rows for candidate, rows in self._timed[resource.status] if candidate is wait)
        return _first_that_holds(rows, view, resource)


def _first_that_holds(rows: tuple[Row, ...], view: View, resource: Any) -> Row:
    if len(rows) == 1:
        return rows[0]
    return next(row for row in rows if row.holds(view, resource))


def _spelt_out(rows: tuple[Row, ...], states: tuple[str, ...]) -> Iterable[Row]:
    """Yield the rows with EVERY and SAME replaced by the states they stand for, and with what decides them."""
    earlier: dict[tuple[str, Cause], list[Row]] = {}
    for row in rows:
        for state in states if row.state == EVERY else (row.state,):
            rivals = earlier.setdefault((state, row.cause), [])
            deciders = (it.assume for it in rivals if it.assume and it.when in (None, row.when))
            decider = row.assume or next(deciders, None)
            to = state if row.to == SAME else row.to
            rivals.append(replace(row, state=state, to=to, decided_by=decider.assumption if decider else None))
            yield rivals[-1]


def _by_cause(rows: Iterable[Row]) -> dict[tuple[str, Cause], tuple[Row, ...]]:
    grouped: dict[tuple[str, Cause], tuple[Row, ...]] = {}
    for row in rows:
        key = row.state, row.cause
        grouped[key] = (*grouped.get(key, ()), row)
    return grouped


def _faults(machine: Machine) -> Iterable[str]:
    known_states, known_waits = {*machine.states, ABSENT}, {wait.name for wait in machine.timers}
    for row in machine.rows:
        for state in {row.state, row.to} - known_states:
            yield f"a row speaks of the unknown state {state!r}"
        if isinstance(row.cause, On) and row.cause.command not in machine.commands:
            yield f"a row speaks of the unknown command {row.cause.command!r}"
        if isinstance(row.cause, After) and row.cause.wait not in known_waits:
            yield f"a row speaks of the unknown wait {row.cause.wait!r}"
        if isinstance(row.cause, After) and row.state == row.to and row.effect is None:
            yield f"{row.cause} leads from {row.state!r} back to it, and so would never be over"
        if isinstance(row.cause, On) and row.answer is None:
            yield f"nothing says what a client hears of {row.cause} in state {row.state!r}"
    grouped = _by_cause(machine.rows)
    for state in (*machine.states, ABSENT):
        for command in machine.commands:
            if (state, On(command)) not in grouped:
                yield f"nothing says what {command!r} does in state {state!r}"
    for (state, cause), rows in grouped.items():
        if rows[-1].conditional:
            yield f"the last row for {cause} in state {state!r} has a condition"
        if not all(row.conditional for row in rows[:-1]):
            yield f"a row for {cause} in state {state!r} can never be taken"
    for state in _unreached(machine):
        yield f"nobody reaches the state {state!r}"


def _unreached(machine: Machine) -> list[str]:
    reached = {*machine.entry, ABSENT}
    while more := {row.to for row in machine.rows if row.state in reached} - reached:
        reached |= more
    return [state for state in machine.states if state not in reached]
