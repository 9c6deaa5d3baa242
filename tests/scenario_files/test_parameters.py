"""`${name}` in the values of a scenario stands for a parameter: its default, or what a caller sets."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from emulator import ControlError, Emulator
from emulator.cli.main import main
from emulator.kernel.errors import MAX_PROBLEMS, BadInput
from emulator.scenario import parameters
from emulator.scenario.document import MAX_VALUES, Document
from emulator.scenario.layout import to_yaml
from emulator.scenario.loader import load_document, load_text
from emulator.scenario.parameters import MAX_FILLED, exactly, fill
from emulator.scenario.scenario import Scenario
from emulator.scenario.strict_yaml import parse
from emulator.server.app import library
from emulator.vendors import VENDORS

STORY = """title: A batch of ${searches} searches is ${status}
parameters: {searches: 10, status: queued, id: A}
given:
  serpwow:
    account: {credits_used: "${searches}"}
    batches:
      - id: ${id}-1
        status: ${status}
        searches: ${searches}
steps:
  - send: GET /live/batches/${id}-1?api_key=demo
    expect: {status: 200, json: {batch: {name: "Batch ${id}-1"}}}
"""


def load(text: str, **parameters: Any) -> Scenario:
    try:
        document = parse(text)
    except BadInput as error:
        raise BadInput(error.problems, "s.yaml") from None
    return load_document(document, VENDORS, "s", "s.yaml", settings=exactly(parameters) if parameters else None)


def mistakes(text: str, **parameters: Any) -> list[str]:
    with pytest.raises(BadInput) as excinfo:
        load(text, **parameters)
    return excinfo.value.lines()


def filled(value: Any, **parameters: Any) -> Any:
    result = fill(Document({"parameters": parameters, "given": value}))
    assert [problem for problem in result.problems if not problem.is_idle] == []
    return result.document.value["given"]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def test_defaults_are_filled_in_and_callers_set_others() -> None:
    assert load(STORY).title == "A batch of 10 searches is queued"
    other = load(STORY, searches=200, id="B")
    (batch,) = other.content["given"]["serpwow"]["batches"]
    assert batch == {"id": "B-1", "status": "queued", "searches": 200}
    assert other.parameters == {"searches": 200, "status": "queued", "id": "B"}
    assert "parameters" not in other.content


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("${p}", 10, 10),
        ("${p}", "10", "10"),
        ("${p}", Decimal("1.50"), Decimal("1.50")),
        ("${p}", True, True),
        ("${p}", None, None),
        ("${p}", [1, {"a": 2}], [1, {"a": 2}]),
        ("a ${p}, ${p}", 10, "a 10, 10"),
        ("a ${p}", True, "a true"),
        ("a ${p}", Decimal("1.50"), "a 1.50"),
        ("a $${p}", 10, "a ${p}"),
        ("$${p}", 10, "${p}"),
        ("$$${p}", 10, "$${p}"),
        ("$${${p}}", 10, "${10}"),
        ("$p {p} $", 10, "$p {p} $"),
        ("${p}", "${p}", "${p}"),
        ("x${p}", "$${p}", "x$${p}"),
    ],
)
def test_a_whole_value_keeps_its_type_and_within_a_text_it_is_its_text(text: str, value: Any, expected: Any) -> None:
    assert load_of(text, value) == expected


def load_of(text: str, value: Any) -> Any:
    """Return what a text comes to where a caller sets the parameter `p` to a value."""
    result = fill(Document({"parameters": {"p": "default"}, "given": {"it": text}}), exactly({"p": value}))
    assert [problem for problem in result.problems if not problem.is_idle] == []
    return result.document.value["given"]["it"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (STORY.replace("${id}-1?", "${serches}-1?"), ["s.yaml:11:11: no parameter is called 'serches'; did you mean 'searches'?"]),
        (STORY.replace("status: ${status}", "${status}: queued", 1), ["s.yaml:8:20: a parameter stands in a value, not in a key"]),
        (STORY.replace("id: A}", "id: [A]}"), [f"s.yaml:{place}: the parameter 'id' is a list, which cannot stand within a text" for place in ("7:13", "11:11", "12:48")]),
        (STORY.replace("id: A}", "id: null}"), [f"s.yaml:{place}: the parameter 'id' is nothing, which cannot stand within a text" for place in ("7:13", "11:11", "12:48")]),
        (STORY.replace("id: A}", "id: '${status}'}"), ["s.yaml:2:48: a default refers to no parameter: write $${ where"]),
        (STORY.replace("id: A}", "id: A, seed: 3}"), ["s.yaml:2:57: no parameter can be called 'seed', since callers"]),
        (STORY.replace("id: A}", "id: A, a-b: 3}"), ["s.yaml:2:56: 'a-b' is no name of a parameter: letters, digits and _"]),
        (STORY.replace("{searches: 10, status: queued, id: A}", "[a]"), ["s.yaml:2:13: expected an object, not a list"]),
        (STORY.replace("searches: 10", "searches: ten"), ["s.yaml:5:29: expected a whole number, not 'ten'", "s.yaml:9:19: 'ten' is not"]),
        ("title: Costs ${ 10\n", ["s.yaml:1:8: '${' begins a parameter, as in ${name}: write $${ where"]),
        ("title: Costs ${ten}\n", ["s.yaml:1:8: the scenario has no parameters, and so no 'ten': declare it"]),
        ("title: x\nseed: ${n}\n", ["s.yaml:2:7: the scenario has no parameters, and so no 'n': declare it"]),
        ("title: x\nclock: {rate: ${n}}\n", ['s.yaml:2:16: not YAML: within { } and [ ], a parameter stands in quotes, as in "${name}"']),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused_at_its_place(text: str, expected: list[str]) -> None:
    lines = [line for line in mistakes(text) if "nothing uses" not in line]
    assert [line[: len(start)] for line, start in zip_longest(lines, expected, fillvalue="")] == expected, "\n".join(lines)


def test_a_parameter_that_nothing_uses_is_named_and_has_no_effect() -> None:
    scenario = load("title: x\nparameters: {searches: 10}\n")
    assert [problem.message for problem in scenario.warnings] == [
        "nothing uses this parameter: write ${searches} where it is meant"
    ]
    assert (scenario.warnings[0].line, scenario.warnings[0].column) == (2, 24)


def test_a_caller_can_set_only_what_is_declared() -> None:
    assert mistakes(STORY, serches=3) == ["/parameters/serches: no parameter is called 'serches'; did you mean 'searches'?"]
    assert mistakes("title: x", n=3) == ["/parameters/n: the scenario has no parameters, and so no 'n': leave it out"]
    assert mistakes("title: x", sed=3) == [
        "/parameters/sed: the scenario has no parameters, and so no 'sed'; did you mean 'seed'?"
    ]


def test_a_parameter_without_a_default_that_fits_must_be_set() -> None:
    required = "title: x\nparameters: {key: }\ncredentials: {serpwow: ['${key}']}\n"
    assert mistakes(required) == [
        "s.yaml:3:25: expected text, not null: the parameter 'key' has no value, and callers must set it"
    ]
    assert load(required, key="a").content["credentials"] == {"serpwow": ["a"]}


def test_a_live_key_is_found_in_what_a_caller_sets_and_repeated_nowhere() -> None:
    (line,) = mistakes("title: x\nparameters: {key: a}\ncredentials: {serpwow: ['${key}']}\n", key="sk_live_1234567890")
    assert line.startswith("s.yaml:3:25: this looks like a live key")
    assert "1234567890" not in line
    assert len(mistakes("title: x\nparameters: {key: sk_live_12345}\ncredentials: {serpwow: ['${key}']}\n", key="a")) == 1


@pytest.mark.parametrize("secret", ["S3cr3tZZQ9", "S3cr3t" * 100, "no", 123456789], ids=["text", "long", "short", "number"])
def test_no_mistake_repeats_the_value_of_a_parameter_that_is_called_a_secret(secret: str | int) -> None:
    given = {"serpwow": {"batches": [{"status": "${password}", "name": "${password}!", "priority": "x${password}"}]}}
    with pytest.raises(BadInput) as refused:
        load_document(Document({"title": "A", "parameters": {"password": secret}, "given": given}), VENDORS)
    told = str(refused.value)
    assert "is not one of" in told
    assert f"{secret}"[:6] not in told if len(str(secret)) > 4 else "'no'" not in told


@pytest.mark.parametrize(
    "text",
    [
        "parameters: {a: " + "x" * 100_000 + "}\nproves: [" + "'${a}', " * 50 + "]",
        "parameters: {a: " + "x" * 100_000 + "}\nproves: ['" + "${a}" * 50 + "']",
        "parameters: {a: [" + "1, " * 10_000 + "]}\nproves: [" + "'${a}', " * 11 + "]",
    ],
)
def test_what_is_filled_in_is_bounded(text: str) -> None:
    (line,) = mistakes(f"title: x\n{text}\n")
    assert f"parameters come to more than {MAX_FILLED} characters or {MAX_VALUES} values here" in line


def test_a_value_that_is_set_is_as_deep_as_a_scenario_may_be() -> None:
    deep: Any = 1
    for _ in range(39):
        deep = [deep]
    (line,) = mistakes("title: x\nparameters: {a: 1}\ngiven: {serpwow: {account: '${a}'}}\n", a=deep)
    assert "nested more than 40 deep" in line


@given(st.text(alphabet="ab1 ${}'\"\\é:#"))
def test_a_text_is_written_so_that_nothing_in_it_is_read_as_a_parameter(text: str) -> None:
    scenario = {"title": f"x {text}", "replies": [{"at": "serpwow.batches.list", "status": 200, "body": {text: text}}]}
    written = to_yaml({**scenario, "steps": []})
    assert load_text(written, VENDORS, "x", "x.yaml").content["replies"] == scenario["replies"]


def test_a_scenario_that_is_sent_as_a_value_has_parameters_where_it_declares_them(emulator: Emulator) -> None:
    emulator.load({"given": {"serpwow": {"batches": [{"id": "B", "name": "${x}"}]}}})
    assert emulator.serpwow.batch("B").name == "${x}"
    emulator.load({"parameters": {"x": 1}, "given": {"serpwow": {"batches": [{"id": "B", "name": "a ${x}"}]}}}, x=2)
    assert emulator.serpwow.batch("B").name == "a 2"


def test_load_sets_parameters_of_a_file_and_reset_keeps_them(emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "story.yaml").write_text(STORY)
    emulator.load(tmp_path / "story.yaml", searches=200)
    emulator.state.change({"serpwow": {"account": {"credits_used": 500}}})
    emulator.reset()
    assert (emulator.serpwow.batch("A-1").searches, emulator.serpwow.account.credits_used) == (200, 200)
    expected = {"searches": 200, "status": "queued", "id": "A"}
    assert emulator.ask("GET", "")["parameters"] == expected
    with emulator.fork() as twin:
        assert twin.ask("GET", "")["parameters"] == expected
    with pytest.raises(BadInput, match="no parameter is called 'serches'; did you mean 'searches'"):
        emulator.load(tmp_path / "story.yaml", serches=200)
    emulator.load("first-run")
    assert "parameters" not in emulator.ask("GET", "")


def test_the_control_plane_takes_parameters_with_a_name_or_a_value(tmp_path: Path) -> None:
    from emulator import EmulatorServer

    (tmp_path / "story.yaml").write_text(STORY)
    with EmulatorServer(scenarios=tmp_path) as server:
        world = server.ask("POST", "/worlds", {"id": "a", "scenario": "story", "parameters": {"searches": 7}})
        assert world["parameters"]["searches"] == 7
        assert server.ask("GET", "/worlds/a/state")["serpwow"]["batches"][0]["searches"] == 7
        assert server.ask("POST", "/worlds", {"id": "b", "scenario": "story"})["parameters"]["searches"] == 10
        assert (
            server.ask("POST", "/worlds/b/reset", {"scenario": "story", "parameters": {"id": "C"}})["parameters"]["id"] == "C"
        )
        written = server.ask("GET", "/scenarios/story")["scenario"]
        assert written["parameters"] == {"searches": 10, "status": "queued", "id": "A"}
        again = server.ask("POST", "/worlds", {"id": "c", "scenario": written, "parameters": {"searches": 8}})
        assert again["parameters"]["searches"] == 8
        with pytest.raises(
            ControlError, match="/parameters/serches: no parameter is called 'serches'; did you mean 'searches'"
        ):
            server.ask("POST", "/worlds", {"scenario": "story", "parameters": {"serches": 7}})


def test_the_marker_sets_parameters(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", story=STORY)
    pytester.makepyfile(
        """
