"""What is shipped: the wheel carries everything, works from an empty folder, and imports quickly what it needs."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.packages import ROOT, install, run


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command, in a virtual environment that has nothing else."""
    return install(tmp_path_factory.mktemp("venv"), wheel) / "batch-emulator"


def test_the_wheel_carries_fixtures_and_scenarios(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("fixtures", "scenarios"):
        files = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert {f"emulator/_data/{file}" for file in files} <= names


def test_the_wheel_carries_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"emulator", "batch_emulator_pytest.py"}
    assert "emulator/py.typed" in zipfile.ZipFile(wheel).namelist()


def test_the_installed_command_works_from_an_empty_folder(command: Path, tmp_path: Path) -> None:
    assert "no differences" in run(command, "play", "first-run", "serpwow/stopall-23", "stripe/cancel-complete", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_python_m_emulator_is_the_same_command(command: Path, tmp_path: Path) -> None:
    assert run(command, "--version") == run(command.parent / "python", "-m", "emulator", "--version", cwd=tmp_path)


def test_asking_for_help_imports_nothing_heavy() -> None:
    heavy = run(
        sys.executable,
        "-c",
        "import sys, emulator.cli; print(*({'uvicorn', 'starlette', 'jsonschema', 'httpx'} & set(sys.modules)))",
    )
    assert heavy.strip() == ""


NOT_SERVING = [
    *("cryptography", "trustme", "starlette", "jsonschema", "yaml", "csv", "zipfile"),
    *("emulator.control", "emulator.recording", "emulator.reports", "emulator.state", "emulator.cli.certificate"),
    *(f"emulator.scenario.{name}" for name in ("aliases", "checks", "parameters", "schema", "steps", "validation")),
    *(f"emulator.web.{name}" for name in ("delays", "dry_run", "fault_effects", "faulted_request")),
    *(f"emulator.server.{name}" for name in ("certificates", "handshakes", "tls")),
]
"""Modules that a server which has answered a first request has not imported."""

SERVED = """
import sys
from emulator.cli.serve import FIRST_SCENARIO
from emulator.client.connections import ask
from emulator.server import server
from emulator.server.app import create_app, library, worlds_of
known = library()
app = create_app(worlds_of([known.open(FIRST_SCENARIO)]), known)
assert ask(app, "GET", b"/nothing", [(b"host", b"localhost")]).status == 404
print(*(name for name in sys.argv[1:] if name in sys.modules))
"""


def test_a_server_starts_without_what_only_some_requests_need() -> None:
    assert run(sys.executable, "-c", SERVED, *NOT_SERVING).strip() == ""
