"""The commands: serve, check, play, explain, schema, openapi, draw, certificate and healthcheck."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator import __version__
from emulator.explaining import explain
from emulator.handle.explore_command import explore
from emulator.kernel.errors import BadInput, EmulatorError
from emulator.options import (
    Rate,
    ScenarioName,
    host_option,
    limit_options,
    port_option,
    scenarios_option,
    tls_option,
    token_option,
)

if TYPE_CHECKING:
    from emulator.scenario.library import Library
    from emulator.scenario.scenario import Scenario
    from emulator.tls import Tls

CONTEXT = {"help_option_names": ["-h", "--help"]}
FIRST_SCENARIO = "first-run"
"""What `serve` serves when it is told nothing."""


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="batch-emulator")
def main() -> None:
    """A local server that is SerpWow, Stripe Batch Jobs and 6DOT50 PAY to a client program."""


main.add_command(explain)


@main.command()
@click.argument("scenario", nargs=-1, type=ScenarioName(), envvar="EMULATOR_SCENARIO")
@host_option
@port_option
@click.option("--clock", "rate", type=Rate(), envvar="EMULATOR_CLOCK", show_envvar=True, help="Overrides the scenarios' own.")
@scenarios_option
@token_option("What the control plane demands; made and printed where it listens beyond this machine and none is given.")
@click.option(
    "--allow-host", "hosts", multiple=True, envvar="EMULATOR_ALLOW_HOST", show_envvar=True, help="A name it may go by."
)
@tls_option
@limit_options
def serve(
    scenario: Sequence[str],
    host: str,
    port: int,
    rate: float | None,
    folder: Path | None,
    token: str | None,
    hosts: Sequence[str],
    tls: bool,
    **bounds: int,
) -> None:
    """Serve each SCENARIO (a path, or the name of a shipped one): the first as the default world."""
    # until uvicorn listens to signals: process 1 of a container is sent none for which it has no handler
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    from emulator.app import create_app, worlds_of
    from emulator.kernel.limits import Limits
    from emulator.server import listen, serve, url_of
    from emulator.web.guard import Guard, allowed, is_loopback

    known, limits, token_made = _library(folder), Limits(**bounds), None
    if not token and not is_loopback(host):
        token = token_made = make_token()
    authority = _authority(hosts) if tls else None
    try:
        worlds = worlds_of([known.open(name) for name in scenario or (FIRST_SCENARIO,)], rate, limits)
        listening = listen(host, port)
    except (EmulatorError, OSError) as error:
        raise click.ClickException(str(error)) from None
    url = url_of(listening, "https" if tls else "http")

    def greet() -> None:
        click.echo(f"EMULATOR_URL={url}")
        if token_made:
            click.echo(f"EMULATOR_CONTROL_TOKEN={token_made}", err=True)
        for line in () if scenario else _three_curls(url):
            click.echo(line, err=True)

    app = create_app(worlds, known, guard=Guard(allowed(hosts), token), limits=limits)
    try:
        serve(app, listening, greet, limits, authority)
    except KeyboardInterrupt:
        raise click.exceptions.Exit(128 + signal.SIGINT) from None


@main.command()
@click.argument("path", nargs=-1)
@click.option(
    "--evidence",
    is_flag=True,
    envvar="EMULATOR_EVIDENCE",
    help="Print where every fact leads: its row and the scenario that proves it.",
)
@click.option(
    "--works",
    is_flag=True,
    envvar="EMULATOR_WORKS",
    help="Print every operation with the answers it gives, and how sure we are of each.",
)
@scenarios_option
def check(path: Sequence[str], evidence: bool, works: bool, folder: Path | None) -> None:
    """Read scenario files (PATH: a file, a folder or a name) without running them; tell every mistake."""
    if evidence or works:
        from emulator.coverage import answers, coverage
        from emulator.trace import trace

        lines = asyncio.run(trace(_library(None))) if evidence else []
        lines += coverage(asyncio.run(answers(_library(None)))) if works else []
        click.echo("\n".join(lines))
        return
    if not path:
        raise click.UsageError("name a scenario, a file or a folder, or ask for --evidence")
    scenarios, mistakes = _open_all(_library(folder), path)
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
def play(path: Sequence[str], against: str | None, token: str | None, folder: Path | None) -> None:
    """Play the steps of each scenario (PATH: a file, a folder or a name); report every difference."""
    scenarios, lines = _open_all(_library(folder), path)
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
    from emulator.scenario.grammar import scenario_schema
    from emulator.vendors import VENDORS

    click.echo(json.dumps(scenario_schema(VENDORS), indent=2))


@main.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of both planes."""
    from emulator.openapi import document
    from emulator.vendors import VENDORS

    click.echo(json.dumps(document(VENDORS), indent=2))


