"""The command `explain`: asks a running server why an exchange went as it did, and prints it for people."""

from __future__ import annotations

from urllib.parse import quote

import click

from emulator.cli.options import option, reads, server_url_option, token_option
from emulator.text.escape import escaped
from emulator.text.pattern import pattern

LAST = "last"
NUMBER = pattern(r"[0-9]{1,18}")


def read_exchange(name: str) -> tuple[str | None, str]:
    """Return the world of an exchange, None where none is named, and its number or `last`.

    `name` is one of these two, perhaps behind the world and a slash, as the header Emulator-Exchange has it.

    Raises:
        ValueError: it names no exchange.
    """
    world, slash, number = name.rpartition("/")
    if (slash and not world) or not (number == LAST or (NUMBER.fullmatch(number) and int(number))):
        raise ValueError(f"{name!r} names no exchange: give its number, last, or both its world and that: default/1")
    return world or None, number


@click.command()
@click.argument("exchange", metavar="[N|last|WORLD/N]", default=LAST, callback=reads(read_exchange))
@server_url_option("The server to ask.")
@option("--world", default="default")
@token_option("What the server demands.")
def explain(exchange: tuple[str | None, str], url: str, world: str, token: str | None) -> None:
    """Explain exchange N of a world on a running server, or the newest (last); the header Emulator-Exchange of a reply names
    both the world and the number, and can be given as it stands: default/1."""
    from emulator.client.http import HttpClient
    from emulator.scenario.client import NoResponse, read_answer, read_refusal
    from emulator.text.redact import redact_text

    named, number = exchange
    target = f"/_emulator/worlds/{quote(named or world, safe='')}/journal/{number}/explain"
    try:
        with HttpClient(url, token) as client:
            response = client.send("GET", target.encode())
        refused = read_refusal(response) if response.status >= 300 else None
        text = "" if refused else read_answer(response, {"text": str})["text"]
    except NoResponse as error:
        raise click.ClickException(escaped(f"no explanation from {redact_text(url)}: {error}")) from None
    if refused:
        raise click.ClickException(escaped(refused))
    click.echo(text)
