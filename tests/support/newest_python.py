"""The newest Python client of Stripe, in processes that import it instead of the pinned one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.installed import once
from tests.support.packages import ROOT, UV, run
from tests.support.stripe_clients import release


def environment_of_newest(factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a process that imports the newest client."""
    newest = f"stripe=={release('python', 'newest')}"

    def install(home: Path) -> None:
        run(*UV, "pip", "install", "--quiet", "--python", sys.executable, "--target", home, newest)

    home = once("python-stripe", factory, install)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(home), str(ROOT)])}
    assert value_of(environment, "stripe.VERSION") == release("python", "newest")
    return environment


def value_of(environment: dict[str, str], expression: str) -> str:
    """Return the value of an expression about the client, in a process of that environment."""
    show = [sys.executable, "-c", f"import stripe; print({expression})"]
    return subprocess.run(show, env=environment, capture_output=True, text=True, check=True).stdout.strip()
