"""Every snippet of the documentation runs, in the order in which a reader would paste it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator.draw import draw
from emulator.scenario.compare import differences
from emulator.scenario.loader import load_text
from emulator.vendors import VENDORS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTED_URL = "http://127.0.0.1:8080"
NOT_TO_BE_RUN_HERE = {"make serve", "make test"}
"""They set the machine up and run this very test."""


@dataclass(frozen=True)
class Snippet:
    language: str
    text: str


def snippets(text: str) -> list[Snippet]:
    return [Snippet(*match) for match in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)]


@pytest.fixture
def url() -> Iterator[str]:
    """What `make serve` serves, on a port of its own."""
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        name, _, found = server.stdout.readline().strip().partition("=")
        assert name == "EMULATOR_URL"
        yield found
        server.send_signal(signal.SIGINT)


def test_the_readme_runs_from_top_to_bottom(url: str, tmp_path: Path) -> None:
    printed = ""
    for snippet in snippets(README):
        text = snippet.text.replace(DOCUMENTED_URL, url)
        if snippet.language == "sh" and text.strip() not in NOT_TO_BE_RUN_HERE:
            printed = run(["bash", "-euo", "pipefail", "-c", text])
        elif snippet.language == "json":
            last = replies(printed)[-1]
            assert list(differences(json.loads(text), last)) == []
        elif snippet.language == "python" and "def test_" in text:
            (tmp_path / "test_snippet.py").write_text(text)
            run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "test_snippet.py")])
        elif snippet.language == "python":
            run([sys.executable, "-W", "error", "-c", text])


def replies(printed: str) -> list[Any]:
    """The JSON values that several curls printed one after the other."""
    values, decoder, rest = [], json.JSONDecoder(), printed.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        values.append(value)
        rest = rest[end:].strip()
    return values


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "NO_PROXY": "*"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("page", ["README.md", "scenarios/README.md"])
def test_the_scenarios_in_the_documentation_play(page: str, tmp_path: Path) -> None:
    found = [snippet.text for snippet in snippets((ROOT / page).read_text("utf-8")) if snippet.language == "yaml"]
    assert found
    for number, text in enumerate(found):
        load_text(text, VENDORS, "snippet", page)
        (tmp_path / f"{number}.yaml").write_text(text)
    run([sys.executable, "-m", "emulator", "play", str(tmp_path)])


def test_the_diagrams_are_those_that_the_rows_draw() -> None:
    between = README.partition("<!-- machines -->")[2].partition("<!-- /machines -->")[0]
    drawn = "".join(f"\n### {name}\n\n```mermaid\n{draw(vendor)}\n```\n" for name, vendor in VENDORS.items())
    assert between == f"{drawn}\n", "draw them anew: python -m tests.test_readme"


def test_every_command_and_every_control_route_is_in_the_readme() -> None:
    from emulator.cli import main
    from emulator.web.control.app import ROUTES

    for command in main.commands:
        assert f"`batch-emulator {command}" in README
    for route in ROUTES:
        path = route.path.replace(":path", "")
        assert f"`{path}`" in README, path


def draw_anew() -> None:
    """Puts the machines, as they are drawn now, into the README."""
    before, _, rest = README.partition("<!-- machines -->")
    after = rest.partition("<!-- /machines -->")[2]
    drawn = "".join(f"\n### {name}\n\n```mermaid\n{draw(vendor)}\n```\n" for name, vendor in VENDORS.items())
    (ROOT / "README.md").write_text(f"{before}<!-- machines -->{drawn}\n<!-- /machines -->{after}")


if __name__ == "__main__":
    draw_anew()
