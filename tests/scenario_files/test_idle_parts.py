"""What a scenario says and its steps never bring into play is a difference: a fault, a reply, a request that reaches nobody."""

from __future__ import annotations

import pytest

from emulator.client.in_process import InProcessClient
from emulator.scenario.loader import load_text
from emulator.scenario.player import play
from emulator.vendors import VENDORS

GET_B1 = "  - send: GET /live/batches/B1?api_key=demo"
STORY = f"""title: A story
given: {{serpwow: {{batches: [{{id: B1}}, {{id: B7}}]}}}}
%s
steps:
{GET_B1}
"""


@pytest.mark.parametrize(
    ("part", "differences"),
    [
        ("", []),
        ("faults: [{at: serpwow.batches.get, id: B1, where: after-commit, do: status, status: 500}]", []),
        ("replies: [{at: serpwow.batches.get, status: 503, body: {}}]", []),
        (
            "faults: [{at: serpwow.batches.get, id: B7, where: after-commit, do: status, status: 500}]",
            ["s.yaml:3: this fault never struck: 1 call came, and none with its 'id'"],
        ),
        (
            "replies: [{at: [serpwow], id: B1, match: {query: {api_key: mine}}, status: 503}]",
            ["s.yaml:3: this reply was never given: 1 call came, and none with its 'id' and with its 'match'"],
        ),
        (
            "faults: [{at: serpwow.batches.get, after: 2, where: after-commit, do: status, status: 500}]",
            ["s.yaml:3: this fault never struck: 1 of its calls came"],
        ),
        (
            "replies: [{at: serpwow.batches.list, status: 503, body: {}}]",
            ["s.yaml:3: this reply was never given: no step calls what it is for"],
        ),
        (
            "faults: [{at: serpwow.webhook, do: drop}]",
            ["s.yaml:3: this fault never struck: no delivery that it is for was made"],
        ),
        (
            "faults: [{at: serpwow, where: after-commit, do: drop}, {at: '*', where: before-auth, do: status, status: 503}]",
            ["s.yaml:3: this fault never struck: no call that it is for came past the faults"],
        ),
        (
            "faults: [{at: serpwow, where: mid-body, do: truncate}, {at: '*', where: after-commit, do: status, status: 500}]",
            ["s.yaml:3: this fault never struck: 1 of its calls came, and another came first, or they were refused"],
        ),
        (
            "faults: [{at: '*', where: before-auth, do: status, status: 500}]\nreplies: [{at: serpwow, status: 500, id: B1}]",
            ["s.yaml:4: this reply was never given: no call that it is for came past the faults"],
        ),
        (
            "timeline: [{after: 1h, set: {serpwow: {account: {credits_limit: 1}}}}]",
            ["s.yaml:3: this event never happened: it is due at 2026-01-01T01:00:00Z, and the steps end before that"],
        ),
        (
            "timeline: [{after_call: serpwow, wait: 1h, set: {serpwow: {account: {credits_limit: 1}}}}]",
            ["s.yaml:3: this event never happened: it is due at 2026-01-01T01:00:00Z, and the steps end before that"],
        ),
        (
            "timeline: [{after_call: serpwow.batches.stop, set: {serpwow: {account: {credits_limit: 1}}}}]",
            ["s.yaml:3: this event never happened: no step calls what it follows"],
        ),
        (
            "timeline: [{after_call: '*', status: 5xx, set: {serpwow: {account: {credits_limit: 1}}}}]\n"
            "faults: [{at: serpwow.batches.get, where: after-commit, do: status, status: 500}]",
            [
                "s.yaml:3: this event never happened: 1 call came, and none to which the vendor gave its 'status', "
                "whatever a fault made of that"
            ],
        ),
    ],
)
def test_a_part_that_never_comes_into_play_is_a_difference(part: str, differences: list[str]) -> None:
    scenario = load_text(STORY % part, VENDORS, "s", "s.yaml")
    assert [str(difference) for difference in play(scenario, InProcessClient()).differences] == differences


@pytest.mark.parametrize(
    ("step", "difference"),
    [
        ("fault: {at: serpwow.batches.get, where: before-commit, do: drop, id: B1}", None),
        ("reply: {at: serpwow.batches.get, status: 503, match: {query: {api_key: demo}}}", None),
        (
            "fault: {at: serpwow.batches.list, where: before-commit, do: drop}",
            "this fault never struck: no step calls what it is for",
        ),
        (
            "reply: {at: serpwow.batches.get, after: 1, status: 503}",
            "this reply was never given: 1 of its calls came",
        ),
    ],
)
def test_what_a_step_lays_and_never_comes_into_play_is_a_difference(step: str, difference: str | None) -> None:
    heard = "{status: 400}" if difference else "{fails: true}" if "fault" in step else "{status: 503}"
    text = f"title: A story\nsteps:\n  - {step}\n{GET_B1}\n    get: {heard}\n"
    scenario = load_text(text, VENDORS, "s", "s.yaml")
    wanted = [] if difference is None else [f"s.yaml:3: {difference}"]
    assert [str(it) for it in play(scenario, InProcessClient()).differences] == wanted


