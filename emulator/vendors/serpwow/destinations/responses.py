"""The destination object."""

from __future__ import annotations

import re
from typing import Any

from emulator.sdk import View
from emulator.vendors.serpwow.destinations.model import Destination
from emulator.vendors.serpwow.model.batches import Batch


def render_destination(view: View, destination: Destination) -> dict[str, Any]:
    """Return a destination without its secrets, in the order of the sample. Evidence: serpwow-destinations-5."""
    return {
        "id": destination.id,
        "name": destination.name,
        "type": destination.type,
        "enabled": destination.enabled,
        "used_by": view.size(Batch.kind, "destination", destination.id),
        **{name: value for name, value in destination.settings if not _is_secret(name)},
    }


def _is_secret(name: str) -> bool:
    return re.search(r"secret|key|token|password|credential|connection", name) is not None
