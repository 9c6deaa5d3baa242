"""Each engine that there is, opened at a place of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.store.port import Engine
from tests.store.engines import ENGINES, Opened


@pytest.fixture(params=ENGINES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    return ENGINES[request.param](tmp_path)


@pytest.fixture
def engine(opened: Opened) -> Iterator[Engine]:
    engine = opened()
    yield engine
    engine.close()
