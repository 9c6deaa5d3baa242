"""State machines: a table of what each cause does in each state of one kind of resource, without a gap."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, ClassVar, Protocol, TypeVar

from emulator.kernel.accounts import Accounts
from emulator.kernel.assumption import Assumption
from emulator.kernel.errors import MachineError
from emulator.kernel.resource import Struct, field, structs
from emulator.kernel.sorted_pages import IndexKey, SortedGroup, SortedKey
from emulator.kernel.time import NEVER, format_duration

ABSENT = "absent"
"""The state of a resource that does not exist: never created, or removed."""
EVERY = "*"
"""In a row's first column: every state but ABSENT."""
SAME = "="
"""In a row's third column: the state of its first."""

Timing = Mapping[str, timedelta | None]
"""Lengths that replace those of timers, by name; None for ever. For one resource they are pairs."""
OwnTiming = tuple[tuple[str, timedelta | None], ...]
Ladder = tuple[timedelta, ...]
"""The time before each further attempt; after the last one there is none."""

PROGRESSING: IndexKey = ("moving",)
"""The group of resources that look different as time passes, without any change: they show how far they have come."""
OUTSIDE: IndexKey = ("outside",)
"""The group of resources that are with somebody outside the world, who is to answer before its time goes on."""


class Resource(Protocol):
    """A frozen value that lives in a world. `index` names the groups in which it can be found, by key or SortedKey.

    A tally counts the requests of a client, and nothing but the limit of an operation, which makes it, looks at it.
    """

    kind: ClassVar[str]
    is_tally: ClassVar[bool]

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def since(self) -> datetime: ...
    @property
    def timing(self) -> OwnTiming | None: ...
    def index(self) -> tuple[IndexKey | SortedKey, ...]: ...


R = TypeVar("R", bound=Resource)


class View(Protocol):
    """The world at one instant, as guards and effects see it. Ids are minted from its seed.

    `context` is the request that is carried out, None where time alone acts.
    """

    @property
    def now(self) -> datetime: ...
    @property
    def context(self) -> Any: ...
    def find(self, of: type[R], id: str) -> R | None: ...
    def group(self, of: type[R], *key: Hashable) -> list[R]: ...
    def read(self, parts: int) -> None: ...
    def sorted_group(self, of: type[Resource], *key: Hashable) -> SortedGroup: ...
    def first(self, of: type[R], *key: Hashable) -> R | None: ...
    def size(self, of: type[Resource], *key: Hashable) -> int: ...
    def has(self, of: type[Resource]) -> bool: ...
    def choice(self, assumption: Assumption) -> str: ...
    def digest(self, purpose: str) -> bytes: ...
    def mint(self, purpose: str) -> bytes: ...
    def admit(self, resources: int, like: Any = None) -> None: ...
    def length(self, timer: Timer, resource: Any) -> timedelta | None: ...
    def accounts(self, vendor: str) -> Accounts: ...
    def ladder(self, name: str) -> Ladder | None: ...
    def carrier(self, url: str | None) -> str: ...


Guard = Callable[[View, Any], bool]
"""A named pure function of the view and the resource before the row: whether the row applies."""
Effect = Callable[[View, Any], Iterable[Any]]
"""A named pure function of the view and the resource as the row leaves it, to the values and Consequences that follow."""
MinSteps = Callable[[View, datetime, int], int]
"""The fewest steps that the resources of a kind take by themselves until an instant, if no timeline event comes before.
Counting may end beyond the last argument."""
Progress = Callable[[View, Any], Any]
"""The part of a resource that looks different as time passes, at the view's instant, without any change."""


class Rounds(Struct, frozen=True):
    """Rounds of a resource: in each the `rows` are taken at its `instants`; `after` returns the values that so many leave."""

    rows: tuple[Row, ...]
    instants: Iterator[tuple[datetime, ...]]
    after: Callable[[View, Sequence[tuple[datetime, ...]]], Iterable[Any]]


