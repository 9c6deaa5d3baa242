"""Control routes over a world's past: snapshots, the ways back to them, and the differences since."""

from __future__ import annotations

from emulator.control.clock import clock_of
from emulator.control.differences import AFTER, LIMIT, page_for
from emulator.control.models import Comparison, Moment, Position, Snapshots
from emulator.control.record import TEXT
from emulator.control.route import ControlRequest, route
from emulator.control.worlds import check_shown
from emulator.kernel.past import BEGINNING, NOW
from emulator.kernel.world import World
from emulator.scenario.state_schema import closed
from emulator.state.diff import between

NAME = {"type": "string", "pattern": "^[^/\\s]([^/]{0,98}[^/\\s])?$", "description": "1 to 100 characters, no /"}
SNAPSHOT = closed({"name": NAME}, "name", examples=[{"name": "before"}])
PAST = {"type": "string", "minLength": 1, "description": "a snapshot's name, `beginning`, or `entry/N` of the journal"}
RESTORED = closed({"name": PAST}, "name", examples=[{"name": "before"}])
UNDO = closed({"exchanges": {"type": "integer", "minimum": 1}})


@route("GET", "/worlds/{world}/snapshots", "The snapshots there are")
def snapshots(world: World, _: ControlRequest) -> Snapshots:
    return Snapshots(tuple(Moment(name, it.at) for name, it in world.snapshots.items()))


@route("POST", "/worlds/{world}/snapshots", "Keep the present under a name", status=201, body=SNAPSHOT)
def snapshot(world: World, request: ControlRequest) -> Moment:
    name = request.body["name"]
    check_shown(name, "name")
    return Moment(name, world.snapshot(name).at)


@route("DELETE", "/worlds/{world}/snapshots/{name}", "Drop a snapshot", takes_long=True)
def drop(world: World, request: ControlRequest) -> None:
    world.drop_snapshot(request.path_param("name"))


@route("POST", "/worlds/{world}/restore", "Back to a snapshot, an entry, or the beginning", body=RESTORED, takes_long=True)
def restore(world: World, request: ControlRequest) -> Position:
    world.restore(request.body["name"])
    return Position(clock_of(world), world.journal.last)


@route("POST", "/worlds/{world}/undo", "Back to before the newest exchanges", body=UNDO, takes_long=True)
def undo(world: World, request: ControlRequest) -> Position:
    world.undo(request.body.get("exchanges", 1))
    return Position(clock_of(world), world.journal.last)


@route(
    "GET",
    "/worlds/{world}/diff",
    "The differences between two moments",
    query={"from": TEXT, "to": TEXT, **LIMIT, **AFTER},
    takes_long=True,
)
def diff(world: World, request: ControlRequest) -> Comparison:
    query = request.http.query_params
    source, target = query.get("from", BEGINNING), query.get("to", NOW)
    before, after = (request.context.moment(world, name) for name in (source, target))
    differences = page_for(request, between(before, after, request.context.vendors))
    return Comparison(Moment(source, before.at), Moment(target, after.at), *differences)
