"""Works in threads take turns: one at a time, the new ones first, and none for a client that is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Event, Thread
from typing import Any

import pytest

from emulator.scenario.checks.live_keys import live_key_problems
from emulator.scenario.validation import problems_in
from emulator.sdk.exact_json import dump, load
from emulator.sdk.fields import TEXT, load_fields
from emulator.text.checkpoint import WORK, TurnLock, Unwanted, checkpoint
from emulator.web import turns as turns_module
from emulator.web.connection import InProcessConnection
from emulator.web.turns import Turns, Work, for_client


class Client(InProcessConnection):
    """A client that hangs up where a test says so."""

    gone = False


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    """Turns that last no longer than to the next checkpoint, for works that are new until their first."""
    monkeypatch.setattr(turns_module, "SLICE", 0)
    monkeypatch.setattr(turns_module, "NEW_SECONDS", 0)
    monkeypatch.setattr(turns_module, "LONGEST_TURN", 60)
    return Turns()


@contextmanager
def works(turns: Turns, pieces: dict[str, int], done: list[str]) -> Iterator[None]:
    """Works that wait for their turns, in this order, and end before this does; `done` notes each piece."""

    def carry_out(name: str) -> None:
        work = Work(turns)
        for _ in range(pieces[name]):
            done.append(name)
            work.pause()
        work.end()

    threads = [Thread(target=carry_out, args=(name,)) for name in pieces]
    for number, thread in enumerate(threads):
        thread.start()
        while len(turns.waiting[0]) <= number and thread.is_alive():
            pass
    yield
    for thread in threads:
        thread.join()


def test_works_take_turns(turns: Turns) -> None:
    done: list[str] = []
    first = Work(turns)
    with works(turns, {"a": 3, "b": 2, "c": 1}, done):
        assert done == []
        first.end()
    assert done == ["a", "b", "c", "a", "b", "a"]


def test_a_new_work_goes_before_those_that_have_worked(turns: Turns) -> None:
    done: list[str] = []
    first = Work(turns)
    with works(turns, {"old": 1}, done):
        first.pause()
        assert done == ["old"]
        with works(turns, {"new": 1}, done):
            first.end()
    assert done == ["old", "new"]


def test_a_work_that_has_not_begun_goes_before_new_ones_that_have(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "NEW_SECONDS", 60)
    done: list[str] = []
    first = Work(turns)
    with works(turns, {"new": 2}, done):
        first.pause()
        assert done == ["new"]
        with works(turns, {"untouched": 1}, done):
            first.end()
    assert done == ["new", "untouched", "new"]


def test_the_next_has_its_turn_though_another_does_not_end_its_own(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other may wait for a lock that it holds."""
    Work(turns)
    monkeypatch.setattr(turns_module, "LONGEST_TURN", 0)
    late = Work(turns)
    late.pause()
    assert not any(turns.waiting)


def test_only_one_goes_on_beside_a_work_that_does_not_end_its_turn(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    """Works that all go on together would leave the event loop a small part of the time."""
    now = 0

    class ImpatientEvent(Event):
        def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002
            nonlocal now
            now += 0 if self.is_set() else 3
            return self.is_set()

    monkeypatch.setattr(turns_module, "MONOTONIC", lambda: now)
    monkeypatch.setattr(turns_module, "LONGEST_TURN", 5)
    monkeypatch.setattr(turns_module, "Event", ImpatientEvent)
    begun = [now for _ in range(3) if Work(turns)]
    assert begun == [0, 6, 12]


ITEMS: list[Any] = [{"name": "n" * 300} for _ in range(1_000)]


@pytest.mark.parametrize(
    "read",
    [
        lambda: load(dump(ITEMS)),
        lambda: [*problems_in(ITEMS, {"type": "array", "items": {"type": "object"}})],
        lambda: [*problems_in(ITEMS, {"items": {"additionalProperties": False}})],
        lambda: [*live_key_problems({"given": ITEMS})],
        lambda: [load_fields({"name": TEXT}, item) for item in ITEMS],
    ],
    ids=["json", "schema", "mistakes", "live keys", "fields"],
)
def test_what_reads_a_body_lets_others_have_their_turns_at_each_item(
    read: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = count()
    monkeypatch.setattr(WORK, "pause", lambda: next(pauses))
    read()
    assert next(pauses) >= len(ITEMS)


def test_a_work_for_a_client_that_is_gone_ends_at_its_next_checkpoint(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    client, done = Client(), []

    def look() -> None:
        for piece in range(3):
            done.append(piece)
            client.gone = piece == 1
            checkpoint()

    monkeypatch.setattr(WORK, "pause", Work(turns).pause)
    with pytest.raises(Unwanted):
        for_client(client, look)
    assert done == [0, 1]
    checkpoint()  # what follows is for nobody in particular
    with pytest.raises(Unwanted):
        for_client(client, look)
    assert done == [0, 1]


def test_a_work_that_waits_for_somebody_has_no_turn_meanwhile(turns: Turns) -> None:
    lasting: list[str] = []
    work, other = Work(turns, lambda: lasting.append("first")), Event()

    def work_too() -> None:
        Work(turns).end()
        other.set()

    thread = Thread(target=work_too)
    thread.start()
    work.aside(other.wait)
    thread.join()
    work.end()
    assert lasting == ["first"]


def test_a_work_waits_for_a_lock_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    lock, waits = TurnLock(), list[str]()
    with ThreadPoolExecutor(1) as other:

        def aside(wait: Callable[[], object]) -> None:
            waits.append("one")
            other.submit(lock.release).result()
            wait()

        monkeypatch.setattr(WORK, "aside", aside)
        other.submit(lock.acquire).result()
        with lock, lock:
            assert waits == ["one"]
