"""A vendor in a package of its own: installed beside the emulator in a fresh environment, it is a vendor like any other."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.support.packages import ROOT, install, run


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example, so that nothing is written into the repository."""
    return Path(shutil.copytree(ROOT / "tests" / "example_vendor", tmp_path_factory.mktemp("acme") / "example_vendor"))


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment with the emulator, the example vendor, pytest, and what these need."""
    return install(tmp_path_factory.mktemp("venv"), wheel, project, "pytest")


@contextmanager
def serve(bin_folder: Path, *arguments: str) -> Iterator[str]:
    """The URL of a server in a process of its own."""
    command = [str(bin_folder / "batch-emulator"), "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip().partition("=")[2]
        finally:
            server.terminate()


def ask(method: str, url: str, key: str = "k", body: bytes | None = None) -> tuple[int, dict[str, str]]:
    try:
        with urlopen(Request(url, body, {"X-Acme-Key": key}, method=method)) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        return error.code, json.load(error)


def test_its_own_tests_pass_with_the_kit_and_the_fixture(bin_folder: Path, project: Path) -> None:
    assert "14 passed" in run(bin_folder / "python", "-m", "pytest", "-q", cwd=project)


@pytest.mark.parametrize(
    ("command", "output"),
    [
        (("list", "scenarios", "--vendor", "acme"), "acme/cancel"),
        (("list", "operations", "--vendor", "acme"), "acme.batches.cancel"),
        (("check", "acme/cancel"), "no mistakes"),
        (("play", "acme/cancel", "acme/second-cancel"), "no differences"),
        (("openapi",), "/acme/v1/batches/{id}/cancel"),
        (("draw", "acme"), "queued --> canceled"),
        (("schema",), "acme.second-cancel"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_every_command_knows_it(bin_folder: Path, command: tuple[str, ...], output: str, tmp_path: Path) -> None:
    assert output in run(bin_folder / "batch-emulator", *command, cwd=tmp_path)


def test_a_client_drives_it_over_tcp(bin_folder: Path) -> None:
    with serve(bin_folder) as url:
        batch = f"{url}/acme/v1/batches/b1"
        assert ask("PUT", batch, body=b'{"name": "Mine"}')[0] == 201
        status, output = ask("POST", f"{batch}/cancel")
        assert (status, output["name"], output["status"]) == (200, "Mine", "canceled")
        assert ask("GET", f"{url}/acme/v1/nowhere") == (404, {"error": "There is no such path"})
        with urlopen(f"{url}/_emulator/worlds/default/journal?operation=acme.batches.cancel") as answer:
            (entry,) = json.load(answer)["entries"]
        assert (entry["evidence"], entry["basis"]) == ("acme-cancel-1", "documented")


def test_explore_tells_a_program_where_it_is(bin_folder: Path, tmp_path: Path) -> None:
    script = 'test -n "$ACME_API_KEY" && curl -s -X POST -H "X-Acme-Key: $ACME_API_KEY" "$ACME_URL/batches/b2/cancel"'
    result = run(bin_folder / "batch-emulator", "explore", "acme/second-cancel", "--", "sh", "-c", script, cwd=tmp_path)
    assert result == "0 of 3 endings broke something\n"
