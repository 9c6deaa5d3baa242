"""The first request of a server's life to the control plane, which imports it: others are answered meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import pytest

from emulator.server.app import create_app, library, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web.control_plane import ControlPlane, Made


@pytest.mark.parametrize("path", ["ready", "worlds"])
def test_vendors_clients_are_answered_while_the_control_plane_is_made(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    has_begun, others_are_answered, make = Event(), Event(), ControlPlane._first

    def make_slowly(plane: ControlPlane) -> Made:
        has_begun.set()
        others_are_answered.wait()
        return make(plane)

    monkeypatch.setattr(ControlPlane, "_first", make_slowly)
    app = create_app(worlds_of([library().get("first-run")]))
    with ThreadedServer(app) as server, ThreadPoolExecutor() as pool, httpx.Client(base_url=server.url, timeout=60) as client:
        first = [pool.submit(httpx.get, f"{server.url}/_emulator/{path}", timeout=None) for _ in range(3)]
        has_begun.wait()
        try:
            assert client.get("/live/account?api_key=demo").status_code == 200
        finally:
            others_are_answered.set()
        assert [it.result().status_code for it in first] == [200, 200, 200]
