"""Events as steps; what no step can do is left out, with a comment that says why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from emulator.kernel.time import MILLISECOND, format_duration, format_instant
from emulator.recording.credentials import Credentials
from emulator.recording.events import Call, Event, Laid, Written
from emulator.recording.expectations import Expectations
from emulator.recording.kept import Kept
from emulator.recording.requests import Requests, why_unsaid
from emulator.scenario.document import JsonDict
from emulator.text.escape import escaped
from emulator.text.redact import redact_text

SECRET = "a secret stands in it where nothing else can stand in its place"  # noqa: S105  it says so


ABRIDGED = "…"
"""A part of a request in which a secret was hidden: its answer may say other things than it did."""


class Said(NamedTuple):
    """A step, or a comment in its place."""

    step: JsonDict | None
    comment: str = ""


def steps_of(
    events: Sequence[Event],
    literals: frozenset[str],
    credentials: Credentials,
    start: datetime,
    last_in_full: bool = False,
) -> list[Said]:
    """Return the steps that do what happened from an instant on. `literals` are as `Kept` takes them.

    Where the last is said in full, it expects also what an earlier answer said of the same thing.

    What a request that is left out was answered is not kept, which other steps may need: they are said once more then.
    """
    unsaid = {place: why for place, it in enumerate(events) if isinstance(it, Call) and (why := why_unsaid(it))}
    while True:
        kept = Kept(_heard(events, unsaid), literals)
        telling = _Telling(events, kept, credentials, unsaid, len(events) - 1 if last_in_full else None)
        said = [*telling.steps(start)]
        if telling.unsaid.keys() == unsaid.keys():
            return said
        unsaid = telling.unsaid


def _heard(events: Sequence[Event], unsaid: dict[int, str]) -> list[Event]:
    """Return the events, of which the client hears no answer where the request is left out."""
    return [it._replace(fails=True) if isinstance(it, Call) and place in unsaid else it for place, it in enumerate(events)]


class _Telling:
    """One telling of events. `unsaid` are the places of the requests that are left out, and why.

    Of the answer at the place `in_full`, it expects also what an earlier one said.
    """

    def __init__(
        self,
        events: Sequence[Event],
        kept: Kept,
        credentials: Credentials,
        unsaid: dict[int, str],
        in_full: int | None = None,
    ) -> None:
        self.unsaid = dict(unsaid)
        self._events, self._in_full = events, in_full
        self._kept = kept
        self._credentials = credentials
        self._requests, self._expectations = Requests(kept, credentials), Expectations()

    def steps(self, now: datetime) -> Iterator[Said]:
        """Yield the steps, the clock standing at an instant before the first."""
        is_known = True
        for place, event in enumerate(self._events):
            if event.at > now:
                yield Said({"advance": _jump(now, event.at, is_known)})
                now, is_known = event.at, True
            if isinstance(event, Written):
                yield Said({"set": dict(event.state)})
            elif isinstance(event, Laid):
                yield Said({event.action: dict(event.rule)})
            elif isinstance(event, Call):
                yield self._call(place, event)
                is_known = is_known and not event.moves_clock

    def _call(self, place: int, call: Call) -> Said:
        step: JsonDict = {}
        if place not in self.unsaid:
            step = self._requests.step(place, call)
            is_abridged = ABRIDGED in str(step)
            expectations = Expectations() if place == self._in_full else self._expectations
            step["get"] = expectations.of(call._replace(spoilt=call.spoilt or is_abridged), self._kept.filler(place))
            if self._credentials.shows_a_secret(step):
                self.unsaid[place] = SECRET
        if place in self.unsaid:
            target = redact_text(f"{call.method} {call.target}")
            return Said(None, escaped(f"left out: {target}, since {self.unsaid[place]}"))
        values = self._kept.kept_at(place)
        return Said(step | ({"keep": values} if values else {}))


def _jump(now: datetime, until: datetime, is_known: bool) -> Any:
    """Return the time that passes between two instants: the later one where that is no whole number of milliseconds."""
    duration = until - now
    return {"to": format_instant(until)} if duration % MILLISECOND or not is_known else format_duration(duration)
