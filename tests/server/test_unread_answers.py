"""Long answers that their clients do not read: counted in bytes until they are taken, refused beyond, the slowest cut off."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from math import inf
from typing import Any

import pytest

from emulator.kernel.errors import TooMany
from emulator.kernel.limits import Limits
from emulator.sdk import json_pieces
from emulator.sdk.json_pieces import together
from emulator.server import app as app_module
from emulator.server import server as server_module
from emulator.server.app import create_app, worlds_of
from emulator.vendors import VENDORS
from emulator.web.answers import PIECE, SECONDS_TO_READ, AnswerCharge, AnswerRoom, charge_answer, quota_for_answers
from emulator.web.connection import App
from tests.support.loading import load_value

LIMITS = Limits(memory=8_000_000)
ROOM = LIMITS.memory // 2
LONG = "x" * 190_000
RUN = {"id": 1, "started_at": "2025-12-31T20:00:00Z", "ended_at": "2025-12-31T20:00:10Z"}
FILE = {"id": "F", "name": LONG, "searches": [{"q": LONG}], "result_sets": [RUN]}
STATE = {"serpwow": {"batches": [{"repeat": 8, "name": LONG, "status": "queued"}, FILE]}}
"""A state that is shown in 1.9 million bytes, and parts of it in 1.7, so that two of its answers fit into the room, and no third."""

COLUMNS = ",".join(["search.q"] * 9)
ANSWERS = [
    "/_emulator/worlds/default/state",
    "/live/batches?api_key=k&page_size=9",
    f"/_files/serpwow/default/results/csv_fields={COLUMNS}/Batch_Results_F_1_Page_1.csv",
]


class Reader:
    """A client in the same process, that takes nothing of its answer until it reads."""

    def __init__(self, app: App, target: str) -> None:
        self.status = 0
        self.pieces: list[int] = []
        self.reads = asyncio.Event()
        self.began = asyncio.Event()
        path, _, query = target.partition("?")
        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode()}
        scope |= {"query_string": query.encode(), "headers": [(b"host", b"localhost")], "scheme": "http"}
        scope |= {"http_version": "1.1", "client": None, "server": ("localhost", 80), "root_path": ""}
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        self.pieces.append(len(message.get("body", b"")))
        self.began.set()
        await self.reads.wait()

    async def read(self) -> int:
        self.reads.set()
        await self.task
        return self.status


@pytest.fixture
def app() -> App:
    return create_app(worlds_of([load_value({"title": "A", "given": STATE}, VENDORS)], limits=LIMITS), limits=LIMITS)


@pytest.mark.parametrize("late", ANSWERS)
@pytest.mark.parametrize("early", ANSWERS)
def test_an_answer_beyond_the_room_is_refused_until_another_is_read(app: App, early: str, late: str) -> None:
    async def play() -> list[int]:
        unread = [Reader(app, early) for _ in range(2)]
        for answer in unread:
            await answer.began.wait()
        status = await Reader(app, late).read()
        reads = await unread[0].read()
        return [status, reads, await Reader(app, late).read(), await unread[1].read()]

    assert asyncio.run(play()) == [429, 200, 200, 200]


@pytest.mark.parametrize("target", ANSWERS)
def test_an_answer_is_handed_over_in_pieces_each_when_the_last_is_taken(app: App, target: str) -> None:
    async def play() -> list[int]:
        reader = Reader(app, target)
        await reader.read()
        return reader.pieces

    pieces = asyncio.run(play())
    assert sum(pieces) > 1_700_000
    assert max(pieces) == PIECE


@pytest.mark.parametrize("target", ANSWERS)
def test_an_answer_counts_while_it_is_made(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quota, counts = quota_for_answers(LIMITS), list[int]()
    monkeypatch.setattr(app_module, "quota_for_answers", lambda _: quota)
    monkeypatch.setattr(json_pieces, "checkpoint", lambda: counts.append(quota.used))
    app = create_app(worlds_of([load_value({"title": "A", "given": STATE}, VENDORS)], limits=LIMITS), limits=LIMITS)

    async def play() -> int:
        return await Reader(app, target).read()

    assert asyncio.run(play()) == 200
    assert max(counts) > 1_000_000
    assert quota.used == 0


def test_an_answer_is_refused_as_soon_as_it_has_no_room_beside_one_that_is_made() -> None:
    quota, made = quota_for_answers(LIMITS), list[bytes]()
    early = AnswerRoom(quota, ROOM)
    early.take(b"x" * (ROOM - 3 * PIECE))

    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            made.append(b"x" * PIECE)
            yield made[-1]

    with pytest.raises(TooMany, match="no room beside"):
        together(pieces(), AnswerRoom(quota, ROOM))
    assert len(made) == 4
    assert quota.budget.used == ROOM - 3 * PIECE


def test_what_is_short_is_not_counted_and_what_is_refused_leaves_nothing() -> None:
    quota = quota_for_answers(LIMITS)
    assert charge_answer(quota, PIECE) is None
    with pytest.raises(TooMany, match="no room beside those that are made or that their clients have not read"):
        charge_answer(quota, ROOM + 1)
    assert quota.used == 0


class StalledConnection:
    """A connection whose client has taken so many bytes of an answer in so many seconds."""

    def __init__(self, charge: AnswerCharge, seconds: float, count: int) -> None:
        charge.began -= seconds
        self._charge, self._taken = charge, count
        self.is_cut = False

    def answer(self) -> AnswerCharge:
        return self._charge

    def pace_of_answer(self) -> float:
        return self._charge.pace(self._taken)

    def abort(self) -> None:
        self.is_cut = True


def connections(*reads: tuple[float, int]) -> Iterator[StalledConnection]:
    quota = quota_for_answers(LIMITS)
    for seconds, count in reads:
        charge = charge_answer(quota, ROOM // len(reads))
        assert charge is not None
        yield StalledConnection(charge, seconds, count)


@pytest.mark.parametrize(
    ("reads", "cuts"),
    [
        ([(60, 0), (60, 900_000), (60, 50), (60, 500_000)], [True, False, True, False]),
        ([(60, 0), (0, 0), (0, 0), (0, 0)], [True, False, False, False]),
        ([(SECONDS_TO_READ - 1, 0)] * 4, [False] * 4),
    ],
    ids=["the slowest first, until half of the room is free", "no others instead", "none in its first seconds"],
)
def test_the_slowest_readers_are_cut_off_where_room_is_short(reads: list[tuple[float, int]], cuts: list[bool]) -> None:
    there: list[Any] = [*connections(*reads)]
    server_module._make_room_for_answers(there)
    assert [answer.is_cut for answer in there] == cuts


def test_nobody_is_cut_off_where_half_of_the_room_is_free() -> None:
    there: list[Any] = [*connections((60, 0), (60, 0), (60, 0), (60, 0))][:2]
    server_module._make_room_for_answers(there)
    assert not any(answer.is_cut for answer in there)


def test_a_new_answer_has_no_pace_yet() -> None:
    assert next(connections((0, 0))).pace_of_answer() == inf
