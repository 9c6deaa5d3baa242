"""Values of the environment."""

from __future__ import annotations

import os


def env(name: str) -> str | None:
    """Return the stripped value of an environment variable, None where it is unset or blank."""
    return os.environ.get(name, "").strip() or None
