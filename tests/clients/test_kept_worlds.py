"""The world of each test that fails is left as a file, and its story names the command that opens it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from emulator import Emulator
from emulator.client.keeping import LONGEST_NAME, safe
from tests.support.plugin import run

TESTS = """
@pytest.mark.scenario("first-run")
@pytest.mark.parametrize("batch", ["2A6F94BB", "../a b/c"])
def test_it_fails(emulator, batch):
    stop(emulator, "2A6F94BB")
    assert batch == "none"

@pytest.mark.scenario("first-run")
def test_it_passes(emulator):
    stop(emulator, "2A6F94BB")

@pytest.fixture
def fails_in_the_end(emulator):
    yield
    assert not emulator.journal.exchanges()

def test_its_end_fails(emulator, fails_in_the_end):
    stop(emulator, "2A6F94BB")

def test_it_makes_another(emulator):
    twin = emulator.fork()
    stop(twin, "2A6F94BB")
    assert False
"""


def names(folder: Path) -> list[str]:
    return sorted(re.sub(r".*\.py-", "", it.name) for it in folder.iterdir())


@pytest.mark.parametrize("options", [("--emulator-keep", "kept"), ("--emulator-keep=kept", "-n2")])
def test_the_world_of_each_test_that_fails_is_left(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    result = run(pytester, TESTS, *options)
    result.assert_outcomes(passed=2, failed=3, errors=1)
    found = names(pytester.path / "kept")
    assert found == [
        "test_it_fails-..-a-b-c.world.gz",
        "test_it_fails-2A6F94BB.world.gz",
        found[2],
        "test_it_makes_another.world.gz",
        "test_its_end_fails.world.gz",
    ]
    assert re.fullmatch(r"test_it_makes_another-w[0-9]+\.world\.gz", found[2])
    commands = [line.split(" open ")[1] for line in result.outlines if line.startswith("kept: batch-emulator open ")]
    assert sorted(re.sub(r".*\.py-", "", it) for it in commands) == found


def test_a_world_that_was_left_opens_as_it_was_with_what_left_it(pytester: pytest.Pytester) -> None:
    run(pytester, TESTS, "--emulator-keep", "kept", "-k", "2A6F94BB")
    (path,) = (pytester.path / "kept").iterdir()
    with Emulator.open(path) as emulator:
        assert [it.operation for it in emulator.journal.exchanges()] == ["serpwow.batches.stop"]
        emulator.undo()
        assert emulator.serpwow.batch("2A6F94BB").status == "queued"


def test_nothing_is_left_where_nothing_fails_or_nobody_asks(pytester: pytest.Pytester) -> None:
    run(pytester, TESTS, "--emulator-keep", "kept", "-k", "passes").assert_outcomes(passed=1)
    assert [*(pytester.path / "kept").glob("*")] == []
    run(pytester, TESTS, "-k", "2A6F94BB").assert_outcomes(failed=1)
    assert [*pytester.path.rglob("*.world.gz")] == []


def test_a_second_run_takes_the_place_of_no_file(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_KEEP", "kept")
    for _ in range(2):
        run(pytester, TESTS, "-k", "2A6F94BB")
    assert names(pytester.path / "kept") == ["test_it_fails-2A6F94BB-2.world.gz", "test_it_fails-2A6F94BB.world.gz"]


def test_a_folder_that_cannot_be_made_spoils_no_story(pytester: pytest.Pytester) -> None:
    pytester.makefile("", kept="a file")
    result = run(pytester, TESTS, "--emulator-keep", "kept", "-k", "2A6F94BB")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*serpwow.batches.stop*", "its world could not be kept in *"])


@pytest.mark.parametrize(
    ("test", "name"),
    [
        ("tests/test_a.py::test_b[1/2]", "tests-test_a.py-test_b-1-2"),
        ("..::..", "test"),
        ("a.py::test[ü\\n%00]", "a.py-test-n-00"),
        ("a" * 300, "a" * LONGEST_NAME),
    ],
)
def test_the_name_of_a_file_is_safe_on_any_system(test: str, name: str) -> None:
    assert safe(test) == name