def test_a_fault_that_repeated_steps_lay_is_told_of_with_its_repetition() -> None:
    lay = "      - fault: {at: serpwow.batches.get, where: before-commit, do: drop}\n"
    text = f"title: A story\nsteps:\n  - repeat: 2\n    steps:\n{lay}{GET_B1}\n    get: {{fails: true}}\n"
    scenario = load_text(text, VENDORS, "s", "s.yaml")
    never = "this fault never struck: 1 of its calls came, and another came first, or they were refused"
    assert [str(it) for it in play(scenario, InProcessClient()).differences] == [f"s.yaml:5: in repetition 2 of 2, {never}"]


@pytest.mark.parametrize(("get", "differs"), [("", True), ("\n    get: {status: 404}", False)])
def test_a_request_that_reaches_nobody_is_a_difference_unless_that_is_wanted(get: str, differs: bool) -> None:
    scenario = load_text(f"title: A story\nsteps:\n  - send: GET /v3/nowhere{get}\n", VENDORS, "s", "s.yaml")
    differences = [str(difference) for difference in play(scenario, InProcessClient()).differences]
    assert bool(differences) == differs
    assert all(line.startswith("s.yaml:3: this request reached no operation (no-such-path)") for line in differences)


def test_deliveries_that_are_not_as_expected_are_told_in_one_line() -> None:
    batch = "{id: B1, status: running, searches: 1, notification_webhook: https://example.com/h}"
    expected = "expect_delivery: {event: batch_resultset_completed, times: 2}"
    text = f"title: A\ngiven: {{serpwow: {{batches: [{batch}]}}}}\nsteps:\n  - {expected}\n  - advance: 1m\n  - {expected}\n"
    told = [str(it) for it in play(load_text(text, VENDORS, "s", "s.yaml"), InProcessClient()).differences]
    one = "batch_resultset_completed of B1 to https://example.com/h is collected"
    assert [it.partition(" Deliveries: ")[2] for it in told] == ["nothing: no receiver is owed anything", one]


@pytest.mark.parametrize(
    ("given", "is_idle"), [("status: idle", True), ("name: March", False), ("searches: 3, timing: {serpwow.queue: 1h}", False)]
)
def test_a_step_that_sets_what_was_so_already_is_a_difference(given: str, is_idle: bool) -> None:
    text = f"title: A story\ngiven: {{serpwow: {{batches: [{{id: B1}}]}}}}\nsteps:\n  - set: {{serpwow: {{batches: [{{id: B1, {given}}}]}}}}\n"
    scenario = load_text(text, VENDORS, "s", "s.yaml")
    wanted = ["s.yaml:4: this step changed nothing: what it sets was so already"] if is_idle else []
    assert [str(it) for it in play(scenario, InProcessClient()).differences] == wanted


LIMIT = "set: {serpwow: {account: {credits_limit: %s}}}"


@pytest.mark.parametrize(
    ("event", "is_idle"),
    [
        ("after: 1s, " + LIMIT % 15000, True),
        ("after: 1s, " + LIMIT % 7, False),
        ("after_call: serpwow.batches.get, " + LIMIT % 15000, True),
        ("after_call: serpwow.batches.get, " + LIMIT % 7, False),
        ("after_call: serpwow.batches.get, wait: 1s, " + LIMIT % 15000, True),
        ("after_call: serpwow.batches.get, revoke: {stripe: [a]}", False),
        ("after: 1s, revoke: {stripe: [a]}, " + LIMIT % 15000, False),
    ],
)
def test_an_event_that_changes_nothing_whenever_it_happens_is_a_difference(event: str, is_idle: bool) -> None:
    steps = f"  - repeat: 2\n    steps:\n    {GET_B1}\n  - advance: 1m\n"
    given = "given: {serpwow: {batches: [{id: B1}]}}"
    scenario = load_text(f"title: A story\n{given}\ntimeline: [{{{event}}}]\nsteps:\n{steps}", VENDORS, "s", "s.yaml")
    wanted = ["s.yaml:3: this event changed nothing: what it sets was so already"] if is_idle else []
    assert [str(it) for it in play(scenario, InProcessClient()).differences] == wanted


def test_a_step_that_repeats_and_changes_something_once_is_no_difference() -> None:
    step = "  - repeat: 2\n    steps: [{set: {serpwow: {account: {credits_limit: 7}}}}]\n"
    scenario = load_text(f"title: A story\nsteps:\n{step}", VENDORS, "s", "s.yaml")
    assert play(scenario, InProcessClient()).differences == []