@main.command()
@click.argument("vendor")
def draw(vendor: str) -> None:
    """Print the machines of VENDOR (serpwow, stripe, 6dot50) as Mermaid."""
    from emulator.draw import draw as draw_machines
    from emulator.kernel.errors import NotFound
    from emulator.vendors import VENDORS

    if vendor not in VENDORS:
        raise click.ClickException(str(NotFound("vendor", vendor, VENDORS)))
    click.echo(draw_machines(VENDORS[vendor]))


@main.command()
def certificate() -> None:
    """Print the certificate (PEM) of the authority that vouches for `serve --tls`; made where there is none yet."""
    click.echo(_authority(()).certificate, nl=False)


@main.command()
@click.option("--url", envvar="EMULATOR_URL", show_envvar=True, help="In place of --host and --port.")
@host_option
@port_option
@tls_option
def healthcheck(url: str | None, host: str, port: int, tls: bool) -> None:
    """Exit with 0 when the server is ready, with 1 when it is not."""
    import httpx

    address = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104  where it listens is not where it is reached
    base_url = url or f"{'https' if tls else 'http'}://{address}:{port}"
    try:
        # neither a proxy nor the certificate that it shows matters to whether it is ready
        httpx.get(f"{base_url}/_emulator/ready", timeout=5, verify=False, trust_env=False).raise_for_status()  # noqa: S501
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise click.ClickException(f"not ready: {error}") from None
    click.echo("ready")


main.add_command(explore)


def make_token() -> str:
    """A token that nobody can guess."""
    import secrets

    return secrets.token_urlsafe(24)


def _authority(hosts: Sequence[str]) -> Tls:
    from emulator.tls import Tls
    from emulator.vendors import VENDORS

    try:
        return Tls([*(host for vendor in VENDORS.values() for host in vendor.hosts), *hosts])
    except EmulatorError as error:
        raise click.ClickException(str(error)) from None


def _library(folder: Path | None) -> Library:
    from emulator.app import library

    return library(*([folder] if folder else []))


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
            mistakes.append(f"{path}: {error}")
    return scenarios, mistakes


def _counted(scenarios: Sequence[Scenario]) -> str:
    return f"{len(scenarios)} scenario{'' if len(scenarios) == 1 else 's'}"


def _files(paths: Sequence[str]) -> Iterator[str]:
    from emulator.scenario.files import ENDINGS, is_scenario

    for path in paths:
        if not Path(path).is_dir():
            yield path
            continue
        found = sorted(str(it) for it in Path(path).rglob("*") if is_scenario(it) and it.is_file())
        if not found:
            raise click.ClickException(f"{path} holds no scenario: no file in it ends in {ENDINGS}")
        yield from found


def _differences(scenarios: Sequence[Scenario], against: str | None, token: str | None) -> list[str]:
    import httpx

    try:
        return asyncio.run(_play_all(scenarios, against, token))
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise click.ClickException(f"no emulator answers at {against}: {error}") from None


async def _play_all(scenarios: Sequence[Scenario], against: str | None, token: str | None) -> list[str]:
    from emulator.doors import in_process, over_the_wire
    from emulator.scenario.player import play

    async with over_the_wire(against, token) if against else in_process() as client:
        return [str(difference) for scenario in scenarios for difference in (await play(scenario, client)).differences]


def _three_curls(url: str) -> list[str]:
    """One call of each vendor to paste."""
    return [
        "Three calls to paste (the clock stands still until you move it):",
        f"  curl '{url}/live/batches/2A6F94BB/stop?api_key=demo'",
        f"  curl -X POST {url}/v2/core/batch_jobs/batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz/cancel"
        " -H 'Authorization: Bearer sk_test_123' -H 'Stripe-Version: 2026-03-25.preview'",
        f"  curl -X POST {url}/za/pay/batches/f945d71c-b00f-4e77-8175-253093157a2f/cancel -H 'Authorization: Bearer demo'",
    ]
