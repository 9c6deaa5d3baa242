"""The way of one request from the socket to the journal: how many files of the package it visits, and which."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import httpx
import pytest

import emulator
from emulator.kernel.journal import Journal
from emulator.server.app import create_app, worlds_of
from emulator.server.connection import HttpConnection
from emulator.server.server import ThreadedServer
from tests.support.loading import LIBRARY

PACKAGE = Path(emulator.__file__).parent
PAGE = " ".join((PACKAGE.parent / "docs" / "architecture.md").read_text("utf-8").split())
FIRST, LAST = HttpConnection.data_received.__code__, Journal.add.__code__
OF_WEB_AND_SERVER = {"server/connection.py", "web/vendor_plane.py", "web/pipeline.py"}
"""The guard and the routes are asked once for each head; the gateway remembers the plan."""


class Case(NamedTuple):
    """A request, and how many files it may visit at most."""

    scenario: str
    path: str
    headers: dict[str, str]
    method: str
    bound: int


STRIPE_HEADERS = {"authorization": "Bearer sk_test_1", "stripe-version": "2026-05-27.preview"}
CASES = {
    "a SerpWow stop": Case("serpwow/list-pages-and-filters", "/live/batches/{}/stop?api_key=any", {}, "GET", 12),
    "a Stripe cancel": Case("stripe/cancel-in-progress", "/v2/core/batch_jobs/{}/cancel", STRIPE_HEADERS, "POST", 12),
}


class Visits:
    """Files of the package whose functions are called between the first byte of a request and its entry in the journal."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self._is_on_the_way = False

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == "call" and code is FIRST:
            self.files, self._is_on_the_way = [], True
        if self._is_on_the_way and event == "call" and code.co_filename.startswith(str(PACKAGE)):
            file = Path(code.co_filename).relative_to(PACKAGE).as_posix()
            self.files += [file] * (file not in self.files)
        if event == "return" and code is LAST:
            self._is_on_the_way = False


@contextmanager
def profile() -> Iterator[Visits]:
    """Have every thread that starts from now on call a hook; what profiles this thread stays."""
    visits, before = Visits(), sys.getprofile()
    threading.setprofile(visits)
    try:
        yield visits
    finally:
        threading.setprofile(before)


def stoppable_id(state: dict[str, Any], kind: str) -> str:
    """Return the id of the first batch or job that is under way."""
    under_way = {"queued", "running", "in_progress"}
    id: str = next(item["id"] for item in state[kind] if item.get("status") in under_way)
    return id


@pytest.mark.parametrize("name", CASES)
def test_a_stop_and_a_cancel_visit_the_few_files_that_the_page_lists_in_this_order(name: str) -> None:
    case = CASES[name]
    vendor, kind = ("serpwow", "batches") if "serpwow" in case.scenario else ("stripe", "batch_jobs")
    app = create_app(worlds_of([LIBRARY.get(case.scenario)]))
    with profile() as visits, ThreadedServer(app) as server, httpx.Client(base_url=server.url) as client:
        control = "/_emulator/worlds/default"
        id = stoppable_id(client.get(f"{control}/state").json()[vendor], kind)
        for _ in range(2):  # the first makes the plan that the second finds
            client.post(f"{control}/reset").raise_for_status()
            assert client.request(case.method, case.path.format(id), headers=case.headers).status_code == 200
        files = visits.files
    assert len(files) <= case.bound, files
    assert " → ".join(files) in PAGE
    assert {item for item in files if item.startswith(("web/", "server/"))} == OF_WEB_AND_SERVER
