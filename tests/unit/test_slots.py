"""Work in threads: what is short waits for no long work, and there is an end to both."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from threading import Event
from weakref import WeakSet

import pytest

from emulator.kernel.errors import BadInput
from emulator.text.checkpoint import checkpoint
from emulator.vendors import VENDORS
from emulator.web import event_loop, turns
from emulator.web.event_loop import LONG_WORKS, SHORT_WORKS, in_limited_thread
from emulator.web.lanes import Lanes
from tests.support.loading import load_value


class Works:
    """Works that last until they are let go."""

    def __init__(self) -> None:
        self.started = self.lasting = 0
        self._end = Event()
        self._tasks: list[asyncio.Task[bool]] = []

    async def begin(self, number: int, is_long: bool, is_lasting: bool = False) -> None:
        work = self._last if is_lasting else self._work
        self._tasks += [asyncio.create_task(in_limited_thread(work, is_long=is_long)) for _ in range(number)]
        await asyncio.sleep(0)

    def _work(self) -> bool:
        self.started += 1
        return self._end.wait()

    def _last(self) -> bool:
        """Work until the next checkpoint, from which on a work lasts here."""
        checkpoint()
        self.lasting += 1
        return self._end.wait()

    async def finish(self) -> None:
        self._end.set()
        await asyncio.gather(*self._tasks)


def with_works(test: Callable[[Works], Awaitable[None]]) -> None:
    async def run() -> None:
        works = Works()
        try:
            await test(works)
        finally:
            await works.finish()

    asyncio.run(run())


async def assert_waits_for(works: Works) -> None:
    """Check that another work begins when these have ended, and not before."""
    late = asyncio.create_task(in_limited_thread(lambda: "done"))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not late.done()
    await works.finish()
    assert await late == "done"


def test_a_short_work_waits_for_no_long_one() -> None:
    async def test(works: Works) -> None:
        await works.begin(LONG_WORKS + 5, is_long=True)
        assert await in_limited_thread(lambda: "done") == "done"

    with_works(test)


def test_there_is_an_end_to_short_works() -> None:
    async def test(works: Works) -> None:
        await works.begin(SHORT_WORKS, is_long=False)
        await assert_waits_for(works)

    with_works(test)


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Works that last from their first checkpoint on, and turns that end in a moment whoever has them."""
    monkeypatch.setattr(turns, "SLICE", 0)
    monkeypatch.setattr(turns, "NEW_SECONDS", 0)
    monkeypatch.setattr(turns, "LONGEST_TURN", 0.001)


@pytest.mark.usefixtures("impatience")
def test_what_lasts_gives_its_slot_to_the_next() -> None:
    async def test(works: Works) -> None:
        await works.begin(SHORT_WORKS, is_long=False, is_lasting=True)
        assert await in_limited_thread(lambda: "done") == "done"

    with_works(test)


@pytest.mark.usefixtures("impatience")
def test_there_is_an_end_to_works_that_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loop, "LASTING_WORKS", 3)

    async def test(works: Works) -> None:
        await works.begin(SHORT_WORKS + 3, is_long=False, is_lasting=True)
        while works.lasting < SHORT_WORKS + 3:
            await asyncio.sleep(0)
        await assert_waits_for(works)

    with_works(test)


def test_a_work_that_is_given_up_while_it_waits_leaves_its_place_to_the_next() -> None:
    async def test(works: Works) -> None:
        await works.begin(LONG_WORKS, is_long=True)
        given_up = asyncio.create_task(in_limited_thread(lambda: "never", is_long=True))
        late = asyncio.create_task(in_limited_thread(lambda: "done", is_long=True))
        await asyncio.sleep(0)
        given_up.cancel()
        await works.finish()
        assert await late == "done"

    with_works(test)


def test_a_request_of_a_large_world_waits_for_no_long_work() -> None:
    async def test(works: Works) -> None:
        await works.begin(LONG_WORKS + 5, is_long=True)
        world = load_value({"title": "T", "given": {"serpwow": {"batches": [{"repeat": 2_000}]}}}, VENDORS).world(VENDORS, "w")
        assert await Lanes().run(world, lambda: "done", is_long=True) == "done"

    with_works(test)


class Document:
    """A value that a work reads."""


def test_a_refused_work_leaves_nothing_that_only_a_collection_of_garbage_finds() -> None:
    """A server freezes what is new without looking through it where it is much, so what is in a cycle would stay for good."""
    documents: WeakSet[Document] = WeakSet()

    def refuse() -> None:
        document = Document()
        documents.add(document)
        raise BadInput.at("it is refused")

    async def refuse_often() -> int:
        for _ in range(5):
            with pytest.raises(BadInput):
                await in_limited_thread(refuse)
        await asyncio.sleep(0)
        return len(documents)

    gc.collect()
    gc.disable()
    try:
        assert asyncio.run(refuse_often()) == 0
    finally:
        gc.enable()
