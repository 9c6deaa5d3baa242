"""`serve --watch`: scenarios are read again when their files change; one with a mistake stays as it was, and says so once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.cli.settings import TextSettings
from emulator.cli.watching import watched_scenarios
from emulator.client.transport import InProcess
from emulator.scenario.watched import WatchedScenarios
from emulator.server.app import create_app, library, worlds_of
from tests.support.server import through_a_socket

STORY = """title: A story
include: [parts/a.yaml]
parameters: {limit: %s}
given: {serpwow: {account: {credits_limit: "${limit}"}}}
"""
_moments = count(1_000_000_000)


def write(path: Path, text: str) -> None:
    """Write a file that was changed at another moment than before, whatever the clock of the file system shows."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, ns=(0, next(_moments)))


class Watching:
    """A server in this process that watches a story, and what it told."""

    def __init__(self, folder: Path, given: str, settings: TextSettings | None = None, rate: float | None = None) -> None:
        self.story, self.part = folder / "story.yaml", folder / "parts/a.yaml"
        write(self.story, STORY % 100)
        write(self.part, "seed: 1\n")
        self.told: list[str] = []
        known = library(folder)
        scenario = known.open(given, settings)
        worlds = worlds_of([scenario], rate)
        self.watched: WatchedScenarios = watched_scenarios(known, {given: scenario}, worlds, settings, rate, self.told.append)
        app = through_a_socket(create_app(worlds, known, watched=self.watched))
        self.client = httpx.Client(transport=InProcess(app), base_url="http://localhost")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.client.request(method, f"/_emulator{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def reset(self, world: str = "default") -> tuple[int, int]:
        """Reset a world, and return its limit and its seed."""
        self.ask("POST", f"/worlds/{world}/reset")
        return self.look(world)

    def look(self, world: str = "default") -> tuple[int, int]:
        state = self.ask("GET", f"/worlds/{world}/state")
        return state["serpwow"]["account"]["credits_limit"], self.ask("GET", f"/worlds/{world}")["seed"]


@pytest.fixture(params=["path", "name"])
def watching(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watching]:
    it = Watching(tmp_path, str(tmp_path / "story.yaml") if request.param == "path" else "story")
    with it.client:
        yield it


def test_a_reset_and_a_new_world_see_what_changed_and_nothing_else_does(watching: Watching) -> None:
    write(watching.story, STORY % 200)
    assert watching.look() == (100, 1)
    assert watching.reset() == (200, 1)
    write(watching.part, "seed: 2\n")
    assert watching.ask("POST", "/worlds", {"id": "other", "scenario": "story"})["seed"] == 2
    assert (watching.look(), watching.reset()) == ((200, 1), (200, 2))
    assert watching.told == 2 * [f"{watching.story} was read again: new worlds and resets begin with it"]


def test_a_world_that_was_made_by_name_follows_its_scenario_with_the_seed_that_it_was_given(watching: Watching) -> None:
    watching.ask("POST", "/worlds", {"id": "seeded", "scenario": "story", "seed": 7})
    watching.ask("POST", "/worlds", {"id": "other", "scenario": {"seed": 3}})
    watching.ask("POST", "/worlds/other/reset", {"scenario": "story"})
    write(watching.story, STORY % 200)
    assert (watching.reset("seeded"), watching.reset("other")) == ((200, 7), (200, 3))


def test_a_world_of_another_scenario_goes_back_to_its_own_beginning(watching: Watching) -> None:
    watching.ask("POST", "/worlds/default/reset", {"scenario": {"given": {"serpwow": {"account": {"credits_limit": 5}}}}})
    watching.ask("POST", "/worlds", {"id": "set", "scenario": "story", "parameters": {"limit": 6}})
    write(watching.story, STORY % 200)
    assert (watching.reset(), watching.reset("set")) == ((5, 1), (6, 1))


def test_a_mistake_is_told_once_with_its_place_and_keeps_what_was(watching: Watching) -> None:
    write(watching.story, STORY % 200 + "sed: 3\n")
    write(watching.part, "seed: many\n")
    assert watching.reset() == (100, 1)
    assert watching.ask("POST", "/worlds", {"id": "other", "scenario": "story"})["seed"] == 1
    assert watching.reset() == (100, 1)
    assert watching.told == [
        f"{watching.story}:5:6: unknown key 'sed'; did you mean 'seed'?",
        f"{watching.part}:1:7: expected a whole number, not …",
        f"the worlds of {watching.story} go on beginning as before, until this is mended",
    ]
    watching.told.clear()
    write(watching.part, "seed: 4\n")
    assert watching.reset() == (100, 1)
    assert len(watching.told) == 2
    write(watching.story, STORY % 300)
    assert watching.reset() == (300, 4)


def test_a_file_that_is_to_be_included_may_come_later_and_one_that_goes_is_missed(watching: Watching) -> None:
    write(watching.story, (STORY % 200).replace("]", ", parts/b.yaml]"))
    assert watching.reset() == (100, 1)
    assert "'parts/b.yaml' is no file" in watching.told[0]
    write(watching.part.with_name("b.yaml"), "given: {serpwow: {batches: [{id: B}]}}\n")
    assert watching.reset() == (200, 1)
    watching.part.unlink()
    watching.told.clear()
    assert watching.reset() == (200, 1)
    assert "'parts/a.yaml' is no file" in watching.told[0]
    watching.story.unlink()
    assert watching.reset() == (200, 1)
    assert watching.told[2] == f"{watching.story}: there is no such file"


def test_parameters_and_the_rate_of_the_command_hold_for_what_is_read_again(tmp_path: Path) -> None:
    watching = Watching(tmp_path, "story", TextSettings({"limit": "9"}), rate=0.5)
    write(watching.story, STORY % 200 + "clock: {rate: real}\n")
    assert watching.reset() == (9, 1)
    assert watching.ask("GET", "/worlds/default/clock")["rate"] == 0.5


def test_what_is_read_again_may_list_other_credentials(watching: Watching) -> None:
    write(watching.story, STORY % 200 + "credentials: {serpwow: [another]}\n")
    assert watching.reset() == (200, 1)
    assert watching.client.get("/live/account?api_key=another").status_code == 200
    assert watching.client.get("/live/account?api_key=demo").status_code == 401


def test_a_warning_is_told_and_what_it_warns_of_is_read(watching: Watching) -> None:
    write(watching.story, (STORY % 200).replace("{limit:", "{unused: 1, limit:"))
    assert watching.reset() == (200, 1)
    assert watching.told[0].startswith(f"warning: {watching.story}:3:22: nothing uses this parameter")


def test_a_file_is_read_once_it_is_the_same_in_two_looks(watching: Watching) -> None:
    """An editor may be writing it."""
    watching.watched.look()
    write(watching.story, STORY % 200 + "sed")
    watching.watched.look()
    write(watching.story, STORY % 300)
    watching.watched.look()
    assert watching.told == []
    watching.watched.look()
    assert watching.told == [f"{watching.story} was read again: new worlds and resets begin with it"]


def test_the_command_tells_of_a_change_by_itself(tmp_path: Path) -> None:
    story = tmp_path / "story.yaml"
    write(story, "title: A story\n")
    command = [sys.executable, "-m", "emulator", "serve", "--watch", "--port", "0", str(story)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stderr is not None
            assert server.stdout.readline().startswith("EMULATOR_URL=")
            write(story, "title: A story\nsed: 3\n")
            told = next(line for line in server.stderr if "story.yaml:" in line)
            assert told == f"{story}:2:6: unknown key 'sed'; did you mean 'seed'?\n"
        finally:
            server.terminate()


def test_a_server_that_does_not_watch_reads_nothing_of_it() -> None:
    code = "import sys; from emulator.cli import serve; from emulator.control import app; print('emulator.scenario.watched' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
