"""The library of a command: the shipped scenarios, and those in the folders that it was given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from emulator.scenario.library import Library


def open_library(folders: Sequence[Path], quiet: bool = False) -> Library:
    """Return the library, and say on standard error which files in the folders are passed over."""
    from emulator.scenario.library import skipped_files_message
    from emulator.server.app import library

    known = library(*folders)
    if folders and not quiet and (others := known.others()):
        click.echo(skipped_files_message(others), err=True)
    return known
