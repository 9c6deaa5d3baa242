"""Calls to vendors, and rules for some of them: which calls a rule covers, and which of those it strikes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from emulator.kernel.budget import Metered
from emulator.kernel.errors import Path, Problem
from emulator.kernel.machine import R, Resource
from emulator.kernel.matching import first_mismatch
from emulator.kernel.resource import field, replace
from emulator.kernel.sorted_pages import IndexKey
from emulator.text.guids import fold

EVERYTHING = "*"

EACH = KEY, EVERYONE = "key", "everyone"
"""Whose calls a rate limit counts together: those of each credential, or all."""


class Call(NamedTuple):
    """A request as rules see it: the `ids` are those in its path, and `caller` is its credential.

    `read` returns a part by its name: the Fields of its `query` and its `headers` (their names in lower case), or its `body`: a
    JSON value, the Fields of a form, a text, or None.
    """

    vendor: str
    operation: str
    ids: Sequence[str]
    caller: str | None
    read: Callable[[str], Any]

    def mismatch(self, match: Mapping[str, Any]) -> Path | None:
        """Return where it first does not hold what is wanted of its parts; None where it holds all."""
        found = (first_mismatch(self.read(part), wanted, (part,)) for part, wanted in match.items())
        return next(filter(None, found), None)


class RateLimit(NamedTuple):
    """So many `calls` in a time, which begins with the first of them, of `each` caller or of everyone together."""

    calls: int
    per: timedelta
    each: str = KEY


class Window(Metered, frozen=True, gc=False):
    """The calls since an instant that count together under the rate limit of a rule."""

    id: str
    since: datetime
    rule: str
    caller: str
    calls: int = 1
    status: str = "open"
    kind: ClassVar[str] = "emulator.window"

    def index(self) -> tuple[IndexKey, ...]:
        return (("of", self.rule),)


class CallView(Protocol):
    """The part of a view of the world that tells which rules strike a call."""

    @property
    def now(self) -> datetime: ...
    def group(self, of: type[R], *key: Hashable) -> list[R]: ...
    def digest(self, purpose: str) -> bytes: ...


class CallContext(CallView, Protocol):
    """The part of a transaction that counting calls needs."""

    def find(self, of: type[R], id: str) -> R | None: ...
    def first(self, of: type[R], *key: Hashable) -> R | None: ...
    def put(self, resource: Resource) -> None: ...
    def charge(self) -> None: ...
    def remove(self, resource: Resource) -> None: ...


class CallRule(Metered, frozen=True, gc=False, kw_only=True):
    """A rule for some calls. `written` is it as a scenario writes it; `place` is its line there, if it has one.

    Each of `at` is an operation, a vendor or EVERYTHING; `of` is the id of a resource in the path, None for any; `match` is
    what a call must hold. The first `after` calls are spared, then every `every`th is struck, with this `probability`, `times`
    times (None: without end), from `begins` on and before `ends`; with a `limit`, only calls beyond it. `seen` counts the calls
    that it covered, `struck` those it struck.
    """

    id: str
    since: datetime
    at: tuple[str, ...]
    of: str | None = None
    match: Mapping[str, Any] | None = None
    times: int | None = None
    after: int = 0
    every: int = 1
    probability: float = 1.0
    begins: datetime | None = None
    ends: datetime | None = None
    limit: RateLimit | None = None
    place: str = ""
    written: Mapping[str, Any] = field(default_factory=dict)
    seen: int = 0
    struck: int = 0
    status: str = "laid"
    kind: ClassVar[str] = "emulator.rule"

    @property
    def phase(self) -> str:
        """The name of the point on the way of a request at which it is asked for."""
        return "call"

    @property
    def is_spent(self) -> bool:
        """True once it has struck as often as it may."""
        return self.times is not None and self.struck >= self.times

    def index(self) -> tuple[IndexKey, ...]:
        return () if self.is_spent else tuple([(self.phase, at, self.of and fold(self.of)) for at in self.at])

    def covers(self, now: datetime, call: Call) -> bool:
        """Return whether it is in force at an instant, and a call to where it stands holds what it must."""
        is_in_force = (self.begins is None or self.begins <= now) and (self.ends is None or now < self.ends)
        return is_in_force and (self.match is None or call.mismatch(self.match) is None)

    def should_strike(self, view: CallView, window: Window | None) -> bool:
        """Return whether it strikes the call that was counted last; the world's seed decides by `probability`."""
        turn = self.seen - self.after
        if turn < 1 or turn % self.every or (self.limit and (window is None or window.calls <= self.limit.calls)):
            return False
        drawn = int.from_bytes(view.digest(f"{self.id}/{self.seen}")[:8], "big") if self.probability < 1 else 0
        return drawn < self.probability * 2**64


