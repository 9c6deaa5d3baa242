"""Whatever shows what clients sent hides their secrets beside the event loop: others are served meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from emulator.control.app import ROUTES
from emulator.control.route import ControlRoute
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.text import redact
from tests.support.waiting import wait_until

SENT = "sent-by-a-client"
FAULT = {"at": "serpwow.batches.list", "where": "before-commit", "do": "hang"}
EVENT = {"after_call": "serpwow.batches.stop", "set": {"serpwow": {"account": {"name": SENT}}}}
WORLD = "/_emulator/worlds/default"
LOOKS = [row for row in ROUTES if row.method == "GET" and not row.raw and row.path.startswith("/worlds/{world}")]
RULES = {"fault": "fault-1", "event": "timeline-1", "reply": "reply-1"}
NAMES = {**RULES, "n": "1", "name": "x", "delivery": "x", "vendor": "serpwow", "kind": "batch", "id": "x"}
SHOW_REQUESTS = ("held", "unmatched", "journal", "{n}", "explain")


@pytest.mark.parametrize("row", LOOKS, ids=[row.path for row in LOOKS])
def test_secrets_are_hidden_beside_the_event_loop(row: ControlRoute, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[str] = set()
    scan = redact._scan

    def hide(text: str) -> str:
        if SENT in text:
            threads.add(threading.current_thread().name)
        return scan(text)

    with ThreadedServer(create_app(worlds_of([]))) as server, httpx.Client(base_url=server.url, timeout=None) as client:
        other = client.post("/_emulator/worlds", json={"id": "other"}).json()["id"]
        client.post(f"{WORLD}/faults", json=FAULT)
        client.post(f"{WORLD}/timeline", json=EVENT)
        client.get(f"/live/account?api_key=k&x={SENT}")
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(client.get, f"/live/batches?api_key=k&x={SENT}")
            wait_until(lambda: client.get(f"{WORLD}/held").json()["held"], lambda: not answer.done())
            monkeypatch.setattr(redact, "_scan", hide)
            for world in ("default", other):
                names = {**NAMES, "world": world}
                path = row.path.replace(":path}", "}").format_map(names)
                client.get(f"/_emulator{path}")
            client.delete(f"{WORLD}/faults")
    assert threads <= {"batch-emulator-apart"}
    assert threads or row.path.rpartition("/")[2] not in SHOW_REQUESTS
