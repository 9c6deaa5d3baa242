"""Steps that repeat are played so many times, those that run together in the order of the file; `explore` tries every order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from math import factorial, prod

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from emulator import Emulator
from emulator.cli.main import main
from emulator.client.explore import TooManyEndings
from emulator.client.in_process import InProcessClient
from emulator.kernel.errors import BadInput
from emulator.scenario.loader import load_text
from emulator.scenario.player import play
from emulator.scenario.scenario import Scenario
from emulator.scenario.steps import Together, every_order
from emulator.vendors import VENDORS
from tests.support.loading import LIBRARY

BATCHES = "given: {serpwow: {batches: [{id: B1, status: running, searches: 1}, {id: B2, status: queued, searches: 1}]}}"
GET = "send: GET /live/batches/B1?api_key=demo"
GROUPED = [name for name in LIBRARY.names() if any(isinstance(part, Together) for part in LIBRARY.get(name).parts)]


def load(steps: str) -> Scenario:
    return load_text(f"title: x\n{BATCHES}\nsteps:\n{steps}\n", VENDORS, "x", "x.yaml")


def differences(steps: str) -> list[str]:
    return [str(it) for it in play(load(steps), InProcessClient()).differences]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def test_a_repetition_is_played_so_many_times_and_a_difference_names_which() -> None:
    repeated = f"""
  - repeat: 3
    steps:
      - {{{GET}, expect: {{json: {{batch: {{status: %s}}}}}}}}
      - advance: 15s
