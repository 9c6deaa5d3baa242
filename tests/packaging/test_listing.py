"""`batch-emulator list` tells people in a table and programs in JSON what there is."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from emulator.cli.list import LISTINGS
from emulator.cli.main import main
from emulator.kernel.time import parse_duration
from emulator.server.app import create_app, library, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from emulator.web.guard import Guard
from tests.support.commands import Done, invoke
from tests.support.server import Live


def list_items(*arguments: str, **environment: str) -> Done:
    return invoke(main, ["list", *arguments], env=environment)


def as_json(*arguments: str) -> Any:
    return json.loads(list_items(*arguments, "--json").output)


def test_without_a_kind_it_says_what_can_be_listed_and_how_many_there_are() -> None:
    done = list_items()
    assert done.exit_code == 0
    assert all(kind in done.output for kind in LISTINGS)
    assert as_json() == {kind: len(as_json(kind)) for kind in LISTINGS if kind != "worlds"}


def test_scenarios_have_the_names_and_titles_of_the_library() -> None:
    scenarios = library()
    assert [scenario["name"] for scenario in as_json("scenarios")] == scenarios.names()
    titles = {scenario["name"]: scenario["title"] for scenario in as_json("scenarios", "--vendor", "stripe")}
    assert titles["stripe/cancel-complete"] == scenarios.get("stripe/cancel-complete").title
    assert all(name.startswith("stripe/") for name in titles)


def test_scenarios_of_a_folder_are_listed_too_and_a_broken_one_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("given: {serpwow: {batches: [{id: B, name: {title: no}}]}}\ntitle: Mine\n")
    (tmp_path / "broken.yaml").write_text("title: [")
    (tmp_path / "untitled.yaml").write_text("- title\n- x\n")
    titles = {scenario["name"]: scenario["title"] for scenario in as_json("scenarios", "--scenarios", str(tmp_path))}
    assert (titles["mine"], titles["broken"], titles["untitled"]) == ("Mine", None, None)
    table = list_items("scenarios", "--scenarios", str(tmp_path)).output
    assert "(no title: batch-emulator check broken)" in table


def test_assumptions_have_their_choices_with_the_default_marked() -> None:
    items = as_json("assumptions")
    assert [assumption["id"] for assumption in items] == [
        assumption.id for vendor in VENDORS.values() for assumption in vendor.assumptions
    ]
    (row,) = [line for line in list_items("assumptions").output.splitlines() if line.startswith("serpwow.unknown-batch ")]
    assert " 400*, 404 " in row


def test_timers_are_those_that_a_scenario_can_set_each_with_a_meaning() -> None:
    items = as_json("timers")
    assert {timer["id"] for timer in items} == {name for vendor in VENDORS.values() for name in vendor.settable_timers}
    for timer in items:
        assert timer["default"] == "varies" or parse_duration(timer["default"]) is not None
        assert timer["meaning"]
    (drain,) = [timer for timer in items if timer["id"] == "stripe.drain"]
    assert (drain["default"], "cancelling -> canceled" in drain["meaning"]) == ("1s", True)
    assert {timer["id"] for timer in items if timer["default"] == "varies"} == {
        "serpwow.inactivity",
        "stripe.association",
        "stripe.fault",
        "stripe.processing",
    }


def test_operations_have_their_method_and_path() -> None:
    assert {"name": "serpwow.batches.stop", "method": "GET", "path": "/live/batches/{id}/stop"} in as_json("operations")
    assert {operation["name"].partition(".")[0] for operation in as_json("operations", "--vendor", "6dot50")} == {"6dot50"}


@pytest.mark.parametrize("kind", [kind for kind in LISTINGS if kind != "worlds"])
def test_the_columns_of_a_table_are_aligned(kind: str) -> None:
    head, *rows = list_items(kind).output.splitlines()
    second = head.index(list(LISTINGS[kind].columns)[1])
    assert len(rows) == len(as_json(kind))
    assert all(row[second - 1] == " " and row[second] != " " for row in rows)


def test_worlds_are_those_of_a_running_server_without_their_credentials(live: Live) -> None:
    world = live.load("first-run")
    done = list_items("worlds", "--url", live.url)
    assert done.exit_code == 0
    assert any(line.startswith(f"{world.id} ") and " frozen " in line for line in done.output.splitlines())
    assert world.serpwow["api_key"] not in done.output + list_items("worlds", "--url", live.url, "--json").output


def test_worlds_of_a_locked_server_want_its_token() -> None:
    with ThreadedServer(create_app(worlds_of([]), guard=Guard(token="the-token"))) as server:
        result = list_items("worlds", "--url", server.url)
        assert (result.exit_code, "EMULATOR_CONTROL_TOKEN" in result.output) == (1, True)
        assert list_items("worlds", "--url", server.url, "--control-token", "the-token").exit_code == 0
        assert list_items("worlds", EMULATOR_URL=server.url, EMULATOR_CONTROL_TOKEN="the-token").exit_code == 0


class OtherServer(BaseHTTPRequestHandler):
    """A server that is no emulator, and answers everything with a page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<h1>It works!</h1>")

    def log_message(self, *_: object) -> None:
        pass


def test_what_cannot_be_reached_is_told_in_one_line() -> None:
    with HTTPServer(("127.0.0.1", 0), OtherServer) as server:
        Thread(target=server.handle_request).start()
        other = list_items("worlds", "--url", f"http://127.0.0.1:{server.server_port}")
    unreachable, nonsense = list_items("worlds", "--url", "http://127.0.0.1:1"), list_items("worlds", "--url", "http://[")
    for done in (other, unreachable, nonsense):
        assert (done.exit_code, len(done.output.splitlines())) == (1, 1)
        assert "--url" in done.output
    assert "is no emulator" in other.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scenario"], "'scenarios'"),
        (["timers", "--vendor", "strip"], "did you mean 'stripe'?"),
        (["timers", "--url", "http://x"], "--url changes nothing in a list of timers"),
        (["worlds", "--vendor", "stripe"], "--vendor changes nothing in a list of worlds"),
        (["--control-token", "t"], "--control-token changes nothing"),
    ],
)
def test_what_would_change_nothing_is_refused(arguments: list[str], message: str) -> None:
    done = list_items(*arguments)
    assert (done.exit_code, message in done.output) == (2, True), done.output
