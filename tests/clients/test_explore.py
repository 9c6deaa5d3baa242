"""Explore finds the ending that breaks a client, says the smallest first, and leaves a scenario that has it again."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from emulator import Emulator
from emulator.cli.explore_options import read_fault, read_faults
from emulator.cli.main import main
from emulator.client.explore import Client, OutOfTime, TimeStandsStill, TooManyEndings
from emulator.client.failure_report import failure_report
from emulator.client.standstill import Standstill
from emulator.client.watchdog import Interrupted, Watchdog
from emulator.kernel.errors import BadInput
from emulator.scenario.layout import to_yaml
from emulator.scenario.loader import load_file
from emulator.scenario.strict_yaml import parse
from emulator.vendors import VENDORS

LATE = {
    "clock": {"start": "2026-03-09T20:55:31Z"},
    "timing": {"serpwow.queue": "30s", "serpwow.run": "never"},
    "given": {"serpwow": {"batches": [{"id": "B1", "status": "queued", "searches": 200}]}},
}
DROP = {"where": "after-commit", "do": "drop"}
RESET = {"where": "before-commit", "do": "reset"}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def client_of(emulator: Emulator) -> httpx.Client:
    key = {"api_key": emulator.serpwow.api_key}
    return httpx.Client(transport=emulator.transport(), base_url="http://serpwow/live", params=key)


def looks_and_stops(emulator: Emulator) -> None:
    with client_of(emulator) as client:
        if client.get("/batches/B1").json()["batch"]["status"] == "queued":
            client.get("/batches/B1/stop")


def hopes_for_a_refund(emulator: Emulator) -> None:
    looks_and_stops(emulator)
    assert emulator.serpwow.account.credits_used == 0, "no refund"


def test_a_client_that_nothing_can_break_is_tried_with_everything(emulator: Emulator) -> None:
    explored = emulator.explore(LATE, looks_and_stops, faults=[DROP, RESET], may_raise=(httpx.TransportError,))
    assert explored.broken == []
    calls, faults = 2, 2
    intrusions, accidents = 2 * calls, faults * calls
    assert explored.tried == 1 + intrusions + accidents + intrusions * accidents


def test_time_between_the_look_and_the_stop_costs_the_refund(emulator: Emulator) -> None:
    explored = emulator.explore(LATE, hopes_for_a_refund)
    assert [str(ending) for ending in explored.broken] == [
        "the next change comes before serpwow.batches.get #1: AssertionError: no refund",
        "the next change comes between the commit and the answer of serpwow.batches.get #1: AssertionError: no refund",
        "the next change comes before serpwow.batches.stop #1: AssertionError: no refund",
    ]
    assert "queued -> running (after serpwow.queue)" in explored.broken[0].story
    assert str(explored).startswith("3 of 5 endings broke something\n")


class SaysNothing(Exception):
    """An error without words, as that of a plain assert is."""


@pytest.mark.parametrize("words", ["", "\n  ", "\nno refund\nat all"])
def test_an_error_without_words_is_told_by_its_place(emulator: Emulator, words: str) -> None:
    def fails(emulator: Emulator) -> None:
        looks_and_stops(emulator)
        raise SaysNothing(words)

    (ending,) = emulator.explore(LATE, fails).broken
    place = f"at test_explore.py:{fails.__code__.co_firstlineno + 2}: raise SaysNothing(words)"
    assert ending.broke == ("SaysNothing: no refund" if words.strip() else f"SaysNothing {place}")


def test_another_actor_can_come_between(emulator: Emulator) -> None:
    other = {"serpwow": {"batches": [{"id": "B1", "status": "idle"}]}}

    def stops(emulator: Emulator) -> None:
        with client_of(emulator) as client:
            assert client.get("/batches/B1/stop").status_code == 200, "somebody else has stopped it"

    explored = emulator.explore({**LATE, "timing": {"serpwow.queue": "never"}}, stops, meanwhile=[other])
    (ending,) = explored.broken
    assert "another actor sets" in str(ending)
    assert "before serpwow.batches.stop #1" in str(ending)
    assert "after: 0ms" in ending.scenario
    with Emulator(parse(ending.scenario).value) as again, pytest.raises(AssertionError, match="somebody else has stopped it"):
        stops(again)


def looks_ten_seconds_and_stops(emulator: Emulator) -> None:
    with client_of(emulator) as client:
        looked = client.get("/batches/B1")
        emulator.clock.advance("10s")
        assert looked.status_code == client.get("/batches/B1/stop").status_code == 200, "it is gone"


@pytest.mark.parametrize(
    ("does", "deed"),
    [
        ({"serpwow": {"batches": [{"id": "B1", "deleted": True}]}}, "another actor sets {'serpwow': "),
        ({"set": {"serpwow": {"batches": [{"id": "B1", "deleted": True}]}}}, "another actor sets {'serpwow': "),
        ({"revoke": {"serpwow": ["{serpwow.api_key}"]}}, "another actor revokes {'serpwow': "),
    ],
)
def test_another_actor_can_delete_and_revoke_before_and_after_each_call(
    emulator: Emulator, does: dict[str, Any], deed: str
) -> None:
    never = {**LATE, "timing": {"serpwow.queue": "never"}}
    explored = emulator.explore(never, looks_ten_seconds_and_stops, meanwhile=[does])
    acts = [str(ending) for ending in explored.broken]
    assert all(act.startswith(deed) for act in acts)
    assert [act.partition("} ")[2].partition(":")[0] for act in acts] == [
        "before serpwow.batches.get #1",
        "between the commit and the answer of serpwow.batches.get #1",
        "before serpwow.batches.stop #1",
    ]


def creates_and_looks(emulator: Emulator) -> None:
    with client_of(emulator) as client:
        id = client.post("/batches", json={"name": "Nightly"}).json()["batch"]["id"]
        assert client.get(f"/batches/{id}").status_code == 200, "it is gone"


def test_another_actor_can_delete_what_the_client_makes_by_its_name(emulator: Emulator) -> None:
    explored = emulator.explore(
        LATE, creates_and_looks, meanwhile=[{"serpwow": {"batches": [{"name": "Nightly", "deleted": True}]}}]
    )
    assert "between the commit and the answer of serpwow.batches.create #1: AssertionError: it is gone" in str(
        explored.broken[0]
    )
    assert "1 since another actor cannot do that before the first call" in explored.summary()[0]


def test_what_another_actor_can_never_do_is_refused(emulator: Emulator) -> None:
    with pytest.raises(BadInput, match=r"/meanwhile/0: this could not happen at any point: .*; did you mean 'Nightly'\?"):
        emulator.explore(LATE, creates_and_looks, meanwhile=[{"serpwow": {"batches": [{"name": "Nigtly", "deleted": True}]}}])


def stops_twice_when_it_hears_nothing(emulator: Emulator) -> None:
    with client_of(emulator) as client:
        for _ in range(2):
            try:
                reply = client.get("/batches/B1/stop")
            except httpx.TransportError:
                continue
            assert reply.status_code == 200, "the second stop is refused"
            return


def test_the_smallest_ending_is_told_and_none_that_has_it_in_it(emulator: Emulator) -> None:
    explored = emulator.explore(
        LATE, stops_twice_when_it_hears_nothing, faults=[{"at": ["stripe", "6dot50"], **DROP}, RESET, DROP]
    )
    (ending,) = explored.broken
    assert explored.tried + explored.skipped == explored.endings
    assert f"; of {explored.endings} in all, not tried: {explored.skipped} since they contain one that broke" in str(explored)
    assert str(ending).startswith("drop after-commit strikes serpwow.batches.stop #1: AssertionError: the second stop")
    assert len(ending.intrusions) == 1


def test_the_ending_can_be_had_again_from_its_file(emulator: Emulator, tmp_path: Path) -> None:
    (ending,) = emulator.explore(LATE, stops_twice_when_it_hears_nothing, faults=[DROP]).broken
    path = tmp_path / "ending.yaml"
    path.write_text(ending.scenario)
    assert load_file(path, VENDORS).title == "drop after-commit strikes serpwow.batches.stop #1"
    with Emulator(path) as again, pytest.raises(AssertionError, match="the second stop is refused"):
        stops_twice_when_it_hears_nothing(again)


def test_two_things_at_once_may_be_what_it_takes(emulator: Emulator) -> None:
    def loses_track(emulator: Emulator) -> None:
        with client_of(emulator) as client:
            try:
                client.get("/batches/B1/stop")
            except httpx.TransportError:
                assert client.get("/batches/B1").json()["batch"]["status"] == "queued", "it runs, and nobody stopped it"

    explored = emulator.explore(LATE, loses_track, faults=[RESET])
    (ending,) = explored.broken
    assert [intrusion.fault["do"] for intrusion in ending.intrusions if intrusion.fault] == ["delay", "reset"]
    with Emulator(parse(ending.scenario).value) as again, pytest.raises(AssertionError, match="nobody stopped it"):
        loses_track(again)


def test_a_client_that_is_wrong_undisturbed_is_told_so_and_nothing_else(emulator: Emulator) -> None:
    explored = emulator.explore(LATE, lambda _: pytest.fail("always"), check=None)
    assert (explored.tried, [str(ending) for ending in explored.broken]) == (1, ["nothing comes in its way: Failed: always"])


def test_a_check_has_the_last_word(emulator: Emulator) -> None:
    def refunded_once(emulator: Emulator) -> None:
        assert emulator.serpwow.account.credits_used in (0, 200)

    def crashes(emulator: Emulator) -> None:
        looks_and_stops(emulator)

    explored = emulator.explore(LATE, crashes, faults=[DROP], check=refunded_once)
    assert {ending.broke.partition(":")[0] for ending in explored.broken} == {"RemoteProtocolError"}
    assert emulator.explore(LATE, crashes, faults=[DROP], check=refunded_once, may_raise=(httpx.HTTPError,)).broken == []


def test_a_shipped_scenario_is_explored_by_its_name(emulator: Emulator) -> None:
    def looks(emulator: Emulator) -> None:
        assert httpx.get(f"{emulator.serpwow.url}/account", params={"api_key": emulator.serpwow.api_key}).status_code == 200

    assert emulator.explore("first-run", looks).calls == 1


CALLS: dict[str, Any] = {"match": {"query": {"page": "2"}}, "rate_limit": {"calls": 1, "per": "1m"}}


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        (["after-commit:drop"], "/faults/0: expected an object, not 'after-commit:drop'"),
        ("after-commit:drop", "/faults: expected a list, not 'after-commit:drop'"),
        (DROP, "/faults: expected a list, not an object"),
        ([DROP, {**DROP, "at": "x"}], "/faults/1/at: 'x' is none of the"),
        ([read_fault("after-comit:drop")], "/faults/0/where: 'after-comit' is not one of before-auth"),
        ([read_fault("after-comit:drop")], "did you mean 'after-commit'?"),
        ([read_fault("after-commit:dorp")], "did you mean 'drop'?"),
        ([read_fault("after-commit:100")], "/faults/0/status: 100 is less than the minimum of 200"),
        ([{**DROP, "do": "status", "status": 204, "text": "a"}], "/faults/0/text: by HTTP, a reply with status 204 has no body"),
        ([{"where": "after-commit"}], "'do' is missing"),
        ([{**DROP, "wen": 1}], "unknown key 'wen'"),
        ([{"where": "after-commit", "do": "truncate"}], "/faults/0/do: truncate after-commit means nothing"),
        ([{**DROP, "delay": "1s"}], "'delay' belongs to do: delay"),
        *(
            ([{**DROP, key: value}], f"/faults/0/{key}: explore lays a fault at each call in turn")
            for key, value in {"times": 2, "after": 1, "every": 2, "probability": 0.5, "for": "1s", "id": "B1", **CALLS}.items()
        ),
        ([{**DROP, "between": ["2026-03-09T20:55:31Z", "2026-03-09T20:55:32Z"]}], "/faults/0/between: explore lays"),
    ],
)  # fmt: skip
def test_a_fault_that_is_none_is_refused_before_anything_is_tried(emulator: Emulator, faults: Any, message: str) -> None:
    with pytest.raises(BadInput) as excinfo:
        emulator.explore(LATE, lambda _: pytest.fail("it was tried"), faults=faults)
    assert message in str(excinfo.value)


def test_an_exception_that_may_be_raised_needs_no_tuple(emulator: Emulator) -> None:
    assert emulator.explore(LATE, looks_and_stops, faults=[RESET], may_raise=httpx.TransportError).broken == []


@pytest.mark.parametrize("client", [lambda _: None, lambda emulator: emulator.clock.advance("1s")])
def test_a_client_that_calls_nothing_proves_nothing_and_is_refused(emulator: Emulator, client: Client) -> None:
    with pytest.raises(BadInput, match="/client: the client called no operation"):
        emulator.explore(LATE, client, faults=[DROP])


@pytest.mark.parametrize("awaits", [True, False])
def test_an_awaited_client_is_run_to_its_end(emulator: Emulator, awaits: bool) -> None:
    async def fails(emulator: Emulator) -> None:
        async with httpx.AsyncClient(transport=emulator.transport(), base_url="http://serpwow/live") as client:
            await client.get("/account", params={"api_key": emulator.serpwow.api_key})
        raise AssertionError("as it should")

    explored = asyncio.run(emulator.aio.explore(LATE, fails)) if awaits else emulator.explore(LATE, fails)
    assert [ending.broke for ending in explored.broken] == ["AssertionError: as it should"]


def test_a_call_that_no_operation_has_is_left_alone(emulator: Emulator) -> None:
    def goes_astray(emulator: Emulator) -> None:
        with client_of(emulator) as client:
            assert client.get("/batches/B1/stopp").status_code == 404
        looks_and_stops(emulator)

    clients = goes_astray, looks_and_stops
    unmatched, straight = (emulator.explore(LATE, client, faults=[RESET], may_raise=httpx.TransportError) for client in clients)
    assert (unmatched.broken, unmatched.tried) == ([], straight.tried)


NEVER_DONE = {"given": {"serpwow": {"batches": [{"id": "B1", "status": "running", "searches": 1}]}}}


MANY = 20_000
"""Times that a client asks, or does something, which nobody waits for: it is ended long before."""


def polls(emulator: Emulator) -> None:
    """Waits in its own time until the batch is done, as most clients do."""
    with client_of(emulator) as client:
        for _ in range(MANY**2):
            client.get("/batches/B1")
            client.get("/account")


def test_a_client_that_polls_while_time_stands_still_is_ended_and_advised(emulator: Emulator) -> None:
    with pytest.raises(TimeStandsStill, match=r"asked serpwow\.\S+ \d+ times; .*rate: 60.*patch_sleep"):
        emulator.explore(NEVER_DONE, polls)


def test_a_client_that_makes_another_error_of_its_end_is_told_the_same(emulator: Emulator) -> None:
    """As orjson does, where what ends it is raised in a callback."""

    def polls_and_translates(emulator: Emulator) -> None:
        try:
            polls(emulator)
        except KeyboardInterrupt as end:
            raise TypeError("Type is not JSON serializable") from end

    with pytest.raises(TimeStandsStill):
        emulator.explore(NEVER_DONE, polls_and_translates)


@pytest.mark.parametrize("where", ["before-auth", "after-commit"])
def test_a_client_that_polls_only_when_it_is_disturbed_is_an_ending_that_broke(emulator: Emulator, where: str) -> None:
    """A failure makes it poll for what never happens."""

    def stops(emulator: Emulator) -> None:
        with client_of(emulator) as client:
            if client.get("/batches/B1/stop").status_code == 503:
                for _ in range(MANY**2):
                    client.get("/account")

    explored = emulator.explore(LATE, stops, faults=[{"where": where, "do": "status", "status": 503}])
    assert explored.broken
    assert {ending.broke.partition(":")[0] for ending in explored.broken} == {"time stands still"}


def test_what_is_tried_is_told_before_each_run(emulator: Emulator) -> None:
    reports: list[tuple[int, int, str]] = []
    explored = emulator.explore(
        LATE, looks_and_stops, progress=lambda report, what: reports.append((report.tried, report.endings, what))
    )
    assert reports[0] == (1, 0, "nothing comes in its way")
    assert reports[1] == (2, explored.endings, "the next change comes before serpwow.batches.get #1")
    assert [tried for tried, _, _ in reports] == [*range(1, explored.tried + 1)]


def test_an_exploration_ends_when_its_time_is_over_and_tells_what_was_found(emulator: Emulator) -> None:
    def works(_emulator: Emulator) -> None:
        for _ in range(MANY**2):
            pass

    with pytest.raises(OutOfTime, match=r"after 0\.1 s, not even the undisturbed client had come to an end") as over:
        emulator.explore(LATE, works, max_seconds=0.1)
    assert (over.value.explored.tried, over.value.explored.broken) == (0, [])


def test_a_time_that_is_none_is_refused(emulator: Emulator) -> None:
    with pytest.raises(BadInput, match="/max_seconds: expected a number of seconds that is above 0, not 0"):
        emulator.explore(LATE, lambda _: pytest.fail("it was tried"), max_seconds=0)


POLLS = """
import json, os, urllib.request
url = f"{os.environ['SERPWOW_URL']}/batches/B1?api_key={os.environ['SERPWOW_API_KEY']}"
while json.load(urllib.request.urlopen(url))["batch"]["status"] != "idle":
    pass
