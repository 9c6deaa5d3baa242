"""An answer that would be larger than a server may hold is refused by name before it is made, and nothing is done."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator.client.emulator import Emulator
from emulator.client.server import ControlError, EmulatorServer
from emulator.vendors.serpwow.responses.files import PIECE, as_csv

LONG = "x" * 200_000
RUN = {"id": 1, "started_at": "2025-12-31T20:00:00Z", "ended_at": "2025-12-31T20:00:10Z"}
STATE = {
    "serpwow": {
        "batches": [
            {"repeat": 30, "name": LONG, "status": "queued"},
            {"id": "F", "name": "F", "searches": [{"q": LONG}, {"q": LONG}, {"q": LONG}], "result_sets": [RUN]},
        ]
    }
}
"""A state that counts its text once, and shows it thirty times."""

COLUMNS = ",".join(["search"] * 4)


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


@pytest.mark.parametrize(
    "path",
    ["results/1", "results/1/jsonlines", f"results/1/csv?csv_fields={COLUMNS}"],
)
@pytest.mark.parametrize("which", ["pages", "all_pages"])
def test_a_file_that_repeats_a_long_text_is_refused(emulator: Emulator, path: str, which: str) -> None:
    with httpx.Client(params={"api_key": emulator.serpwow.api_key}) as client:
        links = client.get(f"{emulator.serpwow.url}/batches/F/{path}").json()["result"]["download_links"]
        response = client.get(links[which][0] if which == "pages" else links[which])
        assert (response.status_code, response.headers["emulator-error"]) == (429, "too-many")


@pytest.mark.parametrize(
    "cells", [["a", "", 'say "x"', None, True, 1.5], ["x" * 40_000] * 5, ["x" * 70_000, ""], [""] * 70_000, [""]]
)
def test_a_row_in_pieces_is_the_row(cells: list[Any]) -> None:
    whole = io.StringIO()
    csv.writer(whole, lineterminator="\n").writerow(["true" if it is True else it for it in cells])
    pieces = [*as_csv([], cells)]
    assert b"".join(pieces) == whole.getvalue().encode()
    assert len(pieces) == 1 or max(map(len, pieces)) < 2 * PIECE
