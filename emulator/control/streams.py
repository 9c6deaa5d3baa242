"""Control routes that go on for as long as their client listens: the journal of a world, and the worlds of the server."""

from __future__ import annotations

from typing import Any

from emulator.control.journal import FILTERS, SINCE
from emulator.control.negotiation import EVENTS_TYPE
from emulator.control.record import TEXT
from emulator.control.route import ControlRequest, route
from emulator.kernel.errors import BadInput, Conflict, NotFound, TooMany
from emulator.kernel.limits import Limits
from emulator.kernel.world import World
from emulator.web.connection import connection_of

NO_STREAM = "a stream goes on for ever: read it from a server, or in this process by `httpx.AsyncClient.stream`"
TOO_MANY_STREAMS = "{} streams are open, and no more are allowed: {}"
LAST_EVENT = "last-event-id"

SINCE_ENTRY = {"since": {**SINCE, "description": "begin after this entry; left out, with what comes from now on"}}
NAMED = {"world": {**TEXT, "description": "only this world; several may be named, and without any it is about all"}}


@route(
    "GET",
    "/worlds/{world}/journal/stream",
    "The journal as it grows: server-sent events",
    query={**SINCE_ENTRY, **FILTERS},
    raw=EVENTS_TYPE,
)
def journal_stream(world: World, request: ControlRequest) -> Any:
    from emulator.control.event_stream import EventStream
    from emulator.control.journal_feed import JournalFeed, Place
    from emulator.control.journal_filter import EntryFilter

    expect_room(request)
    world.settle()
    context, http = request.context, request.http
    place = Place.of(world.journal, request.number("since", world.journal.last))
    if token := http.headers.get(LAST_EVENT):
        place = Place.read(token, context.started, world.journal)
    chosen = EntryFilter.of(http.query_params, context)
    return EventStream(JournalFeed(context, world, chosen, place), context.streams)


@route("GET", "/stream", "The worlds: an event whenever something about one has changed", query=NAMED, raw=EVENTS_TYPE)
def worlds_stream(request: ControlRequest) -> Any:
    from emulator.control.event_stream import EventStream
    from emulator.control.worlds_feed import WorldsFeed

    expect_room(request)
    context, ids = request.context, [id for name, id in request.http.query if name == "world"]
    for id in ids:
        if id not in context.worlds:
            raise BadInput.at(str(NotFound("world", id, [it.id for it in context.worlds])), "world")
    return EventStream(WorldsFeed(context, frozenset(ids), context.streams.watch), context.streams)


def expect_room(request: ControlRequest) -> None:
    """Make sure that the server has room for another stream, and the client a way to read it.

    Raises:
        Conflict: the client reads no answer before its end.
        TooMany: there are as many streams as there may be.
    """
    if not connection_of(request.http.scope).can_stream:
        raise Conflict(NO_STREAM)
    if request.context.streams.is_full:
        most = request.context.limits.streams
        raise TooMany(TOO_MANY_STREAMS.format(most, Limits.more("streams")))
