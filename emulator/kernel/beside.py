"""From which sizes on a request is carried out beside the event loop, so that no other client waits for it."""

from __future__ import annotations

LARGE_WORLD = 5_000
"""Resources of a world beyond which whatever it is asked may take long."""

MANY_RESOURCES = 250
"""Resources of a world beyond which what touches each of them may take long."""
