"""The records of what comes in the way of a world's clients: faults, replies and the timeline."""

from __future__ import annotations

from datetime import datetime

from emulator.control.journal_models import FaultHit
from emulator.control.record import Count, LeftOut, Record
from emulator.scenario.document import JsonDict


class HeldRequest(Record, component="held"):
    """A request that a fault holds up, `until` an instant or without end."""

    method: str
    target: str
    operation: str
    since: datetime
    until: datetime | None
    fault: FaultHit


class HeldRequests(Record):
    """The requests of a world that faults hold up."""

    held: tuple[HeldRequest, ...]


class RateWindow(Record):
    """The calls that count together under a rate limit: whose key they have, None for everyone's, and until when."""

    key: str | None
    since: datetime
    until: datetime
    calls: Count


class CallRule(Record):
    """A rule for some calls: how many it has `seen` and `struck`, how many are `left`, and its scenario's line.

    With a rate limit, `windows` are the newest in which it counts.
    """

    id: str
    seen: Count
    struck: Count
    left: Count | None
    place: str | None
    windows: LeftOut[tuple[RateWindow, ...]]


class Fault(CallRule, component="fault"):
    """A fault as it is written, and what it has counted."""

    fault: JsonDict


class Faults(Record):
    """The faults of a world."""

    faults: tuple[Fault, ...]


class Reply(CallRule, component="reply"):
    """A reply in place of the vendor's as it is written, and what it has counted."""

    reply: JsonDict


class Replies(Record):
    """The replies of a world in place of the vendors'."""

    replies: tuple[Reply, ...]


class TimelineEvent(Record, component="timeline-event"):
    """Something that somebody else is to do, as it is written; it is `due` at an instant, or None before a call.

    Of the calls that it follows, how many it has `seen`; how often it has `happened`, and may yet: `left`, None without end.
    And its scenario's line.
    """

    id: str
    event: JsonDict
    due: datetime | None
    seen: Count
    happened: Count
    left: Count | None
    place: str | None


class Timeline(Record):
    """The deeds of somebody else that a world waits for."""

    timeline: tuple[TimelineEvent, ...]
