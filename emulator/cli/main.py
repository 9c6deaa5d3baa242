"""The commands: check, play, schema, openapi, draw and certificate are here; the others have files of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.cli.explain import explain
from emulator.cli.explore import explore
from emulator.cli.healthcheck import healthcheck
from emulator.cli.listing import list_command
from emulator.cli.local_scenarios import open_library
from emulator.cli.options import scenarios_option, token_option
from emulator.cli.serve import authority, serve
from emulator.cli.terminal import Program
from emulator.kernel.errors import BadInput, EmulatorError
from emulator.text.escape import escaped

if TYPE_CHECKING:
    from emulator.scenario.library import Library
    from emulator.scenario.scenario import Scenario

CONTEXT = {"help_option_names": ["-h", "--help"]}


@click.group(cls=Program, context_settings=CONTEXT)
@click.version_option(package_name="batch-emulator", prog_name="batch-emulator")
def main() -> None:
    """A local server that is SerpWow, Stripe Batch Jobs, 6DOT50 PAY and others to a client program."""


main.add_command(explain)
main.add_command(list_command)
main.add_command(serve)


@main.command()
@click.argument("path", nargs=-1)
@click.option(
    "--evidence",
    is_flag=True,
    envvar="EMULATOR_EVIDENCE",
    help="Print where every fact leads: its row and the scenario that proves it.",
)
@click.option(
    "--support",
    "--works",
    "support",
    is_flag=True,
    envvar=["EMULATOR_SUPPORT", "EMULATOR_WORKS"],
    help="Print every operation with the answers it gives, and how sure we are of each.",
)
@scenarios_option
def check(path: Sequence[str], evidence: bool, support: bool, folders: Sequence[Path]) -> None:
    """Read scenario files (PATH: a file, a folder or a name) without running them; tell every mistake."""
    if evidence or support:
        from emulator.reports.evidence_trace import evidence_traces, play_all, trace_lines
        from emulator.reports.support_matrix import answers, coverage

        known = open_library(())
        played = play_all(known)
        lines = trace_lines(evidence_traces(known, played)) if evidence else []
        lines += coverage(answers(played)) if support else []
        click.echo("\n".join(lines))
        return
    if not path:
        raise click.UsageError("name a scenario, a file or a folder, or ask for --evidence")
    scenarios, mistakes = _open_all(open_library(folders), path)
    for line in mistakes:
        click.echo(line, err=True)
    if mistakes:
        raise click.exceptions.Exit(1)
    click.echo(f"{_counted(scenarios)}, no mistakes")


@main.command()
@click.argument("path", nargs=-1, required=True)
@click.option("--against", metavar="URL", envvar="EMULATOR_URL", show_envvar=True, help="Play on a server that is running.")
@token_option("What the control plane of that server demands.")
@scenarios_option
def play(path: Sequence[str], against: str | None, token: str | None, folders: Sequence[Path]) -> None:
    """Play the steps of each scenario (PATH: a file, a folder or a name); report every difference."""
    scenarios, lines = _open_all(open_library(folders), path)
    found = _differences(scenarios, against, token)
    for line in (*lines, *found):
        click.echo(line, err=True)
    if found:
        click.echo(f"{_counted(scenarios)} played, {len(found)} difference{'s' if len(found) > 1 else ''}", err=True)
    if lines or found:
        raise click.exceptions.Exit(1)
    idle = sum(not scenario.steps for scenario in scenarios)
    unproved = f"; {idle} {'has' if idle == 1 else 'have'} no steps, so nothing in {'it' if idle == 1 else 'them'} was compared"
    click.echo(f"{_counted(scenarios)} played, no differences{unproved if idle else ''}")


@main.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from emulator.scenario.descriptions import described_schema
    from emulator.vendors import VENDORS

    click.echo(json.dumps(described_schema(VENDORS), indent=2))


@main.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of both planes."""
    from emulator.control.openapi import document
    from emulator.vendors import VENDORS

    click.echo(json.dumps(document(VENDORS), indent=2))


@main.command()
@click.argument("vendor")
def draw(vendor: str) -> None:
    """Print the machines of VENDOR, such as serpwow, as Mermaid."""
    from emulator.kernel.errors import NotFound
    from emulator.reports.diagrams import draw as draw_machines
    from emulator.vendors import VENDORS

    if vendor not in VENDORS:
        raise click.ClickException(str(NotFound("vendor", vendor, VENDORS)))
    click.echo(draw_machines(VENDORS[vendor]))


@main.command()
def certificate() -> None:
    """Print the certificate (PEM) of the authority that vouches for `serve --tls`; made where there is none yet."""
    click.echo(authority(()).certificate, nl=False)


main.add_command(healthcheck)
main.add_command(explore)


def _open_all(known: Library, paths: Sequence[str]) -> tuple[list[Scenario], list[str]]:
    """The scenarios of all these files, folders and names, and the mistakes that were found in them."""
    scenarios: list[Scenario] = []
    mistakes: list[str] = []
    for path in _files(paths):
        try:
            scenarios.append(known.open(path))
        except BadInput as error:
            mistakes += error.lines()
        except EmulatorError as error:
            mistakes.append(escaped(f"{path}: {error}"))
    return scenarios, mistakes


def _counted(scenarios: Sequence[Scenario]) -> str:
    return f"{len(scenarios)} scenario{'' if len(scenarios) == 1 else 's'}"


def _files(paths: Sequence[str]) -> Iterator[str]:
    from emulator.scenario.files import ENDINGS
    from emulator.scenario.library import skipped_files_message, split_scenarios
    from emulator.vendors import VENDORS

    for path in paths:
        if not Path(path).is_dir():
            yield path
            continue
        found, others = split_scenarios(sorted(Path(path).rglob("*"), key=str), VENDORS)
        if others:
            click.echo(skipped_files_message(others), err=True)
        if not found:
            raise click.ClickException(f"{path} holds no scenario: no file in it ends in {ENDINGS}")
        yield from map(str, found)


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
