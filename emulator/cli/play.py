"""The command `play`: plays the steps of scenarios, in this process or on a running server, and reports differences."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.cli.options import option, scenarios_option, token_option
from emulator.cli.scenario_arguments import Opened, count, open_all, open_library
from emulator.cli.settings import TextSettings, set_option
from emulator.kernel.clock import MONOTONIC
from emulator.kernel.errors import truncate
from emulator.text.escape import escaped

if TYPE_CHECKING:
    from emulator.reports.junit import PlayedCase
    from emulator.scenario.client import Client


MOST = 100
"""Differences that are told; of the others, how many there are."""


@click.command()
@click.argument("path", nargs=-1, required=True)
@option("--against", metavar="URL", envvar="EMULATOR_URL", help="Play on a server that is running.")
@token_option("What the control plane of that server demands.")
@option("--strict", is_flag=True, help="Take what is written and can have no effect for a mistake, not for a warning.")
@set_option
@option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write the results there as JUnit XML, for CI.")
@scenarios_option
def play(
    path: Sequence[str],
    against: str | None,
    token: str | None,
    strict: bool,
    settings: TextSettings | None,
    junit: Path | None,
    folders: Sequence[Path],
) -> None:
    """Play the steps of each scenario (PATH: a file, a folder, a name or a vendor); report every difference."""
    opened = open_all(open_library(folders), path, strict, settings)
    played = _play(opened, against, token)
    if junit:
        _write(junit, played)
    mistakes = [line for it in opened for line in it.mistakes]
    differences = [str(difference) for it in played if it.result for difference in it.result.differences]
    n = len(differences)
    for line in (*mistakes, *differences[:MOST]):
        click.echo(truncate(line), err=True)
    if n > MOST:
        click.echo(f"... and {n - MOST} differences more", err=True)
    if n:
        click.echo(f"{count(opened)} played, {n} difference{'s' if n > 1 else ''}", err=True)
    if mistakes or differences:
        raise click.exceptions.Exit(1)
    idle = sum(not it.scenario.steps for it in opened if it.scenario)
    unproved = f"; {idle} {'has' if idle == 1 else 'have'} no steps, so nothing in {'it' if idle == 1 else 'them'} was compared"
    click.echo(f"{count(opened)} played, no differences{unproved if idle else ''}")


def _play(opened: Sequence[Opened], against: str | None, token: str | None) -> list[PlayedCase]:
    from emulator.client.http import HttpClient
    from emulator.client.in_process import InProcessClient
    from emulator.scenario.client import NoResponse
    from emulator.text.redact import redact_text

    try:
        with HttpClient(against, token) if against else nullcontext(InProcessClient()) as client:
            return [_play_one(it, client) for it in opened]
    except NoResponse as error:
        raise click.ClickException(escaped(f"no emulator answers at {redact_text(against or '')}: {error}")) from None


def _play_one(opened: Opened, client: Client) -> PlayedCase:
    from emulator.reports.junit import PlayedCase
    from emulator.scenario.player import play

    start = MONOTONIC()
    result = play(opened.scenario, client) if opened.scenario else None
    return PlayedCase(opened.path, opened.mistakes, opened.scenario, result, MONOTONIC() - start)


def _write(path: Path, played: Sequence[PlayedCase]) -> None:
    from emulator.reports.junit import junit_report

    try:
        junit_report(played).write(path, "utf-8", xml_declaration=True)
    except OSError as error:
        raise click.ClickException(escaped(f"cannot write {path} (--junit): {error.strerror or error}")) from None
