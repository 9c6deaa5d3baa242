"""The version of the installed package."""

from __future__ import annotations

from functools import cache


@cache
def version() -> str:
    """Return the version that the package was installed with; to look it up takes longer than most of a start."""
    from importlib.metadata import version as installed

    return installed("batch-emulator")
