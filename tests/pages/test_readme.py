"""Every block of the documentation runs, by itself on a fresh server and beside the others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator.reports.diagrams import draw
from emulator.scenario.loader import load_text
from emulator.server.app import create_app, library, worlds_of
from emulator.server.server import ThreadedServer
from emulator.state.compare import differences
from emulator.vendors import VENDORS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTED_URL = "http://127.0.0.1:8080"
NOT_TO_BE_RUN_HERE = {"make serve", "make test"}
"""Lines that set a machine up, or run this very test."""


@dataclass(frozen=True)
class Snippet:
    language: str
    text: str


def snippets(text: str) -> list[Snippet]:
    return [Snippet(*match) for match in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)]


@dataclass(frozen=True)
class Block:
    """Code of the README that is run, and the reply that is shown below it, if one is."""

    code: Snippet
    shown: str | None = None

    def __str__(self) -> str:
        return self.code.text.strip().splitlines()[0][:60]


def blocks() -> Iterator[Block]:
    """The README's blocks of code that can be run here, each with the JSON that follows it."""
    found = snippets(README)
    for snippet, following in zip(found, [*found[1:], Snippet("", "")], strict=True):
        if snippet.language in ("sh", "python") and not set(snippet.text.splitlines()) <= NOT_TO_BE_RUN_HERE:
            yield Block(snippet, following.text if following.language == "json" else None)


BLOCKS = list(blocks())


@pytest.fixture
def url() -> Iterator[str]:
    """A fresh server of what `make serve` serves, on a port of its own."""
    known = library()
    with ThreadedServer(create_app(worlds_of([known.get("first-run")]), known)) as server:
        yield server.url


def run_block(block: Block, url: str, folder: Path) -> None:
    """Run a block against the server at the URL, and compare the last reply with the one that is shown."""
    text = block.code.text.replace(DOCUMENTED_URL, url)
    if block.code.language == "sh":
        printed = run(["bash", "-euo", "pipefail", "-c", text])
        if block.shown is not None:
            assert list(differences(json.loads(block.shown.replace(DOCUMENTED_URL, url)), replies(printed)[-1])) == []
    elif "def test_" in text:
        (folder / "test_snippet.py").write_text(text)
        run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder / "test_snippet.py")])
    else:
        run([sys.executable, "-W", "error", "-c", text])


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_each_block_works_on_a_fresh_server(block: Block, url: str, tmp_path: Path) -> None:
    run_block(block, url, tmp_path)


def test_the_blocks_work_from_top_to_bottom(url: str, tmp_path: Path) -> None:
    for block in BLOCKS:
        run_block(block, url, tmp_path)


def test_the_blocks_work_from_bottom_to_top_with_a_reset_between(url: str, tmp_path: Path) -> None:
    for block in reversed(BLOCKS):
        run_block(block, url, tmp_path)
        run(["curl", "-sf", "-X", "POST", f"{url}/_emulator/worlds/default/reset"])


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
    assert between == f"{drawn}\n", "draw them anew: python -m tests.pages.test_readme"


def test_every_command_and_every_control_route_is_in_the_readme() -> None:
    from emulator.cli.main import main
    from emulator.control.app import ROUTES

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
