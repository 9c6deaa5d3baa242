"""The command `explain`: asks a running server why an exchange went as it did, and prints it for people."""

from __future__ import annotations

import re
from urllib.parse import quote

import click

from emulator.cli.options import NameType, server_url_option, token_option
from emulator.text.escape import escaped

LAST = "last"
NUMBER = re.compile(r"[0-9]{1,18}")


class ExchangeName(NameType):
    """An exchange: its number, `last`, or either behind its world's name, as the header Emulator-Exchange names it."""

    name = "exchange"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str | None, str]:
        """Return the world, None where none is named, and the number or `last`."""
        world, slash, number = value.rpartition("/")
        if (slash and not world) or not (number == LAST or (NUMBER.fullmatch(number) and int(number))):
            self.fail(f"{value!r} names no exchange: give its number, last, or both its world and that: default/1", param, ctx)
        return world or None, number


@click.command()
@click.argument("exchange", metavar="[N|last|WORLD/N]", default=LAST, type=ExchangeName())
@server_url_option("The server to ask.")
@click.option("--world", default="default", envvar="EMULATOR_WORLD", show_default=True, show_envvar=True)
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
