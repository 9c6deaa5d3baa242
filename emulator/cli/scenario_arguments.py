"""The scenarios that a command is given: names in the library, files and folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os.path import isdir
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.kernel.errors import BadInput, EmulatorError
from emulator.kernel.resource import Struct
from emulator.text.escape import escaped

if TYPE_CHECKING:
    from emulator.cli.settings import TextSettings
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


class Opened(Struct, frozen=True):
    """A file or name that was given: its scenario, if it could be read, and the mistakes in it."""

    path: str
    scenario: Scenario | None
    mistakes: Sequence[str]


def open_all(known: Library, paths: Sequence[str], strict: bool = False, settings: TextSettings | None = None) -> list[Opened]:
    """Return what all these files, folders and names hold.

    A name may be that of a folder in the library, as `serpwow` is. What can have no effect is a mistake where they are read
    `strict`, and else a warning on standard error. A file that others include needs to be no scenario by itself.

    Raises:
        click.UsageError: a setting is no parameter of any of them.
    """
    opened = [_open(known, path, strict, settings) for path in _files(known, paths)]
    if settings:
        settings.expect_all_known()
    return [it for it in opened if not (it.mistakes and known.is_part(it.path))]


def _open(known: Library, path: str, strict: bool, settings: TextSettings | None) -> Opened:
    try:
        scenario = known.open(path, settings)
    except BadInput as error:
        return Opened(path, None, error.lines())
    except EmulatorError as error:
        return Opened(path, None, [escaped(f"{path}: {error}")])
    if not strict:
        warn(warnings_of(scenario))
    return Opened(path, scenario, warnings_of(scenario) if strict else ())


def warnings_of(scenario: Scenario) -> list[str]:
    """Return a line for each part of a scenario that can have no effect."""
    return BadInput(scenario.warnings, scenario.source).lines() if scenario.warnings else []


def warn(lines: Sequence[str]) -> None:
    """Print each line on standard error, as a warning."""
    for line in lines:
        click.echo(f"warning: {line}", err=True)


def count(opened: Sequence[Opened]) -> str:
    """Say how many scenarios could be read."""
    number = sum(it.scenario is not None for it in opened)
    return f"{number} scenario{'' if number == 1 else 's'}"


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
