"""The commands, run in this process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

from click import Command
from click.testing import CliRunner

MIXES = "mix_stderr" in signature(CliRunner).parameters
"""Whether this is a click before 8.2, which cannot have both outputs together and apart."""


class Done(NamedTuple):
    """The end of a command: its exit code, its standard output, its standard error, and both in the order of writing."""

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
    result = CliRunner(charset=charset, **options).invoke(command, arguments, env=env, **extra)
    output = result.stdout + result.stderr if MIXES else result.output
    return Done(result.exit_code, result.stdout, result.stderr, output, result.exception)


def run(tmp_path: Path, *command: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PATH": path}, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout
