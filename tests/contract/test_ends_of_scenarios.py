"""Every shipped scenario goes as it says; and in its world, at the end, each answer is explained, is as sure as its facts, and adds up.

An answer to one of its requests that another choice of an assumption makes different is called inferred, by both choices.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from emulator.kernel.faults import STATUS
from emulator.vendors import VENDORS
from emulator.web.guard import PREFIX
from tests.support.choices import Choices
from tests.support.evidence import FACTS, weakest
from tests.support.loading import LIBRARY
from tests.support.walking import Walker, walk, world_that_goes

Check = Callable[[Walker, str], Awaitable[None]]
COUNTED_BY_TIME = {f"batch_jobs.{name}" for name in ("success_count", "failure_count", "validated_count")}
"""Quantities that go on while time passes, whether or not anything is committed."""


async def every_answer_is_as_sure_as_its_weakest_fact(walker: Walker, world: str) -> None:
    for entry in (await walker.ask("GET", f"{world}/journal"))["entries"]:
        if entry["type"] == "exchange" and entry["evidence"] in FACTS and all(it["do"] != STATUS for it in entry["faults"]):
            expected = weakest([entry["evidence"], *entry["also"]], entry["assumption"])
            assert entry["basis"] == expected, f"{entry['operation']}: {entry['answer']}"


async def every_entry_is_explained(walker: Walker, world: str) -> None:
    for entry in (await walker.ask("GET", f"{world}/journal"))["entries"]:
        assert_complete(await walker.ask("GET", f"{world}/journal/{entry['n']}/explain"))


def assert_complete(explanation: dict[str, Any]) -> None:
    """Assert what every explanation holds, and that none is at odds with itself."""
    if explanation["type"] == "change":
        assert explanation["because"] or explanation["evidence"] in (None, "the scenario")
        return
    assert explanation["scripted"] or explanation["faults"] or explanation["because"]["source"]
    assert explanation["differences"] is not None
    rows, differences = ({part["id"] for part in explanation[name]} for name in ("rows", "differences"))
    assert {change["id"] for change in explanation["changes"] if change["vendor"] in VENDORS} <= rows | differences
    if explanation["assumption"]:
        assert explanation["assumption"] in [assumption["id"] for assumption in explanation["assumptions"]]
    assert explanation["status"] >= 400 or all("which is not read here" in hint for hint in explanation["would_work"])
    assert explanation["operation"] in explanation["text"]


async def the_moves_of_every_commit_add_up_to_the_whole_difference(walker: Walker, world: str) -> None:
    """Numbers that move only by commits: what the ledger says and what the state says are the same."""
    if (await walker.ask("GET", f"{world}/journal?limit=1"))["dropped"]:
        return  # a month of schedules is more than a journal holds
    ledger, after = await walker.ask("GET", f"{world}/ledger"), await walker.ask("GET", f"{world}/state")
    assert ledger["complete"]
    await walker.ask("POST", f"{world}/reset", {})
    before = await walker.ask("GET", f"{world}/state")
    for vendor in VENDORS.values():
        moves = ledger["totals"].get(vendor.name, {}).get("moved", {})
        for place in vendor.state.quantities:
            if not place.endswith("*") and place not in COUNTED_BY_TIME:
                difference = amount_at(after[vendor.name], place) - amount_at(before[vendor.name], place)
                assert moves.get(place, 0) == pytest.approx(difference), place


def amount_at(value: Any, place: str) -> Any:
    """Return the sum of a quantity over a state."""
    name, _, rest = place.partition(".")
    if not name:
        return len(value) if isinstance(value, list) else value or 0
    if isinstance(value, list):
        return sum(amount_at(part, place) for part in value)
    return amount_at(value.get(name), rest) if isinstance(value, dict) else 0


CHECKS: tuple[Check, ...] = (
    every_answer_is_as_sure_as_its_weakest_fact,
    every_entry_is_explained,
    the_moves_of_every_commit_add_up_to_the_whole_difference,
)
"""What is asked of each world before it goes; the last takes it back to its beginning."""

TRIED = set[object]()
"""What the requests that were tried under other choices look like, so that those that look alike are tried once."""


@pytest.mark.parametrize("name", LIBRARY.names())
def test_a_scenario_plays_and_leaves_a_world_that_can_account_for_itself(name: str) -> None:
    async def look(walker: Walker, request: httpx.Request) -> None:
        if world := world_that_goes(request):
            for check in CHECKS:
                await check(walker, world)
        elif not request.url.path.startswith(PREFIX):
            assert list(Choices(walker.worlds).unjustified(request, TRIED)) == []

    walk(name, look)
