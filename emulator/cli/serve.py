"""The command `serve`: one server for all worlds, in front, until the process is told to stop."""

from __future__ import annotations

import errno
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.local_scenarios import open_library
from emulator.cli.options import (
    Rate,
    ScenarioName,
    allow_host_option,
    forwarded_option,
    host_option,
    limit_options,
    port_option,
    scenarios_option,
    tls_option,
    token_option,
)
from emulator.cli.process import connections_within_limits, has_stdin, until_stdin_ends
from emulator.cli.stderr import StandardError, line_of, standard_error, write_past_buffers
from emulator.kernel.errors import EmulatorError

if TYPE_CHECKING:
    from ssl import SSLContext

    from emulator.kernel.worlds import Worlds
    from emulator.server.tls import Tls
    from emulator.web.origin import Proxies

FIRST_SCENARIO = "first-run"
"""The scenario that `serve` takes when none is named."""

WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104  they are no names that a certificate could be for


@click.command()
@click.argument("scenario", nargs=-1, type=ScenarioName(), envvar="EMULATOR_SCENARIO")
@host_option
@port_option
@click.option("--clock", "rate", type=Rate(), envvar="EMULATOR_CLOCK", show_envvar=True, help="Overrides the scenarios' own.")
@scenarios_option
@token_option("What the control plane demands; made and printed where it listens beyond this machine and none is given.")
@allow_host_option
@forwarded_option
@tls_option
@click.option("--quiet", is_flag=True, envvar="EMULATOR_QUIET", show_envvar=True, help="Print the first line, and no more.")
@click.option(
    "--while-stdin",
    is_flag=True,
    envvar="EMULATOR_WHILE_STDIN",
    show_envvar=True,
    help="End when standard input does: with the parent that holds it. /dev/null ends at once.",
)
@limit_options
def serve(
    scenario: Sequence[str],
    host: str,
    port: int,
    rate: float | None,
    folders: Sequence[Path],
    token: str | None,
    hosts: Sequence[str],
    proxies: Proxies,
    tls: bool,
    quiet: bool,
    while_stdin: bool,
    **bounds: Any,
) -> None:
    """Serve each SCENARIO (a path, or the name of a shipped one): the first as the default world.

    Where none is named, EMULATOR_SCENARIO names them, and else it is first-run.
    """
    # until uvicorn listens to signals: process 1 of a container is sent none for which it has no handler
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    from emulator.kernel.limits import Limits
    from emulator.server.app import create_app, worlds_of
    from emulator.server.listening import url_of
    from emulator.server.server import serve
    from emulator.web.access_log import AccessLog
    from emulator.web.guard import Guard
    from emulator.web.held_requests import HeldRequests
    from emulator.web.hosts import allowed, is_loopback

    if while_stdin and not has_stdin():
        raise click.UsageError("--while-stdin: there is no standard input whose end could be waited for")
    known, token_made = open_library(folders, quiet), None
    limits = Limits(**bounds | {"connections": connections_within_limits(bounds["connections"])})
    if not token and not is_loopback(host):
        token = token_made = make_token()
    context = _context([*hosts, *({host} - {*WILDCARDS})]) if tls else None
    try:
        worlds = worlds_of([known.open(name) for name in scenario or (FIRST_SCENARIO,)], rate, limits)
    except (EmulatorError, OSError) as error:
        raise click.ClickException(str(error)) from None
    listening = _listening(host, port)
    with standard_error() as stderr:
        lines = None if quiet else AccessLog(lambda line: stderr.say(line_of(line)))
        url = url_of(listening, "https" if tls else "http")
        told = [] if quiet else _greeting(url, worlds, not scenario, tls)
        greet = _greet(stderr, url, [*([f"EMULATOR_CONTROL_TOKEN={token_made}"] if token_made else []), *told])
        held = HeldRequests()
        app = create_app(worlds, known, guard=Guard(allowed(hosts), token, proxies), limits=limits, access_log=lines, held=held)
        try:
            until = _parent_ends(stderr) if while_stdin else None
            serve(app, listening, greet, limits, context, lines, until, held.release_all)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(128 + signal.SIGINT) from None


def make_token() -> str:
    """A token that nobody can guess."""
    import secrets

    return secrets.token_urlsafe(24)


def authority(hosts: Iterable[str]) -> Tls:
    """The authority for the vendors' hosts and these.

    Raises:
        click.ClickException: there is none, and none can be made.
    """
    from emulator.server.tls import Tls
    from emulator.vendors import VENDORS

    try:
        made = Tls([*(host for vendor in VENDORS.values() for host in vendor.hosts), *hosts])
    except EmulatorError as error:
        raise click.ClickException(str(error)) from None
    with suppress(OSError):
        write_past_buffers(sys.stderr, "".join(f"{note}\n" for note in made.notes))
    return made


def _context(hosts: Iterable[str]) -> SSLContext:
    try:
        return authority(hosts).context()
    except EmulatorError as error:
        raise click.ClickException(str(error)) from None


def _greeting(url: str, worlds: Worlds, with_calls: bool, tls: bool) -> list[str]:
    from emulator.cli.greeting import greeting
    from emulator.server.tls import certificate_path

    return list(greeting(url, worlds, with_calls, certificate_path() if tls else None))


def _greet(stderr: StandardError, url: str, lines: Iterable[str]) -> Callable[[], None]:
    """Return what tells the URL and these lines; whoever has closed standard output does not want to know."""

    def greet() -> None:
        with suppress(OSError):
            write_past_buffers(sys.stdout, f"EMULATOR_URL={url}\n")
        for line in lines:
            stderr.say(line)

    return greet


def _parent_ends(stderr: StandardError) -> Callable[[], None]:
    """Return what waits for the end of standard input, and tells of it."""

    def wait() -> None:
        until_stdin_ends()
        stderr.say("Standard input has ended, and so the server does (--while-stdin).")

    return wait


def _listening(host: str, port: int) -> list[socket.socket]:
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
