"""The command `export`: a world of a running server as a file, which `open` opens."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import quote, urlencode

import click

from emulator.cli.options import option, server_url_option, token_option
from emulator.cli.terminal import echo_bytes
from emulator.text.escape import escaped

PATIENCE = 600.0
"""Seconds for which the server may write the file of a large world."""


@click.command()
@click.argument("world", default="default")
@option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to write it, in place of standard output.")
@option("--secrets", is_flag=True, help="Keep credentials and other secrets as they are, in place of what stands in theirs.")
@option("--about", default="", help="What the file says of itself, and `open` repeats.")
@server_url_option("The server to ask.")
@token_option("What the server demands.")
def export(world: str, output: Path | None, secrets: bool, about: str, url: str, token: str | None) -> None:
    """Write a WORLD (default) of a running server to a file: all that it is and all that happened, without its secrets."""
    if output is None and sys.stdout.isatty():
        raise click.UsageError("the file is no text for a terminal: redirect it, `> a.world.gz`, or name it with --output")
    content = _file_of(world, {"secrets": "true"} if secrets else {}, about, url, token)
    if output is None:
        echo_bytes(content)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise click.ClickException(escaped(f"{output}: cannot be written: {error.strerror or error}")) from None
    click.echo(escaped(f"{output}: {len(content)} bytes; batch-emulator open {output}"), err=True)


def _file_of(world: str, wanted: dict[str, str], about: str, url: str, token: str | None) -> bytes:
    from emulator.client.http import HttpClient
    from emulator.scenario.client import NoResponse, NotAnEmulator, read_refusal
    from emulator.store.file import FILE_TYPE
    from emulator.text.redact import redact_text

    query = urlencode(wanted | ({"about": about} if about else {}))
    target = f"/_emulator/worlds/{quote(world, safe='')}/export{'?' if query else ''}{query}"
    try:
        with HttpClient(url, token, PATIENCE) as client:
            response = client.send("GET", target.encode())
        if response.status < 300 and response.header("content-type") != FILE_TYPE:
            raise NotAnEmulator(response)
        refused = read_refusal(response) if response.status >= 300 else None
    except NoResponse as error:
        raise click.ClickException(escaped(f"no file from {redact_text(url)}: {error}")) from None
    if refused is not None:
        raise click.ClickException(escaped(refused))
    return response.content
