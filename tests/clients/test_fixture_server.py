"""The server that the fixture brings: its bounds, its scenarios, whose credentials it takes, and what else the test has patched."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from math import inf
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator import BadInput, ControlError, Emulator, EmulatorServer, NotFound
from emulator.cli.explore import explore
from emulator.cli.main import main
from emulator.client.bounds import read_limits
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from tests.support.commands import invoke
from tests.support.plugin import run
from tests.support.server import Live

LISTED = {"credentials": {"serpwow": ["demo"]}, "given": {"serpwow": {"batches": [{"id": "B1"}]}}}
SCENARIO = "title: A story\ngiven: {serpwow: {batches: [{id: MINE}]}}"


@pytest.fixture(params=["in this process", "elsewhere"])
def server(request: pytest.FixtureRequest, live: Live) -> Iterator[EmulatorServer]:
    with EmulatorServer(None if request.param == "in this process" else live.url) as server:
        yield server


def status_of(emulator: Emulator, key: str) -> int:
    return httpx.get(f"{emulator.serpwow.url}/account", params={"api_key": key}).status_code


# bounds


def test_a_bound_is_an_argument_or_a_variable_and_the_argument_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_MAX_SNAPSHOTS", " 1\n")
    monkeypatch.setenv("EMULATOR_MAX_JOURNAL", "")
    with Emulator() as emulator:
        emulator.snapshot("a")
        with pytest.raises(ControlError, match=r"EMULATOR_MAX_SNAPSHOTS \(serve --max-snapshots\) allows more"):
            emulator.snapshot("b")
    with EmulatorServer(limits={"snapshots": 2}) as server, Emulator(server=server) as emulator:
        emulator.snapshot("a")
        emulator.snapshot("b")


def test_a_body_that_is_too_large_is_told_how_more_is_allowed_and_it_is() -> None:
    body = b"x" * 300
    with EmulatorServer(limits={"body": 200}) as server, Emulator(server=server) as emulator:
        response = httpx.post(f"{emulator.serpwow.url}/batches", content=body)
        assert "EMULATOR_MAX_BODY (serve --max-body) allows more" in response.text
    with EmulatorServer(limits={"body": 400}) as server, Emulator(server=server) as emulator:
        assert httpx.post(f"{emulator.serpwow.url}/batches", content=body).status_code != 413


@pytest.mark.parametrize("value", ["5e7", "many", "-1", "0", "1.5", "9" * 30])
def test_a_bound_that_is_no_whole_number_is_refused_in_a_line(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_MAX_WORLDS", value)
    with pytest.raises(BadInput) as excinfo:
        EmulatorServer()
    assert str(excinfo.value) == f"EMULATOR_MAX_WORLDS: {value!r} is no whole number from 1 on"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("5e7", "'5e7' is no size: give 64kB, 2GB or 1.5GiB, or a number of bytes"),
        ("-1", "'-1' is no size: give 64kB, 2GB or 1.5GiB, or a number of bytes"),
        ("0", "'0' is no whole number of bytes from 1 to 9223372036854775807"),
        ("9" * 30, f"'{'9' * 30}' is no whole number of bytes from 1 to 9223372036854775807"),
    ],
)
def test_a_bound_that_is_no_size_is_refused_in_a_line(value: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_MAX_BODY", value)
    with pytest.raises(BadInput) as excinfo:
        EmulatorServer()
    assert str(excinfo.value) == f"EMULATOR_MAX_BODY: {reason}"
    monkeypatch.delenv("EMULATOR_MAX_BODY")
    with pytest.raises(BadInput, match="the bound 'body': 'True' is no size"):
        EmulatorServer(limits={"body": True})


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("1m30s", 90), ("PT90S", 90), ("1.5", 2), ("10ms", 1), (0.5, 1), (300, 300), ("1_000", 1000), (timedelta(minutes=1), 60)],
)
def test_a_bound_in_seconds_takes_a_duration_in_any_spelling(value: Any, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_limits({"hang_seconds": value}).hang_seconds == seconds
    monkeypatch.setenv("EMULATOR_MAX_IDLE_SECONDS", str(value) if not isinstance(value, timedelta) else "60s")
    assert read_limits().idle_seconds == seconds


@pytest.mark.parametrize(
    ("value", "reason"), [("0", "no time at all"), ("-1s", "negative"), ("soon", "not a duration such as")]
)
def test_a_bound_in_seconds_that_is_no_time_is_refused(value: str, reason: str) -> None:
    with pytest.raises(BadInput, match=f"the bound 'head_seconds': .*{reason}"):
        read_limits({"head_seconds": value})
    result = invoke(main, ["serve", "--max-head-seconds", value])
    assert result.exit_code == 2
    assert reason in " ".join(result.output.split())


@pytest.mark.parametrize(("value", "seconds"), [("1m30s", 90), ("PT90S", 90), ("1.5s", 1.5), ("0.25", 0.25), ("inf", inf)])
def test_explore_takes_a_duration_in_any_spelling(value: str, seconds: float) -> None:
    assert explore.make_context("explore", ["--max-seconds", value, "first-run", "true"]).params["max_seconds"] == seconds


@pytest.mark.parametrize(
    ("value", "hint"), [("2s", "timeout=2"), ("1m30s", "timeout=90"), (timedelta(minutes=5), "timeout=300"), ("never", None)]
)
def test_an_idle_connection_is_kept_as_long_as_the_duration_says(
    value: Any, hint: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"keep_alive": value}
    if isinstance(value, str):
        monkeypatch.setenv("EMULATOR_KEEP_ALIVE", f" {value}\n")
        limits = {}
    with EmulatorServer(limits=limits) as server:
        assert httpx.get(f"{server.url}/_emulator/health").headers.get("keep-alive") == hint


@pytest.mark.parametrize(("value", "reason"), [("10ms", "less than 1s"), ("forever", "'never' keeps"), ("-1", "negative")])
def test_a_keep_alive_that_is_no_duration_is_refused(value: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_KEEP_ALIVE", value)
    with pytest.raises(BadInput, match=f"^EMULATOR_KEEP_ALIVE: .*{reason}"):
        EmulatorServer()


def test_a_bound_that_there_is_not_is_told_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean 'journal'"):
        EmulatorServer(limits={"jurnal": 1})


def test_a_server_elsewhere_has_bounds_of_its_own(live: Live) -> None:
    with pytest.raises(ControlError, match="bounds of its own"):
        EmulatorServer(live.url, limits={"body": 1})


def test_bounds_and_folders_can_stand_in_the_ini_file(pytester: pytest.Pytester) -> None:
    pytester.mkdir("mine").joinpath("story.yaml").write_text(SCENARIO)
    pytester.makeini("[pytest]\nemulator_scenarios = mine\nemulator_limits =\n    snapshots = 1\n    journal = 7")
    result = run(
        pytester,
        """