"""
    long = f"title: x\ntiming: {{serpwow.run: 40s}}\n{BATCHES}\nsteps:{repeated}"
    assert play(load_text(long % "running", VENDORS, "x", "x.yaml"), InProcessClient()).differences == []
    found = play(load_text(long.replace("40s", "20s") % "running", VENDORS, "x", "x.yaml"), InProcessClient()).differences
    assert [str(it) for it in found] == ["x.yaml:7: in repetition 3 of 3, batch.status is 'idle', not 'running'"]


def test_repetitions_within_repetitions_are_multiplied() -> None:
    scenario = load(f"  - repeat: 3\n    steps: [{{repeat: 2, steps: [{{{GET}}}, {{advance: 1s}}]}}, {{advance: 1s}}]")
    assert [step.verb for step in scenario.steps] == 3 * [*(2 * ["send", "advance"]), "advance"]
    assert scenario.steps[5].repetition == "in repetition 2 of 3, in repetition 1 of 2, "


def test_what_a_repetition_captures_is_there_in_the_next_step_and_behind_it() -> None:
    assert (
        differences(
            f"""
  - repeat: 2
    steps:
      - {{{GET}, capture: {{was: batch.status}}}}
      - send: GET /live/batches/B2?api_key=demo&was={{was}}
        expect: {{status: 200}}
  - send: GET /live/batches/B2?api_key=demo&was={{was}}
    expect: {{status: 200}}"""
        )
        == []
    )


def test_aliases_live_keys_and_states_are_looked_at_within_groups() -> None:
    with pytest.raises(BadInput) as excinfo:
        load(
            """
  - repeat: 2
    steps:
      - together:
          - {send: GET /, expect: {}, get: {}}
          - {set: {serpwow: {batches: [{id: B1}, {id: B1}]}}}
          - {send: "GET /live/account?api_key={nobody}"}
          - {send: GIT /live/account, expect: {status: 9}}
          - {send: GET /live/account?api_key=sk_live_123456789}"""
        )
    assert [line.split(": ", 1) for line in excinfo.value.lines()] == [
        ["x.yaml:8:35", "'expect' and 'get' are two words for the same: write one of them"],
        ["x.yaml:9:55", "the id 'B1' is given twice"],
        ["x.yaml:10:20", "no step before this one keeps 'nobody'; of steps that run together, none comes before another"],
        ["x.yaml:11:20", "'GIT' is not a method of HTTP; known: CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE"],
        ["x.yaml:11:56", "9 is less than the minimum of 200"],
        ["x.yaml:12:20", excinfo.value.problems[5].message],
    ]
    assert "live key" in excinfo.value.problems[5].message


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("{repeat: 0, steps: [{advance: 1s}]}", "0 is less than the minimum of 1"),
        ("{repeat: 10001, steps: [{advance: 1s}]}", "10001 is greater than the maximum of 10000"),
        ("{repeat: 2, steps: []}", "is empty, and cannot be"),
        (
            "{repeat: 2}",
            "a step has exactly one of send, advance, set, revoke, fault, reply, see, expect_delivery, steps, together (or expect_state)",
        ),
        ("{repeat: 2, advance: 1s}", "what repeats stands below 'steps', beside 'repeat'"),
        ("{together: [{advance: 1s}]}", "has fewer than 2 items"),
        ("{together: [{advance: 1s}, {together: [{advance: 1s}, {advance: 1s}]}]}", "this stands in 'together' already"),
        ("{repeat: 101, steps: [{repeat: 100, steps: [{advance: 1s}]}]}", "more than 10000 steps in all"),
        ("{repeat: 2, stpes: [{advance: 1s}]}", "unknown key 'stpes'; did you mean 'steps'?"),
        ("{repeat: 2, steps: [{advnace: 1s}]}", "unknown key 'advnace'; did you mean 'advance'?"),
        ("{loop: 2, steps: [{advance: 1s}]}", "steps that are played several times are 'steps', beside 'repeat'"),
        ("{parallel: [{advance: 1s}, {advance: 1s}]}", "steps that run at once are 'together'"),
    ],
)
def test_a_group_that_means_nothing_is_refused(step: str, message: str) -> None:
    with pytest.raises(BadInput) as excinfo:
        load(f"  - {step}")
    assert message in str(excinfo.value)


@given(st.lists(st.integers(1, 3), min_size=2, max_size=3))
def test_every_order_that_can_be_comes_once_and_that_of_the_file_first(lengths: list[int]) -> None:
    threads = [[f"advance: {thread + 1}{step:02}s" for step in range(length)] for thread, length in enumerate(lengths)]
    members = "".join(f"      - steps: [{', '.join(f'{{{it}}}' for it in thread)}]\n" for thread in threads)
    parts = load(f"  - together:\n{members}").parts
    orders = [[f"advance: {step.content['advance']}" for step in order.steps] for order in every_order(parts)]
    assert orders[0] == [*chain(*threads)]
    assert len(orders) == len({*map(tuple, orders)}) == factorial(sum(lengths)) // prod(map(factorial, lengths))
    assert all([step for step in order if step in thread] == thread for order in orders for thread in threads)


@pytest.mark.parametrize("name", GROUPED)
def test_every_order_of_a_shipped_scenario_ends_as_its_steps_say(emulator: Emulator, name: str) -> None:
    explored = emulator.explore(name)
    assert explored.broken == [], str(explored)
    assert explored.tried > 1


RACE = {
    "given": {"serpwow": {"batches": [{"id": "A", "status": "queued"}, {"id": "B", "status": "queued"}]}},
    "steps": [
        {
            "together": [
                {"send": "GET /live/batches/A/stop?api_key=demo"},
                {"send": "GET /live/batches/stopall?api_key=demo", "expect": {"json": {"batches_stopped": 1}}},
            ]
        }
    ],
}


def test_the_order_that_breaks_a_step_is_named_and_left_as_a_scenario_that_has_it_again(emulator: Emulator) -> None:
    explored = emulator.explore(RACE)
    (ending,) = explored.broken
    assert str(ending) == "the steps together at step 1 come in the order 2, 1: step 1: batches_stopped is 2, not 1"
    again = play(load_text(ending.scenario, VENDORS, "again", "again.yaml"), InProcessClient())
    assert [it.message for it in again.differences] == ["batches_stopped is 2, not 1"]


def test_orders_are_crossed_with_faults_and_a_check_comes_after_the_steps(emulator: Emulator) -> None:
    steps = [{"together": [{"send": f"GET /live/batches/{id}/stop?api_key=demo"} for id in "AB"]}]
    lost = {"where": "before-commit", "do": "status", "status": 503}
    explored = emulator.explore(
        {**RACE, "steps": steps}, faults=[lost], check=lambda it: it.serpwow.batch("A").status == "idle"
    )
    assert (explored.tried + explored.skipped, explored.endings) == (6, 6)
    assert [it.broke for it in explored.broken] == 2 * ["check returned False"]


def test_more_orders_than_are_to_be_tried_are_refused_before_any_is_made(emulator: Emulator) -> None:
    many = [{"send": "GET /live/account?api_key=demo"}] * 40
    with pytest.raises(TooManyEndings, match="endings are more than 1000: give fewer faults, or fewer steps"):
        emulator.explore({"steps": [{"together": many}]})


def test_there_must_be_steps_or_a_client(emulator: Emulator) -> None:
    with pytest.raises(BadInput, match="no steps that send anything, and there is no client"):
        emulator.explore({"given": RACE["given"]})


def test_the_command_plays_the_orders_where_it_is_given_no_program() -> None:
    result = CliRunner().invoke(main, ["explore", "serpwow/stop-and-stop-all-at-once"])
    assert (result.exit_code, result.stdout) == (0, "0 of 2 endings broke something\n"), result.output
