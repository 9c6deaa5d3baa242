"""When SerpWow's credits come back: on the day, whatever else happens then, and in few steps however far the clock jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.kernel.world import World
from emulator.vendors import VENDORS
from emulator.vendors.serpwow.model.account import next_monthly
from tests.support.serpwow import SERPWOW, send, world_of

END_OF_MARCH = {"start": "2026-03-31T23:59:00Z"}
APRIL = datetime(2026, 4, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def account(world: World) -> dict[str, Any]:
    info: dict[str, Any] = send(world, "GET", "/live/account")[0].body["account_info"]
    return info


def credits_used(world: World) -> int:
    return int(account(world)["credits_used"])


@pytest.mark.parametrize(
    ("given_as", "after", "then"),
    [
        ("2020-01-01T00:00:00Z", "2026-03-09T20:55:31Z", "2026-04-01T00:00:00Z"),
        ("2020-01-01T00:00:00Z", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"),
        ("2020-01-01T00:00:00Z", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
        ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z", "2026-02-28T08:00:00Z"),
        ("2026-01-31T08:00:00Z", "2026-02-28T08:00:00Z", "2026-03-31T08:00:00Z"),
        ("2026-01-31T08:00:00Z", "2028-02-01T08:00:00Z", "2028-02-29T08:00:00Z"),
        ("2030-05-15T12:00:00Z", "2026-03-15T11:59:59Z", "2026-03-15T12:00:00Z"),
    ],
)
def test_credits_are_returned_whole_months_from_the_given_instant(given_as: str, after: str, then: str) -> None:
    assert next_monthly(at(given_as), at(after)) == at(then)


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.datetimes(datetime(1990, 1, 1), datetime(8900, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_the_next_reset_lies_ahead_and_no_farther_than_a_month(anchor: datetime, now: datetime) -> None:
    assert timedelta(0) < next_monthly(anchor, now) - now <= timedelta(days=31)


def test_a_run_that_is_scheduled_for_the_reset_has_the_new_credits() -> None:
    batch = {"id": "A", "searches": 10, "schedule_type": "daily", "schedule_hours": [0]}
    world = world_of({"account": {"credits_limit": 10, "credits_used": 10}, "batches": [batch]}, clock=END_OF_MARCH)
    world.advance_to(APRIL)
    assert credits_used(world) == 10
    assert send(world, "GET", "/live/batches/A")[0].body["batch"]["status"] == "queued"
    world.advance_by(timedelta(minutes=1))
    assert credits_used(world) == 10


def test_a_change_at_the_reset_finds_the_credits_returned() -> None:
    timeline = [{"after": "1m", "set": {"serpwow": {"account": {"name": "Jane"}}}}]
    world = world_of({"account": {"credits_limit": 10, "credits_used": 10}}, clock=END_OF_MARCH, timeline=timeline)
    world.advance_to(APRIL)
    assert (credits_used(world), account(world)["name"]) == (0, "Jane")


@pytest.mark.parametrize("choice", ["monthly", "never"])
def test_years_pass_in_few_steps(choice: str) -> None:
    world = world_of({"account": {"credits_used": 10}}, assume={"serpwow.credits-reset": choice})
    world.advance_to(at("2126-01-01T00:00:00Z"))
    assert len([*world.history]) <= (1 if choice == "monthly" else 1200)
    assert account(world)["credits_reset_at"] == "2126-02-01T00:00:00.000Z"
    assert credits_used(world) == (0 if choice == "monthly" else 10)


def test_an_account_that_used_nothing_goes_to_the_end_of_time_in_no_step() -> None:
    world = world_of({})
    world.advance_to(at("8999-12-31T00:00:00Z"))
    assert ([*world.history], account(world)["credits_reset_at"]) == ([], "9000-01-01T00:00:00.000Z")


def test_the_reset_is_upkeep() -> None:
    world = world_of({"account": {"credits_used": 10}}, clock=END_OF_MARCH)
    assert world.next_due() is None
    assert world.advance_until_idle() == []
    assert credits_used(world) == 10


def test_returned_credits_are_dumped_and_loaded() -> None:
    world = world_of({"account": {"credits_used": 10}}, clock=END_OF_MARCH)
    world.advance_to(APRIL)
    with world.transaction("look") as tx:
        state = SERPWOW.state.dump(tx)
    assert (state["account"]["credits_used"], state["account"]["credits_returned"]) == (0, 10)
    twin = world_of(state, clock={"start": "2026-04-01T00:00:00Z"})
    with twin.transaction("look") as tx:
        assert VENDORS["serpwow"].state.dump(tx) == state
