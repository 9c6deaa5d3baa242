"""The command `play`: plays the steps of scenarios, in this process or on a running server, and reports differences."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.cli.options import option, scenarios_option, token_option
from emulator.cli.scenario_arguments import count, open_all, open_library
from emulator.cli.settings import TextSettings, set_option
from emulator.kernel.errors import truncate
from emulator.text.escape import escaped

if TYPE_CHECKING:
    from emulator.scenario.scenario import Scenario


MOST = 100
"""Differences that are told; of the others, how many there are."""


@click.command()
@click.argument("path", nargs=-1, required=True)
@option("--against", metavar="URL", envvar="EMULATOR_URL", help="Play on a server that is running.")
@token_option("What the control plane of that server demands.")
@option("--strict", is_flag=True, help="Take what is written and can have no effect for a mistake, not for a warning.")
@set_option
@scenarios_option
def play(
    path: Sequence[str],
    against: str | None,
    token: str | None,
    strict: bool,
    settings: TextSettings | None,
    folders: Sequence[Path],
) -> None:
    """Play the steps of each scenario (PATH: a file, a folder, a name or a vendor); report every difference."""
    scenarios, mistakes = open_all(open_library(folders), path, strict, settings)
    differences = _differences(scenarios, against, token)
    n = len(differences)
    for line in (*mistakes, *differences[:MOST]):
        click.echo(truncate(line), err=True)
    if n > MOST:
        click.echo(f"... and {n - MOST} differences more", err=True)
    if n:
        click.echo(f"{count(scenarios)} played, {n} difference{'s' if n > 1 else ''}", err=True)
    if mistakes or differences:
        raise click.exceptions.Exit(1)
    idle = sum(not scenario.steps for scenario in scenarios)
    unproved = f"; {idle} {'has' if idle == 1 else 'have'} no steps, so nothing in {'it' if idle == 1 else 'them'} was compared"
    click.echo(f"{count(scenarios)} played, no differences{unproved if idle else ''}")


def _differences(scenarios: Sequence[Scenario], against: str | None, token: str | None) -> list[str]:
    from emulator.client.http import HttpClient
    from emulator.client.in_process import InProcessClient
    from emulator.scenario.client import NoResponse
    from emulator.scenario.player import play
    from emulator.text.redact import redact_text

    try:
        with HttpClient(against, token) if against else nullcontext(InProcessClient()) as client:
            return [str(difference) for scenario in scenarios for difference in play(scenario, client).differences]
    except NoResponse as error:
        raise click.ClickException(escaped(f"no emulator answers at {redact_text(against or '')}: {error}")) from None
