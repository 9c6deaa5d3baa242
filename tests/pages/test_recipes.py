"""The page "In your tests" is run as it stands: its tests by pytest, its other recipes by what they are written for."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.pages import snippets
from tests.support.server import Live

PAGE = snippets((Path(__file__).parents[2] / "docs" / "recipes" / "README.md").read_text("utf-8"))
PYTEST = "".join(snippet.text + "\n" for snippet in PAGE if snippet.language == "python")
SHARED = """
def test_shared_once(shared):
    shared.clock.advance("1s")

def test_shared_twice(shared):
    assert shared.clock.now.second == 32
"""
TESTS = PYTEST.count("\ndef test_") + PYTEST.count("\nasync def test_")


def recipe(language: str) -> str:
    (text,) = [snippet.text for snippet in PAGE if snippet.language == language]
    return text


@pytest.mark.parametrize("arguments", [[], ["-n2"]], ids=["alone", "in parallel"])
def test_the_ten_tests_pass_as_written(pytester: pytest.Pytester, arguments: list[str]) -> None:
    if tuple(map(int, version("anyio").split(".")[:2])) < (4, 12):
        pytest.skip("this anyio has no anyio_mode")
    pytester.makeini("[pytest]\nanyio_mode = auto")
    pytester.makepyfile(PYTEST)
    assert TESTS == 10
    pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments).assert_outcomes(passed=TESTS)


def test_the_world_that_tests_share_is_one(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PYTEST + SHARED)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly", "-k", "shared")
    result.assert_outcomes(passed=2, deselected=TESTS)


def test_the_ten_tests_pass_against_a_server_elsewhere(pytester: pytest.Pytester, live: Live) -> None:
    pytester.makepyfile(PYTEST)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--emulator-url", live.url, "-k", "not socket")
    result.assert_outcomes(passed=TESTS - 1, deselected=1)


def test_a_script_needs_one_line(tmp_path: Path) -> None:
    assert "/live 14770" in run(tmp_path, sys.executable, "-W", "error", "-c", recipe("py"))


def test_the_recipe_for_unittest_runs(tmp_path: Path) -> None:
    run(tmp_path, sys.executable, "-W", "error", "-c", recipe("unittest"))


def test_the_recipe_for_a_shell_runs(tmp_path: Path) -> None:
    assert '"success":true' in run(tmp_path, "bash", "-euc", recipe("sh"))


@pytest.mark.skipif(shutil.which("node") is None and "CI" not in os.environ, reason="Node is not installed")
def test_the_recipe_for_nodes_test_runner_runs(tmp_path: Path) -> None:
    (tmp_path / "cancel.test.mjs").write_text(recipe("js"))
    assert "# pass 1" in run(tmp_path, "node", "--test", "--test-reporter=tap", "cancel.test.mjs")
