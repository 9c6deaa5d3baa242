"""Options that commands share, and how the values of some are read."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from os.path import exists
from pathlib import Path

import click

host_option = click.option("--host", default="127.0.0.1", envvar="EMULATOR_HOST", show_default=True, show_envvar=True)
port_option = click.option(
    "--port", default=8080, type=click.IntRange(0, 65535), envvar="EMULATOR_PORT", show_default=True, show_envvar=True
)
scenarios_option = click.option(
    "--scenarios",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="EMULATOR_SCENARIOS",
    show_envvar=True,
    help="A folder of scenarios of your own; they come before the shipped ones.",
)

tls_option = click.option(
    "--tls", is_flag=True, envvar="EMULATOR_TLS", show_envvar=True, help="HTTPS, by the authority of `certificate`."
)


def token_option(says: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The control plane's token, and what the command does with it."""
    return click.option("--control-token", "token", envvar="EMULATOR_CONTROL_TOKEN", show_envvar=True, help=says)


def limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """An option `--max-...` for each bound."""
    from emulator.kernel.limits import Limits

    for field in reversed(dataclasses.fields(Limits)):
        name = f"max-{field.name.replace('_', '-')}"
        option = click.option(
            f"--{name}",
            field.name,
            default=field.default,
            type=click.IntRange(min=1),
            envvar=f"EMULATOR_{name.upper().replace('-', '_')}",
            show_default=True,
            show_envvar=True,
        )
        command = option(command)
    return command


class ScenarioName(click.ParamType[str]):
    """A scenario's name or path. A variable of the environment may hold several."""

    name = "scenario"

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the names in a variable: one to a line, or with the system's separator of paths or blanks between them.

        What exists as a path is one, whatever is in it.
        """
        if exists(rv.strip()):
            return [rv.strip()]
        for separator in ("\n", os.pathsep):
            if separator in rv.strip():
                return [name.strip() for name in rv.split(separator) if name.strip()]
        return rv.split()


class Rate(click.ParamType[float]):
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
