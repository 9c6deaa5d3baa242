"""Scenarios that were read and checked when the package was made: a server starts with one and needs neither YAML nor checks.

`fixtures/checked/NAME.json` holds what the text of a shipped scenario comes to. It stands for that very text alone.
"""

from __future__ import annotations

from hashlib import blake2b

import orjson

from emulator.contract.fixtures import fixtures_folder
from emulator.scenario.scenario import Scenario

NAMES = ("first-run",)
"""The scenarios of which the package holds this form."""


def checked_scenario(text: str, name: str, source: str) -> Scenario | None:
    """Return the scenario of a text that was checked before; None of any other."""
    if name not in NAMES:
        return None
    kept = orjson.loads((fixtures_folder() / "checked" / f"{name}.json").read_bytes())
    if kept["digest"] != _digest(text):
        return None
    places = {tuple(path): (line, column) for path, line, column in kept["places"]}
    return Scenario(name, source, kept["content"], places)


def checked_form(text: str, scenario: Scenario) -> bytes:
    """Return the form of a scenario that was read from a text and has no mistake."""
    places = [[path, *place] for path, place in scenario.lines.items()]
    return orjson.dumps({"digest": _digest(text), "content": scenario.content, "places": places}) + b"\n"


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()
