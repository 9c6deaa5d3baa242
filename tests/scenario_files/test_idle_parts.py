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
            ["s.yaml:3: this fault never struck: no step calls what it is for"],
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
    ],
)
def test_a_part_that_never_comes_into_play_is_a_difference(part: str, differences: list[str]) -> None:
    scenario = load_text(STORY % part, VENDORS, "s", "s.yaml")
    assert [str(difference) for difference in play(scenario, InProcessClient()).differences] == differences


@pytest.mark.parametrize(("get", "differs"), [("", True), ("\n    get: {status: 404}", False)])
def test_a_request_that_reaches_nobody_is_a_difference_unless_that_is_wanted(get: str, differs: bool) -> None:
    scenario = load_text(f"title: A story\nsteps:\n  - send: GET /v3/nowhere{get}\n", VENDORS, "s", "s.yaml")
    differences = [str(difference) for difference in play(scenario, InProcessClient()).differences]
    assert bool(differences) == differs
    assert all(line.startswith("s.yaml:3: this request reached no operation (no-such-path)") for line in differences)
