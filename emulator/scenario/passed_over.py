"""JSON files that lie among scenarios and are plainly none, such as `package.json`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import orjson

from emulator.kernel.errors import BadInput
from emulator.scenario.files import is_scenario, text_of
from emulator.scenario.grammar import scenario_schema
from emulator.sdk.vendor import Vendors
from emulator.text.nearest import near, some


def sort_out(paths: Iterable[Path], vendors: Vendors) -> tuple[list[Path], list[Path]]:
    """Return the scenario files among these files, and the JSON files that are plainly no scenarios."""
    scenarios: list[Path] = []
    others: list[Path] = []
    keys: list[str] = []
    for path in paths:
        if not is_scenario(path) or not path.is_file():
            continue
        json = path.suffix.lower() == ".json"
        if json and not keys:
            keys = [*scenario_schema(vendors)["properties"], *vendors]
        (others if json and _is_plainly_none(path, keys) else scenarios).append(path)
    return scenarios, others


def passed_over(others: Sequence[Path]) -> str:
    """Return the line that names the files that are passed over."""
    return f"passed over, with no key of a scenario at the top: {some([*map(str, others)])}"


def _is_plainly_none(path: Path, keys: Sequence[str]) -> bool:
    """Tell whether a file is sound JSON without any key at its top that is, or is nearly, one of these."""
    try:
        value = orjson.loads(text_of(path))
    except (BadInput, ValueError):
        return False  # whoever reads it hears why
    return not (isinstance(value, dict) and any(near(key, keys) for key in value))
