"""What a stream holds for a client that does not read: few events at a time, which count among the answers on their way."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from emulator.client.connections import SyncConnection, ask_async
from emulator.control.event_stream import EventStream, Streams
from emulator.control.journal_feed import ENOUGH, JournalFeed, Place
from emulator.control.journal_filter import EntryFilter
from emulator.kernel.budget import Budget, Quota
from emulator.kernel.worlds import Worlds
from emulator.server.app import create_app, worlds_of
from emulator.web.connection import InProcessConnection, Message, run_sync
from emulator.web.lanes import NoLanes

if TYPE_CHECKING:
    from emulator.control.context import ControlContext

ENTRIES = 10


class Reader(InProcessConnection):
    """A client of a stream that notes what it is sent and what counts meanwhile, and leaves with the last entry."""

    can_stream = True

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.counted: list[int] = []
        self.is_ended = False

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError("nothing comes")

    async def send(self, message: Message) -> None:
        self.is_ended = message["type"] == "http.response.body" and not message.get("more_body")
        if message.get("body", b"").startswith(b"id:"):
            self.events.append(message["body"])
            self.counted.append(self.charge.size if self.charge else 0)
            self.gone = len(self.events) == ENTRIES


@pytest.fixture
def worlds() -> Worlds:
    """A world with so many entries that each is an event of more than 100,000 bytes."""
    worlds = worlds_of([])
    app = create_app(worlds)
    for _ in range(ENTRIES):
        run_sync(ask_async(app, SyncConnection(None), "POST", b"/live/batches?api_key=k", [], b"\x01" * 17_000, "http"))
    return worlds


def feed_of(worlds: Worlds) -> JournalFeed:
    streams = Streams(1, worlds, Quota(Budget(10**9)))
    context = SimpleNamespace(worlds=worlds, lanes=NoLanes(), started="a", is_current=lambda _: True, streams=streams)
    journal = worlds.default.journal
    return JournalFeed(cast("ControlContext", context), worlds.default, EntryFilter([]), Place.of(journal, 0))


def test_so_many_events_are_made_at_a_time_that_there_are_enough(worlds: Worlds) -> None:
    feed = feed_of(worlds)

    async def take_all() -> list[list[bytes]]:
        taken = [[*await feed.take()]]
        while feed.has_more:
            taken.append([*await feed.take()])
        return taken

    taken = asyncio.run(take_all())
    assert [sum(map(len, it)) > ENOUGH for it in taken] == [True] * ENTRIES
    assert [it[0].partition(b".")[0] for it in taken] == [b"id: %d" % n for n in range(1, ENTRIES + 1)]


@pytest.mark.parametrize(("room", "heard"), [(10_000_000, ENTRIES), (50_000, 0)])
def test_long_events_count_until_they_are_read_and_end_a_stream_that_has_no_room(worlds: Worlds, room: int, heard: int) -> None:
    answers, reader = Quota(Budget(room)), Reader()
    stream = EventStream(feed_of(worlds), Streams(1, worlds, answers))
    asyncio.run(stream.send_to(reader, reader.receive, reader.send))
    assert (len(reader.events), reader.is_ended, answers.budget.used) == (heard, True, 0)
    assert reader.counted == [*map(len, reader.events)]
