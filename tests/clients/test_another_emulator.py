"""A project with a module or package of its own called `emulator` keeps its pytest runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import batch_emulator_pytest

USES_ITS_OWN = "from emulator import VALUE\ndef test_its_own():\n    assert VALUE == 1\n"
PROJECTS = {
    "a package": {"emulator/__init__.py": "VALUE = 1", "test_it.py": USES_ITS_OWN},
    "a module": {"emulator.py": "VALUE = 1", "test_it.py": USES_ITS_OWN},
    "a package below src": {
        "pytest.ini": "[pytest]\npythonpath = src",
        "src/emulator/__init__.py": "VALUE = 1",
        "test_it.py": USES_ITS_OWN,
    },
    "a package of tests": {
        "tests/conftest.py": "",
        "tests/emulator/__init__.py": "VALUE = 1",
        "tests/emulator/test_it.py": USES_ITS_OWN,
    },
    "a package with a module of the same name as ours": {
        "emulator/__init__.py": "VALUE = 1",
        "emulator/pytest_plugin.py": "raise RuntimeError",
        "test_it.py": USES_ITS_OWN,
    },
}
NAMES_OURS = "\ndef test_ours(emulator): ...\n"


def lay(folder: Path, files: dict[str, str]) -> Path:
    """Write the files of a project and return the one that is its own `emulator`."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (own,) = [name for name, text in files.items() if text == "VALUE = 1"]
    return folder / own


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)


RUNS: list[tuple[str, list[str]]] = [(name, []) for name in PROJECTS] + [("a package", ["-n1"])]


@pytest.mark.parametrize(("project", "arguments"), RUNS, ids=[" ".join([name, *arguments]) for name, arguments in RUNS])
def test_its_tests_run(project: str, arguments: list[str], tmp_path: Path) -> None:
    lay(tmp_path, PROJECTS[project])
    result = run_pytest(tmp_path, *arguments)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("files", PROJECTS.values(), ids=PROJECTS)
def test_a_test_that_names_our_fixture_is_told_in_one_line_what_is_in_the_way(files: dict[str, str], tmp_path: Path) -> None:
    (test,) = [name for name in files if name.endswith("test_it.py")]
    own = lay(tmp_path, {**files, test: files[test] + NAMES_OURS})
    result = run_pytest(tmp_path)
    assert "1 passed, 1 error" in result.stdout
    lines = [line for line in result.stdout.splitlines() if line.startswith("batch-emulator: ") and "in the way" in line]
    assert len(lines) == 1
    assert str(own) in lines[0]
    assert "Traceback" not in result.stdout


def test_a_stand_in_without_a_file_is_told(tmp_path: Path) -> None:
    stand_in = "import sys, types\nsys.modules['emulator'] = types.ModuleType('emulator')\n"
    (tmp_path / "test_it.py").write_text(stand_in + NAMES_OURS)
    assert "in the way of its package: <module 'emulator'>" in run_pytest(tmp_path).stdout


def test_options_and_marker_are_there_whatever_is_called_emulator(tmp_path: Path) -> None:
    lay(tmp_path, PROJECTS["a package"])
    assert "--emulator-url" in run_pytest(tmp_path, "--help").stdout
    assert "scenario(name_or_path_or_dict" in run_pytest(tmp_path, "--markers").stdout


def test_the_plugin_has_its_implementation_beside_it() -> None:
    assert batch_emulator_pytest.OURS.is_file()
