"""The commands, run in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any, NamedTuple

from click import Command
from click.testing import CliRunner

MIXES = "mix_stderr" in signature(CliRunner).parameters
"""Whether this is a click before 8.2, which cannot have both outputs together and apart."""


class Done(NamedTuple):
    """How a command ended and what it wrote: to standard output, to standard error, and to both."""

    exit_code: int
    stdout: str
    stderr: str
    output: str
    exception: BaseException | None


def invoke(
    command: Command,
    arguments: Sequence[str],
    env: Mapping[str, str | None] | None = None,
    charset: str = "utf-8",
    **extra: Any,
) -> Done:
    """Run a command to its end."""
    options: dict[str, Any] = {"mix_stderr": False} if MIXES else {}
    done = CliRunner(charset=charset, **options).invoke(command, arguments, env=env, **extra)
    output = done.stdout + done.stderr if MIXES else done.output
    return Done(done.exit_code, done.stdout, done.stderr, output, done.exception)
