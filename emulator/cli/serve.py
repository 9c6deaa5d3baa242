"""The command `serve`: one server for all worlds, in front, until the process is told to stop."""

from __future__ import annotations

import errno
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.options import (
    ScenarioName,
    allow_host_option,
    deliver_to_option,
    forwarded_option,
    host_option,
    limit_options,
    option,
    port_option,
    read_rate,
    reads,
    scenarios_option,
    tls_option,
    token_option,
)
from emulator.cli.process import connections_within_limits, has_stdin, until_stdin_ends
from emulator.cli.scenario_arguments import open_library, warn, warnings_of
from emulator.cli.settings import TextSettings, set_option
from emulator.cli.stderr import StandardError, line_of, standard_error, write_past_buffers
from emulator.kernel.errors import EmulatorError
from emulator.text.garbage import gc_paused

if TYPE_CHECKING:
    from ssl import SSLContext

    from emulator.delivery.hosts import Hosts
    from emulator.kernel.limits import Limits
    from emulator.kernel.worlds import Worlds
    from emulator.scenario.library import Library
    from emulator.scenario.scenario import Scenario
    from emulator.store.kept_worlds import KeptWorlds
    from emulator.web.origin import Proxies

FIRST_SCENARIO = "first-run"
"""The scenario that `serve` takes when none is named."""

WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104  they are no names that a certificate could be for


@click.command()
@click.argument("scenario", nargs=-1, type=ScenarioName(), envvar="EMULATOR_SCENARIO")
@host_option
@port_option
@option("--clock", "rate", metavar="frozen|real|RATE", callback=reads(read_rate), help="Overrides the scenarios' own.")
@set_option
@scenarios_option
@token_option("What the control plane demands; made and printed where it listens beyond this machine and none is given.")
@allow_host_option
@forwarded_option
@deliver_to_option
@tls_option
@option(
    "--store", "store", metavar="URL", default="memory:", help="Where worlds are kept for good: sqlite:FILE, postgresql://.."
)
@option(
    "--resume/--fresh",
    "go_on",
    envvar="EMULATOR_RESUME",
    default=None,
    help="Go on with what the store has, whatever SCENARIO says, or forget it.",
)
@option("--quiet", is_flag=True, help="Print the first line, and no more.")
@option(
    "--while-stdin",
    is_flag=True,
    help="End when standard input does: with the parent that holds it. /dev/null ends at once.",
)
@option("--watch", is_flag=True, help="Read the scenarios again when their files change; one with a mistake stays as it was.")
@limit_options
def serve(
    scenario: Sequence[str],
    host: str,
    port: int,
    rate: float | None,
    settings: TextSettings | None,
    folders: Sequence[Path],
    token: str | None,
    hosts: Sequence[str],
    proxies: Proxies,
    deliver_to: Hosts,
    tls: bool,
    store: str,
    go_on: bool | None,
    quiet: bool,
    while_stdin: bool,
    watch: bool,
    **bounds: Any,
) -> None:
    """Serve each SCENARIO (a path, or the name of a shipped one): the first as the default world.

    Where none is named, EMULATOR_SCENARIO names them, and else it is first-run. A SIZE is written as
    64kB, 2GB or 1.5GiB, or as a number of bytes.
    """
    # until uvicorn listens to signals: process 1 of a container is sent none for which it has no handler
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with ExitStack() as exits:
        with gc_paused():
            from emulator.kernel.limits import Limits
            from emulator.server import server
            from emulator.server.app import create_app
            from emulator.server.listening import url_of
            from emulator.web.access_log import AccessLog
            from emulator.web.guard import Guard
            from emulator.web.hosts import allowed, is_loopback

            if while_stdin and not has_stdin():
                raise click.UsageError("--while-stdin: there is no standard input whose end could be waited for")
            known, new_token = open_library(folders, quiet), None
            limits = Limits(**bounds | {"connections": connections_within_limits(bounds["connections"], files=2 if tls else 1)})
            if not token and not is_loopback(host):
                token = new_token = make_token()
            context = _context([*hosts, *({host} - {*WILDCARDS})]) if tls else None
            kept = _store(store, limits)
            if kept is not None:
                exits.callback(kept.close)
            resume = None if kept is None else partial(_resumed, kept, store, go_on, bool(scenario), quiet)
            scenarios, worlds = _open(known, scenario or (FIRST_SCENARIO,), settings, rate, limits, resume)
            listening = listening_on(host, port)
            stderr = exits.enter_context(standard_error())
            lines = None if quiet else AccessLog(lambda line: stderr.say(line_of(line)))
            url = url_of(listening, "https" if tls else "http")
            startup = [f"EMULATOR_CONTROL_TOKEN={new_token}"] if new_token else []
            if not quiet:
                startup += _startup_lines(url, worlds, None if scenario else scenarios[0], tls)
            guard = Guard(allowed(hosts), token, proxies)
            watched = None
            if watch:
                from emulator.cli.watching import watched_scenarios

                opened = dict(zip(scenario or (FIRST_SCENARIO,), scenarios, strict=True))
                watched = watched_scenarios(known, opened, worlds, settings, rate, _teller(stderr, quiet))
                exits.enter_context(watched.watching())
            app = create_app(
                worlds,
                known,
                guard=guard,
                limits=limits,
                access_log=lines,
                watched=watched,
                deliver_to=deliver_to,
                base_url=lambda: url,
            )
        try:
            until = _wait_for_stdin(stderr) if while_stdin else None
            server.serve(app, listening, announce(stderr, url, startup), limits, context, lines, until, app.end)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(128 + signal.SIGINT) from None


