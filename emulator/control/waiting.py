"""Control routes over what has not shown in a world's journal: timers that are still to end, and requests that missed it."""

from __future__ import annotations

from typing import Any

from emulator.control.route import WORLD, Asked, route, with_world
from emulator.control.schemas import list_of, object_of, ref
from emulator.kernel.time import format_instant
from emulator.kernel.world import World

PENDING = 10
"""Timers shown at most; to go through more, let time pass."""


@route("GET", f"{WORLD}/pending", "What happens next by itself", object_of(pending=list_of(ref("pending"))))
@with_world
def pending(world: World, _: Asked) -> Any:
    world.settle()
    return {"pending": [_show_due(world, *key) for key in world.agenda.upcoming(PENDING)]}


@route(
    "GET",
    f"{WORLD}/unmatched",
    "Requests since the world was made that reached no world, or the default one",
    object_of(unmatched=list_of(ref("unmatched"))),
    takes_long=True,
    leaves_world=True,
)
def unmatched(asked: Asked) -> Any:
    world = asked.plane.worlds.get(asked.named("world"))
    return {"unmatched": [it.show() for it in asked.plane.unmatched.since(world.id)]}


def _show_due(world: World, kind: str, id: str) -> dict[str, Any]:
    resource = world.store.find(kind, id)
    due = world.rules.machines[kind].due(resource, world.rules.timing, upkeep=False)
    assert due is not None  # noqa: S101  the agenda holds nothing else
    vendor, _, name = kind.partition(".")
    return {"at": format_instant(due[0]), "vendor": vendor, "resource": name, "id": id, "timer": due[1].name}