C = TypeVar("C", bound=CallRule)


class Verdict(NamedTuple, Generic[C]):
    """The verdict of a rule that covers a call: the rule and its window once they have counted it, and whether it `strikes`."""

    rule: C
    window: Window | None
    strikes: bool


def covering(view: CallView, rules: type[C], phase: str, call: Call) -> Iterator[C]:
    """Yield the rules of a type that cover a call, the nearest first.

    That of its operation comes before that of its vendor, and that before one of everything; then that of an id before one
    of any; then one that looks into the call before one that does not.
    """
    seen = set[str]()
    for at in (call.operation, call.vendor, EVERYTHING):
        for of in (*dict.fromkeys(map(fold, call.ids)), None):
            found = [it for it in view.group(rules, phase, at, of) if it.id not in seen and it.covers(view.now, call)]
            seen.update([it.id for it in found])
            yield from (it for it in found if it.match is not None)
            yield from (it for it in found if it.match is None)


def count_call(context: CallContext, rule: C, call: Call) -> Verdict[C]:
    """Let a rule count a call that it covers, and return its verdict."""
    counted = replace(rule, seen=rule.seen + 1)
    context.put(counted)
    window = _count_in_window(context, counted, call) if counted.limit and counted.seen > counted.after else None
    return Verdict(counted, window, counted.should_strike(context, window))


def strike(context: CallContext, rule: C) -> C:
    """Let a rule strike the call that it counted last, and return the rule."""
    context.charge()  # since a verdict keeps the rule as it counted
    hit = replace(rule, struck=rule.struck + 1)
    context.put(hit)
    return hit


def _count_in_window(context: CallContext, rule: CallRule, call: Call) -> Window:
    """Count a call in the window of its caller, which begins anew where the former one has passed; forget an old one."""
    assert rule.limit is not None  # noqa: S101  as whoever calls this knows
    caller = (call.caller or "") if rule.limit.each == KEY else ""
    id, per, now = f"{rule.id}/{caller}", rule.limit.per, context.now
    window = context.find(Window, id)
    if window is not None and now - window.since < per:
        counted = replace(window, calls=window.calls + 1)
    else:
        if window is not None:
            context.remove(window)  # so that the oldest windows are the first of their group
        if (oldest := context.first(Window, "of", rule.id)) is not None and now - oldest.since >= per:
            context.remove(oldest)
        counted = Window(id, now, rule.id, caller)
    context.put(counted)
    return counted


def remove_rule(context: CallContext, rule: CallRule) -> None:
    """Remove a rule with what it has counted."""
    context.remove(rule)
    for window in context.group(Window, "of", rule.id):
        context.remove(window)


def flaws_of_rule(rule: CallRule) -> Iterator[Problem]:
    """Yield the reasons why the calls that a rule is for mean nothing."""
    if "between" in rule.written and "for" in rule.written:
        yield Problem("between and for both say until when: leave one out", ("for",))
    if rule.begins is not None and rule.ends is not None and rule.begins >= rule.ends:
        yield Problem("it ends before it begins", ("between",))
    if rule.limit is not None and rule.limit.per == timedelta(0):
        yield Problem("in no time there are no calls to count", ("rate_limit", "per"))
    for word in ("every", "probability"):
        if rule.limit is not None and word in rule.written:
            yield Problem(f"a rate limit strikes every call beyond it: leave out {word!r}", (word,))


def fits_status(status: int, wanted: Collection[int | str]) -> bool:
    """Tell whether a status is one of those that are wanted, such as 200 or 4xx."""
    return status in wanted or f"{status // 100}xx" in wanted
