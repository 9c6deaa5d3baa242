"""The vendors' clocks are apart from the one that clients look at: each side keeps to its own, all along."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Emulator, EmulatorError
from emulator.kernel.time import format_offset, parse_offset

START = datetime(2026, 3, 9, 20, 55, 31, tzinfo=UTC)
BATCH = {"id": "B", "status": "running", "searches": 1}
SKEWS = [
    ("-3m", timedelta(minutes=-3)),
    ("+3m", timedelta(minutes=3)),
    (-1.5, timedelta(seconds=-1.5)),
    ("PT1H", timedelta(hours=1)),
]


def world(skew: Any, **more: Any) -> Emulator:
    clock = {"start": "2026-03-09T20:55:31Z", "skew": skew}
    return Emulator({"clock": clock, "timing": {"serpwow.run": "10s"}, "given": {"serpwow": {"batches": [BATCH]}}, **more})


def date_of(emulator: Emulator) -> datetime:
    """Return the instant at which the vendor says that it answers."""
    with httpx.Client(transport=emulator.transport()) as client:
        answer = client.get(f"{emulator.serpwow.url}/batches", params={"api_key": emulator.serpwow.api_key})
    return parsedate_to_datetime(answer.headers["Date"])


@pytest.mark.parametrize(("skew", "ahead"), SKEWS)
def test_the_vendor_dates_by_its_own_clock_and_the_handle_by_the_clients(skew: Any, ahead: timedelta) -> None:
    with world(skew) as emulator:
        assert (emulator.clock.now, emulator.clock.skew) == (START, ahead)
        assert date_of(emulator) == (START + ahead).replace(microsecond=0)


def test_what_is_due_and_what_happened_is_told_in_the_clients_time() -> None:
    with world("-3m") as emulator:
        assert emulator.clock.next == START + timedelta(seconds=10)
        [change, *_] = emulator.clock.advance(to=START + timedelta(seconds=10))
        assert (change.at, emulator.clock.now) == (START + timedelta(seconds=10), START + timedelta(seconds=10))
        [finished] = emulator.state["serpwow"]["batches"][0]["result_sets"]
    assert finished["ended_at"] == "2026-03-09T20:52:41Z"


@pytest.mark.parametrize("back", ["reset", "restore", "undo", "fork"])
def test_no_way_back_changes_how_far_the_clocks_are_apart(back: str) -> None:
    with world("-3m") as emulator:
        emulator.snapshot("then")
        date_of(emulator)
        emulator.clock.advance("1m")
        ways: dict[str, Any] = {"reset": emulator.reset, "restore": lambda: emulator.restore("then"), "undo": emulator.undo}
        again = ways[back]() if back in ways else emulator.fork()
        seen = again if isinstance(again, Emulator) else emulator
        assert date_of(seen) == seen.clock.now - timedelta(minutes=3)


def test_a_fault_is_in_force_between_instants_of_the_clients_clock() -> None:
    between = ["2026-03-09T20:55:31Z", "2026-03-09T20:55:41Z"]
    fault = {"at": "serpwow", "where": "before-auth", "do": "status", "status": 503, "between": between}
    with world("-3m", faults=[fault]) as emulator, httpx.Client(transport=emulator.transport()) as client:
        url = f"{emulator.serpwow.url}/batches?api_key={emulator.serpwow.api_key}"
        statuses = [client.get(url).status_code]
        emulator.clock.advance("10s")
        statuses.append(client.get(url).status_code)
    assert statuses == [503, 200]


def test_a_clock_that_is_asked_to_go_back_says_so_in_the_clients_time() -> None:
    with world("-3m") as emulator, pytest.raises(EmulatorError, match="it is 2026-03-09T20:55:31Z already"):
        emulator.clock.advance(to="2026-03-09T20:55:00Z")


@pytest.mark.parametrize(
    ("clock", "reason"),
    [
        ({"start": "1970-01-01T00:00:00Z", "skew": "-1s"}, "1969-12-31T23:59:59Z, where no world can be"),
        ({"skew": "soon"}, "'soon' is not a duration"),
        ({"skew": "never"}, "is not a duration"),
        ({"skew": "--3m"}, "'--3m' is not a duration"),
        ({"skew": "101y"}, "is not a duration"),
        ({"skew": "36526d"}, "/clock/skew: '36526d' is longer than 36525d"),
        ({"skew": "-P36526D"}, "'P36526D' is longer than 36525d"),
    ],
)
def test_clocks_that_cannot_be_are_refused(clock: dict[str, Any], reason: str) -> None:
    with pytest.raises(EmulatorError) as refused:
        Emulator({"clock": clock})
    assert reason in str(refused.value)


@given(st.timedeltas(timedelta(days=-36_525), timedelta(days=36_525)))
def test_an_offset_is_read_as_it_is_shown(offset: timedelta) -> None:
    whole = timedelta(milliseconds=offset // timedelta(milliseconds=1))
    assert parse_offset(format_offset(whole)) == whole
