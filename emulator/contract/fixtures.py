"""The one place that knows where scenarios and fixtures lie: in the installed package, or beside it in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


def _folder(name: str) -> Path:
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"neither {_PACKAGE / '_data' / name} nor {_PACKAGE.parent / name} is there")


def scenarios_folder() -> Path:
    """Where the shipped scenarios lie."""
    return _folder("scenarios")


def fixtures_folder() -> Path:
    """Where the evidence, samples and schemas of the vendors lie."""
    return _folder("fixtures")


@cache
def version() -> str:
    """Return the version that the package was installed with; to look it up takes longer than most of a start."""
    from importlib.metadata import version as installed

    return installed("batch-emulator")
