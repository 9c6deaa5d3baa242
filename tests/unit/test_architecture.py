"""Rules of the architecture that a linter of imports does not hold."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import emulator

ROOT = Path(emulator.__file__).parent
PURE = {"kernel"}
CLOCK = ROOT / "kernel" / "clock.py"
SERVE = ROOT / "cli" / "serve.py"
SLEEPING = {ROOT / "client" / "sleeps.py", ROOT / "client" / "clock.py"}
"""They replace `time.sleep`, and so must know it."""
PATCHED = {
    "time": {"*"},
    "asyncio": {"sleep", "wait_for", "timeout", "timeout_at"},
    "anyio": {"sleep", "move_on_after", "fail_after"},
}
"""Functions that a test replaces, or that never return while a test has stopped the time, by module."""


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def layer(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", [path for path in modules() if layer(path) in PURE], ids=lambda path: path.name)
def test_the_kernel_needs_the_standard_library_only(path: Path) -> None:
    outside = {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names - {"emulator"}
    assert not outside


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_clock_asks_the_machine_for_the_time_or_for_chance(path: Path) -> None:
    if path == CLOCK:
        return
    chance = set() if path == SERVE else {"secrets"}  # a token that can be guessed is none
    clock = set() if path in SLEEPING else {"time"}
    assert not {"random", *clock, *chance} & {name.split(".")[0] for name in imports(path)}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute):
            assert node.attr == "sleep" or not (isinstance(node.value, ast.Name) and node.value.id == "time")
            assert node.attr not in {"utcnow", "today", "uuid4", "uuid1"}
            assert not (node.attr == "now" and isinstance(node.value, ast.Name) and node.value.id == "datetime")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_waits_by_what_a_test_replaces(path: Path) -> None:
    if path == CLOCK or path in SLEEPING:
        return
    tree = ast.parse(path.read_text("utf-8"))
    read = {(it.value.id, it.attr) for it in ast.walk(tree) if isinstance(it, ast.Attribute) and isinstance(it.value, ast.Name)}
    imported = {
        (it.module, alias.name) for it in ast.walk(tree) if isinstance(it, ast.ImportFrom) and it.module for alias in it.names
    }
    assert not [(module, name) for module, name in read | imported if {name, "*"} & PATCHED.get(module, set())]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_its_job_and_stays_small(path: Path) -> None:
    text = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 300
