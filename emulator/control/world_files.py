"""Control routes over worlds as files: one is written, and one becomes a world again."""

from __future__ import annotations

from typing import Any

from emulator.control import models
from emulator.control.context import ControlContext
from emulator.control.models import WORLD_ID
from emulator.control.record import TEXT
from emulator.control.route import RELEASED, ControlRequest, Steps, route
from emulator.control.worlds import begin, check_shown, world_record
from emulator.kernel.budget import Quota
from emulator.kernel.errors import BadInput
from emulator.kernel.world import World
from emulator.sdk.json_pieces import together
from emulator.sdk.response import Stream
from emulator.store.file import ENDING, FILE_TYPE, WorldFile
from emulator.text.pattern import pattern
from emulator.text.redact import redact_text
from emulator.web.answers import AnswerRoom
from emulator.web.response import OutgoingResponse

SECRETS = {"enum": ["false", "true"], "default": "false", "description": "keep secrets as they are"}
ABOUT = {**TEXT, "maxLength": 1_000, "description": "what the first line says of it"}

NO_FILE = "the body is empty: send a file that `batch-emulator export` wrote; with curl, --data-binary @FILE"

_ID = pattern(str(WORLD_ID["pattern"]))


@route(
    "GET",
    "/worlds/{world}/export",
    "The world as a file",
    query={"secrets": SECRETS, "about": ABOUT},
    raw=FILE_TYPE,
    takes_long=True,
)
def export(world: World, request: ControlRequest) -> Steps[Any]:
    """Write a copy of the world, which goes on meanwhile."""
    from emulator.store.exporting import exported  # with the first: nobody else needs it

    context, query = request.context, request.http.query_params
    quota, is_whole = context.dry_runs.quota_apart(), query.get("secrets") == "true"
    pieces = exported(world, context.vendors, context.values, quota, secrets=is_whole, about=query.get("about", ""))
    yield RELEASED
    room = AnswerRoom(context.answers, context.limits.answer)
    joined = together(pieces(), room)
    headers = [
        (b"content-type", FILE_TYPE.encode()),
        (b"content-disposition", f'attachment; filename="{world.id}{ENDING}"'.encode()),
        (b"cache-control", b"no-store"),
    ]
    content = Stream(sum(map(len, joined)), iter(joined))
    return OutgoingResponse(200, headers, content, charge=room.charge_when_made())


@route(
    "POST",
    "/worlds/import",
    "A world from a file",
    status=201,
    as_file=True,
    query={"id": WORLD_ID},
    takes_long=True,
    of_worlds=True,
)
def read_file(request: ControlRequest) -> models.World:
    """Make a world of a file: of the id that it is given, or its former one where that is free, or another."""
    from emulator.store.importing import free_claims, opened

    context, wanted = request.context, request.http.query_params.get("id")
    if not request.body["file"]:
        raise BadInput.at(NO_FILE)
    check_shown(wanted or "", "id")
    context.worlds.check(wanted or "", ())
    limits, budget = context.bounds
    file = WorldFile(request.body["file"], limits, Quota(budget))
    with context.id_lock:
        id = wanted or _former(file.header.world, context) or context.next_id()
    world = opened(file, context.vendors, context.values, limits, budget, id)
    context.worlds.add(world, free_claims(world, context.vendors, context.worlds))
    context.unmatched.begin(world.id)
    begin(world, context)
    return world_record(world, request)


def _former(id: str, context: ControlContext) -> str | None:
    """Return the id of a world when it was written, if it can have that again."""
    is_fit = _ID.fullmatch(id) is not None and redact_text(id) == id
    return id if is_fit and id not in context.worlds else None