@pytest.mark.scenario("story")
def test_it(emulator):
    assert emulator.serpwow.batches[0].id == "MINE"
    emulator.snapshot("a")
    with pytest.raises(Exception, match="EMULATOR_MAX_SNAPSHOTS"):
        emulator.snapshot("b")
""",
    )
    result.assert_outcomes(passed=1)


# folders of scenarios


def test_a_folder_of_scenarios_is_an_argument_or_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "story.yaml").write_text(SCENARIO)
    with EmulatorServer(scenarios=tmp_path) as server, Emulator("story", server=server) as emulator:
        assert emulator.serpwow.batches[0].id == "MINE"
    monkeypatch.setenv("EMULATOR_SCENARIOS", f"{tmp_path}\n")
    with Emulator("story") as emulator:
        emulator.load("first-run")
        emulator.load("story")
        assert emulator.serpwow.batches[0].id == "MINE"


def test_a_server_elsewhere_is_sent_what_is_in_a_folder_of_ours(tmp_path: Path, live: Live) -> None:
    (tmp_path / "story.yaml").write_text(SCENARIO)
    with EmulatorServer(live.url, scenarios=[tmp_path]) as server, Emulator("story", server=server) as emulator:
        assert emulator.serpwow.batches[0].id == "MINE"
        emulator.load("first-run")
        assert len(emulator.serpwow.batches) == 3


def test_a_folder_that_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_SCENARIOS", "nowhere")
    with pytest.raises(BadInput, match=r"^there is no folder 'nowhere' \(EMULATOR_SCENARIOS\)$"):
        EmulatorServer()


# credentials


def test_a_key_of_nobodys_hears_the_vendors_own_refusal() -> None:
    with Emulator() as emulator:
        unknown = httpx.get(f"{emulator.serpwow.url}/account", params={"api_key": "demo"})
        assert (unknown.status_code, unknown.json()["request_info"]["success"]) == (401, False)
        bearer = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview"}
        assert httpx.get(f"{emulator.stripe.url}/v2/core/batch_jobs/x", headers=bearer).status_code == 401
        assert httpx.get(f"{emulator.sixdot50.url}/accounts", headers={"Authorization": "Bearer demo"}).status_code == 401
        header = {"Emulator-World": emulator.id}
        assert httpx.get(f"{emulator.serpwow.url}/account", params={"api_key": "demo"}, headers=header).status_code == 200
        assert len(emulator.journal.exchanges()) == 1


def test_a_key_that_a_scenario_lists_picks_its_world_until_that_ends(server: EmulatorServer) -> None:
    for load in (False, True, False):
        with Emulator(None if load else LISTED, server=server) as emulator:
            if load:
                emulator.load(LISTED)
            assert httpx.get(f"{emulator.serpwow.url}/batches/B1", params={"api_key": "demo"}).status_code == 200
            assert len(emulator.journal.exchanges()) == 1


def test_two_worlds_that_list_the_same_key_are_told_the_cure(server: EmulatorServer) -> None:
    with Emulator(LISTED, server=server), Emulator(server=server) as other:
        for make in (lambda: Emulator(LISTED, server=server), lambda: other.load(LISTED)):
            with pytest.raises(
                ControlError, match="leave it out of the scenario, and use the one that each world has"
            ) as excinfo:
                make()
            assert excinfo.value.status == 409
            assert "demo" not in str(excinfo.value)


def test_two_runs_that_list_the_same_key_are_told_the_cure(pytester: pytest.Pytester, live: Live) -> None:
    with EmulatorServer(live.url) as server, Emulator(LISTED, server=server):
        result = run(pytester, f"@pytest.mark.scenario({LISTED!r})\ndef test_it(emulator): ...", f"--emulator-url={live.url}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*credential that picks the world * already: leave it out of the scenario*"])
    result.stdout.no_re_match_line(r".*\.py:\d+: ")


def test_a_client_with_a_key_that_the_scenario_lists_can_be_explored(server: EmulatorServer) -> None:
    def client(emulator: Emulator) -> None:
        assert status_of(emulator, "demo") == 200

    with Emulator(server=server) as emulator:
        assert emulator.explore(LISTED, client).calls == 1
    with Emulator(LISTED, server=server) as emulator:  # its own world has the key
        assert emulator.explore(LISTED, lambda emulator: status_of(emulator, emulator.serpwow.api_key)).calls == 1


# what a failing test is told

STORY = """
@pytest.mark.scenario("first-run")
def test_that_fails(emulator):
    url = emulator.url
    httpx.get(f"{url}/live/account?api_key=somebody-elses")
    httpx.get(f"{url}/live/account?api_key=x", headers={"Emulator-World": "another"})
    httpx.get(f"{url}/nowhere", headers={"Host": "evil.example.com"})
    httpx.get(f"{url}/nowhere")
    emulator.clock.advance("1s")
    assert False
