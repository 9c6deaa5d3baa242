"""The page about receivers is run as it stands: each of its blocks is a test file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.installed import needed
from tests.support.pages import snippets
from tests.support.server import Live

PAGE = Path(__file__).parents[2] / "docs" / "recipes" / "a-receiver.md"
FILES = {it.text.split("\n", 1)[0].lstrip("#/ "): it.text for it in snippets(PAGE.read_text("utf-8"))}
TESTS = {name: text for name, text in FILES.items() if name.endswith(".py")}


def number_of_tests(*texts: str) -> int:
    return sum(text.count("\ndef test_") for text in texts)


@pytest.mark.parametrize("name", TESTS)
def test_a_receiver_is_tested_as_the_page_says(pytester: pytest.Pytester, name: str) -> None:
    pytester.makepyfile(**{name.removesuffix(".py"): TESTS[name]})
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=number_of_tests(TESTS[name]))


def test_all_of_them_pass_together_against_a_server_elsewhere(pytester: pytest.Pytester, live: Live) -> None:
    pytester.makepyfile(**{name.removesuffix(".py"): text for name, text in TESTS.items()})
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--emulator-url", live.url)
    result.assert_outcomes(passed=number_of_tests(*TESTS.values()))


def test_a_receiver_of_node_is_tested_as_the_page_says(tmp_path: Path) -> None:
    needed("node")
    (name,) = (it for it in FILES if it.endswith(".mjs"))
    (tmp_path / name).write_text(FILES[name])
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = ["node", "--test", "--test-reporter=tap", name]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert "# pass 1" in result.stdout, result.stdout + result.stderr


REQUIRED = {"duplicate": "came_twice", "outage": "down_for_a_day", "before-response": "before_the_answer"}


@pytest.mark.parametrize("vendor", ["stripe", "serpwow"])
def test_each_vendor_that_notifies_has_the_three_stories_in_ten_lines_each(vendor: str) -> None:
    parts = FILES[f"test_{vendor}_stories.py"].split("\n\n\n")
    tests = [it for it in parts if "\ndef test_" in it]
    assert [do for do, name in REQUIRED.items() if any(name in it and f'"{do}"' in it for it in tests)] == [*REQUIRED]
    assert max(it.count("\n") + 1 for it in tests) <= 10


WRONG = [
    ("stripe", "if event.id not in self.seen:", "if True:", "fault: duplicate notification (fault-1)"),
    ("stripe", '"live"', '"sandbox"', "stripe sends it no more: assume: {stripe.webhook-retries: sandbox or live or none}"),
    ("stripe", 'if self.state == "running":', "if True:", "(fault-1): what caused it was not answered yet"),
    ("serpwow", "if number not in self.counted:", "if True:", "fault: duplicate notification (fault-1)"),
    ("serpwow", "    desk.look()\n", "", "serpwow sends it no more: assume: {serpwow.webhook-retries: 6-posts or"),
    ("serpwow", 'if self.state == "idle":', "if True:", "(fault-1): what caused it was not answered yet"),
]


@pytest.mark.parametrize(("vendor", "right", "wrong", "told"), WRONG)
def test_a_wrong_one_is_red_and_its_story_says_why(
    pytester: pytest.Pytester, vendor: str, right: str, wrong: str, told: str
) -> None:
    text = FILES[f"test_{vendor}_stories.py"]
    assert text.count(right) == 1
    pytester.makepyfile(test_stories=text.replace(right, wrong))
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines([f"*{told.replace('[', '[[]')}*"])
