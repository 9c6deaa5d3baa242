"""The promises that hold through HTTP, whatever is asked in whatever order: for all vendors at once."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.contract.validator import ResponseValidator
from emulator.kernel.time import parse_instant
from emulator.server.app import create_app, worlds_of
from emulator.vendors import VENDORS
from tests.support.lives import DEEDS, DEFAULT, FIRST_RUN, JOBS, LIVES, LOOKS, STRIPE, Asked, first_run, live
from tests.support.loading import load_value
from tests.support.walking import in_process

LONG_AGO = {"since": "2026-01-01T00:00:00Z"}
HANDS: list[dict[str, Any]] = [
    {"serpwow": {"batches": [{"id": "2A6F94BB", "status": "running"} | LONG_AGO]}},
    {"serpwow": {"batches": [{"id": "9E867FAA", "status": "queued"} | LONG_AGO]}},
    {"stripe": {"batch_jobs": [{"id": "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz", "status": "in_progress"} | LONG_AGO]}},
    {"stripe": {"batch_jobs": [{"id": "batchv2_BcDeFgHiJkLmNoPqRsTuVwXyZa", "status": "cancelling"} | LONG_AGO]}},
    {"6dot50": {"batches": [{"name": "Old", "status": "OPEN", "payments": [{"msisdn": "1", "amount": 1} | LONG_AGO]}]}},
]
"""What a hand may write that has been so for long."""

State = tuple[object, ...]


async def read_state(client: httpx.AsyncClient) -> State:
    return tuple([(await client.get(f"{DEFAULT}/{part}")).json() for part in ("state", "clock")])


@settings(max_examples=60)
@given(LIVES)
def test_two_runs_give_the_same_bytes(lives: list[Asked]) -> None:
    async def run() -> object:
        async with first_run() as client:
            return await live(lives, client), (await client.get(f"{DEFAULT}/journal")).content

    assert asyncio.run(run()) == asyncio.run(run())


@settings(max_examples=60)
@given(LIVES, st.lists(st.sampled_from(LOOKS), max_size=8))
def test_looking_never_changes_the_story(lives: list[Asked], looks: list[Asked]) -> None:
    async def run(looks: list[Asked]) -> State:
        async with first_run() as client:
            for request in lives:
                await live(looks, client)
                await live([request], client)
            return await read_state(client)

    assert asyncio.run(run(looks)) == asyncio.run(run([]))


@settings(max_examples=60)
@given(LIVES, st.lists(st.integers(0, 40), max_size=6))
def test_one_jump_of_the_clock_equals_many(lives: list[Asked], jumps: list[int]) -> None:
    async def run(jumps: list[int]) -> State:
        async with first_run() as client:
            await live(lives, client)
            before = (await client.get(f"{DEFAULT}/journal")).json()["last"]
            await live(jumps, client)
            changes = (await client.get(f"{DEFAULT}/journal?since={before}")).json()
            return *await read_state(client), changes

    assert asyncio.run(run(jumps)) == asyncio.run(run([sum(jumps)]))


@settings(max_examples=60)
@given(LIVES, LIVES)
def test_a_reset_world_answers_like_a_new_one(lives: list[Asked], more: list[Asked]) -> None:
    async def run(before: list[Asked]) -> object:
        async with first_run() as client:
            await live(before, client)
            await client.post(f"{DEFAULT}/reset")
            return await live(more, client)

    assert asyncio.run(run(lives)) == asyncio.run(run([]))


@settings(max_examples=60)
@given(st.lists(st.one_of(st.sampled_from(DEEDS), st.sampled_from(HANDS), st.integers(0, 20)), max_size=12))
def test_time_runs_forward_whatever_a_hand_writes(lives: list[Asked | dict[str, Any]]) -> None:
    async def run() -> list[datetime]:
        async with first_run() as client:
            for request in lives:
                if isinstance(request, dict):
                    await client.patch(f"{DEFAULT}/state", json=request)
                else:
                    await live([request], client)
            entries = (await client.get(f"{DEFAULT}/journal")).json()["entries"]
            return [parse_instant(entry["at"]) for entry in entries]

    instants = asyncio.run(run())
    assert instants == sorted(instants)


def test_a_world_that_begins_with_time_answers_every_look_and_serves_its_links() -> None:
    content = {**FIRST_RUN.content, "clock": {"start": "1970-01-01T00:00:00Z"}}

    async def run() -> list[int]:
        async with in_process(
            create_app(worlds_of([load_value(content, VENDORS)]), validate=ResponseValidator(VENDORS.values()))
        ) as client:
            statuses = [status for status, _, _ in await live(LOOKS[:8], client)]
            job = (await client.get(f"{JOBS}BcDeFgHiJkLmNoPqRsTuVwXyZa", headers=STRIPE)).json()
            link = job["status_details"]["complete"]["output_file"]["download_url"]["url"]
            return [*statuses, (await client.get(link)).status_code]

    assert asyncio.run(run()) == [200] * 9


def test_two_worlds_of_one_server_never_meet() -> None:
    async def run() -> tuple[State, State]:
        async with first_run() as client:
            other = (await client.post("/_emulator/worlds", json={"scenario": "first-run", "id": "other"})).json()
            key = other["credentials"]["serpwow"]["api_key"]
            before = await read_state(client)
            response = await client.get(f"/live/batches/stopall?api_key={key}")
            assert response.json()["batches_stopped"] == 2
            await client.post("/_emulator/worlds/other/clock/advance", json={"by": "2h"})
            await client.post("/_emulator/worlds/other/reset")
            await client.delete("/_emulator/worlds/other")
            return before, await read_state(client)

    before, after = asyncio.run(run())
    assert before == after
