"""A recording: its events as the text of a scenario that plays, as a person would have written it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from emulator.kernel.errors import Conflict
from emulator.kernel.world import World
from emulator.recording.credentials import Credentials
from emulator.recording.events import Call, Event, Laid, Written
from emulator.recording.kept import leaves
from emulator.recording.steps import Said, steps_of
from emulator.recording.worlds import beginning_of, events_of, start_of
from emulator.scenario.accounts import fields_by_account, placeholders
from emulator.scenario.document import MAX_BYTES, JsonDict, JsonObject
from emulator.scenario.layout import part_lines, step_lines
from emulator.sdk.vendor import Vendors
from emulator.text.redact import redact_text

ORDER = ("title", "clock", "seed", "provenance", "credentials", "assume", "timing", "given", "faults", "replies", "timeline")
"""The parts of a scenario in the order in which they are written; others follow."""

SECRETIVE = frozenset({"parameters", "credentials", "given", "faults", "replies", "timeline"})
"""The parts of a scenario in which secrets may stand."""

TOO_LONG = "this recording would have {}, and a scenario has {} bytes at most: record a shorter story"
LONGEST_BODIES = 4 * MAX_BYTES
"""Bytes of all bodies together beyond which no scenario can hold them, however many blanks they have."""


class Recording(NamedTuple):
    """The text of a scenario, and the requests that are left out of it, each with the reason."""

    text: str
    left_out: tuple[str, ...]


class Story(NamedTuple):
    """The parts of a scenario without its steps, and what is said of each event in their place."""

    parts: JsonDict
    said: list[Said]


def record_world(world: World, vendors: Vendors, title: str | None = None) -> Recording:
    """Return what happened in a world, from its beginning up to now.

    Raises:
        Conflict: its journal lost its first entries, or the recording is longer than a scenario may be.
    """
    events = events_of(world, vendors)
    return record(beginning_of(world, vendors), start_of(world), events, credentials_of(world, vendors, events), title)


def credentials_of(world: World, vendors: Vendors, events: Sequence[Event]) -> Credentials:
    """Return what puts a world's own credentials, by name, in the place of those of the clients of events."""
    rules = world.rules.credentials

    def accepts(vendor: str, credential: str) -> bool:
        accepted = rules.get(vendor)
        return accepted is None or credential in accepted

    return Credentials(own_fields(world, vendors), accepts, events)


def own_fields(world: World, vendors: Vendors) -> dict[str, str]:
    """Return the fields of a world's own credentials by the names that stand for them."""
    return placeholders({name: fields_by_account(vendor, world) for name, vendor in vendors.items()})


def record(
    beginning: JsonObject,
    start: datetime,
    events: Sequence[Event],
    credentials: Credentials,
    title: str | None = None,
    comments: Sequence[str] = (),
) -> Recording:
    """Return events as the steps of a scenario that begins so, at an instant, with comments before its steps.

    Raises:
        Conflict: it is longer than a scenario may be.
    """
    parts, said = tell(beginning, start, events, credentials, title)
    names = [*ORDER, *(name for name in parts if name not in ORDER)]
    lines = [line for name in names if name in parts for line in part_lines(name, parts[name])]
    lines += [f"# {comment}" for comment in comments]
    if any(it.step for it in said):
        lines.append("steps:")
    for it in said:
        if it.comment:
            lines.append(f"  # {it.comment}")
        if it.step:
            lines += step_lines(it.step)
    text = "".join(f"{line}\n" for line in lines)
    check_length(text)
    return Recording(text, tuple(it.comment for it in said if not it.step))


def check_length(text: str) -> None:
    """Check that a text is no longer than a scenario may be.

    Raises:
        Conflict: it is.
    """
    if (size := len(text.encode())) > MAX_BYTES:
        raise Conflict(TOO_LONG.format(f"{size} bytes", MAX_BYTES))


def tell(
    beginning: JsonObject,
    start: datetime,
    events: Sequence[Event],
    credentials: Credentials,
    title: str | None = None,
    last_in_full: bool = False,
) -> Story:
    """Return the story of events; of the last answer, where that is wanted, also what an earlier one said of the same thing.

    Raises:
        Conflict: their bodies alone are longer than a scenario may be.
    """
    if (size := sum(len(it.body) for it in events if isinstance(it, Call))) > LONGEST_BODIES:
        raise Conflict(TOO_LONG.format(f"{size} bytes of bodies alone", MAX_BYTES))
    parts = {name: credentials.hide({name: it})[name] if name in SECRETIVE else it for name, it in beginning.items()}
    done = [_hidden(it, credentials) for it in events]
    said = steps_of(done, texts_in(parts, done), credentials, start, last_in_full)
    return Story({**parts, "title": redact_text(title or beginning.get("title") or title_of(events))}, said)


def _hidden(event: Event, credentials: Credentials) -> Event:
    """Return an event in which no secret can be read, where it is what a controller did."""
    if isinstance(event, Written):
        return event._replace(state=credentials.hide(event.state))
    if isinstance(event, Laid):
        return event._replace(rule=credentials.hide({event.action: event.rule})[event.action])
    return event


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
