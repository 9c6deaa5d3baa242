"""The workflows are right and safe as far as linters can tell, and run what `make test` runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows"],
        ["zizmor", "--offline", "--quiet", "--config", str(ROOT / ".github" / "zizmor.yml")],
    ],
    ids=lambda command: command[0],
)
def test_a_linter_finds_nothing(command: list[str]) -> None:
    result = subprocess.run([BIN / command[0], *command[1:], *WORKFLOWS], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_ci_runs_each_check_of_make_test() -> None:
    make = (ROOT / "Makefile").read_text("utf-8").partition("\ntest:")[2].partition("\n\n")[0]
    checks = re.findall(r"\$\(BIN\)/(.+)", make)
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))["jobs"]["test"]["steps"]
    run = "\n".join(step.get("run", "") for step in steps).splitlines()
    assert checks
    assert set(checks) <= set(run)


def test_ci_runs_every_python_that_the_package_names() -> None:
    versions = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text("utf-8"))
    matrix = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))["jobs"]["test"]["strategy"][
        "matrix"
    ]
    assert matrix["python"] == versions


def test_pre_commit_runs_the_quick_checks_of_make_test() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0]["hooks"]
    assert [hook["entry"] for hook in hooks] == [
        f".venv/bin/{command}" for command in ("ruff check", "ruff format --check", "mypy", "lint-imports")
    ]
