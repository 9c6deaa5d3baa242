"""The commands `export` and `open`: from a running server into a file, and from the file into a server that stands still."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import decompress
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from emulator import Emulator, EmulatorServer
from emulator.cli.main import main
from tests.support.server import Live, World

COMMAND = [sys.executable, "-c", "from emulator.cli.main import main; main()"]
SCENARIO = {"clock": {"rate": "real"}, "given": {"serpwow": {"batches": [{"id": "B1", "status": "queued", "searches": 5}]}}}


@pytest.fixture
def world(live: Live) -> World:
    world = live.load(SCENARIO)
    for verb in ("stop", "start", "stop"):
        httpx.get(f"{live.url}/live/batches/B1/{verb}", params={"api_key": world.serpwow["api_key"]}).raise_for_status()
    return world


@pytest.fixture
def file(live: Live, world: World, tmp_path: Path) -> Path:
    path = tmp_path / "a world.gz"
    result = CliRunner().invoke(main, ["export", world.id, "--url", live.url, "--output", str(path), "--about", "a test"])
    assert (result.exit_code, f"bytes; batch-emulator open {path}" in result.stderr) == (0, True)
    return path


def test_a_world_goes_to_standard_output_byte_for_byte(live: Live, world: World) -> None:
    printed = subprocess.run([*COMMAND, "export", world.id, "--url", live.url], capture_output=True, check=True)
    header, *_, end = decompress(printed.stdout).splitlines()
    assert (json.loads(header)["file"]["world"], set(json.loads(end))) == (world.id, {"end"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "nobody"], "no world is called 'nobody'"),
        (["export", "default", "--output", "/nowhere/there/x.gz"], "cannot be written"),
        (["export", "default", "--url", "http://127.0.0.1:1"], "no file from http://127.0.0.1:1"),
    ],
)
def test_an_export_that_fails_says_why(live: Live, arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(main, [arguments[0], *([] if "--url" in arguments else ["--url", live.url]), *arguments[1:]])
    assert (result.exit_code, message in result.stderr) == (1, True)


@contextmanager
def opened(file: Path, *options: str) -> Iterator[tuple[str, str]]:
    """Open a file in a process of its own; yield the URL, and what is told about the world."""
    command = [*COMMAND, "open", str(file), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            url = process.stdout.readline().strip().removeprefix("EMULATOR_URL=")
            told = ""
            while "Its credentials" not in told and (line := process.stderr.readline()):
                told += line
            yield url, told
        finally:
            process.kill()


def test_an_opened_world_stands_still_where_it_ended_and_can_go_back(file: Path) -> None:
    with opened(file) as (url, told), httpx.Client(base_url=f"{url}/_emulator/worlds/default") as client:
        clock, journal = client.get("/clock").json(), client.get("/journal").json()
        assert (clock["rate"], [it["operation"] for it in journal["entries"]][-1]) == ("frozen", "serpwow.batches.stop")
        assert (
            clock["now"][:19] in told,
            ", a test, written " in told,
            f"{url}/_emulator/console#/w/default/journal" in told,
        ) == (
            True,
            True,
            True,
        )
        assert [line.split()[2] for line in told.splitlines() if " 200 " in line] == ["GET"] * 3
        assert "serpwow" in client.get("/journal/3/explain").text
        assert client.post("/undo").json()["journal"] == 2
        assert client.get("/state").json()["serpwow"]["batches"][0]["status"] == "queued"


def test_a_world_is_opened_at_an_entry(file: Path) -> None:
    with opened(file, "--at", "1") as (url, told):
        state = httpx.get(f"{url}/_emulator/worlds/default/state").json()
    assert ("Time stands still at" in told, ", entry 1." in told, state["serpwow"]["batches"][0]["status"]) == (
        True,
        True,
        "idle",
    )


def test_a_file_says_nothing_that_a_terminal_obeys_or_that_looks_like_a_line_of_ours(
    live: Live, world: World, tmp_path: Path
) -> None:
    about = "\x1b]0;mine\x07\nEMULATOR_URL=http://127.0.0.1:1"
    content = httpx.get(f"{live.url}/_emulator/worlds/{world.id}/export", params={"about": about}).content
    file = tmp_path / "hostile.world.gz"
    file.write_bytes(content)
    with opened(file) as (_, told):
        assert "\\x1b]0;mine\\x07\\x0aEMULATOR_URL=http://127.0.0.1:1" in told


def test_a_client_goes_on_with_the_credentials_of_the_opened_world(file: Path) -> None:
    with opened(file) as (url, _):
        own: Any = httpx.get(f"{url}/_emulator/worlds/default").json()["credentials"]["serpwow"]
        answer = httpx.get(f"{own['url']}/batches/B1/start", params={"api_key": own["api_key"]})
        assert answer.status_code == 200
        assert httpx.get(f"{url}/_emulator/worlds/default/journal").json()["last"] == 4


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (lambda file: file[:-100], (), "it was cut short"),
        (lambda _: b"hello", (), "this file is no world"),
        (lambda file: file, ("--at", "99"), "this journal has no entry 99: its newest is 3"),
        (lambda file: file, ("--max-memory", "2kB"), "--max-memory"),
    ],
)
def test_a_file_that_cannot_be_opened_says_why(file: Path, make: Any, options: tuple[str, ...], message: str) -> None:
    file.write_bytes(make(file.read_bytes()))
    result = CliRunner().invoke(main, ["open", str(file), "--port", "0", *options])
    assert (result.exit_code, message in result.stderr, str(file) in result.stderr) == (1, True, True)


def test_a_handle_opens_what_a_handle_wrote(tmp_path: Path) -> None:
    path = tmp_path / "x.world.gz"
    with EmulatorServer() as server, Emulator("first-run", server=server) as emulator:
        httpx.get(f"{emulator.serpwow.url}/batches/2A6F94BB/stop", params={"api_key": emulator.serpwow.api_key})
        written = emulator.export(path)
        state = dict(emulator.state)
        assert path.read_bytes() == written
        with Emulator.open(path, server=server, id="again") as again:
            assert (again.id, dict(again.state)) == ("again", state)
    with Emulator.open(path) as alone:
        assert [it.status for it in alone.journal.exchanges()] == [200]
