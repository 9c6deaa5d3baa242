"""A recording: its events as the text of a scenario that plays, as a person would have written it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from emulator.kernel.time import MILLISECOND, format_duration, format_instant
from emulator.kernel.world import World
from emulator.recording.credentials import Credentials
from emulator.recording.events import Call, Event, Laid, Written
from emulator.recording.expectations import Expectations
from emulator.recording.kept import Kept, leaves
from emulator.recording.requests import Requests, why_unsaid
from emulator.recording.worlds import beginning_of, events_of, start_of
from emulator.scenario.document import JsonDict, JsonObject
from emulator.scenario.layout import part_lines, step_lines
from emulator.sdk.vendor import Vendors
from emulator.text.escape import escaped
from emulator.text.redact import redact_text

ORDER = ("title", "clock", "seed", "provenance", "credentials", "assume", "timing", "given", "faults", "replies", "timeline")
"""The parts of a scenario in the order in which they are written; others follow."""


class Recording(NamedTuple):
    """The text of a scenario, and the requests that are left out of it, each with the reason."""

    text: str
    left_out: tuple[str, ...]


class Said(NamedTuple):
    """A step, or a comment in its place."""

    step: JsonDict | None
    comment: str = ""


def record_world(world: World, vendors: Vendors, title: str | None = None) -> Recording:
    """Return what happened in a world, from its beginning up to now.

    Raises:
        Conflict: its journal lost its first entries.
    """
    events, beginning, start = events_of(world, vendors), beginning_of(world), start_of(world)
    own = {name: vendor.credentials_of(world.id, world.seed).fields for name, vendor in vendors.items()}
    rules = world.rules.credentials

    def accepts(vendor: str, credential: str) -> bool:
        accepted = rules.get(vendor)
        return accepted is None or credential in accepted

    return record(beginning, start, events, Credentials(texts_in(beginning, events), own, accepts, events), title)


def record(
    beginning: JsonObject, start: datetime, events: Sequence[Event], credentials: Credentials, title: str | None = None
) -> Recording:
    """Return events as the steps of a scenario that begins so, at an instant."""
    heard = [it._replace(fails=True) if isinstance(it, Call) and why_unsaid(it) else it for it in events]
    kept = Kept(heard, texts_in(beginning, events))
    said = [*_steps(events, kept, credentials, start)]
    parts = {**beginning, "title": title or beginning.get("title") or title_of(events)}
    names = [*ORDER, *(name for name in parts if name not in ORDER)]
    lines = [line for name in names if name in parts for line in part_lines(name, parts[name])]
    if any(it.step for it in said):
        lines.append("steps:")
    for it in said:
        if it.comment:
            lines.append(f"  # {it.comment}")
        if it.step:
            lines += step_lines(it.step)
    return Recording("".join(f"{line}\n" for line in lines), tuple(it.comment for it in said if not it.step))


def texts_in(beginning: JsonObject, events: Sequence[Event]) -> frozenset[str]:
    """Return the texts that the author of a scenario wrote, and a controller in what it changed."""
    written = [dict(it.state) for it in events if isinstance(it, Written)]
    return frozenset(text for _, text in leaves([{**beginning, "title": ""}, written]))


def title_of(events: Sequence[Event]) -> str:
    """Return a title for what a client did: the operations that it called first."""
    calls = dict.fromkeys(event.operation for event in events if isinstance(event, Call))
    names = [name.partition(".")[2] for name in calls]
    if not names:
        return "A client does nothing"
    shown = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} operations more"]
    return f"A client calls {', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else f"A client calls {shown[0]}"


def _steps(events: Sequence[Event], kept: Kept, credentials: Credentials, now: datetime) -> Iterator[Said]:
    """Yield the steps that do what happened, the clock standing at an instant before the first."""
    requests, expectations, is_known = Requests(kept, credentials), Expectations(), True
    for place, event in enumerate(events):
        if event.at > now:
            yield Said({"advance": _jump(now, event.at, is_known)})
            now, is_known = event.at, True
        if isinstance(event, Written):
            yield Said({"set": dict(event.state)})
        elif isinstance(event, Laid):
            yield Said({event.action: dict(event.rule)})
        elif isinstance(event, Call):
            yield _call(place, event, kept, requests, expectations)
            is_known = is_known and not event.moves_clock


def _call(place: int, call: Call, kept: Kept, requests: Requests, expectations: Expectations) -> Said:
    if reason := why_unsaid(call):
        return Said(None, escaped(f"left out: {redact_text(f'{call.method} {call.target}')}, since {reason}"))
    step = requests.step(place, call) | {"get": expectations.of(call, kept.filler(place))}
    values = kept.kept_at(place)
    return Said(step | ({"keep": values} if values else {}))


def _jump(now: datetime, until: datetime, is_known: bool) -> Any:
    """Return the time that passes between two instants: the later one where that is no whole number of milliseconds."""
    duration = until - now
    return {"to": format_instant(until)} if duration % MILLISECOND or not is_known else format_duration(duration)
