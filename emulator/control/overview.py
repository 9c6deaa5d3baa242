"""Control routes over what is in a world at a moment: counts by status, pages of resources, one of them, numbers over time."""

from __future__ import annotations

from emulator.control.overview_models import Numbers, Overview, ResourcePage, ResourceView
from emulator.control.record import TEXT
from emulator.control.route import ControlRequest, route
from emulator.kernel.past import NOW
from emulator.kernel.world import World

MAX_RESOURCES = 200
"""Resources of a page at most."""

MAX_POINTS = 1_000
"""Points of a series at most."""

AT = {"at": {**TEXT, "default": NOW, "description": "a moment: `now`, `beginning`, a snapshot's name, or `entry/N`"}}
NARROWED = {"vendor": TEXT, "kind": TEXT, "status": TEXT}
PAGE = {
    "text": {**TEXT, "description": "a part of an id or a name"},
    "after": {**TEXT, "description": "where to go on: the `after` of the page before"},
    "limit": {"type": "integer", "minimum": 1, "maximum": MAX_RESOURCES, "default": MAX_RESOURCES},
}
POINTS = {"limit": {"type": "integer", "minimum": 2, "maximum": MAX_POINTS, "default": MAX_POINTS}}


@route("GET", "/worlds/{world}/overview", "How much of everything is there at a moment", query=AT, takes_long=True)
def overview(world: World, request: ControlRequest) -> Overview:
    from emulator.control.totals import overview_of

    return overview_of(world, request.context, request.http.query_params.get("at", NOW))


@route("GET", "/worlds/{world}/resources", "Resources at a moment", query={**NARROWED, **PAGE, **AT}, takes_long=True)
def resources(world: World, request: ControlRequest) -> ResourcePage:
    from emulator.control.resources import page_of

    return page_of(world, request, request.bounded("limit", MAX_RESOURCES))


@route("GET", "/worlds/{world}/resources/{vendor}/{kind}/{id:path}", "A resource at a moment", query=AT, takes_long=True)
def resource(world: World, request: ControlRequest) -> ResourceView:
    from emulator.control.resource import view_of

    return view_of(world, request)


@route("GET", "/worlds/{world}/numbers", "The numbers of the vendors over time", query=POINTS, takes_long=True)
def numbers(world: World, request: ControlRequest) -> Numbers:
    from emulator.control.totals import numbers_of

    return numbers_of(world, request.context, request.bounded("limit", MAX_POINTS, least=2))
