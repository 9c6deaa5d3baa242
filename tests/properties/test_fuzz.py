"""A short round of each campaign of tests/attack/fuzz.py, and a test by name for everything that one of them has found."""

from __future__ import annotations

import os
from typing import Any

import orjson
import pytest
import requests

from emulator.client.adapter import InProcessAdapter
from emulator.client.connections import ask
from emulator.kernel.clock import MAX_RATE, Clock
from emulator.kernel.errors import BadInput
from emulator.kernel.time import END_OF_TIME
from emulator.scenario.loader import load_text
from emulator.scenario.player import play
from emulator.sdk.exact_json import dump
from emulator.vendors import VENDORS
from emulator.web.guard import PREFIX
from tests.attack.fuzz import CAMPAIGNS, HEADERS, URL, fresh, still_whole
from tests.support.loading import load_value

ROUNDS = {"contract": 1, "loader": 15, "edge": 40, "state": 15, "wire": 30}
BATCH = "/za/pay/batches/f945d71c-b00f-4e77-8175-253093157a2f"


@pytest.mark.parametrize(("campaign", "examples"), ROUNDS.items())
def test_a_round_finds_nothing(campaign: str, examples: int) -> None:
    """The same round each time: it is `python -m tests.attack.fuzz` that looks for what nobody has found yet."""
    CAMPAIGNS[campaign](int(os.environ.get("FUZZ_SEED", "1")), examples)


def test_there_is_a_round_of_every_campaign() -> None:
    assert set(ROUNDS) == set(CAMPAIGNS)


@pytest.mark.parametrize("text", ["", "# nothing", "null"])
def test_an_empty_scenario_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(BadInput) as excinfo:
        load_text(text, VENDORS, "empty", "empty.yaml")
    assert str(excinfo.value).startswith("empty.yaml:1:1: the file is empty")


@pytest.mark.parametrize(
    ("headers", "pointer"),
    [
        ("{'\u00a0': x}", "/steps/0/headers/\u00a0"),
        ("{'a b': x}", "/steps/0/headers/a b"),
        ("{'': x}", "/steps/0/headers/"),
        ("{X-Name: caf\u00e9}", "/steps/0/headers/X-Name"),
        ('{X-Name: "a\\nSet-Cookie: b"}', "/steps/0/headers/X-Name"),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused_with_its_place(headers: str, pointer: str) -> None:
    for text in (
        f"title: A\nsteps:\n  - send: GET /live/account\n    headers: {headers}\n",
        f"title: A\nreplies:\n  - at: serpwow.account.get\n    status: 200\n    headers: {headers}\n",
    ):
        with pytest.raises(BadInput) as excinfo:
            load_text(text, VENDORS, "header", "header.yaml")
        (problem,) = excinfo.value.problems
        assert problem.pointer.partition("/0/")[2] == pointer.partition("/0/")[2]
        assert problem.line


def test_a_request_that_cannot_be_made_is_a_difference() -> None:
    from emulator.client.in_process import InProcessClient

    step = {"send": "GET /live/account?api_key=k", "keep": {"x": "account_info.name"}}
    bad = {"send": "GET /{x}", "headers": {"X-Name": "{x}"}}
    scenario = {"title": "A", "given": {"serpwow": {"account": {"name": "caf\u00e9"}}}, "steps": [step, bad]}

    (difference,) = map(str, play(load_value(scenario, VENDORS), InProcessClient()).differences)
    assert "cannot be sent" in difference


@pytest.mark.parametrize("path", ["batches.0.id", "batches.x", "request_info.success.x", "batches.-1", "batches.٣", ""])
def test_what_cannot_be_kept_is_a_difference(path: str) -> None:
    from emulator.client.in_process import InProcessClient

    step = {"send": "GET /live/batches?api_key=k", "keep": {"x": path}}

    (difference,) = map(str, play(load_value({"title": "A", "steps": [step]}, VENDORS), InProcessClient()).differences)
    assert f"the answer has no {path!r}" in difference


@pytest.mark.parametrize(
    "target", [b"/_emulator/worlds/?a=\xed\xa0\x80", b"/_emulator/worlds?id=\xff", b"/_emulator/\xff?\xff"]
)
def test_a_control_request_that_is_not_utf_8_is_answered(target: bytes) -> None:
    answer = ask(fresh().app, "GET", target, [(b"host", b"127.0.0.1:8080")])
    assert answer.status == 400


@pytest.mark.parametrize("jump", ["60000000m", {"by": "60000000m"}])
def test_a_jump_that_is_too_long_is_refused_by_the_loader_and_by_control(jump: Any) -> None:
    with pytest.raises(BadInput, match="is longer than 36525d"):
        load_value({"title": "A", "steps": [{"advance": jump}]}, VENDORS)
    answer = fresh().ask("POST", f"{PREFIX}/worlds/default/clock/advance", {"by": "60000000m"})
    assert (answer.status, orjson.loads(answer.content)["errors"][0]["pointer"]) == (422, "/by")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"scenario": {"title": "\\ud800"}}', "surrogate"),
        ('{"scenario": {"title": "A", "given": {"serpwow": {"batches": [{"id": "\\udfff"}]}}}}', "JSON"),
        ('{"seed": 1000000000000000000000000000000}', "64 bits"),
        ('{"seed": ' + "1" * 5_000 + "}", "JSON"),
        ('{"scenario": {"title": "A", "steps": [{"send": "GET /", "json": 1e-999999999}]}}', "exponent"),
        ('{"scenario": {"title": "A", "steps": [{"send": "GET /", "json": 1e999999999}]}}', "JSON"),
    ],
)
def test_a_value_that_could_not_be_shown_is_refused_and_makes_no_world(text: str, reason: str) -> None:
    target = fresh()
    answer = target.ask("POST", f"{PREFIX}/worlds", text.encode())
    assert answer.status == 422
    assert reason in orjson.loads(answer.content)["detail"]
    assert len(target.worlds) == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/worlds", {"id": "x\n"}),
        ("PATCH", "/worlds/default/state", {"stripe": {"failing": [{"share": "0%\n"}]}}),
        ("PATCH", "/worlds/default/state", {"6dot50": {"members": ["27821231234\n"]}}),
        ("POST", "/worlds/default/clock/advance", {"by": "30s\n"}),
        ("POST", "/worlds", {"scenario": {"title": "A", "timing": {"stripe.drain": "2s\n"}}}),
        ("POST", "/worlds", {"scenario": {"title": "A", "steps": [{"send": "GET /x\n"}]}}),
    ],
)
def test_a_line_break_at_the_end_fits_no_pattern(method: str, path: str, body: Any) -> None:
    target = fresh()
    assert target.ask(method, PREFIX + path, body).status == 422
    assert len(target.worlds) == 1


