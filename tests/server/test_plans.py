"""What a server remembers of the heads of requests does not outlive what it follows from."""

from __future__ import annotations

import httpx

from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer


def test_a_request_that_was_answered_before_reaches_the_world_that_claims_its_key_later() -> None:
    scenario = {"title": "Mine", "credentials": {"serpwow": ["mine"]}}
    with ThreadedServer(create_app(worlds_of([]))) as server, httpx.Client(base_url=server.url) as client:
        exchange_ids = [client.get("/live/account?api_key=mine").headers["emulator-exchange"] for _ in range(2)]
        client.post("/_emulator/worlds", json={"id": "mine", "scenario": scenario}).raise_for_status()
        exchange_ids.append(client.get("/live/account?api_key=mine").headers["emulator-exchange"])
    assert exchange_ids == ["default/1", "default/2", "mine/1"]


def test_requests_with_equal_heads_are_told_apart_by_the_key_in_their_bodies() -> None:
    with ThreadedServer(create_app(worlds_of([]))) as server, httpx.Client(base_url=server.url) as client:
        for key in ("a" * 36, "b" * 36):
            client.post("/za/pay/authentication/getToken", json={"key": key, "secret": "s"})
        journal = "/_emulator/worlds/default/journal"
        credentials = [client.get(f"{journal}/{n}/explain").json()["credential"] for n in (1, 2)]
    assert credentials == ["aaaa…", "bbbb…"]