FindRounds = Callable[[View, Any, datetime], Rounds | None]
"""The rounds that a resource makes from now on until an instant, if nothing else happens by then; None where it makes none."""


class Assume(Struct, frozen=True):
    """A condition of a row: this choice of this assumption is in force."""

    assumption: Assumption
    choice: str


class Portion(Struct, frozen=True, gc=False):
    """The length of a timer that ends before another, as a function of the resource and the other's length."""

    of: Timer
    length: Callable[[Any, timedelta], timedelta | None]


class Timer(Struct, frozen=True):
    """A named length of time that begins when a resource enters its state.

    `default` is its length, None for ever; `measure` reads it from the resource instead. A scenario may set another where
    it is `settable`; else it ends at an instant that the resource holds. `source` is the evidence id behind the length, or
    "invented". `applies` tells which resources it runs for, all by default. `upkeep` is work that the vendor does besides,
    such as tidying up: nobody waits for it. A `portion` of another timer is not settable, and ends only where that ends.
    """

    name: str
    default: timedelta | None
    source: str
    measure: Callable[[Any], timedelta | None] | None = None
    applies: Callable[[Any], bool] | None = None
    settable: bool = True
    upkeep: bool = False
    portion: Portion | None = None

    def __str__(self) -> str:
        return f"after {self.name}"

    @property
    def default_text(self) -> str:
        """The length by default: `10s`, `never`, or `varies` where it is measured from the resource."""
        if self.measure or self.portion:
            return "varies"
        return NEVER if self.default is None else format_duration(self.default)


Cause = str | Timer
"""A client's command, or the end of a timer."""


class Row(Struct, frozen=True):
    """In a state, a cause leads to a state, an answer and an effect, because of some evidence.

    A machine sets `decided_by`: the assumption by which the row is taken, its own or that of an earlier row which holds
    under the same condition but for another choice.
    """

    state: str
    cause: Cause
    to: str
    answer: str | None
    evidence: str
    effect: Effect | None = None
    when: Guard | None = None
    assume: Assume | None = None
    decided_by: Assumption | None = None

    @property
    def conditional(self) -> bool:
        """True if the row may not apply, so that a later one is needed."""
        return self.when is not None or self.assume is not None


class Answer(Struct, frozen=True):
    """A decision, before it is rendered: a name, the evidence it rests on, and the subject that its renderer needs.

    `assumption` is the one that decided, if one did; `also` are further facts that this one rests on;
    `row` is the row of a machine that gave the answer.
    """

    name: str
    evidence: str
    subject: Any = None
    assumption: Assumption | None = None
    also: tuple[str, ...] = ()
    row: Row | None = None

    def resting_on(self, facts: Iterable[str], assumption: Assumption | None = None) -> Answer:
        """Return the answer with further facts, and with this assumption where it names none yet."""
        return structs.replace(self, also=(*self.also, *facts), assumption=self.assumption or assumption)


