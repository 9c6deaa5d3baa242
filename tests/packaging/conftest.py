"""The wheel, built once for the tests that install it, and environments to install it in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.installed import once
from tests.support.packages import ROOT, UV, run


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sdist as an index would have it."""
    folder = once("dist", tmp_path_factory, lambda folder: run(*UV, "build", "--quiet", "--out-dir", folder, ROOT))
    (built,) = folder.glob("*.whl")
    return built
