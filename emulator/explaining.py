"""The command `explain`: asks a running server why an exchange went as it did, and prints it for people."""

from __future__ import annotations

import json
from urllib.parse import quote

import click

from emulator.options import server_url_option, token_option


@click.command()
@click.argument("number", metavar="[N]", required=False, type=click.IntRange(min=1))
@server_url_option("The server to ask.")
@click.option("--world", default="default", envvar="EMULATOR_WORLD", show_default=True, show_envvar=True)
@token_option("What the server demands.")
def explain(number: int | None, url: str, world: str, token: str | None) -> None:
    """Explain exchange N of a world on a running server, or the newest; the header Emulator-Exchange of a reply names both."""
    from emulator.reach import HttpClient
    from emulator.scenario.client import NoResponse
    from emulator.web.redact import redact_url

    target = f"/_emulator/worlds/{quote(world, safe='')}/journal/{number or 'last'}/explain"
    try:
        with HttpClient(url, token) as client:
            response = client.send("GET", target.encode())
        told = json.loads(response.content)
    except (NoResponse, ValueError) as error:
        raise click.ClickException(f"no explanation from {redact_url(url)}: {error}") from None
    if response.status >= 300:
        raise click.ClickException(str(told.get("detail") or told.get("message") or told))
    click.echo(told["text"])
