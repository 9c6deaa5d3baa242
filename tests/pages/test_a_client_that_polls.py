"""The page "Testing a client that polls" is run as it stands: its clients are modules, its tests pass at once."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.pages import snippets
from tests.support.server import Live

PAGE = snippets((Path(__file__).parents[2] / "docs" / "recipes" / "a-client-that-polls.md").read_text("utf-8"))


def files() -> dict[str, str]:
    """The files of the page: each of its snippets begins with the name of the file that it belongs to."""
    texts = defaultdict[str, str](str)
    for snippet in PAGE:
        if snippet.language == "python" and (match := re.match(r"# (\w+)\.py\n", snippet.text)):
            texts[match[1]] += snippet.text
    return texts


@pytest.mark.parametrize("where", ["in this process", "elsewhere"])
def test_the_clients_of_the_page_are_tested_without_waiting(pytester: pytest.Pytester, live: Live, where: str) -> None:
    texts = files()
    assert sorted(texts) == ["canceller", "poller", "test_canceller", "test_poller", "test_retries", "test_wallet", "wallet"]
    pytester.makepyfile(**texts)
    pytester.syspathinsert()
    elsewhere = ["--emulator-url", live.url] if where == "elsewhere" else []
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error", *elsewhere)
    result.assert_outcomes(passed=sum(text.count("\ndef test_") for text in texts.values()))


def test_a_client_in_another_process_polls_a_clock_that_runs(tmp_path: Path) -> None:
    (shell,) = [snippet.text for snippet in PAGE if snippet.language == "sh"]
    assert '"rate":"frozen"' in run(tmp_path, "bash", "-euc", shell)
