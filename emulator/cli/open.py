"""The command `open`: a server on the world of a file, whose clock stands still at its end or at an entry of its journal."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.options import limit_options, option, port_option
from emulator.cli.process import connections_within_limits
from emulator.cli.serve import announce, listening_on
from emulator.cli.stderr import line_of, standard_error
from emulator.text.escape import escaped
from emulator.text.garbage import gc_paused

if TYPE_CHECKING:
    from emulator.kernel.limits import Limits
    from emulator.kernel.world import World
    from emulator.kernel.worlds import Worlds
    from emulator.store.file import Header

HOST = "127.0.0.1"

NEWEST = 5
"""Entries that are told."""


@click.command("open")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@option("--at", type=click.IntRange(min=1), help="The entry of the journal to go back to; left out, the end.")
@port_option
@option("--quiet", is_flag=True, help="Print the first line, and no more.")
@limit_options
def open_command(file: Path, at: int | None, port: int, quiet: bool, **bounds: Any) -> None:
    """Serve the world of a FILE that `export` or a failed test left: its clock stands still, and everything can be asked.

    A SIZE is written as 64kB, 2GB or 1.5GiB, or as a number of bytes.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with ExitStack() as exits:
        with gc_paused():
            from emulator.kernel.limits import Limits
            from emulator.server import server
            from emulator.server.app import create_app, library
            from emulator.server.listening import url_of
            from emulator.web.access_log import AccessLog

            limits = Limits(**bounds | {"connections": connections_within_limits(bounds["connections"], files=1)})
            worlds, header = _worlds_of(file, at, limits)
            listening = listening_on(HOST, port)
            stderr = exits.enter_context(standard_error())
            lines = None if quiet else AccessLog(lambda line: stderr.say(line_of(line)))
            url = url_of(listening)
            told = [] if quiet else [*map(escaped, _told(worlds.default, header, file, at, url))]
            app = create_app(worlds, library(), limits=limits, access_log=lines, base_url=lambda: url)
        try:
            server.serve(app, listening, announce(stderr, url, told), limits, None, lines, None, app.end)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(128 + signal.SIGINT) from None


def _worlds_of(path: Path, at: int | None, limits: Limits) -> tuple[Worlds, Header]:
    """Return the world of a file as the default one, at an entry of its journal or at its end, and the file's header."""
    from emulator.kernel.budget import Budget, Quota
    from emulator.kernel.clock import FROZEN
    from emulator.kernel.errors import BadInput, EmulatorError
    from emulator.kernel.past import ENTRY
    from emulator.kernel.worlds import DEFAULT, Worlds
    from emulator.scenario.files import FileTooLarge, NoRegularFile, read_bounded
    from emulator.store.file import WorldFile
    from emulator.store.importing import free_claims, opened
    from emulator.store.values import Values
    from emulator.vendors import VENDORS

    try:
        budget = Budget.of(limits)
        file = WorldFile(read_bounded(path, limits.answer), limits, Quota(budget))
        world = opened(file, VENDORS, Values(VENDORS), limits, budget, DEFAULT)
        world.clock.set_rate(FROZEN)
        if at is not None:
            world.restore(f"{ENTRY}{at}")
            world.clock.set_rate(FROZEN)
    except NoRegularFile as error:
        raise click.ClickException(escaped(f"{path}: {error}")) from None
    except FileTooLarge as error:
        raise click.ClickException(escaped(f"{path}: {error}; {limits.more('memory')}")) from None
    except OSError as error:
        raise click.ClickException(escaped(f"{path}: cannot be read: {error.strerror or error}")) from None
    except BadInput as error:
        raise click.ClickException(escaped(f"{path}: {error.problems[0].message}")) from None
    except EmulatorError as error:
        raise click.ClickException(escaped(f"{path}: {error}")) from None
    worlds = Worlds(world, limits.worlds)
    worlds.claim(world, free_claims(world, VENDORS, worlds))
    return worlds, file.header


def _told(world: World, header: Header, path: Path, at: int | None, url: str) -> Iterator[str]:
    """Yield where the world comes from, the time, what happened last, and how to go on."""
    from emulator.cli.watch import line_of_entry
    from emulator.control.entries import entry
    from emulator.control.record import to_json
    from emulator.kernel.time import format_instant

    base, last = f"{url}/_emulator/worlds/{world.id}", world.journal.last
    about = f", {header.about}" if header.about else ""
    yield f"{path}: the world {header.world}{about}, written {format_instant(header.written)} by {header.by} {header.version}."
    place = "the end" if at is None else f"entry {at}"
    now, newest = format_instant(world.clock.client_time(world.clock.now())), [*world.journal][-NEWEST:]
    yield f"It is the world {world.id} here. Time stands still at {now}, {place}."
    yield f"The newest {len(newest)} entries of its journal:" if newest else "Nothing has happened in it."
    for it in newest:
        yield "".join(piece.text for piece in line_of_entry(to_json(entry(it))))
    yield f"See it in a browser: {url}/_emulator/console#/w/{world.id}/journal"
    if last:
        yield f"Why was the newest answered so? curl {base}/journal/{last}/explain"
        yield f"One exchange back: curl -X POST {base}/undo"
        yield f"From another entry: batch-emulator open {shlex.quote(str(path))} --at {max(1, last - 1)}"
    yield "Its credentials, for a client: curl " + base
