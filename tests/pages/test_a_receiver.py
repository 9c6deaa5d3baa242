"""The page about receivers is run as it stands: each of its blocks is a test file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pages import snippets
from tests.support.server import Live

PAGE = Path(__file__).parents[2] / "docs" / "recipes" / "a-receiver.md"
FILES = {it.text.split("\n", 1)[0].removeprefix("# "): it.text for it in snippets(PAGE.read_text("utf-8"))}


@pytest.mark.parametrize("name", FILES)
def test_a_receiver_is_tested_as_the_page_says(pytester: pytest.Pytester, name: str) -> None:
    pytester.makepyfile(**{name.removesuffix(".py"): FILES[name]})
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_all_of_them_pass_together_against_a_server_elsewhere(pytester: pytest.Pytester, live: Live) -> None:
    pytester.makepyfile(**{name.removesuffix(".py"): text for name, text in FILES.items()})
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--emulator-url", live.url)
    result.assert_outcomes(passed=len(FILES))
