"""Laws of SerpWow: credits add up in every history, and lists are paged, sorted and filtered."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.contract.fixtures import fixtures_folder
from emulator.contract.validator import ResponseValidator
from emulator.kernel.accounts import SELF
from emulator.kernel.errors import BadInput
from emulator.kernel.world import World
from emulator.scenario.scenario import Scenario
from emulator.scenario.state import apply_state
from emulator.sdk.request import read_request
from emulator.sdk.response import Response
from emulator.vendors import VENDORS
from emulator.vendors.serpwow.machine.effects import add_usage, subtract_usage
from emulator.vendors.serpwow.model.account import MOST_DAYS, Account
from emulator.vendors.serpwow.model.batches import Batch
from emulator.vendors.serpwow.responses.account import MONTHS, usage_history
from emulator.web.pipeline import carry_out

SERPWOW = VENDORS["serpwow"]
OPERATIONS = {operation.name.rpartition(".")[2]: operation for operation in SERPWOW.operations if "batches" in operation.name}
KEPT = {"serpwow.inactivity": "never"}
IDS = ("AAAAAAAA", "BBBBBBBB", "CCCCCCCC")


def world_of(state: dict[str, Any], **scenario: Any) -> World:
    content = {"title": "A test", "given": {"serpwow": state}, **scenario}
    return Scenario("test", "", content).world(VENDORS, "test")


def ask(world: World, verb: str, id: str = "", query: str = "") -> Response:
    """Return the response to a request, without HTTP in between."""
    call = read_request("GET", "/live/batches", f"api_key=demo&{query}")
    call.parameters = {"id": id} if id else {}
    with world.transaction(verb) as tx:
        answer = carry_out(SERPWOW, tx, call, OPERATIONS[verb])
        return SERPWOW.renderers[answer.name](tx, call, answer.subject)


def account_of(world: World) -> Account:
    world.settle()
    account = world.store.find(Account.kind, SELF)
    assert isinstance(account, Account)
    return account


def batches_of(world: World) -> dict[str, Batch]:
    world.settle()
    return {batch.id: batch for batch in world.store.group(Batch.kind)}


ids = st.sampled_from(IDS)
commands = st.tuples(st.sampled_from(["start", "stop", "stop"]), ids)
stop_alls = st.tuples(st.just("stopall"), st.just(""))
jumps = st.tuples(st.just("advance"), st.integers(0, 15) | st.sampled_from([86_400, 30 * 86_400]))
patches = st.tuples(
    st.just("patch"),
    st.fixed_dictionaries(
        {"id": ids},
        optional={
            "status": st.sampled_from(["idle", "queued", "running"]),
            "searches": st.integers(0, 40),
            "fails_to_stop": st.booleans(),
        },
    ),
)
histories = st.lists(st.one_of(commands, commands, stop_alls, jumps, patches), max_size=25)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    statuses = st.sampled_from(["idle", "queued", "running"])
    batches = [{"id": id, "status": draw(statuses), "searches": draw(st.integers(0, 30))} for id in IDS]
    clock = {"start": "2026-03-30T23:59:50Z"}
    return world_of({"account": {"credits_limit": 100}, "batches": batches}, clock=clock, timing=KEPT)


def take_step(world: World, step: str, detail: Any) -> None:
    if step == "advance":
        world.advance_by(timedelta(seconds=detail))
    elif step == "patch":
        with suppress(BadInput):  # what it asks for would cost more credits than there are
            apply_state(world, VENDORS, {"serpwow": {"batches": [detail]}}, "a patch")
    else:
        ask(world, step, detail)


@settings(max_examples=60)
@given(worlds(), histories)
def test_credits_are_neither_created_nor_lost_nor_negative_in_any_history(world: World, history: list[tuple[str, Any]]) -> None:
    for step, detail in history:
        take_step(world, step, detail)
        account, batches = account_of(world), batches_of(world).values()
        assert account.credits_used + account.credits_remaining == 100
        assert 0 <= sum(batch.allocated for batch in batches if batch.status == "queued") <= account.credits_used <= 100
        assert sum(account.usage.values()) == account.credits_used + account.credits_returned
        assert all(credits > 0 for credits in account.usage.values())
        assert all((batch.allocated_at is None) == (batch.status == "idle") for batch in batches)


@settings(max_examples=60)
@given(worlds(), histories)
def test_a_command_moves_credits_by_exactly_what_its_batch_was_allocated(world: World, history: list[tuple[str, Any]]) -> None:
    for step, detail in history:
        before, batches = account_of(world).credits_used, batches_of(world)
        take_step(world, step, detail)
        after = batches_of(world)
        credits_of_started = [
            batch.credits_required for id, batch in after.items() if (batches[id].status, batch.status) == ("idle", "queued")
        ]
        credits_of_stopped = [
            batch.allocated for id, batch in batches.items() if (batch.status, after[id].status) == ("queued", "idle")
        ]
        if step in ("start", "stop", "stopall"):
            assert account_of(world).credits_used == before + sum(credits_of_started) - sum(credits_of_stopped)


@settings(max_examples=60)
@given(worlds(), histories)
def test_stop_all_counts_every_batch_that_was_queued_or_running_once(world: World, history: list[tuple[str, Any]]) -> None:
    for step, detail in history:
        take_step(world, step, detail)
    eligible = [batch for batch in batches_of(world).values() if batch.status != "idle"]
    body = ask(world, "stopall").body
    assert body["batches_failed_to_stop"] == sum(batch.fails_to_stop for batch in eligible)
    assert body["batches_stopped"] + body["batches_failed_to_stop"] == len(eligible)
    assert [id for id, batch in batches_of(world).items() if batch.status != "idle"] == [
        batch.id for batch in eligible if batch.fails_to_stop
    ]


@settings(max_examples=60)
@given(worlds(), histories)
def test_a_dumped_state_loads_as_the_same_state(world: World, history: list[tuple[str, Any]]) -> None:
    for step, detail in history:
        take_step(world, step, detail)
    with world.transaction("look") as tx:
        state = SERPWOW.state.dump(tx)
    twin = world_of(state, clock={"start": world.clock.now().isoformat()}, timing=KEPT)
    with twin.transaction("look") as tx:
        assert SERPWOW.state.dump(tx) == state


@pytest.mark.parametrize(
    ("account", "complaint"),
    [
        ({"credits_used": 5}, "queued and running batches can give back 10"),
        ({"credits_limit": 9}, "credits_limit is 9"),
        ({"credits_used": 20, "usage": {"2026-01-01": 19}}, "the days add up to 19"),
        (
            {"credits_used": 13, "usage": {"2026-02-10": 7, "2026-03-05": 13}},
            "credits_used is 13 and credits_returned 0, which has those of days before the last reset",
        ),
    ],
)
def test_impossible_credits_are_refused(account: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        world_of({"account": account, "batches": [{"id": "AAAAAAAA", "status": "queued", "searches": 10}]})


@pytest.mark.parametrize(
    ("batch", "since"),
    [({"status": "queued"}, "2026-01-01T00:00:00Z"), ({}, "2026-01-01T00:00:00Z"), ({"status": "running"}, None)],
)
def test_a_result_set_that_ended_too_late_is_refused(batch: dict[str, Any], since: str | None) -> None:
    result_set = {"id": 1, "started_at": "2026-01-01T00:00:00Z", "ended_at": "2026-01-01T00:00:01Z"}
    batch_state = {"id": "AAAAAAAA", "result_sets": [result_set], **batch} | ({"since": since} if since else {})
    with pytest.raises(BadInput, match="ended after 2026-01-01T00:00:00"):
        world_of({"batches": [batch_state]}, clock={"start": "2026-01-01T00:00:00.5Z"})


def test_a_batch_that_becomes_inactive_during_a_run_is_deleted_at_its_stop() -> None:
    world = world_of({"batches": [{"id": "AAAAAAAA", "status": "running"}]}, timing={"serpwow.run": "never"})
    world.advance_by(timedelta(days=90))
    assert ask(world, "stop", "AAAAAAAA").status == 200
    assert ask(world, "get", "AAAAAAAA").status == 400
    assert [(commit.why, commit.at) for commit in world.history] == [
        ("stop", world.clock.now()),
        ("after serpwow.inactivity", world.clock.now()),
    ]


def test_the_next_result_set_has_a_number_of_its_own() -> None:
    result_sets = [{"id": id, "started_at": "2026-01-01T00:00:00Z", "ended_at": "2026-01-01T00:00:01Z"} for id in (1, 7)]
    world = world_of(
        {"batches": [{"id": "AAAAAAAA", "status": "queued", "searches": 1, "result_sets": result_sets}]},
        clock={"start": "2026-01-02T00:00:00Z"},
    )
    world.advance_by(timedelta(days=1))
    batch = world.store.find(Batch.kind, "AAAAAAAA")
    assert batch is not None
    assert [result_set.id for result_set in batch.result_sets] == [1, 7, 8]


def test_refunds_lower_their_day_first_and_then_the_newest() -> None:
    usage = add_usage(add_usage({"2026-01-01": 5}, "2026-01-02", 3), "2026-01-03", 4)
    assert subtract_usage(usage, "2026-01-01", 5) == {"2026-01-02": 3, "2026-01-03": 4}
    assert subtract_usage(usage, "2026-01-01", 10) == {"2026-01-02": 2}


def test_credits_of_more_days_than_are_kept_apart_are_kept_together() -> None:
    days = [date.fromordinal(730_000 + n).isoformat() for n in range(MOST_DAYS + 10)]
    usage = add_usage(dict.fromkeys(days[:-1], 2), days[-1], 3)
    assert usage == {days[10]: 22, **dict.fromkeys(days[11:-1], 2), days[-1]: 3}
    assert subtract_usage(usage, days[-1], 2 * len(days) - 1) == {days[10]: 2}


def test_the_history_goes_back_over_the_turn_of_the_year() -> None:
    now = world_of({}, clock={"start": "2026-01-02T00:00:00Z"}).settle()
    months = list(usage_history({"2025-11-30": 7, "2025-10-31": 9}, now))
    assert len(months) == MONTHS
    assert [(month["month"], month["year"], month["credits_total_for_month"]) for month in months] == [
        ("January", 2026, 0),
        ("December", 2025, 0),
        ("November", 2025, 7),
    ]
    assert [len(month["credits_total_per_day"]) for month in months] == [2, 31, 30]


LISTED = [
    {"id": "0000000A", "name": "Fresh pizza", "created_at": "2026-01-03T00:00:00Z", "priority": "high", "searches": 1},
    {
        "id": "0000000B",
        "name": "fresh Pasta",
        "created_at": "2026-01-01T00:00:00Z",
        "last_run": "2026-02-01T00:00:00Z",
        "status": "running",
        "since": "2026-03-01T00:00:00Z",
        "destination_ids": ["here"],
    },
    {
        "id": "0000000C",
        "name": "Old pizza",
        "created_at": "2026-01-02T00:00:00Z",
        "last_run": "2026-01-05T00:00:00Z",
        "priority": "lowest",
        "result_sets": [
            {
                "id": 1,
                "started_at": "2026-02-27T00:00:00Z",
                "ended_at": "2026-02-27T00:00:10Z",
                "searches_completed": 1,
                "searches_failed": 0,
            }
        ],
    },
    {"id": "0000000D", "name": "Zebra", "created_at": "2026-01-04T00:00:00Z", "owner": "somebody else"},
]


@pytest.fixture(scope="module")
def world_of_batches() -> World:
    timing = {"serpwow.run": "never", "serpwow.queue": "never"}
    return world_of({"batches": LISTED}, clock={"start": "2026-03-01T00:00:00Z"}, timing=timing)


@pytest.mark.parametrize(
    ("query", "letters"),
    [
        ("", "ACB"),
        ("sort_direction=descending", "BCA"),
        ("sort_by=created_at", "BCA"),
        ("sort_by=last_run", "ACB"),
        ("sort_by=last_run&sort_direction=descending", "BCA"),
        ("sort_by=priority", "CBA"),
        ("sort_by=status&sort_direction=descending", "BAC"),
        ("page_size=2", "AC"),
        ("page_size=2&page=2", "B"),
        ("page=3", ""),
        ("status=running", "B"),
        ("status=idle", "AC"),
        ("status=all", "ACB"),
        ("search_term=PIZZA", "AC"),
        ("search_term=pizza,%20fresh", "A"),
        ("search_term=0000000c", "C"),
        ("search_term=fresh&search_type=starts_with", "AB"),
        ("search_term=PIZZA&search_type=ends_with", "AC"),
        ("search_term=Old+pizza&search_type=exact", "C"),
        ("search_term=old+pizza&search_type=exact", ""),
        ("only_with_results=true", "C"),
        ("only_without_results=true", "AB"),
        ("destination_id=here", "B"),
        ("created_before=2026-01-02T00:00:00Z", "B"),
        ("created_after=2026-01-01T00:00:00.000Z", "AC"),
        ("created_after=2026-01-01&created_before=2026-01-03", "C"),
        ("last_run_before=2026-01-10T00:00:00Z", "C"),
        ("last_run_after=2026-01-10T00:00:00Z", "B"),
        ("status=idle&search_term=pizza&sort_by=created_at", "CA"),
    ],
)
def test_a_list_is_sorted_filtered_and_cut(world_of_batches: World, query: str, letters: str) -> None:
    body = ask(world_of_batches, "list", query=query).body
    found_letters = "".join(batch["id"][-1] for batch in body["batches"])
    assert found_letters == letters
    assert body["count_this_page"] == len(letters)


@pytest.mark.parametrize(("term", "is_found"), [("größe", True), ("ΠΊΤΣΑ-größe", True), ("größe_4", False), ("ñ", False)])
def test_a_search_term_keeps_the_letters_of_every_alphabet(term: str, is_found: bool) -> None:
    world = world_of({"batches": [{"name": "Größe 3: πίτσα"}]})
    assert ask(world, "list", query=f"search_term={quote(term)}").body["total_count"] == is_found


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=%D9%A1",
        "page_size=1001",
        "page_size=",
        "sort_by=id",
        "sort_direction=up",
        "status=stopped",
        "search_type=regex",
        "only_with_results=yes",
        "created_before=soon",
        "last_run_after=1",
    ],
)
def test_an_unpublished_value_is_refused_and_named(world_of_batches: World, query: str) -> None:
    reply = ask(world_of_batches, "list", query=query)
    assert reply.status == 400
    assert query.partition("=")[0] in reply.body["request_info"]["message"]


@pytest.mark.parametrize(
    ("sample", "operation", "status"),
    [("stopall", "stopall", 200), ("unknown-batch", "stop", 400), ("bad-key", "stop", 401)],
)
def test_the_samples_are_valid_responses(sample: str, operation: str, status: int) -> None:
    content = (fixtures_folder() / "serpwow" / "samples" / f"{sample}.json").read_bytes()
    ResponseValidator(VENDORS.values())("serpwow", f"serpwow.batches.{operation}", status, content)


def test_an_unknown_batch_is_answered_as_in_the_sample() -> None:
    content = (fixtures_folder() / "serpwow" / "samples" / "unknown-batch.json").read_bytes()
    assert ask(world_of({}), "stop", "123456").body == json.loads(content)


def test_stop_all_is_answered_as_in_the_sample() -> None:
    batches = [{"repeat": 20, "status": "queued", "searches": 1}, {"repeat": 3, "status": "running"}]
    body = ask(world_of({"batches": batches}), "stopall").body
    content = (fixtures_folder() / "serpwow" / "samples" / "stopall.json").read_bytes()
    assert json.dumps(body) == json.dumps(json.loads(content))


def test_a_repeated_item_loads_that_many_batches() -> None:
    many = 20_000
    for seed in range(3):
        world = Scenario(
            "test", "", {"title": "A test", "seed": seed, "given": {"serpwow": {"batches": [{"repeat": many}]}}}
        ).world(VENDORS, "test")
        assert world.store.size("serpwow.batch", "owner", "self") == many