"""


def test_a_program_that_polls_is_killed_and_the_reason_told(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(to_yaml({"title": "A batch that is polled", **NEVER_DONE}))
    command = [sys.executable, "-m", "emulator", "explore", str(tmp_path / "s.yaml"), "--", sys.executable, "-c", POLLS]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "1 of ?: nothing comes in its way" in result.stderr
    assert "time stands still: the client asked serpwow.batches.get" in result.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals are sent otherwise")
def test_an_interrupt_prints_what_was_found_so_far_and_kills_the_program(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(to_yaml({"title": "A batch", **LATE}))
    # a job that a shell runs in the background begins with SIGINT ignored
    heeds = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.executable, sys.argv[1:])"
    explore = [
        sys.executable,
        "-m",
        "emulator",
        "explore",
        str(tmp_path / "s.yaml"),
        "--",
        "sh",
        "-c",
        "echo begun; exec sleep 600",
    ]
    command = [sys.executable, "-c", heeds, *explore]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "begun\n" in iter(process.stderr.readline, "")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
    assert (process.returncode, output) == (130, "0 of 1 endings broke something\n")


class TestStandstill:
    """A poller is found out by what it asks, not by how fast it is."""

    @staticmethod
    def look(entries: list[dict[str, Any]], elapsed: float = 0.0) -> str | None:
        return Standstill(lambda _method, _path: {"entries": entries}, lambda: elapsed).look()

    @staticmethod
    def asked(n: int, at: str = "t", target: str = "/x", **more: Any) -> dict[str, Any]:
        entry = {"n": n, "type": "exchange", "at": at, "operation": "a.b", "method": "GET", "target": target, "changes": []}
        return {**entry, "request": {"body": None}, **more}

    @pytest.mark.parametrize(
        ("times", "elapsed", "is_standstill"), [(99, 0, False), (100, 0, True), (5, 10.1, True), (4, 60, False)]
    )
    def test_the_same_again_and_again(self, times: int, elapsed: float, is_standstill: bool) -> None:
        assert (self.look([self.asked(n) for n in range(times)], elapsed) is not None) is is_standstill

    @pytest.mark.parametrize(
        "different",
        [{"at": "u"}, {"changes": [{}]}, {"type": "change"}],
        ids=["time passes", "it changes something", "something happens"],
    )
    def test_what_moves_is_no_standstill(self, different: dict[str, Any]) -> None:
        entries = [self.asked(n, **(different if n == 60 else {})) for n in range(120)]
        assert self.look(entries) is None

    def test_what_is_asked_for_each_of_many_is_not_the_same(self) -> None:
        assert self.look([self.asked(n, target=f"/{n}") for n in range(1_000)], 60) is None

    @pytest.mark.parametrize(
        ("times", "elapsed", "is_standstill"), [(999, 0, False), (1_000, 0, True), (50, 10.1, True), (49, 60, False)]
    )
    def test_a_path_whose_query_always_differs_is_a_standstill_later(
        self, times: int, elapsed: float, is_standstill: bool
    ) -> None:
        entries = [self.asked(n, target=f"/x?at={n}") for n in range(times)]
        assert (self.look(entries, elapsed) is not None) is is_standstill

    def test_two_requests_in_turn_are_a_standstill(self) -> None:
        assert self.look([self.asked(n, target=f"/{n % 2}") for n in range(200)]) is not None


class TestWatch:
    """A client is ended in its own thread, and only while it is watched."""

    def test_it_is_interrupted_for_a_reason(self) -> None:
        watch = Watchdog(lambda: "enough", every=0)

        def run() -> None:
            with watch:
                for _ in range(MANY**2):
                    pass

        with pytest.raises(Interrupted):
            run()
        assert watch.reason == "enough"

    def test_what_ends_by_itself_is_left_alone(self) -> None:
        for _ in range(200):
            with suppress(Interrupted), Watchdog(lambda: "enough", every=0):
                pass
        assert sum(range(10_000)) == 49_995_000, "nothing is interrupted from now on"


def test_a_world_with_a_long_name_is_explored() -> None:
    with Emulator(id="w" * 64) as emulator:
        assert emulator.explore(LATE, looks_and_stops).broken == []


def test_more_endings_than_are_wanted_are_refused(emulator: Emulator) -> None:
    with pytest.raises(TooManyEndings, match="more than 10"):
        emulator.explore(LATE, looks_and_stops, faults=[DROP, RESET], most=10)


@pytest.mark.parametrize(
    ("value", "endings"), [(False, ["nothing comes in its way: check returned False"]), (True, []), (None, [])]
)
def test_a_check_that_returns_false_found_something_broken(emulator: Emulator, value: object, endings: list[str]) -> None:
    async def later(_: Emulator) -> object:
        return value

    for check in (lambda _: value, later):
        explored = emulator.explore(LATE, looks_and_stops, check=check)
        assert [str(ending) for ending in explored.broken] == endings


@pytest.mark.parametrize("value", [0, 1, "no", []])
def test_a_check_that_returns_anything_else_is_refused(emulator: Emulator, value: object) -> None:
    with pytest.raises(BadInput, match=r"/check: a check returns True, False or nothing, or raises an error; it returned"):
        emulator.explore(LATE, looks_and_stops, check=lambda _: value)


def test_the_result_of_a_client_says_nothing(emulator: Emulator) -> None:
    def says_no(emulator: Emulator) -> bool:
        looks_and_stops(emulator)
        return False

    assert emulator.explore(LATE, says_no).broken == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"meanwhile": [{}]}, r"/meanwhile/0: \{\} names nothing that is to change: "),
        ({"meanwhile": [{"serpwow": {}}]}, r"/meanwhile/0: \{'serpwow': \{\}\} names nothing that is to change: "),
        (
            {"meanwhile": [{"serpwow": {"account": {"name": "A"}}}, {"stripe": {"batch_jobs": []}}]},
            "/meanwhile/1: .* names nothing that is to change: ",
        ),
        ({"meanwhile": {"serpwow": {}}}, "/meanwhile: expected a list, not an object"),
        ({"meanwhile": ["serpwow"]}, "/meanwhile/0: expected an object, not 'serpwow'"),
        ({"meanwhile": 5}, "/meanwhile: expected a list, not 5"),
        ({"meanwhile": [{"set": {}}]}, r"/meanwhile/0: \{\} names nothing that is to change: "),
        (
            {"meanwhile": [{"serpwow": {"batches": [{"deleted": True}]}}]},
            "/meanwhile/0/serpwow/batches/0: what is deleted is named by id or name",
        ),
        ({"meanwhile": [{"revoke": {"serpow": ["a"]}}]}, "/meanwhile/0/revoke/serpow: .* did you mean 'serpwow'"),
        ({"faults": DROP}, "/faults: expected a list, not an object"),
        ({"faults": None}, "/faults: expected a list, not null"),
        ({"max_seconds": "soon"}, "/max_seconds: 'soon' is not a duration such as"),
        ({"max_seconds": "-1s"}, "/max_seconds: '-1s' is negative"),
        ({"max_seconds": None}, "/max_seconds: nothing is not a duration"),
    ],
)
def test_an_argument_that_means_nothing_is_refused_in_words(
    emulator: Emulator, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        emulator.explore(LATE, lambda _: pytest.fail("it was tried"), **arguments)


@pytest.mark.parametrize("duration", ["20s", "PT20S", "20", 20, 2e1, Decimal(20), timedelta(seconds=20), float("inf")])
def test_the_time_is_a_duration_in_any_spelling(emulator: Emulator, duration: Any) -> None:
    assert emulator.explore(LATE, looks_and_stops, max_seconds=duration).broken == []


# the command line, and what a report shows


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("after-commit:drop", {"where": "after-commit", "do": "drop"}),
        ("before-commit:503", {"where": "before-commit", "do": "status", "status": 503}),
        ("after-commit:delay:30s", {"where": "after-commit", "do": "delay", "delay": "30s"}),
        ("after-commit:delay:next", {"where": "after-commit", "do": "delay", "delay": "next"}),
        ("mid-body:dribble:50ms", {"where": "mid-body", "do": "dribble", "pace": "50ms"}),
    ],
)
def test_a_fault_of_the_command_line_says_all_that_it_needs(text: str, fault: dict[str, Any]) -> None:
    assert read_faults([text]) == [fault]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("after-commit", "is not WHERE:DO"),
        ("after-commit:delay", "how long? a duration such as 30s, or next"),
        ("after-commit:delay:soon", "'after-commit:delay:soon': 'soon' is not a duration such as"),
        ("after-commit:drop:30s", "drop takes nothing after it; delay and dribble take a duration"),
        ("after-commit:100", "'after-commit:100': 100 is less than the minimum of 200"),
        ("after-reply:hang", "hang after-reply means nothing"),
    ],
)
def test_a_fault_of_the_command_line_is_refused_in_its_own_words(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as excinfo:
        read_faults([text])
    assert "/faults" not in str(excinfo.value)


def test_a_delay_of_the_command_line_is_tried_and_a_program_tells_its_exit_code() -> None:
    fault = ["--fault", "after-commit:delay:30s"]
    stops = 'curl -sf "$SERPWOW_URL/batches/2A6F94BB/stop?api_key=$SERPWOW_API_KEY" > /dev/null; exit 3'
    result = CliRunner().invoke(main, ["explore", *fault, "first-run", "--", "sh", "-c", stops])
    assert result.exit_code == 1
    assert "nothing comes in its way: exit code 3" in result.output
    assert "AssertionError" not in result.output


def test_what_was_explored_shows_its_endings(emulator: Emulator) -> None:
    explored = emulator.explore(LATE, hopes_for_a_refund)
    (first, *_) = explored.broken
    assert repr(first) == f"<Ending: {first}>"
    assert repr(explored).startswith(f"<Explored: {len(explored.broken)} of {explored.tried} endings broke something; ")
    assert str(first) in repr(explored)
    lines = failure_report(emulator).splitlines()
    assert "explored, in worlds of their own:" in lines
    assert f"  {first}" in lines
    assert "no request reached this world" not in lines
