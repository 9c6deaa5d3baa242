"""The command `explore`: any program, tried with everything that could come in its way."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from emulator.handle.emulator import Emulator


STDERR = 2
"""Where what the program says goes, so that the report has standard output to itself."""


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]})
@click.argument("scenario")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="WHERE:DO",
    envvar="EMULATOR_FAULT",
    show_envvar=True,
    callback=lambda _, __, written: [read(it) for it in written],
    help="Lay it at each call; status takes a number: WHERE:503.",
)
@click.option(
    "--most",
    default=1000,
    type=click.IntRange(min=1),
    envvar="EMULATOR_MOST",
    show_envvar=True,
    show_default=True,
    help="How many endings to try.",
)
def explore(scenario: str, command: Sequence[str], faults: Sequence[Mapping[str, Any]], most: int) -> None:
    """Run COMMAND (after --) once for every way in which time or a fault could come between its calls.

    Its exit code says whether something broke. It finds its world by EMULATOR_URL, SERPWOW_URL, SERPWOW_API_KEY,
    STRIPE_URL, STRIPE_API_KEY, SIXDOT50_URL, SIXDOT50_KEY and SIXDOT50_SECRET.
    """
    from emulator.handle.emulator import Emulator
    from emulator.kernel.errors import EmulatorError

    if shutil.which(command[0]) is None:
        raise click.ClickException(f"there is no command {command[0]!r}")

    def client(emulator: Emulator) -> None:
        told = {**os.environ, **environment(emulator)}
        done = subprocess.run(command, env=told, stdout=STDERR, check=False)  # noqa: S603  it is what we are told
        assert done.returncode == 0, f"exit code {done.returncode}"  # noqa: S101  it is how a client tells

    try:
        with Emulator() as emulator:
            explored = emulator.explore(scenario, client, faults=faults, most=most)
    except EmulatorError as error:
        raise click.ClickException(str(error)) from None
    click.echo(str(explored))
    if explored.broken:
        raise click.exceptions.Exit(1)


def environment(emulator: Emulator) -> dict[str, str]:
    """What a program is told of its world."""
    return {
        "EMULATOR_URL": emulator.url,
        "SERPWOW_URL": emulator.serpwow.url,
        "SERPWOW_API_KEY": emulator.serpwow.api_key,
        "STRIPE_URL": emulator.stripe.url,
        "STRIPE_API_KEY": emulator.stripe.api_key,
        "SIXDOT50_URL": emulator.sixdot50.url,
        "SIXDOT50_KEY": emulator.sixdot50.key,
        "SIXDOT50_SECRET": emulator.sixdot50.secret,
    }


def read(fault: str) -> dict[str, Any]:
    """A fault as it is written on the command line: `after-commit:drop`, `before-commit:503`."""
    where, _, do = fault.partition(":")
    if not (where and do):
        raise click.BadParameter(f"{fault!r} is not WHERE:DO, such as after-commit:drop or before-commit:503")
    return {"where": where, "do": "status", "status": int(do)} if do.isdecimal() else {"where": where, "do": do}
