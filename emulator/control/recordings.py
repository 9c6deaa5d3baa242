"""The control route that gives a world's story as a scenario."""

from __future__ import annotations

from emulator.control.models import Recording
from emulator.control.negotiation import YAML_TYPE
from emulator.control.record import TEXT
from emulator.control.route import ControlRequest, route
from emulator.kernel.world import World


@route(
    "GET",
    "/worlds/{world}/record",
    "What happened, as a scenario that plays",
    query={"title": {**TEXT, "description": "in place of that of the world's scenario"}},
    forms={YAML_TYPE: lambda it: it.scenario.removesuffix("\n")},
    default_form=YAML_TYPE,
    takes_long=True,
)
def record(world: World, request: ControlRequest) -> Recording:
    from emulator.recording.recorder import record_world  # with the first: nobody else needs it, and YAML

    title = request.http.query_params.get("title")
    return Recording(*record_world(world, request.context.vendors, title))
