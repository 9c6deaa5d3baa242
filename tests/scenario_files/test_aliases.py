"""A step takes `expect`, `expect_state` and `capture` for `get`, `see` and `keep`; a file may name the version of its grammar."""

from __future__ import annotations

import pytest

from emulator.client.in_process import InProcessClient
from emulator.kernel.errors import BadInput
from emulator.scenario.document import Document
from emulator.scenario.loader import load_document, load_text
from emulator.scenario.player import play
from emulator.vendors import VENDORS

STEPS = """title: A batch is stopped
format: 1
given: {serpwow: {batches: [{id: B1, status: queued, searches: 3}]}}
steps:
  - send: GET /live/batches/B1/stop?api_key={serpwow.api_key}
    expect: {status: 200}
    capture: {result: request_info.success}
  - send: GET /live/batches/B1?api_key={serpwow.api_key}&was={result}
    expect:
      status: 200
      json: {batch: {status: %s}}
  - expect_state: {serpwow: {batches: [{id: B1, status: idle}]}}
"""


def test_aliases_are_played_like_the_words_they_stand_for() -> None:
    scenario = load_text(STEPS % "idle", VENDORS, "s", "s.yaml")
    assert play(scenario, InProcessClient()).differences == []
    assert [step.verb for step in scenario.steps] == ["send", "send", "see"]
    (difference,) = play(load_text(STEPS % "queued", VENDORS, "s", "s.yaml"), InProcessClient()).differences
    assert str(difference).startswith("s.yaml:8: ")


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("send: GET /, expect: {status: 9}", "x.yaml:2:40: 9 is less than the minimum of 200"),
        ("send: GET /, expect: {}, get: {}", "x.yaml:2:31: 'expect' and 'get' are two words for the same: write one of them"),
        ("advance: 1s, capture: {a: b}", "this needs 'send' in the same step"),
        ("expect_state: {serpwow: {batchs: []}}", "unknown key 'batchs'; did you mean 'batches'?"),
        ("send: GET /, expected: {}", "what must come back is 'expect'"),
    ],
)
def test_a_mistake_below_an_alias_has_its_place(step: str, message: str) -> None:
    with pytest.raises(BadInput) as excinfo:
        load_text(f"title: x\nsteps: [{{{step}}}]\n", VENDORS, "x", "x.yaml")
    assert message in str(excinfo.value)


def test_a_pointer_names_the_alias_that_was_sent() -> None:
    value = {"steps": [{"send": "GET /", "expect": {"status": 9}}]}
    with pytest.raises(BadInput) as excinfo:
        load_document(Document(value), VENDORS, titled=False)
    assert [problem.pointer for problem in excinfo.value.problems] == ["/steps/0/expect/status"]
    assert "expect" in value["steps"][0]


@pytest.mark.parametrize("format", ["2", "'1'"])
def test_another_version_of_the_grammar_is_refused(format: str) -> None:
    with pytest.raises(BadInput, match=f"x.yaml:2:9: {format} is not 1, the only format that this version reads"):
        load_text(f"title: x\nformat: {format}\n", VENDORS, "x", "x.yaml")


def test_a_file_may_say_where_its_schema_is_and_which_format_it_has() -> None:
    scenario = load_text("$schema: ./scenario.schema.json\nformat: 1\ntitle: x\n", VENDORS, "x", "x.yaml")
    assert scenario.title == "x"
    with pytest.raises(BadInput, match="1:10: expected text, not 1"):
        load_text("$schema: 1\ntitle: x\n", VENDORS, "x", "x.yaml")
