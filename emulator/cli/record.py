"""The command `record`: what a client did in a world, or in a file of its traffic, as a scenario that `play` passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

import click

from emulator.cli.options import option, server_url_option, token_option
from emulator.text.escape import escaped

RECORDING = {"scenario": str, "left_out": [str]}
"""The shape of the answer with a recording."""

PLAYS = "it plays as it stands"

MOST_HOSTS = 5
"""Hosts that are named of those whose requests are left out."""


@click.command()
@click.argument("world", required=False)
@option("--har", "traffic", type=click.Path(path_type=Path), help="A file of traffic (HAR 1.2) in place of a world.")
@option("--vendor", "vendors", multiple=True, help="Only the requests of this vendor in the traffic, whatever their host.")
@option("--title", help="The scenario's title, in place of that of the world's scenario.")
@server_url_option("The server to ask.")
@token_option("What the server demands.")
def record(
    world: str | None, traffic: Path | None, vendors: Sequence[str], title: str | None, url: str, token: str | None
) -> None:
    """Print what clients did in a WORLD (default) of a running server, or in a file of traffic, as a scenario for `play`."""
    if traffic is None:
        if vendors:
            raise click.UsageError("--vendor belongs to --har: a world knows whose each request is")
        text, left_out = _of_world(world or "default", title, url, token)
    elif world is not None:
        raise click.UsageError("name a world, or a file with --har, not both")
    else:
        text, left_out = _of_traffic(traffic, frozenset(vendors), title)
    click.echo(text, nl=False)
    for line in left_out:
        click.echo(line, err=True)


def _of_world(world: str, title: str | None, url: str, token: str | None) -> tuple[str, Sequence[str]]:
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
    return recording["scenario"], recording["left_out"]


def _of_traffic(path: Path, only: frozenset[str], title: str | None) -> tuple[str, Sequence[str]]:
    from emulator.kernel.errors import BadInput, EmulatorError, NotFound
    from emulator.recording.har import MAX_BYTES
    from emulator.recording.traffic import record_har
    from emulator.scenario.files import FileTooLarge, read_bounded
    from emulator.vendors import VENDORS

    for name in only - VENDORS.keys():
        raise click.UsageError(str(NotFound("vendor", name, VENDORS)))
    try:
        (text, left_out), others, differences = record_har(read_bounded(path, MAX_BYTES), VENDORS, only, title, _differences)
    except FileTooLarge as error:
        raise click.ClickException(escaped(f"{path}: {error}")) from None
    except OSError as error:
        raise click.ClickException(escaped(f"{path}: cannot be read: {error.strerror or error}")) from None
    except BadInput as error:
        raise click.ClickException("\n".join(BadInput(error.problems, str(path)).lines())) from None
    except EmulatorError as error:
        raise click.ClickException(escaped(f"{path}: {error}")) from None
    counted = f"{differences} difference{'s' if differences > 1 else ''}"
    judged = f"{counted} when it is played, which `batch-emulator play` names" if differences else PLAYS
    return text, [*left_out, *_other_hosts(others), judged]


def _other_hosts(others: Mapping[str, int]) -> Sequence[str]:
    """Return a line about the requests to hosts that are no vendor's, if there are any."""
    if not others:
        return ()
    total, known = sum(others.values()), Counter(others).most_common(MOST_HOSTS)
    hosts = ", ".join(f"{host} {count}" for host, count in known) + (", ..." if len(others) > MOST_HOSTS else "")
    return (escaped(f"left out: {total} request{'s' if total > 1 else ''} to other hosts ({hosts})"),)


def _differences(text: str) -> int:
    """Return in how many ways a scenario does not go as it says."""
    from emulator.client.in_process import InProcessClient
    from emulator.scenario.loader import load_text
    from emulator.scenario.player import play
    from emulator.vendors import VENDORS

    return len(play(load_text(text, VENDORS, "recording", "recording"), InProcessClient()).differences)
