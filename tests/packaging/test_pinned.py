"""What the tests need is pinned, and names no index; what the package needs has a lowest release, and no highest."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUNTIME = [Requirement(requirement) for requirement in PROJECT["project"]["dependencies"]]
DEV = [Requirement(requirement) for requirement in PROJECT["dependency-groups"]["dev"]]
PINS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]


def test_constraints_name_releases_and_no_index() -> None:
    text = (ROOT / "constraints.txt").read_text("utf-8")
    assert not re.search(r"://|^-|@", text, re.MULTILINE)
    assert all([specifier.operator for specifier in pin.specifier] == ["=="] for pin in PINS)


@pytest.mark.parametrize("need", [*RUNTIME, *DEV], ids=str)
def test_each_need_is_pinned_to_a_release_that_it_takes(need: Requirement) -> None:
    pins = [pin for pin in PINS if canonicalize_name(pin.name) == canonicalize_name(need.name)]
    assert pins, "pin it: make lock"
    for pin in pins:
        (specifier_of_pin,) = pin.specifier
        assert need.specifier.contains(specifier_of_pin.version, prereleases=True)


@pytest.mark.parametrize("need", RUNTIME, ids=str)
def test_the_package_has_a_lowest_release_of_each_need_and_no_highest(need: Requirement) -> None:
    assert [specifier.operator for specifier in need.specifier] == [">="]
