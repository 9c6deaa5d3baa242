"""The command `healthcheck`: asks a server whether its next request will succeed."""

from __future__ import annotations

from http import HTTPStatus

import click
from click.core import ParameterSource

from emulator.cli.options import host_option, option, port_option, tls_option
from emulator.server.listening import url_at
from emulator.text.escape import escaped


@click.command()
@option("--url", help="In place of --host and --port.")
@host_option
@port_option
@tls_option
@click.pass_context
def healthcheck(ctx: click.Context, url: str | None, host: str, port: int, tls: bool) -> None:
    """Exit with 0 when the server is ready, with 1 when it is not."""
    if url is None or _are_given(ctx, "host", "port", "tls"):
        url = url_at(host, port, "https" if tls else "http")
    if why_not := _why_not_ready(url.rstrip("/")):
        raise click.ClickException(f"not ready: {why_not}")
    click.echo("ready")


def _are_given(ctx: click.Context, *names: str) -> bool:
    """Tell whether one of these options was written, and the URL stands in the environment."""
    given = [name for name in names if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    return bool(given) and ctx.get_parameter_source("url") is not ParameterSource.COMMANDLINE


def _why_not_ready(url: str) -> str:
    from emulator.client.http import HttpClient
    from emulator.scenario.client import NoResponse, NotAnEmulator, read_answer, read_refusal
    from emulator.text.redact import redact_text

    safe_url = redact_text(url)
    try:
        # neither a proxy nor the certificate that it shows matters to whether it is ready
        with HttpClient(url, timeout=5, trusted=True) as client:
            response = client.send("GET", b"/_emulator/ready")
        if response.status != HTTPStatus.OK:
            return escaped(f"{safe_url} answers {response.status}: {read_refusal(response)}")
        if read_answer(response, {"status": str})["status"] != "ok":
            raise NotAnEmulator(response)
    except NotAnEmulator:
        return escaped(f"what answers at {safe_url} ({response.status}) is no emulator")
    except NoResponse as error:
        return escaped(f"{safe_url}: {error}")
    return ""
