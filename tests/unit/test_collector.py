"""The garbage collector of a server: it looks at what is new, and at everything only where that is little."""

from __future__ import annotations

import gc
from weakref import ref

import pytest

from emulator.client.connections import ask
from emulator.server import collector
from emulator.server.app import create_app, worlds_of
from emulator.server.collector import BLOCKS, LITTLE, PeriodicCollector
from emulator.text.garbage import NEVER, gc_paused


class FakeGc:
    """A collector that has put off so many looks, and notes what it is told. It counts no frozen objects, which takes long."""

    def __init__(self, put_off: int) -> None:
        self.put_off, self.told = put_off, list[str]()
        self.threshold = (700, 10, 10)

    def collect(self) -> None:
        self.told.append("collect")

    def freeze(self) -> None:
        self.told.append("freeze")

    def unfreeze(self) -> None:
        self.told.append("unfreeze")

    def get_threshold(self) -> tuple[int, int, int]:
        return self.threshold

    def set_threshold(self, *threshold: int) -> None:
        self.threshold = threshold  # type: ignore[assignment]

    def get_count(self) -> tuple[int, int, int]:
        return 0, 0, self.put_off


@pytest.mark.parametrize(
    ("blocks", "put_off", "second", "calls"),
    [
        (0, 0, 60, []),
        (10**7, 3, 1, ["collect", "freeze"]),
        (10**7, LITTLE // 7000 + 1, 1, ["freeze"]),
        (BLOCKS * LITTLE - 1, 0, 60, ["unfreeze", "collect", "freeze"]),
        (BLOCKS * LITTLE, 0, 60, []),
        (BLOCKS * LITTLE, 3, 60, ["collect", "freeze"]),
    ],
)
def test_each_second_as_much_is_looked_through_as_takes_a_moment(
    monkeypatch: pytest.MonkeyPatch, blocks: int, put_off: int, second: int, calls: list[str]
) -> None:
    fake = FakeGc(put_off)
    monkeypatch.setattr(collector, "gc", fake)
    monkeypatch.setattr("sys.getallocatedblocks", lambda: blocks)
    own_collector = PeriodicCollector()
    assert fake.threshold == (700, 10, NEVER)
    for _ in range(second):
        fake.told.clear()
        own_collector.collect()
    assert fake.told == calls


def test_a_world_that_is_dropped_goes_without_the_collector() -> None:
    worlds = worlds_of([])
    app = create_app(worlds)
    headers = [(b"host", b"localhost")]
    ask(
        app,
        "POST",
        b"/_emulator/worlds",
        headers,
        b'{"id": "w", "scenario": {"title": "A", "given": {"serpwow": {"batches": [{"repeat": 3}]}}}}',
    )
    ask(app, "GET", b"/live/batches/stopall?api_key=k", [*headers, (b"emulator-world", b"w")], b"")
    ask(app, "POST", b"/_emulator/worlds/w/snapshots", headers, b'{"name": "a"}')
    assert ask(app, "GET", b"/_emulator/worlds/w/diff", headers, b"").status == 200
    reference = ref(worlds.get("w"))
    gc.collect()
    gc.disable()
    try:
        ask(app, "DELETE", b"/_emulator/worlds/w", headers, b"")
        assert reference() is None
    finally:
        gc.enable()


def test_what_was_made_while_the_collector_paused_is_not_looked_through_as_new() -> None:
    with gc_paused():
        made = [[n] for n in range(1_000)]
    assert gc.isenabled()
    assert not {*map(id, made)} & {id(it) for young in (0, 1) for it in gc.get_objects(generation=young)}


def test_what_somebody_froze_stays_frozen() -> None:
    gc.freeze()
    try:
        with gc_paused():
            pass
        assert gc.get_freeze_count()
    finally:
        gc.unfreeze()