class Machine(Struct, frozen=True, eq=False):
    """The states of the resources of one type, and its rows.

    Of the rows of one state and cause the first that applies is taken; the last of them is unconditional. `table` has the
    rows as declared, `rows` with EVERY and SAME replaced by states. `entry` are the states in which a resource may come
    into the world other than by a row, as a scenario's `given` does. Where resources can repeat themselves without end,
    `min_steps` counts ahead, so that a jump over too much is refused at once, and `rounds` makes many at once. A transaction
    takes the rows of `by_command`, by state and command, and of `by_timer`, those of the timers that run in a state.

    Raises:
        MachineError: on construction, with every gap, duplicate, unknown name, dead row and unreachable state.
    """

    of: type[Any]
    states: tuple[str, ...]
    commands: tuple[str, ...]
    timers: tuple[Timer, ...]
    rows: tuple[Row, ...]
    entry: tuple[str, ...]
    min_steps: MinSteps | None = None
    progress: Progress | None = None
    rounds: FindRounds | None = None
    kind: str = ""
    table: tuple[Row, ...] = ()
    by_command: dict[tuple[str, str], tuple[Row, ...]] = field(default_factory=dict)
    by_timer: dict[str, tuple[tuple[Timer, tuple[Row, ...]], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        structs.force_setattr(self, "kind", self.of.kind)
        structs.force_setattr(self, "table", self.rows)
        structs.force_setattr(self, "rows", tuple(_expanded(self.rows, self.states)))
        defects = list(_defects(self))
        if defects:
            raise MachineError(f"{self.kind}: " + "; ".join(defects))
        causes = _by_cause(self.rows)
        by_command = {(state, cause): rows for (state, cause), rows in causes.items() if isinstance(cause, str)}
        by_timer = {
            state: tuple((timer, causes[key]) for timer in self.timers if (key := (state, timer)) in causes)
            for state in self.states
        }
        structs.force_setattr(self, "by_command", by_command)
        structs.force_setattr(self, "by_timer", by_timer)

    def skipped_rows(self, row: Row) -> tuple[Row, ...]:
        """Return the rows of the same state and cause before this one, which did not apply if it was taken."""
        earlier = takewhile(lambda other: other is not row, self.rows)
        return tuple(other for other in earlier if (other.state, other.cause) == (row.state, row.cause))


def _expanded(rows: tuple[Row, ...], states: tuple[str, ...]) -> Iterable[Row]:
    """Yield the rows with EVERY and SAME replaced by the states they stand for, and with what decides them."""
    earlier: dict[tuple[str, Cause], list[Row]] = {}
    for row in rows:
        for state in states if row.state == EVERY else (row.state,):
            rivals = earlier.setdefault((state, row.cause), [])
            deciders = (it.assume for it in rivals if it.assume and it.when in (None, row.when))
            decider = row.assume or next(deciders, None)
            to = state if row.to == SAME else row.to
            rivals.append(structs.replace(row, state=state, to=to, decided_by=decider.assumption if decider else None))
            yield rivals[-1]


def _by_cause(rows: Iterable[Row]) -> dict[tuple[str, Cause], tuple[Row, ...]]:
    grouped: dict[tuple[str, Cause], tuple[Row, ...]] = {}
    for row in rows:
        key = row.state, row.cause
        grouped[key] = (*grouped.get(key, ()), row)
    return grouped


def _defects(machine: Machine) -> Iterable[str]:
    known_states = {*machine.states, ABSENT}
    for row in machine.rows:
        for state in dict.fromkeys((row.state, row.to)):
            if state not in known_states:
                yield f"a row names the unknown state {state!r}"
        if row.cause not in (*machine.commands, *machine.timers):
            yield f"a row names the unknown cause {str(row.cause)!r}"
        if isinstance(row.cause, Timer) and row.state == row.to and row.effect is None:
            yield f"{row.cause} leads from {row.state!r} back to it, and so would never be over"
        if isinstance(row.cause, str) and row.answer is None:
            yield f"nothing says what a client hears of {row.cause} in state {row.state!r}"
    grouped = _by_cause(machine.rows)
    for state in (*machine.states, ABSENT):
        for command in machine.commands:
            if (state, command) not in grouped:
                yield f"nothing says what {command!r} does in state {state!r}"
    for (state, cause), rows in grouped.items():
        if rows[-1].conditional:
            yield f"the last row for {cause} in state {state!r} has a condition"
        if not all(row.conditional for row in rows[:-1]):
            yield f"a row for {cause} in state {state!r} can never be taken"
    reached = reachable(machine, *machine.entry, ABSENT)
    yield from (f"nobody reaches the state {state!r}" for state in machine.states if state not in reached)


def reachable(machine: Machine, *states: str) -> set[str]:
    """Return these states and those to which rows lead from them."""
    reached = {*states}
    while more := {row.to for row in machine.rows if row.state in reached} - reached:
        reached |= more
    return reached - {ABSENT}
