"""Rules of the architecture that a linter of imports does not hold."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import emulator
from emulator.vendors import VENDORS
from tests.support.modules import imported_modules, modules_of

ROOT = Path(emulator.__file__).parent
PURE = {"kernel"}
CLOCK = ROOT / "kernel" / "clock.py"
INSTANTS = ROOT / "kernel" / "instants.py"
SERVE = ROOT / "cli" / "serve.py"
KEPT = ROOT / "store" / "kept_worlds.py"
POSTGRES = ROOT / "store" / "postgres_connection.py"
SLEEPING = {ROOT / "client" / "sleeps.py", ROOT / "client" / "clock.py"}
"""They replace `time.sleep`, and so must know it."""
PATCHED = {
    "time": {"*"},
    "asyncio": {"sleep", "wait_for", "timeout", "timeout_at"},
    "anyio": {"sleep", "move_on_after", "fail_after"},
}
"""Functions that a test replaces, or that never return while a test has stopped the time, by module."""


@cache
def modules() -> dict[Path, ast.Module]:
    return modules_of(ROOT)


def layer(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_the_kernel_needs_the_standard_library_only_and_msgspec_for_its_values() -> None:
    outside = {
        (path.name, name)
        for path, tree in modules().items()
        if layer(path) in PURE
        for name in imported_modules(tree)
        if name.split(".")[0] not in sys.stdlib_module_names | {"emulator", "msgspec"}
    }
    assert outside == set()
    users = {path for path, tree in modules().items() if any(it.split(".")[0] == "msgspec" for it in imported_modules(tree))}
    assert {path.name for path in users if layer(path) in PURE} == {"budget.py", "resource.py"}
    assert {layer(path) for path in users} - PURE == {"store"}  # which reads and writes values by their types


PROTOCOLS = {"asyncio", "email", "http", "json", "selectors", "socket", "ssl", "urllib", "xml"}


def texts(tree: ast.Module) -> Iterator[str]:
    """Yield the texts of a module but its docstrings."""
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield node.value


def test_the_kernel_reads_no_protocol_and_names_no_vendor() -> None:
    for path, tree in modules().items():
        if layer(path) in PURE:
            assert {name.partition(".")[0] for name in imported_modules(tree)} & PROTOCOLS == set(), path
            assert [text for text in texts(tree) for vendor in VENDORS if vendor in text.lower()] == [], path


def test_no_instant_is_made_by_its_class_in_whose_place_a_test_may_have_put_another() -> None:
    makers = {
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if path != INSTANTS and isinstance(node, (ast.Call, ast.Attribute))
        if ast.unparse(node.func if isinstance(node, ast.Call) else node.value) in ("datetime", "datetime.datetime")
    }
    assert makers == set()


def times_and_chances(path: Path, tree: ast.Module) -> Iterator[str]:
    """Yield what asks the machine for the time or for chance."""
    chance = set() if path in (SERVE, KEPT, POSTGRES) else {"secrets"}  # a token that can be guessed is none
    clock = set() if path in SLEEPING else {"time"}
    yield from {"random", *clock, *chance} & {name.split(".")[0] for name in imported_modules(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if (owner == "time" and node.attr != "sleep") or (owner, node.attr) == ("datetime", "now"):
                yield f"{owner}.{node.attr}"
            if node.attr in {"utcnow", "today", "uuid4", "uuid1"}:
                yield node.attr


def test_only_the_clock_asks_the_machine_for_the_time_or_for_chance() -> None:
    assert [(path, call) for path, tree in modules().items() if path != CLOCK for call in times_and_chances(path, tree)] == []


def replaceable_waits(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each function that a test replaces, by its module and name."""
    for node in ast.walk(tree):
        waits = []
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            waits = [(node.value.id, node.attr)]
        elif isinstance(node, ast.ImportFrom) and node.module:
            waits = [(node.module, alias.name) for alias in node.names]
        yield from ((module, name) for module, name in waits if {name, "*"} & PATCHED.get(module, set()))


def test_no_module_waits_by_what_a_test_replaces() -> None:
    others = {path: tree for path, tree in modules().items() if path not in {CLOCK, *SLEEPING}}
    assert [(path, wait) for path, tree in others.items() for wait in replaceable_waits(tree)] == []


def test_a_module_says_its_job_and_stays_small() -> None:
    assert [path for path, tree in modules().items() if not ast.get_docstring(tree)] == []
    assert [path for path in modules() if len(path.read_text("utf-8").splitlines()) > 300] == []
