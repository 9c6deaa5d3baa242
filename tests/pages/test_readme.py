"""Every block of the documentation runs, by itself on a fresh server and beside the others; every link leads somewhere."""

from __future__ import annotations

import json
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator.server.app import create_app, library, worlds_of
from emulator.server.server import ThreadedServer
from emulator.state.compare import differences
from emulator.web.guard import PREFIX
from tests.support.pages import Snippet, snippets

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/tutorial.md", "docs/clients.md")
"""Pages whose blocks run against a server that was just started."""
DOCUMENTED_URL = "http://127.0.0.1:8080"
NOT_TO_BE_RUN_HERE = {"make serve", "make test"}
"""Lines that set a machine up, or run this very test."""


@dataclass(frozen=True)
class Block:
    """Code of a page, and the response that the page shows below it, if it shows one."""

    page: str
    code: Snippet
    shown: str | None = None

    def __str__(self) -> str:
        return f"{self.page}: {self.code.text.strip().splitlines()[0][:60]}"


def blocks(page: str) -> Iterator[Block]:
    """Yield a page's blocks of code that can be run here, each with the JSON that follows it."""
    snippets_of_page = snippets((ROOT / page).read_text("utf-8"))
    for snippet, following in zip(snippets_of_page, [*snippets_of_page[1:], Snippet("", "")], strict=True):
        if snippet.language in ("sh", "python") and not set(snippet.text.splitlines()) <= NOT_TO_BE_RUN_HERE:
            yield Block(page, snippet, following.text if following.language == "json" else None)


BLOCKS = [block for page in PAGES for block in blocks(page)]


@pytest.fixture
def url() -> Iterator[str]:
    """A fresh server of what `make serve` serves, on a port of its own."""
    scenarios = library()
    with ThreadedServer(create_app(worlds_of([scenarios.get("first-run")]), scenarios)) as server:
        yield server.url


def run_block(block: Block, url: str, folder: Path) -> None:
    """Run a block against the server at the URL, and compare the last reply with the one that is shown."""
    text = block.code.text.replace(DOCUMENTED_URL, url)
    if block.code.language == "sh":
        output = run(["bash", "-euo", "pipefail", "-c", text])
        if block.shown is not None:
            assert list(differences(json.loads(block.shown.replace(DOCUMENTED_URL, url)), replies(output)[-1])) == []
    elif "def test_" in text:
        (folder / "test_snippet.py").write_text(text)
        run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder / "test_snippet.py")])
    else:
        run([sys.executable, "-W", "error", "-c", text])


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_each_block_works_on_a_fresh_server(block: Block, url: str, tmp_path: Path) -> None:
    run_block(block, url, tmp_path)


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_work_from_top_to_bottom(page: str, url: str, tmp_path: Path) -> None:
    for block in blocks(page):
        run_block(block, url, tmp_path)


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_work_from_bottom_to_top_with_a_reset_between(page: str, url: str, tmp_path: Path) -> None:
    for block in reversed(list(blocks(page))):
        run_block(block, url, tmp_path)
        run(["curl", "-sf", "-X", "POST", f"{url}/_emulator/worlds/default/reset"])


def replies(output: str) -> list[Any]:
    """The JSON values that several curls printed one after the other."""
    values, decoder, rest = [], json.JSONDecoder(), output.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        values.append(value)
        rest = rest[end:].strip()
    return values


def run(command: list[str]) -> str:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    env = {**os.environ, "NO_PROXY": "*", "PATH": path}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("page", ["README.md", "docs/grammar.md", "docs/cookbook.md"])
def test_the_scenarios_in_the_documentation_play(page: str, tmp_path: Path) -> None:
    texts = [snippet.text for snippet in snippets((ROOT / page).read_text("utf-8")) if snippet.language == "yaml"]
    assert texts
    for number, text in enumerate(texts):
        named = re.match(r"# (\S+\.yaml)\n", text)
        path = tmp_path / (named[1] if named else f"{number}.yaml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    run([sys.executable, "-m", "emulator", "play", str(tmp_path)])


def test_every_command_and_every_control_route_is_documented() -> None:
    from emulator.cli.main import COMMANDS
    from emulator.control.app import ROUTES

    commands, routes = ((ROOT / "docs" / page).read_text("utf-8") for page in ("commands.md", "control-api.md"))
    for command in COMMANDS:
        assert f"`batch-emulator {command}" in commands
    for route in ROUTES:
        path = route.path.replace(":path", "")
        assert f"`{path or PREFIX}`" in routes, path


def test_the_readme_is_short() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) < 250


@pytest.mark.parametrize(
    "page",
    sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("*/**/*.md")] if ".venv" not in path.parts),
)
def test_the_links_of_a_page_lead_somewhere(page: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("http:", "https:")):
            path, _, anchor = target.partition("#")
            file = (ROOT / page).parent / path if path else ROOT / page
            assert file.exists(), target
            assert not anchor or anchor in anchors(file.read_text("utf-8")), target


def anchors(text: str) -> set[str]:
    """Return the names by which GitHub lets links lead to the headings of a page."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


def test_every_python_name_in_the_pages_is_there() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    names = {name for page in pages for name in re.findall(r"`(emulator(?:\.[A-Za-z_]\w*)+)`", page.read_text("utf-8"))}
    assert "emulator.client.connections.HangWithoutTimeout" in names
    modules = {name for name in names if name.startswith(("emulator.client.", "emulator.sdk"))}
    assert [name for name in sorted(modules) if not is_importable(name)] == []


def is_importable(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True
