"""Durations and instants are taken as people write them, everywhere, and shown in one form."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.kernel.time import (
    DURATION_PATTERN,
    LONGEST,
    MILLISECOND,
    format_duration,
    parse_duration,
    parse_instant,
)
from emulator.scenario.loader import load_text
from emulator.scenario.schema import DELAY, DURATION, scenario_schema, step_schema
from emulator.scenario.validation import problems_in
from emulator.sdk.durations import TIMER
from emulator.state.compare import differences
from emulator.vendors import VENDORS
from tests.support.server import Live

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TAKEN: list[tuple[Any, timedelta]] = [
    ("500ms", 500 * MILLISECOND),
    ("1.5s", 1500 * MILLISECOND),
    ("30s", 30 * SECOND),
    ("1m30s", 90 * SECOND),
    ("2h5m", 125 * MINUTE),
    ("60d", 60 * DAY),
    ("1w", 7 * DAY),
    (".5h", 30 * MINUTE),
    ("0.1ms", MILLISECOND),
    ("1µs", MILLISECOND),
    ("1us", MILLISECOND),
    ("1001000ns", 2 * MILLISECOND),
    ("0s", timedelta(0)),
    ("PT90S", 90 * SECOND),
    ("P1DT2H", DAY + 2 * HOUR),
    ("PT1M", MINUTE),
    ("P2W", 14 * DAY),
    ("PT0.5S", 500 * MILLISECOND),
    ("PT1,5S", 1500 * MILLISECOND),
    (90, 90 * SECOND),
    (1.5, 1500 * MILLISECOND),
    (0.001, MILLISECOND),
    (0.0001, MILLISECOND),
    (5e-324, MILLISECOND),
    (Decimal("0.25"), 250 * MILLISECOND),
    (0, timedelta(0)),
    ("90", 90 * SECOND),
    ("1.5", 1500 * MILLISECOND),
    ("1e-05", MILLISECOND),
    (timedelta(microseconds=1), MILLISECOND),
]
REFUSED: list[tuple[Any, str]] = [
    ("", "not a duration such as 500ms, 1.5s, 1m30s, 60d or PT90S, or a number of seconds"),
    ("s", "not a duration"),
    ("1m30", "not a duration"),
    ("5 minutes", "not a duration"),
    ("1:30", "not a duration"),
    ("30s\n", "not a duration"),
    ("P", "not a duration"),
    ("PT", "not a duration"),
    ("P1M", "a month has no fixed length, so count days"),
    ("P1Y", "a year or a month"),
    ("nan", "not a duration"),
    (float("nan"), "nan is not a duration"),
    (float("inf"), "inf is not a duration"),
    (True, "true is not a duration"),
    (None, "nothing is not a duration"),
    ([1], "a list is not a duration"),
    ("-5s", "'-5s' is negative, and time never goes back"),
    (-1, "-1 is negative"),
    (-0.0001, "-0.0001 is negative"),
    (timedelta(seconds=-1), "-1s is negative"),
    ("99999999d", "'99999999d' is longer than 36525d"),
    (1e300, "longer than 36525d"),
    (10**400, "longer than 36525d"),
    ("1e999", "longer than 36525d"),
]


@pytest.mark.parametrize(("value", "expected"), TAKEN, ids=str)
def test_a_duration_is_taken_however_it_is_written(value: Any, expected: timedelta) -> None:
    assert parse_duration(value) == expected


@pytest.mark.parametrize(("value", "reason"), REFUSED, ids=lambda value: str(value)[:20])
def test_what_is_no_duration_is_refused_with_a_reason(value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        parse_duration(value)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0s"),
        (1, "1ms"),
        (500, "500ms"),
        (1500, "1.5s"),
        (1001, "1.001s"),
        (30_000, "30s"),
        (90_000, "1m30s"),
        (60_500, "1m0.5s"),
        (7_500_000, "2h5m"),
        (3_601_000, "1h1s"),
        (60 * 86_400_000, "60d"),
        (93_600_000, "1d2h"),
    ],
)
def test_a_duration_is_shown_in_one_form(milliseconds: int, text: str) -> None:
    assert format_duration(milliseconds * MILLISECOND) == text


@given(st.timedeltas(timedelta(0), LONGEST))
def test_what_is_shown_is_read_back_rounded_up_to_the_millisecond(duration: timedelta) -> None:
    read_duration = parse_duration(duration)
    assert timedelta(0) <= read_duration - duration < MILLISECOND
    assert read_duration % MILLISECOND == timedelta(0)
    assert parse_duration(format_duration(read_duration)) == read_duration
    assert format_duration(parse_duration(format_duration(read_duration))) == format_duration(read_duration)


@given(st.decimals(0, 10**9, allow_nan=False))
@example(Decimal("5.00000000000000000000000000050000E-32"))
@example(Decimal("0.00100000000000000000000000000000000000000001"))
def test_a_number_of_seconds_is_the_same_as_text_and_in_every_unit(seconds: Decimal) -> None:
    read_duration = parse_duration(seconds)
    for spelling in (f"{seconds:f}", f"{seconds:f}s", f"PT{seconds:f}S"):
        if len(spelling) <= 100:
            assert parse_duration(spelling) == read_duration
    assert 0 <= read_duration // MILLISECOND - Fraction(seconds) * 1000 < 1  # Decimal would round to the digits of its context


@given(st.from_regex(DURATION_PATTERN, fullmatch=True))
def test_every_spelling_that_the_schema_lets_pass_is_a_duration_or_too_long(text: str) -> None:
    try:
        assert list(problems_in(text, DURATION)) == []
    except AssertionError:
        assert len(text) > 100
    else:
        try:
            parse_duration(text)
        except ValueError as error:
            assert "longer than" in str(error)  # noqa: PT017  what it says is the point


@pytest.mark.parametrize(("value", "expected"), [row for row in TAKEN if not isinstance(row[0], timedelta)], ids=str)
@pytest.mark.parametrize("schema", [DURATION, TIMER, DELAY], ids=["duration", "wait", "delay"])
def test_the_schema_lets_pass_whatever_is_taken(schema: dict[str, Any], value: Any, expected: timedelta) -> None:
    assert list(problems_in(value, schema)) == []
    assert expected >= timedelta(0)


def test_the_schema_of_scenarios_describes_every_duration_alike() -> None:
    schema = scenario_schema(VENDORS)["properties"]
    fault = schema["faults"]["items"]["properties"]
    advance = step_schema(VENDORS.values())["properties"]["advance"]["anyOf"]
    plain = [fault["for"], fault["retry_after"], fault["pace"], schema["timeline"]["items"]["properties"]["after"]]
    assert all(schema_of_duration == DURATION for schema_of_duration in [*plain, advance[0], advance[1]["properties"]["by"]])
    assert fault["delay"] == DELAY
    timing = schema["timing"]["properties"]
    ladders = {outbox.ladder for vendor in VENDORS.values() for outbox in vendor.outboxes}
    assert all(timing[name] == TIMER for name in timing.keys() - ladders)
    assert all(timing[name]["items"] == DURATION for name in ladders)


@pytest.mark.parametrize("spelling", ["90", "90.0", '"90"', "1m30s", "1.5m", "PT90S", "PT1M30S", "90000ms"])
def test_every_place_of_a_scenario_takes_every_spelling(spelling: str) -> None:
    text = f"""
