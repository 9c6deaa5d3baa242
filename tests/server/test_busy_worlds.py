"""What long works of some worlds leave to others: a list of worlds at once, slots for short works, and room for bodies."""

from __future__ import annotations

import httpx
import pytest

from emulator.control import app
from emulator.kernel.budget import Budget, Quota
from emulator.kernel.errors import TooMany
from emulator.kernel.limits import MANY_RESOURCES
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from emulator.web import lanes
from emulator.web.event_loop import in_limited_thread
from emulator.web.requests import IncomingBody
from tests.support.busy import busy
from tests.support.loading import load_value

WORLD = "/_emulator/worlds/default"


def test_the_list_of_worlds_waits_for_no_busy_world() -> None:
    worlds = worlds_of([load_value({"title": "A"}, VENDORS)])
    with ThreadedServer(create_app(worlds)) as server, busy(worlds.default):
        (listed,) = httpx.get(f"{server.url}/_emulator/worlds", timeout=None).json()["worlds"]
    assert (listed["id"], listed["clock"]["next"]) == ("default", None)


@pytest.mark.parametrize(
    ("count", "method", "path", "is_known_long"),
    [
        (1, "POST", "dry-run", False),
        (MANY_RESOURCES + 1, "POST", "dry-run", True),
        (MANY_RESOURCES + 1, "POST", "clock/advance", True),
        (MANY_RESOURCES + 1, "GET", "state", False),
    ],
)
def test_changes_and_trials_of_large_worlds_take_the_slots_of_long_works(
    monkeypatch: pytest.MonkeyPatch, count: int, method: str, path: str, is_known_long: bool
) -> None:
    body = (
        {"by": "1s"} if "clock" in path else {"method": "GET", "url": "/live/batches?api_key=k"} if method == "POST" else None
    )
    taken: list[bool] = []

    async def noting(*arguments, is_long: bool = False):  # type: ignore[no-untyped-def]
        taken.append(is_long)
        return await in_limited_thread(*arguments, is_long=is_long)

    given = {"serpwow": {"batches": [{"repeat": count, "status": "queued", "searches": 1}]}}
    scenario = load_value({"title": "A", "timing": {"serpwow.queue": "never"}, "given": given}, VENDORS)
    monkeypatch.setattr(lanes, "in_limited_thread", noting)
    with ThreadedServer(create_app(worlds_of([scenario]))) as server:
        assert httpx.request(method, f"{server.url}{WORLD}/{path}", json=body, timeout=None).status_code == 200
    assert taken == [is_known_long]


@pytest.mark.parametrize(("many", "is_long"), [(0, True), (1, False)])
def test_lists_of_many_worlds_are_made_few_at_a_time(monkeypatch: pytest.MonkeyPatch, many: int, is_long: bool) -> None:
    taken: list[bool] = []

    async def noting(*arguments, is_long: bool = False):  # type: ignore[no-untyped-def]
        taken.append(is_long)
        return await in_limited_thread(*arguments, is_long=is_long)

    monkeypatch.setattr(app, "in_limited_thread", noting)
    monkeypatch.setattr(app, "MANY_RESOURCES", many)
    with ThreadedServer(create_app(worlds_of([]))) as server:
        assert len(httpx.get(f"{server.url}/_emulator/worlds", timeout=None).json()["worlds"]) == 1
    assert taken == [is_long]


def test_a_body_counts_as_the_value_that_was_read_from_it_until_it_is_gone() -> None:
    account = Quota(Budget(1_000_000))
    value: list[list[object]] = [[] for _ in range(9_000)]
    first, second = IncomingBody(account), IncomingBody(account)
    first.count_value(value)
    assert account.budget.used > 50 * len(value)
    with pytest.raises(TooMany):
        second.count_value(value)
    del first
    second.count_value(value)


def test_a_body_that_is_alone_has_room_however_large_its_value_is() -> None:
    IncomingBody(Quota(Budget(1_000))).count_value([[] for _ in range(9_000)])
