"""The command `watch`: the journal of a running server as it happens, a line an exchange, a change or an attempt."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Iterator, Mapping
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import click

from emulator.cli.options import option, server_url_option, token_option
from emulator.cli.terminal import Piece, echo_styled
from emulator.text.escape import escaped

if TYPE_CHECKING:
    from emulator.client.event_source import ServerEvent

RETRY = 1.0
"""Seconds between two looks for a server that is gone."""

LONGEST = 200
"""Characters of a target, an answer or an error that are shown."""

DROPPED, GAP, RESET = "dropped", "gap", "reset"
COLOURS = {"0": "magenta", "2": "green", "3": "cyan", "4": "yellow", "5": "red"}
"""By the first digit of a status."""


@click.command()
@server_url_option("The server to watch.")
@option("--world", default="default", help="The world whose journal to watch.")
@option("--since", type=click.IntRange(min=0), help="Begin after this entry, 0 for all there are; left out, with what comes.")
@option("--json", "as_json", is_flag=True, help="Entries as JSON, one a line, for programs.")
@option("--kind", type=click.Choice(["exchange", "change", "attempt"]), help="Only entries of this kind.")
@option("--operation", help="Only those of this operation, such as serpwow.batches.stop.")
@option("--status", help="Only responses of this status, or of a class such as 4xx.")
@option("--fault", help="Only what a fault struck: its id, or what it did.")
@option("--resource", help="Only what is about the resource of this id.")
@option("--text", help="Only what shows this text in the target or a body.")
@token_option("What the server demands.")
def watch(url: str, world: str, as_json: bool, token: str | None, **chosen: Any) -> None:
    """Print the journal of a world on a running server as it happens, until Ctrl-C. It goes on when the server is back."""
    wanted = {name: value for name, value in chosen.items() if value is not None}
    try:
        for event in _events(url, token, world, wanted):
            if event.name and event.name != DROPPED:
                click.echo(json.dumps(_as_json(event), default=float)) if as_json else echo_styled(*_line(event))
            elif _nobody_reads():
                break
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered would fail again at the end
    except KeyboardInterrupt:
        pass


def _events(url: str, token: str | None, world: str, wanted: Mapping[str, Any]) -> Iterator[ServerEvent]:
    """Yield the events of a world, from a server that may be gone for a while, until the world is dropped.

    Raises:
        click.ClickException: there is no server at first, or it refuses.
    """
    from emulator.client.event_source import listen
    from emulator.client.http import HttpClient, Refused
    from emulator.scenario.client import NoResponse
    from emulator.text.redact import redact_text

    target = f"/_emulator/worlds/{quote(world, safe='')}/journal/stream?{urlencode(wanted)}".rstrip("?")
    last, is_known, is_gone = None, False, False
    while True:
        try:
            with HttpClient(url, token) as client:
                for event in listen(client, target, last):
                    if is_gone:
                        _note("it is back")
                    last, is_known, is_gone = event.id or last, True, False
                    yield event
                    if event.name == DROPPED:
                        return _note(f"the world {world!r} was dropped")
        except NoResponse as error:
            if not is_known:
                raise click.ClickException(escaped(f"nothing to watch at {redact_text(url)}: {error}")) from None
        except Refused as error:
            raise click.ClickException(escaped(str(error))) from None
        if not is_gone:
            _note(f"the server at {redact_text(url)} is gone: this goes on when it is back")
        is_gone = True
        Event().wait(RETRY)


def _note(text: str) -> None:
    click.echo(escaped(f"-- {text}"), err=True)


def _nobody_reads() -> bool:
    """Tell whether the pipe to which is printed was closed, which is known without a write to it."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(it & (select.POLLERR | select.POLLNVAL) for _, it in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # on Windows, or without a file behind it
        return False


def _as_json(event: ServerEvent) -> Any:
    """Return an entry, or what happened to the entries before."""
    return event.data if event.name == "message" else {"type": event.name, **event.data}


def _line(event: ServerEvent) -> Iterator[Piece]:
    """Yield the pieces of the line of an event."""
    data = event.data
    if event.name == RESET:
        yield Piece(f"-- all after entry {data['last']} is no more" if data["last"] else "-- the journal began anew")
    elif event.name == GAP:
        yield Piece(f"-- entries {data['after'] + 1} to {data['before'] - 1} were dropped before they were read")
    else:
        yield from line_of_entry(data)


def line_of_entry(entry: Any) -> Iterator[Piece]:
    """Yield the pieces of the line of an entry of a journal, as the control plane tells it."""
    yield Piece(f"{entry['n']:>5}  {entry['at']}  ", "bright_black")
    yield from {"exchange": _exchange, "change": _change, "attempt": _attempt}[entry["type"]](entry)


def _exchange(entry: Any) -> Iterator[Piece]:
    yield Piece(f"{entry['method']} {_cut(entry['target'])}  ")
    status = str(entry["status"])
    yield Piece(f"{status} {entry['answer']}" if entry["status"] else f"no answer ({entry['answer']})", COLOURS.get(status[0]))
    yield from _consequences(entry)
    if entry["delivered"] is False:
        yield Piece("  not delivered", "magenta")


def _change(entry: Any) -> Iterator[Piece]:
    yield Piece(f"{entry['vendor']}.{entry['resource']} {_cut(entry['id'])}: ")
    yield Piece(f"{entry['from']} -> {entry['to']}", "cyan")
    yield Piece(f", {entry['why']}")


def _attempt(entry: Any) -> Iterator[Piece]:
    yield Piece(f"{entry['event']} to {_cut(entry['url'] or 'nobody')}  ")
    status = str(entry["status"] or 0)
    yield Piece(_cut(entry["error"] or status), COLOURS.get(status[0]))
    yield from _consequences(entry)


def _consequences(entry: Any) -> Iterator[Piece]:
    """Yield the first change, how many follow, and the faults."""
    if changes := entry["changes"]:
        first, more = changes[0], f" and {len(changes) - 1} more" if len(changes) > 1 else ""
        yield Piece(f"  {first['resource']} {_cut(first['id'])}: {first['from']} -> {first['to']}{more}", "cyan")
    for fault in entry["faults"]:
        yield Piece(f"  {fault['do']} {fault['where']} ({fault['id']})", "red")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
