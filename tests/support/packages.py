"""The repository as something to build and install, by commands of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


UV = (sys.executable, "-m", "uv")


def run(*command: object, cwd: Path | None = None) -> str:
    result = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def install(folder: Path, *packages: object) -> Path:
    """Install packages into a new environment; return the folder of its commands."""
    run(*UV, "venv", "--quiet", "--clear", "--python", sys.executable, folder)
    run(*UV, "pip", "install", "--quiet", "--python", folder / "bin" / "python", *packages)
    return folder / "bin"
