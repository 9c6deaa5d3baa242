"""The writer: who waits shares a write, what fails fails together, and nobody's giving up takes anything back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from random import Random
from threading import Event, Lock, Semaphore, get_ident

import pytest

from emulator.store import writer as writer_module
from emulator.store.memory import MemoryEngine
from emulator.store.port import Ahead, Append, Engine, Overtaken, Record, StoreUnavailable
from emulator.store.receipt import Receipt
from emulator.store.sqlite import SqliteEngine
from emulator.store.writer import Writer
from tests.store.disks import small_disk
from tests.store.engines import Opened, contents
from tests.store.history import Attempt, History, Outcome, Wish
from tests.support.waiting import wait_until


class Held(MemoryEngine):
    """An engine whose calls of `append` are noted, and each of which waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: list[list[Append]] = []
        self.begun, self.let_go = Semaphore(0), Semaphore(0)
        self.failures: list[Exception] = []

    def append(self, appends: Sequence[Append]) -> None:
        self.groups.append([*appends])
        self.begun.release()
        self.let_go.acquire()
        if self.failures:
            raise self.failures.pop()
        super().append(appends)

    def let_all_go(self) -> None:
        self.let_go.release(1_000)


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def writer(held: Held) -> Iterator[Writer]:
    writer = Writer(held)
    yield writer
    held.let_all_go()
    writer.close()


def refusal_of(writer: Writer) -> str | None:
    return writer.refusal


def begin_one(writer: Writer, held: Held) -> Receipt:
    """Have one record of the world `first` on its way, which stays there."""
    receipt = writer.append(Append("first", 1, b"1"))
    held.begun.acquire()
    return receipt


def test_records_that_wait_while_one_is_written_share_the_next_write(writer: Writer, held: Held) -> None:
    first = begin_one(writer, held)
    with ThreadPoolExecutor(31) as clients:
        receipts = [*clients.map(lambda number: writer.append(Append(f"w{number}", 1, b"x")), range(31))]
    assert {*map(id, receipts)} == {id(receipts[0])} != {id(first)}
    assert not first.is_over
    held.let_all_go()
    receipts[0].wait()
    assert [len(group) for group in held.groups] == [1, 31]
    assert (first.is_over, first.error, receipts[0].error, receipts[0].lost) == (True, None, None, {})


def test_of_32_clients_who_write_again_and_again_16_share_a_write(writer: Writer, held: Held) -> None:
    newest = dict.fromkeys((f"w{client}" for client in range(32)), 1)
    waiting = {world: writer.append(Append(world, 1, b"x")) for world in newest}
    while waiting:
        held.begun.acquire()
        held.let_go.release()
        waiting[held.groups[-1][0].world].wait()
        for world in [world for world, receipt in waiting.items() if receipt.is_over]:
            newest[world] += 1
            del waiting[world]
            if newest[world] <= 10:
                waiting[world] = writer.append(Append(world, newest[world], b"x"))
    assert sum(map(len, held.groups)) == 320
    assert len(held.groups) <= 320 / 16


def test_a_group_has_a_bound_in_bytes_and_the_order_stays(writer: Writer, held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "MOST_TOGETHER", 10)
    begin_one(writer, held)
    receipts = [writer.append(Append("w", n, bytes(6))) for n in range(1, 8)]
    held.let_all_go()
    receipts[-1].wait()
    assert [[append.n for append in group] for group in held.groups[1:]] == [[1, 2], [3, 4], [5, 6], [7]]


def test_after_a_write_that_failed_all_that_waited_fails_and_nothing_is_taken_until_a_probe_succeeds(
    writer: Writer, held: Held
) -> None:
    held.failures = [StoreUnavailable("the disk is full")]
    first = begin_one(writer, held)
    second = writer.append(Append("first", 2, b"2"))
    between = writer.call(lambda engine: engine.list())
    third = writer.append(Append("other", 1, b"1"))
    held.let_all_go()
    assert between.result() == {}
    receipts = [first, second, third, writer.append(Append("other", 1, b"1"))]
    assert {(receipt.is_over, receipt.error) for receipt in receipts} == {(True, "the disk is full")}
    assert refusal_of(writer) == "the disk is full"
    assert len(held.groups) == 1
    probe = writer.probe()
    probe.wait()
    assert (probe.error, refusal_of(writer)) == (None, None)
    again = writer.append(Append("first", 1, b"1"))
    again.wait()
    assert (again.error, contents(held)) == (None, {"first": (1, None, {1: b"1"})})


