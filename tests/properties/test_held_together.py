"""Whatever is done while requests are held up: each is answered once or told that its world is gone, and none stays held."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.client.connections import ask
from emulator.client.transport import InProcess
from emulator.sdk.exact_json import dump
from emulator.server.app import create_app, worlds_of
from emulator.web.held_requests import HeldRequests

WORLDS = "/_emulator/worlds"
WORLD = f"{WORLDS}/w"
SCENARIO = {
    "title": "Many batches",
    "clock": {"start": "2026-03-09T20:55:31Z"},
    "timing": {"serpwow.queue": "never"},
    "given": {"serpwow": {"batches": [{"id": f"B{n}", "status": "queued", "searches": 1} for n in range(4)]}},
}
HOLDS: list[dict[str, Any]] = [
    {"do": "hang"},
    {"do": "delay", "delay": "5m", "clock": "real"},
    {"do": "delay", "delay": "1h"},
    {"do": "dribble", "pace": "5s"},
]
AT = "serpwow.batches.stop"
STEPS = st.one_of(
    st.tuples(st.just("stop"), st.integers(0, 3)),
    st.tuples(
        st.just("lay"), st.sampled_from(["before-auth", "before-commit", "after-commit", "mid-body"]), st.sampled_from(HOLDS)
    ),
    st.tuples(st.just("advance"), st.sampled_from(["1s", "2h"])),
    st.tuples(st.just("rate"), st.sampled_from(["frozen", "real"])),
    st.tuples(st.sampled_from(["clear", "remove", "reset", "snapshot", "restore", "undo", "load", "drop", "look", "turn"])),
)
CONTROL: dict[str, tuple[str, str, Any]] = {
    "clear": ("DELETE", "/faults", None),
    "remove": ("DELETE", "/faults/fault-1", None),
    "reset": ("POST", "/reset", None),
    "load": ("POST", "/reset", {"scenario": SCENARIO}),
    "snapshot": ("POST", "/snapshots", {"name": "s"}),
    "restore": ("POST", "/restore", {"name": "s"}),
    "undo": ("POST", "/undo", None),
    "look": ("GET", "/held", None),
}


class Session:
    """One server, and every request that was sent to a world of it."""

    def __init__(self) -> None:
        self.held = HeldRequests()
        self.app = create_app(worlds_of([]), held=self.held)
        self.asked: list[asyncio.Task[httpx.Response]] = []
        self.client = httpx.AsyncClient(
            transport=InProcess(self.app), base_url="http://localhost", headers={"Emulator-World": "w"}, timeout=None
        )
        self.control("POST", WORLDS, {"id": "w", "scenario": SCENARIO})

    def control(self, method: str, path: str, body: Any = None) -> Any:
        content = b"" if body is None else dump(body)
        response = ask(self.app, method, path.encode(), [(b"host", b"localhost")], content)
        return json.loads(response.content) if response.content else None

    async def step(self, name: str, *with_: Any) -> None:
        if name == "stop":
            self.asked.append(asyncio.create_task(self.client.get(f"/live/batches/B{with_[0]}/stop?api_key=k")))
        elif name == "lay" and ((where := with_[0]) == "mid-body" or with_[1]["do"] != "dribble"):
            self.control("POST", f"{WORLD}/faults", {"at": AT, "where": where, **with_[1]})
        elif name == "advance":
            self.control("POST", f"{WORLD}/clock/advance", {"by": with_[0]})
        elif name == "rate":
            self.control("PATCH", f"{WORLD}/clock", {"rate": with_[0]})
        elif name == "drop":
            self.control("DELETE", WORLD)
            self.control("POST", WORLDS, {"id": "w", "scenario": SCENARIO})
        elif name in CONTROL:
            method, path, body = CONTROL[name]
            self.control(method, WORLD + path, body)
        await asyncio.sleep(0)

    async def end(self) -> list[httpx.Response | BaseException]:
        """Takes every fault away, and hears what each request was told."""
        for _ in range(10):
            await asyncio.sleep(0)
        self.control("DELETE", f"{WORLD}/faults")
        replies = await asyncio.gather(*self.asked, return_exceptions=True)
        await self.client.aclose()
        return replies


def is_refusal(reply: httpx.Response) -> bool:
    return (reply.status_code, reply.headers.get("emulator-error")) == (503, "world-gone")


@given(st.lists(STEPS, max_size=25))
@settings(max_examples=60)
def test_every_request_is_answered_once_or_told_that_its_world_is_gone(steps: list[Any]) -> None:
    async def run() -> tuple[list[httpx.Response | BaseException], Session]:
        session = Session()
        for name, *with_ in steps:
            await session.step(name, *with_)
        return await session.end(), session

    replies, session = asyncio.run(run())
    for reply in replies:
        if isinstance(reply, httpx.Response):
            assert is_refusal(reply) or reply.status_code in (200, 400), reply.content
        else:
            assert isinstance(reply, httpx.RemoteProtocolError), "half of an answer, and the world was gone"
    assert session.held._of == {}
    exchange_ids = [
        reply.headers["emulator-exchange"] for reply in replies if isinstance(reply, httpx.Response) and not is_refusal(reply)
    ]
    went_back = {name for name, *_ in steps} & {"reset", "load", "restore", "undo", "drop"}
    if not went_back:
        assert len(exchange_ids) == len(replies) == len(set(exchange_ids)), "each has an entry of the journal to itself"
        expectation = {"called": [{"at": AT, "times": len(replies)}]} if replies else {"never": [AT]}
        assert session.control("POST", f"{WORLD}/verify", expectation)["ok"]
        exchanges = session.control("GET", f"{WORLD}/ledger")["exchanges"]
        assert all(exchange["delivered"] for exchange in exchanges)
        batches = session.control("GET", f"{WORLD}/state")["serpwow"]["batches"]
        count = sum(isinstance(reply, httpx.Response) and reply.status_code == 200 for reply in replies)
        assert [batch["status"] for batch in batches].count("idle") == count, "each batch is stopped once, and its client told"


def test_a_client_that_a_fault_holds_up_can_be_told_by_the_list_alone() -> None:
    async def run() -> list[int]:
        session = Session()
        await session.step("lay", "before-commit", HOLDS[0])
        await session.step("stop", 0)
        for _ in range(10):
            await asyncio.sleep(0)
        counts = [sum(map(len, session.held._of.values()))]
        await session.end()
        return [*counts, len(session.held._of)]

    assert asyncio.run(run()) == [1, 0]
