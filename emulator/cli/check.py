"""The command `check`: reads scenario files without running them, and tells every mistake."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from emulator.cli.options import option, scenarios_option
from emulator.cli.scenario_arguments import count, open_all, open_library
from emulator.cli.settings import TextSettings, set_option


@click.command()
@click.argument("path", nargs=-1)
@option("--evidence", is_flag=True, help="Print where every fact leads: its row and the scenario that proves it.")
@option(
    "--support",
    "--works",
    "support",
    is_flag=True,
    envvar=["EMULATOR_SUPPORT", "EMULATOR_WORKS"],
    help="Print every operation with the answers it gives, and how sure we are of each.",
)
@option("--strict", is_flag=True, help="Take what is written and can have no effect for a mistake, not for a warning.")
@set_option
@scenarios_option
def check(
    path: Sequence[str], evidence: bool, support: bool, strict: bool, settings: TextSettings | None, folders: Sequence[Path]
) -> None:
    """Read scenario files (PATH: a file, a folder, a name or a vendor) without running them; tell every mistake."""
    if path and (evidence or support):
        raise click.UsageError("--evidence and --support are about all scenarios: name none")
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
    opened = open_all(open_library(folders), path, strict, settings)
    for line in (line for it in opened for line in it.mistakes):
        click.echo(line, err=True)
    if any(it.mistakes for it in opened):
        raise click.exceptions.Exit(1)
    click.echo(f"{count(opened)}, no mistakes")