def fail(writer: Writer, held: Held, reason: str = "the disk is full") -> None:
    held.failures = [StoreUnavailable(reason)]
    held.let_all_go()
    writer.append(Append("failed", 1, b"")).wait()


def test_probes_that_fail_are_made_once_in_a_while(writer: Writer, held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    probes: list[None] = []

    def fail_again() -> None:
        probes.append(None)
        raise StoreUnavailable(f"still full {len(probes)}")

    monkeypatch.setattr(writer_module, "MONOTONIC", lambda: now)
    monkeypatch.setattr(held, "probe", fail_again)
    assert (writer.probe().is_over, writer.probe().error, probes) == (True, None, [])
    fail(writer, held)
    writer.probe().wait()
    for _ in range(3):
        assert writer.probe().error == "still full 1"
    assert refusal_of(writer) == "still full 1"
    now += 0.2
    writer.probe().wait()
    assert refusal_of(writer) == "still full 2"
    assert len(probes) == 2


def test_a_world_that_is_not_where_its_record_is_fails_alone(writer: Writer, held: Held) -> None:
    MemoryEngine.append(held, [Append("overtaken", 1, b"another's")])
    begin_one(writer, held)
    receipts = {world: writer.append(Append(world, n, b"x")) for world, n in (("overtaken", 1), ("right", 1), ("dropped", 7))}
    writer.append(Append("right", 2, b"y"))
    held.let_all_go()
    (receipt,) = {*receipts.values()}
    receipt.wait()
    assert receipt.error is None
    assert {world: receipt.error_of(world) for world in receipts} == {
        "overtaken": "there is a record 1 of the world 'overtaken' already, which another writer has kept",
        "right": None,
        "dropped": "the world 'dropped' has not come to number 7: its newest record is 0",
    }
    assert isinstance(overtaken := receipt.lost["overtaken"], Overtaken)
    assert overtaken.tail == (Record(1, b"another's"),)
    assert isinstance(receipt.lost["dropped"], Ahead)
    assert held.list() == {"first": 1, "overtaken": 1, "right": 2}
    assert refusal_of(writer) is None


def test_an_engine_that_breaks_is_as_one_that_cannot_write(
    writer: Writer, held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    held.failures = [ZeroDivisionError("division by zero")]
    receipt = begin_one(writer, held)
    held.let_all_go()
    receipt.wait()
    assert (receipt.error, refusal_of(writer)) == ("division by zero", "division by zero")
    assert [record.message for record in caplog.records] == ["the store failed"]


def test_calls_come_after_what_was_appended_before_and_before_what_is_later(writer: Writer, held: Held) -> None:
    begin_one(writer, held)
    lists = []
    for n in (1, 2):
        writer.append(Append("w", n, b"x"))
        lists.append(writer.call(lambda engine: engine.list()["w"]))
    held.let_all_go()
    assert [future.result() for future in lists] == [1, 2]


def test_a_world_is_dropped_and_begun_again_without_waiting(writer: Writer, held: Held) -> None:
    begin_one(writer, held)
    first = writer.append(Append("w", 1, b"former"))
    dropped = writer.drop("w")
    second = writer.append(Append("w", 1, b"another"))
    held.let_all_go()
    second.wait()
    assert (first.error_of("w"), dropped.result(), second.error_of("w")) == (None, None, None)
    assert [*held.read("w")] == [(1, b"another")]


def test_what_a_call_raises_goes_to_who_asked(writer: Writer) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            writer.call(lambda _: 1 // 0).result()


def test_all_calls_of_an_engine_are_made_by_one_thread(writer: Writer) -> None:
    assert len({writer.call(lambda _: get_ident()).result() for _ in range(5)} - {get_ident()}) == 1


def test_who_gives_up_waiting_cancels_nothing(writer: Writer, held: Held) -> None:
    begin_one(writer, held)
    dropped = writer.drop("first")

    async def give_up() -> None:
        waiting = asyncio.ensure_future(asyncio.wrap_future(dropped))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(give_up())
    held.let_all_go()
    assert dropped.result() is None
    assert held.list() == {}


def test_records_of_others_are_written_between_the_pieces_of_an_image(writer: Writer, held: Held) -> None:
    held.let_all_go()
    writer.append(Append("w", 1, b"1")).wait()
    numbers, receipts = count(1), [Receipt()]
    receipts[0].end()

    def pieces() -> Iterator[bytes]:
        for _ in range(3):
            assert receipts[-1].is_over
            receipts.append(writer.append(Append("other", next(numbers), b"x")))
            yield b"piece"

    assert writer.keep_image("w", 1, pieces()).result() is None
    assert writer.call(contents).result() == {
        "w": (1, [b"piece"] * 3, {}),
        "other": (3, None, {1: b"x", 2: b"x", 3: b"x"}),
    }


def test_an_image_that_cannot_be_kept_tells_who_asked_and_nobody_else(writer: Writer) -> None:
    with pytest.raises(Ahead):
        writer.keep_image("w", 1, [b"x"]).result()
    assert refusal_of(writer) is None


class Untidy(MemoryEngine):
    """An engine that has to be tidied several times."""

    left = 3

    def tidy(self) -> bool:
        self.left -= 1
        return self.left > 0


FORGETTING: list[Callable[[Writer], object]] = [
    lambda writer: writer.drop("w").result(),
    lambda writer: writer.keep_image("w", 0, [b"x"]).result(),
]


def test_an_engine_is_tidied_at_the_beginning_and_after_what_makes_something_forgotten() -> None:
    writer = Writer(engine := Untidy())
    wait_until(lambda: engine.left == 0)
    for forget in FORGETTING:
        engine.left = 3
        forget(writer)
        wait_until(lambda: engine.left == 0)
    writer.close()


def test_an_engine_that_cannot_be_tidied_goes_on(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> bool:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(engine := MemoryEngine(), "tidy", fail)
    writer = Writer(engine)
    writer.append(Append("w", 1, b"x")).wait()
    writer.close()
    assert [record.message for record in caplog.records] == ["what is forgotten still takes room: the disk is full"]


def test_nothing_more_is_to_happen_while_too_much_waits(held: Held) -> None:
    writer = Writer(held, most_waiting=10)
    begin_one(writer, held)
    writer.append(Append("w", 1, bytes(9)))
    assert refusal_of(writer) is None
    taken = writer.append(Append("w", 2, b"x"))
    assert refusal_of(writer) == "11 bytes wait to be kept, and at most 10 may: ask again when they are"
    held.let_all_go()
    taken.wait()
    assert (taken.error, refusal_of(writer)) == (None, None)
    writer.close()


def test_what_waits_is_written_before_the_end_and_nothing_afterwards(held: Held) -> None:
    writer = Writer(held)
    begin_one(writer, held)
    last = writer.append(Append("w", 1, b"x"))
    with ThreadPoolExecutor(1) as threads:
        closing = threads.submit(writer.close)
        wait_until(lambda: refusal_of(writer))
        late = writer.append(Append("w", 2, b"y"))
        held.let_all_go()
        closing.result()
    assert (last.is_over, last.error) == (True, None)
    assert [append for group in held.groups for append in group] == [Append("first", 1, b"1"), Append("w", 1, b"x")]
    assert late.error == refusal_of(writer) == writer.probe().error == "the store is closed: the server ends"
    with pytest.raises(StoreUnavailable, match="the store is closed"):
        writer.drop("w").result()
    writer.close()


def test_an_image_that_is_not_whole_at_the_end_comes_to_nothing(held: Held) -> None:
    writer, begun, go_on = Writer(held), Event(), Event()

    def pieces() -> Iterator[bytes]:
        begun.set()
        go_on.wait()
        yield b"x"

    image = writer.keep_image("w", 0, pieces())
    begun.wait()
    with ThreadPoolExecutor(1) as threads:
        closing = threads.submit(writer.close)
        wait_until(lambda: refusal_of(writer))
        go_on.set()
        closing.result()
    with pytest.raises(StoreUnavailable, match="the store is closed"):
        image.result()


def test_a_writer_goes_on_once_there_is_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "BETWEEN_PROBES", 0.0)
    with small_disk(tmp_path / "disk", 1_000_000) as disk:
        (ballast := disk / "ballast").write_bytes(bytes(500_000))
        writer, n = Writer(SqliteEngine(str(disk / "worlds.db"))), 1
        while (receipt := over(writer.append(Append("w", n, bytes(10_000))))).error is None:
            n += 1
        for refusal in (
            receipt.error,
            writer.refusal,
            over(writer.probe()).error,
            over(writer.append(Append("v", 1, b""))).error,
        ):
            assert refusal is not None
            assert "the disk is full: make room there, and it goes on by itself" in refusal
        ballast.unlink()
        assert over(writer.probe()).error is None
        assert over(writer.append(Append("w", n, bytes(10_000)))).error is None
        assert writer.call(lambda engine: engine.list()).result() == {"w": n}
        writer.close()


def over(receipt: Receipt) -> Receipt:
    receipt.wait()
    return receipt


class Clients:
    """Clients of a writer who share worlds, and note what they hear. After an error they ask where their world is."""

    def __init__(self, writer: Writer, history: History) -> None:
        self._writer, self._history = writer, history
        self._newest = dict.fromkeys("abc", 0)
        self._locks = {world: Lock() for world in "abc"}

    def write(self, seed: int) -> None:
        chance = Random(seed)
        for number in range(40):
            world = chance.choice("abc")
            attempt, receipt = self._begin(world, b"%d of %d" % (number, seed))
            receipt.wait()
            outcome = self._outcome(world, receipt)
            self._history.end(attempt, outcome)
            if outcome is not Outcome.ACKNOWLEDGED:
                with self._locks[world]:
                    self._newest[world] = self._writer.call(lambda engine: engine.list().get(world, 0)).result()  # noqa: B023

    def _begin(self, world: str, body: bytes) -> tuple[Attempt, Receipt]:
        while self._writer.refusal is not None:
            self._writer.probe().wait()
        with self._locks[world]:
            n = self._newest[world] = self._newest[world] + 1
            return self._history.begin(Wish(world, body, n)), self._writer.append(Append(world, n, body))

    def _outcome(self, world: str, receipt: Receipt) -> Outcome:
        if receipt.error is not None:
            return Outcome.UNKNOWN
        return Outcome.ACKNOWLEDGED if receipt.error_of(world) is None else Outcome.REFUSED


def with_failures(engine: Engine, history: History, seed: int) -> Callable[[Sequence[Append]], None]:
    """Return calls of `append` of which some fail before or after they are carried out, or find that another writer was first."""
    chance, append, others = Random(seed), engine.append, count()

    def append_or_fail(appends: Sequence[Append]) -> None:
        fate = chance.choice(["fails", "fails late", "overtaken", *["goes well"] * 7])
        if fate == "fails":
            raise StoreUnavailable("nothing was written")
        if fate == "overtaken":
            wish = Wish(appends[0].world, b"another writer's %d" % next(others), engine.list().get(appends[0].world, 0) + 1)
            attempt = history.begin(wish)
            append([Append(wish.world, wish.n or 0, wish.body)])
            history.end(attempt, Outcome.ACKNOWLEDGED)
        append(appends)
        if fate == "fails late":
            raise StoreUnavailable("nobody knows")

    return append_or_fail


@pytest.mark.parametrize("seed", range(3))
def test_whatever_fails_what_clients_heard_is_what_is_kept(opened: Opened, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "BETWEEN_PROBES", 0.0)
    engine, history = opened(), History()
    monkeypatch.setattr(engine, "append", with_failures(engine, history, seed))
    clients = Clients(writer := Writer(engine), history)
    with ThreadPoolExecutor(8) as threads:
        [*threads.map(clients.write, range(8))]
    found = writer.call(lambda engine: {world: [*engine.read(world)] for world in engine.list()}).result()
    writer.close()
    assert history.contradictions(found) == []
    assert {*history.outcomes()} == {*Outcome}