def _teller(stderr: StandardError, quiet: bool) -> Callable[[str], None]:
    """Return the function that says what became of the scenarios that are watched."""
    return (lambda _: None) if quiet else (lambda line: stderr.say(line_of(line)))


def _startup_lines(url: str, worlds: Worlds, example: Scenario | None, tls: bool) -> Iterator[str]:
    from emulator.cli.startup import startup_lines
    from emulator.server.tls import certificate_path

    return startup_lines(url, worlds, example, certificate_path() if tls else None)


def _store(url: str, limits: Limits) -> KeptWorlds | None:
    """Return what keeps worlds in the store at a URL; None where they are kept in memory alone."""
    if url == "memory:":
        return None
    from emulator.store.kept_worlds import KeptWorlds
    from emulator.store.opening import engine_of
    from emulator.vendors import VENDORS

    try:
        engine = engine_of(url)
    except EmulatorError as error:
        raise click.ClickException(f"--store: {error}") from None
    return None if engine is None else KeptWorlds(engine, VENDORS, limits)


def _resumed(
    kept: KeptWorlds, url: str, go_on: bool | None, are_named: bool, quiet: bool, scenarios: Sequence[Scenario],
    rate: float | None, limits: Limits,
) -> Worlds:  # fmt: skip
    """Return the worlds of a store with those of scenarios, and say which of them go on."""
    from emulator.server import stored
    from emulator.store.opening import shown

    ids = [] if go_on is False else kept.ids()
    worlds = stored.stored_worlds(kept, scenarios, rate, limits, go_on, are_named)
    if not quiet:
        for line in stored.lines(shown(url), ids):
            click.echo(line, err=True)
    return worlds


def _open(
    known: Library,
    names: Sequence[str],
    settings: TextSettings | None,
    rate: float | None,
    limits: Limits,
    resume: Callable[[Sequence[Scenario], float | None, Limits], Worlds] | None,
) -> tuple[list[Scenario], Worlds]:
    """Return scenarios, and their worlds, or those of a store in which they are `resumed`."""
    from emulator.server.app import worlds_of

    try:
        scenarios = [known.open(name, settings) for name in names]
        if settings:
            settings.expect_all_known()
        warn([line for it in scenarios for line in warnings_of(it)])
        return scenarios, (resume or worlds_of)(scenarios, rate, limits)
    except (EmulatorError, OSError) as error:
        raise click.ClickException(str(error)) from None


def make_token() -> str:
    """Return a token that nobody can guess."""
    import secrets

    return secrets.token_urlsafe(24)


def _context(hosts: Iterable[str]) -> SSLContext:
    from emulator.cli.certificate import authority

    try:
        return authority(hosts).context()
    except EmulatorError as error:
        raise click.ClickException(str(error)) from None


def announce(stderr: StandardError, url: str, lines: Iterable[str]) -> Callable[[], None]:
    """Return the function that prints the URL, though not to a standard output that is closed, and these lines."""

    def announce() -> None:
        with suppress(OSError):
            write_past_buffers(sys.stdout, f"EMULATOR_URL={url}\n")
        for line in lines:
            stderr.say(line)

    return announce


def _wait_for_stdin(stderr: StandardError) -> Callable[[], None]:
    """Return the function that waits for the end of standard input, and tells of it."""

    def wait() -> None:
        until_stdin_ends()
        stderr.say("Standard input has ended, and so the server does (--while-stdin).")

    return wait


def listening_on(host: str, port: int) -> list[socket.socket]:
    from emulator.server.listening import listen

    try:
        return listen(host, port)
    except (OSError, UnicodeError) as error:
        raise click.ClickException(_why_not(error, host, port)) from None


def _why_not(error: OSError | UnicodeError, host: str, port: int) -> str:
    """Say why an address cannot be listened on, and what to do."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    code = getattr(error, "errno", None)
    if code == errno.EADDRINUSE:
        return f"address already in use: {place}; choose another with --port, or --port 0 for any that is free"
    if code == errno.EACCES:
        return f"permission denied: {place}; choose a port above 1023 with --port, or --port 0 for any that is free"
    if code is None:
        return f"cannot listen on {host} (--host): {error}"
    return f"cannot listen on {place} (--host): {getattr(error, 'strerror', None) or error}"
