"""Options that commands share, and how the values of some are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from os.path import exists
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.decorators import FC

from emulator.client.environment import env, is_service_address, paths_in, usable_token
from emulator.kernel.clock import FROZEN, MAX_RATE, REAL
from emulator.kernel.errors import EmulatorError
from emulator.kernel.limits import SAYS, Limits, keep_alive_seconds
from emulator.text.pattern import pattern

if TYPE_CHECKING:
    from emulator.delivery.hosts import Hosts
    from emulator.web.origin import Proxies

    TextType = click.ParamType[str]
else:
    TextType = click.ParamType  # generic in newer versions only

TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})
"""Values of a variable that click takes for a flag that is set."""

_WITH_PORT = pattern(r"(?P<host>[^:]*|\[[^\]]*\]):(?P<port>[0-9]*)")


def reads(read: Callable[[Any], Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Return the callback that makes the value of what was written; a ValueError or EmulatorError says why it is none."""

    def callback(_context: click.Context, _parameter: click.Parameter, text: Any) -> Any:
        try:
            return read(text)
        except (ValueError, EmulatorError) as error:
            raise click.BadParameter(str(error)) from None

    return callback


def option(*names: str, **settings: Any) -> Callable[[FC], FC]:
    """Return an option of a command that has the variable EMULATOR_... of its name, and says so in the help."""
    variable = f"EMULATOR_{names[0].removeprefix('--').replace('-', '_').upper()}"
    defaults: dict[str, Any] = {"envvar": variable, "show_envvar": True, "show_default": True}
    return click.option(*names, **defaults | settings)


class _Port(click.Option):
    """A port, of which Kubernetes and Docker links say something else in the same variable."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        value = super().resolve_envvar_value(ctx)
        if value is None or not is_service_address(value):
            return value
        reason = "is set aside: Kubernetes or a Docker link puts it there for a service of this name"
        click.echo(f"Warning: EMULATOR_PORT={value} {reason}", err=True)
        return None


def _host(text: str) -> str:
    """Return a host's name or address; the brackets of an IPv6 address may be left out."""
    bare = text.strip()
    if "/" in bare:
        raise ValueError(f"{bare!r} is a URL; give a host's name or address, and the port by itself with --port")
    if match := _WITH_PORT.fullmatch(bare):
        advice = " ".join(f"--{name} {value}" for name, value in match.groupdict().items() if value)
        raise ValueError(f"{bare!r} holds a port, and --host takes a host alone: write {advice}")
    return bare[1:-1] if bare.startswith("[") and bare.endswith("]") else bare


def _hosts(texts: Sequence[str]) -> Sequence[str]:
    from emulator.web.hosts import allowed

    return sorted(allowed(texts))


def _deliver_to(texts: Sequence[str]) -> Hosts:
    from emulator.delivery.hosts import Hosts

    return Hosts(texts)


def _proxies(texts: Sequence[str]) -> Proxies:
    from emulator.web.origin import Proxies

    return Proxies.of(texts)


def _server_url(text: str | None) -> str:
    """Return the URL that was given, or that of EMULATOR_HOST, EMULATOR_PORT and EMULATOR_TLS, as `serve` takes them."""
    from emulator.server.listening import url_at

    if text:
        return text
    port, tls = env("EMULATOR_PORT") or "", env("EMULATOR_TLS") or ""
    scheme = "https" if tls.lower() in TRUE else "http"
    return url_at(env("EMULATOR_HOST") or "127.0.0.1", int(port) if port.isascii() and port.isdecimal() else 8080, scheme)


def read_rate(text: str | None) -> float | None:
    """Return the virtual seconds that pass in a real one, given as a number, `frozen` or `real`; None where none is given.

    Raises:
        ValueError: it is none.
    """
    if text is None:
        return None
    try:
        rate = FROZEN if text == "frozen" else REAL if text == "real" else float(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither frozen, real, nor a number") from None
    if not 0 <= rate <= MAX_RATE:
        raise ValueError(f"a rate lies between 0 and {MAX_RATE:.0f}")
    return rate


class _Folder(click.Path):
    """A folder. A variable of the environment may hold several."""

    def split_envvar_value(self, rv: str) -> list[str]:
        return paths_in(rv)


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


host_option = option(
    "--host",
    default="127.0.0.1",
    callback=reads(_host),
    help="The name or address to listen on; beyond this machine, the control plane needs a token.",
)
port_option = option(
    "--port",
    default=8080,
    cls=_Port,
    type=click.IntRange(0, 65535),
    help="The port to listen on; 0 picks a free one, which is printed.",
)
scenarios_option = option(
    "--scenarios",
    "folders",
    multiple=True,
    type=_Folder(exists=True, file_okay=False, path_type=Path),
    help="A folder of scenarios of your own, which come before the shipped ones; of several, the first comes first.",
)
allow_host_option = option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME[,NAME...]",
    callback=reads(_hosts),
    help="Names it may go by besides the local ones; *.DOMAIN is every name below a domain.",
)
deliver_to_option = option(
    "--deliver-to",
    multiple=True,
    metavar="HOST[:PORT]",
    callback=reads(_deliver_to),
    help="Where notifications may be posted, in worlds with `deliveries: {carrier: http}`: a host's name or address; without"
    " a port, that of http or https; * for every port. Where it is not given, no connection is made.",
)
forwarded_option = option(
    "--forwarded-allow",
    "proxies",
    multiple=True,
    metavar="ADDRESS[,ADDRESS...]",
    callback=reads(_proxies),
    help="Proxies that may say in Forwarded or X-Forwarded-Proto, -Host and -Port how a client came,"
    " besides those of this machine; networks, and * for all, too.",
)
tls_option = option("--tls", is_flag=True, help="HTTPS, by the authority of `certificate`.")
keep_alive_option = option(
    "--keep-alive",
    metavar="DURATION|never",
    callback=reads(keep_alive_seconds),
    default="75s",
    help="How long a connection is kept between two requests; for a stalled one see --max-idle-seconds.",
)


def server_url_option(purpose: str) -> Callable[[FC], FC]:
    """Return the option for the running server that a command asks."""
    rest = "Left out, it is where `serve` with the same EMULATOR_HOST, EMULATOR_PORT and EMULATOR_TLS listens."
    return option("--url", callback=reads(_server_url), help=f"{purpose} {rest}")


def token_option(purpose: str) -> Callable[[FC], FC]:
    """Return the option for the control plane's token."""
    return option("--control-token", "token", callback=reads(usable_token), help=purpose)


def limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--keep-alive`, and an option `--max-...` or `--min-...` for each other limit."""
    command = keep_alive_option(command)
    bounds = Limits()
    for name in reversed(Limits.__struct_fields__):
        if name != "keep_alive":
            form = "DURATION" if Limits.lasts(name) else "SIZE" if Limits.is_size(name) else "NUMBER"
            settings = {"metavar": form, "callback": reads(partial(_bound, name)), "default": getattr(bounds, name)}
            command = option(f"--{Limits.option(name)}", name, help=SAYS[name], type=str, **settings)(command)
    return command


def _bound(name: str, written: object) -> float | None:
    return None if written is None else Limits.read(name, written)