import pytest

@pytest.mark.scenario("story.yaml", searches=200, seed=3)
def test_it(emulator):
    assert (emulator.serpwow.batch("A-1").searches, emulator.seed) == (200, 3)
"""
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_explore_plays_the_steps_with_the_parameters_that_it_is_given(emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "story.yaml").write_text(STORY)
    assert emulator.explore(tmp_path / "story.yaml", parameters={"id": "Z"}).broken == []


@pytest.mark.parametrize(
    ("arguments", "exit_code", "output"),
    [
        (["check", "{}", "--set", "searches=200"], 0, "1 scenario, no mistakes"),
        (["check", "{}", "--set", "searches=many"], 1, "story.yaml:9:19: 'many' is not a whole number"),
        (
            ["check", "{}", "--set", "serches=200"],
            2,
            "--set serches: no parameter is called 'serches'; did you mean 'searches'?",
        ),
        (["check", "first-run", "--set", "n=1"], 2, "--set n: no parameter is called 'n'"),
        (["check", "{}", "--set", "searches"], 2, "'searches' is not NAME=VALUE, such as searches=200"),
        (["check", "{}", "--set", "id=a", "--set", "id=b"], 2, "'id' is set twice"),
        (["play", "{}", "--set", "id=7", "--set", "status=running"], 0, "1 scenario played, no differences"),
        (["play", "{}", "first-run", "--set", "id=7"], 0, "2 scenarios played, no differences"),
    ],
)
def test_commands_set_parameters(arguments: list[str], exit_code: int, output: str, tmp_path: Path) -> None:
    (tmp_path / "story.yaml").write_text(STORY)
    result = CliRunner().invoke(main, [it.format(tmp_path / "story.yaml") for it in arguments])
    assert (result.exit_code, output in result.output) == (exit_code, True), result.output


def test_a_scenario_is_read_again_where_parameters_are_set_and_kept_where_they_are_not(tmp_path: Path) -> None:
    (tmp_path / "story.yaml").write_text(STORY)
    known = library(tmp_path)
    assert known.get("story") is known.get("story")
    assert known.get("story", exactly({"searches": 3})).parameters["searches"] == 3
    assert known.get("story").parameters["searches"] == 10


@pytest.mark.parametrize("way", ["in a value", "by a caller"])
def test_what_is_meant_is_looked_for_with_the_mistakes_that_are_told_only(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []

    def hint(name: str, _: Any) -> str:
        looks.append(name)
        return ""

    monkeypatch.setattr(parameters, "hint", hint)
    names = [f"q{n}" for n in range(MAX_PROBLEMS + 50)]
    content = {"parameters": {"p": 1}, "given": [f"${{{name}}}" for name in names if way == "in a value"]}
    settings = exactly(dict.fromkeys(names)) if way == "by a caller" else None
    try:
        found = fill(Document(content), settings).problems
    except BadInput as error:
        found = error.problems
    assert (len([it for it in found if not it.is_idle]), looks) == (len(names), names[:MAX_PROBLEMS])
