"""The test that the page about files of worlds shows passes as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pages import snippets

PAGE = Path(__file__).parents[2] / "docs" / "world-file.md"


def test_the_test_on_the_page_passes(pytester: pytest.Pytester) -> None:
    (code,) = (it.text for it in snippets(PAGE.read_text("utf-8")) if it.language == "python")
    pytester.makepyfile(code)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
