"""Streams of events: the journal as it grows, and the worlds as they change, for as long as somebody listens."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import httpx
import pytest

from emulator.control.worlds_feed import WorldsFeed
from emulator.control.worlds_watch import WorldsWatch
from emulator.kernel.limits import Limits
from emulator.kernel.worlds import Worlds
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from tests.support.server import Live, World
from tests.support.streams import listening
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from emulator.control.context import ControlContext

BATCHES = {"given": {"serpwow": {"batches": [{"id": f"B{n}", "status": "queued", "searches": 5} for n in range(4)]}}}


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


async def news_of(worlds: Worlds, count: int, number: int) -> tuple[int, list[str]]:
    """Have several look at all worlds at once; return the number of the news, and the worlds after one."""
    watch = WorldsWatch(worlds)
    await asyncio.gather(*[watch.look() for _ in range(count)])
    return watch.number, [it.id for it in watch.since(number)]


def test_worlds_are_looked_at_once_for_all_who_listen() -> None:
    worlds = worlds_of([])
    for n in range(3):
        worlds.add(worlds.default.spawn(f"w{n}", worlds.default.rules), ())
    assert asyncio.run(news_of(worlds, 5, 1)) == (4, ["w0", "w1", "w2"])


def test_news_come_in_order_and_only_the_newest_of_a_world() -> None:
    worlds = worlds_of([])
    watch = WorldsWatch(worlds)

    async def look() -> None:
        await watch.look()
        began = watch.number
        worlds.add(worlds.default.spawn("w1", worlds.default.rules), ())
        await watch.look()
        worlds.default.clock.set_rate(2)
        await watch.look()
        worlds.remove("w1")
        await watch.look()
        news = watch.since(began)
        assert [(it.id, it.is_dropped, it.made > began) for it in news] == [("default", False, False), ("w1", True, True)]
        assert watch.since(watch.number) == []

    asyncio.run(look())


def test_a_stream_that_is_behind_what_is_remembered_of_dropped_worlds_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.control.worlds_watch.MOST_DROPPED", 1)
    worlds = worlds_of([])
    watch = WorldsWatch(worlds)
    feed, another = (WorldsFeed(cast("ControlContext", SimpleNamespace(worlds=worlds)), (), watch) for _ in range(2))

    async def fall_behind() -> None:
        await feed.take()
        for n in range(2):
            worlds.add(worlds.default.spawn(f"w{n}", worlds.default.rules), ())
            await watch.look()
            worlds.remove(f"w{n}")
            await watch.look()
        await feed.take()
        assert feed.is_over
        assert len(await another.take()) == 1
        assert not another.is_over

    asyncio.run(fall_behind())


def test_events_of_many_worlds_are_made_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.control.worlds_feed.AT_ONCE", 2)
    worlds = worlds_of([])
    for n in range(4):
        worlds.add(worlds.default.spawn(f"w{n}", worlds.default.rules), ())
    feed = WorldsFeed(cast("ControlContext", SimpleNamespace(worlds=worlds)), (), WorldsWatch(worlds))

    async def take_all() -> list[int]:
        sizes = [len(await feed.take())]
        while feed.has_more:
            sizes.append(len(await feed.take()))
        return sizes

    assert asyncio.run(take_all()) == [2, 2, 1]
