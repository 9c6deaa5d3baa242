"""An explanation names every fault and reply that stands where a request came, and why it struck, or why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator import Emulator

STOP = "serpwow.batches.stop"
LIMIT = {"rate_limit": {"calls": 1, "per": "1m"}}
START = "2026-03-09T20:55:31Z"


@pytest.fixture(scope="module")
def world() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def load(world: Emulator, **rules: Any) -> None:
    batches = [{"id": f"B{n}", "status": "running", "searches": 1} for n in range(4)]
    given = {"serpwow": {"batches": batches}}
    world.load({"clock": {"start": START}, "timing": {"serpwow.run": "never"}, "given": given, **rules})


def stop(world: Emulator, times: int, target: str = "/live/batches/B1/stop", **params: str) -> Any:
    """Stop a batch so many times, and return the explanation of the last."""
    with httpx.Client(transport=world.transport(), base_url="http://localhost") as client:
        for _ in range(times):
            client.get(target, params={"api_key": world.serpwow.api_key, **params}, headers={"X-Trace": "abc"})
    return world.ask("GET", "/journal/last/explain")


REPLY: dict[str, Any] = {"at": STOP, "status": 503}


@pytest.mark.parametrize(
    ("words", "calls", "struck", "why"),
    [
        ({}, 1, True, "this is the 1st call that it covers"),
        ({"after": 2}, 3, True, "this is the 3rd call that it covers"),
        ({"after": 2}, 1, False, "this is the 1st call that it covers, and it spares the first 2"),
        ({"every": 3}, 11, False, "this is the 11th call that it covers, and it strikes every 3rd"),
        ({"every": 2, "after": 1}, 2, False, "this is the 2nd call that it covers, and it strikes every 2nd after the first 1"),
        (
            {"probability": 1e-9},
            1,
            False,
            "this is the 1st call that it covers, and chance spares it, with the probability 1e-09",
        ),
        (LIMIT, 1, False, f"this is the 1st call with this key since {START}, of 1 in 1m"),
        (LIMIT, 2, True, f"this is the 2nd call that it covers, and 2nd call with this key since {START}, of 1 in 1m"),
        (
            {"rate_limit": {"calls": 1, "per": "90s", "of": "everyone"}},
            1,
            False,
            f"this is the 1st call of anyone since {START}, of 1 in 1m30s",
        ),
        ({"id": "B2"}, 1, False, "it is for B2, and the path names B1"),
        ({"times": 1}, 2, False, "it has struck once, as often as it may"),
        ({"times": 2}, 3, False, "it has struck 2 times, as often as it may"),
        ({"between": ["2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z"]}, 1, False, "it begins at 2026-03-10T00:00:00Z"),
        ({"match": {"query": {"page": 2}}}, 1, False, "its match wants query.page '2', and the call has none"),
        ({"match": {"headers": {"X-TRACE": "x"}}}, 1, False, "its match wants headers.x-trace 'x', and the call has 'abc'"),
        ({"match": {"body": {"a": [1]}}}, 1, False, "the call does not hold what its match wants at body"),
    ],
)
@pytest.mark.parametrize("kind", ["replies", "faults"])
def test_a_rule_says_why_it_struck_or_did_not(
    world: Emulator, kind: str, words: dict[str, Any], calls: int, struck: bool, why: str
) -> None:
    effect = {"where": "after-commit", "do": "status"} if kind == "faults" else {}
    load(world, **{kind: [{**REPLY, **effect, **words}]})
    explained = stop(world, calls)
    id = f"{'reply' if kind == 'replies' else 'fault'}-1"
    assert explained["rules"] == [{"id": id, "place": None, "struck": struck, "why": why}]
    assert f"  {'struck' if struck else 'not struck':<12}{id}: {why}\n" in explained["text"]


def test_a_rule_whose_window_is_over_says_when_it_ended(world: Emulator) -> None:
    load(world, replies=[{**REPLY, "for": "1m"}])
    world.clock.advance("1m")
    assert stop(world, 1)["rules"][0]["why"] == "it ended at 2026-03-09T20:56:31Z"


def test_of_rules_whose_turn_it_is_the_others_name_the_first(world: Emulator) -> None:
    fault = {"at": STOP, "where": "before-commit", "do": "status", "status": 500}
    delay = {"at": STOP, "where": "before-commit", "do": "delay", "delay": "1s"}
    load(world, faults=[{**fault, "at": "serpwow"}, delay, fault])
    verdicts = {it["id"]: (it["struck"], it["why"]) for it in stop(world, 1)["rules"]}
    first = "this is the 1st call that it covers"
    assert verdicts == {
        "fault-2": (True, first),
        "fault-3": (True, first),
        "fault-1": (False, f"{first}, but fault-3 comes first"),
    }


def test_a_fault_that_the_vendor_keeps_from_striking_says_so(world: Emulator) -> None:
    load(world, faults=[{"at": STOP, "where": "after-commit", "do": "drop"}])
    world.state.change({"serpwow": {"platform": {"status": "down"}}})
    (verdict,) = stop(world, 1)["rules"]
    refused = "this is the 1st call that it covers, but the vendor does not let this request in"
    assert (verdict["struck"], verdict["why"]) == (False, refused)


def test_a_reply_is_placed_and_a_rule_of_another_operation_is_not_named(world: Emulator) -> None:
    load(world, replies=[{**REPLY, "at": "serpwow.batches.list"}, {**REPLY, "at": "stripe"}])
    explained = stop(world, 1)
    assert (explained["rules"], explained["scripted"]) == ([], None)
    world.replies.add(at=STOP, status=503)
    assert stop(world, 1)["scripted"] == "reply-3"


def test_no_secret_is_shown_in_a_verdict(world: Emulator) -> None:
    match = {"query": {"api_key": "another-secret-key"}}
    load(world, replies=[{**REPLY, "match": match}, {**REPLY, "match": {"headers": {"Authorization": "Bearer secret-token"}}}])
    explained = stop(world, 1)
    assert "its match wants query.api_key 'anot…', and the call has" in explained["text"]
    for secret in ("another-secret-key", "secret-token", world.serpwow.api_key):
        assert secret not in str(explained)


def test_the_story_of_a_failed_test_names_what_never_came_into_play(world: Emulator) -> None:
    from emulator.client.failure_report import failure_report

    load(
        world,
        replies=[{**REPLY, "at": [STOP, "stripe"]}],
        faults=[{"at": STOP, "id": "B2", "where": "after-reply", "do": "drop"}],
    )
    report = failure_report(world)
    assert f"  reply-1 (503, at {STOP} and stripe) was never given" in report
    assert f"  fault-1 (drop after-reply, at {STOP} of B2) never struck" in report
