"""The destination object."""

from __future__ import annotations

import re

from emulator.sdk import JsonDict, View
from emulator.vendors.serpwow.assumptions.answers import DESTINATION_FIELDS, USED_BY
from emulator.vendors.serpwow.destinations.model import Destination
from emulator.vendors.serpwow.model.batches import Batch


def render_destination(view: View, destination: Destination) -> JsonDict:
    """Return a destination without its secrets, in the order of the sample. Evidence: serpwow-destinations-5."""
    is_shown = destination.type == "s3" or view.choice(DESTINATION_FIELDS) == "all-but-secrets"
    return {
        "id": destination.id,
        "name": destination.name,
        "type": destination.type,
        "enabled": destination.enabled,
        "used_by": _used_by(view, destination),
        **{name: value for name, value in destination.settings if is_shown and not _is_secret(name)},
    }


def _used_by(view: View, destination: Destination) -> int:
    """Return the number of batches that name it. Evidence: serpwow-destinations-16."""
    if view.choice(USED_BY) == "all":
        return view.size(Batch, "destination", destination.owner, destination.id)
    return sum(batch.enabled for batch in view.group(Batch, "destination", destination.owner, destination.id))


def _is_secret(name: str) -> bool:
    return re.search(r"secret|key|token|password|credential|connection", name) is not None
