"""The command `watch`: a line for each entry as it is written, in any terminal, whatever becomes of the server."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from emulator.cli.main import main
from emulator.client.event_source import ServerEvent, events_in
from emulator.client.http import Refused
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from tests.support.loading import LIBRARY
from tests.support.server import Live, World

BATCHES = {"given": {"serpwow": {"batches": [{"id": f"B{n}", "status": "queued", "searches": 5} for n in range(4)]}}}
PROGRAM = """
import signal
from emulator.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background ignores it
main()
"""
NOBODY = "/live/batches/%1B%5B31mX/stop"


@pytest.fixture
def world(live: Live) -> World:
    return live.load(BATCHES)


def call(live: Live, world: World, path: str) -> None:
    httpx.get(f"{live.url}{path}", params={"api_key": world.serpwow["api_key"]})


@contextmanager
def watching(url: str, *options: str, out: int = subprocess.PIPE, **variables: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PROGRAM, "watch", "--url", url, *options]
    environment = {**os.environ, "TERM": "xterm", **variables}
    with subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def lines_of(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    return (line.rstrip("\n") for line in process.stdout)


def test_each_entry_is_a_line_in_which_nothing_is_obeyed(live: Live, world: World) -> None:
    with watching(live.url, "--world", world.id, "--since", "0") as process:
        lines = lines_of(process)
        call(live, world, "/live/batches/B0/stop")
        assert next(lines).endswith("…  200 stopped  batch B0: queued -> idle")
        call(live, world, NOBODY)
        assert "\x1b" not in (line := next(lines))
        assert "  400 " in line
        world.advance("1m")
        assert ": queued -> running, after serpwow.queue" in next(lines)


def test_it_ends_quietly_on_an_interrupt(live: Live, world: World) -> None:
    with watching(live.url, "--world", world.id, "--since", "0") as process:
        call(live, world, "/live/batches/B0/stop")
        next(lines_of(process))
        process.send_signal(signal.SIGINT)
        assert process.communicate() == ("", "")
        assert process.returncode == 0


def test_it_ends_quietly_when_its_reader_is_gone(live: Live, world: World) -> None:
    with watching(live.url, "--world", world.id, "--since", "0") as process:
        call(live, world, "/live/batches/B0/stop")
        next(lines_of(process))
        assert process.stdout is not None
        process.stdout.close()
        call(live, world, "/live/batches/B1/stop")
        assert process.stderr is not None
        assert (process.wait(), process.stderr.read()) == (0, "")


def test_entries_are_json_for_programs(live: Live, world: World) -> None:
    call(live, world, "/live/batches/B0/stop")
    call(live, world, NOBODY)
    with watching(live.url, "--world", world.id, "--since", "0", "--json", "--status", "4xx") as process:
        assert json.loads(next(lines_of(process))) == world.journal()[1]


def test_what_is_undone_is_said_to_be_no_more(live: Live, world: World) -> None:
    with watching(live.url, "--world", world.id, "--since", "0") as process:
        lines = lines_of(process)
        for id in ("B0", "B1"):
            call(live, world, f"/live/batches/{id}/stop")
            next(lines)
        live.control.post(f"/_emulator/worlds/{world.id}/undo", json={"exchanges": 1})
        assert next(lines) == "-- all after entry 1 is no more"


@pytest.mark.parametrize(("variables", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_a_terminal_has_colours_unless_it_wants_none(
    live: Live, world: World, variables: dict[str, str], is_coloured: bool
) -> None:
    call(live, world, "/live/batches/B0/stop")
    ours, theirs = pty.openpty()
    with watching(live.url, "--world", world.id, "--since", "0", out=theirs, **variables):
        os.close(theirs)
        shown = b""
        while b"\n" not in shown:
            shown += os.read(ours, 4096)
    os.close(ours)
    assert (b"\x1b[32m200 stopped\x1b[0m" in shown, b"\x1b" in shown) == (is_coloured, is_coloured)


def test_it_goes_on_when_the_server_is_back() -> None:
    def serving(port: int = 0) -> ThreadedServer:
        return ThreadedServer(create_app(worlds_of([LIBRARY.get("first-run")])), port=port)

    with ExitStack() as stack:
        with serving() as first:
            url = first.url
            process = stack.enter_context(watching(url, "--since", "0"))
            lines = lines_of(process)
            httpx.get(f"{url}/live/account?api_key=demo")
            assert next(lines).endswith("200 account")
        assert process.stderr is not None
        assert "is gone: this goes on when it is back" in process.stderr.readline()
        with serving(int(url.rpartition(":")[2])):
            httpx.get(f"{url}/live/batches?api_key=demo")
            assert next(lines) == "-- the journal began anew"
            assert "/live/batches?api_key=…  200 " in next(lines)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--world", "nowhere"], "no world is called 'nowhere'"),
        (["--status", "odd"], "status is a number such as 404"),
        (["--operation", "serpwow.batches.stopp"], "did you mean 'serpwow.batches.stop'"),
    ],
)
def test_what_cannot_be_watched_is_refused(live: Live, arguments: list[str], reason: str) -> None:
    result: Any = CliRunner().invoke(main, ["watch", "--url", live.url, *arguments])
    assert (result.exit_code, reason in result.output) == (1, True), result.output


def test_without_a_server_there_is_nothing_to_watch() -> None:
    result: Any = CliRunner().invoke(main, ["watch", "--url", "http://127.0.0.1:1"])
    assert (result.exit_code, "nothing to watch at http://127.0.0.1:1" in result.output) == (1, True), result.output


CHANGE = {"n": 1, "at": "x", "type": "change", "vendor": "v", "resource": "r", "id": "i", "from": "a", "to": "b", "why": "w"}


@pytest.mark.parametrize(
    "data",
    [
        "5", "[]", "{", "[" * 100_000, '{"n": %s}' % ("9" * 5_000), '{"n": 1, "at": "x"}', '{"n": 1, "at": "x", "type": "other"}',
        '{"n": 1, "at": "x", "type": ["change"]}', json.dumps(CHANGE | {"n": {}}), json.dumps(CHANGE | {"why": 1}),
        json.dumps(CHANGE | {"type": "exchange"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["message", "reset", "gap"])
def test_what_is_no_event_of_an_emulator_is_refused(name: str, data: str) -> None:
    with pytest.raises(Refused, match="none of an emulator"):
        [*events_in([f"event: {name}\n".encode(), f"data: {data}\n".encode(), b"\n"])]


def test_an_event_of_another_name_and_its_other_fields_are_passed_over() -> None:
    lines = (line for n in range(1_000) for line in (b"field%d: x\n" % n, b"event: of another release\n", b"data: 5\n", b"\n"))
    events = events_in([*lines, b"more: x\n", f"data: {json.dumps(CHANGE)}\n".encode(), b"\n"])
    assert [it for it in events if it.name] == [ServerEvent("message", None, CHANGE)]