title: A story
timing: {{serpwow.queue: {spelling}, stripe.webhook.retries: [{spelling}]}}
faults:
  - {{at: serpwow, where: before-auth, do: status, status: 503, retry_after: {spelling}, for: {spelling}}}
  - {{at: serpwow, where: before-auth, do: delay, delay: {spelling}}}
timeline: [{{after: {spelling}, set: {{serpwow: {{batches: [{{id: B, status: queued}}]}}}}}}]
steps: [{{advance: {spelling}}}, {{advance: {{by: {spelling}}}}}]
"""
    world = load_text(text, VENDORS, "story", "story.yaml").world(VENDORS, "w")
    assert world.rules.timing == {"serpwow.queue": 90 * SECOND}
    start = world.clock.now()
    assert [change.at - start for change in world.advance_to(start + DAY)][:2] == [90 * SECOND, 90 * SECOND]


@pytest.mark.parametrize(("value", "text"), [(2, "2s"), ("2", "2s"), ("PT2S", "2s"), ("2.0s", "2s"), (120, "2m")])
def test_control_takes_durations_alike_and_shows_them_in_one_form(live: Live, value: Any, text: str) -> None:
    world = live.load({})
    path = f"/_emulator/worlds/{world.id}"
    fault = {"at": "*", "where": "before-auth", "do": "status", "status": 503, "retry_after": value, "for": value}
    reply = live.control.post(f"{path}/faults", json=fault)
    assert (reply.json()["fault"]["retry_after"], reply.json()["fault"]["for"]) == (text, text)
    response = httpx.get(f"{live.url}/live/account", params={"api_key": world.serpwow["api_key"]})
    assert response.headers["Retry-After"] == str(parse_duration(text) // SECOND)
    before = parse_instant(live.control.get(f"{path}/clock").json()["now"])
    after = live.control.post(f"{path}/clock/advance", content=json.dumps({"by": value})).json()["now"]
    assert parse_instant(after) - before == parse_duration(text)


AT = datetime(2031, 3, 9, 20, 55, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2016-12-31t23:59:60.75z", "2017-01-01T00:00:00Z"),
        ("2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00Z"),
        ("2016-12-31T23:59:60", "2017-01-01T00:00:00Z"),
        ("2016-12-30T23:59:60Z", None),
        ("2016-12-31T12:00:60Z", None),
        ("2016-12-31T23:59:61Z", None),
        ("9999-12-31T23:59:60Z", None),
        ("2016-12-31T24:00:00Z", None),
    ],
)
def test_a_leap_second_is_the_beginning_of_the_next_second(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="not a date and time that exists"):
            parse_instant(text, zone="Z")
    else:
        assert parse_instant(text, zone="Z") == parse_instant(expected)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("2031-03-09T20:55:31Z", 0),
        ("2031-03-09T20:55:31.1Z", 100_000),
        ("2031-03-09T20:55:31.123456Z", 123_456),
        ("2031-03-09T20:55:31.1234567Z", 123_456),
        ("2031-03-09T20:55:31.999999999Z", 999_999),
        ("2031-03-09T20:55:31.123456789012345Z", 123_456),
        ("2031-03-09t20:55:31.5z", 500_000),
        ("2031-03-09 20:55:31.5Z", 500_000),
        ("2031-03-09T22:55:31.123456789+02:00", 123_456),
    ],
)
def test_an_instant_has_any_number_of_digits_and_is_kept_to_the_microsecond(live: Live, text: str, microseconds: int) -> None:
    expected = AT + timedelta(microseconds=microseconds)
    assert parse_instant(text) == expected
    world = live.load({})
    path = f"/_emulator/worlds/{world.id}"
    reply = live.control.post(f"{path}/clock/advance", json={"to": text})
    assert parse_instant(reply.json()["now"]) == expected
    world.set({"serpwow": {"batches": [{"id": "B", "status": "idle", "searches": 1, "created_at": text}]}})
    (batch,) = world.state()["serpwow"]["batches"]
    assert parse_instant(batch["created_at"]) == expected
    query = {
        "api_key": world.serpwow["api_key"],
        "created_after": text.replace("2031", "2030"),
        "created_before": "2032-01-01T00:00:00.123456789Z",
    }
    response = httpx.get(f"{world.serpwow['url']}/batches", params=query)
    assert [batch["id"] for batch in response.json()["batches"]] == ["B"]


@pytest.mark.parametrize("stamp", ["2022-06-14T06:26:43.473", "2022-06-14T06:26:43.473Z", "2022-06-14T08:26:43.4730000+02:00"])
def test_6dot50_takes_its_own_stamps_which_are_utc_there(live: Live, stamp: str) -> None:
    payment = {"msisdn": "27821231234", "amount": 1, "createdAt": stamp}
    account, batch = {"name": "A", "createdAt": stamp}, {"name": "B", "createdAt": stamp, "payments": [payment]}
    change = {
        "6dot50": {"accounts": [account], "batches": [batch], "tokens": [{"token": "t", "expiresAt": "2030-01-01T00:00:00"}]}
    }
    text = f"title: A\nclock: {{start: 2026-01-01T00:00:00Z}}\ngiven: {json.dumps(change)}"
    load_text(text, VENDORS, "story", "story.yaml")
    world = live.load({})
    world.set(change)
    state = world.state()["6dot50"]
    items = [state["accounts"][-1], state["batches"][0], state["batches"][0]["payments"][0]]
    assert [item["createdAt"] for item in items] == ["2022-06-14T06:26:43.473000Z"] * 3


@pytest.mark.parametrize(
    ("state", "pointer"),
    [
        ({"serpwow": {"batches": [{"id": "B", "created_at": "2022-06-14T06:26:43.473"}]}}, "/serpwow/batches/0/created_at"),
        (
            {"stripe": {"batch_jobs": [{"id": "batchv2_B", "created": "2022-06-14T06:26:43.473"}]}},
            "/stripe/batch_jobs/0/created",
        ),
    ],
)
def test_elsewhere_an_instant_without_a_zone_is_refused(live: Live, state: dict[str, Any], pointer: str) -> None:
    response = live.control.patch(f"/_emulator/worlds/{live.load({}).id}/state", json=state)
    (problem,) = response.json()["errors"]
    assert (response.status_code, problem["pointer"]) == (422, pointer)
    assert "has no zone: add Z for UTC" in problem["detail"]


def test_an_impossible_stamp_of_6dot50_is_refused_too(live: Live) -> None:
    state = {"6dot50": {"batches": [{"name": "B", "createdAt": "2022-13-14T06:26:43.473"}]}}
    response = live.control.patch(f"/_emulator/worlds/{live.load({}).id}/state", json=state)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/6dot50/batches/0/createdAt")


@pytest.mark.parametrize("stamp", ["2022-06-14T06:26:43.473", "2022-06-14T06:26:43.473Z", "2022-06-14 08:26:43.473000+02:00"])
def test_what_is_expected_of_a_state_may_spell_an_instant_in_another_way(stamp: str) -> None:
    state = {"batches": [{"id": "B", "createdAt": "2022-06-14T06:26:43.473000Z"}]}
    assert list(differences({"batches": [{"id": "B", "createdAt": stamp}]}, state, by_id=True)) == []
    assert list(differences({"batches": [{"id": "B", "createdAt": stamp}]}, state)) != []
    assert list(differences({"batches": [{"id": "B", "createdAt": "2022-06-14T06:26:43.474Z"}]}, state, by_id=True)) != []
