"""The commands do what the README says, and say what is wrong on stderr with exit code 1."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from emulator.cli.main import main
from emulator.client.in_process import InProcessClient
from emulator.client.transport import InProcess
from emulator.reports import evidence_trace
from emulator.scenario.player import play
from emulator.state.compare import exact_difference
from emulator.vendors import VENDORS
from emulator.web.connection import App
from tests.support.commands import Done, invoke
from tests.support.loading import LIBRARY
from tests.support.server import Live

ROOT = Path(__file__).parents[2]
GOOD = "title: A batch is stopped\ngiven: {serpwow: {batches: [{id: B, status: queued}]}}\nsteps:\n  - send: GET /live/batches/B/stop?api_key=k\n    get: {status: 200}\n"
WRONG = GOOD.replace("status: 200", "status: 404")
BROKEN = GOOD.replace("title", "titel")


def run(*arguments: str, **environment: str) -> Done:
    return invoke(main, arguments, environment)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"good": GOOD, "wrong": WRONG, "broken": BROKEN}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def test_check_finds_no_mistake_in_what_is_shipped() -> None:
    result = run("check", str(ROOT / "scenarios"))
    assert result.exit_code == 0, result.output
    assert "no mistakes" in result.output


def test_check_tells_every_mistake_of_every_file(folder: Path) -> None:
    result = run("check", str(folder), "nowhere")
    assert result.exit_code == 1
    assert f"{folder}/broken.yaml:1:8: unknown key 'titel'; did you mean 'title'?" in result.stderr
    assert "nowhere: no scenario is called 'nowhere'" in result.stderr


@pytest.mark.parametrize("argument", ["./nosuch", "../nosuch/x", "{folder}/nosuch", "{folder}/d d/q r"])
def test_check_knows_a_path_from_a_name(folder: Path, argument: str) -> None:
    (folder / "d d").mkdir()
    path = argument.format(folder=folder)
    result = run("check", path)
    assert result.exit_code == 1
    assert f"{path}: there is no such file; a scenario file ends in .yaml, .yml or .json" in result.stderr


def test_check_knows_a_path_by_a_folder_that_is_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "d d").mkdir()
    monkeypatch.chdir(folder)
    assert "d d/q r: there is no such file" in run("check", "d d/q r").stderr
    assert "no scenario is called 'e/q'" in run("check", "e/q").stderr


def test_check_wants_to_be_told_what_to_check() -> None:
    assert run("check").exit_code == 2


def test_the_name_of_a_vendor_stands_for_all_of_its_scenarios() -> None:
    mine = [name for name in LIBRARY.names() if name.startswith("6dot50/")]
    assert f"{len(mine)} scenarios, no mistakes" in run("check", "6dot50").output


def test_check_of_one_scenario_does_not_trace_facts() -> None:
    result = run("check", "--evidence", "6dot50")
    assert (result.exit_code, "name none" in result.stderr) == (2, True)


def test_check_traces_every_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = "serpwow/stop-queued-refunds-its-credits"
    monkeypatch.setattr(evidence_trace, "play_all", lambda known: {stop: play(known.get(stop), InProcessClient())})
    result = run("check", "--evidence")
    assert "serpwow-stop-2  [documented]" in result.output
    assert "row       serpwow.batch: queued --stop--> idle" in result.output
    assert "scenario  serpwow/stop-queued-refunds-its-credits" in result.output


def test_play_is_silent_about_what_went_well(folder: Path) -> None:
    result = run("play", str(folder / "good.yaml"), "serpwow/stopall-23")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "2 scenarios played, no differences" in result.output


@pytest.mark.parametrize(("command", "message"), [("check", "1 scenario, no mistakes"), ("play", "1 scenario played, no diff")])
def test_one_scenario_is_told_in_the_singular(command: str, message: str) -> None:
    assert message in run(command, "serpwow/stopall-23").output


def test_play_reports_each_difference_with_its_line(folder: Path) -> None:
    result = run("play", str(folder / "wrong.yaml"))
    assert result.exit_code == 1
    assert f"{folder}/wrong.yaml:4: the status is 200, not 404" in result.stderr


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("get: {headers: {x-a: b}}", "there is no header x-a, which should be 'b'"),
        ("get: {headers: {content-type: b}}", "the header content-type is 'application/json', not 'b'"),
        ("get: {fails: true}", "a complete answer came back, and none was expected: status 200, "),
        ("keep: {id: batch.id}", "nothing can be kept as 'id': the answer has no 'batch.id'"),
        ("get: {exactly: true, json: {}}", "the body has 'request_info' ("),
        ("get: {json: {request_info: {success: false}}}", "request_info.success is true, not false"),
    ],
)
def test_play_says_plainly_what_differs_and_how_much(tmp_path: Path, step: str, message: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(GOOD.replace("get: {status: 200}", step))
    result = run("play", str(path), "serpwow/stopall-23")
    assert f"{path}:4: {message}" in result.stderr
    assert result.stderr.endswith("2 scenarios played, 1 difference\n")


def test_play_stops_once_where_a_step_needs_what_could_not_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "lost.yaml"
    steps = [
        "  - send: GET /live/account?api_key={serpwow.api_key}\n    keep: {it: no.such}",
        *["  - send: GET /live/{it}"] * 2,
    ]
    path.write_text("title: Lost\nsteps:\n" + "\n".join(steps) + "\n")
    result = run("play", str(path))
    assert f"{path}:5: this step needs {{it}}, which could not be kept" in result.stderr
    assert result.stderr.endswith("1 scenario played, 2 differences\n")


def test_keys_in_another_order_differ_where_all_is_compared() -> None:
    assert list(exact_difference({"a": 1, "b": 2}, {"b": 2, "a": 1})) == [
        'the keys are in another order: {"b": 2, "a": 1}, not {"a": 1, "b": 2}'
    ]
    assert list(exact_difference({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]})) == ["a[0] has 'c' (2), which is not expected"]
    assert list(exact_difference({"a": 1}, {"a": 1})) == []


def test_numbers_that_are_written_in_another_way_differ_where_all_is_compared() -> None:
    expected, actual = ({"a": [Decimal(text)], "b": 1} for text in ("1.5", "1.50"))
    assert list(exact_difference(expected, actual)) == ["a[0] is written 1.50, not 1.5"]
    assert list(exact_difference({"a": 1}, {"a": Decimal("1.0")})) == ["a is written 1.0, not 1"]
    assert list(exact_difference({"a": 1, "b": True}, {"a": 1, "b": 1})) == ["b is 1, not true"]


def test_play_goes_over_the_wire_when_told(folder: Path, live: Live) -> None:
    assert run("play", str(folder / "good.yaml"), "--against", live.url).exit_code == 0
    assert run("play", str(folder / "wrong.yaml"), EMULATOR_URL=live.url).exit_code == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "garbage", "http://["])
@pytest.mark.parametrize("command", [("play", "first-run"), ("explain", "1"), ("healthcheck",)], ids=lambda command: command[0])
def test_where_nobody_answers_is_said_in_a_line(command: tuple[str, ...], url: str) -> None:
    result = run(*command, EMULATOR_URL=url)
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1), result.stderr
    assert result.stderr.startswith("Error: no")


@pytest.mark.parametrize("command", [("play", "first-run"), ("explain", "1"), ("healthcheck",)], ids=lambda command: command[0])
def test_no_proxy_stands_between_this_machine_and_itself(command: tuple[str, ...], live: Live) -> None:
    live.control.get("/live/account?api_key=k")
    environment = {"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1", "NO_PROXY": ""}
    assert run(*command, EMULATOR_URL=live.url, **environment).exit_code == 0


def test_a_scenario_without_steps_is_not_taken_for_one_that_was_proved(tmp_path: Path) -> None:
    (tmp_path / "idle.yaml").write_text("title: Nothing to prove")
    assert (
        run("play", str(tmp_path)).output
        == "1 scenario played, no differences; 1 has no steps, so nothing in it was compared\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("first-run", "--", "/nonexistent"), "there is no command '/nonexistent'"),
        (("--fault", "after-commit", "first-run", "--", "true"), "'after-commit' is not WHERE:DO"),
        (("--most", "0", "first-run", "--", "true"), "0 is not in the range x>=1"),
        (("nowhere", "--", "true"), "no scenario is called 'nowhere'"),
        (("first-run", "--", "true"), "the client called no operation"),
    ],
)
def test_explore_says_why_it_will_not(arguments: tuple[str, ...], message: str) -> None:
    result = run("explore", *arguments)
    assert result.exit_code > 0
    assert message in result.stderr


def test_scenarios_of_ones_own_have_names_and_come_first(folder: Path) -> None:
    own = folder / "serpwow"
    own.mkdir()
    (own / "stopall-23.yaml").write_text(GOOD)
    (folder / "broken.yaml").unlink()
    result = run("play", "good", "serpwow/stopall-23", "stripe/cancel-complete", EMULATOR_SCENARIOS=str(folder))
    assert result.exit_code == 0, result.stderr


def test_schema_is_a_json_schema_that_the_shipped_scenarios_fit() -> None:
    schema = json.loads(run("schema").output)
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == "batch-emulator scenario"


@pytest.mark.parametrize("vendor", VENDORS)
def test_draw_prints_every_machine_of_a_vendor(vendor: str) -> None:
    diagram = run("draw", vendor).output
    assert diagram.count("stateDiagram-v2") == len(VENDORS[vendor].machines)


def test_draw_names_the_nearest_vendor() -> None:
    assert "did you mean 'stripe'?" in run("draw", "stipe").output


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", 200), ("0.0.0.0", 401)])
def test_an_empty_token_is_none_and_one_is_made_where_others_could_steer(
    monkeypatch: pytest.MonkeyPatch, host: str, status: int
) -> None:
    statuses: list[int] = []

    def serve_once(app: App, listening: list[socket.socket], greet: Callable[[], None], *_: Any) -> None:
        for each in listening:
            each.close()
        greet()
        for headers in ({}, {"Authorization": "Bearer"}):
            with httpx.Client(transport=InProcess(app), base_url="http://localhost", headers=headers) as client:
                statuses.append(client.get("/_emulator/worlds").status_code)

    monkeypatch.setattr("emulator.server.server.serve", serve_once)
    result = run("serve", "--host", host, "--port", "0", "--control-token", "")
    assert (statuses, "EMULATOR_CONTROL_TOKEN=" in result.stderr) == ([status] * 2, status == 401)


def test_healthcheck_knows_a_server_that_is_ready_from_one_that_is_not(live: Live) -> None:
    assert run("healthcheck", "--url", live.url).exit_code == 0
    assert run("healthcheck", EMULATOR_URL=live.url).exit_code == 0
    assert run("healthcheck", "--port", "1").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("serve", "nothing/like-this"), "no scenario is called"),
        (("serve", "--clock", "fast"), "neither frozen, real, nor a number"),
        (("serve", "--clock", "-1"), "a rate lies between"),
        (
            ("serve", "serpwow/stopall-23", "serpwow/stopall-one", "serpwow/stopall-one"),
            "there is a world 'serpwow.stopall-one'",
        ),
        (("serve", "--host", "203.0.113.1", "--port", "1"), "assign requested address"),
    ],
)
def test_serve_says_why_it_will_not(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code != 0
    assert message in result.output + result.stderr
