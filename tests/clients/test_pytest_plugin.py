"""The plugin, tried by a real pytest in a process of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web.guard import Guard
from tests.support.plugin import run
from tests.support.server import Live


def test_naming_the_fixture_is_all_the_set_up(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def test_an_empty_world(emulator):
            assert emulator.serpwow.batches == []

        @pytest.mark.scenario("first-run")
        def test_a_refund(emulator):
            assert stop(emulator, "2A6F94BB").status_code == 200
            assert emulator.serpwow.account.credits_used == 30

        @pytest.mark.scenario("first-run")
        def test_the_next_test_knows_nothing_of_it(emulator):
            assert emulator.serpwow.account.credits_used == 230
        """.replace("\n        ", "\n"),
    )
    result.assert_outcomes(passed=3)
    result.stdout.no_fnmatch_line("*batch-emulator*world*")


def test_the_marker_takes_a_name_a_file_or_a_value_and_a_seed(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", story="title: A story\ngiven: {serpwow: {batches: [{id: FROMFILE}]}}")
    result = run(
        pytester,
        """
@pytest.mark.scenario("story.yaml")
def test_a_file(emulator):
    assert emulator.serpwow.batches[0].id == "FROMFILE"

@pytest.mark.scenario({"given": {"serpwow": {"batches": [{"repeat": 2}]}}}, seed=5)
def test_a_value_and_a_seed(emulator):
    assert emulator.seed == 5
    assert len(emulator.serpwow.batches) == 2

@pytest.mark.scenario("serpwow/stopall-32")
def test_a_name_that_is_wrong(emulator):
    pass

def test_the_seed_of_the_option(emulator):
    assert emulator.seed == 77
""",
        "--emulator-seed=77",
    )
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*did you mean 'serpwow/stopall-23'?*"])


@pytest.mark.parametrize(
    ("marker", "line"),
    [
        ("", "*the marker is scenario(name_or_path_or_dict, seed=None, [*][*]parameters), not scenario(*)*"),
        ('"first-run", 3', "*the marker is scenario(name_or_path_or_dict, seed=None, [*][*]parameters), not scenario(*)*"),
        ('"first-run", sed=3', "*the scenario has no parameters, and so no 'sed'; did you mean 'seed'[?]*"),
    ],
)
def test_a_marker_that_is_misspelt_is_an_error_and_not_another_world(pytester: pytest.Pytester, marker: str, line: str) -> None:
    result = run(pytester, f"@pytest.mark.scenario({marker})\ndef test_it(emulator): ...")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([line])
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


@pytest.mark.parametrize("url", ["nonsense", "http://127.0.0.1:1", "http://[", "http://127.0.0.1:99999"])
def test_a_url_where_no_emulator_is_says_which_option_gave_it_in_a_line(pytester: pytest.Pytester, url: str) -> None:
    result = run(pytester, "def test_it(emulator): ...\ndef test_another(emulator): ...", f"--emulator-url={url}")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*(--emulator-url, EMULATOR_URL)*"])
    result.stdout.no_re_match_line(r".*\.py:\d+: ")
    assert len(result.outlines) < 22


def test_a_server_that_is_no_emulator_or_wants_a_token_is_told_apart(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMULATOR_CONTROL_TOKEN", "wrong")
    with ThreadedServer(create_app(worlds_of([]), guard=Guard(token="right"))) as server_with_token:
        result = run(pytester, "def test_it(emulator): ...", f"--emulator-url={server_with_token.url}")
    result.stdout.fnmatch_lines(["the control plane is locked, and * EMULATOR_CONTROL_TOKEN*(* was answered 401)"])
    with ThreadedServer(says_hello) as other:
        result = run(pytester, "def test_it(emulator): ...", f"--emulator-url={other.url}")
    result.stdout.fnmatch_lines([f"*what answers at '{other.url}' (--emulator-url, EMULATOR_URL) is no emulator"])


async def says_hello(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


def test_what_a_killed_run_left_is_dropped(pytester: pytest.Pytester, live: Live) -> None:
    url = f"--emulator-url={live.url}"
    pytester.makepyfile("import os\ndef test_it(emulator):\n    emulator.snapshot('left')\n    os._exit(9)")
    assert pytester.runpytest_subprocess("-p", "no:cacheprovider", url).ret == 9
    pytester.makepyfile("def test_it(emulator):\n    assert emulator.ask('GET', '/snapshots') == {'snapshots': []}")
    pytester.runpytest_subprocess("-p", "no:cacheprovider", url).assert_outcomes(passed=1)


def test_a_fixture_of_the_projects_own_by_the_same_name_is_left_alone(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
@pytest.fixture
def emulator():
    return "another emulator"

def test_that_fails(emulator):
    assert emulator == "ours"
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*- batch-emulator -*")


def test_a_failure_tells_the_story_and_how_to_replay_it(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
@pytest.mark.scenario("first-run", seed=3)
def test_that_fails(emulator):
    stop(emulator, "2A6F94BB")
    emulator.clock.advance("10s")
    assert stop(emulator, "2A6F94BB").status_code == 200
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- batch-emulator -*",
            "world t-*, seed 3, clock 2026-03-09T20:55:41Z",
            "scenario first-run",
            "*GET /live/batches/2A6F94BB/stop?api_key=*… -> 200 stopped",
            "*changed: serpwow batch 2A6F94BB: queued -> idle*",
            "*serpwow batch CAC8651D: running -> idle (after serpwow.run)",
            "*GET /live/batches/2A6F94BB/stop?api_key=*… -> 400 not_stoppable",
            "*because: *serpwow-stop-4*",
            "replay: pytest *test_that_fails* --emulator-seed 3",
        ]
    )


def test_the_command_that_replays_a_test_can_be_pasted_where_pytest_was_called(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pytester.mkdir("folder")
    (folder / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('it', ['a\"b', '$HOME `id`', \"it's\"])\n"
        "def test_that_fails(emulator, it):\n"
        "    emulator.load('first-run', seed=9)\n"
        "    assert not it\n"
    )
    monkeypatch.chdir(folder)
    pytest_here = f"{shlex.quote(sys.executable)} -m pytest -p no:cacheprovider"
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    replays = [line.removeprefix("replay: ") for line in result.outlines if line.startswith("replay: ")]
    assert len(replays) == 3
    for replay in replays:
        again = subprocess.run(
            replay.replace("pytest", pytest_here, 1), shell=True, capture_output=True, text=True, check=False
        )
        assert "1 failed" in again.stdout
        assert f"replay: {replay}" in again.stdout.splitlines()


@pytest.mark.parametrize(
    ("arguments", "variables", "command"),
    [
        (
            ["--emulator-scenarios", "m y", "--emulator-scenarios=more"],
            {},
            "--emulator-scenarios 'm y' --emulator-scenarios more",
        ),
        ([], {"EMULATOR_SCENARIOS": f"m y{os.pathsep}more"}, "--emulator-scenarios 'm y' --emulator-scenarios more"),
        (["-o", "emulator_scenarios=more"], {}, "-o emulator_scenarios=more"),
        (["-c", "other.ini"], {}, "-c other.ini"),
    ],
)
def test_the_command_that_replays_a_test_starts_its_server_with_the_same_options(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, arguments: list[str], variables: dict[str, str], command: str
) -> None:
    for folder in ("m y", "more"):
        pytester.mkdir(folder)
    pytester.path.joinpath("more", "two.yaml").write_text("title: Two")
    pytester.path.joinpath("other.ini").write_text("[pytest]\nemulator_scenarios = more")
    pytester.makepyfile(
        "def test_it(emulator):\n    emulator.load('two')\n    emulator.snapshot('a')\n    assert emulator.snapshot('b')"
    )
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)
    (replay,) = [line.removeprefix("replay: ") for line in result.outlines if line.startswith("replay: ")]
    assert f" {command} --emulator-seed 0" in replay
    for name in variables:
        monkeypatch.delenv(name)
    pytest_here = f"{shlex.quote(sys.executable)} -m pytest -p no:cacheprovider"
    again = subprocess.run(replay.replace("pytest", pytest_here, 1), shell=True, capture_output=True, text=True, check=False)
    lines = [line for line in result.outlines if line.startswith("E  ")]
    assert lines
    assert [line for line in again.stdout.splitlines() if line.startswith("E  ")] == lines


def test_a_path_is_looked_for_beside_the_test_then_at_the_root_then_here(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = "title: {0}\ngiven: {{serpwow: {{batches: [{{id: {0}}}]}}}}"
    for place, names in {"sub": ["one"], "": ["one", "two"], "here": ["one", "two", "three"]}.items():
        pytester.path.joinpath(place).mkdir(exist_ok=True)
        for name in names:
            pytester.path.joinpath(place, f"{name}.yaml").write_text(scenario.format(f"OF{place}X"))
    pytester.makeini("[pytest]")
    pytester.path.joinpath("sub", "test_it.py").write_text(
        """
import pytest

FOUND = {"one.yaml": "OFsubX", "two.yaml": "OFX", "three.yaml": "OFhereX"}

@pytest.mark.parametrize("name", [pytest.param(it, marks=pytest.mark.scenario(it)) for it in FOUND])
def test_by_marker(emulator, name):
    assert emulator.serpwow.batches[0].id == FOUND[name]

@pytest.mark.parametrize("name", FOUND)
def test_by_load(emulator, name):
    emulator.load(name)
    assert emulator.serpwow.batches[0].id == FOUND[name]
    with emulator.fork() as fork:
        fork.load(name)

@pytest.mark.scenario("nowhere-at-all.yaml")
def test_that_says_where(emulator): ...

def test_that_says_where_too(emulator):
    emulator.load("nowhere-at-all.yaml")
"""
    )
    monkeypatch.chdir(pytester.path / "here")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "..")
    result.assert_outcomes(passed=6, failed=1, errors=1)
    places = ", ".join(str(pytester.path / place) for place in ("sub", "", "here"))
    assert (
        sum(
            f"nowhere-at-all.yaml: there is no such file (looked in {places})" in line
            for line in result.outlines
            if line[:2] != "> "
        )
        >= 2
    )


def test_a_scenario_that_is_none_is_refused(pytester: pytest.Pytester) -> None:
    result = run(
        pytester, "@pytest.mark.scenario(None)\ndef test_it(emulator): ...\ndef test_load(emulator): emulator.load(None)"
    )
    result.assert_outcomes(errors=1, failed=1)
    result.stdout.fnmatch_lines_random(
        [
            "the marker scenario(None) names no scenario: leave it out for an empty world",
            "*a scenario is a name, a path or a mapping, not None ({} is an empty world)",
        ]
    )


@pytest.mark.parametrize(
    "tests",
    [
        """
@pytest.fixture
def stopped(emulator):
    emulator.load("first-run")
    assert stop(emulator, "2A6F94BB").status_code == 400

def test_it(stopped): ...
""",
        """
def test_it(request):
    emulator = request.getfixturevalue("emulator")
    emulator.load("first-run")
    assert stop(emulator, "2A6F94BB").status_code == 400
""",
        """
from emulator import Emulator

@pytest.fixture(scope="module")
def shared(emulator_server):
    with Emulator("first-run", server=emulator_server) as emulator:
        yield emulator

def test_it(shared):
    assert stop(shared, "2A6F94BB").status_code == 400
""",
    ],
    ids=["in a fixture above", "by its name", "of a wider fixture"],
)
def test_the_story_is_told_wherever_the_world_was_made(pytester: pytest.Pytester, tests: str) -> None:
    result = run(pytester, tests)
    result.stdout.fnmatch_lines(["*- batch-emulator -*", "*/2A6F94BB/stop* -> 200 stopped"])


def test_a_scenario_with_mistakes_is_told_without_a_traceback(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", bad="title: Bad\ngiven: {serpwow: {batchs: []}}")
    result = run(pytester, '@pytest.mark.scenario("bad.yaml")\ndef test_it(emulator): ...')
    result.stdout.fnmatch_lines(["*bad.yaml:2:27: unknown key 'batchs'; did you mean 'batches'?"])
    result.stdout.no_re_match_line(r".*\.py:\d+: ")


def test_a_failure_before_anything_was_asked_says_so(pytester: pytest.Pytester) -> None:
    result = run(pytester, "\ndef test_that_fails(emulator):\n    assert False\n")
    result.stdout.fnmatch_lines(["no request reached this world"])
    result.stdout.no_fnmatch_line("*URL*")


@pytest.mark.parametrize("arguments", [["-n2"], ["-p", "randomly"]])
def test_workers_and_random_order_share_nothing(pytester: pytest.Pytester, arguments: list[str]) -> None:
    result = run(
        pytester,
        """
@pytest.mark.scenario("serpwow/stopall-23")
@pytest.mark.parametrize("number", range(20))
def test_alone(emulator, number):
    stopped = httpx.get(f"{emulator.serpwow.url}/batches/stopall", params={"api_key": emulator.serpwow.api_key})
    assert stopped.json()["batches_stopped"] == 23
    assert len(emulator.journal) == 1
""",
        *arguments,
    )
    result.assert_outcomes(passed=20)


def test_the_same_tests_run_against_a_server_elsewhere(pytester: pytest.Pytester, live: Live) -> None:
    result = run(
        pytester,
        f"""
@pytest.mark.scenario("first-run")
def test_a_refund(emulator):
    assert emulator.url == "{live.url}"
    assert stop(emulator, "2A6F94BB").status_code == 200
    assert emulator.serpwow.account.credits_used == 30
""",
        f"--emulator-url={live.url}",
        "-n2",
    )
    result.assert_outcomes(passed=1)


def test_an_async_test_has_the_same_fixture(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
@pytest.mark.scenario("first-run")
async def test_a_refund(emulator):
    async with httpx.AsyncClient(base_url=emulator.serpwow.url, params={"api_key": emulator.serpwow.api_key}) as client:
        assert (await client.get("/batches/2A6F94BB/stop")).status_code == 200
    assert (await emulator.aio.state())["serpwow"]["account"]["credits_used"] == 30
""",
    )
    result.assert_outcomes(passed=1)


def test_a_project_that_does_not_use_it_pays_nothing(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
import sys

def test_nothing_of_ours_was_imported():
    assert [name for name in sys.modules if name.partition(".")[0] == "emulator"] == []
    assert "uvicorn" not in sys.modules
""".replace("import httpx", ""),
    )
    result.assert_outcomes(passed=1)


def test_the_server_starts_when_somebody_asks_for_a_url_and_not_before() -> None:
    import subprocess

    code = (
        "import threading; from emulator import Emulator\n"
        "with Emulator('first-run') as emulator:\n"
        "    assert 'batch-emulator' not in {it.name for it in threading.enumerate()}\n"
        "    emulator.url\n"
        "    assert 'batch-emulator' in {it.name for it in threading.enumerate()}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


TEARDOWN = """
@pytest.fixture
def checked(emulator):
    yield
    httpx.get(f"{emulator.serpwow.url}/batches/C/stop", params={"api_key": emulator.serpwow.api_key}, timeout=60)
    assert emulator.serpwow.account.credits_used == 0, "not refunded"

def test_it(checked): ...
"""


@pytest.mark.parametrize("later", ["", "def test_later(emulator): assert not emulator.journal"], ids=["last", "not last"])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_teardown_that_fails_tells_the_story(pytester: pytest.Pytester, live: Live, later: str, elsewhere: bool) -> None:
    url = [f"--emulator-url={live.url}"] if elsewhere else []
    marker = '@pytest.mark.scenario({"given": {"serpwow": {"batches": [{"id": "B", "status": "queued", "searches": 5}]}}})'
    result = run(pytester, TEARDOWN.replace("def test_it", f"{marker}\ndef test_it") + later, *url)
    result.assert_outcomes(passed=2 if later else 1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*not refunded*",
            "*batch-emulator*",
            "world t-*",
            "*/C/stop*-> 400*",
            "*hint: there is no batch 'C'; this world has 'B'",
        ]
    )
    assert not [world for world in httpx.get(f"{live.url}/_emulator/worlds").json()["worlds"] if world["id"].startswith("t-")]


def test_a_teardown_that_passes_tells_nothing_and_leaves_no_world(pytester: pytest.Pytester, live: Live) -> None:
    result = run(pytester, "def test_it(emulator): ...\ndef test_another(emulator): ...", f"--emulator-url={live.url}")
    result.assert_outcomes(passed=2)
    assert not [world for world in httpx.get(f"{live.url}/_emulator/worlds").json()["worlds"] if world["id"].startswith("t-")]


@pytest.mark.parametrize("tests", ["def test_it(emulator): assert False", TEARDOWN.replace("== 0", "== 1")])
def test_the_story_is_in_junit_xml_too(pytester: pytest.Pytester, tests: str) -> None:
    run(pytester, tests, "--junitxml=report.xml")
    (story,) = ElementTree.parse(pytester.path / "report.xml").findall(".//property[@name='batch-emulator']")
    assert story.attrib["value"].startswith("world t-")
