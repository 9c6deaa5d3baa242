"""Control routes over what was: snapshots, the ways back to them, and what is otherwise since."""

from __future__ import annotations

from typing import Any

from emulator.control.bodies import MOMENT, UNDO
from emulator.control.pages import AFTER, LIMIT, page_for
from emulator.control.route import WORLD, Asked, route, with_world
from emulator.control.schemas import TEXT, list_of, object_of, ref
from emulator.control.serializers import clock_to_json
from emulator.kernel.errors import NotFound
from emulator.kernel.time import format_instant
from emulator.kernel.world import BEGINNING, NOW, World
from emulator.state.diff import between


@route("GET", f"{WORLD}/snapshots", "The snapshots there are", object_of(snapshots=list_of(ref("moment"))))
@with_world
def snapshots(world: World, _: Asked) -> Any:
    return {"snapshots": [{"name": name, "at": format_instant(it.at)} for name, it in world.snapshots.items()]}


@route("POST", f"{WORLD}/snapshots", "Keep the present under a name", ref("moment"), status=201, body=MOMENT)
@with_world
def snapshot(world: World, asked: Asked) -> Any:
    name = asked.body["name"]
    return {"name": name, "at": format_instant(world.snapshot(name).at)}


@route("DELETE", f"{WORLD}/snapshots/{{name}}", "Drop a snapshot")
@with_world
def drop(world: World, asked: Asked) -> None:
    name = asked.named("name")
    if world.snapshots.pop(name, None) is None:
        raise NotFound("snapshot", name, world.snapshots)


@route("POST", f"{WORLD}/restore", "Back to a snapshot, or to the beginning", ref("place"), body=MOMENT)
@with_world
def restore(world: World, asked: Asked) -> Any:
    world.restore(asked.body["name"])
    return _where(world)


@route("POST", f"{WORLD}/undo", "Back to before the newest exchanges", ref("place"), body=UNDO)
@with_world
def undo(world: World, asked: Asked) -> Any:
    world.undo(asked.body.get("exchanges", 1))
    return _where(world)


@route(
    "GET",
    f"{WORLD}/diff",
    "The differences between two moments",
    ref("comparison"),
    query={"from": TEXT, "to": TEXT, **LIMIT, **AFTER},
    takes_long=True,
)
@with_world
def diff(world: World, asked: Asked) -> Any:
    source, target = (asked.request.query_params.get(*it) for it in (("from", BEGINNING), ("to", NOW)))
    moments = world.moment(source), world.moment(target)
    differences = between(*moments, asked.plane.vendors)
    return {
        "from": {"name": source, "at": format_instant(moments[0].at)},
        "to": {"name": target, "at": format_instant(moments[1].at)},
        **page_for(asked, differences),
    }


def _where(world: World) -> dict[str, Any]:
    return {"clock": clock_to_json(world), "journal": world.journal.last}
