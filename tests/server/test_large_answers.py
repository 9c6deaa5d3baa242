"""An answer that would be larger than a server may hold is refused by name before it is made, and nothing is done."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from emulator.client.emulator import Emulator
from emulator.client.server import ControlError, EmulatorServer

STATE = {"serpwow": {"batches": [{"repeat": 30, "name": "x" * 200_000, "status": "queued"}]}}
"""A state that counts its text once, and shows it thirty times."""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with EmulatorServer(limits={"memory": 8_000_000}) as server, Emulator(server=server) as emulator:
        emulator.load({"given": STATE})
        yield emulator


def test_a_list_that_repeats_a_long_text_is_refused(emulator: Emulator) -> None:
    with httpx.Client(base_url=emulator.serpwow.url, params={"api_key": emulator.serpwow.api_key}) as client:
        response = client.get("/batches", params={"page_size": 30})
        assert (response.status_code, response.headers["emulator-error"]) == (429, "too-many")
        assert "more than 2000000 bytes" in response.json()["message"]
        assert client.get("/batches", params={"page_size": 5}).status_code == 200


def test_a_state_that_repeats_a_long_text_is_refused(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="more than 2000000 bytes"):
        emulator.ask("GET", "/state")
