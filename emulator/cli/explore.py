"""The command `explore`: any program, tried with everything that could come in its way."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.explore_options import read_faults, read_max_seconds, read_meanwhile
from emulator.cli.options import option, reads
from emulator.client.explore_mixin import MAX_SECONDS
from emulator.client.watchdog import EVERY

if TYPE_CHECKING:
    from emulator.client.emulator import Emulator


STDERR = 2
"""The stream for the program's own output, so that the report has standard output to itself."""


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]})
@click.argument("scenario")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@option(
    "--fault",
    "faults",
    multiple=True,
    metavar="WHERE:DO[:FOR]",
    callback=reads(read_faults),
    help="Lay it at each call: after-commit:drop, before-commit:503, after-commit:delay:30s, mid-body:dribble:50ms.",
)
@option(
    "--meanwhile",
    multiple=True,
    metavar="CHANGE",
    callback=reads(read_meanwhile),
    help="Have somebody else do it between calls: '{serpwow: {batches: [{id: B1, deleted: true}]}}', or {revoke: ...}.",
)
@option(
    "--max-runs",
    "--most",
    "most",
    default=1000,
    type=click.IntRange(min=1),
    envvar=["EMULATOR_MAX_RUNS", "EMULATOR_MOST"],
    help="How many endings to try.",
)
@option(
    "--max-seconds",
    default=f"{MAX_SECONDS:g}s",
    metavar="DURATION",
    callback=reads(read_max_seconds),
    help="For how long to try them, all in all.",
)
@option(
    "--deliver-to",
    multiple=True,
    metavar="HOST[:PORT]",
    help="Where notifications may be posted in the runs, as `serve --deliver-to` says.",
)
def explore(
    scenario: str,
    command: Sequence[str],
    faults: Sequence[Mapping[str, Any]],
    meanwhile: Sequence[Mapping[str, Any]],
    most: int,
    max_seconds: float,
    deliver_to: Sequence[str],
) -> None:
    """Run COMMAND (after --) once for every way in which time, a fault or somebody else could come between its calls.

    Without a COMMAND, the steps of the scenario are played, once for each order in which those that run together can come.

    Its exit code says whether something broke. It finds its world by EMULATOR_URL, and for each vendor by variables such as
    SERPWOW_URL, SERPWOW_API_KEY, SIXDOT50_KEY and SIXDOT50_SECRET. Before each run, standard error says what is tried;
    Ctrl-C prints what was found so far.
    """
    from emulator.client.emulator import Emulator
    from emulator.client.environment import env
    from emulator.client.exploration import Explored
    from emulator.client.explore import ClientFailed, OutOfTime
    from emulator.client.server import EmulatorServer
    from emulator.kernel.errors import EmulatorError

    if command and shutil.which(command[0]) is None:
        raise click.ClickException(f"there is no command {command[0]!r}")

    def client(emulator: Emulator) -> None:
        if code := run(command, {**os.environ, **environment(emulator)}):
            raise ClientFailed(f"exit code {code}")

    found = Explored()

    def progress(explored: Explored, what: str) -> None:
        nonlocal found
        found = explored
        click.echo(f"{explored.tried + explored.skipped} of {explored.endings or '?'}: {what}", err=True)

    try:
        with EmulatorServer(env("EMULATOR_URL"), deliver_to=deliver_to or None) as server, Emulator(server=server) as emulator:
            found = emulator.explore(
                scenario,
                client if command else None,
                faults=faults,
                meanwhile=meanwhile,
                most=most,
                max_seconds=max_seconds,
                progress=progress,
            )
    except KeyboardInterrupt:
        click.echo(str(found))
        raise click.exceptions.Exit(128 + signal.SIGINT) from None
    except OutOfTime as error:
        click.echo(str(error.explored))
        raise click.ClickException(str(error)) from None
    except EmulatorError as error:
        raise click.ClickException(str(error)) from None
    click.echo(str(found))
    if found.broken:
        raise click.exceptions.Exit(1)


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program to its end and return its exit code. Where this is interrupted, it is killed with all that it began.

    It is started by another thread, where no interrupt is raised, so that none comes between its start and our knowing it.
    """
    started: list[subprocess.Popen[bytes]] = []
    try:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(_start, command, environment, started).result()
        return _end_of(started[0])
    finally:
        for process in started:
            _kill(process)


def _start(command: Sequence[str], environment: Mapping[str, str], started: list[subprocess.Popen[bytes]]) -> None:
    group = 0 if os.name == "posix" else None
    started.append(subprocess.Popen(command, env=environment, stdout=STDERR, process_group=group))  # noqa: S603  as we are told


def _end_of(process: subprocess.Popen[bytes]) -> int:
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(EVERY)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a program that has not ended by itself."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL) if os.name == "posix" else process.kill()
        process.wait()


def environment(emulator: Emulator) -> dict[str, str]:
    """Return the variables by which a program finds its world: the server's URL, and each vendor's URL and credentials."""
    from emulator.scenario.accounts import placeholders
    from emulator.vendors import VENDORS

    variables = {"EMULATOR_URL": emulator.url}
    for name, vendor in VENDORS.items():
        fields = {**emulator.credentials[name], "url": emulator[name].url}
        for place, value in placeholders({name: fields}).items():
            words = f"{vendor.python_name}{place.removeprefix(name)}"
            variables[re.sub("[^0-9A-Za-z]", "_", words).upper()] = value
    return variables
