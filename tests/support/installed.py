"""Clients in other languages and of other releases, each installed once for all the tests of a run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest


def needed(*programs: str) -> None:
    """Goes on only where the programs are; in CI they have to be."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"CI must have {' and '.join(missing)}")
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed here")


def once(name: str, factory: pytest.TempPathFactory, fill: Callable[[Path], object]) -> Path:
    """Return a folder that `fill` has filled; all workers of a run share it.

    Where two workers begin at once both fill one, and the folder of the first to end is kept.
    """
    base = factory.getbasetemp()
    folder_of_all = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    if not folder_of_all.exists():
        own = factory.mktemp(name)
        fill(own)
        with suppress(OSError):  # another worker was first
            own.rename(folder_of_all)
    return folder_of_all


def from_npm(package: str, factory: pytest.TempPathFactory) -> Path:
    """Return a folder in whose `node_modules` a package is."""
    needed("node", "npm")

    def install(home: Path) -> None:
        (home / "package.json").write_text('{"private": true}')
        command = [shutil.which("npm") or "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", package]
        result = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=300, check=False)
        assert result.returncode == 0, result.stderr

    return once("npm-" + package.replace("/", "-"), factory, install)


def run_node(home: Path, program: str, *arguments: str, kind: str = "module") -> Any:
    """Run a program beside the packages of a folder; return the JSON in the last line that it prints.

    Args:
        home: a folder of `from_npm`.
        program: its source text.
        arguments: `process.argv.slice(2)` of the program.
        kind: `module` (ES) or `commonjs`.
    """
    command = [shutil.which("node") or "node", f"--input-type={kind}", "-", *arguments]
    result = subprocess.run(command, cwd=home, input=program, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])
