"""Streams of events: the journal as it grows, and the worlds as they change, for as long as somebody listens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from emulator.kernel.limits import Limits
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from tests.support.server import Live, World
from tests.support.waiting import wait_until

BATCHES = {"given": {"serpwow": {"batches": [{"id": f"B{n}", "status": "queued", "searches": 5} for n in range(4)]}}}
Event = dict[str, Any]


class Listener:
    """The events of a stream, one after the other."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def next(self) -> Event:
        """Return the next event: its fields, and its data as a value."""
        fields: Event = {}
        for line in self._lines:
            if not line and "data" in fields:
                return fields
            name, _, value = line.partition(": ")
            if name in ("id", "event", "data"):
                fields[name] = json.loads(value) if name == "data" else value
        raise EOFError

    def numbers(self, count: int) -> list[int]:
        """Return the numbers of the next entries."""
        return [self.next()["data"]["n"] for _ in range(count)]


@contextmanager
def listening(url: str, path: str, **headers: str) -> Iterator[Listener]:
    with (
        httpx.Client(base_url=f"{url}/_emulator", timeout=None) as client,
        client.stream("GET", path, headers=headers) as response,
    ):
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"] == "text/event-stream"
        yield Listener(response)


@pytest.fixture
def world(live: Live) -> World:
    return live.load(BATCHES)


def stop(live: Live, world: World, id: str) -> None:
    httpx.get(f"{live.url}/live/batches/{id}/stop", params={"api_key": world.serpwow["api_key"]})


def test_entries_come_as_they_are_written(live: Live, world: World) -> None:
    with listening(live.url, f"/worlds/{world.id}/journal/stream") as stream:
        for n, id in enumerate(("B0", "B1"), start=1):
            stop(live, world, id)
            event = stream.next()
            assert event["data"] == world.journal()[n - 1]
            assert event["id"].split(".")[0] == str(n)


def test_a_stream_goes_on_after_an_entry(live: Live, world: World) -> None:
    for id in ("B0", "B1", "B2"):
        stop(live, world, id)
    with listening(live.url, f"/worlds/{world.id}/journal/stream?since=1") as stream:
        first = stream.next()
        assert (first["data"]["n"], stream.numbers(1)) == (2, [3])
    again = {"Last-Event-ID": first["id"]}
    with listening(live.url, f"/worlds/{world.id}/journal/stream?since=0", **again) as stream:
        assert stream.numbers(1) == [3]


def test_a_stream_has_what_its_filter_chooses(live: Live, world: World) -> None:
    for id in ("B0", "nobody", "B1"):
        stop(live, world, id)
    with listening(live.url, f"/worlds/{world.id}/journal/stream?since=0&status=4xx") as stream:
        assert stream.numbers(1) == [2]
        stop(live, world, "nobody")
        assert stream.numbers(1) == [4]


def test_what_is_undone_is_taken_back_and_what_follows_comes_anew(live: Live, world: World) -> None:
    with listening(live.url, f"/worlds/{world.id}/journal/stream") as stream:
        for id in ("B0", "B1", "B2"):
            stop(live, world, id)
        assert stream.numbers(3) == [1, 2, 3]
        live.control.post(f"/_emulator/worlds/{world.id}/undo", json={"exchanges": 2})
        event = stream.next()
        assert (event["event"], event["data"]["last"]) == ("reset", 1)
        stop(live, world, "B3")
        assert stream.next()["data"] == world.journal()[-1]


def test_a_world_that_begins_anew_takes_all_back(live: Live, world: World) -> None:
    with listening(live.url, f"/worlds/{world.id}/journal/stream") as stream:
        stop(live, world, "B0")
        assert stream.numbers(1) == [1]
        live.control.post(f"/_emulator/worlds/{world.id}/reset")
        event = stream.next()
        assert (event["event"], event["data"]["last"]) == ("reset", 0)
        stop(live, world, "B1")
        assert stream.next()["data"] == world.journal()[0]


def test_a_client_that_comes_back_after_another_past_hears_of_it(live: Live, world: World) -> None:
    with listening(live.url, f"/worlds/{world.id}/journal/stream") as stream:
        stop(live, world, "B0")
        seen = stream.next()["id"]
    live.control.post(f"/_emulator/worlds/{world.id}/reset")
    stop(live, world, "B1")
    for token in (seen, "7.abc.1.0"):
        with listening(live.url, f"/worlds/{world.id}/journal/stream", **{"Last-Event-ID": token}) as stream:
            assert (stream.next()["event"], stream.numbers(1)) == ("reset", [1])


