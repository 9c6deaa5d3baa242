"""Faults: failures injected into operations, as values: where they strike, what they do, and how often."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol

from emulator.kernel.budget import Metered
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.journal import FaultHit
from emulator.kernel.machine import R, Resource
from emulator.kernel.resource import field, replace
from emulator.kernel.sorted_pages import IndexKey
from emulator.kernel.time import format_duration
from emulator.text.guids import fold

EVERYTHING = "*"
NEXT = "next"
"""A delay until the next thing that happens by itself."""

WHERE = BEFORE_AUTH, BEFORE_COMMIT, AFTER_COMMIT, MID_BODY, AFTER_REPLY = (
    "before-auth",
    "before-commit",
    "after-commit",
    "mid-body",
    "after-reply",
)
"""The positions in a request's life, in order. The first strikes whoever asks, the others those whom the vendor lets in."""

DO = STATUS, DELAY, DROP, RESET, TRUNCATE, GARBAGE, DRIBBLE, HANG = (
    "status",
    "delay",
    "drop",
    "reset",
    "truncate",
    "garbage",
    "dribble",
    "hang",
)
CLOCKS = VIRTUAL, REAL = "virtual", "real"
PACE = timedelta(milliseconds=50)
"""The default pause between two pieces of a body that dribbles."""

LONGEST_REAL = timedelta(minutes=5)

NO_BODY_YET = "there is no body yet: where must be mid-body"
REPLY_IS_OUT = "the client has its reply, which nothing can change any more"
INVALID_COMBINATIONS: dict[tuple[str, str], str] = {
    **{(where, do): NO_BODY_YET for where in (BEFORE_AUTH, BEFORE_COMMIT, AFTER_COMMIT) for do in (TRUNCATE, DRIBBLE)},
    **{(AFTER_REPLY, do): REPLY_IS_OUT for do in (STATUS, TRUNCATE, DRIBBLE)},
    **{(AFTER_REPLY, do): "the client has its reply and waits for nothing" for do in (DELAY, HANG)},
    (MID_BODY, STATUS): "the status has gone out before the body",
    (MID_BODY, DROP): "a line that ends in the middle of the body is truncate",
}
"""The combinations that mean nothing, each with its reason."""

TWO_BODIES = "there is one body: leave out 'body' (a text as it is, or a JSON value) or 'json'"

OPTIONS = {
    "status": (STATUS,),
    "body": (STATUS,),
    "json": (STATUS,),
    "retry_after": (STATUS,),
    "delay": (DELAY,),
    "clock": (DELAY,),
    "pace": (DRIBBLE,),
}
"""The options that belong to one effect only."""


class FaultContext(Protocol):
    """The part of a transaction that selecting faults needs."""

    @property
    def now(self) -> datetime: ...
    def group(self, of: type[R], *key: Hashable) -> list[R]: ...
    def digest(self, purpose: str) -> bytes: ...
    def put(self, resource: Resource) -> None: ...


class Fault(Metered, frozen=True, gc=False):
    """One failure. `written` is it as a scenario writes it; `place` is its line there, if it has one.

    `at` is an operation, a vendor or EVERYTHING; `of` the id of a resource in the path, None for any. The first `after`
    calls are spared, then every `every`th is struck, with this `probability`, `times` times (None: without end), from
    `begins` on and before `ends`. `seen` counts the calls that it covered, `struck` those it struck.

    Raises:
        BadInput: on construction, with every reason why it means nothing.
    """

    id: str
    since: datetime
    at: str
    where: str
    do: str
    of: str | None = None
    times: int | None = None
    after: int = 0
    every: int = 1
    probability: float = 1.0
    begins: datetime | None = None
    ends: datetime | None = None
    code: int | None = None
    body: Any = None
    retry_after: timedelta | None = None
    delay: timedelta | str | None = None
    clock: str = VIRTUAL
    pace: timedelta = PACE
    place: str = ""
    written: Mapping[str, Any] = field(default_factory=dict)
    seen: int = 0
    struck: int = 0
    status: str = "laid"
    kind: ClassVar[str] = "emulator.fault"

    def __post_init__(self) -> None:
        if not self.seen and (problems := list(_flaws(self))):
            raise BadInput(problems)

    @property
    def early(self) -> bool:
        """True if it strikes before the vendor checks the credential."""
        return self.where == BEFORE_AUTH

    @property
    def commits(self) -> bool:
        """True if the request takes effect all the same."""
        return self.do == DELAY or self.where not in (BEFORE_AUTH, BEFORE_COMMIT)

    @property
    def preserves_response(self) -> bool:
        """True if the client gets the vendor's own answer, whole."""
        if self.do == STATUS:
            return not self.commits
        return self.where == AFTER_REPLY or self.do in (DELAY, DRIBBLE)

    @property
    def takes_real_time(self) -> bool:
        """True if it delays an answer that is decided, while the client waits."""
        return self.do == DRIBBLE or (self.do == DELAY and self.where in (AFTER_COMMIT, MID_BODY))

    def index(self) -> tuple[IndexKey, ...]:
        spent = self.times is not None and self.struck >= self.times
        return () if spent else (("over", self.early, self.at, self.of and fold(self.of)),)

    def hit(self) -> FaultHit:
        """Return its record in the journal."""
        return FaultHit(self.id, self.where, self.do, self.place or None)

    def covers(self, now: datetime) -> bool:
        """Return whether it is in force at an instant."""
        return (self.begins is None or self.begins <= now) and (self.ends is None or now < self.ends)

    def should_fire(self, context: FaultContext) -> bool:
        """Return whether it strikes the call that was counted last; the world's seed decides by `probability`."""
        turn = self.seen - self.after
        if turn < 1 or turn % self.every:
            return False
        drawn = int.from_bytes(context.digest(f"{self.id}/{self.seen}")[:8], "big") if self.probability < 1 else 0
        return drawn < self.probability * 2**64


