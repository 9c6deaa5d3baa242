"""What a step expects of the state: each thing by its id, or all of a list, in which one item can stand for many."""

from __future__ import annotations

import pytest

from emulator.client.in_process import InProcessClient
from emulator.kernel.errors import BadInput
from emulator.scenario.loader import load_text
from emulator.scenario.player import play
from emulator.vendors import VENDORS

STORY = """title: A story
given: {{serpwow: {{batches: [{{id: B1, name: March}}, {{id: B2}}, {{id: B3, searches: 5}}]}}}}
steps:
  - expect_state: {{serpwow: {{batches: {}}}}}
"""

WHOLE = "an item is found by its 'id', and a list without ids is compared whole"


@pytest.mark.parametrize(
    ("batches", "differences"),
    [
        ("[{repeat: 3, status: idle}]", []),
        ("[{repeat: 2, searches: 0}, {repeat: 1, searches: 5}]", []),
        ("[{id: B1}, {repeat: 2, status: idle}]", []),
        ("[{repeat: 2, status: idle}]", [f"serpwow.batches has 3 items, not 2: {WHOLE}"]),
        ("[{repeat: 3, searches: 0}]", ["serpwow.batches[2].searches is [{'id': '…"]),
        ("[{name: March}]", [f"serpwow.batches has 3 items, not 1: {WHOLE}"]),
        ("[{repeat: 200000}, {repeat: 200000}]", [f"serpwow.batches has 3 items, not 400000: {WHOLE}"]),
    ],
)
def test_an_item_of_an_expected_list_stands_for_as_many_as_it_repeats(batches: str, differences: list[str]) -> None:
    scenario = load_text(STORY.format(batches), VENDORS, "s", "s.yaml")
    found = [it.message.removeprefix("in the state, ") for it in play(scenario, InProcessClient()).differences]
    assert len(found) == len(differences)
    assert all(message.startswith(it.rstrip("…").partition(" [")[0]) for message, it in zip(found, differences, strict=True))


@pytest.mark.parametrize(
    ("batches", "problem"),
    [
        ("[{id: B1, deleted: true, status: queued}]", "what is deleted is only named: leave out 'status'"),
        ("[{id: B1, name: March, deleted: true}]", "what is deleted is named by id or name"),
        ("[{id: B1, repeat: 2}]", "an id names one resource: leave out 'id' or 'repeat'"),
        ("[{id: B1, status: idle}, {id: B1, status: queued}]", "the id 'B1' is given twice"),
    ],
)
def test_what_an_expected_state_names_twice_or_as_deleted_and_more_is_refused(batches: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        load_text(STORY.format(batches), VENDORS, "s", "s.yaml")


def test_a_repeat_within_what_is_the_clients_own_is_compared_as_it_is() -> None:
    searches = "given: {serpwow: {batches: [{id: B1, searches: [{q: pizza, repeat: 2}]}]}}"
    steps = "steps: [{expect_state: {serpwow: {batches: [{id: B1, searches: [{q: pizza, repeat: 2}]}]}}}]"
    scenario = load_text(f"title: A story\n{searches}\n{steps}\n", VENDORS, "s", "s.yaml")
    assert play(scenario, InProcessClient()).differences == []