def test_more_searches_cannot_fail_than_a_result_set_has() -> None:
    result_set = {"id": 1, "started_at": "2025-12-31T00:00:00Z", "ended_at": "2025-12-31T00:01:00Z", "searches_failed": 4}
    batch = {"id": "IDLE", "result_sets": [result_set]}
    target = fresh()
    answer = target.ask("PATCH", f"{PREFIX}/worlds/default/state", {"serpwow": {"batches": [batch]}})
    assert (answer.status, orjson.loads(answer.content)["detail"]) == (
        422,
        "/serpwow/batches/0/result_sets/0/searches_failed: 4 searches failed of 3",
    )
    result_set["searches_failed"] = 3
    assert target.ask("PATCH", f"{PREFIX}/worlds/default/state", {"serpwow": {"batches": [batch]}}).status == 200
    still_whole(target)


def test_a_decimal_with_a_huge_exponent_is_not_written_out() -> None:
    from decimal import Decimal

    assert dump([Decimal("1E-999999999"), Decimal("-1.50E+999999"), Decimal("1E+3"), Decimal("2.50")]) == (
        b"[1E-999999999,-1.50E+999999,1000,2.5]"
    )
    payment = b'{"clearExisting": true, "payments": [{"msisdn": "27821231234", "amount": 1e-99999999}]}'
    answer = fresh().ask("POST", f"{BATCH}/payments", payment, **HEADERS["6dot50"])
    assert answer.status == 400
    assert len(answer.content) < 1_000


def test_a_clock_at_full_rate_reaches_the_end_of_time_and_stays_there() -> None:
    wall = [0.0]
    clock = Clock(rate=MAX_RATE, wall=lambda: wall[0])
    for days in (1, 3, 300, 3_000_000):
        wall[0] = days * 86_400.0
        assert clock.now() <= END_OF_TIME
    assert clock.now() == END_OF_TIME


def test_a_session_in_process_has_its_headers_on_the_raw_response_as_well() -> None:
    session = requests.Session()
    session.mount("http://", InProcessAdapter(fresh().app))
    response = session.get(f"{URL}/live/account?api_key=k")
    assert response.raw.status == 200
    assert response.raw.headers["content-type"] == response.headers["content-type"] == "application/json"
