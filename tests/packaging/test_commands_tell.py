"""The commands say what they take: each option, each name of an exchange, and calls that the served world answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from click.testing import CliRunner

from emulator.cli.main import main
from emulator.cli.scenario_arguments import open_library
from emulator.cli.serve import serve
from emulator.cli.startup import startup_lines
from emulator.kernel.worlds import Worlds
from emulator.vendors import VENDORS


@pytest.mark.parametrize(
    "option", [option for option in serve.params if isinstance(option, click.Option)], ids=lambda option: option.name
)
def test_every_option_of_serve_says_what_it_does_and_names_its_variable(option: click.Option) -> None:
    assert option.help
    assert option.show_envvar
    assert f"EMULATOR_{option.opts[0].removeprefix('--').replace('-', '_').upper()}" == option.envvar


def test_the_help_of_serve_names_the_variable_of_its_scenarios() -> None:
    assert "EMULATOR_SCENARIO " in " ".join(CliRunner().invoke(main, ["serve", "--help"]).output.split())


@pytest.mark.parametrize("name", [[], ["last"], ["1"], ["{world}/1"], ["{world}/last"]])
def test_explain_takes_an_exchange_by_every_name_it_has(live: Any, name: list[str]) -> None:
    world = live.load({"given": {"serpwow": {"batches": [{"id": "A"}]}}})
    reply = httpx.get(f"{world.serpwow['url']}/batches/A", params={"api_key": world.serpwow["api_key"]})
    assert reply.headers["emulator-exchange"] == f"{world.id}/1"
    names = [word.format(world=world.id) for word in name]
    there = [] if "/" in "".join(names) else ["--world", world.id]
    result = CliRunner().invoke(main, ["explain", "--url", live.url, *there, *names])
    assert (result.exit_code, result.output[:3]) == (0, "1  ")


@pytest.mark.parametrize("name", ["first", "0x1", "/1", "default/", "default/one", "-1/x"])
def test_explain_says_what_names_an_exchange(name: str) -> None:
    result = CliRunner().invoke(main, ["explain", "--url", "http://127.0.0.1:1", "--", name])
    assert (result.exit_code, "give its number, last, or both" in result.output) == (2, True)


def test_calls_to_paste_are_printed_only_where_they_would_find_what_they_name(tmp_path: Path) -> None:
    own = "title: Mine\ngiven: {serpwow: {batches: [{id: B1}]}}\n"
    scenario_text = "title: Mine\ncredentials: {serpwow: [mine]}\n"
    first_run = open_library(()).open("first-run")
    outputs = []
    for name, text in (("first-run", None), ("own", own), ("listed", scenario_text)):
        if text is not None:
            (tmp_path / name).mkdir()
            (tmp_path / name / "first-run.yaml").write_text(text)
        scenario = first_run if text is None else open_library((tmp_path / name,)).open("first-run")
        world = scenario.world(VENDORS, "default")
        outputs.append(any("curl" in line for line in startup_lines("http://127.0.0.1:8080", Worlds(world), scenario, None)))
    assert outputs == [True, False, False]
