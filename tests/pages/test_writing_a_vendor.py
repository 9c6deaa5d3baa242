"""The tutorial for authors of vendors shows the files of the example vendor, each of them, as they are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "example_vendor"
PAGE = (ROOT / "docs" / "writing-a-vendor.md").read_text("utf-8")
BLOCK = re.compile(r"^`(?P<path>[\w./-]+)`:\n\n```\w+\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)


def files() -> dict[str, str]:
    paths = (path for path in EXAMPLE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(EXAMPLE).as_posix(): path.read_text("utf-8") for path in paths}


def test_every_block_is_a_file_and_every_file_a_block() -> None:
    assert {match["path"]: match["content"] for match in BLOCK.finditer(PAGE)} == files()


def test_a_vendor_takes_fewer_than_300_lines_with_its_fixtures() -> None:
    assert sum(content.count("\n") for content in files().values()) < 300
