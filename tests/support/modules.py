"""Source files as trees, for tests of how the code and the tests are laid out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path


def modules_of(folder: Path) -> dict[Path, ast.Module]:
    """Return every module below a folder."""
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(folder.rglob("*.py"))}


def imported_modules(tree: ast.Module) -> Iterator[str]:
    """Yield each module that one imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
