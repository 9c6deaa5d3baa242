"""Options that commands share, and how the values of some are read."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Sequence
from os.path import exists
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.client.environment import BadToken, env, is_service_address, paths_in, usable_token

if TYPE_CHECKING:
    from emulator.web.origin import Proxies

    FloatType = click.ParamType[float]
    WholeType = click.ParamType[int]
    TextType = click.ParamType[str]
    NameType = click.ParamType[tuple[str | None, str]]
else:
    FloatType = WholeType = TextType = NameType = click.ParamType  # generic in newer versions only


_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})
"""Values of a variable that click takes for a flag that is set."""


_WITH_PORT = re.compile(r"(?P<host>[^:]*|\[[^\]]*\]):(?P<port>[0-9]*)")


class _Port(click.Option):
    """A port, of which Kubernetes and Docker links say something else in the same variable."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        value = super().resolve_envvar_value(ctx)
        if value is None or not is_service_address(value):
            return value
        told = f"EMULATOR_PORT={value} is set aside: Kubernetes or a Docker link puts it there for a service of this name"
        click.echo(f"Warning: {told}", err=True)
        return None


def _host(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """A host's name or address; the brackets of an IPv6 address may be left out."""
    bare = value.strip()
    if "/" in bare:
        raise click.BadParameter(f"{bare!r} is a URL; give a host's name or address, and the port by itself with --port")
    if match := _WITH_PORT.fullmatch(bare):
        advice = " ".join(f"--{name} {value}" for name, value in match.groupdict().items() if value)
        raise click.BadParameter(f"{bare!r} holds a port, and --host takes a host alone: write {advice}")
    return bare[1:-1] if bare.startswith("[") and bare.endswith("]") else bare


def _token(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    try:
        return usable_token(value)
    except BadToken as error:
        raise click.UsageError(str(error)) from None


class _Folder(click.Path):
    """A folder. A variable of the environment may hold several."""

    def split_envvar_value(self, rv: str) -> list[str]:
        return paths_in(rv)


host_option = click.option(
    "--host",
    default="127.0.0.1",
    callback=_host,
    envvar="EMULATOR_HOST",
    show_default=True,
    show_envvar=True,
    help="The name or address to listen on; beyond this machine, the control plane needs a token.",
)
port_option = click.option(
    "--port",
    default=8080,
    cls=_Port,
    type=click.IntRange(0, 65535),
    envvar="EMULATOR_PORT",
    show_default=True,
    show_envvar=True,
    help="The port to listen on; 0 picks a free one, which is printed.",
)
scenarios_option = click.option(
    "--scenarios",
    "folders",
    multiple=True,
    type=_Folder(exists=True, file_okay=False, path_type=Path),
    envvar="EMULATOR_SCENARIOS",
    show_envvar=True,
    help="A folder of scenarios of your own, which come before the shipped ones; of several, the first comes first.",
)


def _read_hosts(_context: click.Context, _option: click.Parameter, written: Sequence[str]) -> Sequence[str]:
    from emulator.web.hosts import allowed

    try:
        return sorted(allowed(written))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


allow_host_option = click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME[,NAME...]",
    callback=_read_hosts,
    envvar="EMULATOR_ALLOW_HOST",
    show_envvar=True,
    help="Names it may go by besides the local ones; *.DOMAIN is every name below a domain.",
)


def _read_proxies(_context: click.Context, _option: click.Parameter, written: Sequence[str]) -> Proxies:
    from emulator.web.origin import Proxies

    try:
        return Proxies.of(written)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


forwarded_option = click.option(
    "--forwarded-allow",
    "proxies",
    multiple=True,
    metavar="ADDRESS[,ADDRESS...]",
    callback=_read_proxies,
    envvar="EMULATOR_FORWARDED_ALLOW",
    show_envvar=True,
    help="Proxies that may say in Forwarded or X-Forwarded-Proto, -Host and -Port how a client came,"
    " besides those of this machine; networks, and * for all, too.",
)


def _server_url(_context: click.Context, _option: click.Parameter, written: str | None) -> str:
    """Return the URL that was given, or that of EMULATOR_HOST, EMULATOR_PORT and EMULATOR_TLS, as `serve` takes them."""
    from emulator.server.listening import url_at

    if written:
        return written
    port, tls = env("EMULATOR_PORT") or "", env("EMULATOR_TLS") or ""
    scheme = "https" if tls.lower() in _TRUE else "http"
    return url_at(env("EMULATOR_HOST") or "127.0.0.1", int(port) if port.isascii() and port.isdecimal() else 8080, scheme)


def server_url_option(says: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The running server that a command asks."""
    return click.option(
        "--url",
        callback=_server_url,
        envvar="EMULATOR_URL",
        show_envvar=True,
        help=f"{says} Left out, it is where `serve` with the same EMULATOR_HOST, EMULATOR_PORT and EMULATOR_TLS listens.",
    )


tls_option = click.option(
    "--tls", is_flag=True, envvar="EMULATOR_TLS", show_envvar=True, help="HTTPS, by the authority of `certificate`."
)


class KeepAlive(FloatType):
    """For how many seconds an idle connection is kept, written as a duration."""

    name = "duration|never"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from emulator.kernel.limits import keep_alive_seconds

        try:
            return keep_alive_seconds(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class WholeSeconds(WholeType):
    """A number of whole seconds, written as a duration and rounded up."""

    name = "duration"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from emulator.kernel.limits import whole_seconds

        try:
            return whole_seconds(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


keep_alive_option = click.option(
    "--keep-alive",
    type=KeepAlive(),
    default="75s",
    envvar="EMULATOR_KEEP_ALIVE",
    show_default=True,
    show_envvar=True,
    help="How long a connection is kept between two requests; for a stalled one see --max-idle-seconds.",
)


def token_option(says: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The control plane's token, and what the command does with it."""
    return click.option(
        "--control-token", "token", callback=_token, envvar="EMULATOR_CONTROL_TOKEN", show_envvar=True, help=says
    )


def limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """An option `--max-...` or `--min-...` for each bound, and `--keep-alive`."""
    from emulator.kernel.limits import SAYS, Limits

    command = keep_alive_option(command)
    for field in reversed(dataclasses.fields(Limits)):
        if field.name == "keep_alive":
            continue
        option = click.option(
            f"--{Limits.option(field.name)}",
            field.name,
            default=field.default,
            type=WholeSeconds() if Limits.lasts(field.name) else click.IntRange(min=1),
            envvar=Limits.variable(field.name),
            show_default=True,
            show_envvar=True,
            help=SAYS[field.name],
        )
        command = option(command)
    return command


class ScenarioName(TextType):
    """A scenario's name or path. A variable of the environment may hold several."""

    name = "scenario"

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the names in a variable: one to a line, or with the system's separator of paths or blanks between them.

        What exists as a path is one, whatever is in it.
        """
        if exists(rv.strip()):
            return [rv.strip()]
        for separator in ("\n", os.pathsep, ","):
            if separator in rv.strip():
                return [name.strip() for name in rv.split(separator) if name.strip()]
        return rv.split()


class Rate(FloatType):
    """`frozen`, `real`, or how many virtual seconds pass in a real one."""

    name = "frozen|real|RATE"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from emulator.kernel.clock import FROZEN, MAX_RATE, REAL

        named = {"frozen": FROZEN, "real": REAL}
        try:
            rate = named[value] if value in named else float(value)
        except ValueError:
            self.fail(f"{value!r} is neither frozen, real, nor a number", param, ctx)
        if not 0 <= rate <= MAX_RATE:
            self.fail(f"a rate lies between 0 and {MAX_RATE:.0f}", param, ctx)
        return rate
