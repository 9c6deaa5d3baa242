"""Interference with a client at each of its calls: time, other actors and faults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from emulator.client.exploration import Intrusion, describe
from emulator.kernel.calls import EVERYTHING
from emulator.kernel.faults import AFTER_COMMIT, BEFORE_AUTH, DELAY, NEXT
from emulator.scenario.calls import names_of
from emulator.scenario.document import JsonObject

MILLISECOND = timedelta(milliseconds=1)
WHEN = {BEFORE_AUTH: "before", AFTER_COMMIT: "between the commit and the answer of"}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the undisturbed client: the how-manieth of its operation, and how long after the beginning.

    `answered` is how many earlier ones of the operation were answered, None where a fault kept this one from it.
    """

    operation: str
    earlier: int
    elapsed: timedelta
    answered: int | None

    def fault(self, **effect: Any) -> JsonObject:
        """Return a fault that strikes this call and no other."""
        return {"at": self.operation, **effect, "after": self.earlier, "times": 1}

    def __str__(self) -> str:
        return f"{self.operation} #{self.earlier + 1}"


def with_intrusions(scenario: JsonObject, intrusions: Sequence[Intrusion], plays_steps: bool) -> JsonObject:
    """Return the scenario with these intrusions; its steps stay where they are to be played."""
    changed = {"title": "", **scenario}
    changed["title"] = describe(intrusions)
    faults = [*scenario.get("faults", ()), *(dict(it.fault) for it in intrusions if it.fault)]
    events = [*scenario.get("timeline", ()), *(dict(it.event) for it in intrusions if it.event)]
    if faults:
        changed["faults"] = faults
    if events:
        changed["timeline"] = events
    for order in (it.steps for it in intrusions if it.steps):
        changed["steps"] = order
    if not plays_steps:
        changed.pop("steps", None)
    return changed


def by_time(calls: Iterable[Call]) -> Iterator[Intrusion]:
    """Yield that the next thing that happens by itself comes before a call, or before its answer."""
    for call in calls:
        for where, when in WHEN.items():
            yield Intrusion(f"the next change comes {when} {call}", call.fault(where=where, do=DELAY, delay=NEXT))


def by_actors(calls: Sequence[Call], meanwhile: Sequence[JsonObject]) -> Iterator[Intrusion]:
    """Yield the acts of other actors: before the first call, right after each, and before the next if time passes till then."""
    for act, does in enumerate(meanwhile if calls else ()):
        says = f"another actor {_deed(does)}"
        yield Intrusion(f"{says} before {calls[0]}", event={"after": _text_of(calls[0].elapsed), **does}, act=act)
        for call, following in zip(calls, (*calls[1:], None), strict=True):
            if call.answered is None:
                continue
            event = {"after_call": call.operation, "after": call.answered, "times": 1, **does}
            yield Intrusion(f"{says} {WHEN[AFTER_COMMIT]} {call}", event=event, act=act)
            if following is not None and following.elapsed > call.elapsed:
                wait = {"wait": _text_of(following.elapsed - call.elapsed)}
                yield Intrusion(f"{says} before {following}", event=event | wait, act=act)


def _deed(does: JsonObject) -> str:
    """Say what an actor does."""
    return " and ".join(f"{verb}s {what}" for verb, what in does.items())


def _text_of(elapsed: timedelta) -> str:
    return f"{-(-elapsed // MILLISECOND)}ms"


def by_fault(calls: Iterable[Call], faults: Iterable[JsonObject]) -> Iterator[Intrusion]:
    """Yield each fault at each call that it fits."""
    for fault in faults:
        for call in calls:
            if not {EVERYTHING, call.operation, call.operation.partition(".")[0]}.isdisjoint(names_of(fault) or [EVERYTHING]):
                effect = {key: value for key, value in fault.items() if key != "at"}
                yield Intrusion(f"{fault.get('do')} {fault.get('where')} strikes {call}", call.fault(**effect))