"""


def test_the_story_lists_what_missed_the_world_and_what_is_next(pytester: pytest.Pytester) -> None:
    result = run(pytester, STORY)
    result.stdout.fnmatch_lines(
        [
            "  next: 2026-03-09T20:55:33Z  serpwow batch 2A6F94BB: serpwow.queue ends",
            "no request reached this world",
            "requests that reached another world or none since this one was made:",
            "  GET /live/account?api_key=some… -> 401 (world default, by its key some…; "
            "the key of this world is emulator.serpwow.api_key, ????…)",
            "  GET /live/account?api_key=… -> 404 (no-such-world)",
            "  GET /nowhere -> 421 (host-not-allowed)",
            "  GET /nowhere -> 404 (no-such-path)",
        ]
    )
    result.stdout.no_fnmatch_line("*URL?*")


def test_a_server_elsewhere_lists_them_too(pytester: pytest.Pytester, live: Live) -> None:
    result = run(pytester, STORY, f"--emulator-url={live.url}")
    result.stdout.fnmatch_lines(
        [
            "requests that reached another world or none since this one was made, of all clients of this server:",
            "  GET /live/account?api_key=some… -> 200 (world default, by its key some…; *emulator.serpwow.api_key, ????…)",
            "  GET /nowhere -> 421 (host-not-allowed)",
        ]
    )


def test_what_missed_an_earlier_world_is_not_told_of_a_later_one(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_one(emulator):
    httpx.get(f"{emulator.url}/live/account?api_key=demo")

def test_two(emulator):
    assert False
""",
        "-p",
        "no:randomly",
    )
    result.stdout.fnmatch_lines(["no request reached this world"])
    result.stdout.no_fnmatch_line("*another world*")


