"""What a server remembers of the heads of requests does not outlive what it follows from."""

from __future__ import annotations

from contextlib import closing

import httpx
import pytest

from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web.gateway import Gateway
from emulator.web.plan import MOST_BYTES, MOST_LINES
from tests.support.sockets import dial, hear_statuses


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


@pytest.mark.parametrize(
    ("more", "is_remembered"),
    [
        (b"", True),
        (b"x:" + b" " * MOST_BYTES + b"y\r\n", False),
        (b"x: y\r\n" * MOST_LINES, False),
    ],
)
def test_only_plans_of_short_heads_are_remembered(more: bytes, is_remembered: bool) -> None:
    app = create_app(worlds_of([]))
    head = b"GET /live/account?api_key=mine HTTP/1.1\r\nhost: localhost\r\n" + more + b"\r\n"
    with ThreadedServer(app) as server, closing(dial(server)) as line:
        line.sendall(head)
        assert hear_statuses(line, 1) == [200]
    assert isinstance(app, Gateway)
    assert (app.plans.known(("http", head)) is not None) == is_remembered