class ScriptedResponse(Metered, frozen=True, gc=False):
    """A response for the next `left` requests to an operation (None: for all), which leave the vendor's state as it is."""

    id: str
    since: datetime
    operation: str
    left: int | None
    status_code: int
    headers: Mapping[str, str]
    body: Any
    place: str
    status: str = "waiting"
    kind: ClassVar[str] = "emulator.reply"

    def after_use(self) -> ScriptedResponse:
        """Return it after one more use."""
        return self if self.left is None else replace(self, left=self.left - 1)

    def index(self) -> tuple[IndexKey, ...]:
        return (("for", self.operation),) if self.left is None or self.left > 0 else ()


def select_faults(
    context: FaultContext, early: bool, vendor: str, operation: str, ids: Iterable[str], admitted: bool = True
) -> tuple[Fault, ...]:
    """Return the faults that strike a request in this phase, in order: any delays, then at most one other fault.

    Every fault that covers the call counts it, also where another one strikes first or the vendor does not let it in. The
    nearest comes first: that of the operation, then of the vendor, then of everything; that of an id before one of any.
    """
    due = []
    for fault in _covering(context, early, (operation, vendor, EVERYTHING), [*dict.fromkeys(map(fold, ids)), None]):
        counted = replace(fault, seen=fault.seen + 1)
        context.put(counted)
        if admitted and counted.should_fire(context):
            due.append(counted)
    due.sort(key=lambda fault: WHERE.index(fault.where))
    last = next((index for index, fault in enumerate(due) if fault.do != DELAY), len(due))
    hit_so_far = tuple(replace(fault, struck=fault.struck + 1) for fault in due[: last + 1])
    for fault in hit_so_far:
        context.put(fault)
    return hit_so_far


def _covering(context: FaultContext, early: bool, over: Iterable[str], ids: list[str | None]) -> Iterator[Fault]:
    for at in over:
        for of in ids:
            yield from (fault for fault in context.group(Fault, "over", early, at, of) if fault.covers(context.now))


def _flaws(fault: Fault) -> Iterator[Problem]:
    for name, value, known in (("where", fault.where, WHERE), ("do", fault.do, DO)):
        if value not in known:
            yield Problem(f"{value!r} is not one of {', '.join(known)}", (name,))
    if reason := INVALID_COMBINATIONS.get((fault.where, fault.do)):
        yield Problem(f"{fault.do} {fault.where} means nothing: {reason}", ("do",))
    for option, effects in OPTIONS.items():
        if option in fault.written and fault.do not in effects:
            yield Problem(f"{option!r} belongs to do: {' or '.join(effects)}, not to {fault.do}", (option,))
    if {"body", "json"} <= fault.written.keys():
        yield Problem(TWO_BODIES, ("json",))
    if fault.do == STATUS and fault.code is None:
        yield Problem("which status? 429, 500 and 503 are usual", ("status",))
    if fault.do == DELAY:
        yield from _flaws_of_delay(fault)
    if "between" in fault.written and "for" in fault.written:
        yield Problem("between and for both say until when: leave one out", ("for",))
    if fault.begins is not None and fault.ends is not None and fault.begins >= fault.ends:
        yield Problem("it ends before it begins", ("between",))
    if fault.pace > timedelta(seconds=5):
        yield Problem("a pace is at most 5s", ("pace",))


def _flaws_of_delay(fault: Fault) -> Iterator[Problem]:
    if fault.delay is None:
        yield Problem("how long? a duration such as 30s, or next: until the next thing happens by itself", ("delay",))
    if fault.delay == timedelta(0):
        yield Problem("a delay of no time delays nothing", ("delay",))
    if fault.clock == REAL and fault.delay == NEXT:
        yield Problem("what happens next is a matter of the world's clock, not of the machine's", ("clock",))
    if fault.clock == REAL and isinstance(fault.delay, timedelta) and fault.delay > LONGEST_REAL:
        yield Problem(f"a real delay is at most {format_duration(LONGEST_REAL)}", ("delay",))
