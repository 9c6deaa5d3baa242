"""Of what many streams show at once each entry is made once, and little of it is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from emulator.control import entries
from emulator.control.shown_entries import KEPT, KEPT_BYTES, ShownEntries
from emulator.kernel.clock import EPOCH
from emulator.kernel.exchange import Change
from emulator.kernel.journal import Entry
from tests.support.server import Live, World
from tests.support.streams import listening
from tests.support.toy import kitchen

LISTENERS, CALLS = 8, 3


@pytest.fixture
def world(live: Live) -> World:
    return live.load({"given": {"serpwow": {"batches": [{"id": "B1"}]}}})


def changed(n: int, size: int = 10) -> Entry:
    return Entry(n, Change(EPOCH, "serpwow.batch", "x" * size, "idle", "queued", "why", "evidence"))


@pytest.mark.parametrize("query", ["since=0", "since=0&text=B1", "since=0&kind=exchange"])
def test_many_that_listen_have_each_entry_made_once(
    query: str, live: Live, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, make = list[int](), entries.entry

    def counted(entry: Entry) -> Any:
        made.append(entry.n)
        return make(entry)

    monkeypatch.setattr(entries, "entry", counted)
    with ExitStack() as stack:
        path = f"/worlds/{world.id}/journal/stream?{query}"
        streams = [stack.enter_context(listening(live.url, path)) for _ in range(LISTENERS)]
        for n in range(1, CALLS + 1):
            httpx.get(f"{live.url}/live/batches/B1", params={"api_key": world.serpwow["api_key"]}, timeout=None)
            assert [it.numbers(1) for it in streams] == [[n]] * LISTENERS
    assert made == [*range(1, CALLS + 1)]


def test_an_entry_that_takes_the_place_of_another_is_shown_as_it_is() -> None:
    shown = ShownEntries()
    old, new = changed(1), Entry(1, Change(EPOCH, "serpwow.batch", "new", "idle", "queued", "why", "evidence"))
    assert [shown.of(it).record.id for it in (old, new, old)] == ["x" * 10, "new", "x" * 10]  # type: ignore[union-attr]


def test_the_newest_entries_are_kept_as_far_as_there_is_room_and_none_when_nobody_listens() -> None:
    shown = ShownEntries()
    for size, count in ((10, KEPT), (KEPT_BYTES // 4, 3), (2 * KEPT_BYTES, 1)):
        for n in range(2 * KEPT):
            shown.of(changed(n, size))
        assert len(shown._kept) == count
        assert shown._bytes == sum(len(it.json) for it in shown._kept.values())
    shown.clear()
    assert (shown._bytes, [*shown._kept]) == (0, [])


def test_what_others_were_shown_is_told_only_of_the_rest_of_a_world_that_nobody_uses() -> None:
    world, shown = kitchen(), ShownEntries()
    assert shown.has_rest(world, 0)
    world.journal.add(changed(1).event)
    assert not shown.has_rest(world, 0)
    shown.of(world.journal.entry(1) or changed(1))
    assert shown.has_rest(world, 0)
    with world.lock, ThreadPoolExecutor(1) as pool:
        assert not pool.submit(shown.has_rest, world, 0).result()
