"""The GUIDs by which 6DOT50 knows its things."""

from __future__ import annotations

import re
from uuid import UUID

from emulator.sdk import View

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_id(view: View, kind: str) -> str:
    """A GUID that nothing of the kind has yet: a state that was shown may have brought some of the same seed along."""
    while True:
        id = str(UUID(bytes=view.mint(kind)[:16], version=4))
        if view.find(kind, id) is None:
            return id