@pytest.mark.parametrize(
    "test",
    [
        "assert False",
        "emulator.clock.advance('1s'); assert emulator.serpwow.account.credits_used == 5",
        "url = emulator.serpwow.url; assert not url",
        "emulator.state.change({'serpwow': {'batches': [{'id': 'B'}]}}); assert False",
    ],
)
def test_nothing_is_said_of_urls_and_proxies_where_no_client_is_to_blame(
    pytester: pytest.Pytester, test: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    result = run(pytester, f"def test_it(emulator): {test}")
    result.stdout.fnmatch_lines(["no request reached this world"])
    result.stdout.no_fnmatch_line("*pointed at*")
    result.stdout.no_fnmatch_line("*proxy*")


def test_a_client_that_fails_is_told_of_its_url_and_of_the_proxy(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(pytester, "def test_it(emulator): httpx.get('http://127.0.0.1:1')")
    result.stdout.fnmatch_lines(["is the client pointed at this world's URL?"])
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret@127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    result = run(pytester, "def test_it(emulator): stop(emulator, 'B')", "--tb=short")
    result.stdout.fnmatch_lines(["clients that heed the environment go to the proxy http://…@127.0.0.1:1 (HTTP_PROXY) for *"])
    result.stdout.no_fnmatch_line("*secret*")


def test_the_story_tells_of_a_request_that_a_fault_holds_up(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
from threading import Thread

def test_that_fails(emulator):
    emulator.faults.add(at="serpwow", where="before-commit", do="delay", delay="30s", clock="real")
    asking = Thread(target=stop, args=(emulator, "B"), daemon=True)
    asking.start()
    while asking.is_alive() and not emulator.faults.held():
        pass
    assert False
""",
    )
    result.stdout.fnmatch_lines(["  under way: GET /live/batches/B/stop?api_key=*…, held up by delay before-commit"])


def test_the_story_blames_no_url_for_a_request_that_a_fault_holds_up(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_that_fails(emulator):
    emulator.faults.add(at="serpwow", where="before-commit", do="delay", delay="5m", clock="real")
    url = f"{emulator.serpwow.url}/account"
    try:
        httpx.get(url, params={"api_key": emulator.serpwow.api_key}, timeout=httpx.Timeout(5, read=0.01))
    finally:
        for _ in range(50_000):
            if emulator.faults.held():
                break
""",
    )
    result.stdout.fnmatch_lines(["  under way: GET /live/account?api_key=*…, held up by delay before-commit"])
    result.stdout.no_fnmatch_line("*no request reached*")
    result.stdout.no_fnmatch_line("*pointed at*")


# what else the test has patched

MOCKED = """
import aiohttp
import asyncio
from aioresponses import aioresponses
import responses
import respx

URL = "https://elsewhere.example/"

def use(emulator):
    emulator.load("first-run")
    emulator.clock.advance("2s")
    assert emulator.serpwow.batch("2A6F94BB").status == "running"
    emulator.reset()
    assert list(emulator.journal) == []

def test_respx(emulator):
    with respx.mock:
        respx.get(URL).respond(200)
        httpx.get(URL)
        use(emulator)

def test_pytest_httpx(emulator, httpx_mock):
    httpx_mock.add_response(url=URL)
    httpx.get(URL)
    use(emulator)

@responses.activate
def test_responses(emulator):
    use(emulator)

def test_aioresponses(emulator):
    with aioresponses():
        use(emulator)

def test_frozen_time(emulator):
    from freezegun import freeze_time
    with freeze_time("2020-01-01"):
        use(emulator)
        assert emulator.clock.now.isoformat() == "2026-03-09T20:55:31+00:00"
        assert stop(emulator, "2A6F94BB").status_code == 200
"""


@pytest.mark.parametrize("where", ["in this process", "elsewhere"])
def test_the_handle_reaches_its_server_whatever_the_test_has_mocked(
    pytester: pytest.Pytester, live: Live, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:schemathesis")  # and with all that mock
    result = run(pytester, MOCKED, *([f"--emulator-url={live.url}"] if where == "elsewhere" else []))
    result.assert_outcomes(passed=5)


FROZEN = """
import pytest
from emulator import Emulator
from freezegun import freeze_time

@pytest.fixture(autouse=True)
def frozen():
    with freeze_time("2020-01-01"):
        yield

def test_first(frozen, emulator):
    emulator.load("first-run")
    emulator.clock.advance("2s")
    assert stop(emulator, "2A6F94BB").status_code == 200
    emulator.snapshot("here")
    emulator.restore("here")
    emulator.export("its.world")
    with Emulator.open("its.world") as opened:
        assert opened.clock.now.isoformat() == "2026-03-09T20:55:33+00:00"
        assert opened.serpwow.batch("2A6F94BB").status == "idle"

def test_second(emulator):
    emulator.load("first-run")
    emulator.clock.advance("2s")
    assert emulator.serpwow.batch("2A6F94BB").status == "running"
"""


@pytest.mark.parametrize("where", ["in this process", "elsewhere"])
def test_a_session_whose_time_is_frozen_before_its_first_world_runs(pytester: pytest.Pytester, live: Live, where: str) -> None:
    result = run(pytester, FROZEN, "-p", "no:randomly", *([f"--emulator-url={live.url}"] if where == "elsewhere" else []))
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("url", [" {}/\n", "{}/_emulator", "{bare}"])
def test_a_url_is_taken_as_files_and_people_write_it(
    pytester: pytest.Pytester, live: Live, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMULATOR_URL", url.format(live.url, bare=live.url.removeprefix("http://")))
    result = run(pytester, f"def test_it(emulator):\n    stop(emulator, 'B')\n    assert emulator.url == {live.url!r}")
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "arguments",
    [
        ["play", "first-run", "--against", "http://me:secret@ci"],
        ["explain", "--url", "http://me:secret@ci"],
        ["healthcheck", "--url", "http://me:secret@ci"],
    ],
)
def test_a_password_in_a_url_is_not_shown(arguments: list[str]) -> None:
    result = invoke(main, arguments)
    assert result.exit_code == 1
    assert "names a user" in result.output
    assert "secret" not in result.output
    with pytest.raises(ControlError, match="names a user") as excinfo:
        EmulatorServer("http://me:secret@ci")
    assert "secret" not in str(excinfo.value)


@pytest.mark.parametrize("host", ["::", "::1", "[::1]"])
def test_a_server_on_ipv6_is_asked_for_its_health_and_played_on(host: str) -> None:
    with ThreadedServer(create_app(worlds_of([])), "::1") as threaded_server:
        port = threaded_server.url.rpartition(":")[2]
        assert invoke(main, ["healthcheck", "--host", host, "--port", port]).output == "ready\n"
        assert invoke(main, ["play", "first-run", "--against", threaded_server.url]).exit_code == 0
        with EmulatorServer(threaded_server.url) as server, Emulator(server=server) as emulator:
            assert status_of(emulator, emulator.serpwow.api_key) == 200


GREEN = """
from gevent import monkey; monkey.patch_all()
import requests
from emulator import Emulator
with Emulator("first-run") as emulator:
    with requests.Session() as session:
        session.mount("http://", emulator.adapter())
        print(session.get("http://api.serpwow.com/live/account", params={"api_key": emulator.serpwow.api_key}).status_code)
    emulator.url
"""


def test_a_process_that_gevent_has_patched_does_without_a_socket_and_is_told_so_in_a_line() -> None:
    result = subprocess.run([sys.executable, "-c", GREEN], capture_output=True, text=True, check=False)
    assert result.stdout == "200\n"
    assert "no server can run in this process, since gevent has patched its threads" in result.stderr


@pytest.mark.parametrize(("way", "library"), [("transport", "httpx"), ("adapter", "requests")])
def test_without_its_library_a_way_without_a_socket_says_so_and_all_else_works(way: str, library: str) -> None:
    code = f"""
import sys
sys.modules["httpx"] = sys.modules["httpx2"] = sys.modules["requests"] = None
from emulator import Emulator, ControlError
with Emulator("first-run") as emulator:
    emulator.clock.advance("2s")
    try:
        emulator.{way}()
    except ControlError as error:
        print(error)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stdout == f"emulator.{way}() is for {library}, which is not installed here: pip install {library}\n", (
        result.stderr
    )


@pytest.mark.parametrize(
    "arguments", [["play", "first-run"], ["check", "first-run"], ["explain", "--url", "http://127.0.0.1:1"]]
)
def test_no_command_needs_httpx_or_requests(arguments: list[str]) -> None:
    code = "import sys; sys.modules['httpx'] = sys.modules['requests'] = None; from emulator.cli.main import main; main()"
    result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert "Traceback" not in result.stderr
    assert result.returncode == (1 if arguments[0] == "explain" else 0), result.stderr


# what people really write


def test_a_token_that_no_world_gave_is_not_called_a_missing_key(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_it(emulator):
    headers = {"Authorization": "Bearer nonsense"}
    httpx.post(f"{emulator.sixdot50.url}/batches/B/cancel", headers=headers).raise_for_status()
""",
    )
    result.stdout.fnmatch_lines(["  POST */batches/B/cancel -> 401 (world default, by its key …; *"])
    result.stdout.no_fnmatch_line("*without a key*")
    result.stdout.no_fnmatch_line("*URL?*")


def test_a_misspelt_variable_is_named_in_the_header(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_MAX_BODYY", "5")
    monkeypatch.setenv("EMULATOR_MAX_JOURNAL", "5")
    result = run(pytester, "def test_it(emulator): ...", "-W", "error")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["batch-emulator: nothing reads EMULATOR_MAX_BODYY; did you mean EMULATOR_MAX_BODY?"])
    result.stdout.no_fnmatch_line("*nothing reads EMULATOR_MAX_JOURNAL*")


@pytest.mark.parametrize("quiet", [[], ["-q"], ["-qq"]])
def test_a_misspelt_variable_is_named_once_however_quiet_the_run_is(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, quiet: list[str]
) -> None:
    monkeypatch.setenv("EMULATOR_URLS", "http://127.0.0.1:1")
    result = run(pytester, "def test_it(emulator): ...", *quiet)
    assert result.outlines.count("batch-emulator: nothing reads EMULATOR_URLS; did you mean EMULATOR_URL?") == 1


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("good.yaml", "good.yaml: there is no such file; did you mean the scenario 'good'?"),
        (Path("sc/deep/late.yml"), "sc/deep/late.yml: there is no such file; did you mean the scenario 'deep/late'?"),
        ("./good", "./good: there is no such file; did you mean the scenario 'good'?"),
        ("./god", "./god: there is no such file; did you mean the scenario 'good'?"),
        ("../first_runs.yaml", "../first_runs.yaml: there is no such file; did you mean the scenario 'first-run'?"),
        ("./nosuch", "./nosuch: there is no such file; a scenario file ends in .yaml, .yml or .json"),
        ("/nowhere/nosuch", "/nowhere/nosuch: there is no such file; a scenario file ends in .yaml, .yml or .json"),
        (Path("nosuch"), "nosuch: there is no such file; a scenario file ends in .yaml, .yml or .json"),
        ("./", "./: is a folder, not a scenario: name a file in it"),
        ("sc/good", "no scenario is called 'sc/good'; did you mean 'good'"),
        ("title: x\ngiven: {}\n", "/scenario: this is the text of a scenario: give a file, a name, or a mapping"),
        ("first-run.yaml", "first-run.yaml: there is no such file; did you mean the scenario 'first-run'?"),
        ("no-such.yaml", "no-such.yaml: there is no such file"),
    ],
)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_scenario_that_is_written_otherwise_is_told_of_its_name(
    tmp_path: Path, live: Live, elsewhere: bool, value: Any, message: str
) -> None:
    for name in ("good", "deep/late"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.yaml").write_text(SCENARIO)
    with EmulatorServer(live.url if elsewhere else None, scenarios=tmp_path) as server, Emulator(server=server) as emulator:
        with pytest.raises((BadInput, NotFound, ControlError)) as excinfo:
            emulator.load(value)
        assert message in str(excinfo.value)


def test_a_dry_run_takes_a_body_as_json_by_either_name(server: EmulatorServer) -> None:
    with Emulator(server=server) as emulator:
        url, wish = "/za/pay/authentication/getToken", {"key": emulator.sixdot50.key, "secret": emulator.sixdot50.secret}
        assert [emulator.dry_run("POST", url, **{keyword: wish}).status for keyword in ("json", "body")] == [200, 200]
        with pytest.raises(TypeError, match=r"give body=\.\.\. or json=\.\.\., not both"):
            emulator.dry_run("POST", url, json=wish, body=wish)


@pytest.mark.parametrize(
    "change", [{"serpwow": {}}, {"serpwow": {"batches": []}}, {"stripe": {"batch_jobs": []}, "serpwow": {}}]
)
def test_a_change_that_names_nothing_is_refused(server: EmulatorServer, change: dict[str, Any]) -> None:
    with Emulator(server=server) as emulator, pytest.raises(ControlError, match="it names nothing that is to change"):
        emulator.state.change(change)


def test_a_list_is_compared_with_the_comma_form_of_a_form_field(server: EmulatorServer) -> None:
    with Emulator(server=server) as emulator:
        form = {"name": "B", "schedule_days_of_week": "1,3"}
        key = {"api_key": emulator.serpwow.api_key}
        httpx.post(f"{emulator.serpwow.url}/batches", params=key, data=form)
        emulator.journal.assert_called("serpwow.batches.create", json={"schedule_days_of_week": [1, 3]})
        with pytest.raises(AssertionError, match=r"schedule_days_of_week\[1\] is 3, not 4"):
            emulator.journal.assert_called("serpwow.batches.create", json={"schedule_days_of_week": [1, 4]})
        with pytest.raises(AssertionError, match="has 2 items, not 3"):
            emulator.journal.assert_called("serpwow.batches.create", json={"schedule_days_of_week": [1, 3, 5]})


def test_the_fields_of_nested_objects_are_attributes(server: EmulatorServer) -> None:
    with Emulator("first-run", server=server) as emulator:
        payment = emulator.sixdot50.batches[0].payments[0]
        assert payment.amount == payment["amount"]
        with pytest.raises(AttributeError, match="no field is called 'amout'; did you mean 'amount'"):
            payment.amout  # noqa: B018
        with pytest.raises(AttributeError, match="is a copy"):
            payment.amount = 5
