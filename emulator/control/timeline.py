"""Control routes over the timeline of a world: what somebody else does in it, by itself or after a call."""

from __future__ import annotations

from datetime import datetime

from emulator.control import rule_models
from emulator.control.differences import abridged
from emulator.control.record import ref
from emulator.control.route import ControlRequest, route
from emulator.control.rule_models import Timeline
from emulator.kernel.consequences import Removal
from emulator.kernel.errors import BadInput, NotFound
from emulator.kernel.time import format_duration, parse_duration
from emulator.kernel.timeline import CALL_OFF, Reaction, TimelineEvent
from emulator.kernel.world import World
from emulator.scenario.checks.accounts import account_problems
from emulator.scenario.checks.states import state_problems
from emulator.scenario.checks.timeline import event_problems
from emulator.scenario.document import Item, JsonDict, JsonObject
from emulator.scenario.timeline import add_event_to, number_of
from emulator.text.checkpoint import checkpoint
from emulator.text.redact import redact_body
from emulator.text.secrets import redact

Event = TimelineEvent | Reaction


@route("GET", "/worlds/{world}/timeline", "What somebody else is to do, by itself or after a call", takes_long=True)
def timeline(world: World, _: ControlRequest) -> Timeline:
    world.settle()
    return Timeline(tuple(_event(world, it) for it in _events(world)))


@route(
    "POST",
    "/worlds/{world}/timeline",
    "Arrange something, as a scenario writes it",
    status=201,
    body=ref("new-event"),
    takes_long=True,
)
def add(world: World, request: ControlRequest) -> rule_models.TimelineEvent:
    """A time is counted from now."""
    context, body = request.context, request.body
    context.admit(body.get("set"), world.quota)
    accepted = {name: list(it) for name, it in world.rules.credentials.items() if it is not None}
    accounts, changes = world.rules.accounts, body.get("set")
    problems = [*event_problems(Item((), body, body), context.vendors, accepted, accounts)]
    problems += state_problems(changes, context.vendors, ("set",))
    if problems := [*problems, *account_problems(changes, context.vendors, accounts, ("set",))]:
        raise BadInput(problems)
    with world.transaction("arrange") as tx:
        event = add_event_to(tx, world, context.vendors, body, "")
    shown = _event(world, event)
    world.settle()
    return shown


@route("DELETE", "/worlds/{world}/timeline", "Nothing of it happens any more", takes_long=True)
def clear(world: World, _: ControlRequest) -> None:
    with world.transaction(CALL_OFF) as tx:
        tx.follow([*map(Removal, tx.group(TimelineEvent)), *map(Removal, tx.group(Reaction))])


@route("GET", "/worlds/{world}/timeline/{event}", "One of it: when it is due, how often it happened", takes_long=True)
def show(world: World, request: ControlRequest) -> rule_models.TimelineEvent:
    world.settle()
    return _event(world, _find(world, request.path_param("event")))


@route("DELETE", "/worlds/{world}/timeline/{event}", "It does not happen any more", takes_long=True)
def remove(world: World, request: ControlRequest) -> None:
    world.settle()
    event = _find(world, request.path_param("event"))
    with world.transaction(CALL_OFF) as tx:
        tx.follow(map(Removal, [event, *_coming(world, event)]))


def _events(world: World) -> list[Event]:
    """Return what was arranged and is not over, in that order; not what has come of it so far."""
    planned = [it for it in world.store.group(TimelineEvent.kind) if it.of is None]
    return sorted([*planned, *world.store.group(Reaction.kind)], key=lambda it: number_of(it.id))


def _find(world: World, id: str) -> Event:
    found = {it.id: it for it in _events(world)}
    if id not in found:
        raise NotFound("event of the timeline", id, [*found])
    return found[id]


def _event(world: World, event: Event) -> rule_models.TimelineEvent:
    """Return an event as a record: as it is written, long texts cut, durations in one form; no credential can be read in it."""
    checkpoint()
    written = redact_body(abridged(_without_credentials(event.written)))
    seen, happened, left = _counts(event)
    lengths = {key: format_duration(parse_duration(written[key])) for key in _durations_of(event) if key in written}
    return rule_models.TimelineEvent(event.id, written | lengths, _due(world, event), seen, happened, left, event.place or None)


def _counts(event: Event) -> tuple[int, int, int | None]:
    """Return the calls that an event counted, how often it happened because of them, and how often it may yet."""
    if isinstance(event, TimelineEvent):
        return 0, 0, 1
    return event.seen, event.struck, None if event.times is None else event.times - event.struck


def _durations_of(event: Event) -> tuple[str, ...]:
    return ("wait",) if isinstance(event, Reaction) else ("after",)


def _without_credentials(written: JsonObject) -> JsonDict:
    if "revoke" not in written:
        return dict(written)
    hidden = {
        name: [redact(it) if isinstance(it, str) else {key: redact(part) for key, part in it.items()} for it in listed]
        for name, listed in written["revoke"].items()
    }
    return {**written, "revoke": hidden}


def _due(world: World, event: Event) -> datetime | None:
    """Return the instant of the clock at which it happens next; None where that needs a call first."""
    coming = [event] if isinstance(event, TimelineEvent) else _coming(world, event)
    return world.clock.client_time(min(it.at for it in coming)) if coming else None


def _coming(world: World, event: Event) -> list[TimelineEvent]:
    """Return what is due because of calls so far."""
    return world.store.group(TimelineEvent.kind, "of", event.id)
