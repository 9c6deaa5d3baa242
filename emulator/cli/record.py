"""The command `record`: what a client did in a world, or in a file of its traffic, as a scenario that `play` passes."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import click

from emulator.cli.options import option, server_url_option, token_option
from emulator.text.escape import escaped

RECORDING = {"scenario": str, "left_out": [str]}
"""The shape of the answer with a recording."""


@click.command()
@click.argument("world", default="default")
@option("--title", help="The scenario's title, in place of that of the world's scenario.")
@server_url_option("The server to ask.")
@token_option("What the server demands.")
def record(world: str, title: str | None, url: str, token: str | None) -> None:
    """Print what clients did in a WORLD of a running server as a scenario, which `play` passes."""
    from emulator.client.http import HttpClient
    from emulator.scenario.client import NoResponse, read_answer, read_refusal
    from emulator.text.redact import redact_text

    query = f"?{urlencode({'title': title})}" if title else ""
    target = f"/_emulator/worlds/{quote(world, safe='')}/record{query}"
    try:
        with HttpClient(url, token) as client:
            response = client.send("GET", target.encode(), ((b"accept", b"application/json"),))
        refused = read_refusal(response) if response.status >= 300 else None
        recording = {} if refused else read_answer(response, RECORDING)
    except NoResponse as error:
        raise click.ClickException(escaped(f"no recording from {redact_text(url)}: {error}")) from None
    if refused:
        raise click.ClickException(escaped(refused))
    click.echo(recording["scenario"], nl=False)
    for line in recording["left_out"]:
        click.echo(line, err=True)