def test_entries_that_were_lost_are_a_gap(live: Live, world: World) -> None:
    for id in ("B0", "B1"):
        stop(live, world, id)
    live.control.delete(f"/_emulator/worlds/{world.id}/journal")
    stop(live, world, "B2")
    with listening(live.url, f"/worlds/{world.id}/journal/stream?since=0") as stream:
        event = stream.next()
        assert (event["event"], event["data"]) == ("gap", {"world": world.id, "after": 0, "before": 3})
        assert stream.numbers(1) == [3]


def test_a_running_clock_needs_nobody_to_look_at_it(live: Live, world: World) -> None:
    with listening(live.url, f"/worlds/{world.id}/journal/stream") as stream:
        live.control.patch(f"/_emulator/worlds/{world.id}/clock", json={"rate": 100})
        assert stream.next()["data"]["type"] == "change"


def test_a_stream_ends_with_its_world(live: Live, world: World) -> None:
    with listening(live.url, f"/worlds/{world.id}/journal/stream") as stream:
        live.control.delete(f"/_emulator/worlds/{world.id}")
        assert stream.next()["event"] == "dropped"
        with pytest.raises(EOFError):
            stream.next()


def test_the_stream_of_worlds_tells_of_each_that_changes_is_made_or_dropped(live: Live, world: World) -> None:
    with listening(live.url, f"/stream?world={world.id}") as stream:
        first = stream.next()["data"]
        stop(live, world, "B0")
        second = stream.next()["data"]
        assert [it["entry"] for it in (first, second)] == [0, 1]
        assert (first["world"], first["rate"], first["epoch"] == second["epoch"]) == (world.id, "frozen", True)
        world.advance("1s")
        assert stream.next()["data"]["now"] > second["now"]
        live.control.post(f"/_emulator/worlds/{world.id}/reset")
        assert stream.next()["data"]["epoch"] != first["epoch"]
        live.control.delete(f"/_emulator/worlds/{world.id}")
        assert stream.next()["data"] == {"world": world.id, "dropped": True}


def test_the_stream_of_all_worlds_tells_of_new_ones() -> None:
    with ThreadedServer(create_app(worlds_of([]))) as server, listening(server.url, "/stream") as stream:
        assert stream.next()["data"]["world"] == "default"
        httpx.post(f"{server.url}/_emulator/worlds", json={"id": "new"})
        event = stream.next()["data"]
        assert (event["world"], event["made"]) == ("new", True)


def test_no_more_streams_than_the_bound_are_open_and_one_that_ends_makes_room() -> None:
    app = create_app(worlds_of([]), limits=Limits(streams=1))
    with ThreadedServer(app) as server, httpx.Client(base_url=server.url, timeout=None) as client:
        with listening(server.url, "/stream"):
            refusal = client.get("/_emulator/worlds/default/journal/stream")
            assert (refusal.status_code, "serve --max-streams" in refusal.json()["detail"]) == (429, True)
        wait_until(lambda: _opens(server.url))


def _opens(url: str) -> bool:
    with httpx.Client(base_url=url, timeout=None) as client, client.stream("GET", "/_emulator/stream") as response:
        return response.status_code == 200


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/worlds/nowhere/journal/stream", {}, 404),
        ("/worlds/default/journal/stream?since=x", {}, 422),
        ("/worlds/default/journal/stream?status=odd", {}, 422),
        ("/worlds/default/journal/stream", {"Last-Event-ID": "x"}, 422),
        ("/worlds/default/journal/stream?newest=3", {}, 422),
        ("/stream?world=nowhere", {}, 422),
    ],
)
def test_a_stream_of_what_there_is_not_is_refused(live: Live, path: str, headers: dict[str, str], status: int) -> None:
    reply = live.control.get(f"/_emulator{path}", headers=headers)
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json")


def test_the_head_of_a_stream_is_not_to_be_had(live: Live) -> None:
    reply = live.control.head("/_emulator/stream")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET")


def test_a_stream_ends_with_its_server() -> None:
    with ThreadedServer(create_app(worlds_of([]))) as server:
        client = httpx.Client(base_url=server.url, timeout=None)
        request = client.build_request("GET", "/_emulator/stream")
        response = client.send(request, stream=True)
        lines = response.iter_lines()
        next(lines)
    with pytest.raises(httpx.HTTPError):
        list(lines)
    client.close()
