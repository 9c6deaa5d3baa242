"""The ledger tells what really happened, in the vendors' units; the ways back take it along; differences are all there are."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given, settings

from emulator import Emulator
from emulator.client.server import ControlError
from emulator.kernel.exchange import Exchange
from emulator.sdk.vendor import Vendor
from emulator.vendors import VENDORS
from tests.support.lives import DEFAULT, LIVES, Asked, first_run, live
from tests.support.loading import LIBRARY
from tests.support.walking import in_process

JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
BATCH = "f945d71c-b00f-4e77-8175-253093157a2f"
SCHEDULE = {f"batches.schedule_{name}" for name in ("days_of_month", "days_of_week", "hours")}
NO_QUANTITIES = {
    "serpwow": {
        *(f"{part}.{name}" for part in ("account", "accounts") for name in ("credits_limit", "overage_limit")),
        *("batches.next_result_set_id", "batches.failing", "batches.result_sets.id", "batches.result_sets.searches"),
        *SCHEDULE,
        *("deliveries.attempts.status", "deliveries.extras"),
    },
    "stripe": {
        *("batch_jobs.failing.status", "accounts.failing.status", "event_destination_numbers", "failing.status"),
        *("deliveries.attempts.status", "deliveries.extras"),
        *(f"batch_jobs.{name}" for name in ("failing_rows", "invalid_row", "maximum_rps", "output_size")),
    },
    "6dot50": {"accounts.deposit"},
}
"""Numbers that nobody adds up: ids, limits, settings, and what is foretold."""


pytestmark = pytest.mark.scenario("first-run")


def send(emulator: Emulator, method: str, path: str, **headers: str) -> httpx.Response:
    with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.request(method, path, headers={"Emulator-World": emulator.id, **names})


def stop(emulator: Emulator) -> httpx.Response:
    return send(emulator, "GET", f"/live/batches/2A6F94BB/stop?api_key={emulator.serpwow.api_key}")


def test_a_refund_is_in_credits_and_happens_once(emulator: Emulator) -> None:
    stop(emulator)
    stop(emulator)
    ledger = emulator.ledger
    assert ledger.moved("serpwow", "account.credits_used") == -200
    assert [(exchange.n, exchange.status, exchange.committed, exchange.delivered) for exchange in ledger.exchanges] == [
        (1, 200, True, True),
        (2, 400, False, True),
    ]
    assert [(commit.exchange, commit.why) for commit in ledger.commits] == [(1, "serpwow.batches.stop")]
    assert ledger.complete


def test_a_cancelled_batch_is_in_payments_and_their_amounts(emulator: Emulator) -> None:
    send(emulator, "POST", f"/za/pay/batches/{BATCH}/cancel", Authorization="Bearer demo")
    states = emulator.ledger.totals["6dot50"]["states"]
    assert states["batches.payments"] == {"DRAFT -> CANCELLED": {"count": 185, "amount": 18500}}


def test_what_time_and_controllers_did_is_told_with_its_cause(emulator: Emulator) -> None:
    send(
        emulator,
        "POST",
        f"/v2/core/batch_jobs/{JOB}/cancel",
        Authorization="Bearer sk_test_1",
        Stripe_Version="2026-03-25.preview",
    )
    emulator.clock.advance("1s")
    emulator.state.change({"serpwow": {"batches": [{"id": "NEW"}]}})
    causes = [(commit.exchange, commit.why) for commit in emulator.ledger.commits]
    assert causes == [(1, "stripe.batch_jobs.cancel"), (None, "after stripe.drain"), (None, "set by control")]
    jobs = emulator.ledger.totals["stripe"]["states"]["batch_jobs"]
    assert jobs["cancelling -> canceled"]["rows"] == 100


def test_an_answer_that_was_lost_is_told_beside_its_effect() -> None:
    async def run() -> list[Any]:
        from emulator.server.app import create_app, worlds_of

        worlds = worlds_of([LIBRARY.get("first-run")])
        async with in_process(create_app(worlds)) as client:
            await client.get("/live/batches/2A6F94BB/stop?api_key=k")
            await client.get("/live/account?api_key=k")
            journal = worlds.default.journal
            (first, second) = (entry.event for entry in journal.since(0) if isinstance(entry.event, Exchange))
            journal.mark(1, first, False)
            journal.mark(1, second, True)
            journal.mark(3, second, False)
            explanation = (await client.get(f"{DEFAULT}/journal/1/explain")).json()["text"]
            assert "delivered   no" in explanation
            exchanges: list[Any] = (await client.get(f"{DEFAULT}/ledger")).json()["exchanges"]
            return exchanges

    assert [(exchange["committed"], exchange["delivered"]) for exchange in asyncio.run(run())] == [(True, False), (False, True)]


def test_a_stop_gives_back_what_was_allocated_to_a_batch_that_came_later(emulator: Emulator) -> None:
    emulator.load({"given": {"serpwow": {"account": {"credits_used": 0}}}})
    emulator.state.change({"serpwow": {"batches": [{"id": "2A6F94BB", "status": "queued", "searches": 10}]}})
    stop(emulator)
    assert [emulator.ledger.moved("serpwow", quantity) for quantity in ("account.credits_used", "batches.allocated")] == [0, 0]
    assert emulator.ledger.moved("serpwow", "batches.searches") == 10


def test_what_disappears_is_nothing_afterwards(emulator: Emulator) -> None:
    send(emulator, "DELETE", f"/live/batches/9E867FAA?api_key={emulator.serpwow.api_key}")
    searches = emulator.ledger.moved("serpwow", "batches.searches")
    assert searches == -(emulator.ledger.totals["serpwow"]["states"]["batches"]["idle -> nothing"]["searches"]) < 0


def test_ids_and_limits_are_no_quantities(emulator: Emulator) -> None:
    stop(emulator)
    sums = emulator.ledger.totals["serpwow"]["states"]["batches"]["queued -> idle"]
    assert set(sums) <= {"count", "searches", "allocated"}
    emulator.state.change({"stripe": {"batch_jobs": [{"id": JOB, "maximum_rps": 20}]}})
    assert "batch_jobs.maximum_rps" not in emulator.ledger.totals["stripe"]["moved"]


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=lambda vendor: vendor.name)
def test_every_number_of_a_state_is_a_quantity_or_known_to_be_none(vendor: Vendor) -> None:
    numbered = {name for name in numbers(vendor.state.schema, "") if not name.endswith(".repeat")}
    places = {name for name in numbered if ".timing." not in name}  # durations
    quantities = {quantity.removesuffix(".*") for quantity in vendor.state.quantities}
    assert places == quantities | NO_QUANTITIES[vendor.name]


def numbers(schema: Mapping[str, Any], place: str) -> Iterator[str]:
    """The dotted places of all numbers in a schema, indexes left out."""
    parts = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]
    parts += [part for part in [schema.get("additionalProperties")] if isinstance(part, Mapping)]
    types = schema.get("type", ())
    if {"integer", "number"} & set([types] if isinstance(types, str) else types):
        yield place
    for part in parts:
        yield from numbers(part, place)
    for name, part in schema.get("properties", {}).items():
        yield from numbers(part, f"{place}.{name}".lstrip("."))


def all_changed_ids(before: Any, after: Any) -> dict[str, set[str]]:
    """By vendor and part, the ids of what differs, found by comparing all that there is."""
    ids_by_part: dict[str, set[str]] = {}
    for vendor in before:
        for part in before[vendor]:
            left, right = before[vendor][part], after[vendor].get(part)
            if left != right:
                ids_by_part[f"{vendor}.{part}"] = changed_ids(left, right)
    return ids_by_part


def changed_ids(left: Any, right: Any) -> set[str]:
    if not isinstance(left, list):
        return set()
    key = "token" if any("token" in item for item in (*left, *right)) else "id"
    sides = [{str(item[key]): item for item in items} for items in (left, right)]
    return {id for id in {*sides[0], *sides[1]} if sides[0].get(id) != sides[1].get(id)} if key == "id" else set()


@settings(max_examples=30)
@given(LIVES, LIVES)
def test_a_difference_is_what_comparing_all_would_find(lives: list[Asked], more: list[Asked]) -> None:
    async def run() -> None:
        async with first_run() as client:
            await live(lives, client)
            await client.post(f"{DEFAULT}/snapshots", json={"name": "here"})
            before = (await client.get(f"{DEFAULT}/state")).json()
            await live(more, client)
            after = (await client.get(f"{DEFAULT}/state")).json()
            ids_by_part: dict[str, set[str]] = {}
            for difference in (await client.get(f"{DEFAULT}/diff?from=here")).json()["differences"]:
                outer, _, inner = difference["at"].partition("[")
                ids = ids_by_part.setdefault(f"{difference['vendor']}.{outer}", set())
                if difference["at"] != "tokens" and (difference["id"] or inner):
                    ids.add(inner.partition("]")[0] or difference["id"])
            assert ids_by_part == all_changed_ids(before, after)
            back = (await client.get(f"{DEFAULT}/diff?from=now&to=here")).json()["differences"]
            assert len(back) == len((await client.get(f"{DEFAULT}/diff?from=here")).json()["differences"])

    asyncio.run(run())


@settings(max_examples=30)
@given(LIVES, LIVES)
def test_after_undo_and_restore_the_same_requests_get_the_same_bytes(lives: list[Asked], more: list[Asked]) -> None:
    async def run() -> None:
        async with first_run() as client:
            await live(lives, client)
            await client.post(f"{DEFAULT}/snapshots", json={"name": "here"})
            first = await live([("GET", "/live/account?api_key=k", {}), *more], client)
            await client.post(f"{DEFAULT}/restore", json={"name": "here"})
            assert await live([("GET", "/live/account?api_key=k", {}), *more], client) == first
            count = 1 + sum(not isinstance(request, int) and not request[1].startswith("/_emulator") for request in more)
            undone = await client.post(f"{DEFAULT}/undo", json={"exchanges": count})
            assert undone.status_code == 200, undone.text
            assert (await client.get(f"{DEFAULT}/diff?from=here")).json()["differences"] == []
            assert await live([("GET", "/live/account?api_key=k", {}), *more], client) == first

    asyncio.run(run())


def test_the_handle_goes_there_and_back(emulator: Emulator) -> None:
    emulator.snapshot("before")
    stop(emulator)
    assert next(str(difference) for difference in emulator.diff("before")).startswith("serpwow account: credits_used 230 -> 30")
    batch = emulator.diff("before")[1]
    assert (batch.at, batch.id, batch.changed and batch.changed["status"]) == ("batches", "2A6F94BB", ("queued", "idle"))
    emulator.clock.advance("5s")
    emulator.undo()
    assert emulator.diff("before") == ()
    stop(emulator)
    emulator.restore("before")
    assert emulator.diff() == ()
    assert emulator.ask("GET", "/snapshots") == {"snapshots": [{"name": "before", "at": "2026-03-09T20:55:31Z"}]}
    emulator.ask("DELETE", "/snapshots/before")
    with pytest.raises(ControlError, match="no snapshot is called 'before'"):
        emulator.restore("before")


def test_a_fork_has_credentials_of_its_own_and_goes_on_apart(emulator: Emulator) -> None:
    emulator.load(
        {"credentials": {"serpwow": ["demo"]}, "given": {"serpwow": {"batches": [{"id": "2A6F94BB", "status": "queued"}]}}}
    )
    with emulator.fork() as fork:
        assert fork.serpwow.api_key != emulator.serpwow.api_key
        assert stop(fork).status_code == 200
        assert (fork.serpwow.batch("2A6F94BB").status, emulator.serpwow.batch("2A6F94BB").status) == ("idle", "queued")
        with httpx.Client(transport=fork.transport(), base_url="http://127.0.0.1") as client:
            client.get(f"/live/account?api_key={fork.serpwow.api_key}")
        assert len(fork.journal.exchanges()) == 2
        fork.reset()
        assert fork.diff() == ()
    with emulator.fork(seed=9) as other:
        assert other.seed == 9


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "detail"),
    [
        ("POST", "/snapshots", {"name": ""}, 422, "1 to 100 characters"),
        ("POST", "/snapshots", {"name": "a/b"}, 422, "1 to 100 characters"),
        ("POST", "/snapshots", {"name": "beginning"}, 409, "call the snapshot something else"),
        ("POST", "/snapshots", {"nam": "a"}, 422, "did you mean 'name'"),
        ("POST", "/restore", {"name": "nowhere"}, 404, "no snapshot is called 'nowhere'"),
        ("DELETE", "/snapshots/nowhere", None, 404, "no snapshot is called"),
        ("GET", "/diff?from=nowhere", None, 404, "no snapshot is called 'nowhere'"),
        ("POST", "/undo", {"exchanges": 0}, 422, "minimum"),
        ("POST", "/undo", {"exchanges": 1}, 409, "has 0 exchanges, so 1 cannot be undone"),
        ("POST", "/fork", {"id": "default"}, 409, "there is a world 'default' already"),
        ("POST", "/fork", {"id": "../x"}, 422, "is not of the form"),
    ],
)
def test_a_way_back_that_is_wrong_is_refused(
    emulator: Emulator, method: str, path: str, body: Any, status: int, detail: str
) -> None:
    with pytest.raises(ControlError, match=str(status)) as excinfo:
        emulator.ask(method, path, body)
    assert detail in str(excinfo.value)


def test_a_snapshot_takes_the_place_of_another_of_its_name(emulator: Emulator) -> None:
    emulator.snapshot("here")
    emulator.clock.advance("1s")
    emulator.snapshot("here")
    assert [snapshot["at"] for snapshot in emulator.ask("GET", "/snapshots")["snapshots"]] == ["2026-03-09T20:55:32Z"]


def peak_of_the_ledger(runs: int) -> int:
    """Return the most bytes that reading the ledger takes at once, in a world where a batch ran so often."""
    batch = {"id": "M", "searches": 1, "schedule_type": "minutes", "schedule_minutes": "every_minute"}
    emulator = Emulator()
    emulator.load({"title": "Runs", "given": {"serpwow": {"account": {"credits_limit": 10_000}, "batches": [batch]}}})
    emulator.clock.advance(f"{runs}m")
    tracemalloc.start()
    try:
        assert len(emulator.ledger.picture().commits) > runs
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        emulator.close()


def test_the_ledger_of_many_runs_keeps_what_changed_and_not_each_state_of_the_batch() -> None:
    few, many = peak_of_the_ledger(100), peak_of_the_ledger(400)
    assert many < 6 * few
