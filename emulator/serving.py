"""The command `serve`: one server for all worlds, in front, until the process is told to stop."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.kernel.errors import EmulatorError
from emulator.options import Rate, host_option, limit_options, port_option, scenarios_option, tls_option, token_option

if TYPE_CHECKING:
    from emulator.tls import Tls

FIRST_SCENARIO = "first-run"
"""The scenario that `serve` takes when none is named."""


@click.command()
@click.argument("scenario", nargs=-1, envvar="EMULATOR_SCENARIO")
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
    from emulator.app import create_app, library, worlds_of
    from emulator.kernel.limits import Limits
    from emulator.server import listen, serve, url_of
    from emulator.web.guard import Guard, allowed, is_loopback

    known, limits, token_made = library(*([folder] if folder else [])), Limits(**bounds), None
    if not token and not is_loopback(host):
        token = token_made = make_token()
    tls_authority = authority(hosts) if tls else None
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
        serve(app, listening, greet, limits, tls_authority)
    except KeyboardInterrupt:
        raise click.exceptions.Exit(128 + signal.SIGINT) from None


def make_token() -> str:
    """A token that nobody can guess."""
    import secrets

    return secrets.token_urlsafe(24)


def authority(hosts: Sequence[str]) -> Tls:
    """The authority for the vendors' hosts and these.

    Raises:
        click.ClickException: there is none, and none can be made.
    """
    from emulator.tls import Tls
    from emulator.vendors import VENDORS

    try:
        return Tls([*(host for vendor in VENDORS.values() for host in vendor.hosts), *hosts])
    except EmulatorError as error:
        raise click.ClickException(str(error)) from None


def _three_curls(url: str) -> list[str]:
    """One call of each vendor to paste."""
    return [
        "Three calls to paste (the clock stands still until you move it):",
        f"  curl '{url}/live/batches/2A6F94BB/stop?api_key=demo'",
        f"  curl -X POST {url}/v2/core/batch_jobs/batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz/cancel"
        " -H 'Authorization: Bearer sk_test_123' -H 'Stripe-Version: 2026-03-25.preview'",
        f"  curl -X POST {url}/za/pay/batches/f945d71c-b00f-4e77-8175-253093157a2f/cancel -H 'Authorization: Bearer demo'",
    ]
