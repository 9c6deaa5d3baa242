"""The rows of a destination, and the outcomes of uploads to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from emulator.sdk import ABSENT, SAME, Assume, Machine, Row, View, replace
from emulator.vendors.serpwow.assumptions.lifecycle import OTHER_ACCOUNT
from emulator.vendors.serpwow.assumptions.requests import DELETED_DESTINATION
from emulator.vendors.serpwow.destinations.model import DESTINATION_LIMIT, Destination, find_destination
from emulator.vendors.serpwow.model.account import platform_of
from emulator.vendors.serpwow.model.batches import Batch
from emulator.vendors.serpwow.requests.admission import acting_account


def exceeds_destination_limit(view: View, _: Destination | None) -> bool:
    return view.size(Destination, "owner", acting_account(view)) >= DESTINATION_LIMIT


def belongs_to_another(view: View, destination: Destination) -> bool:
    return destination.owner != acting_account(view)


AS_BAD_KEY = Assume(OTHER_ACCOUNT, "401")

COMMANDS = ("create", "update", "delete")
CREATE, UPDATE, DELETE = COMMANDS

DESTINATION = Machine(
    of=Destination,
    states=("kept",),
    commands=COMMANDS,
    timers=(),
    rows=(
        Row(ABSENT, CREATE, SAME, "too_many_destinations", "serpwow-destinations-2", when=exceeds_destination_limit),
        Row(ABSENT, CREATE, "kept", "destination", "serpwow-destinations-1"),
        Row("kept", CREATE, SAME, "destination", "serpwow-create-3"),
        *(
            row
            for command in (UPDATE, DELETE)
            for row in (
                Row("kept", command, SAME, "bad_key", "serpwow-owner-1", when=belongs_to_another, assume=AS_BAD_KEY),
                Row("kept", command, SAME, "unknown_destination", "serpwow-owner-1", when=belongs_to_another),
            )
        ),
        Row("kept", UPDATE, SAME, "destination_details", "serpwow-destinations-12"),
        Row(ABSENT, UPDATE, SAME, "unknown_destination", "serpwow-destinations-7"),
        Row("kept", DELETE, ABSENT, "destination_deleted", "serpwow-destinations-4"),
        Row(ABSENT, DELETE, SAME, "unknown_destination", "serpwow-destinations-7"),
    ),
    entry=("kept",),
)


def forget_destination(view: View, destination: Destination) -> Iterable[Batch]:
    """Return the batches that name a destination which is deleted, without its id where that is assumed."""
    if view.choice(DELETED_DESTINATION) == "no":
        for batch in view.group(Batch, "destination", destination.owner, destination.id):
            yield replace(batch, destination_ids=tuple(it for it in batch.destination_ids if it != destination.id))


class Uploads(NamedTuple):
    """The ids of the destinations to which an upload succeeded, and of those to which it failed."""

    done: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


NO_UPLOADS = Uploads()
"""The uploads of a run that is stopped, or whose batch names no destination. Evidence: serpwow-stop-9."""


def upload(view: View, batch: Batch) -> Uploads:
    """Return the outcome of uploading a batch's next result set: none to destinations that are disabled or do not exist.

    Evidence: serpwow-destinations-10 and serpwow-destinations-11.
    """
    if not batch.destination_ids:
        return NO_UPLOADS
    found = (find_destination(view, batch.owner, id) for id in dict.fromkeys(batch.destination_ids))
    enabled = [destination for destination in found if destination is not None and destination.enabled]
    failed = tuple(destination.id for destination in enabled if is_unreachable(view, destination))
    return Uploads(tuple(destination.id for destination in enabled if destination.id not in failed), failed)


def is_unreachable(view: View, destination: Destination) -> bool:
    """Return whether uploads fail because its id or a setting, such as a bucket, is one that the platform does not reach."""
    unreachable = platform_of(view).unreachable
    return any(value in unreachable for value in (destination.id, *dict(destination.settings).values()))
