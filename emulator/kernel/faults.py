"""Faults: failures injected into operations, as values: where they strike, and what they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from emulator.kernel.calls import Call, CallContext, CallRule, Verdict, count_call, covering, flaws_of_rule, strike
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.exchange import FaultHit
from emulator.kernel.resource import Struct, field
from emulator.kernel.time import format_duration

EARLY, LATE = "early", "late"
"""The phases of faults: before the vendor checks the credential, and after that."""

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

OPTIONS = {
    "status": (STATUS,),
    "body": (STATUS,),
    "json": (STATUS,),
    "text": (STATUS,),
    "headers": (STATUS,),
    "retry_after": (STATUS,),
    "delay": (DELAY,),
    "clock": (DELAY,),
    "pace": (DRIBBLE,),
}
"""The options that belong to one effect only."""


class Fault(CallRule, frozen=True, gc=False, kw_only=True):
    """One failure, of the calls that its rule strikes: `where` on their way, and what it does to them.

    Raises:
        BadInput: on construction, with every reason why it means nothing.
    """

    where: str
    do: str
    code: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    retry_after: timedelta | None = None
    delay: timedelta | str | None = None
    clock: str = VIRTUAL
    pace: timedelta = PACE
    kind: ClassVar[str] = "emulator.fault"

    def __post_init__(self) -> None:
        if not self.seen and (problems := list(_flaws(self))):
            raise BadInput(problems)

    @property
    def phase(self) -> str:
        return EARLY if self.where == BEFORE_AUTH else LATE

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

    def hit(self) -> FaultHit:
        """Return its record in the journal."""
        return FaultHit(self.id, self.where, self.do, self.place or None)


class Strikes(Struct, frozen=True):
    """The faults that strike a call, and the verdicts of all that cover it."""

    faults: tuple[Fault, ...]
    verdicts: tuple[Verdict[Fault], ...]


def select_faults(context: CallContext, phase: str, call: Call, admitted: bool = True) -> Strikes:
    """Return the faults that strike a call in a phase, in order: any delays, then at most one other fault.

    Every fault that covers the call counts it, also where another one strikes first or the vendor does not let it in.
    """
    verdicts = tuple([count_call(context, fault, call) for fault in [*covering(context, Fault, phase, call)]])
    due = [verdict.rule for verdict in verdicts if admitted and verdict.strikes]
    due.sort(key=lambda fault: WHERE.index(fault.where))
    last = next((index for index, fault in enumerate(due) if fault.do != DELAY), len(due))
    return Strikes(tuple([strike(context, fault) for fault in due[: last + 1]]), verdicts)


def _flaws(fault: Fault) -> Iterator[Problem]:
    for name, value, known in (("where", fault.where, WHERE), ("do", fault.do, DO)):
        if value not in known:
            yield Problem(f"{value!r} is not one of {', '.join(known)}", (name,))
    if reason := INVALID_COMBINATIONS.get((fault.where, fault.do)):
        yield Problem(f"{fault.do} {fault.where} means nothing: {reason}", ("do",))
    for option, effects in OPTIONS.items():
        if option in fault.written and fault.do not in effects:
            yield Problem(f"{option!r} belongs to do: {' or '.join(effects)}, not to {fault.do}", (option,))
    if fault.do == STATUS and fault.code is None:
        yield Problem("which status? 429, 500 and 503 are usual", ("status",))
    if fault.do == DELAY:
        yield from _flaws_of_delay(fault)
    yield from flaws_of_rule(fault)
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
