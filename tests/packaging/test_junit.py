"""`play --junit FILE` writes what a CI server shows: a testcase a scenario, with what was otherwise than it says."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring, parse

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from emulator.cli.main import main
from emulator.reports.junit import MOST, PlayedCase, junit_report
from emulator.scenario.player import PlayResult, StepDifference
from emulator.scenario.scenario import Scenario

GOOD = """title: A batch is there
parameters: {id: A, api_key: hunter2-and-more}
credentials: {serpwow: ["${api_key}"]}
given: {serpwow: {batches: [{id: "${id}"}]}}
steps:
  - send: GET /live/batches/${id}?api_key=${api_key}
    expect: {status: 200}
"""
BAD = GOOD.replace("status: 200", "status: 418, headers: {X-None: a}")


def run(folder: Path, *arguments: str) -> tuple[Result, Element]:
    report = folder / "report.xml"
    result = CliRunner().invoke(main, ["play", "--junit", str(report), *arguments])
    return result, parse(report).getroot()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"good.yaml": GOOD, "bad.yaml": BAD, "broken.yaml": "title: x\nsed: 3\n", "idle.yaml": "title: Nothing happens\n"}
    (tmp_path / "stories").mkdir()
    for name, text in files.items():
        (tmp_path / "stories" / name).write_text(text)
    return tmp_path


def test_each_scenario_is_a_testcase_with_what_came_of_it(folder: Path) -> None:
    result, root = run(folder, str(folder / "stories"))
    assert result.exit_code == 1
    (suite,) = root
    expected = {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    assert {name: root.get(name) for name in expected} == {name: suite.get(name) for name in expected} == expected
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert {name: [it.tag for it in case if it.tag != "properties"] for name, case in cases.items()} == {
        "bad": ["failure"],
        "good": [],
        "idle": ["skipped"],
        str(folder / "stories/broken.yaml"): ["error"],
    }
    assert all(float(case.get("time", "")) >= 0 for case in cases.values())
    assert cases["good"].get("file") == str(folder / "stories/good.yaml")
    assert str(cases["good"].get("classname")).endswith(".stories")


def test_a_failure_has_each_difference_with_its_place(folder: Path) -> None:
    result, root = run(folder, str(folder / "stories/bad.yaml"))
    (failure,) = root.iter("failure")
    lines = str(failure.text).splitlines()
    assert [line.partition(":6: ")[2].partition(";")[0] for line in lines] == [
        "the status is 200, not 418",
        "there is no header X-None, which should be 'a'",
    ]
    assert str(failure.get("message")).endswith(" (and 1 more)")
    assert failure.get("type") == "difference"
    assert result.stderr.splitlines()[:2] == lines


def test_properties_name_title_parameters_and_evidence_and_no_secret(folder: Path) -> None:
    _, root = run(folder, str(folder / "stories/good.yaml"), "--set", "id=Z")
    (case,) = root.iter("testcase")
    properties = {it.get("name"): it.get("value") for it in case.iter("property")}
    assert (properties["title"], properties["steps"], properties["parameters.id"]) == ("A batch is there", "1", "Z")
    assert "serpwow-" in str(properties["evidence"])
    assert "hunter2-and-more" not in str(properties)


def test_a_report_that_cannot_be_written_is_an_error(folder: Path) -> None:
    path = folder / "missing" / "report.xml"
    result = CliRunner().invoke(main, ["play", "--junit", str(path), "first-run"])
    assert (result.exit_code, result.output) == (1, f"Error: cannot write {path} (--junit): No such file or directory\n")


@given(st.text(min_size=1), st.text(min_size=1))
def test_whatever_is_in_a_title_or_a_difference_the_report_is_xml(title: str, message: str) -> None:
    scenario = Scenario(title, title, {"title": title, "steps": [{"advance": "1s"}]})
    file = BytesIO()
    case = PlayedCase(title, (), scenario, PlayResult([StepDifference("x.yaml:1", message)]))
    junit_report([case]).write(file, "utf-8", xml_declaration=True)
    assert len([*fromstring(file.getvalue()).iter("failure")]) == 1


def test_a_failure_has_at_most_so_many_lines() -> None:
    scenario = Scenario("x", "x.yaml", {"title": "x", "steps": [{"advance": "1s"}]})
    many = PlayResult([StepDifference("x.yaml:1", str(number)) for number in range(MOST + 7)])
    (failure,) = junit_report([PlayedCase("x", (), scenario, many)]).getroot().iter("failure")
    assert len(lines := str(failure.text).splitlines()) == MOST + 1
    assert lines[-1] == "... and 7 more"
