"""The scenarios that a command is given: names in the library, files and folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os.path import isdir
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.kernel.errors import BadInput, EmulatorError
from emulator.text.escape import escaped

if TYPE_CHECKING:
    from emulator.scenario.library import Library
    from emulator.scenario.scenario import Scenario


def open_library(folders: Sequence[Path], quiet: bool = False) -> Library:
    """Return the library, and say on standard error which files in the folders are passed over."""
    from emulator.scenario.library import skipped_files_message
    from emulator.server.app import library

    known = library(*folders)
    if folders and not quiet and (others := known.others()):
        click.echo(skipped_files_message(others), err=True)
    return known


def open_all(known: Library, paths: Sequence[str]) -> tuple[list[Scenario], list[str]]:
    """Return the scenarios of all these files, folders and names, and the mistakes that were found in them.

    A name may be that of a folder in the library, as `serpwow` is.
    """
    scenarios: list[Scenario] = []
    mistakes: list[str] = []
    for path in _files(known, paths):
        try:
            scenarios.append(known.open(path))
        except BadInput as error:
            mistakes += error.lines()
        except EmulatorError as error:
            mistakes.append(escaped(f"{path}: {error}"))
    return scenarios, mistakes


def count(scenarios: Sequence[Scenario]) -> str:
    """Say how many scenarios there are."""
    return f"{len(scenarios)} scenario{'' if len(scenarios) == 1 else 's'}"


def _files(known: Library, paths: Sequence[str]) -> Iterator[str]:
    from emulator.scenario.files import ENDINGS
    from emulator.scenario.library import files_below, skipped_files_message, split_scenarios
    from emulator.vendors import VENDORS

    for path in paths:
        if not isdir(path):
            yield from [it for it in known.names() if it.startswith(f"{path}/")] or [path]
            continue
        found, others = split_scenarios(files_below(path), VENDORS)
        if others:
            click.echo(skipped_files_message(others), err=True)
        if not found:
            raise click.ClickException(f"{path} holds no scenario: no file in it ends in {ENDINGS}")
        yield from found
