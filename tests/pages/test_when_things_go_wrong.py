"""The page "When things go wrong" is run as it stands: its tests pass, the client that is wrong fails with the story told."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.kernel.faults import DO, INVALID_COMBINATIONS, WHERE
from tests.support.commands import run
from tests.support.pages import snippets

TEXT = (Path(__file__).parents[2] / "docs" / "recipes" / "when-things-go-wrong.md").read_text("utf-8")
PAGE = snippets(TEXT)
PYTEST = "".join(snippet.text + "\n" for snippet in PAGE if snippet.language == "python")


def only(language: str) -> str:
    (text,) = [snippet.text for snippet in PAGE if snippet.language == language]
    return text


@pytest.mark.parametrize("arguments", [[], ["-n2"]], ids=["alone", "in parallel"])
def test_every_accident_is_survived_as_written(pytester: pytest.Pytester, arguments: list[str]) -> None:
    pytester.makepyfile(PYTEST)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)
    outcomes = result.parseoutcomes()
    assert set(outcomes) <= {"passed", "warnings"}
    assert outcomes["passed"] == PYTEST.count("\ndef test_") + 2 * PYTEST.count("@pytest.mark.parametrize")


def test_a_client_that_is_wrong_gets_a_red_test_with_a_readable_story(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PYTEST + only("wrong"))
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-k", "does_not_look")
    result.assert_outcomes(failed=1, deselected=PYTEST.count("\ndef test_") + 2 * PYTEST.count("@pytest.mark.parametrize"))
    result.stdout.fnmatch_lines([f"*{line.replace('…', '*')}" for line in only("text").splitlines()])


def test_a_program_is_explored(tmp_path: Path) -> None:
    assert "0 of 9 endings broke something" in run(tmp_path, "bash", "-euc", only("sh"))


def test_a_program_that_is_wrong_is_told_of_the_ending(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"drop after-commit strikes serpwow.batches.stop #1: exit code 52"):
        run(tmp_path, "bash", "-euc", only("sh").replace("; true", ""))


def test_the_table_leaves_out_what_means_nothing() -> None:
    rows = [
        line.split("|")[1:-1] for line in TEXT.partition("## Where it may strike")[2].splitlines() if line.startswith("| `")
    ]
    assert [name.strip(" `") for name, *_ in rows[: len(DO)]] == list(DO)
    for name, *cells in rows[: len(DO)]:
        for where, cell in zip(WHERE, cells, strict=True):
            meaningless = (where, name.strip(" `")) in INVALID_COMBINATIONS
            assert (cell.strip() in ("—", "see `truncate`")) == meaningless, (name, where)
